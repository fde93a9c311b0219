//! Any address as a recipient and as a sender: what is forwarded comes back, nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::{
    address::{Domain, Mailbox},
    srs::{Forwarded, Keyring, ReverseError, Reversed, Returns, Rewriter, Settings, TagKind, is_srs_shaped},
    time::UnixTime,
};
use std::sync::LazyLock;

const NOW: UnixTime = UnixTime::new(1_795_420_800);

static REWRITERS: LazyLock<Vec<Rewriter>> = LazyLock::new(|| {
    [TagKind::Sha256Base32, TagKind::Sha1Base64, TagKind::Sha1Base64Url]
        .into_iter()
        .map(|tag| {
            let settings = Settings::new(Domain::parse("fwd.example").unwrap());
            let settings = Settings { tag, tag_length: tag.default_length(), ..settings };
            let keyring = Keyring::parse(b"tops3cr3t-of-the-forwarder\nolder").unwrap();
            Rewriter::new(settings, keyring).unwrap()
        })
        .collect()
});

fuzz_target!(|text: &str| {
    let Ok(mailbox) = Mailbox::parse(text) else { return };
    for rewriter in REWRITERS.iter() {
        let reversed = rewriter.reverse(&mailbox, NOW);
        let not_srs = reversed == Err(ReverseError::NotSrs);
        assert_eq!(not_srs, !is_srs_shaped(mailbox.local()));

        let srs_domain = &rewriter.settings().domain;
        let (there, token) = match rewriter.forward(&mailbox, srs_domain, Returns::Taken, NOW) {
            Forwarded::Unchanged => continue,
            Forwarded::Rewritten(there) => (there, None),
            Forwarded::TooLong => {
                let token = rewriter.token_for(&mailbox);
                (rewriter.forward_token(&token, srs_domain, Returns::Taken, NOW).unwrap(), Some(token))
            }
        };
        if let Forwarded::Rewritten(refused) =
            rewriter.forward(&mailbox, srs_domain, Returns::Refused, NOW)
        {
            let returning = Mailbox::parse(&refused.to_string()).unwrap();
            assert_eq!(rewriter.reverse(&returning, NOW), Err(ReverseError::NoReturns));
        }
        let returning = Mailbox::parse(&there.to_string()).unwrap();
        match (rewriter.reverse(&returning, NOW), token) {
            (Ok(Reversed::Token(found)), Some(token)) => assert_eq!(found, token),
            // An SRS sender comes back as SRS0 at the forwarder it names, any other as it was.
            (Ok(Reversed::Mailbox(back)), None) => {
                assert!(is_srs_shaped(mailbox.local()) || back == mailbox);
            }
            // A short tag may be both by chance.
            (Err(ReverseError::NoReturns), _) => {}
            (other, token) => panic!("{there}: {other:?} {token:?}"),
        }
    }
});
