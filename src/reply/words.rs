//! Words that are known to say why mail is not delivered: all that a report of strangers may say in our name, and
//! what stays readable though a mailbox is called so.

use super::naming::{is_code, is_name};
use std::{collections::HashSet, sync::LazyLock};

/// Longest text, in octets.
const MAX_TEXT: usize = 300;
/// Words that are looked at.
const MAX_WORDS: usize = 200;
/// What stands for words that are left out.
const HIDDEN: &str = "(hidden)";

/// Lower case. Names, numbers, links and addresses are no words, nor is anything that tells providers apart.
const WORDS: &str = "\
a able abuse accept acceptable accepted accepting access account action active actively activity address \
addressee addresses administrative administrator administrators again age allow allowed already also an and \
another any applied are as associated at attachment attachments attempt attempted attempts attention \
authenticate authenticated authentication authorized available bad banned be because been before being believe \
believed below block blocked blocking body bounce bounced box bulk but by cannot cause certificate change \
changed check checking checks client closed closing code come command complaints condition conditions \
configuration configured connect connecting connection connections contact contain contained contains content \
contents correct correctly could currently daily data date day days deactivated deferred delay delayed deliver \
delivered delivering delivery denied destination details detected different disabled discarded disk dkim dmarc \
dns do does domain domains done double-checking dropped due during e-mail each email empty encoding encountered \
encrypted encryption end ensure entry envelope error errors evaluated exceed exceeded exceeds excessive exist \
existing exists expansion expired external failed fails failure file files filter filtered filtering find fix \
following for forbidden format forward forwarded forwarding found from full fully further gateway general given \
go greylist greylisted greylisting group guidelines has have header headers help here hold hop hops host hosted however i \
identified if ignored illegal in inactive incorrect info information infrastructure insufficient internal into \
invalid is issue issues it its junk known large later length less level limit limited limits line lines link \
list listed local locked long lookup loop low mail mailbox mailboxes maildir mailing maintenance malformed \
malicious malware many mapping match maximum may me member memory message messages misconfigured missing more moved \
much must name names need needs network new no non-existent nonexistent not notice now number of off on one only \
open operation or order original originating other our out over overloaded overquota own owner page parameters \
parse parsing part past per permanent permanently permission permitted phishing please policies policy possible \
postmaster prevent previous prior problem problems processing prohibited protected protocol provide provider \
public queue quota rate reach reached reaching reason reasons receive received receiver receives receiving \
recently recipient recipients record records refuse refused refuses reject rejected rejects relay relaying \
remote removed reply report reported reputation request requested require required requirement requirements \
requires resend resolve resolved resources respond response restricted restriction restrictions results retries \
retry return returned review route router routing rule rules same scanner scanning security see send sender \
senders sending sent server servers service session several should signature signed similar size smtp so \
software some source space spaces spam specified spelling spf starttls state status storage stored stream \
subject subsequent such suspected suspended suspicious syntax system systems table taken temporarily temporary \
terminated than that the their then there these they this threshold through time timed timeout times tls to \
today too transaction transient transmission transport tried tries try trying typos unable unauthenticated \
unauthorized unavailable unexpected unknown unknown-user unnecessary unroutable unrouteable unsolicited \
unsupported until unusable up usage use used user users using valid validation verification verified verify \
version via violated violation virtual virus visit volume was we when whether which while who will wish with \
within without would wrong you your";

/// True for a word of the language, in lower case.
pub(super) fn is_common(word: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| WORDS.split(' ').collect());
    KNOWN.contains(word)
}

/// `text` without what is not known to be harmless. `hidden` are words of names, in lower case, that are left out
/// where they stand as names, though they are known.
pub(super) fn known(text: &str, hidden: &[String]) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut length = 0;
    let tokens: Vec<&str> = text.split_whitespace().take(MAX_WORDS).collect();
    for (at, token) in tokens.iter().enumerate() {
        if is_code(token) {
            continue;
        }
        let is_named =
            |part: &str| hidden.iter().any(|name| name == part && is_name(&tokens, at, name));
        let shown = shown(token, is_named).unwrap_or(HIDDEN);
        if shown == HIDDEN && kept.last() == Some(&HIDDEN) {
            continue;
        }
        length += shown.len() + 1;
        if length > MAX_TEXT {
            break;
        }
        kept.push(shown);
    }
    // Nothing is said by what says nothing.
    if kept.iter().all(|word| *word == HIDDEN) { String::new() } else { kept.join(" ") }
}

/// What is shown of a token: a known word, with the punctuation around it.
fn shown(token: &str, is_named: impl Fn(&str) -> bool) -> Option<&str> {
    let token = token.trim_matches(['"', '\'', '`', '<', '>', '[', ']', '*', '-']);
    let word = token.trim_start_matches('(').trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
    let word = word.to_ascii_lowercase();
    let base = word.strip_suffix("'s").unwrap_or(&word);
    let is_harmless = |part: &str| is_common(part) && !is_named(part);
    let all = || !base.is_empty() && base.split(['-', '/']).all(is_harmless);
    let is_shown = is_harmless(base) && !base.split('-').any(&is_named) || all();
    is_shown.then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_words_once() {
        let mut words: Vec<_> = WORDS.split(' ').collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        let fits = |word: &&str| !word.is_empty() && !word.contains(['.', '@', '/', ' ']);
        assert!(words.iter().all(fits), "{words:?}");
    }

    #[test]
    fn what_is_said_and_what_is_not() {
        for (text, expected) in [
            (
                "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 \
                 double-checking the recipient's email address for typos or unnecessary spaces. For more \
                 information, go to https://support.mailbox.test/?p=NoSuchUser d9443c01a7336-23e2 - gsmtp",
                "The email account that you tried to reach does not exist. Please try double-checking the \
                 recipient's email address for typos or unnecessary spaces. For more information, go to (hidden)",
            ),
            (
                "<bob@sink.test>: Recipient address rejected: User unknown",
                "(hidden) Recipient address rejected: User unknown",
            ),
            ("user bob: mailbox is full (452/91 MB)", "user (hidden) mailbox is full (hidden)"),
            ("mx1.sink.test said no", "(hidden) no"),
            ("bob 192.0.2.1 4711", ""),
            ("", ""),
            ("User \u{fc}nknown\r\nBcc: x", "User (hidden)"),
            ("mailbox-sink full", "(hidden) full"),
            ("5.2.2 over-quota", "over-quota"),
            ("[account] 'disabled'", "account disabled"),
        ] {
            assert_eq!(known(text, &[]), expected, "{text}");
        }
        assert_eq!(
            known("the user 'full' is full, <user> over", &["full".into(), "user".into()]),
            "the user (hidden) is full, (hidden) over"
        );
        assert!(known(&"mailbox ".repeat(5000), &[]).len() <= MAX_TEXT);
        assert!(known(&"x".repeat(50_000), &[]).is_empty());
    }
}
