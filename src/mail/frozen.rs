//! Accounts are stopped when many recipients refuse what they send: as a rule somebody else has the password.

use crate::{
    account::{AccountId, State},
    clock,
    mail::parts::Parts,
    rate::Burst,
    store::spool::{Head, Leg, LegState},
};

/// Hears what became of `legs` of the message `head`; for the journal, if that stops its account.
pub(crate) async fn heard(parts: &Parts, head: &Head, legs: &[(i64, Leg)]) -> Option<String> {
    let account = head.account()?;
    let mut told = None;
    for (_, leg) in legs {
        let is_refusal = match leg.state {
            LegState::Delivered => false,
            // What was given up after 4xx was refused by nobody.
            LegState::Failed if leg.reply.code >= 500 => true,
            _ => continue,
        };
        told = note(parts, account, is_refusal).await.or(told);
    }
    told
}

/// Notes that a recipient of `account` refused its mail or took it; tells of it, if that stops the account.
pub(crate) async fn note(parts: &Parts, account: AccountId, is_refusal: bool) -> Option<String> {
    if let Err(error) = parts.usage.know(&parts.store, account).await {
        tracing::error!(%account, %error, "cannot look up how much an account has sent");
        return None;
    }
    let burst = parts.usage.heard(account, is_refusal)?;
    freeze(parts, account, burst).await
}

async fn freeze(parts: &Parts, id: AccountId, burst: Burst) -> Option<String> {
    let Burst { refused, of, within } = burst;
    let minutes = within.as_secs() / 60;
    let reason = format!("{refused} of {of} recipients within {minutes} minutes refused its mail");
    let found = parts.store.account_of(id).await;
    let account = found
        .inspect_err(|error| tracing::error!(account = %id, %error, "cannot freeze an account"))
        .ok()??;
    let state = State::Frozen { reason: reason.clone(), since: clock::now() };
    match parts.store.set_account_state(&account.name, state).await {
        Ok(_) => {
            parts.metrics.account_frozen();
            tracing::error!(
                account = %id,
                name = %account.name,
                reason,
                "account frozen, as somebody else may have its password: change that, then \"onward account enable\""
            );
            Some(format!("account {id} frozen: {reason}"))
        }
        Err(error) => {
            tracing::error!(account = %id, name = %account.name, %error, "cannot freeze an account");
            None
        }
    }
}
