//! `onward web`: who gets in to the page for people.

use super::{
    Context, Failure,
    context::Purpose,
    screen::Output,
    shown_once::{self, Made, no_listener, use_cell, write_use},
    table::{Cell, Column, List},
    time::minute,
};
use crate::{
    account::Label,
    address::Domain,
    admin::{
        Store,
        sessions::{self, Record, Revoked},
    },
    config::{Config, Listen, ListenAddress, Served},
    session::Role,
};
use std::{
    io::{self, Write},
    net::IpAddr,
    process::ExitCode,
};

/// Lets people in to the page, and out again
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Login(LoginArgs),
    /// Prints who is logged in and which links nobody followed yet, never what proves them
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Ends a session or a link: whoever shows it is a stranger from now on
    Revoke {
        /// As in `onward web list`
        id: String,
        /// Revokes the tokens too that the session made, even where it is over already
        #[arg(long)]
        tokens: bool,
    },
}

/// Prints a link that logs in once, within ten minutes
///
/// Whoever opens it and presses the button there has a session of 12 hours: as an administrator, or with --domain as an
/// owner, who sees what is of these domains and nothing else.
#[derive(Debug, clap::Args)]
struct LoginArgs {
    /// A domain of the owner whom it lets in; may be given several times [default: an administrator, who sees all]
    #[arg(long = "domain", value_name = "DOMAIN", value_parser = Domain::parse)]
    domains: Vec<Domain>,
    /// Who it is for: "Anna", "office"
    #[arg(long, value_parser = Label::parse)]
    label: Option<Label>,
    /// What the link begins with: where browsers reach the page, such as a proxy with TLS in front of it
    /// [default: the first of web.hosts; else that of the first listener with serve = ["web"]]
    #[arg(long, value_name = "URL", value_parser = base)]
    base: Option<String>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// `onward web`.
///
/// # Errors
/// When the change is refused, or the store fails.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let purpose = Purpose::changes(!matches!(args.command, Command::List { .. }));
    shown_once::run(context, purpose, async |store, config, out| {
        execute(args.command, store, config, out).await
    })
}

/// Gives what is to be said on stderr when all is done.
async fn execute(
    command: Command,
    store: &Store,
    config: &Config,
    out: &mut impl Output,
) -> Result<Vec<String>, Failure> {
    match command {
        Command::Login(args) => return login(args, store, config, out).await,
        Command::List { json } => {
            let mut list = List::new(out, json, COLUMNS);
            for record in sessions::list(store).await? {
                list.add(|| &record, |out| write_line(out, &record), || row(&record))?;
            }
            list.end()?;
        }
        Command::Revoke { id, tokens } => {
            let revoked = sessions::revoke(store, &id, tokens).await?;
            return Ok(revoke(&revoked, tokens, out)?);
        }
    }
    Ok(Vec::new())
}

/// Says what was ended; gives what goes on.
fn revoke(revoked: &Revoked, with_tokens: bool, out: &mut impl Write) -> io::Result<Vec<String>> {
    if let Some(Record { id, state, label, .. }) = &revoked.session {
        write!(out, "ended the {state} {id}")?;
        match label {
            Some(label) => writeln!(out, " ({label})")?,
            None => writeln!(out)?,
        }
    }
    for token in revoked.tokens.iter().filter(|_| with_tokens) {
        writeln!(out, "revoked {} ({})", token.id, token.label)?;
    }
    let going_on: Vec<_> = revoked.tokens.iter().map(|token| token.id.as_str()).collect();
    Ok(match (&revoked.session, going_on.as_slice()) {
        (_, []) | (None, _) => Vec::new(),
        (Some(_), _) if with_tokens => Vec::new(),
        (Some(session), _) => vec![format!(
            "what it made goes on, tokens {}; onward web revoke {} --tokens ends them too",
            going_on.join(", "),
            session.id
        )],
    })
}

