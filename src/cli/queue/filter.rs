use crate::{
    address::{Domain, Mailbox},
    cli::Failure,
    clock,
    config::parse_duration,
    store::{QueueFilter, spool::LegState},
};
use std::time::Duration;

#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// Only these ids
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Only what waits for this mailbox, or for this domain
    #[arg(long, value_name = "DOMAIN|ADDRESS", value_parser = parse_place)]
    destination: Option<String>,
    /// Only what came from this address, this domain, or <> for bounces
    #[arg(long, value_name = "DOMAIN|ADDRESS", value_parser = parse_sender)]
    from: Option<String>,
    /// Only what has waited for longer: 2h, 3d
    #[arg(long, value_name = "AGE", value_parser = parse_duration)]
    older_than: Option<Duration>,
    /// Only what is in this state: queued, sending or uncertain
    #[arg(long, value_parser = parse_state)]
    state: Option<LegState>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Chosen {
    #[command(flatten)]
    which: Which,
    /// Everything that waits
    #[arg(long, conflicts_with_all = ["ids", "destination", "from", "older_than", "state"])]
    all: bool,
}

impl Which {
    pub(super) fn filter(self) -> QueueFilter {
        let Self { ids, destination, from, older_than, state } = self;
        let before = older_than.map(|age| clock::millis() - age);
        QueueFilter { ids, from, destination, state, before }
    }
}

impl Chosen {
    /// Nothing is changed by forgetting to say what.
    pub(super) fn filter(self) -> Result<QueueFilter, Failure> {
        let Which { ids, destination, from, older_than, state } = &self.which;
        let is_narrow = !ids.is_empty()
            || destination.is_some()
            || from.is_some()
            || older_than.is_some()
            || state.is_some();
        if self.all || is_narrow {
            Ok(self.which.filter())
        } else {
            Err(Failure::Usage(
                "say which messages: ids, --destination, --from, --older-than, --state, or --all"
                    .into(),
            ))
        }
    }
}

/// A domain, with or without `@`, or a mailbox, as the store has them.
fn parse_place(text: &str) -> Result<String, String> {
    let domain = text.strip_prefix('@').unwrap_or(text);
    if domain.contains('@') {
        Mailbox::parse(text).map(|mailbox| mailbox.to_key()).map_err(|error| error.to_string())
    } else {
        Domain::parse(domain).map(|domain| domain.to_key()).map_err(|error| error.to_string())
    }
}

fn parse_sender(text: &str) -> Result<String, String> {
    if text == "<>" { Ok(text.to_owned()) } else { parse_place(text) }
}

fn parse_state(text: &str) -> Result<LegState, String> {
    LegState::parse(text)
        .filter(|state| state.is_open())
        .ok_or_else(|| "accepted: queued, sending, uncertain".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (text, key) in [
            ("Sink.TEST", Ok("sink.test")),
            ("@sink.test", Ok("sink.test")),
            ("Bob@Sink.test", Ok("bob@sink.test")),
            ("bücher.example", Ok("xn--bcher-kva.example")),
            ("a b", Err(())),
            ("", Err(())),
            ("@", Err(())),
        ] {
            assert_eq!(parse_place(text).map_err(drop).as_deref(), key.as_ref().copied(), "{text}");
        }
        assert_eq!(parse_sender("<>").unwrap(), "<>");
    }
}
