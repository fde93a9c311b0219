//! System calls that fail, one after the other, and the order in which they are made: strace(1) stands
//! between the daemon and the kernel.

use crate::support::client::{Client, NoReply, stuffed};
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::receiver::{Action, Receiver, Step};
use crate::support::{peer, poll, wait_until};
use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// More calls than any run makes in one thread.
const MOST: usize = 400;
/// How long a daemon that was hurt may take by itself; then it is killed and started whole.
const CONVALESCENCE: Duration = Duration::from_secs(3);

/// What came of one message.
struct Sent {
    id: String,
    from: String,
    is_bad: bool,
    reply: Option<String>,
}

/// Fails the n-th call for n = 1, 2, … until a run passes untouched: nothing that was answered 250 is
/// ever lost.
fn until_untouched(call: &str, error: &str) {
    if peer::program("strace").is_none() {
        return;
    }
    for n in 1..MOST {
        if !run(call, error, n) {
            assert!(n > 1, "{call} is never called");
            return;
        }
    }
    panic!("after {MOST} runs {call} still fails");
}

/// True when a call was failed.
fn run(call: &str, error: &str, n: usize) -> bool {
    let (sink, senders, dns) = (Receiver::smtp().start(), Receiver::smtp().start(), Dns::start());
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let mut onward = Onward::forwarding_to(sink.name())
        .alias("bad@example.org", &["bad@sink.test"])
        .route("spf.test", senders.name())
        .dns(&dns)
        .config("spool.retry = [\"100ms\"]")
        .config("delivery.budget = \"1s\"")
        .build();
    let log = onward.config_path().with_file_name("strace");
    let inject = format!("inject={call}:error={error}:when={n}");
    let options = ["-e", &format!("trace={call}"), "-e", &inject];
    sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    let mut sent = Vec::new();
    match onward.serve_traced(&log, &options) {
        Ok(()) => {
            sent = (0..3).map(|number| send(&onward, number)).collect();
            refuse_only_bad(&sink);
            // Or not: what it cannot do now, the next start does.
            poll(CONVALESCENCE, || is_done(&sink, &senders, &sent).then_some(()));
            onward.kill_9();
        }
        Err(output) => {
            let what = format!("{call} {n}: {}", output.stderr);
            assert_eq!(output.code, Some(1), "{what}");
            assert!(!output.stderr.contains("panicked"), "{what}");
        }
    }
    refuse_only_bad(&sink);
    onward.serve();
    wait_until(format!("an empty spool after {call} {n}"), || {
        onward.run(&["queue", "list"]).is_empty().then_some(())
    });
    for Sent { id, reply, .. } in &sent {
        // No reply at all is none that anybody relied on.
        let is_known = reply.as_ref().is_none_or(|reply| reply.starts_with(['2', '4']));
        assert!(is_known, "{call} {n}: {id}: {reply:?}");
    }
    let told = || format!("{call} {n}: {}", onward.log().join("\n"));
    assert!(is_done(&sink, &senders, &sent), "something answered 250 is lost; {}", told());
    // The daemon serves as if nothing had been.
    let last = send(&onward, 99);
    assert!(last.reply.as_ref().is_some_and(|reply| reply.starts_with("250")), "{}", told());
    fs::read_to_string(&log).is_ok_and(|calls| calls.contains("(INJECTED)"))
}

/// Everything answered 250 has arrived, or its sender has been told.
fn is_done(sink: &Receiver, senders: &Receiver, sent: &[Sent]) -> bool {
    let (arrived, told) = (sink.messages(), senders.messages());
    let mut taken = sent
        .iter()
        .filter(|sent| sent.reply.as_ref().is_some_and(|reply| reply.starts_with("250")));
    taken.all(|sent| match sent.is_bad {
        true => told.iter().any(|notice| notice.to == [sent.from.clone()]),
        false => arrived.iter().any(|m| m.header("Message-ID").as_ref() == Some(&sent.id)),
    })
}

fn refuse_only_bad(sink: &Receiver) {
    sink.accept_all().on_recipient("bad@sink.test", Action::reply("550 5.1.1 no such mailbox"));
}