async fn login(
    args: LoginArgs,
    store: &Store,
    config: &Config,
    out: &mut impl Write,
) -> Result<Vec<String>, Failure> {
    let LoginArgs { domains, label, base, json } = args;
    let mut serving = config.listen.iter().filter(|listen| listen.serve.contains(&Served::Web));
    let listener = serving.next();
    let base = match (base, listener) {
        (Some(base), _) => base,
        (None, Some(listen)) => base_of(listen, config).ok_or_else(|| {
            Failure::new(format_args!(
                "the page is served at {}, which no browser reaches by that name; say by --base URL where it is reached",
                listen.address
            ))
        })?,
        (None, None) => return Err(Failure::new(no_listener(Served::Web))),
    };
    let role = if domains.is_empty() { Role::Admin } else { Role::Owner(domains) };
    let (record, secret) = sessions::make_link(store, role, label).await?;
    let url = zeroize::Zeroizing::new(format!("{base}/login/{}", secret.as_str()));
    let revoke = async { Ok(sessions::revoke(store, &record.id, false).await.map(drop)?) };
    Made { name: "url", proof: &url, record: &record }.show(json, out, revoke).await?;
    let mut notes = vec![format!(
        "the link logs in once, until {}; onward web revoke {} ends it, and the session that it makes",
        record.ends, record.id
    )];
    if listener.is_none() {
        notes.push(no_listener(Served::Web));
    }
    Ok(notes)
}

