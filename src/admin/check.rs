//! What a configuration means.

use super::{Error, Place, dkim_keys, keystore::Keys, spam_filter};
use crate::{
    clock,
    config::{CertificateFiles, Config, Dnsbl, Listen, Protocol, Srs, print_duration, print_size},
    keys::{Keystore, present_certificate_files, relay_password, webhook_secret},
    next_hop::{Relay, TlsLevel},
    postfix::{AliasMaps, Asker, MapFault},
    store::{StoreError, postgres},
    time::DAY,
    tls::{Certificates, expiry},
};
use serde::Serialize;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// Days before its end from which on a certificate is warned of.
const SOON: u64 = 14;

/// What a configuration comes to, in words.
#[derive(Debug, Clone, Serialize)]
pub struct Meaning {
    /// Our name.
    pub hostname: String,
    /// Where everything that this machine keeps lies.
    pub state_dir: String,
    /// Where the store is: there, or in a database that machines share.
    pub store: String,
    /// Who gets the mail of role addresses.
    pub postmaster: Option<String>,
    /// What will listen where.
    pub listen: Vec<String>,
    /// How senders are rewritten.
    pub srs: String,
    /// What goes where whatever DNS says.
    pub routes: Vec<String>,
    /// The certificates.
    pub tls: Vec<String>,
    /// Who answers about names; `None` where no mail comes here, as may be beside Postfix.
    pub dns: Option<String>,
    /// Who is asked about clients and senders, without keys.
    pub lists: Vec<String>,
    /// The bounds of a message; `None` as above.
    pub delivery: Option<String>,
    /// Who says whether mail is spam, and what happens to it then; `None` where nobody is asked.
    pub filter: Option<String>,
    /// What may become trouble.
    pub warnings: Vec<String>,
}

impl Meaning {
    /// Reads the secrets and certificates too.
    ///
    /// # Errors
    /// When they cannot be used.
    pub async fn of(config: &Config) -> Result<Self, Error> {
        let keys = Keys::of(config);
        let keystore = keys.now().await?;
        let secrets = Secrets::read(config, &keys, &keystore)?;
        let certificates = present_certificate_files(config);
        Certificates::load(&certificates)
            .map_err(|error| Error::refused(format_args!("[tls] {error}")))?;
        let mut expiring = Vec::new();
        let mut tls: Vec<String> =
            certificates.iter().map(|files| certificate(files, &mut expiring)).collect();
        if let Some(acme) = &config.tls.acme {
            let (directory, http) = (&acme.directory, &acme.http);
            tls.push(format!("certificate by ACME from {directory}, asked at {http}"));
        }
        let routes = config.routes.iter().map(|route| {
            let tls = match route.to.tls {
                TlsLevel::None => "plaintext",
                TlsLevel::Opportunistic => "TLS where it is offered",
                TlsLevel::Required => "TLS or nothing",
                TlsLevel::Verified => "TLS with its own certificate or nothing",
            };
            let mut text = format!("{} to {}, {tls}", route.pattern, route.to);
            if let Some(Relay { login, takes_own_from, source, hello }) = route.to.relay.as_deref()
            {
                text.push_str(if login.is_some() { ", with a login" } else { "" });
                text.push_str(if *takes_own_from { ", From munged" } else { "" });
                text.extend(source.map(|source| format!(", from {source}")));
                text.extend(hello.as_ref().map(|hello| format!(", as {hello}")));
            }
            text
        });
        let mut open = Vec::new();
        for login in config.routes.iter().filter_map(|route| route.to.login()) {
            relay_password(&login.password_file).map_err(Error::refused)?;
            let then = "whoever has it can send mail as you";
            open.extend(
                open_to_all(&login.password_file, then).filter(|text| !open.contains(text)),
            );
        }
        if let Some(file) = &config.events.secret_file {
            webhook_secret(file.clone()).map_err(Error::refused)?;
        }
        let takes_mail = config.listen.iter().any(|listen| listen.protocol.takes_mail());
        Ok(Self {
            hostname: config.hostname.to_string(),
            state_dir: config.state_dir.display().to_string(),
            store: Place::of(config).to_string(),
            postmaster: config.postmaster.as_ref().map(ToString::to_string),
            listen: config.listen.iter().map(listens).collect(),
            srs: srs(&config.srs, &secrets, &keystore),
            routes: routes.collect(),
            tls,
            dns: takes_mail.then(|| dns(config)),
            lists: config.dnsbl.iter().map(list).collect(),
            delivery: takes_mail.then(|| delivery(config)),
            filter: spam_filter::meaning(config)?,
            warnings: [
                config.warnings.clone(),
                config.exposed.clone(),
                secrets.warnings,
                open,
                expiring,
                unsigned(config, &keystore),
            ]
            .concat(),
        })
    }
}

