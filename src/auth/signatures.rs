//! DKIM signatures of a message that comes, and again when it goes.

use super::records::Records;
use crate::{
    dns::Resolver,
    verdict::{Dkim, Signature},
};
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, Error, Parameters, common::crypto::Algorithm,
    dkim::DkimError,
};
use tokio::time::Instant;

/// Checks all of them. A signature with SHA-1 does not count (RFC 8301 §3.1), and a body that is not the
/// signed one is a failure, not a neutral. A key that does not come by `deadline` is a temperror.
pub(super) async fn verify<'m>(
    resolver: &Resolver,
    message: &'m AuthenticatedMessage<'m>,
    records: &'m Records,
    deadline: Instant,
) -> Vec<DkimOutput<'m>> {
    for signature in message.dkim_headers.iter().map(|field| &field.header) {
        records.allow(&format!("{}._domainkey.{}", signature.s, signature.d));
    }
    let authenticator = resolver.authenticator();
    let outputs = loop {
        let parameters = Parameters::new(message).with_txt_cache(records);
        let outputs = authenticator.verify_dkim(parameters).await;
        if !records.complete(resolver, deadline).await {
            break outputs;
        }
    };
    let outputs = outputs.into_iter();
    // They come in the order of the header, those that cannot be read first.
    let mut readable = message.dkim_headers.iter();
    outputs
        .map(|output| {
            let signature = output.signature().and_then(|_| readable.next()).map(|h| &h.header);
            match (output.result(), signature) {
                (DkimResult::Pass, Some(signature)) if signature.a == Algorithm::RsaSha1 => {
                    let weak = Error::Dkim(DkimError::UnsupportedAlgorithm);
                    DkimOutput::neutral(weak).with_signature(signature)
                }
                (
                    DkimResult::Neutral(Error::Dkim(DkimError::FailedBodyHashMatch)),
                    Some(signature),
                ) => {
                    let failed = Error::Dkim(DkimError::FailedBodyHashMatch);
                    DkimOutput::fail(failed).with_signature(signature)
                }
                _ => output,
            }
        })
        .collect()
}

/// The DKIM results of mail-auth in our words.
pub(super) fn found(outputs: &[DkimOutput<'_>]) -> Vec<Signature> {
    let found = outputs.iter().map(|output| Signature {
        result: match output.result() {
            DkimResult::Pass => Dkim::Pass,
            DkimResult::Fail(_) => Dkim::Fail,
            DkimResult::Neutral(Error::Dkim(DkimError::UnsupportedAlgorithm))
                if output.signature().is_some() =>
            {
                Dkim::Policy
            }
            DkimResult::Neutral(_) | DkimResult::None => Dkim::Neutral,
            DkimResult::PermError(_) => Dkim::PermError,
            DkimResult::TempError(_) => Dkim::TempError,
        },
        domain: output.signature().map(|signature| signature.d.clone()).unwrap_or_default(),
        is_whole: output.signature().is_some_and(|signature| signature.l == 0),
    });
    found.collect()
}

/// What names the signatures that verify: their `b=`.
pub(super) fn passing(outputs: &[DkimOutput<'_>]) -> Vec<Vec<u8>> {
    let passing = outputs.iter().filter(|output| *output.result() == DkimResult::Pass);
    passing.filter_map(|output| Some(output.signature()?.b.clone())).collect()
}
