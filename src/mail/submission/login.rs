use super::Submission;
use crate::{
    account::{Account, AccountId, PasswordHash},
    envelope::Envelope,
    inbound::Peer,
    mail::parts::Parts,
    reply::Reply,
    smtp::Session,
};

/// Who has logged in: asked anew for each message, as the account may have been changed and the password revoked.
#[derive(Debug, Clone)]
pub(crate) struct LoggedIn {
    pub(crate) account: AccountId,
    pub(crate) password: PasswordHash,
}

impl LoggedIn {
    /// Answers MAIL.
    ///
    /// # Errors
    /// The reply that refuses it.
    pub(crate) async fn begin(
        &self,
        parts: &Parts,
        client: &Peer,
        session: &Session,
        envelope: &Envelope,
    ) -> Result<Submission, Reply> {
        let account = self.account(parts).await?;
        let helo = session.helo().unwrap_or_default();
        Submission::begin(parts, client, helo, account, envelope).await
    }

    /// The account as it is now; none when it was removed, or its password revoked.
    pub(crate) async fn account(&self, parts: &Parts) -> Result<Account, Reply> {
        match parts.store.logged_in(self.account, &self.password).await {
            Ok(Some(account)) => Ok(account),
            Ok(None) => Err(Reply::account_disabled()),
            Err(error) => {
                tracing::error!(%error, "cannot look up an account");
                Err(Reply::store_failed())
            }
        }
    }
}
