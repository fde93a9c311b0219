//! What `onward alias set` changes.

use super::{Alias, AliasAddress, AliasError, Digest, SenderPattern, SpamAction, rules::take_out};
use crate::{rate::Rate, time::UnixTime};

/// Changes of what an alias says of itself; what is not named stays as it is. Of a word within a word, the outer one says
/// that it is changed, and the inner one what it is from now on, or that there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amendment {
    /// See [`super::Rules::note`].
    pub note: Option<Option<String>>,
    /// See [`super::Rules::expires`].
    pub expires: Option<Option<UnixTime>>,
    /// See [`super::Rules::max_messages`].
    pub max_messages: Option<Option<u64>>,
    /// What it says of the `+tag` of its recipients from now on: see [`Alias::keep_tag`].
    pub keep_tag: Option<Option<bool>>,
    /// What becomes of its spam from now on: see [`super::Rules::spam`].
    pub spam: Option<Option<SpamAction>>,
    /// Who is allowed from now on, besides those that are: see [`super::Rules::allow`].
    pub allow: Vec<SenderPattern>,
    /// Who no longer is.
    pub no_allow: Vec<SenderPattern>,
    /// Who is blocked from now on, besides those that are: see [`super::Rules::block`].
    pub block: Vec<SenderPattern>,
    /// Who no longer is.
    pub no_block: Vec<SenderPattern>,
    /// See [`super::Rules::limit`].
    pub limit: Option<Option<Rate>>,
    /// Whether it is answered by address from now on: see [`super::Rules::reply_by_address`].
    pub reply_by_address: Option<bool>,
    /// See [`super::Rules::digest`].
    pub digest: Option<Option<Digest>>,
}

impl Amendment {
    /// Refuses what no alias could have, whichever it is.
    ///
    /// # Errors
    /// When an ordinary one cannot have what is asked for. What is to be taken from a list is not looked at.
    pub fn check(&self) -> Result<(), AliasError> {
        let ordinary = Alias::forward(AliasAddress::parse("any@example.org")?, ["any@example.net"]);
        let given = Self { no_allow: Vec::new(), no_block: Vec::new(), ..self.clone() };
        given.of(ordinary?).map(drop)
    }

    /// The alias as it is afterwards.
    ///
    /// # Errors
    /// When the alias cannot have what is asked for, or a sender that is to be taken from a list is not in it.
    pub fn of(&self, alias: Alias) -> Result<Alias, AliasError> {
        let keep_tag = self.keep_tag.unwrap_or(alias.keep_tag());
        let mut rules = alias.rules().clone();
        if let Some(note) = &self.note {
            rules.note.clone_from(note);
        }
        rules.expires = self.expires.unwrap_or(rules.expires);
        rules.max_messages = self.max_messages.unwrap_or(rules.max_messages);
        rules.limit = self.limit.unwrap_or(rules.limit);
        rules.spam = self.spam.unwrap_or(rules.spam);
        rules.reply_by_address = self.reply_by_address.unwrap_or(rules.reply_by_address);
        rules.digest = self.digest.unwrap_or(rules.digest);
        let named = |pattern: &SenderPattern| (pattern.to_string(), alias.address().to_string());
        for pattern in &self.no_allow {
            take_out(&mut rules.allow, pattern).map_err(|()| {
                let (pattern, alias) = named(pattern);
                AliasError::NotAllowed { pattern, alias }
            })?;
        }
        for pattern in &self.no_block {
            take_out(&mut rules.block, pattern).map_err(|()| {
                let (pattern, alias) = named(pattern);
                AliasError::NotBlocked { pattern, alias }
            })?;
        }
        rules.allow.extend(self.allow.iter().cloned());
        rules.block.extend(self.block.iter().cloned());
        alias.with_keep_tag(keep_tag)?.with_rules(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate::parse_rate;

    fn pattern(text: &str) -> SenderPattern {
        SenderPattern::parse(text).unwrap()
    }

    #[test]
    fn what_no_alias_can_have_is_refused_before_any_is_looked_at() {
        let all = Amendment { allow: vec![pattern("*")], ..Amendment::default() };
        assert_eq!(all.check(), Err(AliasError::AllowsEverybody));
        let note = Amendment { note: Some(Some("a\nb".into())), ..Amendment::default() };
        assert_eq!(note.check(), Err(AliasError::Note));
        for fine in [
            Amendment { no_allow: vec![pattern("@x.test")], ..Amendment::default() },
            Amendment { keep_tag: Some(Some(true)), ..Amendment::default() },
            Amendment { reply_by_address: Some(true), ..Amendment::default() },
        ] {
            assert_eq!(fine.check(), Ok(()));
        }
    }

    #[test]
    fn what_is_not_named_stays() {
        let address = AliasAddress::parse("a@x.test").unwrap();
        let alias =
            Alias::forward(address, ["b@y.test"]).unwrap().with_keep_tag(Some(true)).unwrap();
        let first = Amendment {
            spam: Some(Some(SpamAction::Mark)),
            allow: vec![pattern("@shop.test"), pattern("a@b.test")],
            reply_by_address: Some(true),
            ..Amendment::default()
        };
        let alias = first.of(alias).unwrap();
        let listed = "a@x.test -> b@y.test (keeps the tag) (spam: mark) (allows @shop.test, a@b.test) (reply by address)";
        assert_eq!(alias.to_string(), listed);
        assert_eq!(Amendment::default().of(alias.clone()).unwrap(), alias);

        let second = Amendment {
            keep_tag: Some(None),
            spam: Some(None),
            allow: vec![pattern("*.shop.test")],
            no_allow: vec![pattern("*@SHOP.test")],
            reply_by_address: Some(false),
            ..Amendment::default()
        };
        let alias = second.of(alias).unwrap();
        assert_eq!(alias.to_string(), "a@x.test -> b@y.test (allows a@b.test, *.shop.test)");
        let error = second.of(alias).unwrap_err().to_string();
        assert!(
            error.contains("a@x.test does not allow @SHOP.test") && error.contains("alias show"),
            "{error}"
        );
    }
    #[test]
    fn a_word_is_given_and_taken_away() {
        let address = AliasAddress::parse("a@x.test").unwrap();
        let alias = Alias::forward(address, ["b@y.test"]).unwrap();
        let given = Amendment {
            note: Some(Some("shop".into())),
            expires: Some(Some(UnixTime::new(0))),
            max_messages: Some(Some(3)),
            block: vec![pattern("*"), pattern("@bad.test")],
            limit: Some(parse_rate("1/1d").ok()),
            digest: Some(Some(Digest::Off)),
            ..Amendment::default()
        };
        let told = given.of(alias.clone()).unwrap();
        assert_eq!(
            told.to_string(),
            "a@x.test -> b@y.test (blocks *, @bad.test) (limit: 1/1d) (at most 3 messages) (until \
             1970-01-01T00:00:00Z) (digest: off) (note: shop)"
        );
        assert_eq!(Amendment::default().of(told.clone()).unwrap(), told);
        let taken = Amendment {
            note: Some(None),
            expires: Some(None),
            max_messages: Some(None),
            no_block: vec![pattern("*@BAD.test"), pattern("*")],
            limit: Some(None),
            digest: Some(None),
            ..Amendment::default()
        };
        assert_eq!(taken.of(told.clone()).unwrap(), alias);
        let error = taken.of(alias).unwrap_err().to_string();
        assert!(error.contains("a@x.test does not block @BAD.test"), "{error}");
        let too_much = Amendment { max_messages: Some(Some(0)), ..Amendment::default() };
        assert_eq!(too_much.of(told), Err(AliasError::Messages));
    }
}
