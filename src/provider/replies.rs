//! What a destination means by a reply that does not take a message: the first row of the table that fits.

use super::{
    Judgement, Meaning, Provider, is_below,
    table::{Row, TABLE},
};

/// Most of a reply that is looked at.
const LOOKED_AT: usize = 2000;

/// What the host of that name, as journals have it, means by `reply`, as they have that; `None` where nothing is known.
pub fn meaning(host: &str, reply: &str) -> Option<Meaning> {
    row_for(host, reply).map(|row| row.means)
}

/// What is to be done about `reply` of the host of that name, both as for [`meaning`].
pub fn judge(host: &str, reply: &str) -> Judgement {
    let row = row_for(host, reply);
    let (asks, repeated) = row.map_or((None, None), |row| (row.asks, row.repeated));
    Judgement::of(reply, row.map(|row| row.means), asks, repeated)
}

fn row_for(host: &str, reply: &str) -> Option<&'static Row> {
    let who = Provider::of_host(host);
    let reply: String = reply.chars().take(LOOKED_AT).collect::<String>().to_ascii_lowercase();
    let reply = in_words_of_the_host(&reply);
    let (code, rest) = reply.split_once([' ', '-']).unwrap_or((&reply, ""));
    if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let status = rest.split(' ').next().and_then(status);
    let fits = |row: &&Row| {
        row.who.is_none_or(|wanted| who.is_some_and(|who| who.house == wanted.house))
            && code.starts_with(row.code)
            && (row.status.is_empty() || status.is_some_and(|found| row.status.contains(&found)))
            && (row.words.is_empty() || row.words.iter().any(|word| rest.contains(word)))
    };
    TABLE.iter().find(fits)
}

/// What a reply says beside addresses, names of domains and quotations that it repeats: what stands in those was chosen by
/// whoever wrote, or has the alias.
fn in_words_of_the_host(reply: &str) -> String {
    let (mut is_within, mut is_quoted) = (false, false);
    let is_paired = reply.matches('"').count().is_multiple_of(2);
    let mut outside = String::with_capacity(reply.len());
    for c in reply.chars() {
        match c {
            '<' => is_within = true,
            '>' => is_within = false,
            '"' if is_paired => is_quoted = !is_quoted,
            c if !is_within && !is_quoted => outside.push(c),
            _ => {}
        }
    }
    let words = outside.split(' ').filter(|word| !word.contains('@')).map(without_domains);
    words.collect::<Vec<_>>().join(" ")
}

/// A word without the names of domains in it, but those of lists that everybody knows.
fn without_domains(word: &str) -> String {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let mut left = String::with_capacity(word.len());
    let mut rest = word;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let bare = name.trim_matches('.');
        if !is_domain(bare) || LISTS.iter().any(|list| is_below(bare, list)) {
            left.push_str(name);
        }
        let end = behind.find(is_of_name).unwrap_or(behind.len());
        let (between, next) = behind.split_at(end);
        left.push_str(between);
        rest = next;
    }
    left
}

/// Lists of addresses that hosts name when they refuse one.
const LISTS: [&str; 5] =
    ["spamhaus.org", "spamhaus.net", "spamcop.net", "barracudacentral.org", "sorbs.net"];

/// Two labels or more, the last one of letters: no number and no status code.
fn is_domain(name: &str) -> bool {
    let (above, top) = name.rsplit_once('.').unwrap_or(("", ""));
    let is_top = top.chars().count() > 1 && top.chars().all(char::is_alphabetic);
    is_top && above.split('.').all(|label| !label.is_empty())
}

