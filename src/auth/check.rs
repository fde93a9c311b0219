use super::{
    arc::{self, Sealer},
    body::{self, BodyHash},
    dkim::{SignedBody, SigningKey},
    dmarc::{self, Sender},
    records::Records,
    signatures,
    view::View,
};
use crate::{
    address::ReversePath,
    dns::Resolver,
    message::{Authors, Change, Header, RESULTS_FIELD},
    time::UnixTime,
    verdict::{Arc, AuthPolicy, Check, Dkim, Dmarc, Findings, Spf},
};
use mail_auth::{AuthenticatedMessage, AuthenticationResults, DkimOutput, DmarcOutput};
use std::{fmt::Write, future::Future, iter, net::IpAddr, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Above this many octets, hashing a message is no work for a thread that others wait for.
const LARGE: usize = 128 << 10;

/// Longest time for policies that were asked for a moment ago.
const KNOWN: Duration = Duration::from_secs(5);

/// A message that came, and who brought it.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The client; `None` on a unix socket.
    pub ip: Option<IpAddr>,
    /// What the client called itself.
    pub helo: &'a str,
    /// The reverse-path as the client gave it.
    pub reverse_path: &'a ReversePath,
    /// The header section of `message`.
    pub header: &'a Header<'a>,
    /// Its authors; `None` where From cannot be read.
    pub authors: Option<&'a Authors>,
    /// The message.
    pub message: &'a [u8],
    /// When the message came.
    pub now: UnixTime,
}

/// SPF of whoever brings a message.
#[derive(Debug, Clone, Copy)]
pub struct SenderSpf {
    /// SPF of the reverse-path, or of the HELO name where that is null.
    pub reverse_path: Spf,
    /// SPF of the HELO name, which is told and decides nothing.
    pub helo: Spf,
}

/// What the checks found, and what is needed to check again.
#[derive(Debug)]
pub struct Checked {
    /// What the checks found.
    pub findings: Findings,
    /// The value of an Authentication-Results field (RFC 8601): our name first, folded, without a last
    /// CRLF.
    results: String,
    records: Records,
    /// The signatures that verify.
    passing: Vec<Vec<u8>>,
    bodies: Vec<BodyHash>,
    /// What the ARC chain came to.
    chain: Result<Arc, &'static str>,
}

/// What breaks of the signatures of a message behind our fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The domains of the signatures that do not verify any more.
    pub domains: Vec<String>,
    /// DMARC of each From domain by the signatures that do; empty where no policy hangs on them.
    pub authors: Vec<Dmarc>,
}

/// Checks a message: DKIM beside `spf` and the questions of DMARC, then DMARC. What is not known by `deadline` is a temperror.
///
/// `authserv_id` is our name in the field, which tells what `policy` does not switch off.
pub async fn check(
    resolver: &Resolver,
    incoming: Incoming<'_>,
    spf: impl Future<Output = SenderSpf>,
    policy: &AuthPolicy,
    authserv_id: &str,
    deadline: Instant,
) -> Checked {
    let records = Records::default();
    let view = View::of(b"", incoming.header, incoming.message);
    let parsed = read(&view, incoming.message.len()).unwrap_or_default();
    // DMARC comes after it and needs its own.
    let half = Instant::now() + deadline.saturating_duration_since(Instant::now()) / 2;
    let domain = match incoming.reverse_path.mailbox() {
        Some(mailbox) => mailbox.domain().to_string(),
        None => incoming.helo.to_owned(),
    };
    let domains = incoming.authors.map(Authors::domains).unwrap_or_default();
    let policies = async {
        if policy.dmarc != Check::Off {
            let signers = parsed.dkim_headers.iter().map(|field| field.header.d.as_str());
            let identifiers = iter::once(&*domain).chain(signers);
            dmarc::ask_ahead(resolver, &records, domains, identifiers, deadline).await;
        }
    };
    let verified = signatures::verify(resolver, &parsed, &records, half);
    let chain = arc::validate(resolver, &parsed, &records, incoming.now, half);
    let (spf, outputs, chain, ()) = tokio::join!(timeout_at(half, spf), verified, chain, policies);
    let late = SenderSpf { reverse_path: Spf::TempError, helo: Spf::TempError };
    let SenderSpf { reverse_path: spf, helo } = spf.unwrap_or(late);
    let sender = Sender { domain: &domain, spf };
    let greeting = Sender { domain: incoming.helo, spf: helo };
    let dmarc = match policy.dmarc {
        Check::Off => Vec::new(),
        _ => dmarc::verify_all(resolver, &records, domains, &outputs, &sender, deadline).await,
    };
    let arc = chain.result().unwrap_or(Arc::Fail);
    let results = results(
        &incoming,
        [&sender, &greeting],
        &outputs,
        &dmarc,
        (chain.instances() > 0).then_some(arc),
        policy,
        authserv_id,
    );
    let authors: Vec<Dmarc> = match policy.dmarc {
        Check::Off => domains.iter().map(|domain| Dmarc::unknown(domain.to_key())).collect(),
        _ => dmarc.iter().map(dmarc::found).collect(),
    };
    let found = signatures::found(&outputs);
    let passing = signatures::passing(&outputs);
    let dmarc = Dmarc::strictest(&authors);
    let findings = Findings { spf, sender_domain: domain, signatures: found, dmarc, authors, arc };
    records.close();
    let bodies = parsed.body_hashes.clone();
    let chain = chain.result();
    Checked { findings, results, records, passing, bodies, chain }
}

