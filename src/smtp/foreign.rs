//! Other protocols on this port.
//!
//! A web page can make a browser send a request whose body is an SMTP dialogue. Answered line by line
//! with errors, it would get as far as its body; so the session ends at the first sign of it.

/// The first byte of a TLS record that carries a ClientHello (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// Methods of HTTP (RFC 9110 §9, RFC 5789), and the preface of HTTP/2 (RFC 9113 §3.4). Case matters.
const HTTP_METHODS: [&[u8]; 10] = [
    b"GET ",
    b"POST ",
    b"PUT ",
    b"HEAD ",
    b"OPTIONS ",
    b"DELETE ",
    b"CONNECT ",
    b"TRACE ",
    b"PATCH ",
    b"PRI ",
];

/// True when `line`, whole or begun, is another protocol's.
pub(super) fn is_foreign(line: &[u8]) -> bool {
    line.first() == Some(&TLS_HANDSHAKE)
        || HTTP_METHODS.iter().any(|method| line.starts_with(method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_protocols_are_told_from_smtp() {
        for line in [&b"GET / HTTP/1.1"[..], b"POST ", b"PRI * HTTP/2.0", b"\x16\x03\x01\x02"] {
            assert!(is_foreign(line), "{}", line.escape_ascii());
        }
        for line in [&b""[..], b"GET", b"get /", b"GETS ", b"EHLO GET ", b"DATA", b"HELP "] {
            assert!(!is_foreign(line), "{}", line.escape_ascii());
        }
    }
}
