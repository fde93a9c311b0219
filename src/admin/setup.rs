//! The DNS records of a new set-up, and what is known of the addresses of this machine.

use super::{dkim_keys::DkimKey, doctor::quoted};
use crate::{address::Domain, dnsbl::reversed, time::UnixTime};
use serde::Serialize;
use std::{fmt::Write, net::IpAddr};

pub use super::doctor::{OwnAddress, own_addresses};

/// What a set-up has, as far as DNS is to know it.
#[derive(Debug, Clone)]
pub struct Setup<'a> {
    /// The name of this machine.
    pub hostname: &'a Domain,
    /// The domain whose mail is forwarded.
    pub domain: &'a Domain,
    /// The domain of rewritten reverse-paths.
    pub srs_domain: &'a Domain,
    /// The addresses of this machine, as the world knows them; empty where they are not known.
    pub addresses: &'a [IpAddr],
    /// The keys that sign.
    pub keys: &'a [DkimKey],
    /// Somebody gets what comes to postmaster@ of the domain, and so reports.
    pub has_postmaster: bool,
    /// Others are asked to tell how TLS goes (RFC 8460).
    pub tls_rpt: bool,
    /// Others are asked to send by TLS alone (RFC 8461), from this time on.
    pub mta_sts: Option<UnixTime>,
}

/// A record that is to be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DnsRecord {
    /// Where it stands, with a dot at the end.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it says, as a zone file has it.
    pub value: String,
    /// What it is for.
    pub what: &'static str,
    /// It stands in the zone of whoever gave the address.
    pub is_elsewhere: bool,
}

