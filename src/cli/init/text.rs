//! What `onward init` writes and says.

use super::{Answers, Further};
use crate::admin::setup::{DnsRecord, Setup};
use std::fmt::Display;

/// The commented configuration.
pub(super) fn config(answers: &Answers) -> String {
    let Answers { hostname, srs_domain, postmaster, listen, state_dir, .. } = answers;
    let postmaster = match postmaster {
        Some(postmaster) => format!("postmaster = {}", quoted(postmaster)),
        None => "# postmaster = \"me@mailbox.example\"".into(),
    };
    format!(
        "\
# Onward's configuration. Every key is described in docs/CONFIG.md; `onward check` checks this file.

# Our name in the greeting, in EHLO and in Received.
hostname = {}

# Where onward.db and everything else that is kept lies.
state_dir = {}

# Gets postmaster@ and abuse@ of every hosted domain without such an alias.
{postmaster}

[[listen]]
protocol = \"smtp\"
address = {}
# Peers whose PROXY header is believed, such as a load balancer:
# proxy_protocol = [\"192.0.2.10\"]

{}[srs]
# Right-hand side of rewritten reverse-paths. Its MX and SPF must name this machine.
domain = {}
# One secret a line: the first signs, all verify.
secret_file = {}
# How long a rewritten address takes bounces.
max_age = \"21d\"

[tls]
{}
[delivery]
# How long the sender waits at the end of a message for the destination's verdict.
budget = \"45s\"
max_message_size = \"50MiB\"

# A next hop in place of a destination's MX; the first match wins.
# [[route]]
# domain = \"*\"
# to = \"smarthost.example:25\"
",
        quoted(hostname),
        quoted(state_dir.display()),
        quoted(listen),
        further(&answers.further),
        quoted(srs_domain),
        quoted(answers.secret_file.display()),
        tls(answers),
    )
}

fn further(listeners: &[Further]) -> String {
    let block = |Further { address, what, keys }: &Further| {
        let comment = if what.is_empty() { String::new() } else { format!("# {what}\n") };
        format!("{comment}[[listen]]\n{keys}address = {}\n\n", quoted(address))
    };
    listeners.iter().map(block).collect()
}

fn tls(answers: &Answers) -> String {
    let Some(address) = &answers.acme else {
        return format!(
            "# Read again whenever they change. A certificate of an authority takes their place: docs/TLS.md.\n\
             certificate = {}\nkey = {}\n",
            quoted(answers.certificate.display()),
            quoted(answers.key.display())
        );
    };
    let contact = answers.postmaster.as_ref().map(|to| format!("acme_contact = {}\n", quoted(to)));
    let address = address.as_ref().map(|address| format!("acme_http = {}\n", quoted(address)));
    format!(
        "# Issued and renewed; the authority asks at port 80 of hostname.\nacme = \"letsencrypt\"\n{}{}",
        contact.unwrap_or_default(),
        address.unwrap_or_default()
    )
}

/// What is left to do, `onward` being the command with its options and `start` the one that starts it, before which
/// stands what hinders it.
pub(super) fn next_steps(
    answers: &Answers,
    setup: &Setup<'_>,
    onward: &str,
    start: &str,
    warnings: &[String],
) -> String {
    let Answers { hostname, domain, .. } = answers;
    let records = table(&setup.records());
    let unknown = match setup.addresses.is_empty() {
        true => format!(
            "   {hostname}. needs an A record, and AAAA, with the address of this machine.\n"
        ),
        false => String::new(),
    };
    let page = match setup.mta_sts_policy() {
        Some(policy) => format!(
            "   and a page, https://mta-sts.{domain}/.well-known/mta-sts.txt:\n     {}\n",
            policy.trim_end().replace('\n', "\n     ")
        ),
        None => String::new(),
    };
    let warnings: String = warnings.iter().map(|text| format!("   {text}\n")).collect();
    let ways_in = ways_in(answers, onward);
    let another = if answers.alias.is_some() { "another" } else { "hello" };
    format!(
        "
Next:
1. DNS: publish these records, which are in dns.zone beside the configuration too; the one of an
   address (PTR) is set where you rent it. A name that has an SPF record keeps it, with a:{hostname} in it.
{records}{unknown}{page}2. Aliases:
     {onward} alias add {another}@{domain} you@mailbox.example
3. {onward} check
4. {start}
{warnings}{ways_in}"
    )
}

/// How people and their programs get in, where there are listeners for them: the steps from the fifth on.
fn ways_in(answers: &Answers, onward: &str) -> String {
    let mut steps = Vec::new();
    if answers.takes_submissions() {
        let alias = answers.alias.as_ref().map(|(alias, _)| alias.to_string());
        let name = word(alias.unwrap_or_else(|| format!("hello@{}", answers.domain)));
        steps.push(format!(
            "An account for a mail program (docs/SEND-AS.md):\n     {onward} account add {name}\n     \
             {onward} account password add {name} --label phone\n"
        ));
    }
    if answers.serves_page() {
        steps.push(format!("The page, by a link that lets in once:\n     {onward} web login\n"));
    }
    let known = match steps.is_empty() || answers.acme.is_some() {
        true => "",
        false => {
            "   Mail programs and browsers do not believe a self-signed certificate: docs/TLS.md has one issued.\n"
        }
    };
    let steps = steps.iter().zip(5..).map(|(step, number)| format!("{number}. {step}"));
    steps.collect::<String>() + known
}

/// Names and types one below the other; values are whole, to be copied.
fn table(records: &[DnsRecord]) -> String {
    let width = records.iter().map(|record| record.name.len()).max().unwrap_or(0);
    let line = |DnsRecord { name, kind, value, .. }: &DnsRecord| {
        format!("  {name:<width$}  {kind:<4}  {value}\n")
    };
    records.iter().map(line).collect()
}

/// The options that give the same answers again.
pub(super) fn options(answers: &Answers) -> String {
    let Answers { hostname, domain, srs_domain, listen, state_dir, .. } = answers;
    let mut options = format!(
        "--hostname {hostname} --domain {domain} --srs-domain {srs_domain} --listen {} --state-dir {}",
        word(listen),
        word(state_dir.display())
    );
    if let Some(postmaster) = &answers.postmaster {
        options.push_str(&format!(" --postmaster {}", word(postmaster)));
    }
    for (is_set, option) in [
        (answers.acme.is_some(), " --acme"),
        (answers.takes_submissions(), " --submission"),
        (answers.serves_page(), " --web"),
        (answers.tls_rpt, " --tls-rpt"),
        (answers.mta_sts, " --mta-sts"),
    ] {
        options.push_str(if is_set { option } else { "" });
    }
    if let Some((alias, to)) = &answers.alias {
        options.push_str(&format!(" --alias {} --to {}", word(alias), word(to)));
    }
    options
}

/// A word for a shell.
fn word(value: impl Display) -> String {
    let text = value.to_string();
    match text.chars().all(|c| c.is_ascii_alphanumeric() || "@.:/_+-=".contains(c)) {
        true => text,
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// A TOML basic string: the escapes of JSON are among those of TOML.
fn quoted(value: impl Display) -> String {
    serde_json::Value::String(value.to_string()).to_string()
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_for_a_shell() {
        assert_eq!(word("hello@example.org"), "hello@example.org");
        assert_eq!(word("[::]:25"), "'[::]:25'");
        assert_eq!(word("o'neil@example.org"), "'o'\\''neil@example.org'");
    }
}
