//! `onward import`: moving in from a hosted service.

use super::{
    Context, Failure,
    context::{Purpose, block_on, warn, with_store},
    imported::{Options, take_over},
};
use crate::{
    address::{Domain, Mailbox},
    admin::{
        accounts,
        aliases::{self, Foreign, Leads},
    },
    alias::import::{self, Beside},
};
use std::{
    io::{BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

/// Takes over the aliases of a hosted forwarding service
///
/// FILE is what the service exports, or what its API answers. Prints what it adds, and what cannot be taken over, with the
/// line or the item and the reason; where there is such, nothing is changed, and the exit code is 1, unless --skip leaves
/// it out. All of it is done, or nothing. What is left out without harm is named too. docs/MOVING.md says for each service
/// where the file comes from.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whose file it is
    service: Service,
    /// What it exports
    file: PathBuf,
    /// Where the mail of aliases goes whose file does not say; may be given several times
    #[arg(long, value_name = "DEST", value_parser = Mailbox::parse)]
    to: Vec<Mailbox>,
    /// The domain of what names none
    #[arg(long, value_name = "DOMAIN", value_parser = Domain::parse)]
    domain: Option<Domain>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Service {
    /// The CSV of aliases, the JSON of all data, or the API's aliases
    #[value(name = "simplelogin")]
    SimpleLogin,
    /// The CSV of aliases, or the API's aliases
    Addy,
    /// TXT records as dig prints them or a zone file has them, a CSV, or the API's aliases
    #[value(name = "forwardemail")]
    ForwardEmail,
    /// A CSV, or the API's aliases or domains
    #[value(name = "improvmx")]
    ImprovMx,
    /// The API's rules of Email Routing, the catch-all among them
    Cloudflare,
}

impl From<Service> for import::Service {
    fn from(service: Service) -> Self {
        match service {
            Service::SimpleLogin => Self::SimpleLogin,
            Service::Addy => Self::Addy,
            Service::ForwardEmail => Self::ForwardEmail,
            Service::ImprovMx => Self::ImprovMx,
            Service::Cloudflare => Self::Cloudflare,
        }
    }
}

/// `onward import`.
///
/// # Errors
/// When something cannot be taken over, or the store fails.
pub fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let mut out = BufWriter::new(context.out());
    let purpose = Purpose::changes(!args.options.plan);
    let Args { service, file, to, domain, options } = args;
    let foreign = Foreign::Service(service.into(), Beside { domain, to });
    block_on(with_store(&config, purpose, async |store| {
        let new = take_over(store, &file, foreign, &options, &mut out).await?;
        // What is done is told before DNS is waited for.
        out.flush()?;
        warn(&accounts::senders_as_new(store, &*new).await?)?;
        warn(&aliases::nowhere(&config, store, Leads::Aliases(&*new)).await)
    }))?;
    Ok(ExitCode::SUCCESS)
}
