//! Both sides of a SASL exchange (RFC 4422) as SMTP carries one (RFC 4954), without I/O. PLAIN (RFC 4616), and LOGIN for
//! who knows nothing else. Here the server's side: lines of the client go in, challenges or its credentials come out.
//!
//! What the client says is a secret from the first octet on: it is shown by no `Debug`, and overwritten when dropped.

mod client;

pub use client::{CANCEL_LINE, ClientExchange, Offered};

use data_encoding::BASE64;
use std::fmt;
use zeroize::Zeroizing;

/// The mechanisms, as EHLO announces them.
pub const MECHANISMS: &str = "PLAIN LOGIN";

/// Longest line of an exchange in octets, its CRLF included (RFC 4954 §4).
pub const MAX_LINE: usize = 12_288;

/// Longest name or password in octets (RFC 4616 §2).
const MAX_FIELD: usize = 255;

/// What a client that has nothing to say sends for an initial response (RFC 4954 §4).
const EMPTY: &str = "=";
/// What a client sends to end an exchange.
const CANCEL: &str = "*";

/// Text that must not be shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Zeroizing<String>);

/// A mechanism that a client chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mechanism {
    Plain,
    Login,
}

/// An exchange in which the client has the word.
#[derive(Debug, PartialEq, Eq)]
pub struct Exchange {
    mechanism: Mechanism,
    /// LOGIN: told already.
    name: Option<Secret>,
}

/// Who a client says that it is, and how it proves that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name of the account: what the client sent, not empty and without NUL.
    pub name: Secret,
    /// Its password, not empty and without NUL.
    pub password: Secret,
}

/// How an exchange goes on.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// The client is to answer this challenge, which is in base64.
    Challenge(Exchange, &'static str),
    /// The client has said all of it.
    Done(Credentials),
}

/// Why an exchange ends without credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The mechanism is not offered.
    UnknownMechanism,
    /// The client wishes so.
    Cancelled,
    /// What the client sent is not base64, or not what the mechanism says.
    Malformed,
    /// The client wants to act as somebody else than whom it names.
    ForeignIdentity,
}

impl Secret {
    /// Hides `text`.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// Shows the text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Exchange {
    /// Begins with the argument of AUTH: a mechanism in any case, and perhaps an initial response.
    ///
    /// # Errors
    /// Where the exchange ends at once.
    pub fn begin(argument: &str) -> Result<Progress, Fault> {
        let (name, initial) = argument.split_once([' ', '\t']).unwrap_or((argument, ""));
        let mechanism = match name {
            name if name.eq_ignore_ascii_case("PLAIN") => Mechanism::Plain,
            name if name.eq_ignore_ascii_case("LOGIN") => Mechanism::Login,
            _ => return Err(Fault::UnknownMechanism),
        };
        let exchange = Self { mechanism, name: None };
        match initial.trim_matches([' ', '\t']) {
            "" => Ok(exchange.challenge()),
            EMPTY => exchange.told(Secret::default()),
            response => exchange.respond(response),
        }
    }

    /// Goes on with the client's line.
    ///
    /// # Errors
    /// Where the exchange ends.
    pub fn respond(self, line: &str) -> Result<Progress, Fault> {
        if line == CANCEL {
            return Err(Fault::Cancelled);
        }
        let octets = BASE64.decode(line.as_bytes()).map(Zeroizing::new);
        let octets = octets.map_err(|_| Fault::Malformed)?;
        let text = std::str::from_utf8(&octets).map_err(|_| Fault::Malformed)?;
        self.told(Secret::new(text))
    }

    fn challenge(self) -> Progress {
        let text = match (self.mechanism, &self.name) {
            (Mechanism::Plain, _) => "",
            (Mechanism::Login, None) => "VXNlcm5hbWU6",
            (Mechanism::Login, Some(_)) => "UGFzc3dvcmQ6",
        };
        Progress::Challenge(self, text)
    }

    fn told(mut self, response: Secret) -> Result<Progress, Fault> {
        let text = response.expose();
        match (self.mechanism, self.name.take()) {
            (Mechanism::Plain, _) => plain(text).map(Progress::Done),
            (Mechanism::Login, None) => {
                self.name = Some(field(text)?);
                Ok(self.challenge())
            }
            (Mechanism::Login, Some(name)) => {
                Ok(Progress::Done(Credentials { name, password: field(text)? }))
            }
        }
    }
}

/// `[authzid] NUL authcid NUL passwd` (RFC 4616 §2).
fn plain(message: &str) -> Result<Credentials, Fault> {
    let mut fields = message.split('\0');
    let (Some(identity), Some(name), Some(password), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(Fault::Malformed);
    };
    let (name, password) = (field(name)?, field(password)?);
    // Nobody may act as somebody else here.
    match identity.is_empty() || identity.eq_ignore_ascii_case(name.expose()) {
        true => Ok(Credentials { name, password }),
        false => Err(Fault::ForeignIdentity),
    }
}

