//! One more set of our own (RFC 8617 §5.1).

use super::{
    Arc, Chain, Set, body_hash,
    chain::MAX_FIELD,
    chosen,
    field::{Cv, Field, MAX_INSTANCE},
};
use crate::time::UnixTime;
use data_encoding::BASE64;
use mail_auth::{
    AuthenticatedMessage,
    common::crypto::{Sha256, SigningKey},
    dkim::Canonicalization::Relaxed,
};
use std::collections::HashMap;

/// Who seals, and what is signed.
pub struct Sealer<'a, K> {
    /// The private key; better an RSA one, as dkimpy and OpenARC know no other in ARC.
    pub key: &'a K,
    /// The domain that publishes the public one.
    pub domain: &'a str,
    /// Under this selector.
    pub selector: &'a str,
    /// The names of fields that the message signature covers, in lower case; usually [`FIELDS`].
    pub fields: &'a [&'a str],
}

/// What a message signature covers as often as it is there: what readers see and what makes the message
/// what it is (RFC 6376 §5.4.1), and the signatures of those before us. Never the trace, results, or ARC
/// fields, which later hops change (RFC 8617 §4.1.2).
pub const FIELDS: &[&str] = &[
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "dkim-signature",
];

/// Fields of one name that are signed at most, lowest first: strangers write as many as they like.
const MAX_OF_A_NAME: usize = 20;

/// Longest line of base64 or of names.
const LINE: usize = 72;

impl<K: SigningKey<Hasher = Sha256>> Sealer<'_, K> {
    /// Makes ARC-Seal, ARC-Message-Signature and ARC-Authentication-Results, in the order in which they
    /// are to be put before `message`: whole fields, each with its CRLF.
    ///
    /// `message` is the message as it is going to be sent; whether the fields of ours that are not signed
    /// (trace, Authentication-Results) are in it already makes no difference. `results` is the value of
    /// our Authentication-Results field, our authserv-id first; it may be folded. `chain` is what the
    /// message came with, validated on arrival.
    ///
    /// A chain that passed is continued with `cv=pass`, none is begun with `cv=none`. A broken one is
    /// closed with `cv=fail`, for which the new set alone is sealed (§5.1.2).
    ///
    /// `None` when there must be no set or can be none: the chain is closed already, there is more of it
    /// than we read, a key of it could not be had (whoever comes next may have better luck, and finds the
    /// chain as it was); nothing of the message would be signed; `results` would end its field, or is
    /// longer than what we read ourselves; the key does not sign.
    pub fn seal(
        &self,
        message: &AuthenticatedMessage<'_>,
        results: &str,
        chain: &Chain<'_>,
        now: UnixTime,
    ) -> Option<Vec<u8>> {
        let (cv, earlier) = chain.next()?;
        let now = now.as_secs();
        let instance = chain.highest.checked_add(1).filter(|next| *next <= MAX_INSTANCE)?;
        let names = self.names(&message.headers);
        if names.is_empty() || results.len() >= MAX_FIELD || !stays_in_its_field(results) {
            return None;
        }
        let results = format!(" i={instance}; {results}\r\n");

        let algorithm = self.key.algorithm().name();
        let body_hash = BASE64.encode(&body_hash(message, Relaxed));
        let (domain, selector) = (self.domain, self.selector);
        let signature = self.sign(
            Draft {
                name: "ARC-Message-Signature",
                before: format!(" a={algorithm};\r\n b="),
                after: format!(
                    ";\r\n bh={body_hash}; c=relaxed/relaxed;\r\n d={domain};\r\n h={};\r\n \
                     i={instance}; s={selector}; t={now}",
                    folded_names(&names)
                ),
            },
            chosen(&message.headers, &names),
        )?;

        let ours = [
            field("ARC-Authentication-Results", &results),
            field("ARC-Message-Signature", &signature),
        ];
        let sealed = earlier.iter().flat_map(Set::fields).chain(ours).collect();
        let seal = self.sign(
            Draft {
                name: "ARC-Seal",
                before: format!(" a={algorithm};\r\n b="),
                after: format!(
                    "; cv={};\r\n d={domain};\r\n i={instance}; s={selector}; t={now}",
                    cv.as_str()
                ),
            },
            sealed,
        )?;
        let fields = [
            "ARC-Seal:",
            &seal,
            "ARC-Message-Signature:",
            &signature,
            "ARC-Authentication-Results:",
            &results,
        ];
        Some(fields.concat().into_bytes())
    }

    /// Signs `header` and the draft itself, and gives back the value of the finished field.
    fn sign(&self, draft: Draft, header: Vec<Field<'_>>) -> Option<String> {
        let unsigned = [draft.before.as_str(), &draft.after].concat();
        let signed = header.into_iter().chain([field(draft.name, &unsigned)]);
        let mut canonical = Vec::new();
        Relaxed.canonicalize_headers(signed, &mut canonical);
        let signature = BASE64.encode(&self.key.sign(canonical.as_slice()).ok()?);
        let mut value = draft.before;
        for (at, character) in signature.chars().enumerate() {
            if at > 0 && at % LINE == 0 {
                value.push_str("\r\n ");
            }
            value.push(character);
        }
        value.push_str(&draft.after);
        value.push_str("\r\n");
        Some(value)
    }
}

