//! What the steps of a message cost by themselves, in time and allocations: `cargo bench --bench micro`, of some alone
//! `cargo bench --bench micro -- header`.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use divan::{AllocProfiler, Bencher, black_box};
use onward::{
    address::{Domain, ForwardPath, HeloName, Mailbox},
    alias::{Alias, AliasAddress},
    auth::dkim::{KeyKind, Selector, SignedBody, SigningKey, new_key},
    message::{Header, LoopToken, MessageId, Received, Source, Text, prefix},
    reply::Reply,
    smtp::{
        BareLf,
        session::{Session, SessionConfig, Step},
    },
    srs::{Forwarded, Keyring, Returns, Rewriter, Settings},
    store::{Options, Store},
    time::{Millis, UnixTime},
};
use std::{fmt::Write, sync::Arc};

#[global_allocator]
static COUNTED: AllocProfiler = AllocProfiler::system();

const NOW: UnixTime = UnixTime::new(1_795_420_800);

fn main() {
    divan::main();
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

/// A mail of 4 KB with the fields that one from a large provider has.
fn mail() -> Vec<u8> {
    let mut text = String::new();
    for hop in 0..4 {
        let _ = write!(
            text,
            "Received: from a{hop}.client.test (a{hop}.client.test [192.0.2.{hop}])\r\n\tby mx{hop}.client.test with ESMTPS id {hop:016}\r\n\tfor <hello@example.org>; Mon, 23 Nov 2026 08:00:0{hop} +0000\r\n"
        );
    }
    text.push_str(
        "From: Alice Example <alice@client.test>\r\nTo: hello@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
         Date: Mon, 23 Nov 2026 08:00:00 +0000\r\nMessage-ID: <1@client.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\nX-Mailer: bench\r\n\r\n",
    );
    while text.len() < 4096 {
        text.push_str(
            "A line of the body, as long as lines of bodies mostly are, and no longer.\r\n",
        );
    }
    text.into_bytes()
}

mod address {
    use super::*;

    #[divan::bench(args = ["hello@example.org", "Alice.Example+tag@Mail.Client.Example.ORG", "\"a b\"@bücher.example"])]
    fn parse(text: &str) -> Mailbox {
        mailbox(black_box(text))
    }

    #[divan::bench]
    fn print(bencher: Bencher) {
        let mailbox = mailbox("hello@example.org");
        bencher.bench(|| black_box(&mailbox).to_string());
    }
}

mod srs {
    use super::*;

    fn rewriter() -> Rewriter {
        let settings = Settings::new(Domain::parse("srs.example.org").unwrap());
        Rewriter::new(settings, Keyring::parse(b"tops3cr3t-of-the-forwarder").unwrap()).unwrap()
    }

    fn forwarded(rewriter: &Rewriter, sender: &Mailbox) -> Mailbox {
        let domain = &rewriter.settings().domain;
        match rewriter.forward(sender, domain, Returns::Taken, NOW) {
            Forwarded::Rewritten(address) => address,
            other => panic!("{other:?}"),
        }
    }

    #[divan::bench]
    fn forward(bencher: Bencher) {
        let (rewriter, sender) = (rewriter(), mailbox("alice@client.test"));
        bencher.bench(|| forwarded(&rewriter, black_box(&sender)));
    }

    #[divan::bench]
    fn reverse(bencher: Bencher) {
        let rewriter = rewriter();
        let address = forwarded(&rewriter, &mailbox("alice@client.test"));
        bencher.bench(|| rewriter.reverse(black_box(&address), NOW).unwrap());
    }
}

/// One session of one mail, as the client pipelines it.
#[divan::bench]
fn session(bencher: Bencher) {
    let config = Arc::new(SessionConfig {
        hostname: "mx.example.org".into(),
        max_message_size: 1 << 20,
        max_recipients: 100,
        max_errors: 5,
        bare_lf: BareLf::Refuse,
        minds_early_talk: false,
    });
    let mut end = mail();
    end.extend_from_slice(b".\r\n");
    let parts = [
        &b"EHLO a.client.test\r\n"[..],
        b"MAIL FROM:<alice@client.test> SIZE=4096\r\nRCPT TO:<hello@example.org>\r\nDATA\r\n",
        &end,
        b"QUIT\r\n",
    ];
    bencher.bench(|| {
        let mut session = Session::new(Arc::clone(&config));
        session.greet();
        let mut messages = 0;
        for part in parts {
            session.receive(black_box(part));
            loop {
                match session.poll() {
                    Step::Sender(_) => session.answer(Reply::sender_ok()),
                    Step::Recipient(..) => session.answer(Reply::recipient_ok()),
                    Step::Data => session.answer(Reply::start_data()),
                    Step::Message(_) => {
                        messages += 1;
                        session.answer(Reply::forwarded("0123456789ABCDEF"));
                    }
                    _ => break,
                }
                session.output().clear();
            }
        }
        assert_eq!(messages, 1);
    });
}

#[divan::bench]
fn header_scan(bencher: Bencher) {
    let mail = mail();
    bencher.bench(|| Header::scan(black_box(&mail)).fields().len());
}

/// Our fields, and the message behind them as pieces for the socket.
#[divan::bench]
fn prepend(bencher: Bencher) {
    let helo = HeloName::new("a.client.test").unwrap();
    let to = [ForwardPath::Mailbox(mailbox("hello@example.org"))];
    let received = Received {
        helo: &helo,
        client: "192.0.2.1",
        hostname: "mx.example.org",
        esmtp: true,
        tls: None,
        smtputf8: false,
        id: MessageId::new(Millis::new(1_795_420_800_000), [1, 2, 3, 4]),
        forward_paths: &to,
        now: NOW,
    };
    let token = [LoopToken::new([7; 32])];
    let source = Arc::new(Source::from(bytes::Bytes::from(mail())));
    bencher.bench(|| {
        let text = Text::new(prefix(black_box(&received), None, &token), Arc::clone(&source));
        text.pieces().iter().map(|piece| piece.len()).sum::<usize>()
    });
}

/// Of an alias that was looked up before.
#[divan::bench]
fn alias_lookup(bencher: Bencher) {
    let state = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = Store::open(state.path(), Options::default()).unwrap();
    let recipient = mailbox("hello@example.org");
    runtime.block_on(async {
        store.add_domain(recipient.domain()).await.unwrap();
        let address = AliasAddress::parse("hello@example.org").unwrap();
        store.add_alias(&Alias::forward(address, ["bob@sink.test"]).unwrap()).await.unwrap();
        store.resolve(&recipient).await.unwrap();
    });
    bencher.bench(|| store.known(black_box(&recipient)).unwrap());
    runtime.block_on(store.close());
}

#[divan::bench(args = [KeyKind::Rsa, KeyKind::Ed25519])]
fn dkim_sign(bencher: Bencher, kind: KeyKind) {
    let domain = Domain::parse("example.org").unwrap();
    let pem = new_key(kind).unwrap();
    let key = SigningKey::parse(domain, Selector::parse("s1").unwrap(), pem.as_bytes()).unwrap();
    let mail = mail();
    let header = Header::scan(&mail);
    bencher.bench(|| {
        let body = SignedBody::of(&header, black_box(&mail));
        key.sign(&[header.bytes()], &body).unwrap()
    });
}
