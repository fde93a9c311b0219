//! PostSRSd 1.10, as Debian packages it, and Onward with the same secrets reverse each other's
//! addresses.

mod beside;
mod importing;
mod moving;

use crate::support::postsrsd::PostSrsd;
use onward::{
    address::{Domain, Mailbox},
    clock::now,
    srs::{Forwarded, Keyring, Returns, Reversed, Rewriter, Separator, Settings, TagKind},
};

const SRS_DOMAIN: &str = "srs.example.net";
const SECRETS: [&str; 2] = ["a new secret, with spaces ", "the one before"];

/// `None` where PostSRSd is not installed and may be missing.
fn postsrsd(separator: &str, hash_length: usize) -> Option<PostSrsd> {
    let options = [format!("-a{separator}"), format!("-n{hash_length}")];
    PostSrsd::start_with(SRS_DOMAIN, &SECRETS, &options.each_ref().map(String::as_str))
}

fn onward(tag: TagKind, tag_length: usize, separator: &str, secrets: &str) -> Rewriter {
    let separator = Separator::parse(separator).unwrap();
    let settings = Settings::new(Domain::parse(SRS_DOMAIN).unwrap());
    let settings = Settings { tag, tag_length, separator, ..settings };
    Rewriter::new(settings, Keyring::parse(secrets.as_bytes()).unwrap()).unwrap()
}

fn reversed(rewriter: &Rewriter, address: &str) -> String {
    match rewriter.reverse(&Mailbox::parse(address).unwrap(), now()) {
        Ok(Reversed::Mailbox(mailbox)) => mailbox.to_string(),
        other => panic!("{address}: {other:?}"),
    }
}

/// Some hundreds of senders, each with what a bounce to its rewritten address must reach.
fn senders() -> Vec<(String, String)> {
    let locals = [
        "alice",
        "Alice.Smith",
        "user+tag",
        "user-tag",
        "bob=sales",
        "a=b=c",
        "=",
        "o'brien",
        "user/dept",
        "user%remote",
        "!#$%&'*+/=?^_`{|}~-",
        "bounce+alice=example.com",
        "prvs=0123456789=alice",
        "btv1==abc==alice",
        "SRS0",
        "srs2=x",
        "jürgen",
        "用户",
    ];
    let domains =
        ["example.com", "Example.COM", "a.b.c.example.co.uk", "xn--bcher-kva.example", "localhost"];
    let mut senders = Vec::new();
    for domain in domains {
        for local in locals {
            let sender = format!("{local}@{domain}");
            // PostSRSd 1.10 takes the bare word for an address of the scheme.
            if local != "SRS0" {
                senders.push((sender.clone(), sender));
            }
        }
        for length in 1..=64 {
            let sender = format!("{}@{domain}", "x".repeat(length));
            senders.push((sender.clone(), sender));
        }
        for separator in ["=", "+", "-"] {
            let rest = format!("{separator}aB/d=XY=orig.example=Us=er");
            senders.push((format!("SRS0{rest}@{domain}"), format!("SRS0{rest}@{domain}")));
            senders.push((format!("srs0{rest}@{domain}"), format!("SRS0{rest}@{domain}")));
            senders.push((
                format!("SRS1{separator}WxYz=first.example={rest}@{domain}"),
                format!("SRS0{rest}@first.example"),
            ));
        }
    }
    senders
}

fn both_ways(separator: &str, length: usize) {
    let Some(postsrsd) = postsrsd(separator, length) else { return };
    let secrets = SECRETS.join("\n");
    let ours = onward(TagKind::Sha1Base64, length, separator, &secrets);
    let url = onward(TagKind::Sha1Base64Url, length, separator, &secrets);
    let (mut rewritten, mut too_long) = (0, 0);
    for (sender, back) in senders() {
        let mailbox = Mailbox::parse(&sender).unwrap();
        let theirs = postsrsd.forward(&sender).unwrap();
        match ours.forward(&mailbox, &ours.settings().domain, Returns::Taken, now()) {
            Forwarded::Rewritten(there) => {
                assert_eq!(postsrsd.reverse(&there.to_string()), Ok(back.clone()), "{sender}");
                for rewriter in [&ours, &url] {
                    assert_eq!(reversed(rewriter, &theirs), back, "{sender}");
                    let folded = theirs.to_ascii_lowercase();
                    assert!(reversed(rewriter, &folded).eq_ignore_ascii_case(&back), "{sender}");
                }
                rewritten += 1;
            }
            Forwarded::TooLong => {
                let (local, _) = theirs.split_once('@').unwrap();
                assert!(local.len() > 64, "{theirs}");
                too_long += 1;
            }
            Forwarded::Unchanged => panic!("{sender} stayed"),
        }
    }
    assert!(rewritten > 250 && too_long > 50, "{rewritten} rewritten, {too_long} too long");
}

#[test]
fn each_reverses_what_the_other_made() {
    both_ways("=", 4);
    both_ways("+", 4);
    both_ways("-", 8);
}

#[test]
fn each_takes_the_older_secret_and_refuses_an_unknown_one() {
    let Some(postsrsd) = postsrsd("=", 4) else { return };
    let sender = Mailbox::parse("alice@example.com").unwrap();
    let made_with = |secret: &str| {
        let rewriter = onward(TagKind::Sha1Base64, 4, "=", secret);
        match rewriter.forward(&sender, &rewriter.settings().domain, Returns::Taken, now()) {
            Forwarded::Rewritten(there) => there.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(postsrsd.reverse(&made_with("the one before")), Ok(sender.to_string()));
    assert!(postsrsd.reverse(&made_with("the one be4ore")).is_err());

    let theirs = postsrsd.forward(&sender.to_string()).unwrap();
    let second = onward(TagKind::Sha1Base64, 4, "=", "newest\na new secret, with spaces ");
    assert_eq!(reversed(&second, &theirs), sender.to_string());
    let stranger = onward(TagKind::Sha1Base64, 4, "=", "a new secret, with spaces");
    assert!(stranger.reverse(&Mailbox::parse(&theirs).unwrap(), now()).is_err());
}
