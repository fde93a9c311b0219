//! Owners are told what came to their aliases: once, of all of it, and of nothing when there is nothing.

use crate::support::{
    dns::Dns,
    onward::{Builder, Onward},
    receiver::{Action, Message, Receiver, Step},
    wait_until,
};
use rusqlite::Connection;
use serde_json::Value;
use std::{
    collections::HashSet,
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

const TEXT: &[u8] = b"From: <a@sender.test>\r\nSubject: click http://evil.test\r\n\r\nx\r\n";
const FROM_BAD: &[u8] = b"From: <h@bad.test>\r\nSubject: x\r\n\r\nx\r\n";
const DAY: u64 = 86_400;

/// Two aliases of one owner, and one of somebody else, of whose mail they are told.
fn owners(sink: &Receiver) -> Builder {
    let builder = Onward::builder().domain("hosted.test").route("sink.test", &sink.route());
    let file = builder.directory().join("aliases.jsonl");
    let aliases =
        [("one", "owner", "daily"), ("two", "owner", "daily"), ("other", "else", "weekly")];
    let lines = aliases.map(|(name, to, digest)| {
        format!(
            "{{\"address\":\"{name}@hosted.test\",\"destinations\":[\"{to}@sink.test\"],\"digest\":\"{digest}\"}}\n"
        )
    });
    fs::write(&file, lines.concat()).unwrap();
    builder.without_rates().run_first(&["alias", "apply", file.to_str().unwrap()])
}

fn send(onward: &Onward, from: &str, to: &str, code: u16) {
    onward.session().transaction(from, &[to], TEXT).expect_code(code);
}

/// The text of a digest, without the line breaks of its encoding.
fn text(message: &Message) -> String {
    let body = String::from_utf8_lossy(message.body()).replace("=\r\n", "");
    body.replace("=3D", "=").replace("\r\n", "\n")
}

fn is_digest(message: &Message) -> bool {
    message.header("Subject").is_some_and(|subject| subject.contains("Your aliases"))
}

fn digests(sink: &Receiver) -> Vec<Message> {
    sink.messages().into_iter().filter(is_digest).collect()
}

fn plan(onward: &Onward) -> Vec<Value> {
    let lines = onward.run(&["digest", "--plan", "--json"]);
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The first letter, once it says all of this: what came within the second that is not over is for the next.
fn plan_with(onward: &Onward, parts: &[&str]) -> Value {
    wait_until(format!("a letter with {parts:?}"), || {
        let letter = plan(onward).into_iter().next()?;
        let text = letter["text"].as_str()?;
        parts.iter().all(|part| text.contains(part)).then(|| letter.clone())
    })
}

#[test]
fn an_owner_gets_one_mail_of_all_his_aliases_and_it_is_signed() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    let onward = owners(&sink).dns(&dns).run_first(&["dkim", "key", "add", "hosted.test"]).start();
    send(&onward, "a@sender.test", "one@hosted.test", 250);
    send(&onward, "a@sender.test", "one+tag@hosted.test", 250);
    sink.on(Step::FinalDot, Action::reply("550 5.7.1 click http://evil.test"));
    send(&onward, "\"http://evil.test\"@bad.test", "two@hosted.test", 550);
    sink.accept_all();
    onward.wait_for_trace(&["--to", "@hosted.test"], 3);
    let planned = plan_with(&onward, &["Forwarded: 2", "bad.test"]);
    assert_eq!(plan(&onward).len(), 1, "of other@ nothing came");
    assert_eq!(planned["aliases"], serde_json::json!(["one@hosted.test", "two@hosted.test"]));
    assert_eq!(planned["mailboxes"], serde_json::json!(["owner@sink.test"]));
    assert_eq!(digests(&sink).len(), 0, "a plan sends nothing");

    assert!(onward.run(&["digest", "--now"]).contains("1 digest"), "of other@ nothing came");
    let all = sink.wait_for_messages(3);
    let digest = all.iter().find(|message| is_digest(message)).unwrap();
    assert_eq!(digest.header("To").unwrap(), "<one@hosted.test>");
    assert!(digest.header("From").unwrap().contains("<postmaster@hosted.test>"));
    assert_eq!(digest.header("Auto-Submitted").unwrap(), "auto-generated");
    assert!(digest.header("DKIM-Signature").unwrap().contains("d=hosted.test"));
    let text = text(digest);
    for line in ["one@hosted.test", "  Forwarded: 2 messages", "    2 from a@sender.test"] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert!(text.contains("1 from somebody at bad.test"), "{text}");
    for bad in ["evil", "owner@sink.test", "other@"] {
        assert!(!text.contains(bad), "{bad}: {text}");
    }
    // It is not told of itself, nor of what was told.
    onward.wait_for_trace(&["--from", "<>", "--to", "one@hosted.test"], 1);
    assert!(onward.run(&["digest", "--now"]).contains("nothing"));
    assert_eq!(plan(&onward).len(), 0);
}

#[test]
fn what_waits_is_told_and_an_alias_that_is_switched_off_too() {
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    dns.txt("sender.test", "v=spf1 ip4:127.0.0.1 -all");
    let onward = owners(&sink).dns(&dns).start();
    onward.run(&["alias", "disable", "two@hosted.test"]);
    send_refused(&onward, "two@hosted.test");
    sink.on(Step::Rcpt, Action::reply("451 4.3.0 later"));
    send(&onward, "a@sender.test", "one@hosted.test", 250);
    onward.wait_for_trace(&["--to", "@hosted.test"], 2);
    let waits = "Waiting here, as the mailbox behind the alias is not ready: 1 message";
    plan_with(&onward, &[waits, "Refused, because the alias is switched off"]);
    sink.accept_all();
}

fn send_refused(onward: &Onward, to: &str) {
    let mut client = onward.session();
    client.mail("a@sender.test").expect_code(250);
    client.rcpt(to).expect_code(550);
}

/// Makes a day and a half pass for what the daemon has written.
fn age(onward: &Onward, table: &str, file: &str) {
    let database = Connection::open(onward.state_dir().join(file)).unwrap();
    let by = DAY * 3 / 2 * 1000;
    database.execute(&format!("UPDATE {table} SET time = time - ?1"), [by as i64]).unwrap();
}

#[test]
fn the_daemon_tells_by_itself_and_never_twice() {
    let sink = Receiver::smtp().start();
    let mut onward = owners(&sink).start();
    send(&onward, "a@sender.test", "one@hosted.test", 250);
    onward.wait_for_trace(&["--to", "one@hosted.test"], 1);
    onward.terminate();
    age(&onward, "message", "journal.db");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let database = Connection::open(onward.state_dir().join("onward.db")).unwrap();
    let told =
        "INSERT OR REPLACE INTO digests (domain, every, until) VALUES ('hosted.test', 'daily', ?1)";
    database.execute(told, [(now - 5 * DAY) as i64]).unwrap();
    // The domain was here before that mail was.
    database.execute("UPDATE domains SET added = 0", ()).unwrap();
    drop(database);
    onward.serve();
    let all = sink.wait_for_messages(2);
    assert_eq!(all.iter().filter(|message| is_digest(message)).count(), 1);
    for _ in 0..2 {
        onward.kill_9();
        onward.serve();
    }
    assert_eq!(plan(&onward).len(), 0);
    onward.terminate();
    // The mail server may have got it again, as it was killed before it had noted that it was taken.
    let ids: HashSet<_> = digests(&sink).iter().map(|digest| digest.header("Message-ID")).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
}

#[test]
fn who_is_told_again_after_a_pause_is_not_told_of_the_pause() {
    let sink = Receiver::smtp().start();
    let mut onward = owners(&sink).build();
    let state = onward.state_dir().join("onward.db");
    let told = "INSERT INTO digests (domain, every, until) VALUES ('gone.test', 'daily', 1)";
    let database = Connection::open(state).unwrap();
    database.execute(told, ()).unwrap();
    onward.serve();
    let count = |every: &str| -> i64 {
        let sql = "SELECT count(*) FROM digests WHERE every = ?1 AND domain <> 'gone.test'";
        database.query_row(sql, [every], |row| row.get(0)).unwrap()
    };
    wait_until("the domain to be known", || (count("weekly") == 1).then_some(()));
    assert_eq!(count("daily"), 1);
    let left = "SELECT count(*) FROM digests WHERE domain = 'gone.test'";
    assert_eq!(database.query_row(left, (), |row| row.get::<_, i64>(0)).unwrap(), 0);
    drop(sink);
}

#[test]
fn each_owner_hears_of_what_his_alias_refused_whoever_was_refused_first() {
    let sink = Receiver::smtp().start();
    let mut onward = owners(&sink)
        .run_first(&["block", "add", "@bad.test", "--domain", "hosted.test"])
        .run_first(&["alias", "set", "two@hosted.test", "--block", "@[192.0.2.1]"])
        .start();
    let refuse = |from: &str, to: &[&str]| {
        let mut client = onward.session();
        client.mail(from).expect_code(250);
        for to in to {
            client.rcpt(to).expect_code(550);
        }
        client.quit();
    };
    let all = ["one@hosted.test", "two@hosted.test", "other@hosted.test"];
    for _ in 0..4 {
        for from in ["a@bad.test", "b@bad.test"] {
            refuse(from, &all);
        }
    }
    refuse("c@bad.test", &all[..1]);
    refuse("d@bad.test", &all[2..]);
    refuse("e@[192.0.2.1]", &all[1..2]);
    send(&onward, "f@sender.test", "one@hosted.test", 250);
    onward.session().transaction("g@sender.test", &["one@hosted.test"], FROM_BAD).expect_code(550);
    // How many they were is written when the minute is over, or nothing more comes.
    assert!(onward.terminate().success());
    let told = "Refused, because of the domain's block @bad.test: ";
    let [owners, others] = wait_until("both letters", || {
        let letters: Vec<String> =
            plan(&onward).iter().map(|it| it["text"].as_str().unwrap().to_owned()).collect();
        let [one, two] = <[String; 2]>::try_from(letters).ok()?;
        let (owners, others) =
            if one.contains("other@hosted.test") { (two, one) } else { (one, two) };
        let is_whole = owners.contains("Forwarded: 1") && owners.contains("1 from h@bad.test");
        (is_whole && others.contains("d@bad.test")).then_some([owners, others])
    });
    // Those of one were refused first, and all are counted and named.
    for line in [
        &*format!("{told}10 messages"),
        &format!("{told}8 messages"),
        "    4 from a@bad.test",
        "    4 from b@bad.test",
        "    1 from c@bad.test",
        "    1 from h@bad.test",
        "  Refused, because of the alias's block @[192.0.2.1]: 1 message",
    ] {
        assert!(owners.contains(line), "{line}\n{owners}");
    }
    for line in [&*format!("{told}9 messages"), "    4 from a@bad.test", "    1 from d@bad.test"] {
        assert!(others.contains(line), "{line}\n{others}");
    }
    // A digest keeps another owner's senders to themselves.
    for (letter, foreign) in [(&owners, "d@bad"), (&others, "c@bad"), (&others, "f@sender")] {
        assert!(!letter.contains(foreign), "{foreign}\n{letter}");
    }
    assert!(!owners.contains("g@sender"), "who is blocked is the author:\n{owners}");
    assert!(!others.contains("one@") && !owners.contains("other@"), "{owners}\n{others}");
}
