//! As whose mail each copy leaves: whose From it has, who signs it, and where its bounces go. Decided before a
//! byte is made, as the identifiers of ours that are in it must not speak for a From domain that is not proven
//! here ([`borrowed`]).

mod own_name;

use super::{
    checks::{self, Report},
    parts::Parts,
    plan::Planned,
    sender::Sender,
};
use crate::{
    address::{Domain, ForwardPath, Mailbox, ReversePath},
    auth,
    message::{Authors, Header, Named, NewFrom},
    reply::Reply,
    time::UnixTime,
    verdict::{
        Author, Check, Class, Findings, OwnFrom, Proof, Sign, borrowed, is_one_owner, may_align,
        organizational,
    },
};
use own_name::wants_own_from;

/// On what the form of a copy depends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whose the message becomes; `None`: it stays its author's.
    pub(crate) from: Option<NewFrom>,
    /// The domain that signs; it has a key.
    pub(crate) signer: Option<Domain>,
    /// The domain that seals by ARC, where that is wanted.
    pub(crate) sealer: Option<Domain>,
    pub(crate) reverse_path: ReversePath,
    /// Nobody can be put in the author's place.
    pub(crate) is_return: bool,
    /// The alias through which the author is answered, where its owner asked for that.
    pub(crate) answered_as: Option<Mailbox>,
}

/// Who brings a message that passed its checks, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bearer<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) sender: &'a Sender,
    pub(crate) now: UnixTime,
}

/// A From domain and an identifier of ours that receivers may take for one owner's, both in lower case.
type Aligned = (String, String);

impl Look {
    /// The message as it came.
    fn as_it_came(parts: &Parts, to: &Planned, may_sign: bool) -> Self {
        let Planned { recipient, reverse_path, .. } = to;
        // What returns is a stranger's, whatever it says: it gets nothing of ours.
        let domain = (!recipient.is_srs_return()).then(|| recipient.srs_domain.clone());
        Self {
            from: None,
            signer: domain.clone().filter(|domain| may_sign && parts.signs_for(domain)),
            sealer: domain,
            reverse_path: reverse_path.clone(),
            is_return: recipient.is_srs_return(),
            answered_as: to.recipient.answered_as(&to.reverse_path),
        }
    }

    /// The message as the alias's: at the alias's own domain where our signature or the reverse-path is aligned
    /// with that, else at the domain that carries it. `None` for a bounce on its way back, which has no alias to
    /// come from.
    pub(super) fn munged(
        parts: &Parts,
        to: &Planned,
        may_sign: bool,
        author: Named,
    ) -> Option<Self> {
        let Planned { recipient, reverse_path, .. } = to;
        let srs_domain = &recipient.srs_domain;
        let alias = match &recipient.path {
            _ if recipient.is_srs_return() => return None,
            ForwardPath::Mailbox(mailbox) => mailbox.clone(),
            ForwardPath::Postmaster => postmaster(srs_domain)?,
        };
        let own = alias.domain();
        let signs_for = |domain: &Domain| may_sign && parts.signs_for(domain);
        let is_own = |domain: &Domain| is_one_owner(own.as_str(), domain.as_str());
        let is_carried = is_own(carrier(parts, reverse_path));
        let (address, signer) = if signs_for(own) {
            (alias.clone(), own)
        } else if is_carried || signs_for(srs_domain) && is_own(srs_domain) {
            (alias.clone(), srs_domain)
        } else {
            // Reply-To leads to the author; this leads a bounce there.
            let back = reverse_path.mailbox().filter(|back| back.domain() == srs_domain);
            (back.cloned().or_else(|| postmaster(srs_domain))?, srs_domain)
        };
        Some(Self {
            sealer: (author == Named::Known).then(|| signer.clone()),
            signer: signs_for(signer).then(|| signer.clone()),
            from: Some(NewFrom { address, alias, author }),
            reverse_path: reverse_path.clone(),
            is_return: false,
            answered_as: to.recipient.answered_as(&to.reverse_path),
        })
    }

