use super::{
    AcmeError,
    files::Files,
    order::{keep_shared, order},
    responder::Responder,
    shared::{Pair, Shared, failed, of_certificate},
};
use crate::{clock, config::Acme, tls};
use std::{path::PathBuf, time::Duration};
use tokio::time::sleep;

/// How often it is looked at.
const LOOK: Duration = Duration::from_hours(6);
/// The same where other machines may have a new one, and how often it is looked whose turn it is.
const LOOK_SHARED: Duration = Duration::from_mins(1);
const LOOK_FOR_TURN: Duration = Duration::from_secs(2);
/// Waits after failures; the last one repeats. Authorities count failures, and bar who has too many.
const WAITS: [Duration; 4] = [
    Duration::from_mins(1),
    Duration::from_mins(10),
    Duration::from_hours(1),
    Duration::from_hours(6),
];

/// How often in a row an order is begun anew at once because the authority wants a fresh nonce.
const FRESH_NONCES: usize = 5;

/// Sees to it that there is a certificate, and that it does not expire.
#[derive(Debug)]
pub struct Keeper {
    /// The authority that issues the certificate.
    pub acme: Acme,
    /// The names of the certificate.
    pub names: Vec<String>,
    /// The authorities that the ACME server's own certificate is from; `None`: the system's.
    pub ca_file: Option<PathBuf>,
    /// Where the certificate is kept.
    pub files: Files,
}

impl Keeper {
    /// Orders the certificate anew whenever it is due, for ever.
    pub async fn keep(self, responder: Responder) {
        let mut failures = 0;
        let look = if responder.shared().is_some() { LOOK_SHARED } else { LOOK };
        loop {
            if let Some(shared) = responder.shared() {
                if let Err(error) = self.follow(shared).await {
                    tracing::debug!(%error, "the certificate of other machines is not known");
                }
                if self.is_due() && shared.turn().await != Ok(true) {
                    sleep(LOOK_FOR_TURN).await;
                    continue;
                }
            }
            if !self.is_due() {
                sleep(look).await;
                continue;
            }
            let wait = match self.order(&responder).await {
                Ok(()) => {
                    failures = 0;
                    tracing::info!(names = self.names.join(","), "certificate issued");
                    look
                }
                Err(error) => {
                    let wait = WAITS.get(failures).or(WAITS.last()).copied().unwrap_or(LOOK);
                    failures += 1;
                    tracing::error!(%error, again_in = ?wait, "no certificate by ACME");
                    wait
                }
            };
            sleep(wait).await;
        }
    }

    /// Takes the certificate that another machine was issued; where none has one yet, they get that of this machine.
    async fn follow(&self, shared: &dyn Shared) -> Result<(), AcmeError> {
        let own = self.files.pair();
        let text = shared.text(&of_certificate(&self.names)).await.map_err(failed)?;
        let of_all = text.and_then(|text| serde_json::from_str::<Pair>(&text).ok());
        match (of_all, own) {
            (Some(of_all), own) if own.as_ref() != Some(&of_all) => {
                self.files.keep_certificate(&of_all.certificate, &of_all.key)
            }
            (None, Some(own)) if !self.is_due() => keep_shared(shared, &self.names, &own).await,
            _ => Ok(()),
        }
    }

    async fn order(&self, responder: &Responder) -> Result<(), AcmeError> {
        let mut fresh_nonces = 0;
        loop {
            let ca_file = self.ca_file.as_deref();
            match order(&self.acme, &self.names, ca_file, &self.files, responder).await {
                Err(error) if error.wants_fresh_nonce() && fresh_nonces < FRESH_NONCES => {
                    fresh_nonces += 1;
                    tracing::debug!(%error, "the order is begun anew");
                }
                ordered => break ordered?,
            }
        }
        let life = tls::expiry(&self.files.certificate().certificate);
        life.map(drop).map_err(|error| AcmeError::Unusable(error.to_string()))
    }

    /// Whether the certificate is not there, is not for all names, or has lived two thirds of its life.
    fn is_due(&self) -> bool {
        match tls::expiry(&self.files.certificate().certificate) {
            Err(_) => true,
            Ok(life) => {
                let third = life.end.since(life.begin) / 3;
                let is_for = |name: &String| life.names.iter().any(|has| has == name);
                clock::now() + third >= life.end || !self.names.iter().all(is_for)
            }
        }
    }
}
