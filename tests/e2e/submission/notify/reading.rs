//! A DSN as Python's email package reads it.

use crate::support::peer;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

const READ: &str = r#"
import email, email.policy, json, sys
m = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
assert m.get_content_type() == 'multipart/report', m.get_content_type()
assert m.get_param('report-type') == 'delivery-status'
text, status, back = m.iter_parts()
assert status.get_content_type() == 'message/delivery-status'
assert not [d for part in m.walk() for d in part.defects]
whole = back.get_content_type() == 'message/rfc822'
print('JSON' + json.dumps(dict(
    to=str(m['To']), subject=str(m['Subject']), first=text.get_content().split('\n\n')[0].replace('\n', ' '),
    groups=[[[k, str(v)] for k, v in g.items()] for g in status.get_payload()],
    kind=back.get_content_type(),
    back=back.get_payload(0).as_string() if whole else back.get_content().decode() if isinstance(back.get_content(), bytes) else back.get_content())))
"#;

pub(super) struct Dsn {
    pub(super) to: String,
    pub(super) subject: String,
    /// The first line of its text.
    pub(super) first: String,
    /// Media type of what came back, and what did.
    pub(super) back_kind: String,
    pub(super) back: String,
    groups: Vec<Vec<(String, String)>>,
}

impl Dsn {
    pub(super) fn read(directory: PathBuf, message: &[u8]) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let [script, file] =
            ["read.py", "dsn"].map(|name| directory.join(format!("{number}-{name}")));
        fs::write(&script, READ).unwrap();
        fs::write(&file, message).unwrap();
        let arguments = [script.to_str().unwrap(), file.to_str().unwrap()];
        let ended = peer::run("python3", &arguments).expect("python3");
        let json = ended.output.split_once("JSON").map(|(_, json)| json.lines().next().unwrap());
        let value: Value =
            serde_json::from_str(json.unwrap_or_else(|| panic!("{}", ended.output))).unwrap();
        let text = |name: &str| value[name].as_str().unwrap().to_owned();
        let fields = |group: &Value| -> Vec<(String, String)> {
            let pairs = group.as_array().unwrap().iter();
            let word = |pair: &Value, at: usize| pair[at].as_str().unwrap().trim().to_owned();
            pairs.map(|pair| (word(pair, 0), word(pair, 1))).collect()
        };
        Self {
            to: text("to"),
            subject: text("subject"),
            first: text("first"),
            back_kind: text("kind"),
            back: text("back"),
            groups: value["groups"].as_array().unwrap().iter().map(fields).collect(),
        }
    }

    /// The only one of `told`.
    pub(super) fn only(told: Vec<Self>) -> Self {
        let subjects: Vec<&str> = told.iter().map(|dsn| dsn.subject.as_str()).collect();
        assert_eq!(told.len(), 1, "{subjects:?}");
        told.into_iter().next().unwrap()
    }

    /// A field of the message, 0, or of a recipient.
    pub(super) fn field(&self, group: usize, name: &str) -> Option<&str> {
        let found = self.groups[group].iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Each recipient, and what became of it.
    pub(super) fn recipients(&self) -> Vec<String> {
        let told = |at| {
            let field = |name| self.field(at, name).unwrap();
            format!("{} {}", field("Final-Recipient"), field("Action"))
        };
        (1..self.groups.len()).map(told).collect()
    }
}