impl<K> Sealer<'_, K> {
    /// The names to sign, each as often as its field is there.
    fn names(&self, header: &[Field<'_>]) -> Vec<String> {
        let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
        for (name, _) in header {
            *counts.entry(name.trim_ascii().to_ascii_lowercase()).or_default() += 1;
        }
        let signed = self.fields.iter().flat_map(|name| {
            let count = counts.get(name.as_bytes()).copied().unwrap_or(0);
            std::iter::repeat_n((*name).to_owned(), count.min(MAX_OF_A_NAME))
        });
        signed.collect()
    }
}

/// The value of a field whose signature is still to be put in. It folds with spaces: dkimpy finds an
/// `i=` only behind one.
struct Draft {
    name: &'static str,
    before: String,
    after: String,
}

impl<'x> Chain<'x> {
    /// What the next seal says, and the sets it covers; `None` when there must be none.
    fn next(&self) -> Option<(Cv, &[Set<'x>])> {
        match self.result {
            _ if self.is_closed => None,
            Arc::None => Some((Cv::None, &[])),
            Arc::Pass => Some((Cv::Pass, &self.sets)),
            Arc::Fail(_) => Some((Cv::Fail, &[])),
            Arc::TempError => None,
        }
    }
}

impl Cv {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
        }
    }
}

fn field<'x>(name: &'x str, value: &'x str) -> Field<'x> {
    (name.as_bytes(), value.as_bytes())
}

fn folded_names(names: &[String]) -> String {
    let (mut text, mut line) = (String::new(), 0);
    for name in names {
        if !text.is_empty() {
            text.push(':');
            line += 1;
            if line + name.len() > LINE {
                text.push_str("\r\n ");
                line = 0;
            }
        }
        text.push_str(name);
        line += name.len();
    }
    text
}

/// True for text in which no line begins that is not a continuation of the field.
fn stays_in_its_field(text: &str) -> bool {
    let mut lines = text.split("\r\n");
    let is_clean = |line: &str| !line.contains(['\r', '\n', '\0']);
    let is_text = |line: &str| !line.trim_ascii().is_empty();
    lines.next().is_some_and(|first| is_clean(first) && is_text(first))
        && lines.all(|line| line.starts_with([' ', '\t']) && is_clean(line) && is_text(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_between_them() {
        let names: Vec<String> = (0..30).map(|n| format!("field-{n}")).collect();
        let folded = folded_names(&names);
        assert!(folded.split("\r\n ").all(|line| line.len() <= LINE + 1), "{folded}");
        assert!(folded.lines().count() > 3, "{folded}");
        assert_eq!(folded.replace("\r\n ", ""), names.join(":"));
    }

    #[test]
    fn a_name_is_signed_as_often_as_it_is_there_up_to_a_bound() {
        let sealer =
            Sealer::<()> { key: &(), domain: "", selector: "", fields: &["from", "to", "x"] };
        let mut header =
            vec![field("X", "1"), field("To ", "2"), field("to", "3"), field("cc", "4")];
        assert_eq!(sealer.names(&header), ["to", "to", "x"]);
        header.extend(std::iter::repeat_n(field("From", "a"), 1_000));
        assert_eq!(sealer.names(&header).len(), MAX_OF_A_NAME + 3);
    }
}
