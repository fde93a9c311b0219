//! One more set of our own (RFC 8617 §5.1).

use super::{
    chain::{Chain, Set, named},
    field::{Field, MAX_INSTANCE},
};
use crate::time::UnixTime;
use crate::{
    auth::{body::whole_hash, view::MAX_FIELD},
    verdict::Arc,
};
use data_encoding::BASE64;
use mail_auth::{
    AuthenticatedMessage,
    common::crypto::{Sha256, SigningKey},
    dkim::Canonicalization::Relaxed,
};

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
        let (names, fields) = self.covered(&message.headers);
        if names.is_empty() || results.len() >= MAX_FIELD || !stays_in_its_field(results) {
            return None;
        }
        let results = format!(" i={instance}; {results}\r\n");

        let Self { domain, selector, .. } = self;
        let names = folded(names.into_iter(), ":");
        let body_hash = BASE64.encode(&whole_hash(message, Relaxed));
        let tags = format!(
            ";\r\n bh={body_hash}; c=relaxed/relaxed;\r\n d={domain};\r\n h={names};\r\n \
             i={instance}; s={selector}; t={now}"
        );
        let signature = self.sign("ARC-Message-Signature", &tags, fields)?;

        let ours = [
            field("ARC-Authentication-Results", &results),
            field("ARC-Message-Signature", &signature),
        ];
        let sealed = earlier.iter().flat_map(Set::fields).chain(ours).collect();
        let tags = format!("; cv={cv};\r\n d={domain};\r\n i={instance}; s={selector}; t={now}");
        let seal = self.sign("ARC-Seal", &tags, sealed)?;
        let set = format!(
            "ARC-Seal:{seal}ARC-Message-Signature:{signature}ARC-Authentication-Results:{results}"
        );
        Some(set.into_bytes())
    }

    /// Signs `header` and a field of these tags itself, and gives back the value of the finished field.
    /// That value folds with spaces: dkimpy finds an `i=` only behind one.
    fn sign(&self, name: &str, tags: &str, header: Vec<Field<'_>>) -> Option<String> {
        let before = format!(" a={};\r\n b=", self.key.algorithm().name());
        let unsigned = [before.as_str(), tags].concat();
        let signed = header.into_iter().chain([field(name, &unsigned)]);
        let mut canonical = Vec::new();
        Relaxed.canonicalize_headers(signed, &mut canonical);
        let signature = BASE64.encode(&self.key.sign(canonical.as_slice()).ok()?);
        let signature = folded(signature.split_inclusive(|_| true), "");
        Some([&before, &signature, tags, "\r\n"].concat())
    }
}

impl<K> Sealer<'_, K> {
    /// The fields to sign, those of one name from the lowest up (RFC 6376 §5.4.2), and the name of each.
    fn covered<'x>(&self, header: &[Field<'x>]) -> (Vec<&str>, Vec<Field<'x>>) {
        let fields = self.fields.iter().flat_map(|name| {
            named(header, name).rev().take(MAX_OF_A_NAME).map(|field| (*name, *field))
        });
        fields.unzip()
    }
}

impl<'x> Chain<'x> {
    /// What the next seal says, and the sets it covers; `None` when there must be none.
    fn next(&self) -> Option<(&'static str, &[Set<'x>])> {
        match self.result {
            _ if self.is_closed => None,
            Ok(Arc::None) => Some(("none", &[])),
            Ok(Arc::Pass) => Some(("pass", &self.sets)),
            Ok(Arc::Fail) | Err(_) => Some(("fail", &[])),
            Ok(Arc::TempError) => None,
        }
    }
}

fn field<'x>(name: &'x str, value: &'x str) -> Field<'x> {
    (name.as_bytes(), value.as_bytes())
}

/// The parts with `between` between them, in lines of [`LINE`].
fn folded<'a>(parts: impl Iterator<Item = &'a str>, between: &str) -> String {
    let (mut text, mut line) = (String::new(), 0);
    for part in parts {
        if !text.is_empty() {
            text.push_str(between);
            line += between.len();
            if line + part.len() > LINE {
                text.push_str("\r\n ");
                line = 0;
            }
        }
        text.push_str(part);
        line += part.len();
    }
    text
}

/// True for text in which no line begins that is not a continuation of the field.
fn stays_in_its_field(text: &str) -> bool {
    text.split("\r\n").enumerate().all(|(at, line)| {
        let is_text = !line.trim_ascii().is_empty() && !line.contains(['\r', '\n', '\0']);
        is_text && (at == 0 || line.starts_with([' ', '\t']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_between_them() {
        let names: Vec<String> = (0..30).map(|n| format!("field-{n}")).collect();
        let folded = folded(names.iter().map(String::as_str), ":");
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
        assert_eq!(sealer.covered(&header).0, ["to", "to", "x"]);
        header.extend(std::iter::repeat_n(field("From", "a"), 1_000));
        assert_eq!(sealer.covered(&header).0.len(), MAX_OF_A_NAME + 3);
    }
}