/// Where browsers reach a listener; `None` where that cannot be known from here.
fn base_of(listen: &Listen, config: &Config) -> Option<String> {
    let named = config.web.hosts.first();
    if let Some(host) = named
        && !listen.implicit_tls
        && !host.is_loopback()
    {
        // A proxy with TLS is in front of it: without one browsers keep no session there.
        return Some(format!("https://{host}"));
    }
    let ListenAddress::Tcp { host, port } = &listen.address else { return None };
    if *port == 0 {
        return None;
    }
    let ip = host.parse::<IpAddr>().ok();
    let (scheme, usual) = if listen.implicit_tls { ("https", 443) } else { ("http", 80) };
    let host = match ip {
        _ if let Some(host) = named => host.to_string(),
        // The certificate is for the name.
        _ if listen.implicit_tls => config.hostname.to_string(),
        // Of a page without TLS, browsers of this machine alone keep the session.
        Some(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
        Some(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => host.clone(),
    };
    match *port == usual {
        true => Some(format!("{scheme}://{host}")),
        false => Some(format!("{scheme}://{host}:{port}")),
    }
}

/// What a link may begin with, without a slash at its end.
fn base(text: &str) -> Result<String, String> {
    let wrong =
        || "a base is http:// or https:// with a host, such as https://mail.example.org".to_owned();
    let base = text.trim_end_matches('/');
    let host = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
    let host = host.filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    if host.contains('/') {
        return Err("the page has to be at the root of its host: a base has no path".to_owned());
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b);
    if host.bytes().all(fits) { Ok(base.to_owned()) } else { Err(wrong()) }
}

/// `00ff00ff00  session  Anna  owner of example.org; last used … by …; ends …`.
fn write_line(out: &mut impl Write, record: &Record) -> io::Result<()> {
    let Record { id, state, role, .. } = record;
    write!(out, "{id}  {state}  {}  {role}", record.label.as_deref().unwrap_or("-"))?;
    if let Some(domains) = &record.domains {
        write!(out, " of {}", domains.join(", "))?;
    }
    write_use(out, record.last_used.as_deref(), record.client.as_deref(), "")?;
    writeln!(out, "; ends {}", record.ends)
}

const COLUMNS: [Column; 6] = [
    Column::Key("ID"),
    Column::Key("STATE"),
    Column::Text("FOR"),
    Column::Text("ROLE"),
    Column::Text("LAST USED"),
    Column::Text("ENDS"),
];

fn row(record: &Record) -> [Cell; 6] {
    let Record { id, state, label, role, domains, .. } = record;
    let state = match record.began {
        Some(_) => Cell::from(*state),
        None => Cell::waits(*state),
    };
    let role = match domains {
        Some(domains) => format!("{role} of {}", domains.join(", ")),
        None => role.clone(),
    };
    [
        id.as_str().into(),
        state,
        label.clone().unwrap_or_default().into(),
        role.into(),
        use_cell(record.last_used.as_deref(), record.client.as_deref()),
        minute(&record.ends).into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        admin,
        cli::{context::block_on, tried::store_in},
        config::Machine,
    };
    use clap::Parser;
    use std::path::Path;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn config(text: &str) -> Config {
        let machine = Machine {
            hostname: "mx.test".into(),
            state_directory: None,
            credentials_directory: None,
        };
        Config::parse(text, Path::new("x"), &machine).unwrap()
    }

    fn listening(address: &str) -> Config {
        config(&format!(
            "[[listen]]\nprotocol = \"http\"\naddress = \"{address}\"\nserve = [\"web\"]\n\
             [srs]\ndomain = \"x.test\"\n"
        ))
    }

    fn run(store: &Store, config: &Config, line: &[&str]) -> Result<(String, Vec<String>), String> {
        let args = Line::try_parse_from([&["web"], line].concat());
        let args = args.map_err(|error| error.to_string())?.args;
        let mut out = Vec::new();
        let notes = block_on(execute(args.command, store, config, &mut out));
        let notes = notes.map_err(|failure| format!("{failure:?}"))?;
        Ok((String::from_utf8(out).unwrap(), notes))
    }

    #[test]
    fn made_listed_and_revoked() {
        let state = tempfile::tempdir().unwrap();
        let store = &store_in(state.path());
        let config = &listening("127.0.0.1:8080");
        let owner = ["login", "--domain", "x.test", "--label", "Anna"];
        let refused = run(store, config, &owner).unwrap_err();
        assert!(refused.contains("onward domain add x.test"), "{refused}");
        let domain = Domain::parse("x.test").unwrap();
        block_on(async { Ok(admin::domains::add(store, &domain).await?) }).unwrap();

        let (out, notes) = run(store, config, &owner).unwrap();
        let secret = out.strip_prefix("http://127.0.0.1:8080/login/").unwrap().trim_end();
        assert_eq!(secret.len(), 32, "{out}");
        assert!(notes[0].contains("onward web revoke"), "{notes:?}");
        let (out, _) =
            run(store, config, &["login", "--json", "--base", "https://m.test/"]).unwrap();
        let made: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert!(made["url"].as_str().unwrap().starts_with("https://m.test/login/"), "{made}");
        assert_eq!((&made["role"], &made["domains"]), (&"admin".into(), &serde_json::Value::Null));

        let (list, _) = run(store, config, &["list"]).unwrap();
        assert!(list.contains("  link  Anna  owner of x.test; ends "), "{list}");
        let (json, _) = run(store, config, &["list", "--json"]).unwrap();
        assert!(!json.contains(secret) && !list.contains(secret));
        let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
        let id = first["id"].as_str().unwrap();
        let (out, _) = run(store, config, &["revoke", id]).unwrap();
        assert!(out.starts_with(&format!("ended the link {id}")), "{out}");
        assert!(run(store, config, &["revoke", id]).unwrap_err().contains("onward web list"));
        assert!(run(store, config, &["revoke", secret]).is_err());
    }

    #[test]
    fn what_links_begin_with() {
        for (address, base) in [
            ("127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("0.0.0.0:80", Some("http://127.0.0.1")),
            ("[::1]:8080", Some("http://[::1]:8080")),
            ("localhost:81", Some("http://localhost:81")),
            ("unix:/run/onward/web", None),
            ("systemd:web", None),
        ] {
            let config = listening(address);
            assert_eq!(base_of(&config.listen[0], &config).as_deref(), base, "{address}");
        }
        let state = tempfile::tempdir().unwrap();
        let store = &store_in(state.path());
        let on_socket = listening("unix:/run/onward/web");
        assert!(run(store, &on_socket, &["login"]).unwrap_err().contains("--base URL"));
        let none = config("");
        assert!(run(store, &none, &["login"]).unwrap_err().contains("docs/WEB.md"));
        let (_, notes) = run(store, &none, &["login", "--base", "https://m.test"]).unwrap();
        assert!(notes[1].contains("docs/WEB.md"), "{notes:?}");
        for (text, says) in [
            ("m.test", "https://"),
            ("ftp://m.test", "https://"),
            ("https://", "https://"),
            ("https://m.test/mail", "no path"),
            ("https://m.test\nx", "https://"),
        ] {
            assert!(base(text).unwrap_err().contains(says), "{text:?}");
        }
    }
}
