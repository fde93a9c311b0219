//! Cookies, as a head has them.

use hyper::{HeaderMap, header::COOKIE};

/// The cookie of this name.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';')).filter_map(|one| one.split_once('='));
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
        for (name, value) in [
            ("a", Some("1")),
            ("__Host-onward", Some("secret")),
            ("b", Some("2")),
            ("onward", None),
        ] {
            assert_eq!(cookie(&headers, name), value, "{name}");
        }
    }
}