/// What the server of the database that machines share is, or why it does not answer now; `None` where nothing is shared.
///
/// # Errors
/// When it cannot be used as it is.
pub async fn database(config: &Config) -> Result<Option<String>, Error> {
    let Some(database) = config.store.postgres.clone() else { return Ok(None) };
    match postgres::describe(database).await {
        Ok(text) => Ok(Some(text)),
        // That may be over soon; a daemon that knows the directory starts all the same.
        Err(error @ StoreError::Unreachable { .. }) => Ok(Some(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// What stands against the milters' `alias_maps`, which are asked as the service asks them.
pub async fn alias_map_faults(config: &Config) -> Vec<MapFault> {
    let asker = Asker::of_service(&config.state_dir);
    let mut faults = Vec::new();
    for listen in &config.listen {
        let maps = AliasMaps::new(listen.milter.alias_maps.clone());
        faults.extend(maps.asked_by(asker).probe().await);
    }
    faults
}

/// Until when one of our certificates is valid; a warning where that is soon.
fn certificate(files: &CertificateFiles, warnings: &mut Vec<String>) -> String {
    let name = files.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    let file = files.certificate.display();
    let valid = match expiry(&files.certificate) {
        Ok(life) => {
            let now = clock::now();
            let days = (life.end > now).then(|| life.end.since(now).as_secs() / DAY.as_secs());
            match days {
                Some(days @ ..=SOON) => {
                    warnings.push(format!("the certificate {file} expires in {days} days"));
                }
                None => warnings.push(format!("the certificate {file} has expired")),
                Some(_) => {}
            }
            days.map_or("has expired".to_owned(), |days| format!("valid for {days} days"))
        }
        Err(error) => error.what,
    };
    format!("{name}{file}, {valid}")
}

/// A warning where accounts may send, and nothing of it would leave.
fn unsigned(config: &Config, keystore: &Keystore) -> Vec<String> {
    let keys = || dkim_keys::listed(keystore).unwrap_or_default();
    let signs = || keys().iter().flatten().any(|key| key.state == "active");
    match config.takes_submissions() && !signs() {
        true => vec![
            "no domain has a DKIM key, and accounts send nothing without one; to make one: onward dkim key add DOMAIN"
                .to_owned(),
        ],
        false => Vec::new(),
    }
}

/// What can be told about the secrets without showing them.
struct Secrets {
    count: usize,
    warnings: Vec<String>,
}

impl Secrets {
    fn read(config: &Config, keys: &Keys, keystore: &Keystore) -> Result<Self, Error> {
        let keyring = keystore.keyring()?;
        let used = Keystore::of(config);
        let then = match &config.store.key_file {
            Some(_) => "whoever has it and the database can sign as you do",
            None => "whoever has it can make bounce addresses of yours",
        };
        let mut warnings: Vec<String> = open_to_all(used.needed(), then).into_iter().collect();
        let unused = keys.unused();
        if !unused.is_empty() {
            warnings.push(format!(
                "{} are not used, as store.key_file is set: remove them once all nodes go by what is in the store",
                unused.join(" and ")
            ));
        }
        for fingerprint in keyring.short_secrets() {
            warnings.push(format!("the secret {fingerprint} is short enough to be guessed"));
        }
        Ok(Self { count: keyring.fingerprints().len(), warnings })
    }
}

/// A warning where a file of secrets is not for us alone, and what comes of that.
fn open_to_all(file: &Path, then: &str) -> Option<String> {
    let mode = fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode());
    let (name, shown) = (file.display(), mode & 0o777);
    (mode & 0o007 != 0).then(|| {
        format!(
            "everybody on this machine may read or write {name} (mode {shown:o}): {then}; chmod o= {name} mends it"
        )
    })
}

fn listens(listen: &Listen) -> String {
    let mut text = format!("{} on {}", listen.protocol, listen.address);
    if !listen.proxy_protocol.is_empty() {
        let peers: Vec<_> = listen.proxy_protocol.iter().map(ToString::to_string).collect();
        text.push_str(&format!(", PROXY header from {}", peers.join(", ")));
    }
    if !listen.xforward.is_empty() {
        let peers: Vec<_> = listen.xforward.iter().map(ToString::to_string).collect();
        text.push_str(&format!(", XFORWARD from {}", peers.join(", ")));
    }
    if listen.protocol == Protocol::Submission {
        text.push_str(", accounts only");
    }
    if listen.protocol == Protocol::Http {
        let served: Vec<_> = listen.serve.iter().map(ToString::to_string).collect();
        text.push_str(&format!(", {}", served.join(", ")));
    }
    if listen.implicit_tls {
        text.push_str(", TLS from the first octet on");
    }
    if listen.milter.shadow {
        text.push_str(", decides and changes nothing");
    }
    text
}

fn srs(srs: &Srs, secrets: &Secrets, keystore: &Keystore) -> String {
    let settings = &srs.settings;
    let kinds: Vec<_> =
        settings.also_accept.iter().map(|kind| format!(", accepts {kind}")).collect();
    format!(
        "{}{}; tag {} of {} characters{}; {} days; {} in {}",
        settings.domain,
        if settings.per_domain { ", or the alias's own domain" } else { "" },
        settings.tag,
        settings.tag_length,
        kinds.concat(),
        settings.max_age_days,
        if secrets.count == 1 { "1 secret".into() } else { format!("{} secrets", secrets.count) },
        keystore.name(),
    )
}

fn dns(config: &Config) -> String {
    let servers: Vec<_> = config.dns.servers.iter().map(ToString::to_string).collect();
    if servers.is_empty() { "the system's name servers".into() } else { servers.join(", ") }
}

fn list(list: &Dnsbl) -> String {
    format!("{}, kind {}, action {}", list.zone, list.kind, list.action)
}

fn delivery(config: &Config) -> String {
    format!(
        "messages up to {}, verdict within {}",
        print_size(config.delivery.max_message_size as u64),
        print_duration(config.delivery.budget)
    )
}
