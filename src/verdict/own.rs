//! For whom we would vouch. What leaves has identifiers of ours (the domain of its reverse-path, our host name
//! where that is null, `d=` of our signature), and a receiver takes a From domain that is aligned with one of
//! them for proven. So none of them is lent to a From domain that is not proven here. An ARC seal is no
//! identifier.

use super::{
    Dkim, Dmarc, DmarcPolicy, DmarcResult, Findings, Signature, Spf, alignment::is_one_owner,
};

/// What is done with mail whose From domain is aligned with an identifier of ours and not proven here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OwnFrom {
    /// The mail is refused.
    #[default]
    Refuse,
    /// From becomes that of the alias, which says that the author is not verified; no signature of ours.
    Munge,
    /// The mail goes on as it is, and the owner can read about it.
    Mark,
}

/// Which mail our DKIM keys sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sign {
    /// Forwards with an SPF or DKIM pass, whoever it is of.
    #[default]
    Authenticated,
    /// Every forward.
    All,
    /// Nothing but messages of our own.
    None,
}

/// Whether a From domain has said here that a message is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// By nothing.
    Unproven,
    /// DNS did not answer.
    Unanswered,
    /// By DMARC; or, where no policy of the domain is known, by an aligned pass of SPF or DKIM.
    Proven,
}

/// A From domain, and whether it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The domain.
    pub domain: String,
    /// What is known for it.
    pub proof: Proof,
}

/// What a message would borrow of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Borrowed<'a> {
    /// The From domain that it is not proven to be from.
    pub author: &'a str,
    /// The identifier of ours that would say so all the same.
    pub identifier: &'a str,
    /// DNS may yet prove the domain.
    pub is_unanswered: bool,
}

/// The first of `authors` that is not proven and would be aligned with one of `identifiers`; where DNS has
/// not answered about one, another that is surely not proven comes first.
pub fn borrowed<'a>(
    authors: &'a [Author],
    identifiers: &[&'a str],
    may_align: impl Fn(&str, &str) -> bool,
) -> Option<Borrowed<'a>> {
    let first = |wanted: Proof| {
        let mut unproven = authors.iter().filter(|author| author.proof == wanted);
        unproven.find_map(|Author { domain, .. }| {
            let identifier = identifiers.iter().find(|identifier| may_align(domain, identifier))?;
            let is_unanswered = wanted == Proof::Unanswered;
            Some(Borrowed { author: domain, identifier, is_unanswered })
        })
    };
    first(Proof::Unproven).or_else(|| first(Proof::Unanswered))
}

impl Findings {
    /// Whether the owner of a From domain has said that the message is from there.
    pub fn proof_of(&self, author: &Dmarc) -> Proof {
        match author.result {
            DmarcResult::Pass { .. } => Proof::Proven,
            DmarcResult::Fail => Proof::Unproven,
            DmarcResult::TempError => match author.policy {
                // Some servers do not answer about `_dmarc` for months.
                DmarcPolicy::Unknown
                    if self.proof_without_policy(&author.domain) == Proof::Proven =>
                {
                    Proof::Proven
                }
                // How narrow alignment has to be is for the policy to say.
                _ => Proof::Unanswered,
            },
            // Without a policy that can be read the domain can be owned and honest all the same.
            DmarcResult::None | DmarcResult::PermError => self.proof_without_policy(&author.domain),
        }
    }

    fn proof_without_policy(&self, domain: &str) -> Proof {
        let by_path = match self.spf {
            _ if !self.is_aligned_with_path(domain) => Proof::Unproven,
            Spf::Pass => Proof::Proven,
            Spf::TempError => Proof::Unanswered,
            _ => Proof::Unproven,
        };
        by_path.max(self.proof_by_signature(domain))
    }

    /// True where SPF was checked for a domain whose owner is that of `domain` for certain.
    pub fn is_aligned_with_path(&self, domain: &str) -> bool {
        !domain.is_empty() && is_one_owner(domain, &self.sender_domain)
    }

    /// Whether a signature of the owner of `domain`, over the whole body, has said so. DMARC takes one that leaves the
    /// end of the body open for a pass too.
    pub fn proof_by_signature(&self, domain: &str) -> Proof {
        let is_own =
            |s: &&Signature| s.is_whole && !domain.is_empty() && is_one_owner(domain, &s.domain);
        let proof = |signature: &Signature| match signature.result {
            Dkim::Pass => Proof::Proven,
            Dkim::TempError => Proof::Unanswered,
            _ => Proof::Unproven,
        };
        self.signatures.iter().filter(is_own).map(proof).max().unwrap_or(Proof::Unproven)
    }

