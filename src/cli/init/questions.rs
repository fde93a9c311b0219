//! What `onward init` wants to know, and whether an answer will do.

use super::{Answers, Args, Further, Prompt, STATE_DIR, text};
use crate::{
    address::{Domain, Mailbox},
    admin::setup::OwnAddress,
    alias::{Alias, AliasAddress},
    cli::Failure,
    config::{Config, ListenAddress, Machine},
};
use std::{
    fmt::Display,
    path::{Path, PathBuf},
};

/// Asks one question after the other. What is refused is asked again by itself: the answers before it stay.
pub(super) struct Questions<'a> {
    pub(super) config_file: &'a Path,
    pub(super) prompt: Prompt,
    /// The addresses of this machine.
    pub(super) own: &'a [OwnAddress],
}

impl Questions<'_> {
    pub(super) fn ask(
        &self,
        args: Args,
        [secret_file, certificate, key]: [PathBuf; 3],
        has_units: bool,
    ) -> Result<Answers, Failure> {
        let prompt = &self.prompt;
        let domain = prompt.answer(
            args.domain,
            "--domain or ONWARD_DOMAIN",
            "Domain to forward for",
            None,
            Domain::parse,
        )?;
        // The name that the world has for it, its own where that may be one in DNS, or one that is given it now.
        let named = self.own.iter().find_map(|own| own.name.clone());
        let own = || Domain::parse(&Machine::here().hostname).ok().filter(has_parent);
        let machine = named.or_else(own).unwrap_or_else(|| below(&domain, "mx"));
        let state_dir = args.state_dir.unwrap_or_else(|| STATE_DIR.into());
        let mut answers = Answers {
            hostname: machine.clone(),
            // For nothing but SRS: bounces and their SPF are kept apart from people's mail, and a DMARC record of the
            // domain that wants the very same domain (`aspf=s`, `adkim=s`) trusts nothing that is forwarded.
            srs_domain: below(&domain, "srs"),
            domain,
            postmaster: None,
            listen: default_listen(has_units),
            further: further(args.submission, args.web, has_units),
            state_dir: std::path::absolute(state_dir).map_err(Failure::new)?,
            secret_file,
            certificate,
            key,
            alias: None,
            acme: None,
            tls_rpt: args.tls_rpt,
            mta_sts: args.mta_sts,
            addresses: self.own.iter().map(|own| own.ip).collect(),
        };

        let question = "Name of this machine";
        answers.hostname =
            prompt.answer(args.hostname, "--hostname", question, Some(machine), |text| {
                self.fits(&answers, Domain::parse(text), |answers, name| answers.hostname = name)
            })?;
        let question = "Domain of rewritten senders";
        let default = Some(answers.srs_domain.clone());
        answers.srs_domain =
            prompt.answer(args.srs_domain, "--srs-domain", question, default, |text| {
                self.fits(&answers, Domain::parse(text), |answers, name| answers.srs_domain = name)
            })?;
        let question = "Mailbox for postmaster@ and abuse@ (empty: none)";
        answers.postmaster = prompt.optional(args.postmaster, question, |text| {
            self.fits(&answers, Mailbox::parse(text), |answers, to| answers.postmaster = Some(to))
        })?;

        let question = format!("First alias, at {} (empty: none)", answers.domain);
        let alias = prompt.optional(args.alias, &question, |text| {
            let alias = Mailbox::parse(text).map_err(|error| error.to_string())?;
            hosted(&alias, &answers.domain).map(|()| alias)
        })?;
        if let Some(alias) = alias {
            hosted(&alias, &answers.domain).map_err(|what| refused("--alias", what))?;
            let question = format!("Mailbox that {alias} leads to");
            let default = answers.postmaster.clone();
            let to = prompt.answer(args.to, "--to", &question, default, |text| {
                let to = Mailbox::parse(text).map_err(|error| error.to_string())?;
                leads(&alias, &to).map(|()| to)
            })?;
            leads(&alias, &to).map_err(|what| refused("--to", what))?;
            answers.alias = Some((alias, to));
        }

        let question = "Certificate by Let's Encrypt, who asks at port 80; you agree to its terms";
        if prompt.yes(args.acme, question)? {
            answers.acme = Some(acme_listen(has_units));
        }
        let default = Some(answers.listen.clone());
        answers.listen = prompt.answer(args.listen, "--listen", "Listen on", default, |text| {
            self.fits(&answers, text.parse::<ListenAddress>(), |answers, address| {
                answers.listen = address;
            })
        })?;
        Ok(answers)
    }

    /// The answer, if the configuration takes it: all others in `answers` are known to be taken.
    fn fits<T: Clone>(
        &self,
        answers: &Answers,
        parsed: Result<T, impl Display>,
        put: impl FnOnce(&mut Answers, T),
    ) -> Result<T, String> {
        let answer = parsed.map_err(|error| error.to_string())?;
        let mut with_it = answers.clone();
        put(&mut with_it, answer.clone());
        let text = text::config(&with_it);
        match Config::parse(&text, self.config_file, &Machine::default()) {
            Ok(_) => Ok(answer),
            Err(error) => {
                let what = error.findings().iter().map(|finding| finding.what.clone());
                Err(what.collect::<Vec<_>>().join("; "))
            }
        }
    }
}

