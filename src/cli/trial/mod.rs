//! `onward try`: the real daemon on loopback, between a sender and a mailbox that it can watch.

mod mailbox;
mod receiver;
mod show;
mod wire;

use super::{
    Context, Failure,
    context::{Purpose, block_on, with_store},
};
use crate::{
    address::{self, Domain, ReversePath},
    admin::{aliases, domains},
    alias::{Alias, AliasAddress},
    config::Config,
    daemon::{Daemon, Inherited},
    outbound::{Dialogue, Lost},
    provider::published::RuleBook,
};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use mailbox::{Arrived, Mailbox};
use std::{
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    pin::pin,
    process::ExitCode,
    time::Duration,
};
use tokio::{
    net::TcpStream,
    signal::ctrl_c,
    sync::mpsc,
    time::{Instant, timeout},
};
use wire::{Side, Tapped, Transcript};

/// Where the demonstration takes place; none of these names exists.
const ALIAS: &str = "hello@example.org";
const DOMAIN: &str = "example.org";
const SENDER: &str = "alice@sender.test";
const MAILBOX: &str = "bob@mailbox.test";

/// Longest wait for a mail to arrive on loopback.
const PATIENCE: Duration = Duration::from_secs(20);

/// Shows on loopback: a mail forwarded, its bounce returned, a forgery refused
///
/// Needs no configuration, and leaves nothing behind.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End after the demonstration instead of waiting for mails of yours
    #[arg(long)]
    once: bool,
    /// Say instead what this receiver's published rules say of a message, or without one of this set-up
    ///
    /// Exits 1 when it would be refused by them.
    #[arg(long, value_name = "NAME", conflicts_with = "once", value_parser = rule_books())]
    receiver: Option<RuleBook>,
    /// The message, as it would leave; - is stdin
    #[arg(value_name = "FILE", requires = "receiver")]
    message: Option<PathBuf>,
    /// Go by the rules for whoever sends thousands of messages a day, too
    #[arg(long, requires = "receiver")]
    bulk: bool,
    /// An address that our mail leaves from, where it cannot be found out (behind NAT)
    #[arg(long = "address", value_name = "IP", requires = "receiver")]
    addresses: Vec<IpAddr>,
    /// One JSON object a rule
    #[arg(long, requires = "receiver")]
    json: bool,
}

fn rule_books() -> impl TypedValueParser<Value = RuleBook> {
    PossibleValuesParser::new(RuleBook::ALL.map(RuleBook::name))
        .try_map(|name| name.parse::<RuleBook>())
}

/// `onward try`.
///
/// # Errors
/// When something is not as it should be: then this build forwards no mail on this machine.
pub fn run(args: &Args, ctx: &Context) -> Result<ExitCode, Failure> {
    if let Some(book) = args.receiver {
        return receiver::run(book, args, ctx);
    }
    let state = Scratch::new().map_err(|e| Failure::new(format!("no temporary directory: {e}")))?;
    block_on(demonstrate(args, ctx, &state.0)).map(|()| ExitCode::SUCCESS)
}

/// A directory that goes when we go.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("onward-try-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn demonstrate(args: &Args, ctx: &Context, state: &Path) -> Result<(), Failure> {
    let began = Instant::now();
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| Failure::new(format!("{what}: {error}"))
    };
    let bob = Mailbox::start("mailbox.test").await.map_err(failed("no loopback port"))?;
    let alice = Mailbox::start("sender.test").await.map_err(failed("no loopback port"))?;
    let config = configure(state, &bob, &alice).map_err(failed("cannot write a configuration"))?;
    host_the_alias(&config).await?;
    let daemon = Daemon::bind(config, Inherited::default())
        .await
        .map_err(|error| Failure::new(error.to_string()))?;
    let onward = daemon.listening().into_iter().next().unwrap_or_default();
    let (stop, stopped) = mpsc::channel(1);
    let daemon = tokio::spawn(daemon.run(stopped));

    let (client, said) = connect(&onward).await.map_err(failed("no greeting"))?;
    let mut page = show::Page::new(Box::new(ctx.out()));
    page.say("Onward runs on loopback, between a sender and a mailbox that are here only to");
    page.say("show it: three acts, in a few seconds.");
    let mut stage = Stage { client, said, bob, alice, page };
    let srs = stage.forward().await?;
    stage.bounce(&srs).await?;
    stage.forge(&srs).await?;

    let took = began.elapsed().as_secs_f32();
    stage.page.say(&format!("All three as they should be, in {took:.1} s."));
    if !args.once {
        stage.page.title("Your turn (Ctrl-C ends)");
        stage.page.say(&format!("swaks --server {onward} --from you@sender.test --to {ALIAS}"));
        stage.page.say(&format!(
            "swaks --server {onward} --from '<>' --to '<the address in the reverse-path>'"
        ));
        stage.show_arrivals().await;
    }
    drop(stop);
    daemon.await.map_err(|error| Failure::new(error.to_string()))
}

