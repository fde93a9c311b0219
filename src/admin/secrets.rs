//! Whether machines that share a store have the same secrets: each tells prints of its own.

use crate::{auth::dkim::KeyState, keys::Keystore, store::SecretPrint};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};

/// Octets of a print: enough to tell secrets apart.
const LENGTH: usize = 12;

/// What one machine has and another has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretDifference {
    /// The other machine.
    pub node: String,
    /// What differs, in words.
    pub what: String,
}

/// The prints of the secrets that a machine has, over `salt`. What cannot be read tells nothing.
pub(crate) fn prints(keystore: &Keystore, salt: &str) -> Vec<SecretPrint> {
    let mut prints = Vec::new();
    if let Ok(keyring) = keystore.keyring() {
        let digests = keyring.digests("print of a secret", salt);
        prints.extend(digests.map(|digest| of("SRS secret", &digest)));
    }
    for key in keystore.keys().unwrap_or_default() {
        // One that signs no more may be on one of them alone.
        if key.state == KeyState::Retired {
            continue;
        }
        let Ok(content) = key.pem() else { continue };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&content) else { continue };
        mac.update(salt.as_bytes());
        let name = format!("DKIM key {} of {}", key.selector, key.domain);
        prints.push(of(&name, &mac.finalize().into_bytes()));
    }
    prints
}

fn of(name: &str, digest: &[u8]) -> SecretPrint {
    let print = HEXLOWER.encode(digest.get(..LENGTH).unwrap_or(digest));
    SecretPrint { name: name.to_owned(), print }
}

/// Where others have other secrets than this machine, whose name is `me`.
pub fn compare(
    me: &str,
    own: &[SecretPrint],
    told: &[(String, SecretPrint)],
) -> Vec<SecretDifference> {
    let mut nodes: BTreeMap<&str, Vec<&SecretPrint>> = BTreeMap::new();
    for (node, secret) in told.iter().filter(|(node, _)| node != me) {
        nodes.entry(node).or_default().push(secret);
    }
    let mut differences = Vec::new();
    for (node, theirs) in nodes {
        let names: BTreeSet<&String> =
            own.iter().chain(theirs.iter().copied()).map(|secret| &secret.name).collect();
        for name in names {
            let ours: BTreeSet<&String> =
                own.iter().filter(|it| it.name == *name).map(|it| &it.print).collect();
            let theirs: BTreeSet<&String> =
                theirs.iter().filter(|it| it.name == *name).map(|it| &it.print).collect();
            let what = match (ours.is_subset(&theirs), theirs.is_subset(&ours)) {
                (true, true) => continue,
                (true, false) => format!("has a secret that this machine has not: {name}"),
                (false, true) => format!("lacks a secret of this machine: {name}"),
                (false, false) => format!("has another secret than this machine: {name}"),
            };
            differences.push(SecretDifference { node: node.to_owned(), what });
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_what() {
        let print =
            |name: &str, print: &str| SecretPrint { name: name.into(), print: print.into() };
        let own =
            [print("SRS secret", "1"), print("SRS secret", "2"), print("DKIM key a of x", "3")];
        let of = |node: &str, secrets: &[SecretPrint]| {
            secrets.iter().map(|secret| (node.to_owned(), secret.clone())).collect::<Vec<_>>()
        };
        assert_eq!(compare("mx1", &own, &of("mx1", &[])), []);
        assert_eq!(compare("mx1", &own, &of("mx2", &own)), []);
        let mut told = of("mx1", &[print("SRS secret", "old")]);
        told.extend(of("mx2", &[print("SRS secret", "1"), own[2].clone()]));
        told.extend(of("mx3", &[own[0].clone(), own[1].clone(), print("DKIM key a of x", "4")]));
        told.extend(of("mx4", &[own.as_slice(), &[print("SRS secret", "9")]].concat()));
        let found = compare("mx1", &own, &told);
        let words: Vec<String> =
            found.iter().map(|it| format!("{} {}", it.node, it.what)).collect();
        assert_eq!(
            words,
            [
                "mx2 lacks a secret of this machine: SRS secret",
                "mx3 has another secret than this machine: DKIM key a of x",
                "mx4 has a secret that this machine has not: SRS secret",
            ]
        );
    }
}
