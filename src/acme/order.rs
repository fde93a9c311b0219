//! One order, from the account to the certificate.

use super::{AcmeError, files::Files, responder::Responder};
use crate::config::Acme;
use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, OrderStatus,
    RetryPolicy,
};
use std::path::Path;

/// A certificate for `names`, kept in `files`.
pub(super) async fn order(
    acme: &Acme,
    names: &[String],
    ca_file: Option<&Path>,
    files: &Files,
    responder: &Responder,
) -> Result<(), AcmeError> {
    let account = account(acme, ca_file, files).await?;
    let identifiers: Vec<Identifier> = names.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
    let mut authorizations = order.authorizations();
    let mut tokens = Vec::new();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let mut challenge =
            authorization.challenge(ChallengeType::Http01).ok_or(AcmeError::NoChallenge)?;
        let answer = challenge.key_authorization().as_str().to_owned();
        tokens.push(responder.answer(&challenge.token, answer));
        challenge.set_ready().await?;
    }
    let status = order.poll_ready(&RetryPolicy::default()).await?;
    drop(tokens);
    if status != OrderStatus::Ready {
        return Err(AcmeError::NotBelieved(names.join(", ")));
    }
    let key = order.finalize().await?;
    let certificate = order.poll_certificate(&RetryPolicy::default()).await?;
    files.keep_certificate(&certificate, &key)
}

/// The account of earlier, or a new one.
async fn account(acme: &Acme, ca_file: Option<&Path>, files: &Files) -> Result<Account, AcmeError> {
    let builder = || match ca_file {
        Some(file) => Account::builder_with_root(file),
        None => Account::builder(),
    };
    if let Some(credentials) = files.account(&acme.directory) {
        return Ok(builder()?.from_credentials(credentials).await?);
    }
    let contact = acme.contact.as_ref().map(|contact| format!("mailto:{contact}"));
    let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let (account, credentials) = builder()?.create(&new, acme.directory.clone(), None).await?;
    files.keep_account(&acme.directory, &credentials)?;
    Ok(account)
}
