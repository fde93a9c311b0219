//! Arguments that may begin with a hyphen.

/// An address, as it was given: `-x@example.org` is one, and `--jsno` a slip.
pub(super) fn address(text: &str) -> Result<String, String> {
    match text.starts_with("--") && !text.contains('@') {
        true => Err("there is no such option; --help names those there are".to_owned()),
        false => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_does_not_exist_is_no_address() {
        for given in ["-x@example.org", "--x@example.org", "-", "a@x.test", "<>", ""] {
            assert_eq!(address(given).as_deref(), Ok(given));
        }
        assert!(address("--jsno").unwrap_err().contains("no such option"));
    }
}
