use super::resolver::MxRecord;
use crate::address::Domain;

/// What the MX records of a domain come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MxHosts {
    /// Hosts in the order they are to be tried.
    Hosts(Vec<Domain>),
    /// RFC 7505: the domain takes no mail.
    NullMx,
    /// We are the best host of the domain ourselves.
    Ourselves,
    /// Records, none of which names a host.
    Nobody,
}

impl MxHosts {
    /// Orders `records` by preference, equal ones at random (RFC 5321 §5.1).
    ///
    /// Where we are among the hosts, those that are not better than us are left out, or two servers
    /// would send a message to and fro.
    pub(crate) fn of(
        records: Vec<MxRecord>,
        hostname: &Domain,
        mut random: impl FnMut() -> u32,
    ) -> Self {
        let is_null = Self::is_null(&records);
        let mut hosts: Vec<(u16, u32, Domain)> = records
            .into_iter()
            .filter_map(|record| Some((record.preference, random(), record.exchange?)))
            .collect();
        if hosts.is_empty() {
            return if is_null { Self::NullMx } else { Self::Nobody };
        }
        let ours =
            hosts.iter().filter(|(_, _, host)| host == hostname).map(|(pref, ..)| *pref).min();
        hosts.retain(|(preference, ..)| ours.is_none_or(|ours| *preference < ours));
        if hosts.is_empty() {
            return Self::Ourselves;
        }
        hosts.sort_unstable_by_key(|(preference, random, _)| (*preference, *random));
        Self::Hosts(hosts.into_iter().map(|(.., host)| host).collect())
    }

    /// True where `records` say that the domain takes no mail.
    pub(super) fn is_null(records: &[MxRecord]) -> bool {
        !records.is_empty() && records.iter().all(|record| record.exchange.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(records: &[(u16, &str)], randoms: &[u32]) -> MxHosts {
        let records = records
            .iter()
            .map(|(preference, host)| MxRecord {
                preference: *preference,
                exchange: (*host != ".").then(|| Domain::parse(host).unwrap()),
            })
            .collect();
        let mut randoms = randoms.iter().copied();
        let hostname = Domain::parse("Us.example").unwrap();
        MxHosts::of(records, &hostname, || randoms.next().unwrap_or(0))
    }

    fn hosts(names: &[&str]) -> MxHosts {
        MxHosts::Hosts(names.iter().map(|name| Domain::parse(name).unwrap()).collect())
    }

    #[test]
    fn by_preference_and_equal_ones_by_chance() {
        let records = [(20, "c.test"), (10, "a.test"), (10, "b.test")];
        assert_eq!(of(&records, &[0, 1, 2]), hosts(&["a.test", "b.test", "c.test"]));
        assert_eq!(of(&records, &[0, 2, 1]), hosts(&["b.test", "a.test", "c.test"]));
    }

    #[test]
    fn null_mx_only_where_it_is_alone() {
        assert_eq!(of(&[(0, ".")], &[]), MxHosts::NullMx);
        assert_eq!(of(&[(0, "."), (10, "a.test")], &[]), hosts(&["a.test"]));
        assert_eq!(of(&[], &[]), MxHosts::Nobody);
    }

    #[test]
    fn our_own_name_ends_the_list() {
        let records = [(10, "a.test"), (20, "us.example"), (20, "b.test"), (30, "c.test")];
        assert_eq!(of(&records, &[]), hosts(&["a.test"]));
        assert_eq!(of(&[(20, "us.EXAMPLE"), (20, "b.test")], &[]), MxHosts::Ourselves);
    }
}
