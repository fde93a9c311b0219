//! How much returns: in all, from one client, and to one sender.

use crate::{
    rate::{Buckets, ClientBlock, Rate},
    time::Millis,
};
use std::{num::NonZeroU32, time::Duration};

/// What may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UseLimits {
    /// In all; a client has a tenth of it.
    pub all: Rate,
    /// To one sender in a day.
    pub per_sender: NonZeroU32,
}

/// What has returned, counted against the client that brought it and the sender that it returned to, whatever
/// SRS address it came by.
#[derive(Debug)]
pub struct Uses {
    all: Buckets<()>,
    clients: Buckets<ClientBlock>,
    senders: Buckets<String>,
}

/// Why something may not return now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsedUp {
    /// Too much has returned to this sender; how long until more may.
    #[error("too much has returned to this sender")]
    Sender(Duration),
    /// Too much has returned from this client, or in all; how long until more may.
    #[error("too much has returned")]
    Rate(Duration),
}

/// One message that returns: who brings it, and the senders it returns to, as [`crate::address::Mailbox::to_key`]
/// has them.
#[derive(Debug, Clone, Default)]
pub struct Use {
    /// `None` on a unix socket.
    pub client: Option<ClientBlock>,
    /// One or more.
    pub senders: Vec<String>,
}

/// The part of all that one client has.
const CLIENT_PART: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Most clients and most senders that are counted at once.
const CLIENTS: usize = 65_536;
const SENDERS: usize = 100_000;

impl UseLimits {
    fn rates(self) -> [Rate; 3] {
        let a_day = Rate::per_day(self.per_sender);
        [self.all, self.all.divided_by(CLIENT_PART), a_day]
    }
}

impl Uses {
    /// Nothing has returned yet.
    pub fn new(limits: UseLimits) -> Self {
        let [all, client, sender] = limits.rates();
        Self {
            all: Buckets::new(all, 1),
            clients: Buckets::new(client, CLIENTS),
            senders: Buckets::new(sender, SENDERS),
        }
    }

    /// Goes by other limits from now on.
    pub fn set_limits(&mut self, limits: UseLimits) {
        let [all, client, sender] = limits.rates();
        self.all.set_rate(all);
        self.clients.set_rate(client);
        self.senders.set_rate(sender);
    }

    /// Counts a message, once for each sender that it returns to.
    ///
    /// # Errors
    /// When something is used up; nothing is counted then.
    pub fn take(&mut self, returning: &Use, now: Millis) -> Result<(), UsedUp> {
        for (taken, sender) in returning.senders.iter().enumerate() {
            if let Err(used_up) = self.take_one(returning.client, sender, now) {
                for sender in returning.senders.iter().take(taken) {
                    self.give_back_one(returning.client, sender);
                }
                return Err(used_up);
            }
        }
        Ok(())
    }

    /// Takes back a use: the message was not passed on, and will come again.
    pub fn give_back(&mut self, returning: &Use) {
        for sender in &returning.senders {
            self.give_back_one(returning.client, sender);
        }
    }

    fn take_one(
        &mut self,
        client: Option<ClientBlock>,
        sender: &String,
        now: Millis,
    ) -> Result<(), UsedUp> {
        self.all.check(&(), now).map_err(|full| UsedUp::Rate(full.wait))?;
        if let Some(client) = client {
            self.clients.check(&client, now).map_err(|full| UsedUp::Rate(full.wait))?;
        }
        self.senders.check(sender, now).map_err(|full| UsedUp::Sender(full.wait))?;
        self.senders.take(sender, now);
        self.all.take(&(), now);
        if let Some(client) = client {
            self.clients.take(&client, now);
        }
        Ok(())
    }

    fn give_back_one(&mut self, client: Option<ClientBlock>, sender: &String) {
        self.all.give_back(&());
        if let Some(client) = client {
            self.clients.give_back(&client);
        }
        self.senders.give_back(sender);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY;

    const NOW: Millis = Millis::new(1_700_000_000_000);
    const HOUR: Duration = Duration::from_hours(1);

    fn uses(all: u32, per_sender: u32) -> Uses {
        let count = |count| NonZeroU32::new(count).unwrap();
        let all = Rate::new(count(all), Duration::from_hours(1)).unwrap();
        Uses::new(UseLimits { all, per_sender: count(per_sender) })
    }

    fn from(client: &str, senders: &[&str]) -> Use {
        Use {
            client: Some(ClientBlock::of(client.parse().unwrap())),
            senders: senders.iter().map(|sender| (*sender).to_owned()).collect(),
        }
    }

    #[test]
    fn a_sender_has_so_many_a_day_whoever_brings_them() {
        let mut uses = uses(1000, 2);
        assert_eq!(uses.take(&from("192.0.2.1", &["a"]), NOW), Ok(()));
        assert_eq!(uses.take(&from("192.0.2.2", &["a"]), NOW), Ok(()));
        assert_eq!(uses.take(&from("192.0.2.3", &["a"]), NOW), Err(UsedUp::Sender(DAY / 2)));
        assert_eq!(uses.take(&from("192.0.2.3", &["b"]), NOW), Ok(()));
        assert_eq!(uses.take(&from("192.0.2.3", &["a"]), NOW + DAY), Ok(()));
    }

    #[test]
    fn a_client_has_a_tenth_of_all() {
        let mut uses = uses(20, 1000);
        for n in 0..2 {
            assert_eq!(uses.take(&from("2001:db8::1", &["a"]), NOW), Ok(()), "{n}");
        }
        assert_eq!(
            uses.take(&from("2001:db8::ffff:2", &["b"]), NOW),
            Err(UsedUp::Rate(HOUR / 2)),
            "one /64"
        );
        for n in 0..18 {
            assert_eq!(uses.take(&from(&format!("192.0.2.{n}"), &["b"]), NOW), Ok(()));
        }
        assert_eq!(
            uses.take(&from("198.51.100.1", &["c"]), NOW),
            Err(UsedUp::Rate(HOUR / 20)),
            "in all"
        );
        let local = Use { client: None, senders: vec!["c".to_owned()] };
        assert_eq!(uses.take(&local, NOW), Err(UsedUp::Rate(HOUR / 20)));
        assert_eq!(
            uses.take(&local, NOW + Duration::from_mins(3)),
            Ok(()),
            "one fills in in 3 min"
        );
    }

    #[test]
    fn a_message_counts_for_all_its_senders_or_not_at_all() {
        let mut uses = uses(1000, 2);
        let thrice = from("192.0.2.1", &["b", "a", "a", "a"]);
        assert_eq!(uses.take(&thrice, NOW), Err(UsedUp::Sender(DAY / 2)));
        let twice = from("192.0.2.1", &["b", "a", "a"]);
        assert_eq!(uses.take(&twice, NOW), Ok(()), "the refused one was not counted");
        assert_eq!(uses.take(&from("192.0.2.1", &["a"]), NOW), Err(UsedUp::Sender(DAY / 2)));
        uses.give_back(&twice);
        assert_eq!(uses.take(&twice, NOW), Ok(()));
    }
}
