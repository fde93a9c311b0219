//! What becomes of an address: rewritten, and turned back.

use super::{Error, srs_keys::keyring};
use crate::{
    address::{Domain, Mailbox},
    clock,
    config::Config,
    srs::{Forwarded, Reversed, Rewriter, Settings, Token},
    store::blocking::Directory,
    time::UnixTime,
};
use std::path::Path;

/// What rewrites: the settings, the secrets, and where senders are kept whose rewritten address would be too
/// long.
#[derive(Debug, Clone, Copy)]
pub struct Srs<'a> {
    /// How addresses are rewritten.
    pub settings: &'a Settings,
    /// Where the secrets are.
    pub secret_file: &'a Path,
    /// Where long senders are kept, in the store; it is opened when one comes, as most are short enough.
    pub state_dir: &'a Path,
    /// Most of them that are kept.
    pub max_long_senders: u64,
}

impl<'a> Srs<'a> {
    /// As the daemon rewrites.
    pub fn of(config: &'a Config) -> Self {
        Self {
            settings: &config.srs.settings,
            secret_file: &config.srs.secret_file,
            state_dir: &config.state_dir,
            max_long_senders: config.limits.srs_entries as u64,
        }
    }

    /// The reverse-path with which a sender's mail is forwarded, as of a time; the sender as given where it
    /// needs no rewriting. `alias_domain` is for settings that rewrite to the domain of the alias.
    ///
    /// # Errors
    /// When the sender is no address, it cannot be kept, or the secrets cannot be read.
    pub fn forward(
        &self,
        address: &str,
        alias_domain: Option<&Domain>,
        at: Option<UnixTime>,
    ) -> Result<String, Error> {
        let rewriter = self.rewriter()?;
        if address == "<>" {
            return Ok(address.to_owned());
        }
        let sender = mailbox(address)?;
        let now = at.unwrap_or_else(clock::now);
        let srs_domain = match alias_domain {
            None => &self.settings.domain,
            Some(domain) if self.settings.per_domain => domain,
            Some(_) => {
                return Err(Error::refused(
                    "--domain has a meaning only with srs.per_domain = true",
                ));
            }
        };
        match rewriter.forward(&sender, srs_domain, now) {
            Forwarded::Unchanged => Ok(address.to_owned()),
            Forwarded::Rewritten(rewritten) => Ok(rewritten.to_string()),
            Forwarded::TooLong => {
                let token = rewriter.token_for(&sender);
                let rewritten =
                    rewriter.forward_token(&token, srs_domain, now).map_err(Error::refused)?;
                self.keep(&token, &sender, rewriter.end_of_life(now))?;
                Ok(rewritten.to_string())
            }
        }
    }

    /// Where a bounce to a rewritten address goes, as of a time.
    ///
    /// # Errors
    /// When the address is not one of ours, or no longer valid, or the secrets cannot be read.
    pub fn reverse(&self, address: &str, at: Option<UnixTime>) -> Result<String, Error> {
        let rewriter = self.rewriter()?;
        let recipient = mailbox(address)?;
        let now = at.unwrap_or_else(clock::now);
        let Settings { domain, per_domain, .. } = self.settings;
        if !per_domain && recipient.domain() != domain {
            return Err(Error::refused(format_args!(
                "{recipient}: not at the SRS domain, {domain}"
            )));
        }
        match rewriter.reverse(&recipient, now) {
            Ok(Reversed::Mailbox(sender)) => Ok(sender.to_string()),
            Ok(Reversed::Token(token)) => match self.kept(&token, now)? {
                Some(sender) => Ok(sender.to_string()),
                None => {
                    Err(Error::refused(format_args!("{recipient}: its sender is no longer kept")))
                }
            },
            Err(error) => Err(Error::refused(format_args!("{recipient}: {error}"))),
        }
    }

    fn rewriter(&self) -> Result<Rewriter, Error> {
        Rewriter::new(self.settings.clone(), keyring(self.secret_file)?).map_err(Error::refused)
    }

    fn keep(&self, token: &Token, sender: &Mailbox, expires: UnixTime) -> Result<(), Error> {
        Directory::open(self.state_dir)?
            .srs_put(token.as_str(), sender, expires, clock::now(), self.max_long_senders)
            .map_err(|error| Error::refused(format_args!("cannot keep {sender}: {error}")))
    }

    fn kept(&self, token: &Token, now: UnixTime) -> Result<Option<Mailbox>, Error> {
        Ok(Directory::open(self.state_dir)?.srs_get(token.as_str(), now)?)
    }
}

fn mailbox(text: &str) -> Result<Mailbox, Error> {
    // Debug form: what is no address may hold anything, and the reason is one line.
    Mailbox::parse(text).map_err(|error| Error::refused(format_args!("{text:?}: {error}")))
}
