//! Whether what accounts send is believed, and mail programs find where to send it.

use super::{
    dkim::unsigned,
    dmarc,
    dns::{self, Dns},
    facts::{Facts, Sending, SentAs, Service},
};
use crate::{
    account::{SendAs, State},
    address::{Domain, DomainPattern},
    admin::{
        Error, Store,
        doctor::{
            finding::{Finding, error, warning},
            record::{DomainRecord, Purpose, RecordState},
        },
        mail_programs::NO_LISTENER,
    },
    client_setup::{Outgoing, Record, records},
    config::Config,
    keys::present_certificate_files,
    tls::{self, Life},
};
use std::collections::BTreeMap;

const WHY_CERTIFICATE: &str =
    "Gmail and other programs refuse to log in, or ask about it each time";

/// Asks the store for the domains that `is_wanted` names, and DNS about them.
pub(super) async fn gather(
    dns: &mut Dns<'_>,
    config: &Config,
    store: &Store,
    is_wanted: impl Fn(&Domain) -> bool,
) -> Result<Sending, Error> {
    let outgoing = config.outgoing();
    let mut sending = Sending::default();
    for domain in domains(store).await?.into_iter().filter(|domain| is_wanted(domain)) {
        let mut services = Vec::new();
        for Record { name, .. } in outgoing.iter().flat_map(|to| ours(&domain, to)) {
            let found = dns.services(&name).await;
            services.push((name, found));
        }
        let dmarc = dns::dmarc(dns, &domain).await;
        sending.domains.push(SentAs { domain, dmarc, services });
    }
    sending.certificate = outgoing.and_then(|outgoing| certificate(config, &outgoing.host));
    Ok(sending)
}

/// Of all accounts that are not switched off.
async fn domains(store: &Store) -> Result<Vec<Domain>, Error> {
    let mut domains = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.accounts(after.as_deref()).await?;
        let accounts = page.accounts.into_iter().map(|login| login.account);
        for account in accounts.filter(|account| account.state != State::Disabled) {
            for domain in account.may.iter().map(SendAs::domain) {
                domains.entry(domain.to_key()).or_insert_with(|| domain.clone());
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(domains.into_values().collect()),
        }
    }
}

/// The certificate that whoever asks for `name` is shown.
fn certificate(config: &Config, name: &Domain) -> Option<Result<Life, String>> {
    let files = present_certificate_files(config);
    let (first, others) = files.split_first()?;
    let is_for_it = |pattern: &DomainPattern| pattern.matches(name);
    let shown = others.iter().find(|files| files.name.as_ref().is_some_and(is_for_it));
    let file = &shown.unwrap_or(first).certificate;
    Some(tls::expiry(file).map_err(|error| error.to_string()))
}

/// The records of `domain` that lead to us: those of what is read are somebody else's.
fn ours(domain: &Domain, outgoing: &Outgoing) -> Vec<Record> {
    let mut records = records(domain, outgoing, None);
    records.retain(|record| record.name.starts_with("_submission"));
    records
}

pub(super) fn examine(config: &Config, facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if facts.sending.domains.is_empty() {
        return findings;
    }
    let outgoing = config.outgoing();
    match &outgoing {
        Some(outgoing) => findings.extend(certificate_fault(config, facts, outgoing)),
        None if config.takes_submissions() => findings.push(error(
            "submission",
            format!(
                "mail programs cannot be told of a server {}: set submission.server to its name",
                config.hostname
            ),
            WHY_CERTIFICATE,
            None,
        )),
        None => findings.push(error("submission", NO_LISTENER, "accounts cannot send", None)),
    }
    for sent in &facts.sending.domains {
        findings.extend(of_domain(config, facts, sent, outgoing.as_ref()));
    }
    findings
}

/// What is to be said of one domain.
pub(super) fn of_domain(
    config: &Config,
    facts: &Facts,
    sent: &SentAs,
    outgoing: Option<&Outgoing>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let domain = &sent.domain;
    if let Some(mend) = unsigned(facts, domain) {
        findings.push(error(
            "no-dkim",
            format!("no DKIM key signs for {domain}, and accounts send as it"),
            "what they send is refused, 554 5.7.5: nobody would believe it",
            [mend],
        ));
    }
    if *domain != config.srs.settings.domain {
        findings.extend(dmarc::judge(facts, domain, &sent.dmarc).finding);
    }
    findings.extend(outgoing.and_then(|outgoing| srv_fault(facts, sent, outgoing)));
    findings
}

