//! SRS secrets and DKIM keys in one piece, as they are sealed in the store.

use crate::{
    address::Domain,
    auth::dkim::{KeyPlace, KeyState, Selector, StoredKey},
    srs::Keyring,
};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use zeroize::Zeroizing;

/// SRS secrets and DKIM keys.
#[derive(Clone, Default)]
pub(crate) struct Document {
    /// As a file of SRS secrets has them.
    pub(crate) srs: Zeroizing<Vec<u8>>,
    /// By domain and selector.
    pub(crate) dkim: Vec<StoredKey>,
}

/// What was sealed is no such document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoDocument;

/// As it is written. Whatever is in a field of octets is in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    srs: Octets<'a>,
    #[serde(borrow)]
    dkim: Vec<WrittenKey<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey<'a> {
    domain: &'a str,
    selector: &'a str,
    state: &'a str,
    /// In milliseconds since 1970.
    changed: u64,
    #[serde(borrow)]
    pem: Octets<'a>,
}

type Octets<'a> = &'a str;

impl Document {
    /// As it is to be sealed.
    pub(crate) fn write(&self) -> Zeroizing<Vec<u8>> {
        let encode = |octets: &[u8]| Zeroizing::new(BASE64.encode(octets));
        let names: Vec<_> = self.dkim.iter().map(|key| key.domain.to_key()).collect();
        let pems: Vec<_> = self.dkim.iter().map(|key| key.pem().map(|pem| encode(&pem))).collect();
        let key = |((key, domain), pem)| {
            let (key, domain): (&StoredKey, &String) = (key, domain);
            let pem: &Result<Zeroizing<String>, _> = pem;
            let changed = key.changed.duration_since(UNIX_EPOCH).unwrap_or_default();
            Some(WrittenKey {
                domain,
                selector: key.selector.as_str(),
                state: key.state.as_str(),
                changed: u64::try_from(changed.as_millis()).unwrap_or(u64::MAX),
                // What is here needs no file to be read.
                pem: pem.as_ref().ok()?,
            })
        };
        let srs = encode(&self.srs);
        let dkim: Vec<_> = self.dkim.iter().zip(&names).zip(&pems).filter_map(key).collect();
        // With all of its room at once, so that no copy of it is left behind.
        let room = srs.len() + pems.iter().flatten().map(|pem| pem.len() + 1_000).sum::<usize>();
        let mut text = Zeroizing::new(Vec::with_capacity(room + 1_000));
        // Into memory, which takes all of it.
        let _ = serde_json::to_writer(&mut *text, &Written { srs: &srs, dkim });
        text
    }

    /// Reads what was sealed.
    pub(crate) fn read(text: &[u8]) -> Result<Self, NoDocument> {
        let written: Written<'_> = serde_json::from_slice(text).map_err(|_| NoDocument)?;
        let decode = |octets: &str| {
            BASE64.decode(octets.as_bytes()).map(Zeroizing::new).map_err(|_| NoDocument)
        };
        let key = |written: WrittenKey<'_>| {
            let changed = UNIX_EPOCH.checked_add(Duration::from_millis(written.changed));
            Ok(StoredKey {
                domain: Domain::parse(written.domain).map_err(|_| NoDocument)?,
                selector: Selector::parse(written.selector).ok_or(NoDocument)?,
                state: KeyState::parse(written.state).ok_or(NoDocument)?,
                changed: changed.ok_or(NoDocument)?,
                place: KeyPlace::Here(Arc::new(decode(written.pem)?)),
            })
        };
        let srs = decode(written.srs)?;
        let dkim = written.dkim.into_iter().map(key).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { srs, dkim })
    }

    /// The key of that name.
    pub(crate) fn key(&self, domain: &Domain, selector: &Selector) -> Option<&StoredKey> {
        self.dkim.iter().find(|key| key.domain == *domain && key.selector == *selector)
    }

    /// Adds a key; there is none of its name.
    pub(crate) fn add_key(
        &mut self,
        (domain, selector): (&Domain, &Selector),
        state: KeyState,
        changed: SystemTime,
        pem: &[u8],
    ) {
        self.dkim.push(StoredKey {
            domain: domain.clone(),
            selector: selector.clone(),
            state,
            changed,
            place: KeyPlace::Here(Arc::new(Zeroizing::new(pem.to_vec()))),
        });
        StoredKey::sort(&mut self.dkim);
    }
}

/// Names secrets and keys, and shows none.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets = Keyring::parse(&self.srs).map(|keyring| keyring.fingerprints());
        f.debug_struct("Document").field("srs", &secrets).field("dkim", &self.dkim).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_and_shows_nothing() {
        let mut document =
            Document { srs: Zeroizing::new(b"hunter2\n\xff\"\n".to_vec()), ..Document::default() };
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let (domain, selector) =
            (Domain::parse("example.org").unwrap(), Selector::parse("s1").unwrap());
        document.add_key((&domain, &selector), KeyState::Staged, at(5), b"some \xfe pem");
        let other = Domain::parse("a.example").unwrap();
        document.add_key((&other, &selector), KeyState::Active, at(7), b"more pem");
        let read = Document::read(&document.write()).unwrap();
        assert_eq!((&read.srs, &read.dkim), (&document.srs, &document.dkim));
        assert_eq!(read.dkim[0].domain, other, "in the order of their domains");
        assert_eq!(*read.key(&domain, &selector).unwrap().pem().unwrap(), b"some \xfe pem");
        let shown = format!("{read:?}");
        assert!(shown.contains("example.org"), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("pem"), "{shown}");
    }

    #[test]
    fn what_is_no_document() {
        let empty = Document::default().write();
        assert!(Document::read(&empty).unwrap().dkim.is_empty());
        let text = String::from_utf8(empty.to_vec()).unwrap();
        let key = |state: &str| {
            let key = format!(
                "[{{\"domain\":\"x.test\",\"selector\":\"s\",\"state\":\"{state}\",\"changed\":1,\"pem\":\"\"}}]"
            );
            text.replace("[]", &key)
        };
        assert!(Document::read(key("active").as_bytes()).is_ok());
        let others = [
            text.replace('{', ""),
            text.replacen('{', "{\"new\":1,", 1),
            text.replace("\"srs\":\"\"", "\"srs\":\"?\""),
            key("lost"),
        ];
        for other in others {
            assert_eq!(Document::read(other.as_bytes()).unwrap_err(), NoDocument, "{other}");
        }
    }
}
