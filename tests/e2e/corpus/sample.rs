//! The messages of `tests/corpus`, and what their sidecars say; its README.md has the form.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A message, and what becomes of it.
pub(super) struct Sample {
    /// Folder and file, without the ending.
    pub(super) name: String,
    pub(super) message: Vec<u8>,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) smtputf8: bool,
    /// How the reply begins where it is refused.
    pub(super) reply: Option<String>,
    /// False where the signer cannot read it.
    pub(super) signed: bool,
    leaves: Leaves,
    /// Its beginning, where that does not leave.
    pub(super) taken_out: String,
}

/// How a message is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Data,
    Bdat,
}

/// A file beside the message, or in its place where a recipe makes it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sidecar {
    from: Option<String>,
    to: Option<String>,
    smtputf8: bool,
    reply: Option<String>,
    signed: Option<bool>,
    leaves: Leaves,
    taken_out: String,
    made_of: Vec<(String, usize)>,
}

/// What line ends a message leaves with.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Leaves {
    #[default]
    AsItIs,
    /// Each line end is CRLF, the last one too.
    Crlf,
}

impl Sample {
    /// All of them, in the order of their names.
    pub(super) fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
        let mut names = BTreeSet::new();
        for folder in fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()) {
            if folder.is_dir() {
                names.extend(fs::read_dir(folder).unwrap().map(|entry| {
                    let path = entry.unwrap().path();
                    path.strip_prefix(&root).unwrap().with_extension("")
                }));
            }
        }
        names.into_iter().map(|name| Self::read(&root, &name)).collect()
    }

    fn read(root: &Path, name: &Path) -> Self {
        let file = |ending: &str| -> PathBuf { root.join(name).with_extension(ending) };
        let sidecar = match fs::read_to_string(file("yaml")) {
            Ok(text) => serde_yaml_ng::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", name.display())),
            Err(_none) => Sidecar::default(),
        };
        let message = if sidecar.made_of.is_empty() {
            fs::read(file("eml")).unwrap_or_else(|error| panic!("{}: {error}", name.display()))
        } else {
            sidecar
                .made_of
                .iter()
                .flat_map(|(text, times)| text.repeat(*times).into_bytes())
                .collect()
        };
        assert!(message.starts_with(sidecar.taken_out.as_bytes()), "{}", name.display());
        Self {
            name: name.display().to_string(),
            message,
            from: sidecar.from.unwrap_or_else(|| "alice@sender.test".into()),
            to: sidecar.to.unwrap_or_else(|| "hello@example.org".into()),
            smtputf8: sidecar.smtputf8,
            reply: sidecar.reply,
            signed: sidecar.signed.unwrap_or(true),
            leaves: sidecar.leaves,
            taken_out: sidecar.taken_out,
        }
    }

    /// The message with further fields: in front, but for a beginning that does not leave.
    pub(super) fn with_fields(&self, fields: &[u8]) -> Vec<u8> {
        let (begin, rest) = self.message.split_at(self.taken_out.len());
        [begin, fields, rest].concat()
    }

    /// What stands behind our fields.
    pub(super) fn leaves(&self, way: Way) -> Vec<u8> {
        let mut leaves = self.message[self.taken_out.len()..].to_vec();
        if self.leaves == Leaves::Crlf {
            // DATA has no other end than that of a line.
            if way == Way::Data && !leaves.ends_with(b"\r\n") {
                leaves.extend_from_slice(b"\r\n");
            }
            leaves = with_crlf(&leaves);
        }
        leaves
    }
}

fn with_crlf(message: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(message.len() + 2);
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        text.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        text.extend_from_slice(b"\r\n");
    }
    text
}
