use crate::{
    address::LocalPart,
    srs::{is_srs_prefixed, is_srs_shaped},
};

/// Longest name that may be chosen, in octets (RFC 5321 §4.5.3.1.1).
const MAX_NAME: usize = 64;

/// Names that speak for a whole domain: mail to them is for who runs it (RFC 2142), and to some of them a certificate
/// authority sends what proves the domain (CA/Browser Forum, Baseline Requirements §3.2.2.4.4).
const RESERVED: [&str; 10] = [
    "abuse",
    "admin",
    "administrator",
    "hostmaster",
    "mailer-daemon",
    "noc",
    "postmaster",
    "root",
    "security",
    "webmaster",
];

/// True when `local` is a name that speaks for its domain, which only who runs it gives away: a token that makes
/// aliases does not. In any case, with a `+tag` or without.
pub fn is_reserved(local: &str) -> bool {
    let name = local.split_once('+').map_or(local, |(name, _)| name);
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name))
}

/// The local part that somebody chose for an alias, in lower case.
///
/// # Errors
/// When it is none that may be chosen by who only makes aliases: see [`ChosenNameError`].
pub fn chosen_name(text: &str) -> Result<LocalPart, ChosenNameError> {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || ['.', '-', '_'].contains(&sign);
    let has_dots = text.starts_with('.') || text.ends_with('.') || text.contains("..");
    if text.is_empty() || text.len() > MAX_NAME || !text.chars().all(is_plain) || has_dots {
        return Err(ChosenNameError::Signs);
    }
    let local = LocalPart::parse(&text.to_ascii_lowercase()).map_err(|_| ChosenNameError::Signs)?;
    if is_srs_shaped(&local) || is_srs_prefixed(text) || is_reserved(text) {
        return Err(ChosenNameError::Reserved);
    }
    Ok(local)
}

/// Why a name cannot be chosen; the message is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChosenNameError {
    /// Other signs than such a name has, or too many.
    #[error(
        "a name is 1 to {MAX_NAME} letters, digits, hyphens, underscores and single dots within"
    )]
    Signs,
    /// See [`is_reserved`]; or the form of an SRS address.
    #[error("that name is kept for who runs the domain")]
    Reserved,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_can_be_chosen() {
        for (text, name) in
            [("shop", "shop"), ("My.Shop-2_x", "my.shop-2_x"), ("a", "a"), ("srs0", "srs0")]
        {
            assert_eq!(chosen_name(text).unwrap().as_str(), name);
        }
    }

    #[test]
    fn others_cannot() {
        let long = "a".repeat(MAX_NAME + 1);
        for text in
            ["", ".a", "a.", "a..b", "a+b", "*", "a*", "/a/", "a b", "a@b", "é", "a\n", &long]
        {
            assert_eq!(chosen_name(text), Err(ChosenNameError::Signs), "{text}");
        }
        for text in ["Postmaster", "abuse", "ADMIN", "webmaster", "SRS0-x", "srs1-a-b"] {
            assert_eq!(chosen_name(text), Err(ChosenNameError::Reserved), "{text}");
        }
        assert!(is_reserved("Abuse+x") && !is_reserved("abuser"));
    }
}
