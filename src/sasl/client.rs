//! The client's side of an exchange: what we say to a smart host that wants to know who we are.

use super::{Credentials, Secret};
use data_encoding::BASE64;
use std::collections::VecDeque;

/// Mechanisms that a server offers, as far as they are spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offered {
    /// PLAIN.
    pub plain: bool,
    /// LOGIN.
    pub login: bool,
}

/// What there is still to be said to a server.
#[derive(Debug)]
pub struct ClientExchange(VecDeque<Secret>);

/// Ends an exchange in which a server wants more than there is to say; with its CRLF.
pub const CANCEL_LINE: &str = "*\r\n";

/// Longest line of a command in octets, its CRLF included: a longer first response waits for its challenge (RFC 4954 §4).
const MAX_COMMAND: usize = 512;

/// What stands for a secret that a server repeats.
const HIDDEN: &str = "(hidden)";

impl Offered {
    /// Reads what stands behind AUTH in a reply to EHLO.
    pub fn of<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut offered = Self::default();
        for word in words {
            offered.plain |= word.eq_ignore_ascii_case("PLAIN");
            offered.login |= word.eq_ignore_ascii_case("LOGIN");
        }
        offered
    }
}

impl ClientExchange {
    /// All that is to be said, in the best mechanism that is offered; `None` where there is none.
    pub fn new(offered: Offered, credentials: &Credentials) -> Option<Self> {
        let line = |text: &str| Secret::new(&format!("{text}\r\n"));
        let encoded = |text: &str| line(&BASE64.encode(text.as_bytes()));
        if offered.plain {
            let response = Secret::new(&BASE64.encode(credentials.plain().expose().as_bytes()));
            let whole = Secret::new(&format!("AUTH PLAIN {}\r\n", response.expose()));
            return Some(Self(if whole.expose().len() <= MAX_COMMAND {
                [whole].into()
            } else {
                [line("AUTH PLAIN"), line(response.expose())].into()
            }));
        }
        let Credentials { name, password } = credentials;
        offered.login.then(|| {
            let (name, password) = (encoded(name.expose()), encoded(password.expose()));
            Self([line("AUTH LOGIN"), name, password].into())
        })
    }

    /// The next line, with its CRLF: the command first, and then one for each 334. `None` where all is said.
    pub fn next_line(&mut self) -> Option<Secret> {
        self.0.pop_front()
    }
}

impl Credentials {
    /// What PLAIN says (RFC 4616 §2).
    fn plain(&self) -> Secret {
        Secret::new(&format!("\0{}\0{}", self.name.expose(), self.password.expose()))
    }

    /// `text` of a server without what of these it may repeat.
    pub fn hide_in(&self, text: &str) -> String {
        let encoded = |secret: &Secret| Secret::new(&BASE64.encode(secret.expose().as_bytes()));
        let Self { name, password } = self;
        let secrets = [
            encoded(&self.plain()),
            encoded(password),
            password.clone(),
            encoded(name),
            name.clone(),
        ];
        secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose(), HIDDEN))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::*, *};

    const BOTH: Offered = Offered { plain: true, login: true };
    const LOGIN: Offered = Offered { plain: false, login: true };

    fn credentials(name: &str, password: &str) -> Credentials {
        Credentials { name: Secret::new(name), password: Secret::new(password) }
    }

    fn lines(offered: Offered, of: &Credentials) -> Vec<String> {
        let mut exchange = ClientExchange::new(offered, of).unwrap();
        std::iter::from_fn(|| exchange.next_line()).map(|line| line.expose().to_owned()).collect()
    }

    #[test]
    fn what_is_offered() {
        let offered = |text: &'static str| Offered::of(text.split(' '));
        assert_eq!(offered("CRAM-MD5 login Plain"), BOTH);
        assert_eq!(offered("LOGIN"), LOGIN);
        assert_eq!(offered("PLAINLY XLOGIN"), Offered::default());
        assert!(ClientExchange::new(Offered::default(), &credentials("a", "b")).is_none());
    }

    /// RFC 4616 §4 has the first of them.
    #[test]
    fn plain_before_login() {
        let tim = credentials("tim", "tanstaaftanstaaf");
        assert_eq!(lines(BOTH, &tim), ["AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"]);
        let login = ["AUTH LOGIN\r\n", "dGlt\r\n", "dGFuc3RhYWZ0YW5zdGFhZg==\r\n"];
        assert_eq!(lines(LOGIN, &tim), login);
    }

    #[test]
    fn a_long_password_waits_for_the_challenge() {
        let long = credentials("tim", &"p".repeat(400));
        let said = lines(BOTH, &long);
        assert_eq!((said.len(), said[0].as_str()), (2, "AUTH PLAIN\r\n"));
        assert!(said[1].len() > 500);
    }

    /// What we say is what our own side of a server takes.
    #[test]
    fn a_server_understands_it() {
        for (offered, password) in [
            (BOTH, "geheim".to_owned()),
            (LOGIN, "mit Leerzeichen und ü".to_owned()),
            (BOTH, "p".repeat(255)),
        ] {
            let told = credentials("name@example.org", &password);
            let mut said = lines(offered, &told).into_iter();
            let first = said.next().unwrap();
            let mut progress = Exchange::begin(first.trim_end().strip_prefix("AUTH ").unwrap());
            let heard = loop {
                match progress.unwrap() {
                    Progress::Done(heard) => break heard,
                    Progress::Challenge(exchange, _) => {
                        progress = exchange.respond(said.next().unwrap().trim_end());
                    }
                }
            };
            assert_eq!((heard, said.next()), (told, None));
        }
    }

    #[test]
    fn nothing_of_it_shows() {
        let tim = credentials("tim", "tanstaaf");
        let mut exchange = ClientExchange::new(LOGIN, &tim).unwrap();
        exchange.next_line();
        let shown = format!("{exchange:?} {tim:?}");
        assert!(!shown.contains("dGlt") && !shown.contains("tim") && !shown.contains("tanst"));
        for said in ["AHRpbQB0YW5zdGFhZg==", "dGFuc3RhYWY=", "tanstaaf", "tim", "dGlt"] {
            let told = tim.hide_in(&format!("5.7.8 no: {said} is wrong"));
            assert_eq!(told, "5.7.8 no: (hidden) is wrong");
        }
    }
}