impl Setup<'_> {
    /// All records, in the order in which they are best published.
    pub fn records(&self) -> Vec<DnsRecord> {
        let Self { hostname, domain, srs_domain, .. } = self;
        let mut records = Vec::new();
        let mut add = |name: String, kind, value: String, what| {
            let is_elsewhere = kind == "PTR";
            records.push(DnsRecord { name: name + ".", kind, value, what, is_elsewhere });
        };
        for ip in self.addresses {
            let kind = if ip.is_ipv4() { "A" } else { "AAAA" };
            add(hostname.to_string(), kind, ip.to_string(), "this machine");
        }
        for ip in self.addresses {
            let zone = if ip.is_ipv4() { "in-addr" } else { "ip6" };
            let name = format!("{}.{zone}.arpa", reversed(*ip));
            add(name, "PTR", format!("{hostname}."), "its name, set where you rent it");
        }
        add(domain.to_string(), "MX", format!("10 {hostname}."), "mail comes here");
        if srs_domain != domain {
            add(srs_domain.to_string(), "MX", format!("10 {hostname}."), "bounces come here");
        }
        let spf = quoted(&format!("v=spf1 a:{hostname} ~all"));
        add(srs_domain.to_string(), "TXT", spf, "forwards leave from here (SPF)");
        for key in self.keys {
            add(key.dns_name.clone(), "TXT", quoted(&key.dns_text), "the key that signs (DKIM)");
        }
        let reports = match self.has_postmaster {
            true => format!("; rua=mailto:postmaster@{domain}"),
            false => String::new(),
        };
        let dmarc = quoted(&format!("v=DMARC1; p=none{reports}"));
        add(format!("_dmarc.{domain}"), "TXT", dmarc, "whose mail is genuine (DMARC)");
        if self.tls_rpt {
            let report = quoted(&format!("v=TLSRPTv1; rua=mailto:postmaster@{domain}"));
            add(format!("_smtp._tls.{domain}"), "TXT", report, "whom others tell how TLS goes");
        }
        if let Some(now) = self.mta_sts {
            let policy = quoted(&format!("v=STSv1; id={}", now.as_secs()));
            add(format!("_mta-sts.{domain}"), "TXT", policy, "mail comes by TLS alone (MTA-STS)");
        }
        records
    }

    /// The policy that a web server has to show, where others are to send by TLS alone.
    pub fn mta_sts_policy(&self) -> Option<String> {
        let hostname = self.hostname;
        self.mta_sts
            .map(|_| format!("version: STSv1\nmode: testing\nmx: {hostname}\nmax_age: 86400\n"))
    }

    /// The records as a zone file; what stands in other zones is a comment.
    pub fn zone(&self) -> String {
        let Self { domain, hostname, .. } = self;
        let mut zone =
            format!("; What Onward needs in DNS, for {domain}, made by `onward init`.\n");
        if self.addresses.is_empty() {
            let _ = writeln!(zone, "; {hostname}. needs an A record, and AAAA, with its address.");
        }
        for DnsRecord { name, kind, value, what, is_elsewhere } in self.records() {
            let comment = if is_elsewhere { "; " } else { "" };
            let _ = writeln!(zone, "; {what}\n{comment}{name} 3600 IN {kind} {value}");
        }
        if let Some(policy) = self.mta_sts_policy() {
            let policy = policy.trim_end().replace('\n', "\n;   ");
            let _ = writeln!(
                zone,
                "; With it goes a page: https://mta-sts.{domain}/.well-known/mta-sts.txt\n;   {policy}"
            );
        }
        zone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DkimKey {
        DkimKey {
            domain: "srs.example.org".to_owned(),
            selector: "a".to_owned(),
            state: "active",
            kind: "rsa",
            bits: 2048,
            dns_name: "a._domainkey.srs.example.org".to_owned(),
            dns_text: format!("v=DKIM1; k=rsa; p={}", "A".repeat(300)),
            zone_line: String::new(),
        }
    }

    #[test]
    fn all_of_it_stands_in_the_zone() {
        let name = |text: &str| Domain::parse(text).unwrap();
        let (hostname, domain, srs) =
            (name("mx.example.org"), name("example.org"), name("srs.example.org"));
        let addresses = ["192.0.2.10".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        let keys = [key()];
        let mut setup = Setup {
            hostname: &hostname,
            domain: &domain,
            srs_domain: &srs,
            addresses: &addresses,
            keys: &keys,
            has_postmaster: true,
            tls_rpt: true,
            mta_sts: Some(UnixTime::new(1)),
        };
        let zone = setup.zone();
        for line in [
            "mx.example.org. 3600 IN A 192.0.2.10",
            "mx.example.org. 3600 IN AAAA 2001:db8::1",
            "; 10.2.0.192.in-addr.arpa. 3600 IN PTR mx.example.org.",
            "example.org. 3600 IN MX 10 mx.example.org.",
            "srs.example.org. 3600 IN MX 10 mx.example.org.",
            "srs.example.org. 3600 IN TXT \"v=spf1 a:mx.example.org ~all\"",
            "_dmarc.example.org. 3600 IN TXT \"v=DMARC1; p=none; rua=mailto:postmaster@example.org\"",
            "_smtp._tls.example.org. 3600 IN TXT \"v=TLSRPTv1; rua=mailto:postmaster@example.org\"",
            "_mta-sts.example.org. 3600 IN TXT \"v=STSv1; id=1\"",
            ";   mx: mx.example.org",
        ] {
            assert!(zone.lines().any(|told| told == line), "{line}\n{zone}");
        }
        let key = zone.lines().find(|line| line.starts_with("a._domainkey.")).unwrap();
        assert_eq!(key.matches('"').count(), 4, "two strings: {key}");
        (setup.addresses, setup.has_postmaster) = (&[], false);
        (setup.tls_rpt, setup.mta_sts, setup.srs_domain) = (false, None, &domain);
        let zone = setup.zone();
        assert!(zone.contains("; mx.example.org. needs an A record"), "{zone}");
        assert!(zone.contains("_dmarc.example.org. 3600 IN TXT \"v=DMARC1; p=none\"\n"), "{zone}");
        assert_eq!(zone.matches(" MX ").count(), 1, "{zone}");
        assert!(!zone.contains("STS") && !zone.contains("TLSRPT"), "{zone}");
    }
}
