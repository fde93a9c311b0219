//! DMARC of a From domain, by mail-auth: policy discovery, alignment and test mode as in RFC 9989.

use crate::{
    address::Domain,
    verdict::{Dmarc, DmarcPolicy, DmarcResult, Spf},
};
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DmarcOutput, DmarcResult as Theirs, DnsError, Error,
    MessageAuthenticator, Parameters, SpfOutput, SpfResult,
    dmarc::{Policy, verify::DmarcParameters},
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

/// DMARC of each domain, one after the other; what is not known by `deadline` is a temperror.
pub(super) async fn verify_all(
    authenticator: &MessageAuthenticator,
    domains: &[Domain],
    signatures: &[DkimOutput<'_>],
    sender: &Sender<'_>,
    deadline: Instant,
) -> Vec<DmarcOutput> {
    let mut outputs = Vec::with_capacity(domains.len());
    for domain in domains {
        let verified = verify(authenticator, domain, signatures, sender);
        outputs.push(timeout_at(deadline, verified).await.unwrap_or_else(|_| late(domain)));
    }
    outputs
}

async fn verify(
    authenticator: &MessageAuthenticator,
    domain: &Domain,
    signatures: &[DkimOutput<'_>],
    sender: &Sender<'_>,
) -> DmarcOutput {
    // An address is nobody's domain.
    if domain.literal().is_some() {
        return DmarcOutput::new(domain.to_key());
    }
    // mail-auth reads From in its own way, and exempts a message of several domains: it gets one to read.
    let from = vec![format!("author@{}", domain.to_key())];
    let parameters = DmarcParameters {
        message: &AuthenticatedMessage { from, ..AuthenticatedMessage::default() },
        dkim_output: signatures,
        dkim2_output: None,
        rfc5321_mail_from_domain: sender.domain,
        spf_output: &sender.to_output(),
    };
    authenticator.verify_dmarc(Parameters::new(parameters)).await
}

fn late(domain: &Domain) -> DmarcOutput {
    let late = Theirs::TempError(Error::Dns(DnsError::Resolver("too late".to_owned())));
    DmarcOutput::new(domain.to_key()).with_dkim_result(late)
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
