use super::*;

const LAX: AuthPolicy = AuthPolicy {
    spf: Check::Mark,
    dkim: Check::Mark,
    dmarc: Check::Enforce,
    spf_only: SpfOnly::Munge,
    refuse_quarantine: false,
    refuse_unauthenticated: false,
};

fn dmarc(result: DmarcResult, policy: DmarcPolicy) -> Dmarc {
    Dmarc { domain: "from.test".into(), policy, result }
}

fn findings(spf: Spf, signatures: &[Dkim], dmarc: Dmarc) -> Findings {
    let signature =
        |result: &Dkim| Signature { result: *result, domain: "from.test".into(), is_whole: true };
    let signatures = signatures.iter().map(signature).collect();
    let (sender_domain, authors) = ("from.test".into(), vec![dmarc.clone()]);
    Findings { spf, sender_domain, signatures, authors, dmarc, arc: Arc::Pass }
}

/// The code of a refusal, or the action.
fn told(policy: AuthPolicy, findings: &Findings) -> String {
    match policy.decide(findings, false) {
        Action::Refuse(reply) => {
            format!("{} {}", reply.code(), reply.status().unwrap())
        }
        action => format!("{action:?}"),
    }
}

#[test]
fn the_table() {
    use DmarcPolicy::{None as Nothing, Quarantine, Reject};
    let (signed, by_spf) =
        (DmarcResult::Pass { by_dkim: true }, DmarcResult::Pass { by_dkim: false });
    let (munge, refuse, pass) = (
        LAX,
        AuthPolicy { spf_only: SpfOnly::Refuse, refuse_quarantine: true, ..LAX },
        AuthPolicy { spf_only: SpfOnly::Pass, dmarc: Check::Mark, ..LAX },
    );
    for (result, asks, class, by_default, strict, mark) in [
        (signed, Reject, Class::Signed, "Forward", "Forward", "Forward"),
        (signed, Nothing, Class::Signed, "Forward", "Forward", "Forward"),
        (DmarcResult::None, Nothing, Class::Free, "Forward", "Forward", "Forward"),
        (by_spf, Nothing, Class::Free, "Forward", "Forward", "Forward"),
        (DmarcResult::Fail, Nothing, Class::Free, "Forward", "Forward", "Forward"),
        (DmarcResult::PermError, Nothing, Class::Free, "Forward", "Forward", "Forward"),
        (by_spf, Reject, Class::SpfOnly, "Munge", "550 5.7.26", "Forward"),
        (by_spf, Quarantine, Class::SpfOnly, "Munge", "550 5.7.26", "Forward"),
        (DmarcResult::Fail, Reject, Class::Failed, "550 5.7.1", "550 5.7.1", "Forward"),
        (DmarcResult::Fail, Quarantine, Class::Failed, "Forward", "550 5.7.1", "Forward"),
        (DmarcResult::TempError, Reject, Class::Unknown, "451 4.4.3", "451 4.4.3", "Forward"),
    ] {
        let dmarc = dmarc(result, asks);
        assert_eq!(Class::of(&dmarc), class, "{dmarc:?}");
        let findings = findings(Spf::Pass, &[], dmarc);
        let all = [told(munge, &findings), told(refuse, &findings), told(pass, &findings)];
        assert_eq!(all, [by_default, strict, mark], "{findings}");
    }
}

#[test]
fn dmarc_names_without_an_answer_keep_nobody_whose_spf_or_dkim_is_aligned() {
    let unanswered = || dmarc(DmarcResult::TempError, DmarcPolicy::Unknown);
    let strict = AuthPolicy { refuse_quarantine: true, spf_only: SpfOnly::Refuse, ..LAX };
    for (spf, signatures, says) in [
        (Spf::Pass, &[][..], "Forward"),
        (Spf::Fail, &[Dkim::Pass], "Forward"),
        (Spf::Fail, &[Dkim::Fail], "451 4.4.3"),
        (Spf::TempError, &[], "451 4.4.3"),
        (Spf::None, &[Dkim::TempError], "451 4.4.3"),
    ] {
        let findings = findings(spf, signatures, unanswered());
        assert_eq!([told(LAX, &findings), told(strict, &findings)], [says; 2], "{findings}");
    }
    let elsewhere =
        |spf| Findings { sender_domain: "else.test".into(), ..findings(spf, &[], unanswered()) };
    assert_eq!(told(LAX, &elsewhere(Spf::Pass)), "451 4.4.3");
    // The policy is known, and how narrow it wants alignment to be: SPF was not answered.
    let known = dmarc(DmarcResult::TempError, DmarcPolicy::Reject);
    assert_eq!(told(LAX, &findings(Spf::TempError, &[Dkim::Pass], known)), "451 4.4.3");
}

