//! Whatever a forger writes and whatever is configured: no identifier of ours is aligned with a From domain that is
//! not proven, and nothing that returns is signed.

use crate::{
    address::{Domain, ForwardPath, Mailbox, ReversePath},
    auth::{
        Checked,
        dkim::{KeyKind, KeyState, Selector, StoredKey, new_key},
    },
    clock,
    config::{Config, Machine},
    mail::{
        checks::Report,
        dress::{Dressed, Fabric, dress},
        look::Bearer,
        parts::Parts,
        plan::plan,
        recipient::Recipient,
        sender::Sender,
    },
    message::{Authors, Header, Source},
    reply::Reply,
    verdict::{
        Action, Arc, Dkim, Dmarc, DmarcPolicy, DmarcResult, Findings, OwnFrom, Sign, Signature, Spf,
    },
};
use proptest::{prelude::*, sample::select, test_runner::TestRunner};
use std::{cell::Cell, fs, path::Path};
use tempfile::TempDir;
use tokio::time::Instant;

const HOSTNAME: &str = "mx.fwd.test";
/// Ours, next to ours, and others that share no suffix with ours.
const DOMAINS: [&str; 8] = [
    "fwd.test",
    "FWD.Test",
    "a.fwd.test",
    "b.mx.fwd.test",
    "two.example",
    "staff.two.example",
    "evil.invalid",
    "fwd.test.evil.invalid",
];
const FORMS: [&str; 7] = [
    "ceo@{1}",
    "\"The CEO\" <ceo@{1}>",
    "ceo@{1}, x@{2}",
    "x@{2} (ceo), The CEO <ceo@{1}>",
    "\"ceo@{1}\" <x@{2}>",
    "<@{1}:x@{2}>",
    "=?utf-8?q?ceo=40{1}?= <ceo@{1}>",
];
const REVERSE_PATHS: [&str; 6] =
    ["", "x@evil.invalid", "ceo@fwd.test", "ceo@two.example", "x@a.fwd.test", "x@exempt.local"];

#[derive(Debug, Clone)]
struct Case {
    from: String,
    reverse_path: &'static str,
    spf: Spf,
    signatures: Vec<(Dkim, &'static str, bool)>,
    dmarc: Vec<(DmarcResult, DmarcPolicy)>,
    own_from: OwnFrom,
    sign: Sign,
    keys: usize,
    per_domain: bool,
    is_open: bool,
    /// To an alias of ours, one of a second domain, or an SRS address.
    to: usize,
}

fn cases() -> impl Strategy<Value = Case> {
    let from = (select(&FORMS[..]), select(&DOMAINS[..]), select(&DOMAINS[..]))
        .prop_map(|(form, one, two)| form.replace("{1}", one).replace("{2}", two));
    let spf = select(&[Spf::Pass, Spf::Fail, Spf::None, Spf::SoftFail, Spf::TempError][..]);
    let dkim = select(&[Dkim::Pass, Dkim::Pass, Dkim::Fail, Dkim::TempError][..]);
    let signatures = prop::collection::vec((dkim, select(&DOMAINS[..]), any::<bool>()), 0..3);
    let result = select(
        &[
            DmarcResult::None,
            DmarcResult::PermError,
            DmarcResult::Fail,
            DmarcResult::TempError,
            DmarcResult::Pass { by_dkim: true },
            DmarcResult::Pass { by_dkim: false },
        ][..],
    );
    let policy = select(
        &[DmarcPolicy::None, DmarcPolicy::Quarantine, DmarcPolicy::Reject, DmarcPolicy::Unknown][..],
    );
    let message = (
        from,
        select(&REVERSE_PATHS[..]),
        spf,
        signatures,
        prop::collection::vec((result, policy), 4),
    );
    let settings = (
        select(&[OwnFrom::Refuse, OwnFrom::Munge][..]),
        select(&[Sign::Authenticated, Sign::All, Sign::None][..]),
        0..4_usize,
        any::<bool>(),
        any::<bool>(),
        0..3_usize,
    );
    (message, settings).prop_map(|(message, settings)| {
        let (from, reverse_path, spf, signatures, dmarc) = message;
        let (own_from, sign, keys, per_domain, is_open, to) = settings;
        Case {
            from,
            reverse_path,
            spf,
            signatures,
            dmarc,
            own_from,
            sign,
            keys,
            per_domain,
            is_open,
            to,
        }
    })
}

/// Parts with keys of these domains.
async fn parts(keys: &[&str]) -> (Parts, TempDir) {
    let state = tempfile::tempdir().unwrap();
    let secret = state.path().join("secret");
    fs::write(&secret, "a secret of the tests\n").unwrap();
    for domain in keys {
        let selector = Selector::parse("s").unwrap();
        let domain = Domain::parse(domain).unwrap();
        let file = StoredKey::path(state.path(), &domain, &selector, KeyState::Active);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, new_key(KeyKind::Ed25519).unwrap().as_bytes()).unwrap();
    }
    let text = format!(
        "hostname = {HOSTNAME:?}\nstate_dir = {:?}\n[srs]\ndomain = \"fwd.test\"\nsecret_file = \
         {secret:?}\nexempt_domains = [\"exempt.local\"]\n[dns]\nservers = [\"127.0.0.1:9\"]\n\
         [[listen]]\nprotocol = \"smtp\"\naddress = \"127.0.0.1:0\"\n",
        state.path()
    );
    let config = Config::parse(&text, Path::new("test"), &Machine::default()).unwrap();
    (Parts::open(config).await.unwrap().0, state)
}

