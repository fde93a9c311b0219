//! Whether a smart host lets us in, found out without mail.

use super::{Outbound, limits::Patience, open_error::OpenError, transport::Remote};
use crate::next_hop::NextHop;
use tokio::time::Instant;

impl Outbound {
    /// Connects to `hop`, logs in, and takes leave. Gives who was spoken to and how that was encrypted.
    ///
    /// # Errors
    /// What stands in the way, in words.
    pub async fn try_login(&self, hop: &NextHop, deadline: Instant) -> Result<String, String> {
        let hosts = self.router.hosts(&hop.target, None, deadline).await;
        let hosts = hosts.map_err(|why| why.outcome().1.to_string())?;
        let mut failure = "it has no address".to_owned();
        for host in &hosts {
            let found = self.router.endpoints(hop, host, deadline).await;
            let endpoints = found.map_err(|why| why.outcome().1.to_string())?;
            let demand = self.policies.demand(hop, host, None, deadline).await;
            let demand = demand.map_err(|why| why.outcome().1.to_string())?;
            let mut endpoints = endpoints.into_iter().peekable();
            while let Some(endpoint) = endpoints.next() {
                let patience = Patience { deadline, has_alternative: endpoints.peek().is_some() };
                let remote = Remote { name: host.name().cloned(), endpoint };
                match self.open(hop, host, &remote, demand.clone(), patience).await {
                    Ok(connection) => {
                        let tls = connection.tls.clone();
                        connection.quit().await;
                        let tls = if tls.is_empty() { "without TLS".to_owned() } else { tls };
                        return Ok(format!("{remote}, {tls}"));
                    }
                    Err(error) => {
                        failure = format!("{remote}: {error}");
                        // Another address has the same accounts.
                        if matches!(error, OpenError::Login(_)) {
                            return Err(failure);
                        }
                    }
                }
            }
        }
        Err(failure)
    }
}
