//! Where a store is kept, and what the suites are made of.

use onward::{
    address::{Domain, ForwardPath, Mailbox, ReversePath},
    alias::{Alias, AliasAddress, Expansion, Ways},
    envelope::{MailDsn, RcptDsn},
    message::{Source, Text},
    rate::ClientBlock,
    reply::ForeignReply,
    slots::Cause,
    store::{
        LongSender, Options, Store,
        journal::{Bounds, Journal, Reading},
        spool::{Head, Leg, LegState, NewMessage, SpooledWhole},
    },
    time::{Millis, UnixTime},
};
use std::{any::Any, sync::Arc};

/// A place that holds one store, empty at first. Whoever opens it again is another
/// process to those who have it open.
pub(crate) trait Place {
    fn open_with(&self, options: Options) -> Store;

    /// Messages in the spool and their octets, whatever their states, as they are counted for the bounds;
    /// looked at behind the store's back, which finds no other number of them and no leg without one.
    fn totals(&self) -> (i64, i64);

    /// Whoever opens it from now on serves, until it is dropped.
    fn serve(&self) -> Box<dyn Any>;

    /// Whether the store knows how much room its disk has.
    fn knows_its_disk(&self) -> bool {
        true
    }

    fn open(&self) -> Store {
        self.open_with(Options::default())
    }
}

/// A place that holds one journal, empty at first.
pub(crate) trait JournalPlace {
    fn journal_with(&self, bounds: Bounds) -> Journal;

    fn reading(&self) -> Arc<dyn Reading>;

    fn journal(&self) -> Journal {
        self.journal_with(Bounds::default())
    }
}

pub(crate) fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

/// What `client` brings, to be kept behind `token`.
pub(crate) fn long_sender(
    token: &str,
    address: &str,
    client: Option<&str>,
    expires: UnixTime,
) -> LongSender {
    let client = client.map(|ip| ClientBlock::of(ip.parse().unwrap()));
    LongSender { token: token.to_owned(), address: mailbox(address), client, expires }
}

pub(crate) fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

pub(crate) fn address(text: &str) -> AliasAddress {
    AliasAddress::parse(text).unwrap()
}

pub(crate) fn at(seconds: u64) -> UnixTime {
    UnixTime::new(seconds)
}

pub(crate) fn forward(from: &str, to: &str) -> Alias {
    Alias::forward(address(from), to.split(' ')).unwrap()
}

pub(crate) async fn resolved(store: &Store, recipient: &str) -> String {
    expansion(&store.resolve(&mailbox(recipient)).await.unwrap().expansion)
}

pub(crate) fn expansion(expansion: &Expansion) -> String {
    match expansion {
        Expansion::Deliver { mailboxes, .. } => {
            mailboxes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        }
        Expansion::Refuse(reply) => reply.code().to_string(),
        Expansion::Answer { alias, .. } => format!("an answer of {alias}"),
        Expansion::Discard => "discard".into(),
    }
}

pub(crate) fn leg(to: &str) -> Leg {
    Leg {
        recipient: ForwardPath::Mailbox(mailbox("hello@example.org")),
        mailbox: mailbox(to),
        reverse_path: ReversePath::Mailbox(mailbox("srs0@example.org")),
        state: LegState::Queued,
        was_uncertain: false,
        attempts: 1,
        next_attempt: Millis::new(5_000),
        reply: ForeignReply { code: 451, status: None, text: "busy".into() },
        dsn: RcptDsn::default(),
        delay_due: None,
        ways: Some(ways(to)),
    }
}

/// As if an alias of another domain led to `mailbox`.
pub(crate) fn ways(mailbox: &str) -> Ways {
    let mut ways = Ways::default();
    let domains = ["example.org", "other.test"].map(|name| Domain::parse(name).unwrap());
    ways.add(&Mailbox::parse(mailbox).unwrap(), &domains);
    ways
}

pub(crate) fn message(id: &str, octets: usize, legs: &[&str]) -> NewMessage {
    NewMessage {
        head: Head {
            id: id.to_owned(),
            arrived: Millis::new(1_000),
            client: Some("192.0.2.1".parse().unwrap()),
            helo: "client.test".into(),
            sender: ReversePath::Mailbox(mailbox("alice@sender.test")),
            eight_bit: false,
            smtputf8: false,
            has_delivered: false,
            has_failed: false,
            print: Some([7; 32]),
            caused_by: Some(Cause::named("192.0.2.0/24")),
            dsn: MailDsn::default(),
        },
        text: Text::new("", Source::from(vec![b'x'; octets])),
        legs: legs.iter().map(|to| leg(to)).collect(),
    }
}

pub(crate) async fn states(store: &Store, seq: i64) -> Vec<&'static str> {
    let legs = store.spooled(seq).await.unwrap().unwrap().legs;
    legs.iter().map(|leg| leg.state.as_str()).collect()
}

pub(crate) async fn conclude(store: &Store, seq: i64, at: i64, state: LegState) {
    let leg = Leg { state, attempts: 9, ..leg("bob@sink.test") };
    store.spool_conclude(seq, vec![(at, leg)], Vec::new()).await.unwrap();
}

/// What the message of that number leaves as.
pub(crate) async fn bytes(store: &Store, seq: i64) -> Vec<u8> {
    let SpooledWhole { message, form, source } =
        store.spooled_whole(seq, u64::MAX).await.unwrap().unwrap();
    assert_eq!(form.source, message.source);
    let alone = store.spooled_source(form.source, message.size).await.unwrap();
    assert_eq!(source, alone);
    form.over(Arc::new(source.unwrap().into())).to_vec()
}
