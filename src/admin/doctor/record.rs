//! Records in DNS as they should be, and as they are.

use super::Finding;
use serde::Serialize;

/// A record that a domain has, or should have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DomainRecord {
    /// What it is for.
    pub purpose: Purpose,
    /// Where it stands: a name, or the address of a page.
    pub name: String,
    /// Its type in DNS; nothing of a page.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it should say, as a zone file has it; nothing where that is for the owner to decide.
    pub wanted: Option<String>,
    /// What it says.
    pub found: Vec<String>,
    /// What is made of that.
    pub state: RecordState,
}

/// What a record is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Where mail for the domain goes.
    Mx,
    /// Who may send in its name.
    Spf,
    /// What a signature is verified by.
    Dkim,
    /// What is to become of mail that only says that it is from the domain.
    Dmarc,
    /// That mail comes here by TLS alone.
    MtaSts,
    /// What that demands.
    MtaStsPolicy,
    /// Whom others tell how TLS goes.
    TlsRpt,
    /// Where mail programs send.
    Srv,
}

/// How a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordState {
    /// As it should be.
    Right,
    /// It says something else, or there are several.
    Wrong,
    /// It is not there.
    Missing,
    /// It is not there, and need not be.
    NotNeeded,
    /// Nobody answered.
    Unanswered,
}

/// A record, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) record: DomainRecord,
    pub(super) finding: Option<Finding>,
}

/// What a text says in a zone file: what is longer than a character-string may be is written as several.
pub fn quoted(text: &str) -> String {
    const CHARACTER_STRING: usize = 255;
    let strings = text.as_bytes().chunks(CHARACTER_STRING);
    let strings: Vec<_> = strings
        .map(|string| {
            let text = String::from_utf8_lossy(string);
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        })
        .collect();
    strings.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_records_are_several_strings() {
        let record = format!("v=spf1 {}~all", "ip4:192.0.2.1 ".repeat(20));
        let quoted = quoted(&record);
        assert_eq!(quoted.matches("\" \"").count(), 1);
        assert_eq!(quoted.replace("\" \"", ""), format!("\"{record}\""));
    }
}
