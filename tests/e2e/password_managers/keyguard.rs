//! Keyguard, with its email relay "addy.io" and a server of one's own.

use super::Host;
use super::http::{Answer, raw};

/// The request. `site`: JSON.
fn request(base: &str, token: &str, domain: &str, site: &str) -> Vec<u8> {
    let body = format!(r#"{{"domain":"{domain}","description":{site}}}"#);
    format!(
        "POST {base}api/v1/aliases HTTP/1.1\r\nAuthorization: Bearer {token}\r\nAccept: */*\r\n\
         Accept-Charset: UTF-8\r\nUser-Agent: ktor-client\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nHost: mx.example.org\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// What Keyguard shows: the address, or the message of the answer.
fn shows(answer: &Answer) -> Result<String, String> {
    let body = answer.json();
    match answer.status {
        200..=299 => Ok(body["data"]["email"].as_str().unwrap().to_owned()),
        _ => Err(body["message"].as_str().unwrap().to_owned()),
    }
}

#[test]
fn makes_aliases() {
    let host = Host::start();
    let token = host.token(&["--format", "site"]);
    let of_site = raw(host.plain, &request("/", &token, "example.org", "\"www.shop.example\""));
    let address = shows(&of_site.expect(201)).unwrap();
    assert!(address.starts_with("shop.") && address.ends_with("@example.org"), "{address}");
    assert_eq!(host.shown(&address)["note"], "www.shop.example");
    let of_none = raw(host.plain, &request("//", &token, "example.org", "null"));
    let address = shows(&of_none.expect(201)).unwrap();
    assert_eq!(host.shown(&address).get("note"), None, "{address}");
}

#[test]
fn shows_what_is_wrong() {
    let host = Host::start();
    let token = host.token(&["--daily-limit", "1"]);
    let refused = |token: &str, domain: &str, status| {
        shows(&raw(host.plain, &request("/", token, domain, "null")).expect(status)).unwrap_err()
    };
    assert_eq!(refused("wrong", "example.org", 401), "Unauthenticated.");
    assert!(refused(&token, "anonaddy.me", 422).contains("example.org"));
    assert!(refused(&token, "", 422).contains("domain"));
    shows(&raw(host.plain, &request("/", &token, "example.org", "null"))).unwrap();
    assert!(refused(&token, "example.org", 429).contains("a day"));
}
