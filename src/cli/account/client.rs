//! `onward account client`: how a mail program is set up.

use super::super::{Failure, context::write_json};
use crate::{
    address::Mailbox,
    admin::{
        Store, accounts,
        mail_programs::{self, Setup, Wanted},
    },
    client_setup::Server,
    config::Config,
};
use std::io::{self, Write};

/// Prints how a mail program is set up to send by an account
///
/// What to type in, the records by which programs find it themselves, and where they look for more. No password is in it:
/// one for each program is made by `onward account password add`.
#[derive(Debug, clap::Args)]
pub(super) struct ClientArgs {
    /// The account
    name: String,
    /// The address to write as [default: the first that the account sends as]
    #[arg(long = "as", value_name = "ADDRESS")]
    address: Option<Mailbox>,
    /// The IMAP server where mail is read, such as imap.example.net [default: submission.incoming]
    #[arg(long, value_name = "SERVER")]
    incoming: Option<Server>,
    /// The name to read mail by, for --profile and --autoconfig [default: the program asks]
    #[arg(long, value_name = "NAME")]
    incoming_user: Option<String>,
    /// Print the XML for https://autoconfig.DOMAIN/mail/config-v1.1.xml instead
    #[arg(long)]
    autoconfig: bool,
    /// Print a profile for Apple's devices instead, to be saved as mail.mobileconfig
    #[arg(long, conflicts_with = "autoconfig")]
    profile: bool,
    /// One JSON object
    #[arg(long, conflicts_with_all = ["autoconfig", "profile"])]
    json: bool,
}

impl ClientArgs {
    pub(super) async fn run(
        self,
        store: &Store,
        config: &Config,
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        let name = accounts::parse_name(&self.name)?;
        let Self { address, incoming, incoming_user: username, .. } = self;
        let wanted = Wanted { address, incoming, username };
        if self.autoconfig {
            let text = mail_programs::autoconfig(config, store, &name, &wanted).await?;
            out.write_all(text.as_bytes())?;
        } else if self.profile {
            let text = mail_programs::profile(config, store, &name, &wanted).await?;
            out.write_all(text.as_bytes())?;
        } else {
            let setup = mail_programs::setup(config, store, &name, &wanted).await?;
            if self.json { write_json(out, &setup)? } else { write(out, &setup)? }
        }
        Ok(())
    }
}

fn write(out: &mut impl Write, setup: &Setup) -> io::Result<()> {
    let Setup { account, send_as, server, ports, records, autoconfig, profile, is_served } = setup;
    let ports: Vec<String> = ports
        .iter()
        .map(|port| match port.tls {
            "implicit" => format!("{}, with \"SSL/TLS\"", port.port),
            _ => format!("{}, with \"STARTTLS\"", port.port),
        })
        .collect();
    writeln!(out, "For programs that send as {}:", send_as.join(", "))?;
    let lines = [
        ("server", server.as_str()),
        ("port", &ports.join("; or ")),
        ("user name", account),
        ("password", "one for each program, shown once:"),
        ("", &format!("onward account password add {account} --label L")),
        ("method", "normal password"),
    ];
    for (name, text) in lines {
        writeln!(out, "  {name:<11}{text}")?;
    }
    if !send_as.contains(account) {
        writeln!(
            out,
            "  Programs that set themselves up try the address as user name: here it is {account}."
        )?;
    }
    writeln!(out, "\nRecords by which programs find the server:")?;
    for record in records {
        writeln!(out, "  {record}")?;
    }
    writeln!(out, "\nWhere programs look for more:")?;
    for url in autoconfig {
        writeln!(out, "  {url}")?;
    }
    match (is_served, profile) {
        (true, Some(url)) => writeln!(out, "\nA profile for iPhone, iPad and Mac:\n  {url}"),
        (true, None) => writeln!(
            out,
            "\nA profile for iPhone, iPad and Mac:\n  onward account client {account} --profile --incoming SERVER > mail.mobileconfig"
        ),
        (false, _) => writeln!(
            out,
            "  No http listener has serve = [\"autoconfig\"]: onward account client {account} --autoconfig prints it for \
             a web server of yours.\n\nA profile for iPhone, iPad and Mac:\n  \
             onward account client {account} --profile --incoming SERVER > mail.mobileconfig"
        ),
    }
}
