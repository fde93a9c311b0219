//! Where Postfix is told to ask somebody: tables, milters and policy services, in main.cf and master.cf.

use super::{
    endpoint::Endpoint,
    setup::{Scope, Service, Setup, words},
};

/// One such place.
#[derive(Debug)]
pub(super) struct Mention<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) parameter: &'static str,
    /// As it stands there.
    pub(super) text: &'a str,
    /// The word that it stands in, with its braces and settings.
    pub(super) word: &'a str,
    pub(super) endpoint: Endpoint,
    pub(super) asked: Asked,
    programs: &'static [&'static str],
}

/// What is asked there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// The name of the map.
    Socketmap(String),
    TcpTable,
    Milter,
    Policy,
}

/// What a parameter lists.
#[derive(Clone, Copy)]
enum Lists {
    Tables,
    Milters,
    Restrictions,
}

/// Each parameter that may name us, with the programmes that go by it.
const PARAMETERS: [(&str, Lists, &[&str]); 22] = [
    ("sender_canonical_maps", Lists::Tables, &["cleanup", "smtpd"]),
    ("recipient_canonical_maps", Lists::Tables, &["cleanup", "smtpd"]),
    ("canonical_maps", Lists::Tables, &["cleanup", "smtpd"]),
    ("virtual_alias_maps", Lists::Tables, &["cleanup", "smtpd"]),
    ("virtual_alias_domains", Lists::Tables, &["trivial-rewrite"]),
    ("virtual_mailbox_domains", Lists::Tables, &["trivial-rewrite"]),
    ("mydestination", Lists::Tables, &["trivial-rewrite"]),
    ("relay_domains", Lists::Tables, &["trivial-rewrite"]),
    ("relay_recipient_maps", Lists::Tables, &["smtpd"]),
    ("local_recipient_maps", Lists::Tables, &["smtpd"]),
    ("virtual_mailbox_maps", Lists::Tables, &["smtpd", "virtual"]),
    ("transport_maps", Lists::Tables, &["trivial-rewrite"]),
    ("smtpd_milters", Lists::Milters, &["smtpd"]),
    ("non_smtpd_milters", Lists::Milters, &["cleanup"]),
    ("smtpd_client_restrictions", Lists::Restrictions, &["smtpd"]),
    ("smtpd_helo_restrictions", Lists::Restrictions, &["smtpd"]),
    ("smtpd_sender_restrictions", Lists::Restrictions, &["smtpd"]),
    ("smtpd_relay_restrictions", Lists::Restrictions, &["smtpd"]),
    ("smtpd_recipient_restrictions", Lists::Restrictions, &["smtpd"]),
    ("smtpd_data_restrictions", Lists::Restrictions, &["smtpd"]),
    ("smtpd_end_of_data_restrictions", Lists::Restrictions, &["smtpd"]),
    ("smtpd_etrn_restrictions", Lists::Restrictions, &["smtpd"]),
];

/// In front of a policy service in a list of restrictions.
pub(super) const CHECK_POLICY: &str = "check_policy_service";

/// Their names, to ask `postconf` for.
pub(super) fn parameters() -> impl Iterator<Item = &'static str> {
    PARAMETERS.iter().map(|(name, ..)| *name)
}

/// All of them, those of main.cf first.
pub(super) fn all(setup: &Setup) -> Vec<Mention<'_>> {
    let mut mentions = Vec::new();
    for (parameter, lists, programs) in PARAMETERS {
        for scope in setup.scopes(programs, &[parameter]) {
            let words = setup.list(scope, parameter);
            let found: Vec<(&str, &str, Asked)> = match lists {
                Lists::Tables => words.into_iter().filter_map(table).collect(),
                Lists::Milters => {
                    words.into_iter().map(|word| (word, unbraced(word), Asked::Milter)).collect()
                }
                Lists::Restrictions => words
                    .windows(2)
                    .filter_map(|pair| match pair {
                        [CHECK_POLICY, service] => {
                            Some((*service, unbraced(service), Asked::Policy))
                        }
                        _ => None,
                    })
                    .collect(),
            };
            mentions.extend(found.into_iter().filter_map(|(word, text, asked)| {
                let endpoint = match &asked {
                    Asked::Socketmap(_) => {
                        let rest = bare(text).strip_prefix("socketmap:")?;
                        Endpoint::parse(rest.rsplit_once(':')?.0)?
                    }
                    Asked::TcpTable => Endpoint::Inet(bare(text).strip_prefix("tcp:")?.to_owned()),
                    Asked::Milter | Asked::Policy => Endpoint::parse(text)?,
                };
                Some(Mention { scope, parameter, text, word, endpoint, asked, programs })
            }));
        }
    }
    mentions
}

/// `socketmap:…:map` or `tcp:…`; `None` for other kinds.
fn table(word: &str) -> Option<(&str, &str, Asked)> {
    let text = word.strip_prefix('!').unwrap_or(word);
    let asked = match bare(text).split_once(':')? {
        ("socketmap", rest) => Asked::Socketmap(rest.rsplit_once(':')?.1.to_owned()),
        ("tcp", _) => Asked::TcpTable,
        _ => return None,
    };
    Some((word, text, asked))
}

/// Without the proxy in front.
fn bare(table: &str) -> &str {
    table.strip_prefix("proxy:").unwrap_or(table)
}

/// `{ inet:host:port, timeout=3s }` is `inet:host:port` with settings of its own.
fn unbraced(word: &str) -> &str {
    let inner = word.strip_prefix('{').and_then(|word| word.strip_suffix('}'));
    inner.map_or(word, |inner| words(inner).first().copied().unwrap_or_default())
}

impl<'a> Mention<'a> {
    /// A setting of its own, as `default_action` in `{ inet:host:port, default_action=accept }`.
    pub(super) fn setting(&self, name: &str) -> Option<&'a str> {
        let inner = self.word.strip_prefix('{')?.strip_suffix('}')?;
        inner.split(',').find_map(|part| {
            let (known, value) = part.split_once('=')?;
            (known.trim() == name).then_some(value.trim())
        })
    }

    pub(super) fn is_in(&self, scope: Scope, parameter: &str) -> bool {
        let is_same = match (self.scope, scope) {
            (Scope::Main, Scope::Main) => true,
            (Scope::Service(a), Scope::Service(b)) => std::ptr::eq(a, b),
            _ => false,
        };
        is_same && self.parameter == parameter
    }

    /// The services that ask here.
    pub(super) fn askers(&self, setup: &'a Setup) -> impl Iterator<Item = &'a Service> {
        let programs: &[&str] =
            if self.text.starts_with("proxy:") { &["proxymap"] } else { self.programs };
        let (scope, parameter) = (self.scope, self.parameter);
        setup.services(programs).filter(move |service| match scope {
            Scope::Main => !service.has(parameter),
            Scope::Service(this) => std::ptr::eq(this, *service) || service.program == "proxymap",
        })
    }
}