/// The records by which mail programs find us.
pub(super) fn services(facts: &Facts, sent: &SentAs, outgoing: &Outgoing) -> Vec<DomainRecord> {
    let judged = ours(&sent.domain, outgoing).into_iter().map(|record| {
        let found = found(sent, &record);
        let state = match (is_right(&record, found, outgoing), found) {
            _ if facts.is_unanswered(&record.name) => RecordState::Unanswered,
            (true, []) => RecordState::NotNeeded,
            (true, _) => RecordState::Right,
            (false, []) => RecordState::Missing,
            (false, _) => RecordState::Wrong,
        };
        let line = record.to_string();
        DomainRecord {
            purpose: Purpose::Srv,
            kind: "SRV",
            wanted: line.split_once(" SRV ").map(|(_, value)| value.to_owned()),
            found: found.iter().map(place).collect(),
            state,
            name: record.name,
        }
    });
    judged.collect()
}

fn place((host, port): &Service) -> String {
    match host {
        Some(host) => format!("{host}:{port}"),
        None => ".".to_owned(),
    }
}

fn found<'a>(sent: &'a SentAs, record: &Record) -> &'a [Service] {
    let found = sent.services.iter().find(|(name, _)| *name == record.name);
    found.map(|(_, found)| found.as_slice()).unwrap_or_default()
}

fn is_right(record: &Record, found: &[Service], outgoing: &Outgoing) -> bool {
    match &record.target {
        Some(target) => found.contains(&(Some(target.clone()), record.port)),
        None => found.iter().all(|(host, _)| host.as_ref() != Some(&outgoing.host)),
    }
}

fn certificate_fault(config: &Config, facts: &Facts, outgoing: &Outgoing) -> Vec<Finding> {
    let name = &outgoing.host;
    let mend = || match &config.tls.acme {
        Some(_) => Vec::new(),
        None => vec![format!("certbot certonly --standalone -d {name}")],
    };
    let acme = match &config.tls.acme {
        Some(_) => ": add it to tls.acme_names",
        None => "",
    };
    let fault = |what: String| error("submission-certificate", what, WHY_CERTIFICATE, mend());
    let mut findings = Vec::new();
    match &facts.sending.certificate {
        // What is still to be issued, or is said of the one that all are shown.
        None => {}
        Some(Err(unreadable)) if facts.certificate != facts.sending.certificate => {
            findings
                .push(fault(format!("the certificate for {name} cannot be read: {unreadable}")));
        }
        Some(Err(_)) => {}
        Some(Ok(life)) => {
            if facts.certificate != facts.sending.certificate && life.end <= facts.now {
                findings.push(fault(format!("the certificate for {name} has expired")));
            }
            if !life.is_for(&name.to_key()) {
                let names = life.names.join(", ");
                findings.push(fault(format!(
                    "mail programs are told of {name}, and the certificate is for {names}{acme}"
                )));
            } else if life.is_self_signed {
                findings.push(fault(format!("the certificate for {name} is signed by itself")));
            }
        }
    }
    findings
}

fn srv_fault(facts: &Facts, sent: &SentAs, outgoing: &Outgoing) -> Option<Finding> {
    let (mut elsewhere, mut mend) = (Vec::new(), Vec::new());
    for record in ours(&sent.domain, outgoing) {
        let found = found(sent, &record);
        if is_right(&record, found, outgoing) || facts.is_unanswered(&record.name) {
            continue;
        }
        let leads_to = found.iter().map(|(host, port)| match host {
            Some(host) => format!("{} leads to {host}:{port}", record.name),
            None => format!("{} says that there is none", record.name),
        });
        elsewhere.extend(leads_to);
        mend.push(record.to_string());
    }
    if mend.is_empty() {
        return None;
    }
    let what = match elsewhere.is_empty() {
        true => format!("{} does not name the server for what accounts send", sent.domain),
        false => format!("not all of {} leads here: {}", sent.domain, elsewhere.join(", ")),
    };
    let why = "mail programs do not find it by themselves: everybody has to type it in";
    Some(warning("srv", what, why, mend))
}
