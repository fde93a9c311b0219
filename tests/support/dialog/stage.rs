//! Sets the stage that the `!` lines of a dialogue ask for.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use super::behaviour::Behaviour;
use super::parse::Dialog;
use super::play::Stage;
use super::{Failure, escape};
use crate::support::dns::{Dns, Fault};
use crate::support::onward::{Builder, Onward};
use crate::support::port::free_address;
use crate::support::receiver::{self, Receiver};

const DAY: u64 = 86_400;

/// What the directives come to.
struct Setup {
    onward: Builder,
    receiver: Option<receiver::Builder>,
    default_alias: bool,
    default_route: bool,
    /// Variables made from Onward's own SRS addresses once its configuration is there.
    srs: Vec<(usize, String, Vec<String>)>,
    variables: BTreeMap<String, String>,
    commands: Vec<Vec<String>>,
    dns: Option<Dns>,
}

impl Dialog {
    /// Starts Onward and a receiver as the directives say, and plays the dialogue there.
    pub fn perform(&self) -> Result<(), Failure> {
        let mut setup = Setup {
            onward: Onward::builder(),
            receiver: Some(Receiver::smtp()),
            default_alias: true,
            default_route: true,
            srs: Vec::new(),
            variables: BTreeMap::new(),
            commands: Vec::new(),
            dns: None,
        };
        for line in &self.setup {
            setup = setup
                .directive(line.number, &line.content)
                .map_err(|reason| self.failure(line.number, reason))?;
        }
        let receiver = setup.receiver.take().map(receiver::Builder::start);
        let mut onward = setup.onward;
        if setup.default_route {
            let nobody = free_address().to_string();
            onward = onward.route("*", &receiver.as_ref().map_or(nobody, Receiver::route));
        }
        if setup.default_alias {
            onward = onward.domain("example.org").alias("hello@example.org", &["bob@sink.test"]);
        }
        for command in &setup.commands {
            onward = onward.run_first(&command.iter().map(String::as_str).collect::<Vec<_>>());
        }
        if let Some(dns) = &setup.dns {
            onward = onward.dns(dns);
        }
        let mut onward = onward.build();
        let mut variables = setup.variables;
        for (line, name, words) in setup.srs {
            let address =
                srs_address(&onward, &words).map_err(|reason| self.failure(line, reason))?;
            variables.insert(name, address);
        }
        onward.serve();
        let address = onward.address();
        self.play(&Stage { address, receiver: receiver.as_ref(), variables }).map_err(
            |mut failure| {
                failure.transcript.push_str("  Onward's log:\n");
                for line in onward.log() {
                    failure.transcript.push_str(&format!("    {line}\n"));
                }
                failure
            },
        )
    }
}

impl Setup {
    fn directive(mut self, line: usize, text: &str) -> Result<Self, String> {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        let words = escape::words(rest);
        match verb {
            "config" => self.onward = self.onward.config(rest),
            "without" => self.onward = self.onward.without(rest),
            "listen" => self.onward = self.onward.smtp_option(rest),
            "bare" => self.default_alias = false,
            "domain" => self.commands.push(command(&["domain", "add"], &words)),
            "alias" => self.commands.push(command(&["alias", "add"], &words)),
            "run" => self.commands.push(words),
            "route" => match words.as_slice() {
                [none] if none == "none" => self.default_route = false,
                [domain, to] => self.onward = self.onward.route(domain, to),
                _ => return Err("`! route DOMAIN TO` or `! route none`".to_owned()),
            },
            "receiver" => self.receiver = directed(self.receiver, &words)?,
            "dns" => known_to_dns(self.dns.get_or_insert_with(Dns::start), &words)?,
            "srs" => {
                let (name, rest) = rest.split_once('=').ok_or("`! srs NAME = ADDRESS`")?;
                self.srs.push((line, name.trim().to_owned(), escape::words(rest)));
            }
            "repeat" => {
                let (name, rest) = rest.split_once('=').ok_or("`! repeat NAME = TEXT COUNT`")?;
                let words = escape::words(rest);
                let [text, count] = words.as_slice() else {
                    return Err("`! repeat NAME = TEXT COUNT`".to_owned());
                };
                let count = count.parse().map_err(|_| format!("not a number: {count}"))?;
                self.variables.insert(name.trim().to_owned(), text.repeat(count));
            }
            _ => return Err(format!("`! {verb}` is not known")),
        }
        Ok(self)
    }
}

fn command(verb: &[&str], words: &[String]) -> Vec<String> {
    verb.iter().map(|&word| word.to_owned()).chain(words.iter().cloned()).collect()
}

/// `! dns NAME …`: a record, or what becomes of queries.
fn known_to_dns(dns: &Dns, words: &[String]) -> Result<(), String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [name, "MX", "0", "."] => dns.null_mx(name),
        [name, "MX", preference, host] => {
            let preference = preference.parse().map_err(|_| format!("no number: {preference}"))?;
            dns.mx(name, preference, host)
        }
        [name, "A", address] => {
            dns.a(name, address.parse().map_err(|_| format!("no IPv4 address: {address}"))?)
        }
        [name, "TXT", text] => dns.txt(name, text),
        [name, "servfail"] => dns.fault(name, Fault::ServFail),
        [name, "silence"] => dns.fault(name, Fault::Silence),
        _ => {
            return Err(
                "`! dns NAME MX PREFERENCE HOST`, `A ADDRESS`, `TXT TEXT`, `servfail`, `silence`"
                    .to_owned(),
            );
        }
    };
    Ok(())
}

/// `! receiver …`: what it is, or what it does at a step.
fn directed(
    builder: Option<receiver::Builder>,
    words: &[String],
) -> Result<Option<receiver::Builder>, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(builder) = builder else {
        return Err("there is no receiver, by a line before".to_owned());
    };
    Ok(Some(match words.as_slice() {
        ["none"] => return Ok(None),
        ["lenient"] => builder.lenient(),
        ["lmtp"] => builder.speaking_lmtp(),
        ["keywords", keywords @ ..] => builder.keywords(keywords),
        words => {
            let behaviour = Behaviour::parse(words)?;
            builder.rule(move |at| behaviour.at(at))
        }
    }))
}

/// `ADDRESS [--days-ago N] [--forged] [--lowercase | --uppercase]`, rewritten by Onward itself.
fn srs_address(onward: &Onward, words: &[String]) -> Result<String, String> {
    let (mut original, mut days_ago, mut forged) = (None, 0, false);
    let mut case: fn(&str) -> String = str::to_owned;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--days-ago" => {
                days_ago = words.next().and_then(|days| days.parse().ok()).ok_or("--days-ago N")?;
            }
            "--forged" => forged = true,
            "--lowercase" => case = str::to_ascii_lowercase,
            "--uppercase" => case = str::to_ascii_uppercase,
            _ if word.starts_with('-') => return Err(format!("`! srs … {word}` is not known")),
            _ => original = Some(word),
        }
    }
    let original = original.ok_or("`! srs` needs an address")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut address = onward.srs_forward_at(original, now - days_ago * DAY);
    if forged {
        // `SRS0=` and then the tag, whose first character becomes another letter.
        let other = if address[5..].starts_with(['A', 'a']) { "B" } else { "A" };
        address.replace_range(5..6, other);
    }
    let (local_part, domain) = address.rsplit_once('@').ok_or("not an address")?;
    Ok(format!("{}@{domain}", case(local_part)))
}
