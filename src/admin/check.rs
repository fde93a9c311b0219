//! `onward check`: what is wrong with the configuration, or what it means.

use super::{Context, Failure, srs::secret_file};
use crate::{
    clock,
    config::{Config, Listen, Protocol, Srs, print_duration, print_size},
    next_hop::TlsLevel,
    time::DAY,
    tls::{Certificates, expiry},
};
use std::{fs, io::Write, os::unix::fs::PermissionsExt, path::Path, process::ExitCode};

/// Days before its end from which on a certificate is warned of.
const SOON: u64 = 14;

/// Says what is wrong with the configuration, or what will listen where
#[derive(Debug, clap::Args)]
pub struct Args {}

/// `onward check`.
///
/// # Errors
/// Everything that is wrong.
pub fn run(_: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let secrets = Secrets::read(&config.srs.secret_file)?;
    let has_certificates = Certificates::load(&config.tls.certificates)
        .map_err(|error| Failure::new(format_args!("[tls] {error}")))?
        .is_some();
    let mut out = context.out();
    let mut line = |name: &str, text: &str| writeln!(out, "{name:<11}{text}");

    line("config", &format!("{} is valid", context.config_file().display()))?;
    line("hostname", config.hostname.as_str())?;
    line("state", &config.state_dir.display().to_string())?;
    if let Some(postmaster) = &config.postmaster {
        line("postmaster", &postmaster.to_string())?;
    }
    for listen in &config.listen {
        line("listen", &listens(listen))?;
    }
    line("srs", &srs(&config.srs, &secrets))?;
    for route in &config.routes {
        let tls = match route.to.tls {
            TlsLevel::None => "plaintext",
            TlsLevel::Opportunistic => "TLS where it is offered",
            TlsLevel::Required => "TLS or nothing",
        };
        line("route", &format!("{} to {}, {tls}", route.pattern, route.to))?;
    }
    let mut warnings = Vec::new();
    for files in config.tls.certificates.iter().filter(|_| has_certificates) {
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
        line("tls", &format!("{name}{file}, {valid}"))?;
    }
    if let Some(acme) = &config.tls.acme {
        line(
            "tls",
            &format!("certificate by ACME from {}, asked at {}", acme.directory, acme.http),
        )?;
    }
    // Beside Postfix it may be that no mail comes here.
    if config.listen.iter().any(|listen| listen.protocol == Protocol::Smtp) {
        line("dns", &dns(&config))?;
        line("delivery", &delivery(&config))?;
    }
    for warning in config.warnings.iter().chain(&secrets.warnings).chain(&warnings) {
        line("warning", warning)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What can be told about the secrets without showing them.
struct Secrets {
    count: usize,
    warnings: Vec<String>,
}

impl Secrets {
    fn read(file: &Path) -> Result<Self, Failure> {
        let keyring = secret_file::keyring(file)?;
        let mode = fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode());
        let mut warnings = Vec::new();
        if mode & 0o007 != 0 {
            warnings.push(format!(
                "everybody on this machine may read or write {} (mode {:o}): whoever has it can make \
                 bounce addresses of yours; chmod 600 mends it",
                file.display(),
                mode & 0o777
            ));
        }
        for fingerprint in keyring.short_secrets() {
            warnings.push(format!("the secret {fingerprint} is short enough to be guessed"));
        }
        Ok(Self { count: keyring.fingerprints().len(), warnings })
    }
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
    if listen.implicit_tls {
        text.push_str(", TLS from the first octet on");
    }
    if listen.milter.shadow {
        text.push_str(", decides and changes nothing");
    }
    text
}

fn srs(srs: &Srs, secrets: &Secrets) -> String {
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
        srs.secret_file.display(),
    )
}

fn dns(config: &Config) -> String {
    let servers: Vec<_> = config.dns_servers.iter().map(ToString::to_string).collect();
    if servers.is_empty() { "the system's name servers".into() } else { servers.join(", ") }
}

fn delivery(config: &Config) -> String {
    format!(
        "messages up to {}, verdict within {}",
        print_size(config.delivery.max_message_size as u64),
        print_duration(config.delivery.budget)
    )
}
