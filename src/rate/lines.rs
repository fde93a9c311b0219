use super::{ClientBlock, ClientBuckets, Rate};
use crate::time::Millis;
use std::{collections::HashMap, net::IpAddr};

/// How many lines of the log clients may cause, and how many were left out.
#[derive(Debug)]
pub struct ClientLines {
    budget: ClientBuckets,
    left_out: HashMap<ClientBlock, u64>,
    /// Those of clients that there was no room for in `left_out`.
    elsewhere: u64,
    capacity: usize,
}

/// Lines that were left out since they were last told of.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// By client, in no order.
    pub by_client: Vec<(ClientBlock, u64)>,
    /// Those of further clients.
    pub elsewhere: u64,
}

impl ClientLines {
    /// At most `rate` for a client; something is kept of `capacity` clients.
    pub fn new(rate: Rate, capacity: usize) -> Self {
        let budget = ClientBuckets::new(rate, capacity);
        Self { budget, left_out: HashMap::new(), elsewhere: 0, capacity }
    }

    /// Goes by another rate from now on.
    pub fn set_rate(&mut self, rate: Rate) {
        self.budget.set_rate(rate);
    }

    /// Whether a line about the client at `ip` is to be written; if not, it is counted.
    pub fn take(&mut self, ip: IpAddr, now: Millis) -> bool {
        let Err(full) = self.budget.take(ip, now) else { return true };
        let has_room = self.left_out.len() < self.capacity;
        let count = if has_room || self.left_out.contains_key(&full.whose) {
            self.left_out.entry(full.whose).or_default()
        } else {
            &mut self.elsewhere
        };
        *count = count.saturating_add(1);
        false
    }

    /// What was left out since this was last asked.
    pub fn left_out(&mut self) -> LeftOut {
        let by_client = std::mem::take(&mut self.left_out).into_iter().collect();
        LeftOut { by_client, elsewhere: std::mem::take(&mut self.elsewhere) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{num::NonZeroU32, time::Duration};

    fn lines(count: u32, capacity: usize) -> ClientLines {
        let per = Duration::from_secs(60);
        let rate = Rate::new(NonZeroU32::new(count).unwrap(), per).unwrap();
        ClientLines::new(rate, capacity)
    }

    fn ip(host: u8) -> IpAddr {
        [192, 0, host, 1].into()
    }

    #[test]
    fn what_is_left_out_is_told_once() {
        let mut lines = lines(2, 10);
        let written = [0; 5].map(|_| lines.take(ip(1), Millis::EPOCH));
        assert_eq!(written, [true, true, false, false, false]);
        assert!(lines.take(ip(2), Millis::EPOCH), "another client");
        let told = LeftOut { by_client: vec![(ClientBlock::of(ip(1)), 3)], elsewhere: 0 };
        assert_eq!(lines.left_out(), told);
        assert_eq!(lines.left_out(), LeftOut::default());
        assert!(lines.take(ip(1), Millis::EPOCH + Duration::from_secs(60)));
    }

    #[test]
    fn a_flood_from_everywhere_takes_bounded_room() {
        let mut lines = lines(1, 3);
        for host in (0..10).chain(0..10) {
            lines.take(ip(host), Millis::EPOCH);
        }
        let LeftOut { by_client, elsewhere } = lines.left_out();
        let by_client: u64 = by_client.iter().map(|(_, count)| count).sum();
        assert!(by_client <= 10 && by_client + elsewhere <= 10);
    }
}
