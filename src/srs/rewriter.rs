use super::{
    Keyring, Settings, SettingsError, Token,
    form::{Body, Form, Prefix, split_prefix},
    tag::{self, Accepted, Returns},
    timestamp::{self, Timestamp},
};
use crate::{
    address::{AddressError, Domain, DomainPattern, LocalPart, Mailbox},
    time::UnixTime,
};
use hmac::Mac;
use std::collections::HashSet;

/// Makes SRS addresses and takes them apart.
#[derive(Debug)]
pub struct Rewriter {
    settings: Settings,
    keyring: Keyring,
    /// For those of the settings that name one domain.
    exempt: HashSet<Domain>,
    exempt_patterns: Vec<DomainPattern>,
    accepted: Accepted,
}

/// What becomes of a sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forwarded {
    /// The sender stays: its domain is exempt, or is the SRS domain itself.
    Unchanged,
    /// The reverse-path to use.
    Rewritten(Mailbox),
    /// The rewritten address would be too long. Keep the sender under [`Rewriter::token_for`] until
    /// [`Rewriter::end_of_life`] and use [`Rewriter::forward_token`].
    TooLong,
}

/// Why a sender cannot be rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// Not even a token fits into a path before this domain.
    #[error("the SRS domain is too long")]
    DomainTooLong,
}

/// Where a bounce goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reversed {
    /// To this mailbox: the sender, or the forwarder named by an SRS1 address.
    Mailbox(Mailbox),
    /// To the sender kept under this token.
    Token(Token),
}

/// Why a recipient is not turned back into a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReverseError {
    /// An ordinary address.
    #[error("not an SRS address")]
    NotSrs,
    /// Begins like an SRS address; what follows is none, or names no address.
    #[error("malformed SRS address")]
    Malformed,
    /// The tag was not made with a secret of ours, or not for this address.
    #[error("the signature of the SRS address is not ours")]
    BadTag,
    /// Ours, and made to take no returns ([`Returns::Refused`]).
    #[error("the SRS address takes no returns: its sender had failed SPF")]
    NoReturns,
    /// Ours, but made too long ago.
    #[error("the SRS address has expired")]
    Expired,
}

/// Stands as HOST before a token. No domain of a sender: a name does not end in an all-digit label.
const TOKEN_HOST: &str = "1";

impl Rewriter {
    /// Puts settings and secrets together.
    ///
    /// # Errors
    /// As [`Settings::check`].
    pub fn new(settings: Settings, keyring: Keyring) -> Result<Self, SettingsError> {
        settings.check()?;
        let mut accepted = Accepted::default();
        accepted.add(settings.tag, settings.tag_length);
        for kind in &settings.also_accept {
            accepted.add(*kind, kind.default_length());
        }
        let (mut exempt, mut exempt_patterns) = (HashSet::new(), Vec::new());
        for pattern in &settings.exempt_domains {
            match pattern {
                DomainPattern::Exact(domain) => drop(exempt.insert(domain.clone())),
                pattern => exempt_patterns.push(pattern.clone()),
            }
        }
        Ok(Self { settings, keyring, exempt, exempt_patterns, accepted })
    }

    /// As given to [`Rewriter::new`].
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The secrets.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The right-hand side for mail that came to an alias at `alias_domain`.
    pub fn srs_domain<'a>(&'a self, alias_domain: &'a Domain) -> &'a Domain {
        if self.settings.per_domain { alias_domain } else { &self.settings.domain }
    }

    /// The first second at which an SRS0 address made `now` is refused.
    pub fn end_of_life(&self, now: UnixTime) -> UnixTime {
        timestamp::end_of_life(now, self.settings.max_age_days)
    }

    /// Rewrites a sender to an address at `srs_domain`, which takes returns or refuses them.
    ///
    /// An SRS0 address becomes an SRS1 address naming its forwarder. A well-formed SRS1 address keeps
    /// the forwarder it names, so chains of forwarders do not nest. Anything else, malformed SRS1
    /// included, is an ordinary sender.
    pub fn forward(
        &self,
        sender: &Mailbox,
        srs_domain: &Domain,
        returns: Returns,
        now: UnixTime,
    ) -> Forwarded {
        match sender.domain() == srs_domain {
            true => Forwarded::Unchanged,
            false => self.rewrite(sender, srs_domain, returns, now),
        }
    }