/// A socket of systemd where there is the unit for it: the service itself has no right to port 25.
fn default_listen(has_units: bool) -> ListenAddress {
    match has_units {
        true => ListenAddress::Systemd("smtp".to_owned()),
        false => ListenAddress::Tcp { host: "0.0.0.0".into(), port: 25 },
    }
}

/// Listeners for mail programs, and for browsers. No unit has port 443.
fn further(submission: bool, web: bool, has_units: bool) -> Vec<Further> {
    let at = |port, name: &str| match has_units {
        true => ListenAddress::Systemd(name.to_owned()),
        false => ListenAddress::Tcp { host: "0.0.0.0".into(), port },
    };
    let mut further = Vec::new();
    if submission {
        let what = "Mail programs of accounts (docs/SEND-AS.md), by STARTTLS and by TLS at once.";
        let keys = "protocol = \"submission\"\n";
        further.push(Further { address: at(587, "submission"), what, keys });
        let keys = "protocol = \"submission\"\ntls = \"implicit\"\n";
        further.push(Further { address: at(465, "smtps"), what: "", keys });
    }
    if web {
        let address = ListenAddress::Tcp { host: "0.0.0.0".into(), port: 443 };
        let what = "The page and the API (docs/WEB.md): `onward web login` lets somebody in.";
        let keys = "protocol = \"http\"\nserve = [\"web\", \"api\"]\ntls = \"implicit\"\n";
        further.push(Further { address, what, keys });
    }
    further
}

/// As [`default_listen`], of port 80; `None` is the default.
fn acme_listen(has_units: bool) -> Option<ListenAddress> {
    has_units.then(|| ListenAddress::Systemd("acme".to_owned()))
}

/// A name below the domain, or the domain where that would be too long.
fn below(domain: &Domain, label: &str) -> Domain {
    Domain::parse(&format!("{label}.{domain}")).unwrap_or_else(|_| domain.clone())
}

/// False for `vm` and the like, which nobody else can look up.
fn has_parent(name: &Domain) -> bool {
    name.to_string().contains('.')
}

fn hosted(alias: &Mailbox, domain: &Domain) -> Result<(), String> {
    match alias.domain() == domain {
        true => Ok(()),
        false => Err(format!("{alias} is not in {domain}")),
    }
}

fn leads(alias: &Mailbox, to: &Mailbox) -> Result<(), String> {
    if alias == to {
        return Err(format!("{alias} cannot lead to itself"));
    }
    Alias::forward(AliasAddress::Exact(alias.clone()), [to.to_string().as_str()])
        .map(drop)
        .map_err(|error| error.to_string())
}

fn refused(option: &str, what: String) -> Failure {
    Failure::new(format_args!("{option}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemds_socket_is_the_default_where_there_is_its_unit() {
        assert_eq!(default_listen(true).to_string(), "systemd:smtp");
        assert_eq!(default_listen(false).to_string(), "0.0.0.0:25");
    }

    #[test]
    fn an_alias_is_of_the_domain_and_leads_elsewhere() {
        let mailbox = |text: &str| Mailbox::parse(text).unwrap();
        let domain = Domain::parse("example.org").unwrap();
        assert!(hosted(&mailbox("hello@EXAMPLE.org"), &domain).is_ok());
        let refused = hosted(&mailbox("hello@example.com"), &domain);
        assert_eq!(refused.unwrap_err(), "hello@example.com is not in example.org");
        let alias = mailbox("hello@example.org");
        assert!(leads(&alias, &mailbox("me@mailbox.example")).is_ok());
        assert!(leads(&alias, &alias).is_err());
    }
}