/// Subject and detail of `5.7.26`.
fn status(text: &str) -> Option<(u16, u16)> {
    let mut numbers = text.split('.');
    let class = numbers.next()?;
    let (subject, detail) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    (matches!(class, "2" | "4" | "5") && numbers.next().is_none()).then_some((subject, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Reply;
    use Meaning as M;

    /// A host of a provider, as journals have it.
    fn host(who: Option<&'static Provider>) -> String {
        let suffix = who.map_or("sink.test", |who| who.hosts[0]);
        format!("mx1.{suffix} [192.0.2.25]:25")
    }

    #[test]
    fn each_row_is_what_its_reply_means() {
        for (number, row) in TABLE.iter().enumerate() {
            for seen in row.seen {
                let found = row_for(&host(row.who), seen);
                let is_itself = found.is_some_and(|found| std::ptr::eq(found, row));
                assert!(is_itself, "row {number}: {seen} is {:?}", found.map(|row| row.seen));
            }
        }
    }

    /// A word with a capital, or one behind a row that takes all of it, would never be found, and nobody would notice.
    #[test]
    fn each_word_and_each_code_of_a_row_was_seen() {
        for (number, row) in TABLE.iter().enumerate() {
            let seen: Vec<String> = row.seen.iter().map(|seen| seen.to_ascii_lowercase()).collect();
            assert!(!seen.is_empty(), "{number}");
            for word in row.words {
                let is_seen = seen.iter().any(|seen| seen.contains(word));
                assert!(is_seen, "row {number}: {word} in {seen:?}");
            }
            let codes = || seen.iter().filter_map(|seen| status(seen.get(4..)?.split(' ').next()?));
            for (subject, detail) in row.status {
                // Of those between nobody tells.
                let is_ban = (607..649).contains(detail);
                let is_seen = is_ban || codes().any(|code| code == (*subject, *detail));
                assert!(is_seen, "row {number}: {subject}.{detail} in {seen:?}");
            }
        }
    }

    #[test]
    fn words_of_others_in_a_reply_decide_nothing() {
        for reply in [
            "451 4.7.1 throttle.test is not known here",
            "451 4.7.1 (throttle.test): no",
            "451 4.7.1 for=rate.throttl.example, sorry",
            "451 4.7.1 <throttled user@x.test>: sorry",
            "451 4.7.1 a@throttle.test: sorry",
            "451 4.7.1 subject \"Rate limited\" is not liked",
            "451 4.7.1 thr\u{f6}ttl.too-many.throttled.test. has no mail server",
        ] {
            assert_eq!(meaning("mx.sink.test", reply), None, "{reply}");
        }
        // Those of the host do, whatever stands beside them.
        for reply in
            ["451 4.7.1 a.test: rate limited.", "421 4.7.0 Throttled. See http://x.test/why"]
        {
            assert_eq!(meaning("mx.sink.test", reply), Some(M::Rate), "{reply}");
        }
        let listed = "554 5.7.1 192.0.2.7 is in zen.spamhaus.org";
        assert_eq!(meaning("mx.sink.test", listed), Some(M::Listed));
    }

    #[test]
    fn our_own_replies_for_destinations_are_known() {
        for (reply, means) in [
            (Reply::destination_unreachable(), M::Unreachable),
            (Reply::destination_lost(), M::Lost),
            (Reply::destination_too_slow(), M::Slow),
            (Reply::destination_dns(), M::DnsSilent),
            (Reply::destination_not_found(), M::NoServer),
            (Reply::destination_nonexistent(), M::NoDomain),
            (Reply::destination_null_mx(), M::NullMx),
            (Reply::destination_without_tls(), M::TlsMissing),
            (Reply::destination_tls_failed(), M::TlsFailed),
            (Reply::destination_not_trusted(), M::TlsFailed),
            (Reply::destination_policy(), M::TlsPolicy),
            (Reply::destination_refuses_us(), M::RefusesUs),
            (Reply::destination_held(), M::Rate),
            (Reply::destination_size(), M::TooLarge),
            (Reply::destination_without_8bitmime(), M::Encoding),
            (Reply::destination_without_smtputf8(), M::Encoding),
        ] {
            assert_eq!(meaning("mx:sink.test", &reply.to_string()), Some(means), "{reply}");
        }
    }

    #[test]
    fn what_one_provider_says_is_not_read_as_anothers() {
        let elsewhere = "mx.notgoogle.com [192.0.2.1]:25";
        assert_eq!(meaning(elsewhere, "421 4.7.28 x"), None);
        assert_eq!(meaning("aspmx.l.GOOGLE.com [192.0.2.1]:25", "421 4.7.28 x"), Some(M::Rate));
    }

    #[test]
    fn whatever_stands_there_is_read() {
        let long = format!("550 5.1.1 {}", "\u{202e}<b>".repeat(10_000));
        assert_eq!(meaning("x", &long), Some(M::NoSuchUser));
        for none in ["", "550", "5\u{e9}0 x", "abc 5.1.1 x", "250 2.0.0 ok", "599 5.9.9.9 x"] {
            assert_eq!(meaning("", none), None, "{none:?}");
        }
    }
}
