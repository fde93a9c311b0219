//! The database is taken away under a running daemon: nothing is answered 250 that a start would not find.

use crate::cli::spooling::{ALIAS, ALICE, Scene, id, message, scene};
use crate::support::client::Client;
use crate::support::receiver::Receiver;
use crate::support::wait_until;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Leads to a destination that takes everything.
const THROUGH: &str = "through@example.org";
const FILES: [&str; 3] = ["onward.db", "onward.db-wal", "onward.db-shm"];
const MOVED: &str = "onward.db is not the file any more that Onward has open";

struct Site {
    scene: Scene,
    http: SocketAddr,
    elsewhere: Receiver,
}

impl Site {
    fn new() -> Self {
        let (elsewhere, mut http) = (Receiver::smtp().start(), None);
        let scene = scene(|builder| {
            let (builder, address) = builder.listen("http", &[]);
            http = Some(address);
            builder
                .route("elsewhere.test", elsewhere.name())
                .alias(THROUGH, &["dave@elsewhere.test"])
        });
        Self { scene, http: http.unwrap(), elsewhere }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.scene.onward.state_dir().join(name)
    }

    /// To a directory beside, or back from there.
    fn shift(&self, names: &[&str], is_back: bool) {
        let away = self.file("away");
        fs::create_dir_all(&away).unwrap();
        for name in names {
            let (here, there) = (self.file(name), away.join(name));
            let (from, to) = if is_back { (there, here) } else { (here, there) };
            fs::rename(from, to).unwrap();
        }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.http).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[track_caller]
    fn is_troubled(&self, says: &str) {
        let line = self.scene.onward.wait_for_log(says);
        assert!(line.contains("ERROR"), "{line}");
        let status = self.scene.onward.cli(&["status"]);
        assert_eq!(status.code, Some(1), "{status:?}");
        assert!(status.stdout.contains("database  ") && status.stdout.contains(says), "{status:?}");
        assert!(self.get("/metrics").contains("\nonward_store_trouble 1.0\n"));
        assert!(self.get("/readyz").starts_with("HTTP/1.1 503 "));
        // Not for a restart by whoever watches: it would begin with no alias.
        assert!(self.get("/healthz").starts_with("HTTP/1.1 200 "));
    }

    #[track_caller]
    fn takes_nothing_but_what_goes_through(&self) {
        let session = || self.scene.onward.session();
        session().transaction(ALICE, &[ALIAS], &message("refused")).expect("451 4.3.0");
        let before = self.elsewhere.count();
        session().transaction(ALICE, &[THROUGH], &message("through")).expect("250 2.0.0");
        assert_eq!(self.elsewhere.count(), before + 1);
    }
}

#[test]
fn moved_away_and_back() {
    let site = Site::new();
    let first = site.scene.spool(ALIAS, "before");
    assert!(site.get("/metrics").contains("\nonward_store_trouble 0.0\n"));
    site.shift(&FILES, false);
    // At once, whether it was noticed or not.
    site.takes_nothing_but_what_goes_through();
    site.is_troubled(MOVED);
    site.shift(&FILES, true);
    site.scene.onward.wait_for_log("onward.db is in its place again");
    let second = site.scene.spool(ALIAS, "after");
    assert_eq!(site.scene.onward.run(&["status"]).matches("database").count(), 0);
    assert!(site.get("/readyz").starts_with("HTTP/1.1 200 "));
    let mut onward = site.scene.onward;
    onward.kill_9();
    onward.serve();
    let queue = onward.run(&["queue", "list", "--json"]);
    assert_eq!(queue.lines().count(), 2, "{queue}");
    assert!(queue.contains(&first) && queue.contains(&second), "{queue}");
}

#[test]
fn another_one_in_its_place_stays_as_it_is() {
    let site = Site::new();
    site.scene.spool(ALIAS, "before");
    let backup = site.file("backup.db");
    site.scene.onward.run(&["backup", backup.to_str().unwrap()]);
    let kept = site.scene.spool(ALIAS, "behind the backup");
    site.shift(&FILES, false);
    fs::copy(&backup, site.file("onward.db")).unwrap();
    site.takes_nothing_but_what_goes_through();
    site.is_troubled(MOVED);
    // Somebody has it open, with a log of its own, when the daemon ends.
    let other = rusqlite::Connection::open(site.file("onward.db")).unwrap();
    other.execute("DELETE FROM aliases WHERE domain = 'none.test'", ()).unwrap();
    other.execute("INSERT INTO domains (domain) VALUES ('new.test')", ()).unwrap();
    let mut onward = site.scene.onward;
    onward.terminate();
    drop(other);
    onward.serve();
    assert_eq!(onward.run(&["domain", "list"]), "example.org\nnew.test\n");
    assert_eq!(onward.run(&["queue", "list", "--json"]).lines().count(), 1);
    // The one before is whole where it was moved.
    let old = rusqlite::Connection::open(onward.state_dir().join("away/onward.db")).unwrap();
    let ids: Vec<String> = old
        .prepare("SELECT id FROM spool")
        .unwrap()
        .query_map((), |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(ids.len() == 2 && ids.contains(&kept), "{ids:?}");
}

#[test]
fn a_log_that_was_removed_is_saved() {
    let site = Site::new();
    let kept = site.scene.spool(ALIAS, "in the log");
    fs::remove_file(site.file("onward.db-wal")).unwrap();
    site.takes_nothing_but_what_goes_through();
    site.scene.onward.wait_for_log("what was committed is saved");
    site.is_troubled("restart Onward");
    let mut onward = site.scene.onward;
    onward.kill_9();
    onward.serve();
    assert!(onward.run(&["queue", "list", "--json"]).contains(&kept));
    id(&onward.session().transaction(ALICE, &[ALIAS], &message("after")));
}

/// Whoever begins after the file is gone hears no 250, however many commit at once.
#[test]
fn nobody_is_answered_250_behind_the_move() {
    let site = Site::new();
    // The number of the time that it is gone; 0 while it is there.
    let (gone, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let late = Arc::new(Mutex::new(Vec::new()));
    let address = site.scene.onward.address();
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let (gone, stop, late) = (Arc::clone(&gone), Arc::clone(&stop), Arc::clone(&late));
            thread::spawn(move || {
                let mut client = Client::session(address);
                while !stop.load(Ordering::SeqCst) {
                    let begun = gone.load(Ordering::SeqCst);
                    let reply = client.transaction(ALICE, &[ALIAS], &message("load"));
                    if begun > 0 && gone.load(Ordering::SeqCst) == begun {
                        late.lock().unwrap().push(reply.code);
                    }
                }
            })
        })
        .collect();
    for time in 1..=10 {
        site.shift(&FILES, false);
        gone.store(time, Ordering::SeqCst);
        wait_until("eight replies", || (late.lock().unwrap().len() >= 8).then_some(()));
        gone.store(0, Ordering::SeqCst);
        let codes = std::mem::take(&mut *late.lock().unwrap());
        assert!(codes.iter().all(|code| *code == 451), "{codes:?}");
        site.shift(&FILES, true);
    }
    stop.store(true, Ordering::SeqCst);
    senders.into_iter().for_each(|sender| sender.join().unwrap());
}
