//! Whether the reverse-path of a transaction is authenticated. That decides where a bounce would go, and
//! with it whether Onward may answer for a message (RFC 5321 §6.2 asks for as much care).

use super::{parts::Parts, rates::Questions};
use crate::{
    address::{Domain, ReversePath},
    auth::spf::{self, Reach, Spf},
    dns::{Asker, Resolver},
    dsn::Subject,
    fate::{Bounce, Doubt},
    rate::ClientBlock,
    reply::Reply,
    turns::Turn,
    verdict::Proof,
};
use ecow::EcoString;
use std::{
    net::IpAddr,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};
use tokio::{
    sync::{Mutex, OnceCell},
    time::{Instant, timeout_at},
};

/// Longest time for SPF: RFC 7208 §4.6.4 asks for 20 s at least.
const SPF_TIME: Duration = Duration::from_secs(20);

/// Who sends, as far as it can be checked: asked at most once a transaction. Clones share the answer.
#[derive(Debug, Clone)]
pub(crate) struct Sender(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ip: Option<IpAddr>,
    helo: EcoString,
    reverse_path: ReversePath,
    spf: OnceCell<Spf>,
    spf_of_helo: OnceCell<Spf>,
    /// Whom else SPF passes; asked only where SPF passes and a bounce hangs on it.
    reach: OnceCell<Reach>,
    questions: Questions,
    asker: OnceLock<Asker>,
    /// The turn of the checks that are under way: one for all of them, or they would wait for each other.
    turn: Mutex<Weak<CheckTurn>>,
}

type CheckTurn = Turn<Option<ClientBlock>>;

/// What a message itself says of who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Evidence<'a> {
    /// The author's domain has signed the message, and the author is the reverse-path.
    pub(crate) is_signed: bool,
    /// The message as it came.
    pub(crate) message: &'a [u8],
}

impl Sender {
    /// The sender of a transaction; `ip` is `None` on a unix socket.
    pub(crate) fn new(ip: Option<IpAddr>, helo: &str, reverse_path: &ReversePath) -> Self {
        Self(Arc::new(Inner {
            ip,
            helo: helo.into(),
            reverse_path: reverse_path.clone(),
            spf: OnceCell::new(),
            spf_of_helo: OnceCell::new(),
            reach: OnceCell::new(),
            questions: Questions::default(),
            asker: OnceLock::new(),
            turn: Mutex::default(),
        }))
    }

    /// One of whom SPF is known.
    #[cfg(test)]
    pub(crate) fn known(reverse_path: &ReversePath, spf: Spf) -> Self {
        Self(Arc::new(Inner {
            ip: None,
            helo: "client.test".into(),
            reverse_path: reverse_path.clone(),
            spf: OnceCell::new_with(Some(spf)),
            spf_of_helo: OnceCell::new_with(Some(Spf::None)),
            reach: OnceCell::new_with(Some(Reach::Some)),
            questions: Questions::default(),
            asker: OnceLock::new(),
            turn: Mutex::default(),
        }))
    }

