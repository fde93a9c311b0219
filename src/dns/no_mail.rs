use super::{LookupError, MxHosts, Resolver};
use crate::{address::Domain, reply::Reply};
use std::{collections::HashMap, fmt, time::Duration};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

/// Why a domain takes no mail, as its own DNS says. It will say so in an hour, too: whoever writes learns now that
/// the message does not arrive, and whoever makes an alias that it leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoMail {
    /// The name does not exist, or has neither MX nor address (RFC 5321 §5.1).
    Nonexistent,
    /// The null MX (RFC 7505).
    NullMx,
}

impl NoMail {
    /// How mail for the domain is refused.
    pub(crate) const fn reply(self) -> Reply {
        match self {
            Self::Nonexistent => Reply::destination_nonexistent(),
            Self::NullMx => Reply::destination_null_mx(),
        }
    }
}

impl fmt::Display for NoMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nonexistent => "does not exist in DNS, or has neither MX nor address",
            Self::NullMx => "takes no mail (null MX)",
        })
    }
}

/// Those of `domains` that take no mail. What DNS has not said within `patience` is not among them.
pub(crate) async fn without_mail(
    resolver: &Resolver,
    domains: impl IntoIterator<Item = Domain>,
    patience: Duration,
) -> HashMap<Domain, NoMail> {
    let end = Instant::now() + patience;
    let mut asked = JoinSet::new();
    for domain in domains {
        let resolver = resolver.clone();
        asked.spawn(async move {
            let answer = timeout_at(end, no_mail(&resolver, &domain)).await;
            (domain, answer.ok().and_then(Result::ok).flatten())
        });
    }
    let answers = asked.join_all().await.into_iter();
    answers.filter_map(|(domain, why)| Some((domain, why?))).collect()
}

async fn no_mail(resolver: &Resolver, domain: &Domain) -> Result<Option<NoMail>, LookupError> {
    match resolver.mx(domain).await {
        Ok(records) => Ok(MxHosts::is_null(&records).then_some(NoMail::NullMx)),
        Err(LookupError::Nonexistent) => Ok(Some(NoMail::Nonexistent)),
        Err(LookupError::Empty) => match resolver.addresses(domain).await {
            Ok(_) => Ok(None),
            Err(LookupError::Unanswered) => Err(LookupError::Unanswered),
            Err(LookupError::Nonexistent | LookupError::Empty) => Ok(Some(NoMail::Nonexistent)),
        },
        Err(LookupError::Unanswered) => Err(LookupError::Unanswered),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[tokio::test]
    async fn nobody_waits_for_silent_dns_longer_than_their_patience() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let resolver = Resolver::new(&[silent.local_addr().unwrap()]).unwrap();
        let domains = (0..50).map(|n| Domain::parse(&format!("d{n}.test")).unwrap());
        let first = Domain::parse("first.test").unwrap();
        // The resolver itself, asked first, is still waiting when patience ends.
        tokio::select! {
            biased;
            answer = resolver.mx(&first) => panic!("the resolver gave up first: {answer:?}"),
            without = without_mail(&resolver, domains, Duration::from_millis(50)) => {
                assert_eq!(without, HashMap::new(), "silence says nothing");
            }
        }
        let mut query = [0; 512];
        silent.set_nonblocking(true).unwrap();
        assert!(silent.recv(&mut query).is_ok(), "it was asked");
    }
}