fn field(text: &str) -> Result<Secret, Fault> {
    let is_valid = (1..=MAX_FIELD).contains(&text.len()) && !text.contains('\0');
    is_valid.then(|| Secret::new(text)).ok_or(Fault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The challenges, and how the exchange ends: `name:password`, or the fault.
    fn run(argument: &str, responses: &[&str]) -> (Vec<&'static str>, Result<String, Fault>) {
        let (mut challenges, mut responses) = (Vec::new(), responses.iter());
        let mut progress = Exchange::begin(argument);
        loop {
            match progress {
                Ok(Progress::Challenge(exchange, text)) => {
                    challenges.push(text);
                    progress = exchange.respond(responses.next().unwrap());
                }
                Ok(Progress::Done(Credentials { name, password })) => {
                    let told = format!("{}:{}", name.expose(), password.expose());
                    return (challenges, Ok(told));
                }
                Err(fault) => return (challenges, Err(fault)),
            }
        }
    }

    fn encoded(text: &str) -> String {
        BASE64.encode(text.as_bytes())
    }

    #[test]
    fn each_mechanism_with_and_without_an_initial_response() {
        let plain = encoded("\0tim\0tanstaaftanstaaf");
        let (name, password) = (encoded("tim"), encoded("tanstaaftanstaaf"));
        let told = || Ok("tim:tanstaaftanstaaf".to_owned());
        assert_eq!(run(&format!("PLAIN {plain}"), &[]), (vec![], told()));
        assert_eq!(run(&format!("plain \t{plain} "), &[]), (vec![], told()));
        assert_eq!(run("PLAIN", &[&plain]), (vec![""], told()));
        let (user, pass) = ("VXNlcm5hbWU6", "UGFzc3dvcmQ6");
        assert_eq!(run("LOGIN", &[&name, &password]), (vec![user, pass], told()));
        assert_eq!(run(&format!("Login {name}"), &[&password]), (vec![pass], told()));
        assert_eq!((encoded("Username:"), encoded("Password:")), (user.into(), pass.into()));
    }

    #[test]
    fn who_acts_as_himself_may_say_so() {
        for (message, expected) in [
            ("a@b.c\0a@b.c\0x", Ok("a@b.c:x".to_owned())),
            ("A@B.c\0a@b.c\0x", Ok("a@b.c:x".to_owned())),
            ("other@b.c\0a@b.c\0x", Err(Fault::ForeignIdentity)),
            ("é@b.c\0é@b.c\0é", Ok("é@b.c:é".to_owned())),
        ] {
            assert_eq!(run(&format!("PLAIN {}", encoded(message)), &[]).1, expected, "{message:?}");
        }
    }

    #[test]
    fn what_is_malformed() {
        let long = "x".repeat(256);
        for message in [
            "",
            "a",
            "\0a",
            "\0\0x",
            "\0a\0",
            "\0a\0x\0",
            "\0a\0x\0y",
            "a\0\0x",
            &format!("\0{long}\0x"),
            &format!("\0a\0{long}"),
        ] {
            let got = run("PLAIN", &[&encoded(message)]).1;
            assert_eq!(got, Err(Fault::Malformed), "{message:?}");
        }
        for line in
            ["AHRpbQB0YW4", "AHRpbQB0YW5z=", "AHRpbQB0YW5z AA", "%", "/w==", "AAB=", "=", "**"]
        {
            assert_eq!(run("PLAIN", &[line]).1, Err(Fault::Malformed), "{line:?}");
        }
        assert_eq!(run("PLAIN =", &[]), (vec![], Err(Fault::Malformed)), "empty, not a challenge");
        assert_eq!(run("LOGIN =", &[]).1, Err(Fault::Malformed));
        assert_eq!(run("LOGIN", &["YQ==", ""]).1, Err(Fault::Malformed));
        assert_eq!(run("LOGIN", &["YQBi"]).1, Err(Fault::Malformed), "a NUL");
    }

    #[test]
    fn a_client_may_cancel_and_choose_nothing_unknown() {
        assert_eq!(run("PLAIN", &["*"]).1, Err(Fault::Cancelled));
        assert_eq!(run("LOGIN", &["YQ==", "*"]).1, Err(Fault::Cancelled));
        for argument in ["", "CRAM-MD5", "XOAUTH2 YQ==", "PLAINLY", "PLAIN=YQ=="] {
            assert_eq!(run(argument, &[]).1, Err(Fault::UnknownMechanism), "{argument:?}");
        }
    }

    #[test]
    fn nothing_of_a_secret_shows() {
        let Ok(done @ Progress::Done(_)) =
            Exchange::begin(&format!("PLAIN {}", encoded("\0tim\0tan")))
        else {
            panic!("no credentials");
        };
        let Ok(begun) = Exchange::begin("LOGIN dGlt") else { panic!("no challenge") };
        for shown in [format!("{done:?}"), format!("{begun:#?}")] {
            assert!(!shown.contains("tim") && !shown.contains("tan"), "{shown}");
        }
    }
}
