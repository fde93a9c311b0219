//! What the journal has of the findings about a message, read back.

use super::{Arc, Class, Dkim, DmarcPolicy, Spf};

/// The findings of one message as far as the journal tells them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// SPF of the reverse-path; of the HELO name where that is null.
    pub spf: Option<Spf>,
    /// Each DKIM signature, and its domain.
    pub signatures: Vec<(Dkim, String)>,
    /// DMARC of each From domain.
    pub authors: Vec<ToldAuthor>,
    /// The ARC chain, where there is one.
    pub arc: Option<Arc>,
    /// What was concluded; `None` where nothing was to be.
    pub class: Option<Class>,
    /// It left with another From.
    pub is_munged: bool,
}

/// DMARC of a From domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldAuthor {
    /// The domain; empty where the journal does not say.
    pub domain: String,
    /// What its owner asks for, where he asks for something that can be read.
    pub policy: Option<DmarcPolicy>,
    /// The word of RFC 8601: `none`, `pass`, `fail`, `temperror` or `permerror`.
    pub result: String,
}

impl Told {
    /// Reads what [`Findings`](super::Findings) print, with `; class …` behind it or not. What is no finding is passed over; `None` where
    /// there is none.
    pub fn read(text: &str) -> Option<Self> {
        let (findings, class) = text.split_once("; class ").unwrap_or((text, ""));
        let (class, is_munged) = match class.strip_suffix(", munged") {
            Some(class) => (class, true),
            None => (class, false),
        };
        let class = Class::ALL.into_iter().find(|known| known.to_string() == class);
        let mut told = Self { class, is_munged, ..Self::default() };
        let mut words = findings.split(' ').peekable();
        while let Some(word) = words.next() {
            let Some((name, result)) = word.split_once('=') else { continue };
            let mut about = Vec::new();
            while let Some(more) =
                words.next_if(|next| about.is_empty() && next.starts_with('(') || !about.is_empty())
            {
                about.push(more.trim_matches(['(', ')']));
                if more.ends_with(')') {
                    break;
                }
            }
            let domain = about.first().copied().unwrap_or_default().to_owned();
            match name {
                "spf" => told.spf = Spf::parse(result),
                "dkim" => told.signatures.extend(Dkim::parse(result).map(|it| (it, domain))),
                "dmarc" => {
                    let policy = about.get(1).and_then(|word| word.strip_prefix("p="));
                    let policy = policy.and_then(DmarcPolicy::parse);
                    told.authors.push(ToldAuthor { domain, policy, result: result.to_owned() });
                }
                "arc" => told.arc = Arc::parse(result),
                _ => {}
            }
        }
        told.spf.is_some().then_some(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Dmarc, DmarcResult, Findings, Signature};

    fn dmarc(domain: &str, policy: DmarcPolicy, result: DmarcResult) -> Dmarc {
        Dmarc { domain: domain.to_owned(), policy, result }
    }

    fn findings(d: &str, authors: Vec<Dmarc>) -> Findings {
        Findings {
            spf: Spf::SoftFail,
            sender_domain: "sender.test".to_owned(),
            signatures: vec![Signature {
                result: Dkim::Fail,
                domain: d.to_owned(),
                is_whole: true,
            }],
            dmarc: Dmarc::strictest(&authors),
            authors,
            arc: Arc::Fail,
        }
    }

    #[test]
    fn what_is_printed_is_read_back() {
        let results = [
            DmarcResult::None,
            DmarcResult::Pass { by_dkim: false },
            DmarcResult::Fail,
            DmarcResult::TempError,
            DmarcResult::PermError,
        ];
        for result in results {
            for policy in [DmarcPolicy::None, DmarcPolicy::Quarantine, DmarcPolicy::Reject] {
                let authors =
                    vec![dmarc("a.test", policy, result), dmarc("b.test", policy, result)];
                let found = findings("d.test", authors);
                for class in Class::ALL {
                    let told = Told::read(&format!("{found}; class {class}")).unwrap();
                    assert_eq!(told.spf, Some(Spf::SoftFail));
                    assert_eq!(told.signatures, [(Dkim::Fail, "d.test".to_owned())]);
                    assert_eq!((told.arc, told.class), (Some(Arc::Fail), Some(class)));
                    let read: Vec<_> = told.authors.iter().map(|it| &*it.result).collect();
                    assert_eq!(read, [result.to_string(), result.to_string()]);
                    let has = |wanted| told.authors.iter().all(|it| it.policy == wanted);
                    match result {
                        DmarcResult::None => assert!(has(None)),
                        DmarcResult::PermError => {
                            assert!(has(None) && told.authors[1].domain == "b.test");
                        }
                        _ => assert!(has(Some(policy)) && told.authors[1].domain == "b.test"),
                    }
                }
            }
        }
    }

    #[test]
    fn what_left_with_another_from_is_told() {
        let auth = format!("spf=pass dmarc=pass (a.test p=reject); class {}", Class::SpfOnly);
        let told = |auth: &str| Told::read(auth).map(|told| (told.class, told.is_munged));
        assert_eq!(told(&format!("{auth}, munged")), Some((Some(Class::SpfOnly), true)));
        assert_eq!(told(&auth), Some((Some(Class::SpfOnly), false)));
    }

    #[test]
    fn a_signature_of_whatever_domain_says_nothing_in_our_name() {
        let forged = "x) dmarc=pass (bank.test p=reject) spf=pass arc=pass (";
        let authors = vec![dmarc("a.test", DmarcPolicy::Reject, DmarcResult::Fail)];
        let told = Told::read(&findings(forged, authors).to_string()).unwrap();
        assert_eq!((told.spf, told.arc), (Some(Spf::SoftFail), Some(Arc::Fail)));
        assert!(told.authors.len() == 1 && told.authors[0].result == "fail", "{told:?}");
        assert_eq!(told.signatures.len(), 1);
    }

    #[test]
    fn what_is_no_finding_is_none() {
        for none in ["", "account 0123", "; class a (its signature stays)", "dkim=pass (", "=(=("] {
            assert_eq!(Told::read(none), None, "{none}");
        }
        assert!(Told::read("spf=pass dkim=pass").unwrap().signatures[0].1.is_empty());
    }
}
