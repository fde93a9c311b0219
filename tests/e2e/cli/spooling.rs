//! An Onward whose destination does not take mail yet.

use crate::support::client::Reply;
use crate::support::dns::Dns;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::{Action, Message, Receiver, Step};
use crate::support::wait_until;
use serde_json::Value;

/// A sender whose SPF lets us, on loopback, write in its name.
pub(crate) const ALICE: &str = "alice@spf.test";
/// Leads to `bob@sink.test`.
pub(crate) const ALIAS: &str = "hello@example.org";
/// Leads to `carol@late.test`, at the same host.
pub(crate) const OTHER: &str = "other@example.org";
pub(crate) const BUSY: &str = "450 4.2.1 busy now";

/// Nothing is tried again by itself for hours.
pub(crate) struct Scene {
    pub(crate) onward: Onward,
    pub(crate) sink: Receiver,
    pub(crate) _dns: Dns,
}

pub(crate) fn scene(change: impl FnOnce(Builder) -> Builder) -> Scene {
    let dns = Dns::start();
    let sink = Receiver::smtp().on(Step::Rcpt, Action::reply(BUSY)).start();
    let onward = change(to(&sink, &dns)).start();
    Scene { onward, sink, _dns: dns }
}

/// The usual configuration.
pub(crate) fn to(sink: &Receiver, dns: &Dns) -> Builder {
    // DSNs wait: its mail server has no address.
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all").mx("spf.test", 10, "none.spf.test");
    Onward::forwarding_to(sink.name())
        .route("late.test", sink.name())
        .alias(OTHER, &["carol@late.test"])
        .dns(dns)
        .config("spool.retry = [\"4h\"]")
}

pub(crate) fn message(subject: &str) -> Vec<u8> {
    format!("From: <{ALICE}>\r\nSubject: {subject}\r\n\r\n.hello\r\n").into_bytes()
}

impl Scene {
    /// Sends a message that is spooled, and gives its id.
    #[track_caller]
    pub(crate) fn spool(&self, to: &str, subject: &str) -> String {
        id(&self.onward.session().transaction(ALICE, &[to], &message(subject)))
    }

    /// The destination takes mail from now on.
    pub(crate) fn destination_is_back(&self) {
        self.sink.accept_all();
    }

    /// What `onward queue list --json` says with these arguments.
    #[track_caller]
    pub(crate) fn queue(&self, arguments: &[&str]) -> Vec<Value> {
        let lines = self.onward.run(&[&["queue", "list", "--json"], arguments].concat());
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    pub(crate) fn ids(&self, arguments: &[&str]) -> Vec<String> {
        let ids = self.queue(arguments);
        ids.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Until the journal has this outcome of a message.
    pub(crate) fn wait_for_outcome(&self, id: &str, outcome: &str) {
        wait_until(format!("{id} to be {outcome}"), || {
            let record = self.onward.run(&["trace", "--json", "--id", id]);
            let record: Value = serde_json::from_str(record.lines().next()?).unwrap();
            (record["outcome"] == outcome).then_some(())
        });
    }
}

/// The id in a 250 that says that a message is spooled.
#[track_caller]
pub(crate) fn id(reply: &Reply) -> String {
    let text = reply.clone().expect("250 2.0.0").text();
    assert!(text.contains("spooled"), "{text}");
    text.split(' ').nth(2).unwrap().to_owned()
}

pub(crate) fn subjects(messages: &[Message]) -> Vec<String> {
    let mut subjects: Vec<_> = messages.iter().map(|m| m.header("Subject").unwrap()).collect();
    subjects.sort_unstable();
    subjects
}
