//! Bounces of forwards: what whoever wrote learns of them, and what he does not.

mod forms;
mod hostile;
mod joined;
mod relayed;
mod retold;

use crate::support::client::Reply;
use crate::support::onward::{Builder, Onward};
use crate::support::receiver::{Message, Receiver};
use forms::{Form, Outcome, Third};

const ALIAS: &str = "hello@example.org";
const AUTHOR: &str = "alice@sender.test";
const MAILBOX: &str = "bobs-box@sink.test";
const HOST: &str = "mx7.sink.test";

/// What the author's message has in front: folded, encoded and 8-bit fields, hops of its own.
const HEADER: &str = "Received: from laptop.sender.test\r\n\tby mail.sender.test; Sat, 28 Nov 2026 15:59:59 +0000\r\n\
    From: Alice <alice@sender.test>\r\nTo: hello@example.org\r\nCc: carol@elsewhere.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=,\r\n\
    \x20and a long one\r\nX-Author: Zoë\r\nMessage-ID: <1@sender.test>\r\n";

/// `hello@example.org` leads to a mailbox at a receiver; the author's mail goes to another one. Onward has a DKIM
/// key, so that what is signed shows.
struct Scene {
    onward: Onward,
    sink: Receiver,
    author: Receiver,
}

fn scene(change: impl FnOnce(Builder) -> Builder) -> Scene {
    let (sink, author) = (Receiver::smtp().start(), Receiver::smtp().start());
    let builder = Onward::builder()
        .domain("example.org")
        .alias(ALIAS, &[MAILBOX])
        .route("sink.test", sink.name())
        .route("sender.test", author.name())
        .run_first(&["dkim", "key", "add", "example.org", "--selector", "s1"])
        .config("srs.max_uses_per_day = 1000");
    let onward = change(builder).start();
    Scene { onward, sink, author }
}

impl Scene {
    /// Forwards a message of the author's to these recipients; gives it as its destination got it.
    #[track_caller]
    fn forward_to(&self, recipients: &[&str]) -> Message {
        let count = self.sink.count();
        let message = format!("{HEADER}\r\nThe text.\r\n");
        let sent = self.onward.session().transaction(AUTHOR, recipients, message.as_bytes());
        sent.expect("250 2.0.0");
        self.sink.wait_for_messages(count + 1).pop().unwrap()
    }

    #[track_caller]
    fn forward(&self) -> Message {
        self.forward_to(&[ALIAS])
    }

    /// A bounce comes in.
    #[track_caller]
    fn returns(&self, to: &str, bounce: &[u8]) -> Reply {
        self.onward.session().transaction("", &[to], bounce)
    }

    /// A bounce comes in and goes on; gives what the author got.
    #[track_caller]
    fn told(&self, to: &str, bounce: &[u8]) -> Message {
        let count = self.author.count();
        self.returns(to, bounce).expect("250 2.0.0");
        let told = self.author.wait_for_messages(count + 1).pop().unwrap();
        assert_eq!((told.from.as_str(), &told.to[..]), ("", &[AUTHOR.to_owned()][..]));
        told
    }
}

/// A bounce of Postfix's form, of a mailbox that does not exist.
fn postfix_bounce(forward: &Message) -> Vec<u8> {
    Form::named("postfix").filled(forward, &forward.data, &Outcome::all()[0], Third::Rfc822)
}
