//! The page where the worst happens: a full disk, a second daemon, reloads while it is asked, the daemon or an import killed.

use super::aliases::{form, hidden, picked};
use super::site::{Person, Site};
use crate::api::Answer;
use crate::support::disk::Disk;
use crate::support::onward::Onward;
use crate::support::process::Process;
use crate::support::{DEADLINE, poll, wait_until};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

fn make(site: &Site, person: &Person, name: &str) -> u16 {
    let note = "n".repeat(400);
    let made =
        [("name", name), ("destinations", "me@sink.test"), ("enabled", "on"), ("note", &*note)];
    site.post(person, "/aliases/new", &form(&made)).status
}

fn addresses(onward: &Onward) -> BTreeSet<String> {
    let list = onward.run(&["alias", "list", "--json"]);
    let address = |line: &str| {
        let alias: serde_json::Value = serde_json::from_str(line).unwrap();
        alias["address"].as_str().unwrap().to_owned()
    };
    list.lines().map(address).collect()
}

/// The form that removes all aliases that the list shows.
fn removal(site: &Site, owner: &Person, names: &BTreeSet<String>) -> String {
    let list = site.get(owner, "/aliases").body;
    let mut pairs = vec![("do".to_owned(), "delete".to_owned())];
    pairs.extend(names.iter().map(|name| ("pick".to_owned(), picked(&list, name))));
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    form(&pairs)
}

/// Removes them, and gives the number of that change.
fn remove_all(site: &Site, owner: &Person, names: &BTreeSet<String>) -> String {
    let removal = removal(site, owner, names);
    assert_eq!(site.post(owner, "/aliases/many", &removal).status, 303);
    hidden(&site.get(owner, "/aliases").body, "change")
}

/// Fifty aliases.
fn fifty(site: &Site) -> BTreeSet<String> {
    let names: BTreeSet<_> = (0..50).map(|n| format!("a{n:02}@example.org")).collect();
    let list: String = names.iter().map(|name| format!("{name} me@sink.test\n")).collect();
    let file = site.onward.state_dir().join("list");
    fs::write(&file, list).unwrap();
    site.onward.run(&["alias", "import", "--from", "postfix-virtual", file.to_str().unwrap()]);
    assert_eq!(addresses(&site.onward), names);
    names
}

/// Sends a form, kills the daemon once the aliases are not those of before, and starts it again.
fn killed_amid(site: &mut Site, owner: &Person, path: &str, form: &str) {
    use std::io::{Read, Write};
    let (address, before) = (site.address, addresses(&site.onward));
    thread::scope(|scope| {
        let asked = scope.spawn(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n\
                 Cookie: __Host-onward={}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: {}\r\n\r\n{form}",
                owner.0,
                form.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            let mut answer = Vec::new();
            let _cut_off = stream.read_to_end(&mut answer);
        });
        wait_until("the first of them", || (addresses(&site.onward) != before).then_some(()));
        site.onward.kill_9();
        asked.join().unwrap();
    });
    site.onward.serve();
}

#[test]
fn on_a_full_disk_what_is_not_done_is_said_and_can_be_done_later() {
    let Some(disk) = Disk::mount("16m") else { return };
    let state = format!("state_dir = \"{}\"", disk.path().display());
    let site = Site::start_with(Onward::builder().config(&state));
    let owner = site.owner("example.org");
    for name in ["gone@example.org", "stays@example.org"] {
        site.onward.run(&["alias", "add", name, "me@sink.test"]);
    }
    let link = site.link(&["--label", "Later"]);
    let change = remove_all(&site, &owner, &["gone@example.org".to_owned()].into());
    let filler = disk.fill();
    let mut made = BTreeSet::from(["stays@example.org".to_owned()]);
    // Until not even the space that is there already takes one.
    let refused = (0..5_000).find_map(|n| {
        let name = format!("a{n}@example.org");
        match make(&site, &owner, &name) {
            303 => {
                made.insert(name);
                None
            }
            status => Some(status),
        }
    });
    assert_eq!(refused, Some(503));
    let undo = |change: &str| site.post(&owner, "/aliases/undo", &form(&[("change", change)]));
    let answer = undo(&change);
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("The database cannot be used now"), "{answer:?}");
    let entered = site.post(&Person::nobody(), &link, "");
    assert_eq!(entered.status, 503, "{entered:?}");
    // What is there is seen, and none of what was not said to be done.
    let shown = site.get(&owner, "/aliases?q=stays");
    assert!(shown.status == 200 && shown.body.contains("stays@example.org"), "{shown:?}");
    let change = hidden(&shown.body, "change");
    assert!(shown.body.contains("Undo can be tried again"), "{shown:?}");

    fs::remove_file(filler).unwrap();
    let again = wait_until("room", || {
        let answer = undo(&change);
        (answer.status == 303).then_some(answer)
    });
    assert_eq!(again.field("location"), Some("/aliases"));
    made.insert("gone@example.org".to_owned());
    assert_eq!(addresses(&site.onward), made);
    assert_eq!(site.post(&Person::nobody(), &link, "").status, 303, "nobody used up the link");
}

