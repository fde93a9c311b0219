//! One order, from the account to the certificate.

use super::{
    AcmeError,
    files::{Files, host},
    responder::Responder,
    shared::{Pair, Shared, failed, of_account, of_certificate},
};
use crate::config::Acme;
use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, OrderStatus,
    RetryPolicy,
};
use std::path::Path;

/// A certificate for `names`, kept in `files`, and where machines share them.
pub(super) async fn order(
    acme: &Acme,
    names: &[String],
    ca_file: Option<&Path>,
    files: &Files,
    responder: &Responder,
) -> Result<(), AcmeError> {
    let shared = responder.shared();
    let account = account(acme, ca_file, files, shared).await?;
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
        tokens.push(responder.answer(&challenge.token, answer).await?);
        challenge.set_ready().await?;
    }
    let status = order.poll_ready(&RetryPolicy::default()).await?;
    for token in tokens {
        token.forget().await;
    }
    if status != OrderStatus::Ready {
        return Err(AcmeError::NotBelieved(names.join(", ")));
    }
    let key = order.finalize().await?;
    let certificate = order.poll_certificate(&RetryPolicy::default()).await?;
    files.keep_certificate(&certificate, &key)?;
    if let Some(shared) = shared {
        keep_shared(shared, names, &Pair { certificate, key }).await?;
    }
    Ok(())
}

/// Has other machines have a certificate.
pub(super) async fn keep_shared(
    shared: &dyn Shared,
    names: &[String],
    pair: &Pair,
) -> Result<(), AcmeError> {
    let text = serde_json::to_string(pair).map_err(|error| failed(error.to_string()))?;
    shared.keep(&of_certificate(names), Some(&text)).await.map_err(failed)
}

/// The account of earlier, or a new one.
async fn account(
    acme: &Acme,
    ca_file: Option<&Path>,
    files: &Files,
    shared: Option<&dyn Shared>,
) -> Result<Account, AcmeError> {
    let builder = || match ca_file {
        Some(file) => Account::builder_with_root(file),
        None => Account::builder(),
    };
    let name = of_account(host(&acme.directory));
    let of_all = match shared {
        Some(shared) => shared.text(&name).await.map_err(failed)?,
        None => None,
    };
    let of_all = of_all.and_then(|text| serde_json::from_str(&text).ok());
    if let Some(credentials) = of_all.or_else(|| files.account(&acme.directory)) {
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
    if let Some(shared) = shared {
        let text =
            serde_json::to_string(&credentials).map_err(|error| failed(error.to_string()))?;
        shared.keep(&name, Some(&text)).await.map_err(failed)?;
    }
    Ok(account)
}
