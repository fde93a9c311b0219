//! CSV with a line of names, as hosted forwarders export it.

use super::{Import, split};
use crate::alias::{Alias, AliasError, Rules, SenderPattern};

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
const SPAM: [&str; 1] = ["spam"];
const REPLY_BY_ADDRESS: [&str; 1] = ["reply_by_address"];
const ALLOW: [&str; 3] = ["allow", "allowed", "allow_list"];

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
            "the first line must name the columns: address, destinations and, where there are such, enabled, spam, allow \
             and reply_by_address",
        );
    };
    let (enabled, spam, allow) = (column(&ENABLED), column(&SPAM), column(&ALLOW));
    let reply_by_address = column(&REPLY_BY_ADDRESS);
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
        if import.aliases.len() == before {
            continue;
        }
        let value = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        let is_off = matches!(
            value(enabled).to_ascii_lowercase().as_str(),
            "false" | "0" | "no" | "off" | "disabled"
        );
        if let Some((line, alias)) = import.aliases.pop() {
            let alias = with_rules(alias, value(spam), value(allow), value(reply_by_address));
            import.alias(line, alias.map(|alias| alias.with_enabled(!is_off)));
        }
    }
}

fn with_rules(
    alias: Alias,
    spam: &str,
    allow: &str,
    reply_by_address: &str,
) -> Result<Alias, AliasError> {
    let spam = match spam.to_ascii_lowercase().as_str() {
        "" | "default" => None,
        word => Some(word.parse()?),
    };
    let allow = split(&allow.replace(';', ","), ',', true);
    let allow = allow.iter().map(|text| SenderPattern::parse(text)).collect::<Result<_, _>>()?;
    let reply_by_address =
        matches!(reply_by_address.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on");
    alias.with_rules(Rules { spam, allow, reply_by_address })
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

    #[test]
    fn rules() {
        let text = "alias,forward_to,enabled,spam,allow\na@x.test,p@y.test,no,Mark,\"@s.test; *.s.test\"\n\
                    b@x.test,p@y.test,yes,default,\nc@x.test,p@y.test,,drop,\nd@x.test,p@y.test,,,s.test\n";
        let import = read(Format::Csv, text, &Surroundings::default());
        let aliases: Vec<String> =
            import.aliases.iter().map(|(line, alias)| format!("{line} {alias}")).collect();
        let first = "2 a@x.test -> p@y.test (spam: mark) (allows @s.test, *.s.test) (disabled)";
        assert_eq!(aliases, [first, "3 b@x.test -> p@y.test"]);
        let text = "alias,forward_to,reply_by_address\na@x.test,p@y.test,yes\n*@x.test,p@y.test,no\n/^b@x\\.test$/,p@y.test,1\n";
        let import_of_answers = read(Format::Csv, text, &Surroundings::default());
        let aliases: Vec<String> =
            import_of_answers.aliases.iter().map(|(_, alias)| alias.to_string()).collect();
        assert_eq!(aliases, ["a@x.test -> p@y.test (reply by address)", "*@x.test -> p@y.test"]);
        assert_eq!(import_of_answers.problems.len(), 1);
        let problems: Vec<_> = import.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(problems, [4, 5], "{:?}", import.problems);
    }
}
