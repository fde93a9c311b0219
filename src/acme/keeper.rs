use super::{AcmeError, files::Files, order::order, responder::Responder};
use crate::{clock, config::Acme, tls};
use std::{path::PathBuf, time::Duration};
use tokio::time::sleep;

/// How often it is looked at.
const LOOK: Duration = Duration::from_hours(6);
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
        loop {
            if !self.is_due() {
                sleep(LOOK).await;
                continue;
            }
            let wait = match self.order(&responder).await {
                Ok(()) => {
                    failures = 0;
                    tracing::info!(names = self.names.join(","), "certificate issued");
                    LOOK
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
