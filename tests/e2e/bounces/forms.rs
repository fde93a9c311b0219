//! The samples in `tests/bounces`, filled in.

use super::{HOST, MAILBOX};
use crate::support::receiver::Message;
use data_encoding::BASE64;
use mail_builder::encoders::quoted_printable::QuotedPrintableEncoder;
use std::fs;
use std::path::Path;

/// A form in which a mail system bounces.
#[derive(Clone)]
pub(super) struct Form {
    pub(super) name: String,
    text: String,
}

/// What became of the forward.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    pub(super) action: &'static str,
    pub(super) status: &'static str,
    pub(super) code: u16,
    text: &'static str,
    /// What of the text may be told.
    pub(super) told: &'static str,
}

/// How the message comes back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Third {
    Rfc822,
    Headers,
    Rfc822Base64,
    HeadersQuotedPrintable,
    Global,
    GlobalHeadersBase64,
}

impl Form {
    pub(super) fn all() -> Vec<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bounces");
        let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let samples = files.filter(|path| path.extension().is_some_and(|it| it == "eml"));
        let mut forms: Vec<Self> = samples
            .map(|path| Self {
                name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
                text: fs::read_to_string(path).unwrap().replace('\n', "\r\n"),
            })
            .collect();
        forms.sort_by(|a, b| a.name.cmp(&b.name));
        forms
    }

    pub(super) fn named(name: &str) -> Self {
        Self::all().into_iter().find(|form| form.name == name).unwrap()
    }

    /// No program can read what it is about.
    pub(super) fn is_for_people(&self) -> bool {
        !self.text.contains("@THIRD@")
    }

    /// The bounce of `forward`, with `back` as the message that comes back.
    pub(super) fn filled(
        &self,
        forward: &Message,
        back: &[u8],
        outcome: &Outcome,
        third: Third,
    ) -> Vec<u8> {
        let Outcome { action, status, code, text, .. } = outcome;
        let code = code.to_string();
        let class = format!("{}.0.0", &status[..1]);
        let whole = format!(
            "Reporting-MTA: dns; {HOST}\r\n\r\nFinal-Recipient: rfc822;{MAILBOX}\r\nAction: {action}\r\n\
             Status: {status}\r\nDiagnostic-Code: smtp; {code} {status} {text}\r\n"
        );
        let third = third.part(&arrived(forward, back));
        let header = header_of(back);
        let mut filled = self.text.as_bytes().to_vec();
        for (mark, value) in [
            ("@SRS@", forward.from.as_bytes()),
            ("@MAILBOX@", MAILBOX.as_bytes()),
            ("@HOST@", HOST.as_bytes()),
            ("@ACTION@", action.as_bytes()),
            ("@STATUS@", status.as_bytes()),
            ("@STATUS0@", class.as_bytes()),
            ("@STATUS64@", BASE64.encode(whole.as_bytes()).as_bytes()),
            ("@CODE@", code.as_bytes()),
            ("@TEXT@", text.as_bytes()),
            ("@HEADER@", header),
            ("@THIRD@", &third),
        ] {
            filled = replaced(&filled, mark.as_bytes(), value);
        }
        filled
    }
}

impl Outcome {
    pub(super) fn all() -> [Self; 5] {
        let new = |action, status, code, text, told| Self { action, status, code, text, told };
        [
            new(
                "failed",
                "5.1.1",
                550,
                "<bobs-box@sink.test>: Recipient address rejected: User unknown in virtual mailbox table",
                "Recipient address rejected: User unknown in virtual mailbox table",
            ),
            new(
                "failed",
                "5.2.2",
                552,
                "The mailbox of bobs-box is over quota, see https://support.sink.test/?p=OverQuota&u=bobs-box%40sink.test",
                "is over quota, see (hidden)",
            ),
            new(
                "failed",
                "5.7.1",
                550,
                "Message rejected as spam by mx7.sink.test [203.0.113.26] (s1nk-4711.bobs=40)",
                "Message rejected as spam by (hidden)",
            ),
            new(
                "failed",
                "4.4.7",
                450,
                "connect to mx7.sink.test[203.0.113.26]:25: Connection timed out",
                "Connection timed out",
            ),
            new(
                "delayed",
                "4.2.1",
                450,
                "Bobs-Box@inner.sink.test: the mailbox is temporarily unavailable",
                "is temporarily unavailable",
            ),
        ]
    }
}

impl Third {
    pub(super) const ALL: [Self; 6] = [
        Self::Rfc822,
        Self::Headers,
        Self::Rfc822Base64,
        Self::HeadersQuotedPrintable,
        Self::Global,
        Self::GlobalHeadersBase64,
    ];

    /// The part, without the boundaries around it.
    fn part(self, message: &[u8]) -> Vec<u8> {
        let header = header_of(message);
        let encoded = |bytes: &[u8]| {
            let lines = BASE64.encode(bytes).into_bytes();
            lines.chunks(76).collect::<Vec<_>>().join(&b"\r\n"[..])
        };
        let (kind, encoding, body) = match self {
            Self::Rfc822 => ("message/rfc822", "8bit", message.to_vec()),
            Self::Headers => ("text/rfc822-headers", "8bit", header.to_vec()),
            Self::Rfc822Base64 => ("message/rfc822", "base64", encoded(message)),
            Self::HeadersQuotedPrintable => {
                let mut body = Vec::new();
                QuotedPrintableEncoder::new().preserve_line_breaks().encode_into(header, &mut body);
                ("Text/RFC822-Headers; charset=utf-8", "Quoted-Printable", body)
            }
            Self::Global => ("message/global", "8bit", message.to_vec()),
            Self::GlobalHeadersBase64 => ("message/global-headers", "BASE64", encoded(header)),
        };
        let head = format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
        [head.as_bytes(), &body].concat()
    }
}

/// The message as the mailbox's side has it: with fields of its own above.
fn arrived(forward: &Message, back: &[u8]) -> Vec<u8> {
    let above = format!(
        "Return-Path: <{}>\r\nDelivered-To: {MAILBOX}\r\nReceived: from mx.example.org ([192.0.2.1])\r\n\tby {HOST} with ESMTPS id \
         s1nk4711\r\n\tfor <{MAILBOX}>; Sat, 28 Nov 2026 16:00:00 +0000\r\nX-Sink-Spam: no\r\n",
        forward.from
    );
    [above.as_bytes(), back].concat()
}

/// The header section with its last line end.
pub(super) fn header_of(message: &[u8]) -> &[u8] {
    let end = message.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    &message[..end + 2]
}

pub(super) fn replaced(text: &[u8], mark: &[u8], value: &[u8]) -> Vec<u8> {
    let mut filled = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(mark.len()).position(|it| it == mark) {
        filled.extend_from_slice(&rest[..at]);
        filled.extend_from_slice(value);
        rest = &rest[at + mark.len()..];
    }
    filled.extend_from_slice(rest);
    filled
}
