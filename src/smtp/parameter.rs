//! Parameters of MAIL and RCPT (RFC 5321 §4.1.2, esmtp-param).

use crate::{
    envelope::{Body, MailParameters},
    reply::Reply,
};

/// Most digits of a SIZE value (RFC 1870 §3).
const MAX_SIZE_DIGITS: usize = 20;

/// Parses what stands behind the path of MAIL; `None` when nothing does. `offers_auth`: AUTH is among what may.
///
/// # Errors
/// The reply to give: 555 for a keyword that is not offered, 501 for a bad value or a repetition.
pub fn mail_parameters(text: &str, offers_auth: bool) -> Result<Option<MailParameters>, Reply> {
    let mut parameters = MailParameters::default();
    let (mut size, mut body, mut smtputf8, mut auth) = (false, false, false, false);
    for parameter in list(text)? {
        let (keyword, value) = match parameter.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (parameter, None),
        };
        let seen = if keyword.eq_ignore_ascii_case("SIZE") {
            parameters.size = Some(octets(value)?);
            &mut size
        } else if keyword.eq_ignore_ascii_case("BODY") {
            parameters.body = body_type(value)?;
            &mut body
        } else if keyword.eq_ignore_ascii_case("SMTPUTF8") {
            if value.is_some() {
                return Err(Reply::bad_argument("SMTPUTF8 takes no value"));
            }
            parameters.smtputf8 = true;
            &mut smtputf8
        } else if offers_auth && keyword.eq_ignore_ascii_case("AUTH") {
            // Who wrote it, as the client says (RFC 4954 §5): not believed.
            if value.is_none_or(str::is_empty) {
                return Err(Reply::bad_argument("AUTH takes an address or <>"));
            }
            &mut auth
        } else {
            return Err(Reply::unknown_parameter());
        };
        if std::mem::replace(seen, true) {
            return Err(Reply::bad_argument("Parameter given twice"));
        }
    }
    Ok((size || body || smtputf8 || auth).then_some(parameters))
}

/// Checks what stands behind the path of RCPT: no parameter is offered there.
///
/// # Errors
/// The reply to give.
pub fn no_parameters(text: &str) -> Result<(), Reply> {
    match list(text)?.next() {
        Some(_) => Err(Reply::unknown_parameter()),
        None => Ok(()),
    }
}

fn list(text: &str) -> Result<impl Iterator<Item = &str>, Reply> {
    const BLANKS: [char; 2] = [' ', '\t'];
    if !text.is_empty() && !text.starts_with(BLANKS) {
        return Err(Reply::bad_argument("A space stands between a path and its parameters"));
    }
    Ok(text.split(BLANKS).filter(|parameter| !parameter.is_empty()))
}

fn octets(value: Option<&str>) -> Result<u64, Reply> {
    value
        .filter(|digits| digits.len() <= MAX_SIZE_DIGITS)
        .and_then(decimal)
        .ok_or(Reply::bad_argument("SIZE takes 1 to 20 digits"))
}

fn body_type(value: Option<&str>) -> Result<Body, Reply> {
    match value {
        Some(value) if value.eq_ignore_ascii_case("7BIT") => Ok(Body::SevenBit),
        Some(value) if value.eq_ignore_ascii_case("8BITMIME") => Ok(Body::EightBitMime),
        _ => Err(Reply::bad_argument("BODY takes 7BIT or 8BITMIME")),
    }
}

/// A number of octets in digits alone. One beyond 64 bits counts as the largest: it exceeds any limit
/// just as well.
pub(super) fn decimal(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mail_takes() {
        let given = |size, body, smtputf8| Ok(Some(MailParameters { size, body, smtputf8 }));
        for (text, expected) in [
            ("", Ok(None)),
            ("  ", Ok(None)),
            (" SIZE=0", given(Some(0), Body::SevenBit, false)),
            ("\tSIZE=1\t BODY=7BIT", given(Some(1), Body::SevenBit, false)),
            (" BODY=7BIT", given(None, Body::SevenBit, false)),
            (" smtputf8", given(None, Body::SevenBit, true)),
            (" size=12 Body=8bitMime  SMTPUTF8", given(Some(12), Body::EightBitMime, true)),
            (" SIZE=18446744073709551615", given(Some(u64::MAX), Body::SevenBit, false)),
            (" SIZE=99999999999999999999", given(Some(u64::MAX), Body::SevenBit, false)),
        ] {
            assert_eq!(mail_parameters(text, false), expected, "{text:?}");
        }
    }

    #[test]
    fn what_mail_refuses() {
        for (text, code) in [
            ("SIZE=1", 501),
            (" SIZE", 501),
            (" SIZE=", 501),
            (" SIZE=-1", 501),
            (" SIZE=+1", 501),
            (" SIZE=1k", 501),
            (" SIZE=١", 501),
            (" SIZE=000000000000000000001", 501),
            (" SIZE=1 SIZE=1", 501),
            (" BODY", 501),
            (" BODY=BINARYMIME", 501),
            (" BODY=7BIT BODY=7BIT", 501),
            (" SMTPUTF8=1", 501),
            (" SMTPUTF8 SMTPUTF8", 501),
            (" AUTH=<>", 555),
            (" RET=HDRS", 555),
            (" =", 555),
            (" é", 555),
            (" SIZE\t=1", 501),
        ] {
            let reply = mail_parameters(text, false).unwrap_err();
            assert_eq!((reply.code(), reply.status().unwrap().2), (code, 4), "{text:?}");
        }
    }

    #[test]
    fn auth_is_taken_where_it_is_offered_and_says_nothing() {
        let given = |text| mail_parameters(text, true);
        for text in [" AUTH=<>", " auth=a+3Db@x.test"] {
            assert_eq!(given(text), Ok(Some(MailParameters::default())), "{text:?}");
        }
        for text in [" AUTH", " AUTH=", " AUTH=<> AUTH=<>"] {
            assert_eq!(given(text).unwrap_err().code(), 501, "{text:?}");
        }
    }

    #[test]
    fn rcpt_takes_none() {
        assert_eq!(no_parameters(""), Ok(()));
        assert_eq!(no_parameters(" "), Ok(()));
        assert_eq!(no_parameters(" NOTIFY=NEVER").unwrap_err().code(), 555);
        assert_eq!(no_parameters("x").unwrap_err().code(), 501);
    }
}