#[test]
fn what_each_check_refuses() {
    let free = || dmarc(DmarcResult::None, DmarcPolicy::None);
    let spf = AuthPolicy { spf: Check::Enforce, ..LAX };
    let dkim = AuthPolicy { dkim: Check::Enforce, ..LAX };
    let known = AuthPolicy { refuse_unauthenticated: true, ..LAX };
    for (policy, sender, signatures, says) in [
        (spf, Spf::Fail, &[][..], "550 5.7.23"),
        (spf, Spf::PermError, &[], "550 5.7.24"),
        (spf, Spf::TempError, &[], "451 4.7.24"),
        (spf, Spf::SoftFail, &[], "Forward"),
        (spf, Spf::None, &[Dkim::Fail], "Forward"),
        (LAX, Spf::Fail, &[Dkim::Fail], "Forward"),
        (dkim, Spf::Fail, &[], "Forward"),
        (dkim, Spf::Pass, &[Dkim::Fail], "550 5.7.20"),
        (dkim, Spf::Pass, &[Dkim::Policy, Dkim::TempError], "451 4.4.3"),
        (dkim, Spf::Pass, &[Dkim::Fail, Dkim::Pass], "Forward"),
        (known, Spf::SoftFail, &[Dkim::Fail], "550 5.7.26"),
        (known, Spf::None, &[Dkim::TempError], "451 4.4.3"),
        (known, Spf::TempError, &[], "451 4.4.3"),
        (known, Spf::Pass, &[], "Forward"),
        (known, Spf::None, &[Dkim::Pass], "Forward"),
    ] {
        assert_eq!(
            told(policy, &findings(sender, signatures, free())),
            says,
            "{sender} {signatures:?}"
        );
    }
    let anybody = findings(Spf::None, &[], free());
    assert_eq!(known.decide(&anybody, true), Action::Forward);
    let off = AuthPolicy { spf: Check::Off, dkim: Check::Off, dmarc: Check::Off, ..LAX };
    assert!(off.is_off() && !LAX.is_off());
    assert!(!AuthPolicy { refuse_unauthenticated: true, ..off }.is_off());
}

#[test]
fn each_author_has_a_say() {
    use DmarcPolicy::{None as Nothing, Quarantine, Reject};
    let (signed, by_spf) =
        (DmarcResult::Pass { by_dkim: true }, DmarcResult::Pass { by_dkim: false });
    let (fails, unanswered) = (DmarcResult::Fail, DmarcResult::TempError);
    let broken = (DmarcResult::PermError, Nothing);
    let strict = AuthPolicy { refuse_quarantine: true, ..LAX };
    for (one, other, lax, stricter, class) in [
        ((signed, Reject), (fails, Reject), "550 5.7.1", "550 5.7.1", Class::Failed),
        ((unanswered, Nothing), (fails, Reject), "550 5.7.1", "550 5.7.1", Class::Failed),
        ((unanswered, Nothing), (fails, Quarantine), "451 4.4.3", "550 5.7.1", Class::Unknown),
        ((signed, Reject), (unanswered, Nothing), "451 4.4.3", "451 4.4.3", Class::Unknown),
        ((by_spf, Reject), (fails, Quarantine), "Munge", "550 5.7.1", Class::Failed),
        ((by_spf, Reject), (signed, Reject), "Munge", "Munge", Class::SpfOnly),
        ((by_spf, Reject), broken, "Munge", "Munge", Class::SpfOnly),
        ((signed, Reject), broken, "Forward", "Forward", Class::Free),
        ((signed, Reject), (fails, Nothing), "Forward", "Forward", Class::Free),
        ((signed, Reject), (signed, Reject), "Forward", "Forward", Class::Signed),
    ] {
        for [first, second] in [[one, other], [other, one]] {
            let authors = vec![dmarc(first.0, first.1), dmarc(second.0, second.1)];
            let strictest = Dmarc::strictest(&authors);
            assert_eq!(Class::of(&strictest), class, "{authors:?}");
            let findings = Findings { authors, ..findings(Spf::None, &[], strictest) };
            assert_eq!(
                [told(LAX, &findings), told(strict, &findings)],
                [lax, stricter],
                "{findings}"
            );
        }
    }
}