impl Case {
    fn message(&self) -> String {
        format!(
            "From: {}\r\nSubject: pay\r\nMessage-ID: <1@evil.invalid>\r\n\r\nnow\r\n",
            self.from
        )
    }

    fn reverse_path(&self) -> ReversePath {
        match (self.to, self.reverse_path) {
            (2, _) | (_, "") => ReversePath::Null,
            (_, mailbox) => ReversePath::Mailbox(mailbox.parse().unwrap()),
        }
    }

    fn recipient(&self) -> Recipient {
        let address = ["hello@fwd.test", "hi@two.example", "SRS0=x=y=z=a@fwd.test"];
        let mailbox: Mailbox = address[self.to].parse().unwrap();
        let srs_domain = match self.per_domain {
            true => mailbox.domain().clone(),
            false => Domain::parse("fwd.test").unwrap(),
        };
        Recipient {
            path: ForwardPath::Mailbox(mailbox),
            srs_domain,
            destinations: Vec::new(),
            passed: Vec::new(),
            lost: Vec::new(),
            original: (self.to == 2).then(|| "a@z.test".parse().unwrap()),
            answered: None,
            named: None,
            ways: crate::alias::Ways::default(),
        }
    }

    fn findings(&self, authors: &Authors) -> Findings {
        let authors = authors.domains().iter().zip(&self.dmarc);
        let authors: Vec<Dmarc> = authors
            .map(|(domain, &(result, policy))| Dmarc { domain: domain.to_key(), policy, result })
            .collect();
        let signatures = self.signatures.iter().map(|&(result, domain, is_whole)| Signature {
            result,
            domain: domain.to_owned(),
            is_whole,
        });
        let sender = self.reverse_path();
        Findings {
            spf: self.spf,
            sender_domain: sender.mailbox().map_or_else(
                || "client.invalid".to_owned(),
                |mailbox| mailbox.domain().to_string(),
            ),
            signatures: signatures.collect(),
            dmarc: authors[0].clone(),
            authors,
            arc: Arc::None,
        }
    }

    /// What leaves, or the refusal; `None` where the checks refuse it.
    async fn send(
        &self,
        parts: &mut Parts,
        findings: Findings,
    ) -> Option<Result<Vec<Dressed>, Reply>> {
        let recipient = self.recipient();
        let auth = &mut parts.config.auth;
        (auth.own_from, auth.sign) = (self.own_from, self.sign);
        auth.open_recipients = match (&recipient.path, self.is_open) {
            (ForwardPath::Mailbox(mailbox), true) => vec![mailbox.clone()],
            _ => Vec::new(),
        };
        let mut report = Report::objecting(Reply::ok(), &[]);
        report.objection = None;
        report.message = self.message().into();
        report.authors = Authors::read(&Header::scan(&report.message)).ok();
        // What returns is only marked.
        match auth.policy.decide(&findings, self.is_open) {
            Action::Refuse(_) if !recipient.is_srs_return() => return None,
            action => report.is_munged = action == Action::Munge,
        }
        report.authentication = Some(Checked::known(findings));
        let (sender, now) = (Sender::known(&self.reverse_path(), self.spf), clock::now());
        let leaves = async {
            let planned = plan(parts, &sender, vec![recipient], now, Instant::now()).await?;
            let bearer = Bearer { parts, sender: &sender, now };
            let looks = bearer.looks(&mut report, &planned).await?;
            let (id, trace) = (clock::message_id(), "Received: by us\r\n".to_owned());
            let source = std::sync::Arc::new(Source::from(report.message.clone()));
            let (delivered_to, header) = (String::new(), Header::scan(&report.message));
            let fabric = Fabric {
                id,
                report: &report,
                proof: None,
                header: &header,
                source,
                trace,
                delivered_to,
                now,
            };
            dress(parts, &fabric, planned, looks, &mut Vec::new()).await
        };
        Some(leaves.await)
    }
}

