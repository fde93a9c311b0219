//! Messages that Onward answers for: when it does, what becomes of them, and who is told.

mod destinations;
mod drain;
mod fair;
mod innocent;
mod notices;
mod older;
mod restarts;
mod taken;

use crate::support::client::Reply;
use crate::support::dns::Dns;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::{Message, Receiver};
use serde_json::Value;

/// A sender whose SPF lets us, on loopback, write in its name.
const ALICE: &str = "alice@spf.test";
/// A sender whose SPF does not.
const MALLORY: &str = "mallory@nospf.test";
const ALIAS: &str = "hello@example.org";
const MESSAGE: &[u8] = b"From: <alice@spf.test>\r\nSubject: greetings\r\n\r\n.hello\r\n";

/// `hello@example.org` leads to `bob@sink.test`, at a receiver; the mail of the senders' domains goes to
/// another one, which is where DSNs arrive.
struct Scene {
    onward: Onward,
    sink: Receiver,
    senders: Receiver,
    _dns: Dns,
}

/// Quick retries, unless a test says otherwise.
fn scene(change: impl FnOnce(Builder) -> Builder) -> Scene {
    let dns = Dns::start();
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all").txt("nospf.test", "v=spf1 -all");
    let (sink, senders) = (Receiver::smtp().start(), Receiver::smtp().start());
    let builder = Onward::forwarding_to(sink.name())
        .route("spf.test", senders.name())
        .route("nospf.test", senders.name())
        .dns(&dns)
        .config("delivery.budget = \"2s\"")
        .config("spool.retry = [\"200ms\"]");
    let onward = change(builder).start();
    Scene { onward, sink, senders, _dns: dns }
}

impl Scene {
    #[track_caller]
    fn send(&self, from: &str, to: &[&str]) -> Reply {
        self.onward.session().transaction(from, to, MESSAGE)
    }

    /// What `onward queue list --json` says.
    fn queue(&self) -> Vec<Value> {
        let lines = self.onward.run(&["queue", "list", "--json"]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one journal record about mail to this recipient, once it has this outcome.
    #[track_caller]
    fn wait_for_outcome(&self, to: &str, outcome: &str) -> Value {
        let mut last = Value::Null;
        crate::support::wait_until(format!("outcome {outcome} of mail to {to}: {last}"), || {
            let lines = self.onward.run(&["trace", "--json", "--to", to, "--limit", "1"]);
            last = serde_json::from_str(lines.lines().next()?).unwrap();
            (last["outcome"] == outcome).then(|| last.clone())
        })
    }

    /// The DSN that comes, and nothing beside it.
    fn wait_for_notice(&self) -> Message {
        self.senders.wait_for_message()
    }
}
