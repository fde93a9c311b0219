//! Mail as real software sends it (`tests/corpus`) gets through: each message leaves byte for byte behind the
//! fields that are put in front, by DATA and by BDAT, and no signature on it is lost.

mod sample;

use std::fmt::Write;

use crate::support::client::{Client, Reply, stuffed};
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::{Message, Receiver};
use crate::support::verifiers::{Signing, Verifiers};
use sample::{Sample, Way};

/// Who sends it all, and signs.
const SENDER: &str = "sender.test";
const WAYS: [Way; 2] = [Way::Data, Way::Bdat];

/// A client that is allowed to send for its reverse-path, Onward, and where its mail goes.
struct Hop {
    dns: Dns,
    receiver: Receiver,
    client: Client,
    _onward: Onward,
}

impl Hop {
    fn new() -> Self {
        let dns = Dns::start();
        dns.txt(SENDER, "v=spf1 ip4:127.0.0.1 -all");
        let receiver = Receiver::smtp().start();
        let onward = Onward::forwarding_to(receiver.name()).dns(&dns).start();
        let client = onward.session();
        Self { dns, receiver, client, _onward: onward }
    }

    /// Sends it by one of the ways.
    fn send(&mut self, sample: &Sample, message: &[u8], way: Way) -> Reply {
        let utf8 = if sample.smtputf8 { " SMTPUTF8" } else { "" };
        self.client
            .command(&format!("MAIL FROM:<{}> BODY=8BITMIME{utf8}", sample.from))
            .expect_code(250);
        self.client.rcpt(&sample.to).expect_code(250);
        match way {
            Way::Data => {
                self.client.command("DATA").expect_code(354);
                self.client.send(&stuffed(message));
            }
            Way::Bdat => {
                // Two chunks, so that a line is cut somewhere.
                let (begin, rest) = message.split_at(message.len() / 2);
                self.client.send(format!("BDAT {}\r\n", begin.len()).as_bytes());
                self.client.send(begin);
                self.client.reply().expect_code(250);
                self.client.send(format!("BDAT {} LAST\r\n", rest.len()).as_bytes());
                self.client.send(rest);
            }
        }
        self.client.reply()
    }
}

/// Faults, a line each, so that one run tells of all.
#[derive(Default)]
struct Faults(String);

impl Faults {
    fn add(&mut self, name: &str, way: Way, fault: &str) {
        writeln!(self.0, "{name} by {way:?}: {fault}").unwrap();
    }

    #[track_caller]
    fn expect_none(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}

#[test]
fn real_mail_leaves_byte_for_byte_behind_our_fields() {
    let samples = Sample::all();
    assert!(samples.len() >= 150, "{} samples", samples.len());
    let (mut hop, mut faults, mut taken) = (Hop::new(), Faults::default(), Vec::new());
    for sample in &samples {
        for way in WAYS {
            let reply = hop.send(sample, &sample.message, way);
            match &sample.reply {
                Some(expected) if reply.text().starts_with(expected) => {}
                None if reply.code == 250 => taken.push((sample, way)),
                _ => faults.add(&sample.name, way, &reply.text()),
            }
        }
    }
    // Each 250 is the receiver's own, so they are there in the same order.
    let arrived = hop.receiver.messages();
    assert_eq!(arrived.len(), taken.len());
    for (message, (sample, way)) in arrived.iter().zip(taken) {
        let leaves = sample.leaves(way);
        if !behind_our_fields(message, sample, &leaves) {
            faults.add(&sample.name, way, &difference(&message.data, &leaves));
        }
    }
    faults.expect_none();
}

#[test]
fn four_canonicalizations_on_real_mail_verify_behind_the_hop() {
    let Some(verifiers) = Verifiers::start() else { return };
    let (mut hop, mut faults) = (Hop::new(), Faults::default());
    verifiers.publish_keys(&hop.dns, SENDER);
    let mut taken = Vec::new();
    let samples = Sample::all();
    // One way each: the other test has shown that both lead to the same bytes.
    let signable = samples.iter().filter(|sample| sample.signed && sample.reply.is_none());
    for (sample, way) in signable.zip(WAYS.into_iter().cycle()) {
        let leaves = sample.leaves(way);
        let mut signed = leaves.clone();
        for header in ["simple", "relaxed"] {
            for body in ["simple", "relaxed"] {
                let how = Signing::ed25519(SENDER).canonical(header, body);
                signed = verifiers.sign(&signed, &how);
            }
        }
        let fields = signed.strip_suffix(&leaves[..]).unwrap();
        let reply = hop.send(sample, &sample.with_fields(fields), way);
        if reply.code == 250 {
            taken.push((sample, way, signed));
        } else {
            faults.add(&sample.name, way, &reply.text());
        }
    }
    let arrived = hop.receiver.messages();
    assert_eq!(arrived.len(), taken.len());
    for (message, (sample, way, signed)) in arrived.iter().zip(taken) {
        if !behind_our_fields(message, sample, &signed) {
            faults.add(&sample.name, way, "the bytes differ");
        }
        let found = verifiers.verify_dkim(hop.dns.address(), &message.data);
        let passed = found.iter().filter(|f| f.domain == SENDER && f.result == "pass").count();
        if passed != 4 {
            faults.add(&sample.name, way, &format!("{passed} signatures verify: {found:?}"));
        }
    }
    faults.expect_none();
}

/// True where `leaves` stands behind whole fields of ours, and nothing of what is taken out.
fn behind_our_fields(message: &Message, sample: &Sample, leaves: &[u8]) -> bool {
    let prefix = message.data.strip_suffix(leaves).map(String::from_utf8_lossy);
    prefix.is_some_and(|prefix| {
        (sample.taken_out.is_empty() || !prefix.contains(&sample.taken_out))
            && prefix.ends_with("\r\n")
            && prefix.lines().any(|line| line.starts_with("Received: "))
    })
}

/// Where the two part, from the end, in a few words.
fn difference(arrived: &[u8], leaves: &[u8]) -> String {
    let same = arrived.iter().rev().zip(leaves.iter().rev()).take_while(|(a, b)| a == b).count();
    let before = |bytes: &[u8]| {
        let end = bytes.len() - same;
        String::from_utf8_lossy(&bytes[end.saturating_sub(60)..end]).into_owned()
    };
    format!("{same} octets from the end {:?} arrived, not {:?}", before(arrived), before(leaves))
}
