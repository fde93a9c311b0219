//! What `onward alias set` changes.

use super::{Alias, AliasError, SenderPattern, SpamAction};

/// Changes of what an alias says of itself; what is not named stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amendment {
    /// What it says of the `+tag` of its recipients from now on: see [`Alias::keep_tag`].
    pub keep_tag: Option<Option<bool>>,
    /// What becomes of its spam from now on: see [`super::Rules::spam`].
    pub spam: Option<Option<SpamAction>>,
    /// Whose mail is let past filters from now on: see [`super::Rules::allow`].
    pub allow: Vec<SenderPattern>,
    /// Whose mail no longer is.
    pub no_allow: Vec<SenderPattern>,
    /// Whether it is answered by address from now on: see [`super::Rules::reply_by_address`].
    pub reply_by_address: Option<bool>,
}

impl Amendment {
    /// The alias as it is afterwards.
    ///
    /// # Errors
    /// When the alias cannot have what is asked for, or a sender that is no longer to be allowed is not.
    pub fn of(&self, alias: Alias) -> Result<Alias, AliasError> {
        let keep_tag = self.keep_tag.unwrap_or(alias.keep_tag());
        let mut rules = alias.rules().clone();
        rules.spam = self.spam.unwrap_or(rules.spam);
        rules.reply_by_address = self.reply_by_address.unwrap_or(rules.reply_by_address);
        for pattern in &self.no_allow {
            rules.disallow(pattern).map_err(|()| AliasError::NotAllowed {
                pattern: pattern.to_string(),
                alias: alias.address().to_string(),
            })?;
        }
        rules.allow.extend(self.allow.iter().cloned());
        alias.with_keep_tag(keep_tag)?.with_rules(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alias::AliasAddress;

    fn pattern(text: &str) -> SenderPattern {
        SenderPattern::parse(text).unwrap()
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
        };
        let alias = second.of(alias).unwrap();
        assert_eq!(alias.to_string(), "a@x.test -> b@y.test (allows a@b.test, *.shop.test)");
        let error = second.of(alias).unwrap_err().to_string();
        assert!(
            error.contains("a@x.test does not allow @SHOP.test") && error.contains("alias show"),
            "{error}"
        );
    }
}