/// By the last two labels, which is what all these domains are registered by.
fn registered(domain: &str) -> String {
    let domain = domain.to_ascii_lowercase();
    let labels: Vec<&str> = domain.rsplit('.').take(2).collect();
    labels.join(".")
}

fn is_proven(findings: &Findings, domain: &str) -> bool {
    let author = findings.authors.iter().find(|author| author.domain.eq_ignore_ascii_case(domain));
    match author.map(|author| (author.result, author.policy)) {
        Some((DmarcResult::Pass { .. }, _)) => true,
        Some(
            (DmarcResult::None | DmarcResult::PermError, _)
            | (DmarcResult::TempError, DmarcPolicy::Unknown),
        ) => {
            let is_own = |name: &str| registered(name) == registered(domain);
            let passes = |s: &Signature| s.result == Dkim::Pass && s.is_whole && is_own(&s.domain);
            findings.spf == Spf::Pass && is_own(&findings.sender_domain)
                || findings.signatures.iter().any(passes)
        }
        _ => false,
    }
}

/// The domains in From as another parser reads them, and the name.
fn from_of(message: &[u8]) -> (Vec<String>, String) {
    let parsed = mail_parser::MessageParser::default().parse(message).unwrap();
    let from: Vec<_> = parsed.from().unwrap().iter().collect();
    let domain = |address: &str| address.rsplit_once('@').unwrap().1.to_ascii_lowercase();
    let domains = from.iter().filter_map(|one| one.address()).map(domain);
    (domains.collect(), from[0].name().unwrap_or_default().to_owned())
}

fn check(case: &Case, findings: &Findings, Dressed { reverse_path, form, .. }: &Dressed) {
    let leaves = form.text.to_vec();
    let (domains, name) = from_of(&leaves);
    let prefix = String::from_utf8(form.text.prefix.to_vec()).unwrap();
    let tags = prefix.split(';').map(str::trim);
    let signers: Vec<&str> = tags.filter_map(|tag| tag.strip_prefix("d=")).collect();
    assert_eq!(prefix.matches("DKIM-Signature:").count(), signers.len(), "{prefix}");
    let carrier = reverse_path.mailbox().map_or(HOSTNAME, |mailbox| mailbox.domain().as_str());
    let identifiers: Vec<String> =
        signers.iter().chain([&carrier]).map(|identifier| registered(identifier)).collect();
    let is_lent = |domain: &&String| {
        !is_proven(findings, domain) && identifiers.contains(&registered(domain))
    };
    if case.to == 2 {
        assert!(signers.is_empty() && !form.is_munged);
    }
    if case.sign == Sign::None {
        assert!(signers.is_empty());
    }
    if form.is_munged {
        assert!(domains.iter().all(|domain| ["fwd.test", "two.example"].contains(&&**domain)));
        assert!(!name.contains("not verified") || signers.is_empty(), "{name}");
        assert!(
            name.contains("not verified")
                || findings.spf == Spf::Pass
                || findings
                    .authors
                    .iter()
                    .any(|author| author.result == DmarcResult::Pass { by_dkim: false }),
            "{name}"
        );
    } else {
        assert_eq!(domains.iter().find(is_lent), None, "{carrier} {signers:?}");
    }
}

#[test]
fn no_identifier_of_ours_is_lent_to_an_unproven_from() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let keys: [&[&str]; 4] = [&[], &["fwd.test"], &["two.example"], &["fwd.test", "two.example"]];
    let mut all: Vec<(Parts, TempDir)> =
        keys.into_iter().map(|keys| runtime.block_on(parts(keys))).collect();
    let (left, munged, refused) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let count = |which: &Cell<u32>| which.set(which.get() + 1);
    let all = std::cell::RefCell::new(&mut all);
    let config = ProptestConfig { cases: 4_000, failure_persistence: None, ..Default::default() };
    let checked = TestRunner::new(config).run(&cases(), |case| {
        let message = case.message();
        // Unless it can be read it comes no further.
        let Ok(authors) = Authors::read(&Header::scan(message.as_bytes())) else { return Ok(()) };
        let findings = case.findings(&authors);
        let mut all = all.borrow_mut();
        let parts = &mut all[case.keys].0;
        match runtime.block_on(case.send(parts, findings.clone())) {
            None => {}
            Some(Err(reply)) => {
                assert!(matches!(reply.code(), 550 | 451), "{reply}");
                count(&refused);
            }
            Some(Ok(dressed)) => {
                count(if dressed[0].form.is_munged { &munged } else { &left });
                dressed.iter().for_each(|dressed| check(&case, &findings, dressed));
            }
        }
        Ok(())
    });
    checked.unwrap();
    let counts = [left.get(), munged.get(), refused.get()];
    assert!(counts.iter().all(|count| *count > 200), "all of them happen: {counts:?}");
}
