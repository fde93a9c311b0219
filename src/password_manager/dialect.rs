use super::{addy, simplelogin};
use serde_json::{Value, json};
use std::time::Duration;

/// Which of the two services a client takes us for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// addy.io: `Authorization: Bearer TOKEN`, errors as `{"message": …}`.
    Addy,
    /// SimpleLogin: `Authentication: TOKEN`, errors as `{"error": …}`.
    SimpleLogin,
}

/// What SimpleLogin has below `/api/`, beside [`simplelogin::alias_id`]: the paths themselves and all below them.
const SIMPLELOGIN: [&str; 20] = [
    "alias",
    "api_key",
    "apple",
    "auth",
    "contacts",
    "custom_domains",
    "export",
    "logout",
    "mailboxes",
    "notifications",
    "phone",
    "setting",
    "stats",
    "sudo",
    "user",
    "user_info",
    "v2",
    "v3",
    "v4",
    "v5",
];

impl Dialect {
    /// The dialect that a path belongs to; `None` where it is no path of either. `shows_authentication`: the request shows
    /// its token as SimpleLogin's clients do, who have a number of an alias where our own routes have its address.
    pub fn of_path(path: &str, shows_authentication: bool) -> Option<Self> {
        let rest = path.strip_prefix("/api/")?;
        let first = rest.split('/').next().unwrap_or_default();
        if first == "v1" {
            return Some(Self::Addy);
        }
        let is_number = || shows_authentication && simplelogin::alias_id(path).is_some();
        let is_simplelogin = SIMPLELOGIN.contains(&first) || is_number();
        is_simplelogin.then_some(Self::SimpleLogin)
    }

    /// The body of an answer that says no, as JSON.
    pub fn error(self, fault: &Fault) -> Value {
        match self {
            Self::Addy => addy::error(fault),
            Self::SimpleLogin => json!({ "error": fault.message }),
        }
    }

    /// What is said to whoever shows no token, or a wrong one.
    pub fn unauthenticated(self) -> Fault {
        Fault::new(
            401,
            match self {
                Self::Addy => "Unauthenticated.",
                Self::SimpleLogin => "Wrong api key",
            },
        )
    }
}

/// Why something is not done: a status of HTTP, and words for whoever sits before the client. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The status, from 400 to 599.
    pub status: u16,
    /// What to tell the person.
    pub message: String,
    /// The field that is wrong, where it is one.
    pub field: Option<&'static str>,
    /// The methods that are answered instead, where the method is what is wrong.
    pub allow: Option<&'static str>,
    /// When it may be tried again, where that is known.
    pub wait: Option<Duration>,
}

/// Why a path is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Nothing of that name is there.
    NotFound,
    /// It is there, for these methods, as in `Allow`.
    Method(&'static str),
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotFound => Self::new(404, "Onward has nothing of that name."),
            Refused::Method(allow) => {
                let message = format!("The method is not supported: it is {allow}.");
                Self { allow: Some(allow), ..Self::new(405, message) }
            }
        }
    }
}

impl Fault {
    /// A fault that is of no single field.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), field: None, allow: None, wait: None }
    }

    /// A field that does not hold what it should: 422, as addy.io answers. SimpleLogin's is 400: see
    /// [`Fault::for_dialect`].
    pub fn of_field(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), ..Self::new(422, message) }
    }

    /// The fault with the status that clients of the dialect know.
    pub fn for_dialect(mut self, dialect: Dialect) -> Self {
        if dialect == Dialect::SimpleLogin && self.status == 422 {
            self.status = 400;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_dialect() {
        for (path, dialect) in [
            ("/api/v1/aliases", Some(Dialect::Addy)),
            ("/api/v1/anything/there", Some(Dialect::Addy)),
            ("/api/alias/random/new", Some(Dialect::SimpleLogin)),
            ("/api/user_info", Some(Dialect::SimpleLogin)),
            ("/api/v5/alias/options", Some(Dialect::SimpleLogin)),
            ("/api/aliases/17", Some(Dialect::SimpleLogin)),
            ("/api/aliases/17/toggle", Some(Dialect::SimpleLogin)),
            ("/api/aliases", None),
            ("/api/aliases/17@example.org", None),
            ("/api/aliases/hello@example.org/enable", None),
            ("/api/domains", None),
            ("/api/", None),
            ("/api", None),
            ("/", None),
            ("v1/aliases", None),
        ] {
            assert_eq!(Dialect::of_path(path, true), dialect, "{path}");
            let own = dialect.filter(|_| !path.starts_with("/api/aliases/"));
            assert_eq!(Dialect::of_path(path, false), own, "{path}");
        }
    }

    #[test]
    fn errors_are_as_clients_read_them() {
        let fault = Fault::of_field("domain", "no such domain");
        let addy = json!({
            "message": "no such domain", "errors": { "domain": ["no such domain"] }
        });
        assert_eq!(Dialect::Addy.error(&fault), addy);
        assert_eq!(Dialect::SimpleLogin.error(&fault), json!({ "error": "no such domain" }));
        assert_eq!(fault.clone().for_dialect(Dialect::SimpleLogin).status, 400);
        assert_eq!(fault.for_dialect(Dialect::Addy).status, 422);
        let plain = json!({ "message": "Unauthenticated." });
        assert_eq!(Dialect::Addy.error(&Dialect::Addy.unauthenticated()), plain);
    }
}
