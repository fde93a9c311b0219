//! Facts in, findings out.

use super::{
    dkim, dmarc,
    facts::{Facts, Mx, Reverse},
    mta_sts, munge, replies, sending, spf, tls_rpt,
};
use crate::{
    admin::{
        aliases::UnsafeAlias,
        doctor::{
            finding::{Finding, Severity, error, finding, shell, warning},
            record::{DomainRecord, Judged, Purpose, RecordState},
        },
        keystore::SealedKeys,
        secrets::SecretDifference,
        spam_filter::FilterStatus,
    },
    config::{Config, service},
    store::Unreadable,
    time::DAY,
};
use std::{collections::BTreeSet, net::IpAddr, time::Duration};

/// For so long before its end a certificate is warned of.
const SOON: Duration = Duration::from_hours(14 * 24);
/// What should be free: octets, or one part of so many.
const FREE_OCTETS: u64 = 1 << 30;
const FREE_PART: u64 = 20;

/// Looks through it all, errors first.
pub(super) fn examine(config: &Config, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::from_iter(dns(facts));
    hostname(config, facts, &mut findings);
    for domain in &facts.domains {
        findings.extend(mail_comes(config, facts, domain).finding);
    }
    findings.extend(spf::examine(config, facts));
    findings.extend(dkim::examine(config, facts));
    let srs_domain = &config.srs.settings.domain;
    findings.extend(dmarc::judge(facts, srs_domain, &facts.dmarc).finding);
    findings.extend(sending::examine(config, facts));
    findings.extend(munge::examine(config, facts));
    for (ip, zone) in &facts.listed {
        findings.push(error(
            "listed",
            format!("{ip} is listed at {zone}: its operator says how it gets off the list"),
            "whoever asks that list takes no mail from here",
            None,
        ));
    }
    for (zone, kind, trouble) in &facts.lists {
        findings.push(error(
            "dnsbl",
            format!("the list {zone} (kind {kind}) does not work: {trouble}"),
            "mail from whoever is on it comes in; errors refuse nobody",
            None,
        ));
    }
    findings.extend(certificate(config, facts));
    findings.extend(mta_sts::examine(config, facts));
    findings.extend(tls_rpt::examine(facts));
    findings.extend(filter(facts));
    findings.extend(replies::examine(facts));
    let alike = match facts.sealed {
        Some(_) => {
            "let store.key_file be the same on all nodes, which then have what is in the store"
        }
        None => "copy the file to all nodes, which take it up by themselves",
    };
    for SecretDifference { node, what } in &facts.secrets_elsewhere {
        findings.push(error(
            "secrets",
            format!("the node {node} {what}; {alike}"),
            "a bounce that reaches the other node is refused as forged, and mail leaves there with another signature or none",
            None,
        ));
    }
    findings.extend(facts.sealed.iter().flat_map(sealed));
    machine(config, facts, &mut findings);
    if let Some((host, why)) = &facts.way_out {
        findings.push(error(
            "port-25",
            format!("{host} cannot be reached at port 25: {why}; ask your provider to open it"),
            "no mail leaves; many providers bar port 25 until they are asked",
            None,
        ));
    }
    if facts.leads_to_gmail {
        findings.push(finding(
            Severity::Hint,
            "gmail-self",
            "an alias leads to Gmail: test it from an address that is not that mailbox",
            "Gmail does not show what one sends to oneself a second time, so a test seems lost",
            None,
        ));
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn filter(facts: &Facts) -> Option<Finding> {
    let FilterStatus { address, problem } = facts.filter.as_ref()?;
    let problem = problem.as_ref()?;
    Some(error(
        "filter",
        format!("the spam filter at {address} says nothing of a message: {problem}"),
        "mail goes on without it, or is put off, as filter.fail says",
        None,
    ))
}

/// Where SRS secrets and DKIM keys are, if that is the store.
fn sealed(keys: &SealedKeys) -> Vec<Finding> {
    let SealedKeys { key_file, unused, is_behind } = keys;
    let mut findings = vec![finding(
        Severity::Hint,
        "keys-in-store",
        format!(
            "SRS secrets and DKIM keys come from the store, sealed by {}: keep a copy of that file elsewhere",
            key_file.display()
        ),
        "who loses it has none of them any more, and no backup of the database brings them back",
        None,
    )];
    if *is_behind {
        findings.push(warning(
            "keys-behind",
            "this node does not go by the SRS secrets and DKIM keys that are in the store: its log says why",
            "a bounce that reaches another node is refused as forged, and mail leaves from here with another signature",
            None,
        ));
    }
    if !unused.is_empty() {
        findings.push(warning(
            "unused-keys",
            format!("{} are not used, as store.key_file is set", unused.join(" and ")),
            "whoever changes them wonders that nothing comes of it, and whoever gets them can sign as you do",
            None,
        ));
    }
    findings
}

pub(super) fn dns(facts: &Facts) -> Option<Finding> {
    let domains = facts.domains.iter().filter(|mx| !mx.is_known);
    let mut names: BTreeSet<String> = domains.map(|mx| format!("MX of {}", mx.domain)).collect();
    names.extend(facts.unanswered.iter().cloned());
    (!names.is_empty()).then(|| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let what = format!(
            "no answer from DNS: {}; see whether the name servers answer, ours and theirs",
            names.join(", ")
        );
        let why = "who sends here, or takes our mail, may get no answer either, and puts it off";
        error("dns", what, why, None)
    })
}

fn hostname(config: &Config, facts: &Facts, findings: &mut Vec<Finding>) {
    let name = &config.hostname;
    let address = |ip: &IpAddr| match ip {
        IpAddr::V4(ip) => format!("{name}. A {ip}"),
        IpAddr::V6(ip) => format!("{name}. AAAA {ip}"),
    };
    if !name.as_str().contains('.') || name.literal().is_some() {
        findings.push(error(
            "hostname",
            format!("hostname is {name}: it must be a name in DNS, as mx.example.org"),
            "receivers refuse who greets them so",
            None,
        ));
    } else if facts.host.is_empty() && !facts.is_unanswered(name.as_str()) {
        findings.push(error(
            "hostname",
            format!("{name} has no address in DNS"),
            "an MX that names it leads nowhere, and receivers refuse who greets them so",
            facts.ours.iter().map(address),
        ));
    }
    for Reverse { ip, names, is_ours } in &facts.reverse {
        if *is_ours || facts.host.is_empty() {
            continue;
        }
        let severity = if ip.is_ipv4() { Severity::Error } else { Severity::Warning };
        let what = match names.is_empty() {
            true => format!("{ip} has no name (PTR); whoever gave you the address sets it"),
            false => format!("{ip} is called {}, which is not {name} and back", names.join(", ")),
        };
        let mut mend = vec![format!("{ip} PTR {name}.")];
        mend.extend((!facts.host.contains(ip)).then(|| address(ip)));
        let why =
            "Gmail, Microsoft and others refuse mail from addresses whose name does not lead back";
        findings.push(finding(severity, "ptr", what, why, mend));
    }
}

pub(super) fn mail_comes(config: &Config, facts: &Facts, mx: &Mx) -> Judged {
    let Mx { domain, exists, hosts, reaches_us, is_known } = mx;
    let is_srs = *domain == config.srs.settings.domain;
    let why = match is_srs {
        true => "bounces to forwarded mail go there: nobody learns of them",
        false => "its mail does not come here",
    };
    let wanted = format!("10 {}.", config.hostname);
    let mend = [format!("{domain}. MX {wanted}")];
    let (state, finding) = if !exists {
        let what =
            format!("{domain} does not exist in DNS: register it, or see to its name servers");
        (RecordState::Missing, Some(error("domain", what, why, mend)))
    } else if *reaches_us {
        (RecordState::Right, None)
    } else if !is_known || facts.ours.is_empty() {
        (RecordState::Unanswered, None)
    } else if hosts.is_empty() {
        (RecordState::Missing, Some(error("mx", format!("{domain} has no MX"), why, mend)))
    } else {
        let what = format!("no MX of {domain} leads here: {}", hosts.join(", "));
        (RecordState::Wrong, Some(error("mx", what, why, mend)))
    };
    let record = DomainRecord {
        purpose: Purpose::Mx,
        name: domain.to_string(),
        kind: "MX",
        wanted: Some(wanted),
        found: hosts.clone(),
        state,
    };
    Judged { record, finding }
}

fn certificate(config: &Config, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    // By ACME it is renewed a month before its end: the log says what stands in the way.
    let init = || match facts.is_issued {
        true => ["journalctl -u onward --grep ACME".to_owned()],
        false => ["certbot certonly --standalone -d ".to_owned() + config.hostname.as_str()],
    };
    match &facts.certificate {
        None if facts.is_issued => {}
        None => findings.push(warning(
            "no-certificate",
            "[tls] has no certificate",
            "mail comes in plaintext, and whoever insists on TLS sends none",
            init(),
        )),
        Some(Err(unreadable)) => findings.push(error(
            "certificate",
            format!("the certificate cannot be read: {unreadable}"),
            "the daemon does not start with it",
            init(),
        )),
        Some(Ok(life)) => {
            let name = config.hostname.to_key();
            let why = "servers that check certificates (MTA-STS) send nothing";
            if life.end <= facts.now {
                findings.push(error("certificate", "the certificate has expired", why, init()));
            } else if life.end < facts.now + SOON {
                let days = life.end.since(facts.now).as_secs() / DAY.as_secs();
                let what = format!("the certificate expires in {days} days");
                findings.push(warning("certificate", what, why, init()));
            }
            if !life.is_for(&name) {
                let what = format!("the certificate is for {}, not {name}", life.names.join(", "));
                findings.push(warning("certificate-name", what, why, init()));
            }
        }
    }
    findings
}

fn machine(config: &Config, facts: &Facts, findings: &mut Vec<Finding>) {
    if let Some(start) = facts.is_down {
        findings.push(error(
            "daemon",
            "the daemon does not run",
            "no mail is taken, and what waits is not tried",
            [start.to_owned()],
        ));
    }
    for (file, why) in &facts.closed {
        findings.push(error(
            "access",
            format!("{}: {why}", file.display()),
            "what depends on it was not looked at; the daemon may not start",
            None,
        ));
    }
    for (file, user) in &facts.barred {
        let word = shell(&file.display().to_string());
        findings.push(error(
            "barred",
            format!("{user}, as whom the service runs, may not read {}", file.display()),
            "the service does not start, or goes on by what it read before",
            [format!("chgrp {user} {word}; chmod g+r {word}")],
        ));
    }
    for (file, mode) in facts.secrets.iter().filter(|(_, mode)| mode & 0o007 != 0) {
        findings.push(error(
            "permissions",
            format!(
                "everybody on this machine may read {} (mode {:o})",
                file.display(),
                mode & 0o777
            ),
            match config.filter.password_file.as_ref() == Some(file) {
                true => "whoever has it can ask the spam filter as you do, and teach it",
                false => "whoever has it can sign as you do",
            },
            [format!("chmod o= {}", shell(&file.display().to_string()))],
        ));
    }
    if !facts.unreadable.is_empty() {
        let one = |it: &Unreadable| format!("{} ({})", it.id, it.reason);
        let messages: Vec<String> = facts.unreadable.iter().map(one).collect();
        findings.push(error(
            "spool-unreadable",
            format!("messages in the spool cannot be read: {}", messages.join(", ")),
            "they are neither tried nor told about, and stay until they are dropped",
            facts.unreadable.iter().map(|it| format!("onward queue drop {}", it.id)),
        ));
    }
    for nowhere in &facts.nowhere {
        findings.push(warning(
            "destination",
            nowhere.to_string(),
            "a slip in the address, or a domain that was given up: whoever writes there hears 550",
            None,
        ));
    }
    for name in &facts.unnamed_sockets {
        findings.push(error(
            "unnamed-socket",
            service::unnamed(name),
            "what connects there waits in vain; a Postfix that is to have the port does not start",
            service::socket_unit(name).map(|_| service::give_up(name)),
        ));
    }
    for UnsafeAlias { alias, address, why } in &facts.unsafe_aliases {
        findings.push(error(
            "unsafe-alias",
            format!("the alias {alias} is not followed: {why}"),
            "with it a sender could choose where mail goes; its recipients are put off with 451",
            [format!("onward alias remove {}", shell(address))],
        ));
    }
    if let Some((free, all)) = facts.disk
        && (free < FREE_OCTETS || free < all / FREE_PART)
    {
        findings.push(warning(
            "disk",
            format!(
                "{} MiB are free where {} is: make room",
                free >> 20,
                config.state_dir.display()
            ),
            "nothing can be kept for destinations that are not ready",
            None,
        ));
    }
    if facts.is_clock_set == Some(false) {
        findings.push(warning(
            "clock",
            "the clock follows no other",
            "SRS addresses and signatures have dates, and certificates too",
            ["timedatectl set-ntp true".to_owned()],
        ));
    }
}