fn send(onward: &Onward, number: usize) -> Sent {
    let (id, from) = (format!("<{number}@faults.test>"), format!("s{number}@spf.test"));
    let is_bad = number == 1;
    let to = if is_bad { "bad@example.org" } else { "hello@example.org" };
    let reply = transaction(onward, &from, to, &id).ok();
    Sent { id, from, is_bad, reply }
}

fn transaction(onward: &Onward, from: &str, to: &str, id: &str) -> Result<String, NoReply> {
    let mut client = Client::try_connect(onward.address())
        .map_err(|error| NoReply::Closed(error.to_string()))?;
    client.try_reply()?.expect_code(220);
    for line in ["EHLO faults.test", &format!("MAIL FROM:<{from}>"), &format!("RCPT TO:<{to}>")] {
        client.send(format!("{line}\r\n").as_bytes());
        let reply = client.try_reply()?;
        if reply.code != 250 {
            return Ok(reply.text());
        }
    }
    client.send(b"DATA\r\n");
    client.try_reply()?.expect_code(354);
    let message = format!("From: <{from}>\r\nMessage-ID: {id}\r\n\r\nhello\r\n");
    client.send(&stuffed(message.as_bytes()));
    Ok(client.try_reply()?.text())
}

#[test]
fn the_nth_write_fails() {
    until_untouched("pwrite64", "EIO");
}

#[test]
fn the_nth_write_finds_no_room() {
    until_untouched("pwrite64", "ENOSPC");
}

#[test]
fn the_nth_sync_fails() {
    until_untouched("fsync", "EIO");
}

#[test]
fn the_nth_accept_fails() {
    until_untouched("accept4", "EMFILE");
}

#[test]
fn the_nth_connection_fails() {
    until_untouched("connect", "ECONNREFUSED");
}

/// The 250 of a message that was taken is sent after the sync of what was written for it.
/// The lines of strace, those of a call that others came into as one where it ended.
fn whole_calls(told: &str) -> Vec<String> {
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut calls = Vec::new();
    for line in told.lines() {
        let thread = line.split(' ').next().unwrap_or_default();
        if let Some(call) = line.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, call);
        } else if let Some((_, end)) = line.split_once(" resumed>") {
            calls.push(format!("{}{end}", begun.remove(thread).unwrap_or(thread)));
        } else {
            calls.push(line.to_owned());
        }
    }
    calls
}

#[test]
fn the_250_follows_the_sync_that_covers_it() {
    if peer::program("strace").is_none() {
        return;
    }
    let (sink, dns) = (Receiver::smtp().start(), Dns::start());
    dns.txt("spf.test", "v=spf1 ip4:127.0.0.1 -all");
    let mut onward =
        Onward::forwarding_to(sink.name()).dns(&dns).config("spool.retry = [\"1h\"]").build();
    sink.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    let log = onward.config_path().with_file_name("strace");
    let options = ["-e", "trace=pwrite64,fsync,sendto"];
    onward.serve_traced(&log, &options).unwrap();
    for number in 0..5 {
        let sent = send(&onward, number * 2);
        assert!(sent.reply.unwrap().contains("spooled"));
    }
    onward.kill_9();
    let calls = fs::read_to_string(&log).unwrap();
    let calls = whole_calls(&calls);
    let replies: Vec<usize> = (0..calls.len())
        .filter(|at| {
            calls[*at].contains("sendto(")
                && calls[*at].contains("250 2.0.0 ")
                && calls[*at].contains(" spooled")
        })
        .collect();
    assert_eq!(replies.len(), 5, "{calls:#?}");
    let mut before = 0;
    for reply in replies {
        let since = &calls[before..reply];
        let is = |call: &str, line: &str| line.contains(call) && line.contains("onward.db-wal>");
        let written = since.iter().rposition(|line| is("pwrite64(", line));
        let synced = since.iter().rposition(|line| is(" fsync(", line) && line.ends_with("= 0"));
        let in_order = matches!((written, synced), (Some(w), Some(s)) if w < s);
        assert!(in_order, "written {written:?}, synced {synced:?}: {since:#?}");
        before = reply;
    }
}