    /// The client that brings the mail, or that a relay names.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.0.ip
    }

    /// DNS for what the client has to be asked about: it counts against the client.
    pub(crate) fn resolver(&self, parts: &Parts) -> Resolver {
        let asker = || self.0.questions.asker(&parts.rates, self.0.ip);
        parts.outbound.resolver().for_asker(self.0.asker.get_or_init(asker).clone())
    }

    /// Why the message must come again: what was to be asked was too much.
    pub(crate) fn over_budget(&self) -> Option<Reply> {
        self.0.questions.refused()
    }

    /// Waits until the client may have one more message checked; at once while one of its checks is under way.
    pub(crate) async fn turn(&self, parts: &Parts) -> Arc<CheckTurn> {
        let mut turn = self.0.turn.lock().await;
        if let Some(turn) = turn.upgrade() {
            return turn;
        }
        let new = Arc::new(parts.rates.check_turn(self.0.ip).await);
        *turn = Arc::downgrade(&new);
        new
    }

    /// What that client called itself.
    pub(crate) fn helo(&self) -> &str {
        &self.0.helo
    }

    /// Where bounces go, if whoever sends tells the truth.
    pub(crate) fn reverse_path(&self) -> &ReversePath {
        &self.0.reverse_path
    }

    /// Where a bounce would go. `evidence`: what the message says, once it is there.
    pub(crate) async fn bounce(&self, parts: &Parts, evidence: Option<Evidence<'_>>) -> Bounce {
        let doubt = match parts.config.spool.max_messages {
            // Who sent it keeps it, and DSNs have no way to leave.
            0 => Some(Doubt::NoSpool),
            _ if evidence.is_some_and(|evidence| evidence.is_signed) => None,
            _ => self.doubt(parts).await,
        };
        let silence =
            self.0.reverse_path.mailbox().filter(|_| doubt.is_none()).and_then(|mailbox| {
                // Before it is there, nobody was told of it: only the limit counts.
                let message = evidence.map_or(&[][..], |evidence| evidence.message);
                parts.notices.silence(&parts.store, &Subject::of(mailbox, message))
            });
        Bounce::of(&self.0.reverse_path, doubt, silence)
    }

    /// True when SPF tells that the reverse-path is that of whoever sends. That of HELO, which stands in for a
    /// null one, says nothing about who gets bounces.
    pub(crate) async fn is_authenticated(&self, parts: &Parts) -> bool {
        self.doubt(parts).await.is_none()
    }

    /// Whether SPF tells it, or might if DNS answered.
    pub(crate) async fn proof(&self, parts: &Parts) -> Proof {
        match self.doubt(parts).await {
            None => Proof::Proven,
            Some(Doubt::PassUnknown) => Proof::Unanswered,
            Some(_) if self.0.reverse_path == ReversePath::Null => Proof::Unproven,
            Some(_) if self.spf(parts).await == Spf::TempError => Proof::Unanswered,
            Some(_) => Proof::Unproven,
        }
    }

    /// Why SPF does not tell it.
    async fn doubt(&self, parts: &Parts) -> Option<Doubt> {
        if self.0.reverse_path == ReversePath::Null || self.spf(parts).await != Spf::Pass {
            return Some(Doubt::Unproven);
        }
        match self.0.reach.get_or_init(|| self.reach(parts)).await {
            Reach::Some => None,
            Reach::Everybody => Some(Doubt::PassesEverybody),
            Reach::Unknown => Some(Doubt::PassUnknown),
        }
    }

    async fn reach(&self, parts: &Parts) -> Reach {
        let Inner { ip: Some(ip), helo, reverse_path: ReversePath::Mailbox(mailbox), .. } =
            &*self.0
        else {
            return Reach::Unknown;
        };
        let query = spf::Query { ip: *ip, helo, sender: &mailbox.to_string() };
        let deadline = Instant::now() + SPF_TIME;
        let reach = async {
            let _turn = self.turn(parts).await;
            spf::reach(&self.resolver(parts), &query, deadline).await
        };
        let reach = timeout_at(deadline, reach).await.unwrap_or(Reach::Unknown);
        tracing::debug!(from = %mailbox, %ip, ?reach, "SPF asked about everybody");
        reach
    }

    /// SPF of the reverse-path, or of the HELO name where that is null.
    pub(crate) async fn spf(&self, parts: &Parts) -> Spf {
        let Some(mailbox) = self.0.reverse_path.mailbox() else {
            return self.spf_of_helo(parts).await;
        };
        let check = || async { self.check(parts, &mailbox.to_string()).await };
        *self.0.spf.get_or_init(check).await
    }

    /// SPF of the HELO name (RFC 7208 §2.3): none, where that is no domain name.
    pub(crate) async fn spf_of_helo(&self, parts: &Parts) -> Spf {
        let name = self.0.helo.strip_suffix('.').unwrap_or(&self.0.helo);
        if !Domain::is_one(name) {
            return Spf::None;
        }
        *self.0.spf_of_helo.get_or_init(|| self.check(parts, "")).await
    }

    async fn check(&self, parts: &Parts, sender: &str) -> Spf {
        let Inner { ip: Some(ip), helo, reverse_path, .. } = &*self.0 else { return Spf::None };
        let query = spf::Query { ip: *ip, helo, sender };
        let deadline = Instant::now() + SPF_TIME;
        let result = async {
            let _turn = self.turn(parts).await;
            spf::check(&self.resolver(parts), &query, deadline).await
        };
        let result = timeout_at(deadline, result).await.unwrap_or(Spf::TempError);
        tracing::debug!(from = %reverse_path, %ip, spf = %result, "sender checked");
        result
    }
}
