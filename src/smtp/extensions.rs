//! What a server offers in its reply to EHLO (RFC 5321 §4.1.1.1), as far as a forwarder uses it.

use super::reply_reader::ServerReply;
use crate::sasl::Offered;

/// The extensions of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extensions {
    /// PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// 8BITMIME (RFC 6152).
    pub eight_bit_mime: bool,
    /// SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// STARTTLS (RFC 3207).
    pub starttls: bool,
    /// DSN (RFC 3461).
    pub dsn: bool,
    /// SIZE (RFC 1870): the largest message the server takes, 0 for no fixed limit.
    pub size: Option<u64>,
    /// AUTH (RFC 4954): the mechanisms of it.
    pub auth: Offered,
}

impl Extensions {
    /// Reads the reply to EHLO or LHLO; its first line is the greeting and names none.
    pub fn of(reply: &ServerReply) -> Self {
        let mut extensions = Self::default();
        for line in reply.lines().skip(1) {
            let mut words = line.split_ascii_whitespace();
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "PIPELINING" => extensions.pipelining = true,
                "8BITMIME" => extensions.eight_bit_mime = true,
                "STARTTLS" => extensions.starttls = true,
                "SMTPUTF8" => extensions.smtputf8 = true,
                "DSN" => extensions.dsn = true,
                "AUTH" => extensions.auth = Offered::of(words),
                "SIZE" => {
                    let limit = words.next().and_then(|digits| digits.parse().ok());
                    extensions.size = Some(limit.unwrap_or(0));
                }
                _ => {}
            }
        }
        extensions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(lines: &[&str]) -> Extensions {
        Extensions::of(&ServerReply { code: 250, text: lines.join("\n").into() })
    }

    #[test]
    fn keywords_in_any_case_with_or_without_parameters() {
        let all = Extensions {
            pipelining: true,
            eight_bit_mime: true,
            smtputf8: true,
            starttls: true,
            dsn: true,
            size: Some(10_240_000),
            auth: Offered { plain: true, login: false },
        };
        assert_eq!(
            offered(&[
                "mx",
                "Pipelining",
                "8bitmime",
                "SMTPUTF8",
                "StartTLS",
                "dsn",
                "SIZE 10240000",
                "Auth  plain CRAM-MD5",
                "AUTH=LOGIN"
            ]),
            all
        );
        assert_eq!(offered(&["PIPELINING"]), Extensions::default(), "the greeting names none");
        assert_eq!(offered(&["mx", "", "XPIPELINING", "8BIT MIME"]), Extensions::default());
    }

    #[test]
    fn sizes() {
        for (line, size) in [
            ("SIZE", Some(0)),
            ("SIZE 0", Some(0)),
            ("SIZE  5 ", Some(5)),
            ("SIZE lots", Some(0)),
            ("SIZE=5", None),
        ] {
            assert_eq!(offered(&["mx", line]).size, size, "{line:?}");
        }
    }
}
