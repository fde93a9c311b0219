use crate::support::peer;
use crate::support::postfix::Postfix;
use crate::support::postsrsd::PostSrsd;
use crate::support::receiver::Receiver;

fn swaks(server: &str, to: &str, body: &str) -> peer::Ended {
    let arguments = ["--server", server, "--from", "alice@sender.test", "--to", to];
    peer::run("swaks", &[&arguments[..], &["--body", body]].concat()).unwrap()
}

#[test]
fn postfix_delivers_what_swaks_sends() {
    let Some(postfix) = Postfix::builder() else { return };
    if peer::program("swaks").is_none() {
        return;
    }
    let postfix = postfix.mailbox("bob@sink.test").start();
    let server = postfix.address().to_string();
    let sent = swaks(&server, "bob@sink.test", "first line\n.\nlast line");
    assert!(sent.success, "{}", sent.output);
    let delivered = postfix.wait_for_deliveries("bob@sink.test", 1);
    let text = String::from_utf8(delivered[0].clone()).unwrap();
    assert!(text.starts_with("Return-Path: <alice@sender.test>\n"), "{text}");
    assert!(text.contains("\n\nfirst line\n.\nlast line\n"), "{text}");
    assert!(postfix.wait_for_log("status=sent").contains("to=<bob@sink.test>"));

    let refused = swaks(&server, "nobody@sink.test", "for nobody");
    assert!(!refused.success && refused.output.contains("550 5.1.1"), "{}", refused.output);
}

#[test]
fn postfix_bounces_what_it_accepted_and_cannot_deliver() {
    let Some(postfix) = Postfix::builder() else { return };
    if peer::program("swaks").is_none() {
        return;
    }
    let receiver = Receiver::smtp().start();
    let postfix = postfix
        .failing("full@sink.test", "5.2.2 the mailbox is full")
        .relay(receiver.address())
        .start();
    let sent = swaks(&postfix.address().to_string(), "full@sink.test", "for a full mailbox");
    assert!(sent.success, "{}", sent.output);
    let bounce = receiver.wait_for_message();
    assert_eq!((bounce.from.as_str(), bounce.to[0].as_str()), ("", "alice@sender.test"));
    let text = String::from_utf8_lossy(&bounce.data);
    assert!(text.contains("5.2.2") && text.contains("the mailbox is full"), "{text}");
    assert!(text.contains("for a full mailbox"));
}

#[test]
fn postfix_relays_and_two_instances_run_side_by_side() {
    let Some(destination) = Postfix::builder() else { return };
    if peer::program("swaks").is_none() {
        return;
    }
    let destination = destination.mailbox("bob@sink.test").start();
    let mut relay = Postfix::builder().unwrap().relay(destination.address()).start();
    let sent = swaks(&relay.address().to_string(), "bob@sink.test", "over two");
    assert!(sent.success, "{}", sent.output);
    let delivered = destination.wait_for_deliveries("bob@sink.test", 1);
    assert!(String::from_utf8_lossy(&delivered[0]).contains("over two"));
    relay.stop();
    assert!(std::net::TcpStream::connect(relay.address()).is_err());
}

#[test]
fn postsrsd_answers_both_ways() {
    let Some(postsrsd) = PostSrsd::start("example.org", &["a secret", "an older one"]) else {
        return;
    };
    let rewritten = postsrsd.forward("alice@sender.test").unwrap();
    assert!(rewritten.starts_with("SRS0="), "{rewritten}");
    assert!(rewritten.ends_with("=sender.test=alice@example.org"), "{rewritten}");
    assert_eq!(postsrsd.reverse(&rewritten).as_deref(), Ok("alice@sender.test"));
    let other_tag = rewritten.replace("SRS0=", "SRS0=x");
    assert!(postsrsd.reverse(&other_tag).is_err());
    assert_eq!(postsrsd.forward("bob@example.org").as_deref(), Ok("bob@example.org"));
}

#[test]
fn postsrsd_takes_further_options() {
    let Some(postsrsd) = PostSrsd::start_with("example.org", &["s"], &["-a+", "-n8"]) else {
        return;
    };
    let rewritten = postsrsd.forward("50%off@sender.test").unwrap();
    assert!(rewritten.starts_with("SRS0+"), "{rewritten}");
    assert_eq!(rewritten.split('=').next().unwrap().len(), "SRS0+".len() + 8, "{rewritten}");
    assert_eq!(postsrsd.reverse(&rewritten).as_deref(), Ok("50%off@sender.test"));
}
