//! The commands so far: several findings may be about one parameter, and each command sets the whole of it.

use super::setup::Scope;
use std::collections::HashMap;

/// What the commands so far make of parameters.
#[derive(Debug, Default)]
pub(super) struct Mends {
    parameters: HashMap<String, Mended>,
}

#[derive(Debug, Default)]
struct Mended {
    value: String,
    /// The last one does what all do.
    commands: Vec<String>,
}

impl Mends {
    fn key(scope: Scope, name: &str) -> String {
        match scope {
            Scope::Main => name.to_owned(),
            Scope::Service(service) => format!("{service}/{name}"),
        }
    }

    pub(super) fn note(&mut self, scope: Scope, name: &str, value: &str, command: &str) {
        let mended = self.parameters.entry(Self::key(scope, name)).or_default();
        value.clone_into(&mut mended.value);
        mended.commands.push(command.to_owned());
    }

    pub(super) fn has(&self, scope: Scope, name: &str) -> bool {
        self.value(scope, name).is_some()
    }

    pub(super) fn value(&self, scope: Scope, name: &str) -> Option<&str> {
        self.parameters.get(&Self::key(scope, name)).map(|mended| mended.value.as_str())
    }

    pub(super) fn whole<'a>(&'a self, command: &'a str) -> &'a str {
        let mut all = self.parameters.values();
        let mended = all.find(|mended| mended.commands.iter().any(|known| known == command));
        mended.and_then(|mended| mended.commands.last()).map_or(command, String::as_str)
    }
}