    /// [`Rewriter::forward`] for a sender that claims to be at the SRS domain, too.
    pub fn rewrite(
        &self,
        sender: &Mailbox,
        srs_domain: &Domain,
        returns: Returns,
        now: UnixTime,
    ) -> Forwarded {
        if self.is_exempt(sender.domain()) {
            return Forwarded::Unchanged;
        }
        // Taken from a valid sender, the parts can only be too long together.
        self.signed(body_for(sender, now), srs_domain, returns)
            .map_or(Forwarded::TooLong, Forwarded::Rewritten)
    }

    /// True for a domain whose senders are never rewritten.
    pub fn is_exempt(&self, domain: &Domain) -> bool {
        self.exempt.contains(domain)
            || self.exempt_patterns.iter().any(|pattern| pattern.matches(domain))
    }

    /// The name under which to keep a sender whose rewritten address would be too long.
    pub fn token_for(&self, sender: &Mailbox) -> Token {
        let mut mac = self.keyring.signing_key().sha256.clone();
        // No tag is computed over this prefix: those begin with SRS0 or SRS1 and a NUL.
        mac.update(b"token\0");
        mac.update(sender.to_string().as_bytes());
        Token::from_hash(&mac.finalize().into_bytes().into())
    }

    /// The SRS0 address at `srs_domain` that stands for the sender kept under `token`.
    ///
    /// # Errors
    /// When the SRS domain leaves no room for a local part of 64 octets.
    pub fn forward_token(
        &self,
        token: &Token,
        srs_domain: &Domain,
        returns: Returns,
        now: UnixTime,
    ) -> Result<Mailbox, ForwardError> {
        let stamp = Timestamp::of(now);
        let body = Body::Srs0 { stamp, host: TOKEN_HOST, local: token.as_str() };
        self.signed(body, srs_domain, returns).map_err(|_| ForwardError::DomainTooLong)
    }

    /// Turns an SRS address of ours back.
    ///
    /// Whether its domain is an SRS domain of ours is for the caller to know; the sha256 kind covers
    /// the domain, the sha1 kinds do not. The tag is checked before all else, so that only an address
    /// of ours is ever called expired, or said to take no returns.
    ///
    /// # Errors
    /// When the address is not SRS, not well-formed, not ours, takes no returns, or is too old.
    pub fn reverse(&self, recipient: &Mailbox, now: UnixTime) -> Result<Reversed, ReverseError> {
        let form = Form::parse(recipient.local())?;
        match self.accepted.verify(&form, recipient.domain(), &self.keyring) {
            Some(Returns::Taken) => {}
            Some(Returns::Refused) => return Err(ReverseError::NoReturns),
            None => return Err(ReverseError::BadTag),
        }
        match form.body {
            Body::Srs0 { stamp, .. } if stamp.age(now) > self.settings.max_age_days => {
                Err(ReverseError::Expired)
            }
            Body::Srs0 { host: TOKEN_HOST, local, .. } => {
                Token::parse(local).map(Reversed::Token).ok_or(ReverseError::Malformed)
            }
            Body::Srs0 { host, local, .. } => mailbox(local, host),
            Body::Srs1 { host, rest } => mailbox(&format!("{}{rest}", Prefix::Srs0.as_str()), host),
        }
    }

    fn signed(
        &self,
        body: Body<'_>,
        srs_domain: &Domain,
        returns: Returns,
    ) -> Result<Mailbox, AddressError> {
        let Settings { tag, tag_length, separator, .. } = self.settings;
        let tag =
            tag::sign(tag, tag_length, returns, &body, srs_domain, self.keyring.signing_key());
        let local = Form { tag: &tag, body }.to_local_part(separator)?;
        Mailbox::new(local, srs_domain.clone())
    }
}

fn body_for(sender: &Mailbox, now: UnixTime) -> Body<'_> {
    let (host, local) = (sender.domain().as_str(), sender.local().as_str());
    match split_prefix(local) {
        Some((Prefix::Srs0, rest)) => Body::Srs1 { host, rest },
        Some((Prefix::Srs1, _)) => match Form::parse(sender.local()) {
            Ok(Form { body: peeled @ Body::Srs1 { host, .. }, .. })
                if Domain::parse(host).is_ok() =>
            {
                peeled
            }
            _ => Body::Srs0 { stamp: Timestamp::of(now), host, local },
        },
        None => Body::Srs0 { stamp: Timestamp::of(now), host, local },
    }
}

fn mailbox(local: &str, host: &str) -> Result<Reversed, ReverseError> {
    let join = || Mailbox::new(LocalPart::new(local)?, Domain::parse(host)?);
    join().map(Reversed::Mailbox).map_err(|_: AddressError| ReverseError::Malformed)
}
