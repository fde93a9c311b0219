//! Sizes, as commands print them for people.

const UNITS: [(&str, u64); 4] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// `1.2MiB` for a number of octets.
pub(super) fn size(octets: u64) -> String {
    let unit = UNITS.into_iter().find(|(_, factor)| octets >= *factor);
    unit.map_or_else(
        || format!("{octets}B"),
        |(name, factor)| {
            let tenths = u128::from(octets) * 10 / u128::from(factor);
            format!("{}.{}{name}", tenths / 10, tenths % 10)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (octets, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.0KiB"),
            (1_300_000, "1.2MiB"),
            (u64::MAX, "16777215.9TiB"),
        ] {
            assert_eq!(size(octets), text);
        }
    }
}
