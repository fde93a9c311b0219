use crate::address::{LocalPart, MAX_LOCAL_PART, Mailbox};

/// What leads a host that routes by the local part on to a domain of the sender's choice (RFC 5321 §2.3.11 tells
/// against it), or breaks the quoting.
pub(super) const ROUTING: [char; 5] = ['@', '%', '!', '"', '\\'];

/// `mailbox` with the `+tag` of `recipient`, as it was written.
///
/// The mailbox as it is, where it has a tag of its own, by which its owner sorts and which keeps addresses from growing
/// in a circle; where it would be longer than everybody has to take; and where the tag is empty, is more than atoms and
/// dots in ASCII, or routes on: a tag is the sender's choice, and must neither lead elsewhere nor be what the
/// destination refuses.
pub(super) fn tagged(mailbox: &Mailbox, recipient: &Mailbox) -> Mailbox {
    let local = mailbox.local().as_str();
    let with_tag = || {
        let (_, tag) = recipient.local().as_str().split_once('+')?;
        let is_plain = tag.is_ascii()
            && !tag.contains(ROUTING)
            && LocalPart::parse(tag).is_ok_and(|plain| plain.wire_len() == tag.len());
        if !is_plain || local.contains('+') {
            return None;
        }
        let whole = LocalPart::new(&format!("{local}+{tag}")).ok()?;
        let fits = whole.wire_len() <= MAX_LOCAL_PART;
        fits.then(|| Mailbox::new(whole, mailbox.domain().clone()).ok()).flatten()
    };
    with_tag().unwrap_or_else(|| mailbox.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mailbox: &str, recipient: &str) -> String {
        let parse = |text| Mailbox::parse(text).unwrap();
        tagged(&parse(mailbox), &parse(&format!("{recipient}@x.test"))).to_string()
    }

    #[test]
    fn the_tag_goes_behind_the_local_part_of_the_mailbox() {
        assert_eq!(of("me@y.test", "hello+News"), "me+News@y.test");
        assert_eq!(of("me@y.test", "hello+a+b.c=d-e"), "me+a+b.c=d-e@y.test");
        assert_eq!(of("\"m e\"@y.test", "hello+a"), "\"m e+a\"@y.test");
    }

    #[test]
    fn a_tag_of_the_mailbox_stays() {
        assert_eq!(of("me+work@y.test", "hello+a"), "me+work@y.test");
    }

    #[test]
    fn a_tag_with_odd_characters_is_left_out() {
        for odd in ["", "a%b", "a!b", "a..b", "a."] {
            assert_eq!(of("me@y.test", &format!("hello+{odd}")), "me@y.test", "{odd}");
        }
        for odd in ["a b", "a@evil.test", "a\\\"b", "é", "a,b"] {
            assert_eq!(of("me@y.test", &format!("\"hello+{odd}\"")), "me@y.test", "{odd}");
        }
    }

    #[test]
    fn over_64_octets_the_mailbox_stays_without() {
        let tag = |length: usize| format!("hello+{}", "t".repeat(length));
        assert!(of("me@y.test", &tag(61)).starts_with("me+ttt"));
        assert_eq!(of("me@y.test", &tag(62)), "me@y.test");
    }
}
