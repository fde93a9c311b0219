//! A spool without room: what does not fit is left to its sender, what was taken is kept, and mail that
//! goes through goes on.

use crate::cli::spooling::{ALIAS, ALICE, OTHER, Scene, id, message, scene, subjects, to};
use crate::support::client::{Client, Reply};
use crate::support::disk::Disk;
use crate::support::dns::Dns;
use crate::support::onward::Builder;
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::wait_until;
use std::collections::BTreeMap;
use std::fs;

/// Leads to a destination that takes everything.
const THROUGH: &str = "through@example.org";
const SIZES: [usize; 4] = [200_000, 20_000, 60_000, 400_000];

struct Crowded {
    scene: Scene,
    elsewhere: Receiver,
    /// What was answered 250, by subject.
    taken: BTreeMap<String, String>,
    tries: usize,
    disk: Disk,
}

/// An Onward whose state is on a small disk.
fn crowded(size: &str, change: impl FnOnce(Builder) -> Builder) -> Option<Crowded> {
    let disk = Disk::mount(size)?;
    let (dns, elsewhere) = (Dns::start(), Receiver::smtp().start());
    let sink = Receiver::smtp().on(Step::Rcpt, Action::reply("450 4.2.1 busy now")).start();
    let builder = to(&sink, &dns)
        .config(&format!("state_dir = \"{}\"", disk.path().display()))
        .route("elsewhere.test", elsewhere.name())
        .alias(THROUGH, &["dave@elsewhere.test"]);
    let scene = Scene { onward: change(builder).start(), sink, _dns: dns };
    Some(Crowded { scene, elsewhere, taken: BTreeMap::new(), tries: 0, disk })
}

impl Crowded {
    /// Sends a message for the destination that is busy.
    fn send(&mut self, client: &mut Client, size: usize) -> Reply {
        self.tries += 1;
        let subject = format!("message {}", self.tries);
        let reply = client.transaction(ALICE, &[ALIAS], &padded(&subject, size));
        if reply.code == 250 {
            self.taken.insert(subject, id(&reply));
        }
        reply
    }

    /// Until even the small ones do not fit.
    fn send_until_full(&mut self) {
        let mut client = self.scene.onward.session();
        let mut refused = 0;
        while refused < SIZES.len() {
            let size = SIZES[self.tries % SIZES.len()];
            match self.send(&mut client, size).code {
                250 => refused = 0,
                452 => refused += 1,
                code => panic!("{code}"),
            }
            assert!(self.tries < 1_000, "it is never full");
        }
        self.send(&mut client, SIZES[0]).expect("452 4.3.1");
    }

    fn goes_through(&self) {
        let before = self.elsewhere.count();
        for _ in 0..3 {
            let mut client = self.scene.onward.session();
            client.transaction(ALICE, &[THROUGH], &padded("through", 100_000)).expect("250 2.0.0");
        }
        assert_eq!(self.elsewhere.count(), before + 3);
    }

    #[track_caller]
    fn expect_kept(&self) {
        let ids: Vec<_> = self.scene.ids(&[]);
        assert_eq!(ids.len(), self.taken.len());
        assert!(self.taken.values().all(|id| ids.contains(id)));
    }

    /// The destination is back: all that was taken arrives, once.
    fn expect_delivery(&mut self) {
        let before = self.scene.sink.count();
        self.scene.destination_is_back();
        self.scene.onward.run(&["queue", "retry", "--all"]);
        let arrived = self.scene.sink.wait_for_messages(before + self.taken.len());
        for id in self.taken.values() {
            self.scene.wait_for_outcome(id, "forwarded");
        }
        let mut expected: Vec<_> = self.taken.keys().cloned().collect();
        expected.sort_unstable();
        assert_eq!(subjects(&arrived[before..]), expected);
        assert_eq!(self.scene.sink.count(), before + self.taken.len());
        wait_until("an empty spool", || self.scene.ids(&[]).is_empty().then_some(()));
        self.taken.clear();
    }
}

fn padded(subject: &str, size: usize) -> Vec<u8> {
    let mut message = message(subject);
    while message.len() < size {
        message.extend_from_slice(&[b'x'; 70]);
        message.extend_from_slice(b"\r\n");
    }
    message
}

#[test]
fn what_does_not_fit_is_refused_and_there_is_room_again_when_mail_has_gone() {
    let Some(mut crowded) = crowded("24m", |onward| onward) else { return };
    for round in 0..4 {
        crowded.send_until_full();
        assert!(crowded.taken.len() >= 4, "round {round}: {}", crowded.taken.len());
        crowded.goes_through();
        crowded.expect_kept();
        crowded.expect_delivery();
        crowded.scene.sink.on(Step::Rcpt, Action::reply("450 4.2.1 busy now"));
    }
    crowded.scene.onward.terminate();
}

#[test]
fn a_disk_that_somebody_else_fills() {
    let Some(mut crowded) = crowded("24m", |onward| onward) else { return };
    let mut client = crowded.scene.onward.session();
    for size in SIZES {
        crowded.send(&mut client, size).expect("250 2.0.0");
    }
    let filler = crowded.disk.fill();
    for size in SIZES {
        crowded.send(&mut client, size).expect("452 4.3.1");
    }
    crowded.goes_through();
    crowded.expect_kept();
    let _full = crowded.scene.onward.cli(&["queue", "retry", "--all"]);
    fs::remove_file(filler).unwrap();
    wait_until("room", || (crowded.send(&mut client, SIZES[0]).code == 250).then_some(()));
    crowded.expect_kept();
    crowded.expect_delivery();
}

/// The bounds of the disk are not asked for: the disk itself says no.
#[test]
fn without_a_reserve() {
    let Some(mut crowded) = crowded("24m", |onward| onward.config("spool.min_free_disk = \"0\""))
    else {
        return;
    };
    crowded.send_until_full();
    let filler = crowded.disk.fill();
    crowded.goes_through();
    let mut client = crowded.scene.onward.session();
    crowded.send(&mut client, SIZES[1]).expect("452 4.3.1");
    crowded.scene.onward.kill_9();
    fs::remove_file(filler).unwrap();
    crowded.scene.onward.serve();
    crowded.expect_kept();
    crowded.expect_delivery();
}

#[test]
fn the_bounds_of_the_configuration() {
    for (bound, fit) in [
        ("spool.min_free_disk = \"1024TiB\"", 0),
        ("spool.max_bytes = \"4KiB\"", 1),
        ("spool.max_messages = 2", 2),
    ] {
        let scene = scene(|onward| onward.config(bound));
        let mut client = scene.onward.session();
        let mut send = |to| client.transaction(ALICE, &[to], &padded("bounded", 3_000));
        for _ in 0..fit {
            send(ALIAS).expect("250 2.0.0");
        }
        let refused = send(OTHER).expect("452 4.3.1");
        assert!(!refused.text().contains("late.test"), "{refused}");
        assert_eq!(scene.ids(&[]).len(), fit, "{bound}");
        // Room again, where it is the messages that take it.
        if fit > 0 {
            scene.onward.run(&["queue", "drop", "--all"]);
            wait_until("room", || (send(OTHER).code == 250).then_some(()));
        }
        scene.destination_is_back();
        send(ALIAS).expect("250 2.0.0");
    }
}
