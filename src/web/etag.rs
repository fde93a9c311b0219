//! Tags of answers: whether something is still what somebody saw.

use hyper::{
    HeaderMap, Response, StatusCode,
    body::Bytes,
    header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH},
};
use sha2::{Digest, Sha256};

/// Characters of a tag.
const CHARACTERS: usize = 24;

/// Characters of what stands behind it, and before that.
const PART: usize = 8;
const BESIDE: char = '.';

/// A tag of what `octets` show, with its quotes.
pub(super) fn tag(octets: &[u8]) -> String {
    let mut hash = data_encoding::HEXLOWER.encode(&Sha256::digest(octets));
    hash.truncate(CHARACTERS);
    format!("\"{hash}\"")
}

/// A tag that says of something else besides whether that is the same, which no change depends on.
pub(super) fn with_part(tag: &str, octets: &[u8]) -> String {
    let mut hash = data_encoding::HEXLOWER.encode(&Sha256::digest(octets));
    hash.truncate(PART);
    format!("{}{BESIDE}{hash}\"", tag.trim_end_matches('"'))
}

/// Tags an answer that has no tag yet, and leaves it out where whoever asks has it already.
pub(super) fn conclude(asked: &HeaderMap, response: &mut Response<Bytes>) {
    if response.status() != StatusCode::OK {
        return;
    }
    let own = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok().map(str::to_owned));
    let own = own.unwrap_or_else(|| tag(response.body()));
    let has = asked
        .get_all(IF_NONE_MATCH)
        .iter()
        .any(|wanted| names(wanted, |one| one.strip_prefix("W/").unwrap_or(one) == own));
    if has {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Bytes::new();
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    if let Ok(own) = HeaderValue::from_str(&own) {
        response.headers_mut().insert(ETAG, own);
    }
}

/// Whether a change may be made of what has the tag `own`: it depends on no tag, or on that one.
pub(super) fn fits(asked: &HeaderMap, own: &str) -> bool {
    let mut wanted = asked.get_all(IF_MATCH).iter().peekable();
    // Of one with `W/` nobody knows whether it is the same octet by octet.
    let is_own = |one: &str| without_part(one) == own;
    wanted.peek().is_none() || wanted.any(|wanted| names(wanted, is_own))
}

/// Whether a list of tags names any at all, or one that is wanted.
fn names(list: &HeaderValue, is_wanted: impl Fn(&str) -> bool) -> bool {
    let Ok(list) = list.to_str() else { return false };
    list.split(',').map(str::trim).any(|one| one == "*" || is_wanted(one))
}

/// A tag as it is without what [`with_part`] put behind it.
fn without_part(tag: &str) -> String {
    match tag.split_once(BESIDE) {
        Some((rest, _)) => format!("{rest}\""),
        None => tag.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: hyper::header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn tags() {
        let own = tag(b"{}");
        assert_eq!(own.len(), CHARACTERS + 2);
        assert!(fits(&HeaderMap::new(), &own), "it depends on nothing");
        for (list, matches) in [
            (own.clone(), true),
            ("*".to_owned(), true),
            (format!("\"x\", {own}"), true),
            (format!("W/{own}"), false),
            ("\"x\"".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(fits(&headers(IF_MATCH, &list), &own), matches, "{list}");
        }
        let counted = with_part(&own, b"7");
        assert!(fits(&headers(IF_MATCH, &counted), &own), "of counters no change depends");
        assert!(!fits(&headers(IF_MATCH, &with_part(&tag(b"x"), b"7")), &own));
        assert_ne!(counted, with_part(&own, b"8"));
        let mut response = Response::new(Bytes::from_static(b"{}"));
        conclude(&headers(IF_NONE_MATCH, &format!("W/{own}")), &mut response);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert!(response.body().is_empty());
        assert_eq!(response.headers()[ETAG], own);
    }
}
