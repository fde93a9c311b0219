use serde::{Deserialize, Serialize};
use std::fmt;

/// A score of rspamd in hundredths, so that it can be compared and has an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "f64", into = "f64")]
pub struct Score(i32);

impl Score {
    /// How much the score weighs, whatever its sign.
    pub fn weight(self) -> u32 {
        self.0.unsigned_abs()
    }
}

impl From<f64> for Score {
    fn from(score: f64) -> Self {
        // What is beyond an i32 becomes its end, and what is no number zero.
        Self((score * 100.0).round() as i32)
    }
}

impl From<Score> for f64 {
    fn from(score: Score) -> Self {
        Self::from(score.0) / 100.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", f64::from(*self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_have_an_end() {
        for (score, text) in [
            (7.0, "7.00"),
            (-0.306, "-0.31"),
            (f64::INFINITY, "21474836.47"),
            (-1e300, "-21474836.48"),
            (f64::NAN, "0.00"),
        ] {
            assert_eq!(Score::from(score).to_string(), text);
        }
        assert_eq!(serde_json::to_string(&Score::from(7.25)).unwrap(), "7.25");
        assert_eq!(serde_json::from_str::<Score>("15").unwrap().to_string(), "15.00");
        assert!(Score::from(-8.0).weight() > Score::from(7.5).weight());
    }
}