#[test]
fn a_second_daemon_does_not_disturb_the_page() {
    let site = Site::start();
    let owner = site.owner("example.org");
    let refused = site.onward.serve_refused();
    assert!(refused.stderr.contains("another onward"), "{}", refused.stderr);
    assert_eq!(make(&site, &owner, "shop@example.org"), 303);
    let page = site.get(&owner, "/aliases").body;
    assert!(page.contains("shop@example.org"), "{page}");
}

#[test]
fn reloads_under_load_break_no_request_and_lose_no_notice() {
    let site = Site::start();
    let owner = site.owner("example.org");
    let names = BTreeSet::from(["shop@example.org".to_owned()]);
    assert_eq!(make(&site, &owner, "shop@example.org"), 303);
    let readers: Vec<_> = (0..3).map(|_| site.owner("example.org")).collect();
    let change = remove_all(&site, &owner, &names);
    let (is_over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for person in &readers {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let answer = site.get(person, "/aliases");
                    assert_eq!(answer.status, 200, "{answer:?}");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // Each takes back what the one before did, over a reload.
        let mut change = change;
        for turn in 0..5 {
            let before = asked.load(Ordering::Relaxed);
            assert_eq!(site.onward.run(&["reload"]), "reloaded\n");
            wait_until("requests behind the reload", || {
                (asked.load(Ordering::Relaxed) > before + 3).then_some(())
            });
            let answer = site.post(&owner, "/aliases/undo", &form(&[("change", &change)]));
            assert_eq!(answer.status, 303, "{turn}");
            assert_eq!(site.onward.run(&["reload"]), "reloaded\n");
            let said = site.get(&owner, "/aliases").body;
            assert!(said.contains("Taken back: one alias is as it was."), "{turn}: {said}");
            change = remove_all(&site, &owner, &names);
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_change_of_many_that_is_killed_is_whole_and_so_is_its_undo() {
    let mut site = Site::start();
    let owner = site.owner("example.org");
    let names = fifty(&site);
    let removal = removal(&site, &owner, &names);
    killed_amid(&mut site, &owner, "/aliases/many", &removal);
    // Were each by itself, some would be left.
    assert_eq!(addresses(&site.onward), BTreeSet::new());

    let names = fifty(&site);
    let change = remove_all(&site, &owner, &names);
    assert!(addresses(&site.onward).is_empty());
    killed_amid(&mut site, &owner, "/aliases/undo", &form(&[("change", &change)]));
    assert_eq!(addresses(&site.onward), names);
}

#[test]
fn an_import_that_is_killed_comes_whole_or_not_at_all() {
    const COUNT: usize = 5_000;
    let site = Site::start();
    let admin = site.admin();
    let file = site.onward.state_dir().join("aliases.csv");
    let mut lines = "alias,forward\n".to_owned();
    for n in 0..COUNT {
        writeln!(lines, "name{n},me{}@mailbox.test", n % 7).unwrap();
    }
    fs::write(&file, lines).unwrap();
    let mut whole = 0;
    for octets in [1, 200_000, 600_000, 1_200_000, 2_400_000] {
        let wal = site.onward.state_dir().join("onward.db-wal");
        let size = || fs::metadata(&wal).map_or(0, |found| found.len());
        let before = size();
        let mut command = Command::new(site.onward.program());
        command.args(["import", "improvmx", file.to_str().unwrap(), "--domain", "example.org"]);
        command.arg("--config").arg(site.onward.config_path());
        let mut import = Process::spawn("onward import", &mut command);
        poll(DEADLINE, || (size() >= before + octets || !import.is_running()).then_some(()));
        import.kill_9();
        let count = addresses(&site.onward).len();
        assert!(count == 0 || count == COUNT, "{octets}: {count} of {COUNT}");
        let found = |page: &Answer| page.body.contains("/aliases/name1@example.org");
        let page = site.get(&admin, "/aliases?q=name1%40example.org");
        assert_eq!(page.status, 200, "{page:?}");
        assert!(count > 0 || !found(&page), "{octets}: {page:?}");
        if count > 0 {
            // They are found too, though nobody is left who would see to that.
            wait_until("all to be found", || {
                let last = format!("name{}", COUNT - 1);
                let first = found(&site.get(&admin, "/aliases?q=name1%40example.org"));
                let page = site.get(&admin, &format!("/aliases?q={last}%40example.org"));
                (first && page.body.contains(&format!("/aliases/{last}@example.org"))).then_some(())
            });
            whole += 1;
            let remove = ["domain", "remove", "example.org", "--with-aliases"];
            site.onward.run(&remove);
            site.onward.run(&["domain", "add", "example.org"]);
        }
    }
    assert!(whole < 5, "none was killed in its middle");
    site.onward.run(&["import", "improvmx", file.to_str().unwrap(), "--domain", "example.org"]);
    assert_eq!(addresses(&site.onward).len(), COUNT);
}
