//! Who causes much work waits for it; others do not.

use super::MESSAGE;
use crate::support::{
    client::{Client, Reply},
    dns::Dns,
    onward::{Builder, Onward},
    receiver::{Action, Receiver, Step},
    wait_until,
};
use std::{
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

const HELLO: &str = "hello@example.org";
/// An alias whose mailbox refuses all mail.
const DEAD: &str = "dead@example.org";
/// An alias whose mailbox is greylisted.
const LATER: &str = "later@example.org";
const HONEST: &str = "198.51.100.7";
/// How many destinations of DSNs say nothing.
const SILENT: usize = 60;
/// Connections to silent hosts that one client's DSNs have at once: half of the places.
const HALF: usize = 25;

/// Hosts that take connections and say nothing.
struct Tarpits(Vec<TcpListener>);

struct Scene {
    onward: Onward,
    sink: Receiver,
    /// Where DSNs to honest senders arrive.
    senders: Receiver,
    tarpits: Tarpits,
    _dns: Dns,
}

impl Tarpits {
    fn start(count: usize) -> Self {
        let tarpits = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let tarpits = Self(tarpits.collect());
        tarpits.0.iter().for_each(|host| host.set_nonblocking(true).unwrap());
        tarpits
    }

    /// Waits until so many connections were made since the last time, and gives them: they are open while held.
    fn wait_for(&self, count: usize) -> Vec<std::net::TcpStream> {
        let mut taken = Vec::new();
        wait_until(format!("{count} connections to hosts that say nothing"), || {
            taken.extend(self.0.iter().filter_map(|host| host.accept().ok()).map(|(held, _)| held));
            (taken.len() >= count).then_some(())
        });
        taken
    }
}

fn scene(change: impl FnOnce(Builder) -> Builder) -> Scene {
    let dns = Dns::start();
    let (sink, senders) = (Receiver::smtp().start(), Receiver::smtp().start());
    let tarpits = Tarpits::start(SILENT);
    sink.on_recipient("dead@sink.test", Action::reply("550 5.1.1 no such mailbox"));
    sink.on_recipient("later@sink.test", Action::reply("450 4.2.0 greylisted"));
    let mut builder = Onward::forwarding_to(sink.name())
        .alias(DEAD, &["dead@sink.test"])
        .alias(LATER, &["later@sink.test"])
        .smtp_option("proxy_protocol = [\"127.0.0.1/32\"]")
        .config("spool.retry = [\"200ms\"]")
        .without_rates()
        .dns(&dns);
    for (nth, host) in tarpits.0.iter().enumerate() {
        dns.txt(&format!("silent{nth}.test"), "v=spf1 ip4:192.0.2.0/24 -all");
        let address = host.local_addr().unwrap().to_string();
        builder = builder.route(&format!("silent{nth}.test"), &address);
    }
    for name in ["honest.test", "other.test"] {
        dns.txt(name, "v=spf1 ip4:198.51.100.0/24 -all");
        builder = builder.route(name, senders.name());
    }
    let onward = change(builder).start();
    Scene { onward, sink, senders, tarpits, _dns: dns }
}

impl Scene {
    /// A session of this client.
    fn session(&self, ip: &str) -> Client {
        let mut client = self.onward.connect();
        client.send(format!("PROXY TCP4 {ip} 198.51.100.25 40000 25\r\n").as_bytes());
        client.reply().expect_code(220);
        client.ehlo("client.test").expect_code(250);
        client
    }

    fn bring(&self, sender: &str, to: &[&str], number: usize) -> Reply {
        let message = [MESSAGE, format!("{number}\r\n").as_bytes()].concat();
        self.session(HONEST).transaction(sender, to, &message)
    }

    /// As many messages as there are silent hosts, one recipient of each refused, from senders whose DSNs go to
    /// those hosts.
    fn attack(&self) {
        let mut client = self.session("192.0.2.66");
        for nth in 0..SILENT {
            let sender = format!("mallory@silent{nth}.test");
            client.transaction(&sender, &[HELLO, DEAD], MESSAGE).expect("250 2.0.0");
        }
    }

    /// How long it takes until the DSN about a refused recipient is with its sender.
    fn time_of_a_notice(&self, number: usize) -> Duration {
        let (began, before) = (Instant::now(), self.senders.count());
        let sender = format!("alice{number}@honest.test");
        self.bring(&sender, &[HELLO, DEAD], number).expect("250 2.0.0");
        self.senders.wait_for_messages(before + 1);
        began.elapsed()
    }

    /// How long it takes until spooled mail arrives whose destination is ready when the client hears 250.
    fn time_of_spooled_mail(&self, number: usize) -> Duration {
        self.sink.on_recipient("later@sink.test", Action::reply("450 4.2.0 greylisted"));
        self.bring("alice@honest.test", &[LATER], number).expect("250 2.0.0");
        let (began, before) = (Instant::now(), self.sink.count());
        self.sink.on_recipient("later@sink.test", Action::Accept);
        self.sink.wait_for_messages(before + 1);
        began.elapsed()
    }
}

/// The middle of three, so that a moment in which the machine does something else is none of ours.
fn usual(mut time: impl FnMut(usize) -> Duration, from: usize) -> Duration {
    let mut times: Vec<_> = (from..from + 3).map(&mut time).collect();
    times.sort();
    times[1]
}

#[track_caller]
fn assert_unhurt(what: &str, quiet: Duration, under_attack: Duration) {
    let bearable = (quiet * 2).max(quiet + Duration::from_millis(500));
    assert!(under_attack <= bearable, "{what}: {quiet:?}, and {under_attack:?} under attack");
}

#[test]
fn notices_to_hosts_that_say_nothing_hold_up_nobody_elses() {
    let mut scene = scene(|onward| onward);
    let quiet_notice = usual(|nth| scene.time_of_a_notice(nth), 0);
    let quiet_mail = usual(|nth| scene.time_of_spooled_mail(nth), 10);
    scene.attack();
    let held = scene.tarpits.wait_for(HALF);
    assert_unhurt("a notice", quiet_notice, usual(|nth| scene.time_of_a_notice(nth), 20));
    assert_unhurt("mail", quiet_mail, usual(|nth| scene.time_of_spooled_mail(nth), 30));
    assert_eq!(scene.tarpits.wait_for(0).len() + held.len(), HALF, "the others of them wait");

    // The same from what a restart finds.
    scene.senders.on(Step::Rcpt, Action::reply("450 4.2.0 greylisted"));
    scene.bring("alice40@honest.test", &[HELLO, DEAD], 40).expect("250 2.0.0");
    scene.sink.on_recipient("later@sink.test", Action::reply("450 4.2.0 greylisted"));
    scene.bring("alice@honest.test", &[LATER], 41).expect("250 2.0.0");
    drop(held);
    assert!(scene.onward.terminate().success());
    scene.senders.accept_all();
    scene.sink.accept_all();
    let (notices, mail) = (scene.senders.count(), scene.sink.count());
    scene.onward.serve();
    let _held = scene.tarpits.wait_for(HALF);
    scene.senders.wait_for_messages(notices + 1);
    scene.sink.wait_for_messages(mail + 1);
}

#[test]
fn a_host_that_says_nothing_is_left_when_the_time_for_its_greeting_is_up() {
    let scene = scene(|onward| onward.config("spool.greeting_timeout = \"1s\""));
    let mut client = scene.session("192.0.2.66");
    client.transaction("mallory@silent0.test", &[HELLO, DEAD], MESSAGE).expect("250 2.0.0");
    let _held = scene.tarpits.wait_for(2);
}

/// Beside a thousand messages of one sender to the same destination, which are there already.
#[test]
fn a_single_message_is_not_behind_all_of_another_sender() {
    const MANY: usize = 1000;
    let mut scene = scene(|onward| onward.config("spool.retry = [\"1h\"]"));
    thread::scope(|scope| {
        for nth in 0..8 {
            let scene = &scene;
            scope.spawn(move || {
                for part in 0..5 {
                    let mut client = scene.session(HONEST);
                    for number in 0..MANY / 40 {
                        let message = format!("{nth} {part} {number}\r\n");
                        let message = [MESSAGE, message.as_bytes()].concat();
                        client
                            .transaction("many@honest.test", &[LATER], &message)
                            .expect("250 2.0.0");
                    }
                }
            });
        }
    });
    let mut single = scene.session("198.51.101.7");
    scene._dns.txt("single.test", "v=spf1 ip4:198.51.101.7 -all");
    single.transaction("single@single.test", &[LATER], MESSAGE).expect("250 2.0.0");
    assert!(scene.onward.terminate().success());
    scene.sink.accept_all();
    scene.onward.serve();
    scene.onward.run(&["queue", "retry", "--all"]);
    let mut place = None;
    wait_until("the single message", || {
        let messages = scene.sink.messages();
        place = messages.iter().position(|message| message.from.contains("single.test"));
        place
    });
    assert!(place <= Some(20), "{place:?} of {MANY} came first");
}