impl Checked {
    /// What was found of a message of which nothing need be checked again.
    #[cfg(test)]
    pub(crate) fn known(findings: Findings) -> Self {
        Self {
            findings,
            results: "us; none".to_owned(),
            records: Records::default(),
            passing: Vec::new(),
            bodies: Vec::new(),
            chain: Ok(Arc::None),
        }
    }

    /// An Authentication-Results field, whole.
    pub fn field(&self) -> Vec<u8> {
        let results = self.results.as_str();
        [RESULTS_FIELD, ": ", results, "\r\n"].concat().into_bytes()
    }

    /// One more ARC set for a message that came as `came` and leaves with the header section of `prefix` and `header`,
    /// and the body that came: three whole fields. `None` where there must be none, as where DNS did not tell what the
    /// chain is worth.
    pub fn seal(
        &self,
        key: &SigningKey,
        came: &Header<'_>,
        (prefix, header): (&[u8], &[u8]),
        body: &SignedBody<'_>,
        now: UnixTime,
    ) -> Option<Vec<u8>> {
        if self.findings.arc == Arc::TempError {
            return None;
        }
        let after = Header::scan(header);
        let (before, after) = (View::of(b"", came, came.bytes()), View::of(prefix, &after, header));
        let (before, mut after) = (before.parse()?, after.parse()?);
        // Of a body that is not there.
        after.body_hashes = vec![body::relaxed(body.hash())];
        let chain = arc::Chain::known(&before.headers, self.chain);
        let sealer = Sealer {
            key,
            domain: key.domain().as_str(),
            selector: key.selector().as_str(),
            fields: arc::FIELDS,
        };
        sealer.seal(&after, &self.results, &chain, now)
    }

    /// Checks all signatures that verified once more, on the bytes that are about to be sent: `prefix` and
    /// `leaves`. Nobody is asked for their keys again. `came` is the message that was checked: a body that
    /// is the same, octet by octet, has the hash that it had.
    ///
    /// # Errors
    /// The signatures that do not verify any more, and what DMARC makes of the others.
    pub async fn check_again(
        &self,
        resolver: &Resolver,
        came: &[u8],
        (prefix, leaves): (&[u8], &[u8]),
    ) -> Result<(), Broken> {
        if self.passing.is_empty() {
            return Ok(());
        }
        let header = Header::scan(leaves);
        let (head, is_same_body) = match (split(&header, leaves), split(&Header::scan(came), came))
        {
            (Some((head, leaves)), Some((_, came))) if leaves == came => (head, true),
            _ => (leaves, false),
        };
        self.again(resolver, prefix, head, is_same_body).await
    }

    /// As [`Checked::check_again`], where `change` is made in the header section of the message that came.
    ///
    /// # Errors
    /// As [`Checked::check_again`].
    pub async fn check_changed(
        &self,
        resolver: &Resolver,
        came: &[u8],
        (prefix, change): (&[u8], &Change),
    ) -> Result<(), Broken> {
        let (head, is_regular) = match split(&Header::scan(came), came) {
            Some((head, _)) => (head, true),
            None => (came, false),
        };
        let part = |range| head.get(range).unwrap_or_default();
        let Change { at, with } = change;
        let head = [part(0..at.start), &with[..], part(at.end..head.len())].concat();
        match self.passing.is_empty() {
            true => Ok(()),
            false => self.again(resolver, prefix, &head, is_regular).await,
        }
    }

