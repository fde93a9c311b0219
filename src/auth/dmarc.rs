//! DMARC of a From domain, by mail-auth: policy discovery, alignment and test mode as in RFC 9989.

use super::records::Records;
use crate::{
    address::Domain,
    dns::{LookupError, Resolver},
    verdict::{Dmarc, DmarcPolicy, DmarcResult, Spf, is_one_owner},
};
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DmarcOutput, DmarcResult as Theirs, Parameters, SpfOutput,
    SpfResult,
    dmarc::{Policy, verify::DmarcParameters},
};
use std::{
    collections::HashSet,
    iter,
    net::{IpAddr, Ipv4Addr},
};
use tokio::time::{Instant, timeout_at};

/// What is known of the sender besides the message.
pub(super) struct Sender<'a> {
    /// The domain that SPF was checked for.
    pub(super) domain: &'a str,
    pub(super) spf: Spf,
}

impl Sender<'_> {
    /// The SPF result in the form of mail-auth, whose own SPF is not used.
    pub(super) fn to_output(&self) -> SpfOutput {
        SpfOutput::new(self.domain.to_owned()).with_result(match self.spf {
            Spf::None => SpfResult::None,
            Spf::Neutral => SpfResult::Neutral,
            Spf::Pass => SpfResult::Pass,
            Spf::Fail => SpfResult::Fail,
            Spf::SoftFail => SpfResult::SoftFail,
            Spf::TempError => SpfResult::TempError,
            Spf::PermError => SpfResult::PermError,
        })
    }
}

/// What stands before a domain where its policy is.
const PREFIX: &str = "_dmarc.";

/// Labels of the second name that a walk up the tree asks about, after one that is longer (RFC 9989 §4.10).
const SECOND: usize = 7;

/// Identifiers beside the author's domain whose policies are asked for in advance.
const MAX_ALIGNED: usize = 2;

/// DMARC of each domain, one after the other; what is not known by `deadline` is a temperror.
pub(super) async fn verify_all(
    resolver: &Resolver,
    records: &Records,
    domains: &[Domain],
    signatures: &[DkimOutput<'_>],
    sender: &Sender<'_>,
    deadline: Instant,
) -> Vec<DmarcOutput> {
    allow_policies(records, sender.domain);
    for signature in signatures.iter().filter_map(DkimOutput::signature) {
        allow_policies(records, &signature.d);
    }
    let mut outputs = Vec::with_capacity(domains.len());
    for domain in domains {
        outputs.push(verify(resolver, records, domain, signatures, sender, deadline).await);
    }
    outputs
}

/// Asks for the policies that DMARC of the first of `domains` will go by, while the answers on who signed and who may send
/// are not there yet: its own and those above, and those of `identifiers` that may be aligned with it. What is not there by
/// `deadline` is not known.
pub(super) async fn ask_ahead<'n>(
    resolver: &Resolver,
    records: &Records,
    domains: &'n [Domain],
    identifiers: impl Iterator<Item = &'n str>,
    deadline: Instant,
) {
    let Some(author) = domains.first().filter(|domain| domain.literal().is_none()) else { return };
    let author = author.key();
    let aligned = identifiers
        .filter(|it| !it.eq_ignore_ascii_case(author) && is_one_owner(it, author))
        .take(MAX_ALIGNED);
    let mut names = HashSet::new();
    for domain in iter::once(author).chain(aligned) {
        each_policy_name(domain, |name| {
            if records.lacks(name) && !names.contains(name) {
                names.insert(name.into());
            }
        });
    }
    records.look_up(resolver, names, deadline).await;
}

async fn verify(
    resolver: &Resolver,
    records: &Records,
    domain: &Domain,
    signatures: &[DkimOutput<'_>],
    sender: &Sender<'_>,
    deadline: Instant,
) -> DmarcOutput {
    // An address is nobody's domain.
    if domain.literal().is_some() {
        return DmarcOutput::new(domain.to_key());
    }
    allow_policies(records, domain.key());
    // mail-auth reads From in its own way, and exempts a message of several domains: it gets one to read.
    let from = vec!["author@".to_owned() + domain.key()];
    let message = AuthenticatedMessage { from, ..AuthenticatedMessage::default() };
    let spf_output = sender.to_output();
    let parameters = || {
        let parameters = DmarcParameters {
            message: &message,
            dkim_output: signatures,
            dkim2_output: None,
            rfc5321_mail_from_domain: sender.domain,
            spf_output: &spf_output,
        };
        Parameters::new(parameters).with_txt_cache(records)
    };
    let authenticator = resolver.authenticator();
    let output = loop {
        let output = authenticator.verify_dmarc(parameters().with_ipv4_cache(records)).await;
        if !records.complete(resolver, deadline).await {
            break output;
        }
    };
    if !records.take_doubt() {
        return output;
    }
    let name = domain.to_key();
    let address = resolver.addresses_like(&name, IpAddr::V4(Ipv4Addr::LOCALHOST));
    match timeout_at(deadline, address).await {
        // Only from DNS does mail-auth take that a name does not exist: our name servers have just said so.
        Ok(Err(LookupError::Nonexistent)) => {
            let verified = authenticator.verify_dmarc(parameters());
            timeout_at(deadline, verified).await.unwrap_or(output)
        }
        _ => output,
    }
}

/// Where policies of `domain` may be: at itself and above.
fn allow_policies(records: &Records, domain: &str) {
    each_policy_name(domain, |name| records.allow(name));
}

/// Under which names a walk up the tree from `domain` looks for policies.
fn each_policy_name(domain: &str, mut tell: impl FnMut(&str)) {
    let is_folded = domain.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    let parsed = if is_folded { None } else { Domain::parse(domain).ok() };
    let domain = parsed.as_ref().map_or(domain, Domain::key);
    let total = domain.split('.').count();
    let mut name = String::with_capacity(PREFIX.len() + domain.len() + 1);
    let mut rest = Some(domain);
    for left in (1..=total).rev() {
        let Some(here) = rest else { return };
        if left == total || left <= SECOND {
            name.clear();
            [PREFIX, here, "."].iter().for_each(|part| name.push_str(part));
            tell(&name);
        }
        rest = here.split_once('.').map(|(_, above)| above);
    }
}

/// The DMARC result of mail-auth in our words.
pub(super) fn found(output: &DmarcOutput) -> Dmarc {
    let result = match output.result() {
        Theirs::Pass => DmarcResult::Pass { by_dkim: *output.dkim_result() == Theirs::Pass },
        Theirs::Fail(_) => DmarcResult::Fail,
        Theirs::TempError(_) => DmarcResult::TempError,
        // Of a record: names that DNS cannot be asked about do not come this far.
        Theirs::PermError(_) => DmarcResult::PermError,
        Theirs::None => DmarcResult::None,
    };
    let policy = match output.policy() {
        _ if result == DmarcResult::TempError && output.dmarc_record().is_none() => {
            DmarcPolicy::Unknown
        }
        Policy::None | Policy::Unspecified => DmarcPolicy::None,
        Policy::Quarantine => DmarcPolicy::Quarantine,
        Policy::Reject => DmarcPolicy::Reject,
    };
    Dmarc { domain: output.domain().to_owned(), policy, result }
}
