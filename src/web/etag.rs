//! Tags of answers: whether something is still what somebody saw.

use hyper::{
    HeaderMap, Response, StatusCode,
    body::Bytes,
    header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH},
};
use sha2::{Digest, Sha256};

/// Characters of a tag.
const CHARACTERS: usize = 24;

/// A tag of what `octets` show, with its quotes.
pub(super) fn tag(octets: &[u8]) -> String {
    let mut hash = data_encoding::HEXLOWER.encode(&Sha256::digest(octets));
    hash.truncate(CHARACTERS);
    format!("\"{hash}\"")
}

/// Tags an answer that has no tag yet, and leaves it out where whoever asks has it already.
pub(super) fn conclude(asked: &HeaderMap, response: &mut Response<Bytes>) {
    if response.status() != StatusCode::OK {
        return;
    }
    let own = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok().map(str::to_owned));
    let own = own.unwrap_or_else(|| tag(response.body()));
    let has = asked.get_all(IF_NONE_MATCH).iter().any(|wanted| names(wanted, &own, true));
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

/// The tag that a change depends on, if it depends on one: whether `own` is it.
pub(super) fn fits(asked: &HeaderMap, own: &str) -> bool {
    let mut wanted = asked.get_all(IF_MATCH).iter().peekable();
    wanted.peek().is_none() || wanted.any(|wanted| names(wanted, own, false))
}

/// Whether a list of tags names `own`. Of one with `W/` nobody knows whether it is the same octet by octet.
fn names(list: &HeaderValue, own: &str, is_weak_enough: bool) -> bool {
    let Ok(list) = list.to_str() else { return false };
    list.split(',').map(str::trim).any(|one| {
        let one = if is_weak_enough { one.strip_prefix("W/").unwrap_or(one) } else { one };
        one == "*" || one == own
    })
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
        let mut response = Response::new(Bytes::from_static(b"{}"));
        conclude(&headers(IF_NONE_MATCH, &format!("W/{own}")), &mut response);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert!(response.body().is_empty());
        assert_eq!(response.headers()[ETAG], own);
    }
}