    async fn again(
        &self,
        resolver: &Resolver,
        prefix: &[u8],
        head: &[u8],
        is_same_body: bool,
    ) -> Result<(), Broken> {
        let header = Header::scan(head);
        let view = View::of(prefix, &header, head);
        let mut parsed = read(&view, head.len()).unwrap_or_default();
        if is_same_body {
            body::reuse(&mut parsed, &self.bodies);
        }
        let known = Instant::now();
        let outputs = signatures::verify(resolver, &parsed, &self.records, known).await;
        let passing = signatures::passing(&outputs);
        let passed = self.findings.signatures.iter().filter(|found| found.result == Dkim::Pass);
        let domains: Vec<String> = passed
            .zip(&self.passing)
            .filter(|(_, signature)| !passing.contains(signature))
            .map(|(found, _)| found.domain.clone())
            .collect();
        if domains.is_empty() {
            return Ok(());
        }
        let authors = match self.findings.depends_on_signatures() {
            true => {
                // That of the sender is lost with the sender's address.
                let sender = Sender { domain: "", spf: Spf::None };
                let authors = Authors::read(&header);
                let domains = authors.as_ref().map(Authors::domains).unwrap_or_default();
                // Whose address From has now may be another's.
                let records = Records::default();
                let deadline = Instant::now() + KNOWN;
                let verified =
                    dmarc::verify_all(resolver, &records, domains, &outputs, &sender, deadline);
                verified.await.iter().map(dmarc::found).collect()
            }
            false => Vec::new(),
        };
        Err(Broken { domains, authors })
    }
}

/// The header section with the empty line behind it, and the body.
fn split<'a>(header: &Header<'_>, message: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let end = header.bytes().len();
    let is_regular = message.get(end..)?.starts_with(b"\r\n");
    message.split_at_checked(end + 2).filter(|_| is_regular)
}

fn read<'a>(view: &'a View<'_>, octets: usize) -> Option<AuthenticatedMessage<'a>> {
    aside(octets, || view.parse())
}

/// Does `work`, which goes through so many octets, where it holds up nobody. To be called on a runtime of
/// several threads.
pub fn aside<T>(octets: usize, work: impl FnOnce() -> T) -> T {
    if octets > LARGE { tokio::task::block_in_place(work) } else { work() }
}

/// Octets that most results have.
const RESULTS: usize = 512;

fn results(
    incoming: &Incoming<'_>,
    [sender, greeting]: [&Sender<'_>; 2],
    signatures: &[DkimOutput<'_>],
    dmarc: &[DmarcOutput],
    arc: Option<Arc>,
    policy: &AuthPolicy,
    authserv_id: &str,
) -> String {
    let mut results = AuthenticationResults::new(authserv_id);
    if let Some(ip) = incoming.ip.filter(|_| policy.spf != Check::Off) {
        results = results.with_spf_ehlo_result(&greeting.to_output(), ip, incoming.helo);
        if let ReversePath::Mailbox(mailbox) = incoming.reverse_path {
            // In ASCII: the destination may lack SMTPUTF8.
            let from = match mailbox.local().is_ascii() {
                true => mailbox.to_string(),
                false => sender.domain.to_owned(),
            };
            results =
                results.with_spf_mailfrom_result(&sender.to_output(), ip, &from, incoming.helo);
        }
    }
    if policy.dkim != Check::Off {
        results = results.with_dkim_results(signatures, "");
    }
    for author in dmarc {
        results = results.with_dmarc_result(author);
    }
    let mut text = String::with_capacity(RESULTS);
    // Writing to a String cannot fail.
    let _ = write!(text, "{results}");
    if text == authserv_id {
        text.push_str("; none");
    }
    if let Some(arc) = arc.filter(|_| policy.dkim != Check::Off) {
        text.push_str(&format!(";\r\n\tarc={arc}"));
    }
    // What strangers call themselves goes into it.
    match text.is_ascii() {
        true => text,
        false => text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect(),
    }
}