    /// What would vouch for From at a receiver. An ARC seal does not.
    fn identifiers<'a>(&'a self, parts: &'a Parts) -> Vec<&'a str> {
        let carrier = carrier(parts, &self.reverse_path).as_str();
        let signer = self.signer.as_ref().map(Domain::as_str);
        // Which of them it is said to is not known here.
        let of_routes = parts.config.routes.iter().filter_map(|route| route.to.relay.as_ref());
        let hellos = of_routes.filter_map(|relay| relay.hello.as_ref().map(Domain::as_str));
        let hellos = hellos.filter(|_| self.reverse_path.mailbox().is_none());
        std::iter::once(carrier).chain(signer).chain(hellos).collect()
    }

    /// True where what From passes DMARC by is lost behind us, and an identifier of ours at the very same
    /// domain takes its place.
    pub(super) fn stands_in_for(&self, parts: &Parts, domain: &str) -> bool {
        self.identifiers(parts).iter().any(|identifier| identifier.eq_ignore_ascii_case(domain))
    }
}

impl Bearer<'_> {
    /// How the message of `report` leaves for each of `planned`. What the owner should know of that goes into
    /// the report.
    ///
    /// # Errors
    /// The reply for the client when an identifier of ours would speak for somebody who does not vouch for it.
    pub(crate) async fn looks(
        self,
        report: &mut Report,
        planned: &[Planned],
    ) -> Result<Vec<Look>, Reply> {
        let parts = self.parts;
        let may_sign = self.may_sign(report, planned).await;
        let mut looks: Vec<Look> =
            planned.iter().map(|to| Look::as_it_came(parts, to, may_sign)).collect();
        let vouched = self.vouched(report, planned, &looks).await?;
        let in_own_name = self.in_own_name(report, planned).await;
        let found = report.authentication.as_ref().map(|checked| &checked.findings);
        let is_lost = |look: &Look| {
            let mut authors = found.iter().flat_map(|found| &found.authors);
            authors.any(|author| {
                Class::of(author) == Class::SpfOnly && !look.stands_in_for(parts, &author.domain)
            })
        };
        for ((look, to), author) in looks.iter_mut().zip(planned).zip(vouched) {
            let munged = match author {
                Some(author) => {
                    let munged = Look::munged(parts, to, false, author);
                    Some(munged.ok_or_else(Reply::local_error)?)
                }
                None if report.is_munged && is_lost(look) => {
                    Look::munged(parts, to, may_sign, Named::Known)
                }
                None if wants_own_from(to) => {
                    in_own_name.clone().and_then(|author| Look::munged(parts, to, may_sign, author))
                }
                None => None,
            };
            if let Some(munged) = munged {
                *look = munged;
            }
        }
        if looks.iter().any(|look| look.from.is_some()) {
            report.conclusion.push_str(", munged");
        }
        Ok(looks)
    }

    /// Whether our keys may sign a message that no SRS address took.
    async fn may_sign(self, report: &Report, planned: &[Planned]) -> bool {
        let Self { parts, sender, now } = self;
        let has_key = |to: &Planned| {
            let alias = match &to.recipient.path {
                ForwardPath::Mailbox(mailbox) => Some(mailbox.domain()),
                ForwardPath::Postmaster => None,
            };
            alias.is_some_and(|own| parts.signs_for(own))
                || parts.signs_for(&to.recipient.srs_domain)
        };
        match (parts.config.auth.sign, &report.authentication) {
            (Sign::Authenticated, Some(checked)) => {
                checked.findings.may_be_signed(Sign::Authenticated)
            }
            (Sign::Authenticated, None) => {
                let found =
                    async || checks::findings(parts, sender, &report.message, now, false).await;
                planned.iter().any(has_key) && found().await.may_be_signed(Sign::Authenticated)
            }
            (Sign::All, _) => true,
            (Sign::None, _) => false,
        }
    }

    /// For each of `looks` the author under whose name the message may leave, munged, as he is not verified;
    /// `None` where it may leave as it came.
    async fn vouched(
        self,
        report: &mut Report,
        planned: &[Planned],
        looks: &[Look],
    ) -> Result<Vec<Option<Named>>, Reply> {
        if looks.is_empty() {
            return Ok(Vec::new());
        }
        let (parts, auth) = (self.parts, &self.parts.config.auth);
        let identifiers = || {
            let all = looks.iter().flat_map(|look| look.identifiers(parts));
            let mut all: Vec<&str> = all.collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let Some(from) = &report.authors else {
            // Only what returns comes so far.
            let is_fine = auth.own_from == OwnFrom::Mark
                || names_none(&Header::scan(&report.message), &identifiers());
            return match is_fine {
                true => Ok(vec![None; looks.len()]),
                false => Err(Reply::own_from_unreadable()),
            };
        };
        let open = self.open(report, from);
        if open.is_empty() {
            return Ok(vec![None; looks.len()]);
        }
        let (authors, aligned) = self.unproven(report, open, &identifiers()).await;
        if authors.is_empty() {
            return Ok(vec![None; looks.len()]);
        }
        let aligns = |author: &str, identifier: &str| {
            aligned.contains(&(author.to_owned(), identifier.to_ascii_lowercase()))
        };
        // Who takes mail that nobody vouches for takes that too, if it says so.
        let own_from = match auth.own_from {
            OwnFrom::Refuse if planned.iter().all(|to| to.recipient.is_open(auth)) => {
                OwnFrom::Munge
            }
            own_from => own_from,
        };
        let mut vouched = Vec::with_capacity(looks.len());
        let mut note = None;
        for (look, to) in looks.iter().zip(planned) {
            let found = borrowed(&authors, &look.identifiers(parts), aligns);
            vouched.push(match (found, own_from) {
                (None, _) => None,
                (Some(found), OwnFrom::Mark) => {
                    note = Some((found.author.to_owned(), "sent on in its name all the same"));
                    None
                }
                (Some(found), _) if found.is_unanswered => return Err(Reply::auth_unanswered()),
                (Some(found), OwnFrom::Munge) if !to.recipient.is_srs_return() => {
                    note = Some((found.author.to_owned(), "sent on as not verified"));
                    Some(Named::NotVerified(named(from, found.author)))
                }
                (Some(found), _) => return Err(Reply::own_from(found.author)),
            });
        }
        if let Some((domain, what)) = note {
            report.notes.push(format!(
                "{domain} does not vouch for it (neither SPF nor DKIM of the service that sends it): {what}"
            ));
        }
        Ok(vouched)
    }

    /// What is known of who sent the message, with DMARC.
    fn known(self, report: &Report) -> Option<&Findings> {
        match (&report.authentication, self.parts.config.auth.policy.dmarc) {
            (Some(checked), Check::Mark | Check::Enforce) => Some(&checked.findings),
            _ => None,
        }
    }

    /// The From domains of which it is not known that the message is from there.
    fn open(self, report: &Report, from: &Authors) -> Vec<String> {
        let known = self.known(report);
        let domains = from.domains().iter().map(Domain::key);
        let open = domains.filter(|it| known.is_none_or(|found| proof(found, it) != Proof::Proven));
        open.map(str::to_owned).collect()
    }

    /// Of these From domains those that one of `identifiers` may be aligned with and that are not proven to be from there,
    /// and with which.
    async fn unproven(
        self,
        report: &Report,
        mut domains: Vec<String>,
        identifiers: &[&str],
    ) -> (Vec<Author>, Vec<Aligned>) {
        let Self { parts, sender, now } = self;
        let known = self.known(report);
        let mut aligned = Vec::new();
        for domain in &domains {
            for identifier in identifiers {
                let resolver = sender.resolver(parts);
                if may_align(domain, identifier)
                    || auth::are_joined_by_policy(&resolver, domain, identifier).await
                {
                    aligned.push((domain.clone(), identifier.to_ascii_lowercase()));
                }
            }
        }
        domains.retain(|domain| aligned.iter().any(|(author, _)| author == domain));
        let asked = match known {
            None if !domains.is_empty() => {
                Some(checks::findings(parts, sender, &report.message, now, true).await)
            }
            _ => None,
        };
        let Some(found) = known.or(asked.as_ref()) else { return (Vec::new(), Vec::new()) };
        let author = |domain: String| Author { proof: proof(found, &domain), domain };
        (domains.into_iter().map(author).collect(), aligned)
    }
}

