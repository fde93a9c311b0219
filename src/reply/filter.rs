//! What a spam filter has refused or put off, and what happens while it says nothing.

use super::Reply;

/// Goes before the words of the filter, and stands alone where it has none.
const REFUSED: &str = "Refused by the spam filter here";

impl Reply {
    /// The filter rejects the message; `words` are those that it has for the client.
    pub fn filter_rejects(words: Option<&str>) -> Self {
        Self::with_text(550, (5, 7, 1), &with(REFUSED, words))
    }
    /// The filter takes the message for spam, and its recipient does not want such (`filter.spam`, or the alias's).
    pub const fn filter_finds_spam() -> Self {
        Self::new(
            550,
            (5, 7, 1),
            "It looks like spam to the filter here; write to postmaster@ if it is none",
        )
    }
    /// The filter wants the message to come later: its `soft reject` and `greylist`.
    pub fn filter_defers(words: Option<&str>) -> Self {
        Self::with_text(451, (4, 7, 1), &with("Try again later, says the spam filter here", words))
    }
    /// `filter.fail = "defer"`, and the filter does not answer.
    pub const fn filter_silent() -> Self {
        Self::new(451, (4, 3, 0), "The spam filter here does not answer, try again later")
    }
    /// What the filter says of the message is more than is read of that.
    pub const fn filter_lost() -> Self {
        Self::new(
            451,
            (4, 3, 0),
            "What the spam filter here says of this message is too long, send one with fewer links",
        )
    }
    /// The client has more messages with the filter at once than the filter gets through in time.
    pub const fn filter_busy() -> Self {
        Self::new(
            451,
            (4, 7, 1),
            "Too many of your messages at once are with the spam filter here, send fewer at a time",
        )
    }
}

fn with(text: &str, words: Option<&str>) -> String {
    words.map_or_else(|| text.to_owned(), |words| format!("{text}: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_filter_stay_on_their_line() {
        let reply = Reply::filter_rejects(Some("no\r\n250 2.0.0 OK"));
        assert_eq!(
            reply.to_string(),
            "550 5.7.1 Refused by the spam filter here: no??250 2.0.0 OK"
        );
        assert_eq!(Reply::filter_rejects(None).to_string(), format!("550 5.7.1 {REFUSED}"));
        assert!(Reply::filter_defers(Some(&"x".repeat(9999))).text().len() <= 400);
    }
}
