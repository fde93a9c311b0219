//! The commands so far: several findings may be about one parameter, and each command sets the whole of it.

use std::collections::HashMap;

/// What the commands so far make of parameters: those of main.cf by their names, those of a service behind its own.
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
    pub(super) fn note(&mut self, parameter: String, value: &str, command: &str) {
        let mended = self.parameters.entry(parameter).or_default();
        value.clone_into(&mut mended.value);
        mended.commands.push(command.to_owned());
    }

    pub(super) fn has(&self, parameter: &str) -> bool {
        self.value(parameter).is_some()
    }

    pub(super) fn value(&self, parameter: &str) -> Option<&str> {
        self.parameters.get(parameter).map(|mended| mended.value.as_str())
    }

    pub(super) fn whole<'a>(&'a self, command: &'a str) -> &'a str {
        let mut all = self.parameters.values();
        let mended = all.find(|mended| mended.commands.iter().any(|known| known == command));
        mended.and_then(|mended| mended.commands.last()).map_or(command, String::as_str)
    }
}