/// Everybody who takes part, and the page that shows it.
struct Stage {
    /// Speaks to Onward, for whoever sends.
    client: Dialogue<Tapped>,
    /// What it said and heard.
    said: Transcript,
    bob: Mailbox,
    alice: Mailbox,
    page: show::Page,
}

impl Stage {
    /// Gives the rewritten reverse-path.
    async fn forward(&mut self) -> Result<address::Mailbox, Failure> {
        self.page.title(&format!("1. {SENDER} writes to {ALIAS}, for {MAILBOX}"));
        let sent = [
            "EHLO mail.sender.test".to_owned(),
            format!("MAIL FROM:<{SENDER}>"),
            format!("RCPT TO:<{ALIAS}>"),
            "DATA".to_owned(),
            format!(
                "From: Alice <{SENDER}>\nTo: {ALIAS}\nSubject: Hello\n\nForwarded while you wait.\n."
            ),
        ];
        let verdict = speak(&mut self.client, &sent).await?;
        self.page.dialogues([
            ("sender → Onward", self.said.take()),
            ("Onward → mailbox", self.bob.transcript.take()),
        ]);
        expect(&verdict, "250")?;
        let forwarded = arrival(&mut self.bob).await?;
        let ReversePath::Mailbox(srs) = forwarded.reverse_path else {
            return Err(Failure::new("the reverse-path was lost on the way"));
        };
        self.page.say(&format!("The reverse-path became <{srs}>:"));
        self.page.say("SPF of example.org covers Onward, and a bounce comes back to it.");
        Ok(srs)
    }

    async fn bounce(&mut self, srs: &address::Mailbox) -> Result<(), Failure> {
        self.page.title("2. The mailbox bounces: its bounce goes back to the sender");
        let bounce = [
            "EHLO mailbox.test".to_owned(),
            "MAIL FROM:<>".to_owned(),
            format!("RCPT TO:<{srs}>"),
            "DATA".to_owned(),
            format!(
                "From: MAILER-DAEMON@mailbox.test\nTo: <{srs}>\nSubject: Undelivered\n\nNo room.\n."
            ),
        ];
        let verdict = speak(&mut self.client, &bounce).await?;
        self.page.dialogues([
            ("mailbox → Onward", self.said.take()),
            ("Onward → sender", self.alice.transcript.take()),
        ]);
        expect(&verdict, "250")?;
        let returned = arrival(&mut self.alice).await?;
        if returned.reverse_path != ReversePath::Null
            || returned.forward_paths.iter().all(|path| path.to_string() != format!("<{SENDER}>"))
        {
            return Err(Failure::new("the bounce did not reach the original sender as a bounce"));
        }
        self.page.say(&format!("It reached {SENDER}, and is still a bounce."));
        Ok(())
    }

    async fn forge(&mut self, srs: &address::Mailbox) -> Result<(), Failure> {
        self.page.title("3. Somebody forges such an address: refused");
        let forged =
            srs.to_string().replacen(SENDER.split('@').next().unwrap_or_default(), "mallory", 1);
        let forgery = ["MAIL FROM:<>".to_owned(), format!("RCPT TO:<{forged}>"), "QUIT".to_owned()];
        speak(&mut self.client, &forgery).await?;
        let said = self.said.take();
        let refused = said.iter().any(|(_, line)| line.starts_with("550 5.7.1"));
        self.page.dialogues([("forger → Onward", said), ("", Vec::new())]);
        if !refused {
            return Err(Failure::new("the forged address was not refused"));
        }
        Ok(())
    }

