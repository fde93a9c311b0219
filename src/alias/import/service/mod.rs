//! What hosted forwarding services export of their aliases, turned into ours. What cannot be taken is named, with the
//! line or the item of the file, and the reason.

mod addy;
mod cloudflare;
mod forward_email;
mod improvmx;
mod items;
mod simplelogin;
mod table;
mod taken;
mod zone;

use super::Import;
use crate::address::{Domain, Mailbox};
use taken::Taking;

/// Items that are read of one file.
const MAX_ITEMS: usize = 1_000_000;

/// Of an alias whose file says not where its mail goes.
const NO_TARGET: &str = "leads nowhere in this file; where its mail goes, --to says";

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// SimpleLogin: the CSV of aliases, the JSON of all data, or answers of its API.
    SimpleLogin,
    /// addy.io, once AnonAddy: the CSV of aliases, the table for its own import, or answers of its API.
    Addy,
    /// Forward Email: TXT records as they stand in a zone file or in answers of dig, CSV, or answers of its API.
    ForwardEmail,
    /// ImprovMX: CSV, or answers of its API.
    ImprovMx,
    /// Cloudflare Email Routing: answers of its API about rules and the catch-all.
    Cloudflare,
}

/// What is known beside the file of a service.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The domain of what names none.
    pub domain: Option<Domain>,
    /// Where the mail of aliases goes whose file does not say.
    pub to: Vec<Mailbox>,
}

impl Service {
    /// Its name, as it writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SimpleLogin => "SimpleLogin",
            Self::Addy => "addy.io",
            Self::ForwardEmail => "Forward Email",
            Self::ImprovMx => "ImprovMX",
            Self::Cloudflare => "Cloudflare",
        }
    }

    /// Whether addresses at `domain` are the service's own, which go with it.
    fn owns(self, domain: &Domain) -> bool {
        let own: &[&str] = match self {
            Self::SimpleLogin => &[
                "simplelogin.com",
                "simplelogin.co",
                "simplelogin.fr",
                "simplelogin.io",
                "aleeas.com",
                "slmail.me",
                "slmails.com",
                "8alias.com",
                "8shield.net",
                "dralias.com",
                "silomails.com",
                "passmail.net",
                "passmail.com",
                "passinbox.com",
                "passfwd.com",
            ],
            Self::Addy => &[
                "anonaddy.com",
                "anonaddy.me",
                "addy.io",
                "addy.biz",
                "addymail.com",
                "4wrd.cc",
                "mailer.me",
            ],
            Self::ForwardEmail => &["forwardemail.net"],
            Self::ImprovMx => &["improvmx.com"],
            Self::Cloudflare => &[],
        };
        let key = domain.to_key();
        let is_own = |own: &&str| {
            key.strip_suffix(*own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        own.iter().any(is_own)
    }
}

/// Reads the text of a file of `service`.
pub fn read_service(service: Service, text: &str, beside: &Beside) -> Import {
    // Spreadsheets put one in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut import = Import::default();
    if text.lines().count() > MAX_ITEMS {
        import.problem(MAX_ITEMS, "no more than a million lines are read");
        return import;
    }
    let mut taking = Taking::new(service, beside, import);
    let is_json = text.trim_start().starts_with(['{', '[']);
    match (service, is_json) {
        (Service::SimpleLogin, true) => simplelogin::read_json(text, &mut taking),
        (Service::SimpleLogin, false) => simplelogin::read_csv(text, &mut taking),
        (Service::Addy, true) => addy::read_json(text, &mut taking),
        (Service::Addy, false) => addy::read_csv(text, &mut taking),
        (Service::ForwardEmail, true) => forward_email::read_json(text, &mut taking),
        (Service::ForwardEmail, false) => forward_email::read_text(text, &mut taking),
        (Service::ImprovMx, true) => improvmx::read_json(text, &mut taking),
        (Service::ImprovMx, false) => improvmx::read_csv(text, &mut taking),
        (Service::Cloudflare, _) => cloudflare::read(text, &mut taking),
    }
    let mut import = taking.finish();
    import.take_repeated_once();
    import.refuse_repeated();
    import
}

#[cfg(test)]
mod tests;
