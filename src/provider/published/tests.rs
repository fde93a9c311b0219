use super::*;
use crate::{
    message::Header,
    verdict::{Arc, DmarcPolicy, DmarcResult, Spf},
};
use std::collections::HashSet;

/// A forward that keeps every rule.
fn good() -> Facts {
    Facts {
        is_bulk: true,
        is_forward: true,
        name_leads_back: Some(true),
        name_is_ours: Some(true),
        tls: Some(true),
        spf: Some(Spf::Pass),
        reverse_path_is_ours: Some(true),
        reverse_path_exists: Some(true),
        dkim: Some(true),
        aligned_broken: Some(false),
        key_bits: Some(2048),
        dmarc: Some((DmarcResult::Pass { by_dkim: true }, DmarcPolicy::Reject)),
        own_dmarc: Some(true),
        arc: Some(Arc::Pass),
        form: Some(Form::of(&Header::scan(
            b"From: a@b.test\r\nMessage-ID: <1@b.test>\r\nSubject: x\r\n\r\n",
        ))),
    }
}

/// The rules that are broken, or not known to be kept.
fn not_kept(book: RuleBook, facts: &Facts, kept: Option<bool>) -> Vec<&'static str> {
    let of = |rule: &&Rule| rule.is_kept(facts) == kept;
    book.rules_for(facts).filter(of).map(|rule| rule.id).collect()
}

#[test]
fn who_keeps_all_is_taken_and_whoever_is_not_known_is_not_refused() {
    for book in RuleBook::ALL {
        assert_eq!(not_kept(book, &good(), Some(false)), [""; 0], "{book}");
        let open = not_kept(book, &good(), None);
        assert!(open.iter().all(|id| ["spam-rate", "complaints"].contains(id)), "{book}: {open:?}");
        assert_eq!(book.refusal(&good()), None);
        let nobody = Facts { is_bulk: true, ..Facts::default() };
        assert_eq!(book.refusal(&nobody), None, "{book}");
        assert_eq!(book.to_string().parse(), Ok(book));
        assert!(book.rules().iter().all(|rule| rule.source.contains("202")), "{book}");
        let ids: HashSet<_> = book.rules().iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), book.rules().len(), "{book}");
        let replies = book.rules().iter().filter_map(|rule| match rule.else_ {
            Else::Reply(reply) => Some(reply),
            Else::Distrust => None,
        });
        let is_reply = |reply: &str| {
            let mut words = reply.split(' ').map(|word| word.chars().next());
            matches!((words.next(), words.next()), (Some(code), Some(status)) if code == status)
        };
        assert!(replies.clone().all(is_reply), "{:?}", replies.collect::<Vec<_>>());
    }
    assert!("google".parse::<RuleBook>().is_err());
}

/// What breaks, and the rules of each that it breaks: Gmail, Microsoft, Yahoo, Apple.
#[test]
fn each_fact_counts_where_a_rule_is_about_it() {
    type Change = fn(&mut Facts);
    let cases: [(Change, [&[&str]; 4]); 14] = [
        (|f| f.name_leads_back = Some(false), [&["name"], &["name"], &["name"], &["name"]]),
        (|f| f.name_is_ours = Some(false), [&[], &[], &["own-name"], &["name"]]),
        (|f| f.tls = Some(false), [&["tls"], &[], &[], &[]]),
        (
            |f| f.spf = Some(Spf::SoftFail),
            [
                &["reverse-path", "bulk-spf"],
                &["bulk-authentication", "reverse-path"],
                &["bulk-authentication"],
                &["spf-and-dkim"],
            ],
        ),
        (
            |f| f.dkim = Some(false),
            [&["bulk-dkim"], &["bulk-authentication"], &["bulk-authentication"], &["spf-and-dkim"]],
        ),
        (
            |f| (f.spf, f.dkim, f.is_bulk) = (Some(Spf::None), Some(false), false),
            [&["spf-or-dkim", "reverse-path"], &["reverse-path"], &["spf-or-dkim"], &[]],
        ),
        (
            |f| (f.dmarc, f.is_bulk) = (Some((DmarcResult::Fail, DmarcPolicy::Reject)), false),
            [&["dmarc-policy"], &["dmarc-policy"], &["dmarc-policy"], &["dmarc-policy"]],
        ),
        (
            |f| (f.dmarc, f.is_bulk) = (Some((DmarcResult::Fail, DmarcPolicy::Quarantine)), false),
            [&["dmarc-policy"], &[], &["dmarc-policy"], &["dmarc-policy"]],
        ),
        (
            |f| (f.dmarc, f.is_bulk) = (Some((DmarcResult::Fail, DmarcPolicy::None)), false),
            [&[], &[], &[], &[]],
        ),
        (|f| f.arc = Some(Arc::None), [&[], &["arc"], &["arc"], &["arc"]]),
        (
            |f| f.own_dmarc = Some(false),
            [&["bulk-dmarc"], &[], &["bulk-authentication"], &["dmarc"]],
        ),
        (|f| f.aligned_broken = Some(true), [&[], &[], &["all-aligned"], &[]]),
        (|f| f.reverse_path_exists = Some(false), [&[], &[], &["domains"], &[]]),
        (|f| f.key_bits = Some(512), [&["key"], &[], &[], &[]]),
    ];
    for (at, (change, broken)) in cases.into_iter().enumerate() {
        let mut facts = good();
        change(&mut facts);
        for (book, broken) in RuleBook::ALL.into_iter().zip(broken) {
            assert_eq!(not_kept(book, &facts, Some(false)), broken, "{at} {book}");
        }
    }
}

#[test]
fn forms() {
    for (header, broken) in [
        ("From: a@b.test\r\n", &["message-id"][..]),
        ("Message-ID: <1@b.test>\r\n", &["from"]),
        ("From: a@b.test\r\nMessage-ID: 1@b.test\r\n", &["message-id"]),
        (
            "From: a@b.test\r\nMessage-ID: <1@b.test>\r\nsubject: x\r\nSubject: y\r\n",
            &["single-fields"],
        ),
        ("From: a@b.test\r\nMessage-ID: <1@b.test>\r\nSubject: \u{fc}\r\n", &["ascii"]),
        ("From: a@gmail.com\r\nMessage-ID: <1@b.test>\r\n", &["impersonation"]),
        (
            "From: a@b.test\r\nFrom: a@b.test\r\nMessage-ID: <1@b.test>\r\n",
            &["from", "single-fields"],
        ),
    ] {
        let form = Form::of(&Header::scan(format!("{header}\r\n").as_bytes()));
        let facts = Facts {
            form: Some(form),
            dmarc: Some((DmarcResult::None, DmarcPolicy::None)),
            is_bulk: false,
            ..good()
        };
        assert_eq!(not_kept(RuleBook::Gmail, &facts, Some(false)), broken, "{header}");
    }
    let hops =
        format!("From: a@b.test\r\nMessage-ID: <1@b.test>\r\n{}\r\n", "Received: x\r\n".repeat(51));
    let facts = Facts { form: Some(Form::of(&Header::scan(hops.as_bytes()))), ..good() };
    assert_eq!(RuleBook::Gmail.refusal(&facts), Some("554 5.4.6 exceeded 50 hops"));
}