    /// Until Ctrl-C.
    async fn show_arrivals(&mut self) {
        // One listener for all: one for each round would not hear what comes between two of them.
        let mut interrupt = pin!(ctrl_c());
        loop {
            let (name, arrived) = tokio::select! {
                Some(arrived) = self.bob.arrived.recv() => ("mailbox.test", arrived),
                Some(arrived) = self.alice.arrived.recv() => ("sender.test", arrived),
                _ = &mut interrupt => return,
                else => return,
            };
            let to: Vec<_> = arrived.forward_paths.iter().map(ToString::to_string).collect();
            self.page.title(&format!(
                "Arrived at {name}: from {} to {}, {} octets",
                arrived.reverse_path,
                to.join(", "),
                arrived.message.len()
            ));
            self.page.text(&String::from_utf8_lossy(&arrived.message));
        }
    }
}

/// A configuration in a file, as a real one is, read by the same reader.
fn configure(state: &Path, bob: &Mailbox, alice: &Mailbox) -> io::Result<Config> {
    let secret = state.join("srs.secret");
    let mut random = [0; 20];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    fs::write(&secret, base32::encode(base32::Alphabet::Crockford, &random))?;
    let text = format!(
        r#"hostname = "mx.example.org"
state_dir = '{state}'
postmaster = "{MAILBOX}"
[[listen]]
protocol = "smtp"
address = "127.0.0.1:0"
[srs]
domain = "{DOMAIN}"
secret_file = '{secret}'
[[route]]
domain = "mailbox.test"
to = "{bob}"
[[route]]
domain = "sender.test"
to = "{alice}"
"#,
        state = state.display(),
        secret = secret.display(),
        bob = bob.address,
        alice = alice.address,
    );
    let file = state.join("onward.toml");
    fs::write(&file, text)?;
    Config::load(&file).map_err(io::Error::other)
}

async fn host_the_alias(config: &Config) -> Result<(), Failure> {
    let address = AliasAddress::parse(ALIAS).map_err(Failure::new)?;
    let alias = Alias::forward(address, [MAILBOX]).map_err(Failure::new)?;
    let domain = Domain::parse(DOMAIN).map_err(Failure::new)?;
    with_store(config, Purpose::Change, async |store| {
        domains::add(store, &domain).await?;
        Ok(aliases::add(store, &alias).await?)
    })
    .await
}

/// Connects to Onward and hears its greeting.
async fn connect(address: &str) -> io::Result<(Dialogue<Tapped>, Transcript)> {
    let (side, transcript) = (Side::Client, Transcript::default());
    let stream = TcpStream::connect(address).await?;
    let mut client = Dialogue::new(Tapped { stream, side, transcript: transcript.clone() });
    client.reply(Instant::now() + PATIENCE).await?;
    Ok((client, transcript))
}

/// Says each text, of one line or several; gives the last line of the last reply.
async fn speak(client: &mut Dialogue<Tapped>, texts: &[String]) -> Result<String, Failure> {
    let mut last = String::new();
    for text in texts {
        let lines = text.replace('\n', "\r\n") + "\r\n";
        let reply = client.command(&lines, Instant::now() + PATIENCE).await;
        last = reply.map_err(lost)?.last_line();
    }
    Ok(last)
}

fn lost(lost: Lost) -> Failure {
    match lost {
        Lost::TimedOut => Failure::new("Onward did not answer in time"),
        lost => Failure::new(format!("the connection to Onward broke: {}", io::Error::from(lost))),
    }
}

fn expect(reply: &str, code: &str) -> Result<(), Failure> {
    if reply.starts_with(code) {
        return Ok(());
    }
    Err(Failure::new(format!("expected {code}, got: {reply}")))
}

async fn arrival(mailbox: &mut Mailbox) -> Result<Arrived, Failure> {
    match timeout(PATIENCE, mailbox.arrived.recv()).await {
        Ok(Some(arrived)) => Ok(arrived),
        _ => Err(Failure::new("the mail was accepted but did not arrive")),
    }
}
