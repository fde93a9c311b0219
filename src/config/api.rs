use super::{define::section, reader::Table};

section! {
    /// What programs ask for and change by HTTP: docs/API.md.
    table "api", Keys => pub struct Api {}

    /// Web pages whose scripts may ask, by their origins: the web vault of a password manager, or an extension of a
    /// browser. Programs that are no web pages need none.
    pub cors_origins: Vec<String> =
        list("origins, such as \"https://vault.example.org\" or \"moz-extension://…\"", origin), default [];
}

/// Longest origin, in octets.
const MAX_ORIGIN: usize = 300;

/// An origin as browsers write it: scheme, host, and a port that is not the scheme's own.
fn origin(text: &str) -> Result<String, String> {
    if text == "*" {
        return Err(
            "\"*\" would let every web page try tokens from its visitors' browsers, and is not accepted".to_owned()
        );
    }
    let wrong = || format!("{text:?} is no origin");
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !rest.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let is_host = !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b));
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|number| number > 0));
    if text.len() > MAX_ORIGIN || !is_host || !is_port {
        return Err(format!("{}; an origin has neither path nor blanks", wrong()));
    }
    let is_extension = scheme.ends_with("-extension") && scheme.bytes().all(is_scheme_octet);
    if !(["http", "https"].contains(&scheme) || is_extension && port.is_none()) {
        return Err(format!("{}: its scheme is none of a web page or an extension", wrong()));
    }
    if matches!((scheme, port), ("https", Some("443")) | ("http", Some("80"))) {
        return Err(format!("{}: browsers leave the port of the scheme out", wrong()));
    }
    Ok(text.to_ascii_lowercase())
}

fn is_scheme_octet(octet: u8) -> bool {
    octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"+-.".contains(&octet)
}

pub(super) fn read(root: &Table<'_>) -> Option<Api> {
    root.table::<Keys<'_>>().checked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        for good in [
            "https://vault.example.org",
            "https://vault.example.org:8443",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://[::1]",
            "moz-extension://0f0f0f0f-aaaa-bbbb-cccc-000000000000",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "safari-web-extension://A-B",
        ] {
            assert_eq!(origin(good), Ok(good.to_ascii_lowercase()));
        }
        for (bad, says) in [
            ("*", "every web page"),
            ("", "no origin"),
            ("null", "no origin"),
            ("vault.example.org", "no origin"),
            ("https://", "no origin"),
            ("https://a.example/", "neither path"),
            ("https://a b.example", "blanks"),
            ("https://a.example:", "neither path"),
            ("https://a.example:99999", "neither path"),
            ("https://*.example", "neither path"),
            ("https://a.example:443", "leave the port"),
            ("ftp://a.example", "scheme"),
            ("javascript://a", "scheme"),
            ("https://user@a.example", "neither path"),
        ] {
            let error = origin(bad).unwrap_err();
            assert!(error.contains(says), "{bad}: {error}");
        }
    }
}
