//! What DNS says of two domains belonging together.

use crate::{dns::Resolver, verdict::common_parents};

/// True where a DMARC record above both domains makes them one organization's, as that of a registry does which
/// forgets to say that it is one (`psd=y`; RFC 9989 §4.10.2). Where DNS does not answer, what the list of public
/// suffixes says stands alone: a sender has no say in the answers about what is above him.
pub async fn are_joined_by_policy(resolver: &Resolver, a: &str, b: &str) -> bool {
    for parent in common_parents(a, b) {
        let texts = resolver.texts(&format!("_dmarc.{parent}")).await.unwrap_or_default();
        let record = texts.iter().find(|text| text.starts_with(b"v=DMARC1"));
        if let Some(record) = record {
            return !is_suffix(record);
        }
    }
    false
}

fn is_suffix(record: &[u8]) -> bool {
    let record = String::from_utf8_lossy(record);
    let mut tags = record.split(';').filter_map(|tag| tag.split_once('='));
    tags.any(|(tag, value)| tag.trim() == "psd" && value.trim().eq_ignore_ascii_case("y"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_says_that_it_is_one() {
        assert!(is_suffix(b"v=DMARC1; p=reject; psd = Y ;"));
        assert!(!is_suffix(b"v=DMARC1; psd=n") && !is_suffix(b"v=DMARC1; p=reject"));
    }
}
