//! CSV with a line of names, as hosted forwarders export it.

use super::{Import, split};

/// How the columns may be called.
const ADDRESS: [&str; 6] = ["address", "alias", "source", "from", "email", "name"];
const DESTINATIONS: [&str; 10] = [
    "destinations",
    "destination",
    "forward_to",
    "forward to",
    "forwards to",
    "target",
    "targets",
    "to",
    "goto",
    "recipients",
];
const ENABLED: [&str; 3] = ["enabled", "active", "is_enabled"];

pub(super) fn read(text: &str, import: &mut Import) {
    // The reader counts a CRLF to the line behind it.
    let text = text.replace("\r\n", "\n");
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return import.problem(1, error.to_string()),
    };
    let column = |names: &[&str]| {
        header.iter().position(|name| names.contains(&name.to_ascii_lowercase().as_str()))
    };
    let (Some(address), Some(destinations)) = (column(&ADDRESS), column(&DESTINATIONS)) else {
        return import.problem(
            1,
            "the first line must name the columns: address, destinations and, if there is one, enabled",
        );
    };
    let enabled = column(&ENABLED);
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line);
                import.problem(usize::try_from(line).unwrap_or(usize::MAX), error.to_string());
                continue;
            }
        };
        let line = record.position().map_or(1, csv::Position::line);
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let address = record.get(address).unwrap_or_default();
        let targets = record.get(destinations).unwrap_or_default().replace(';', ",");
        let before = import.aliases.len();
        import.forward(line, address, &split(&targets, ',', true));
        let is_off = enabled.and_then(|at| record.get(at)).is_some_and(|value| {
            matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "no" | "off" | "disabled")
        });
        if is_off && import.aliases.len() > before {
            let off = import.aliases.pop().map(|(line, alias)| (line, alias.with_enabled(false)));
            import.aliases.extend(off);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Surroundings, read};

    #[test]
    fn a_file() {
        let text = "Alias,Forward To,Active\r\nhello@example.org,\"a@x.test, b@y.test\",yes\r\n\
                    *@example.org,me@x.test;you@y.test,no\r\nshort\r\nbad,me@x.test,yes\r\n";
        let import = read(Format::Csv, text, &Surroundings::default());
        let aliases: Vec<String> =
            import.aliases.iter().map(|(line, alias)| format!("{line} {alias}")).collect();
        assert_eq!(
            aliases,
            [
                "2 hello@example.org -> a@x.test, b@y.test",
                "3 *@example.org -> me@x.test, you@y.test (disabled)",
            ]
        );
        assert_eq!(import.problems.len(), 2, "{:?}", import.problems);
        let nameless = read(Format::Csv, "a@b.test,c@d.test\n", &Surroundings::default());
        assert!(nameless.problems[0].what.contains("must name the columns"));
    }
}