    /// What `sign` says of a message with these findings.
    pub fn may_be_signed(&self, sign: Sign) -> bool {
        match sign {
            Sign::Authenticated => self.spf == Spf::Pass || self.has_signature(),
            Sign::All => true,
            Sign::None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::*, *};

    fn findings(spf: Spf, signatures: &[(Dkim, &str, bool)], result: DmarcResult) -> Findings {
        let dmarc =
            |domain: &str| Dmarc { domain: domain.to_owned(), policy: DmarcPolicy::Reject, result };
        let signature = |&(result, domain, is_whole): &(Dkim, &str, bool)| Signature {
            result,
            domain: domain.to_owned(),
            is_whole,
        };
        Findings {
            spf,
            sender_domain: "bounces.fwd.test".to_owned(),
            signatures: signatures.iter().map(signature).collect(),
            dmarc: dmarc("fwd.test"),
            authors: vec![dmarc("fwd.test")],
            arc: Arc::None,
        }
    }

    #[test]
    fn what_proves_a_from_domain() {
        use DmarcResult::{Fail, None as Nothing, Pass, PermError, TempError};
        use Proof::{Proven, Unanswered, Unproven};
        let good = &[(Dkim::Pass, "mail.FWD.test", true)][..];
        for (spf, signatures, result, proof) in [
            (Spf::None, &[][..], Pass { by_dkim: false }, Proven),
            (Spf::Pass, good, Fail, Unproven),
            (Spf::Pass, good, TempError, Unanswered),
            // Without a policy that can be read.
            (Spf::Pass, &[], Nothing, Proven),
            (Spf::SoftFail, &[], Nothing, Unproven),
            (Spf::TempError, &[], PermError, Unanswered),
            (Spf::None, good, PermError, Proven),
            (Spf::None, &[(Dkim::Pass, "fwd.test", false)], Nothing, Unproven),
            (Spf::None, &[(Dkim::Pass, "other.test", true)], Nothing, Unproven),
            (Spf::None, &[(Dkim::TempError, "fwd.test", true)], Nothing, Unanswered),
            (Spf::None, &[(Dkim::TempError, "other.test", true)], Nothing, Unproven),
        ] {
            let found = findings(spf, signatures, result);
            assert_eq!(found.proof_of(&found.dmarc), proof, "{found}");
        }
        // Where DNS does not give the policy: what is aligned for certain proves, and nothing disproves.
        for (spf, signatures, proof) in [
            (Spf::Pass, &[][..], Proven),
            (Spf::Fail, good, Proven),
            (Spf::Fail, &[], Unanswered),
            (Spf::TempError, &[], Unanswered),
            (Spf::None, &[(Dkim::Pass, "other.test", true)], Unanswered),
            (Spf::None, &[(Dkim::Pass, "fwd.test", false)], Unanswered),
        ] {
            let found = findings(spf, signatures, TempError);
            let author = Dmarc { policy: DmarcPolicy::Unknown, ..found.dmarc.clone() };
            assert_eq!(found.proof_of(&author), proof, "{found}");
        }
    }

    #[test]
    fn what_would_be_borrowed() {
        let author = |domain: &str, proof| Author { domain: domain.to_owned(), proof };
        let authors = [
            author("fwd.test", Proof::Proven),
            author("a.fwd.test", Proof::Unanswered),
            author("b.fwd.test", Proof::Unproven),
            author("other.example", Proof::Unproven),
        ];
        let found = borrowed(&authors, &["srs.example", "mx.fwd.test"], may_align).unwrap();
        assert_eq!((found.author, found.identifier), ("b.fwd.test", "mx.fwd.test"));
        assert!(!found.is_unanswered);
        let found = borrowed(&authors[..2], &["mx.fwd.test"], may_align).unwrap();
        assert!(found.author == "a.fwd.test" && found.is_unanswered);
        assert_eq!(borrowed(&authors, &["srs.example"], may_align), None);
        assert_eq!(borrowed(&authors[..1], &["fwd.test"], may_align), None);
    }

    #[test]
    fn what_is_lost_behind_us() {
        let signed = findings(Spf::None, &[], DmarcResult::Pass { by_dkim: true });
        let lost = |found: &Findings, behind: &[Dmarc]| {
            found
                .lost(behind)
                .map(|(domain, result)| format!("{domain} {result}"))
                .collect::<Vec<_>>()
        };
        assert!(signed.depends_on_signatures());
        assert_eq!(lost(&signed, &signed.authors), [""; 0]);
        let broken = findings(Spf::None, &[], DmarcResult::Fail).authors;
        assert_eq!(lost(&signed, &broken), ["fwd.test fail"]);
        assert_eq!(lost(&signed, &[]), ["fwd.test fail"]);
        let by_spf = findings(Spf::Pass, &[], DmarcResult::Pass { by_dkim: false });
        assert!(!by_spf.depends_on_signatures() && lost(&by_spf, &broken).is_empty());
    }

    #[test]
    fn what_is_signed() {
        let table = |found: &Findings| {
            [Sign::Authenticated, Sign::All, Sign::None].map(|sign| found.may_be_signed(sign))
        };
        let by_spf = findings(Spf::Pass, &[], DmarcResult::Fail);
        assert_eq!(table(&by_spf), [true, true, false]);
        let by_dkim = findings(Spf::Fail, &[(Dkim::Pass, "x.test", true)], DmarcResult::Fail);
        assert_eq!(table(&by_dkim), [true, true, false]);
        let nothing = findings(Spf::Fail, &[(Dkim::Fail, "x.test", true)], DmarcResult::Fail);
        assert_eq!(table(&nothing), [false, true, false]);
    }
}
