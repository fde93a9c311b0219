//! Rates as people write them: `"600/1h"`.

use super::{MAX_PER, Rate};
use crate::time::{parse_duration, print_duration};

/// Reads how often in which duration: `"600/1h"`.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_rate(text: &str) -> Result<Rate, String> {
    let is_none = || format!("{text:?} is not a rate");
    let (count, per) = text.split_once('/').ok_or_else(is_none)?;
    // A sign would be read too.
    let is_number = count.bytes().all(|digit| digit.is_ascii_digit());
    let count = is_number.then(|| count.parse().ok()).flatten().ok_or_else(is_none)?;
    Rate::new(count, parse_duration(per)?)
        .ok_or_else(|| format!("{per:?} is not from \"1ms\" to {:?}", print_duration(MAX_PER)))
}

/// The text that [`parse_rate`] reads back.
pub fn print_rate(rate: Rate) -> String {
    format!("{}/{}", rate.count(), print_duration(rate.per()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_print_as_they_are_read() {
        for text in ["600/1h", "20/1d", "1/1ms", "4294967295/30d", "3/1h30m"] {
            assert_eq!(print_rate(parse_rate(text).unwrap()), text);
        }
        for bad in [
            "",
            "600",
            "/1h",
            "600/",
            "600/h",
            "0/1h",
            "-1/1h",
            "+1/1h",
            "1/0s",
            "1/31d",
            "1/1h/1h",
            "4294967296/1h",
            "1.5/1h",
            " 1/1h",
            "1 /1h",
            "600/1x",
        ] {
            assert!(parse_rate(bad).is_err(), "{bad:?}");
        }
    }
}
