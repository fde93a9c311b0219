//! What `onward init` writes and says.

use super::Answers;
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

[srs]
# Right-hand side of rewritten reverse-paths. Its MX and SPF must name this machine.
domain = {}
# One secret a line: the first signs, all verify.
secret_file = {}
# How long a rewritten address takes bounces.
max_age = \"21d\"

[tls]
# Read again whenever they change. A certificate of an authority takes their place: docs/TLS.md.
certificate = {}
key = {}

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
        quoted(srs_domain),
        quoted(answers.secret_file.display()),
        quoted(answers.certificate.display()),
        quoted(answers.key.display()),
    )
}

/// What is left to do, `onward` being the command with its options and `start` the one that starts it, before which
/// stands what hinders it.
pub(super) fn next_steps(
    answers: &Answers,
    onward: &str,
    start: &str,
    warnings: &[String],
) -> String {
    let Answers { hostname, domain, srs_domain, .. } = answers;
    let mut records = format!("  {domain}.  MX   10 {hostname}.\n");
    if srs_domain != domain {
        records.push_str(&format!("  {srs_domain}.  MX   10 {hostname}.\n"));
    }
    let warnings: String = warnings.iter().map(|text| format!("   {text}\n")).collect();
    let another = if answers.alias.is_some() { "another" } else { "hello" };
    format!(
        "
Next:
1. DNS: the mail of the domain, and the bounces to rewritten senders, must come here, and this
   machine must be allowed to send for the domain of rewritten senders (add a:{hostname} to an SPF
   record that exists):
{records}  {srs_domain}.  TXT  \"v=spf1 a:{hostname} ~all\"
2. Aliases:
     {onward} alias add {another}@{domain} you@mailbox.example
3. {onward} check
4. {start}
{warnings}"
    )
}

/// A TOML basic string: the escapes of JSON are among those of TOML.
fn quoted(value: impl Display) -> String {
    serde_json::Value::String(value.to_string()).to_string()
}
