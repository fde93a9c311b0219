use crate::address::{Domain, LocalPart, Mailbox};

/// Where a mailbox sends its answer to somebody who wrote to an alias: `hello+bob=friend.example@example.org` is Bob, who
/// gets it from hello@example.org. The local part of the alias ends at the first `+`, that of the other at the last `=`, so
/// his may hold both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerAddress {
    /// The alias that the answer is from.
    pub alias: Mailbox,
    /// Who gets it.
    pub to: Mailbox,
}

impl AnswerAddress {
    /// Reads `address`; `None` where it has not the form. Whether its alias is answered so is another question.
    pub fn read(address: &Mailbox) -> Option<Self> {
        let (alias, rest) = address.local().as_str().split_once('+')?;
        let (local, domain) = rest.rsplit_once('=')?;
        // A tag with an equals sign, such as `shop=summer`, is a tag.
        if !domain.contains('.') {
            return None;
        }
        let alias = Mailbox::new(LocalPart::new(alias).ok()?, address.domain().clone()).ok()?;
        let to = Mailbox::new(LocalPart::new(local).ok()?, Domain::parse(domain).ok()?).ok()?;
        Some(Self { alias, to })
    }

    /// The address; `None` where none leads there: it would be too long, or read in another way.
    pub fn mailbox(&self) -> Option<Mailbox> {
        let Self { alias, to } = self;
        let local = format!("{}+{}={}", alias.local().as_str(), to.local().as_str(), to.domain());
        let address = Mailbox::new(LocalPart::new(&local).ok()?, alias.domain().clone()).ok()?;
        (Self::read(&address).as_ref() == Some(self)).then_some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alias::{Alias, AliasAddress, AliasError, Rules};
    use proptest::prelude::*;

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    #[test]
    fn there_and_back() {
        for (to, address) in [
            ("bob@friend.example", "hello+bob=friend.example@example.org"),
            ("Bob+a=b@x.test", "hello+Bob+a=b=x.test@example.org"),
            ("=@x.test", "hello+==x.test@example.org"),
            ("+@x.test", "hello++=x.test@example.org"),
            ("\"b b\"@x.test", "\"hello+b b=x.test\"@example.org"),
            ("\"a@b\"@x.test", "\"hello+a@b=x.test\"@example.org"),
            ("bob@bücher.test", "hello+bob=xn--bcher-kva.test@example.org"),
        ] {
            let answer = AnswerAddress { alias: mailbox("hello@example.org"), to: mailbox(to) };
            let made = answer.mailbox().unwrap();
            assert_eq!(made.to_string(), address);
            assert_eq!(AnswerAddress::read(&mailbox(address)), Some(answer));
        }
    }

    #[test]
    fn tags_are_tags() {
        for tag in [
            "hello",
            "hello+",
            "hello+news",
            "hello+a=b",
            "hello+a=",
            "hello+=x.test",
            "+b=x.test",
            "hello=x.test",
            "hello+b=x..test",
            "hello+b=x.test.",
            "hello=b=x.test",
        ] {
            let address =
                Mailbox::new(LocalPart::new(tag).unwrap(), Domain::parse("example.org").unwrap());
            assert_eq!(AnswerAddress::read(&address.unwrap()), None, "{tag}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_not_said() {
        let of = |alias: &str, to: &str| {
            AnswerAddress { alias: mailbox(alias), to: mailbox(to) }.mailbox()
        };
        assert_eq!(of("a+b@x.test", "bob@y.test"), None, "reads as a@x.test");
        assert_eq!(of("a@x.test", "root@localhost"), None);
        let long = format!("{}@{}.test", "l".repeat(64), "d".repeat(60));
        assert!(of("a@x.test", &long).is_some());
        let long = format!("{}@{}test", "l".repeat(190), "dd.".repeat(17));
        assert_eq!(of("a@x.test", &long), None);
    }

    #[test]
    fn only_an_alias_of_one_address_that_forwards_is_answered_by_address() {
        let rules = || Rules { reply_by_address: true, ..Rules::default() };
        for (text, sound) in [
            ("a@x.test", true),
            ("a+b@x.test", false),
            ("*@x.test", false),
            (r"/^a@x\.test$/", false),
        ] {
            let alias = Alias::forward(AliasAddress::parse(text).unwrap(), ["b@y.test"]).unwrap();
            assert_eq!(alias.with_rules(rules()).is_ok(), sound, "{text}");
        }
        let discards = Alias::discard(AliasAddress::parse("a@x.test").unwrap()).unwrap();
        assert_eq!(discards.with_rules(rules()), Err(AliasError::ReplyByAddress));
    }

    proptest! {
        #[test]
        fn what_is_made_is_read(local in "[ -~é]{1,20}", domain in "[a-z]{1,5}\\.[a-z]{2,4}") {
            let to = Mailbox::new(LocalPart::new(&local).unwrap(), Domain::parse(&domain).unwrap());
            let answer = AnswerAddress { alias: mailbox("hello@example.org"), to: to.unwrap() };
            let made = answer.mailbox().unwrap();
            prop_assert_eq!(AnswerAddress::read(&mailbox(&made.to_string())), Some(answer));
        }
    }
}
