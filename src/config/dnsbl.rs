use super::{IpNet, define::section, reader::Table};
use crate::{
    address::{Domain, DomainPattern},
    dnsbl::{Action, CodeRange, Codes, Kind as ListKind, Question, Zone},
};
use std::{net::IpAddr, str::FromStr};

/// Most lists: each is asked about every client, or every domain that mail is from.
const MOST: usize = 20;

section! {
    /// Lists in DNS of clients and domains that mail is better not taken from; any number of them up to 20, all asked
    /// at once. docs/OPERATIONS.md says what they are asked and when.
    tables "dnsbl", Keys => pub struct Dnsbl {
        /// The answers that count as listings.
        codes: Codes,
    }

    /// The name of the list. A key is written where the list wants it, as in `KEY.zen.dq.spamhaus.net`, and never shown
    /// again: in names that are known to have one, or where a label has 16 characters or more before the last two
    /// labels. Any other key stands in braces: `{KEY}.bl.example.net`. A key has at least 4 characters.
    pub zone: Zone = text("the name of a list in DNS, such as \"zen.spamhaus.org\"", Zone::parse), required;
    /// The answers that count, each an address or two with a `-` between them. Of the same list, another table may have
    /// another action for others.
    codes: Option<Vec<CodeRange>> =
        list("addresses of 127.0.0.0/8, such as \"127.0.0.2\" or \"127.0.0.2-127.0.0.11\"", CodeRange::from_str),
        absent "all of 127.0.0.0/8 but 127.255.255.0/24, which is an error and never a listing, and so are 127.0.0.1, \
            127.0.1.255 and 127.0.2.255 unless they are written";
    /// `client`: asked about the address of the client before it is greeted, which waits at most 2 s for all lists; RCPT
    /// waits up to 8 s.
    /// `from-domain` (RHSBL): asked about the domain of the reverse-path and those in From, each as it is and as it was
    /// registered.
    pub kind: ListKind = one_of("client" => ListKind::Client, "from-domain" => ListKind::FromDomain), default "client";
    /// `refuse`: 550 5.7.1 at RCPT, or at the end of the message for a domain in From; `defer`: 450 4.7.1 instead; `mark`:
    /// passed on with an X-Onward-Listed field. postmaster@ and abuse@ take mail all the same.
    pub action: Action =
        one_of("refuse" => Action::Refuse, "defer" => Action::Defer, "mark" => Action::Mark), default "refuse";
    /// Whom this list is not asked about: clients by address or block, and with `from-domain` domains, as mail names
    /// them; `*.d` means those below d. About a subdomain that is exempt, the domain above it is not asked about either.
    /// Clients of `limits.exempt` are asked about nowhere, and addresses that the Internet does not know by no list
    /// of clients.
    pub exempt: Vec<Exempt> =
        list("IP addresses, blocks such as \"192.0.2.0/24\", and domain names", Exempt::from_str), default [];
}

/// Whom a list is not asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exempt {
    /// Clients.
    Net(IpNet),
    /// Domains that mail is from.
    Domains(DomainPattern),
}

impl Dnsbl {
    /// What the list is to be asked about whom a message of `client` names: nothing at all if that is exempt, not what is
    /// above it either.
    pub fn questions(&self, named: &Question, client: Option<IpAddr>) -> Vec<Question> {
        if named.kind() != self.kind || self.exempts(named, client) {
            return Vec::new();
        }
        let mut questions = named.with_above();
        questions.retain(|question| !self.exempts(question, client));
        questions
    }

    fn exempts(&self, question: &Question, client: Option<IpAddr>) -> bool {
        self.exempt.iter().any(|exempt| match (exempt, question) {
            (Exempt::Net(net), _) => client.is_some_and(|ip| net.contains(ip)),
            (Exempt::Domains(pattern), Question::Domain(domain)) => pattern.matches(domain),
            (Exempt::Domains(_), Question::Client(_)) => false,
        })
    }
}

impl FromStr for Exempt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(net) = text.parse() {
            return Ok(Self::Net(net));
        }
        let wrong = |_| format!("{text:?} is neither an address, a block nor a domain");
        let pattern = text.parse::<DomainPattern>().map_err(wrong)?;
        let names = match &pattern {
            DomainPattern::Exact(domain) | DomainPattern::Below(domain) => Some(domain),
            DomainPattern::Any => None,
        };
        match names.and_then(Domain::literal) {
            Some(_) => Err(format!("{text:?} is no address without its brackets")),
            None => Ok(Self::Domains(pattern)),
        }
    }
}

pub(super) fn read(root: &Table<'_>) -> Option<Vec<Dnsbl>> {
    let tables: Vec<Keys<'_>> = root.tables();
    if let Some(beyond) = tables.get(MOST) {
        beyond.zone.refuse(format!("this is list number {}", MOST + 1), format!("{MOST} lists"));
    }
    tables.into_iter().map(list).collect::<Vec<Option<Dnsbl>>>().into_iter().collect()
}

fn list(mut keys: Keys<'_>) -> Option<Dnsbl> {
    if keys.zone.value.as_ref().is_some_and(|zone| !zone.secrets().is_empty()) {
        keys.zone.note_secret();
    }
    let has_domains =
        |exempt: &Vec<Exempt>| exempt.iter().any(|exempt| matches!(exempt, Exempt::Domains(_)));
    if keys.kind.value == Some(ListKind::Client)
        && keys.exempt.value.as_ref().is_some_and(has_domains)
    {
        keys.exempt.refuse("has domains, and the list is of clients", "IP addresses and blocks");
    }
    let codes = match keys.codes.value.take()? {
        Some(ranges) if ranges.is_empty() => {
            keys.codes.refuse_value("empty: nothing would count");
            return None;
        }
        Some(ranges) => Codes::Only(ranges),
        None => Codes::All,
    };
    keys.checked(codes)
}
