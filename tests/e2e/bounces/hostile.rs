//! Reports that somebody made up.

use super::forms::{Form, Outcome, Third, header_of, replaced};
use super::retold::{assert_hides, read};
use super::{ALIAS, AUTHOR, HEADER, Scene, postfix_bounce, scene};
use crate::support::receiver::Message;

/// `bounce` is not retold: it goes on as it is.
#[track_caller]
fn assert_as_it_came(scene: &Scene, forward: &Message, bounce: &[u8], what: &str) {
    let got = scene.told(&forward.from, bounce);
    assert!(got.data.ends_with(bounce), "{what}: {}", String::from_utf8_lossy(&got.data));
}

fn bounce_with(forward: &Message, back: &[u8]) -> Vec<u8> {
    Form::named("postfix").filled(forward, back, &Outcome::all()[0], Third::Rfc822)
}

/// Token, seal and id belong together: none of them is good with another's.
#[test]
fn a_trace_that_is_not_all_ours_is_no_proof() {
    let scene = scene(|onward| onward.alias("carol@example.org", &["sink-box@sink.test"]));
    let forward = scene.forward();
    let text = String::from_utf8(forward.data.clone()).unwrap();
    let other = String::from_utf8(scene.forward_to(&["carol@example.org"]).data).unwrap();
    let field = |text: &str, name: &str| {
        let start = text.find(&format!("{name}:")).unwrap();
        let end =
            start + text[start..].find("\r\nX-").or(text[start..].find("\r\nAuth")).unwrap() + 2;
        text[start..end].to_owned()
    };
    let loops = |text: &str| {
        text.lines().find(|line| line.starts_with("X-Onward-Loop")).unwrap().to_owned()
    };
    for (what, back) in [
        ("no token", text.replace(&loops(&text), "X-Nothing: 1")),
        ("a token of another alias", text.replace(&loops(&text), &loops(&other))),
        ("a token of nobody", text.replace(&loops(&text), "X-Onward-Loop: 0123456789ABCDEF")),
        ("no seal", text.replace("X-Onward-Seal", "X-Nothing")),
        (
            "a seal of another message",
            text.replace(&field(&text, "X-Onward-Seal"), &field(&other, "X-Onward-Seal")),
        ),
        ("no Received of ours", text.replace("(Onward)", "(Postfix)")),
        ("another id", text.replacen("id 0", "id 1", 1)),
        ("our fields in the body", text.replacen("Received:", "\r\nReceived:", 1)),
    ] {
        assert_ne!(back, text, "{what}");
        assert_as_it_came(&scene, &forward, &bounce_with(&forward, back.as_bytes()), what);
    }
    // And whole it is told.
    read(&scene.told(&forward.from, &bounce_with(&forward, text.as_bytes())));
}

/// Another of our forwards, that of somebody else, in a bounce to this author.
#[test]
fn the_forward_of_another_author_is_no_proof() {
    let scene = scene(|onward| onward);
    let forward = scene.forward();
    let sent = scene.onward.session().transaction(
        "mallory@sender.test",
        &[ALIAS],
        b"From: <mallory@sender.test>\r\nSubject: buy\r\n\r\n.\r\n",
    );
    sent.expect("250 2.0.0");
    let other = scene.sink.wait_for_messages(2).pop().unwrap();
    assert_as_it_came(&scene, &forward, &bounce_with(&forward, &other.data), "of another author");
    // Both authors named in one transaction: it answers one of them.
    let bounce = bounce_with(&other, &other.data);
    let mut client = scene.onward.session();
    let count = scene.author.count();
    client.transaction("", &[&other.from, &forward.from], &bounce).expect("250 2.0.0");
    let got = scene.author.wait_for_messages(count + 2).split_off(count);
    for message in got {
        let is_retold = !message.data.ends_with(&bounce);
        assert_eq!(is_retold, message.to == ["mallory@sender.test"], "{:?}", message.to);
    }
}

/// Whoever reads the alias's mail has a true trace, and no word of his is told in our name.
#[test]
fn words_around_a_true_trace_are_not_told() {
    let scene = scene(|onward| onward);
    let forward = scene.forward();
    let (trace, author) = forward.data.split_at(header_of(&forward.data).len());
    let trace = String::from_utf8(trace.to_vec()).unwrap();
    let forged = format!(
        "Subject: buy now\r\nX-Above: buy\r\n{}X-Below: buy\r\nSubject: buy more\r\nFrom: Bank <ceo@bank.test>\r\n",
        trace.replace("Cc: carol@elsewhere.test", "Cc: carol@buy.test")
    );
    let back = [forged.as_bytes(), author].concat();
    let bounce = bounce_with(&forward, &back);
    let bounce = replaced(&bounce, b"User unknown", b"buy at bank.test User unknown");
    let told = read(&scene.told(&forward.from, &bounce));
    assert_hides(&told, "forged");
    assert!(
        !told.everything.contains("buy") && !told.everything.contains("bank"),
        "{}",
        told.everything
    );
    let header = String::from_utf8(told.header).unwrap();
    assert_eq!(header, HEADER.replace("Cc: carol@elsewhere.test\r\n", ""));
}

/// Nothing of these costs much, or is believed.
#[test]
fn giants_are_no_reports() {
    let scene = scene(|onward| onward);
    let forward = scene.forward();
    let good = postfix_bounce(&forward);
    let boundary = "3E1A01A0041.1795881605/mail.sink.test";
    let part = format!("--{boundary}\r\nContent-Type: text/plain\r\n\r\nx\r\n");
    let first = format!("--{boundary}\r\n");
    let many = replaced(&good, first.as_bytes(), (part.repeat(10_000) + first.as_str()).as_bytes());
    assert!(many.len() < 10_000_000);
    assert_as_it_came(&scene, &forward, &many, "10,000 parts");

    let mut nested = String::from_utf8(good.clone()).unwrap();
    nested = nested[nested.find("Content-Type").unwrap()..].to_owned();
    for n in 0..100 {
        nested = format!(
            "Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n{nested}\r\n--b{n}--\r\n"
        );
    }
    let nested = format!("From: <x@sink.test>\r\nTo: <{}>\r\n{nested}", forward.from);
    assert_as_it_came(&scene, &forward, nested.as_bytes(), "100 deep");

    let recipient =
        "Final-Recipient: rfc822; bobs-box@sink.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n";
    let crowd = replaced(
        &good,
        b"Final-Recipient:",
        (recipient.repeat(10_000) + "Final-Recipient:").as_bytes(),
    );
    let told = read(&scene.told(&forward.from, &crowd));
    assert_hides(&told, "10,000 recipients");
    assert_eq!(told.status.matches("Final-Recipient").count(), 1, "one alias");

    let long = replaced(&good, b"User unknown", "User unknown ".repeat(100_000).as_bytes());
    let told = read(&scene.told(&forward.from, &long));
    assert!(told.status.len() < 2000, "{}", told.status.len());

    let fields = "X-Much: of it\r\n".repeat(30_000);
    let back = [fields.as_bytes(), &forward.data].concat();
    assert_as_it_came(
        &scene,
        &forward,
        &bounce_with(&forward, &back),
        "a trace below what is read",
    );

    let big = replaced(&good, b"The text.", "The text.\r\n".repeat(400_000).as_bytes());
    let got = scene.told(&forward.from, &big);
    assert!(got.data.len() < 10_000, "{}", got.data.len());
    assert_eq!(read(&got).header, HEADER.as_bytes());
    assert_eq!(got.to, [AUTHOR]);
}
