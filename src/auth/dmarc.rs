//! DMARC of the From domain, by mail-auth: policy discovery, alignment and test mode as in RFC 9989.

use crate::verdict::{Dmarc, DmarcPolicy, DmarcResult, Spf};
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DmarcOutput, DmarcResult as Theirs, MessageAuthenticator,
    Parameters, SpfOutput, SpfResult,
    dmarc::{Policy, verify::DmarcParameters},
};

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

pub(super) async fn verify(
    authenticator: &MessageAuthenticator,
    message: &AuthenticatedMessage<'_>,
    signatures: &[DkimOutput<'_>],
    sender: &Sender<'_>,
) -> DmarcOutput {
    let parameters = DmarcParameters {
        message,
        dkim_output: signatures,
        dkim2_output: None,
        rfc5321_mail_from_domain: sender.domain,
        spf_output: &sender.to_output(),
    };
    authenticator.verify_dmarc(Parameters::new(parameters)).await
}

/// The DMARC result of mail-auth in our words.
pub(super) fn found(output: &DmarcOutput) -> Dmarc {
    Dmarc {
        domain: output.domain().to_owned(),
        policy: match output.policy() {
            Policy::None | Policy::Unspecified => DmarcPolicy::None,
            Policy::Quarantine => DmarcPolicy::Quarantine,
            Policy::Reject => DmarcPolicy::Reject,
        },
        result: match output.result() {
            Theirs::Pass => DmarcResult::Pass { by_dkim: *output.dkim_result() == Theirs::Pass },
            Theirs::Fail(_) => DmarcResult::Fail,
            Theirs::TempError(_) => DmarcResult::TempError,
            Theirs::PermError(_) => DmarcResult::PermError,
            Theirs::None => DmarcResult::None,
        },
    }
}