fn proof(findings: &Findings, domain: &str) -> Proof {
    let author = findings.authors.iter().find(|author| author.domain.eq_ignore_ascii_case(domain));
    author.map_or(Proof::Unproven, |author| findings.proof_of(author))
}

/// Whose SPF a receiver asks for: that of the HELO name where the reverse-path is null (RFC 7208 §2.4).
fn carrier<'a>(parts: &'a Parts, reverse_path: &'a ReversePath) -> &'a Domain {
    reverse_path.mailbox().map_or(&parts.config.hostname, Mailbox::domain)
}

fn postmaster(domain: &Domain) -> Option<Mailbox> {
    Mailbox::parse(&format!("postmaster@{domain}")).ok()
}

/// How the author at `domain` is told: by the address that is claimed.
fn named(from: &Authors, domain: &str) -> String {
    let is_there = |mailbox: &&Mailbox| mailbox.domain().as_str().eq_ignore_ascii_case(domain);
    let mailbox = from.mailboxes().iter().find(is_there);
    mailbox.map_or_else(|| domain.to_owned(), ToString::to_string)
}

/// True where From, which cannot be read for certain, names none of `identifiers` to anybody: as the `MAILER-DAEMON` of
/// old servers, or the two From fields of a gateway.
fn names_none(header: &Header<'_>, identifiers: &[&str]) -> bool {
    let owners: Vec<String> = identifiers.iter().map(|name| organizational(name)).collect();
    let is_free_of_them = |value: &[u8]| {
        let text = String::from_utf8_lossy(value).to_ascii_lowercase();
        // An encoded-word may hold anything, and so may what looks like ASCII and is not.
        let is_plain = text.is_ascii() && !text.contains("=?");
        is_plain
            && owners.iter().all(|owner| {
                [&text, &without_comments(&text)].iter().all(|text| !text.contains(owner.as_str()))
            })
    };
    header.is_ended() && header.named("From").all(|from| is_free_of_them(from.value))
}

/// `text` without what may stand between the parts of an address (RFC 5322 §3.2.2).
fn without_comments(text: &str) -> String {
    let mut depth = 0_usize;
    let keep = |c: &char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && !matches!(c, ')' | '"' | '\\') && !c.is_ascii_whitespace()
    };
    text.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_unclear_from_may_name() {
        for (from, is) in [
            ("MAILER-DAEMON", true),
            ("a@b.test\r\nFrom: c@d.test", true),
            ("a@b.test\r\nFrom: ceo@FWD.test", false),
            ("<ceo@fwd(x).te\r\n st>", false),
            ("(ceo@mx.fwd.test", false),
            ("ceo@\"fwd\".test", false),
            ("=?utf-8?b?Y2VvQGZ3ZC50ZXN0?=", false),
            ("ceo@f\u{1d430}d.test", false),
        ] {
            let message = format!("From: {from}\r\n\r\n");
            let header = Header::scan(message.as_bytes());
            assert_eq!(names_none(&header, &["mx.fwd.test"]), is, "{from:?}");
        }
        assert!(!names_none(&Header::scan(b"From: x\r\nno end"), &["mx.fwd.test"]));
    }
}
