//! Cookies, as a head has them.

use hyper::{
    HeaderMap,
    header::{COOKIE, HeaderValue},
};

/// The cookie of this name.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    // One that is no text, as a neighbour's site may set it, stands in nobody's way.
    let fields = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let texts = fields.flat_map(|field| field.split(|octet| *octet == b';'));
    let mut pairs =
        texts.filter_map(|one| std::str::from_utf8(one).ok()).filter_map(|one| one.split_once('='));
    pairs.find(|(own, _)| own.trim() == name).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=1; __Host-onward=secret ;lang=de".parse().unwrap());
        headers.append(COOKIE, "b=2".parse().unwrap());
        headers.append(COOKIE, HeaderValue::from_bytes(b"foo=\xfc; c=3").unwrap());
        for (name, value) in [
            ("a", Some("1")),
            ("__Host-onward", Some("secret")),
            ("b", Some("2")),
            ("c", Some("3")),
            ("onward", None),
        ] {
            assert_eq!(cookie(&headers, name), value, "{name}");
        }
    }
}
