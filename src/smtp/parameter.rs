//! Parameters of MAIL and RCPT (RFC 5321 §4.1.2, esmtp-param).

use crate::{
    envelope::{
        Body, EnvelopeId, MailDsn, MailParameters, Notify, OriginalRecipient, RcptDsn, Returned,
    },
    reply::Reply,
};

/// Most digits of a SIZE value (RFC 1870 §3).
const MAX_SIZE_DIGITS: usize = 20;

/// What is not offered everywhere, and has parameters of its own where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offered {
    /// AUTH (RFC 4954 §5).
    pub auth: bool,
    /// DSN (RFC 3461).
    pub dsn: bool,
}

/// Parses what stands behind the path of MAIL; `None` when nothing does.
///
/// # Errors
/// The reply to give: 555 for a keyword that is not offered, 501 for a bad value or a repetition.
pub fn mail_parameters(text: &str, offered: Offered) -> Result<Option<MailParameters>, Reply> {
    let mut parameters = MailParameters::default();
    let MailDsn { returned, envelope_id } = &mut parameters.dsn;
    let (mut size, mut body, mut smtputf8, mut auth) = (false, false, false, false);
    let (mut ret, mut envid) = (false, false);
    for (keyword, value) in list(text)? {
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
        } else if offered.dsn && keyword.eq_ignore_ascii_case("RET") {
            let wrong = "RET takes FULL or HDRS";
            let value = value.and_then(Returned::parse);
            *returned = Some(value.ok_or(Reply::bad_argument(wrong))?);
            &mut ret
        } else if offered.dsn && keyword.eq_ignore_ascii_case("ENVID") {
            let wrong = "ENVID takes up to 100 characters of xtext";
            let value = value.and_then(EnvelopeId::parse);
            *envelope_id = Some(value.ok_or(Reply::bad_argument(wrong))?);
            &mut envid
        } else if offered.auth && keyword.eq_ignore_ascii_case("AUTH") {
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
    let any = size || body || smtputf8 || auth || ret || envid;
    Ok(any.then_some(parameters))
}

/// Parses what stands behind the path of RCPT.
///
/// # Errors
/// As [`mail_parameters`].
pub fn rcpt_parameters(text: &str, offered: Offered) -> Result<RcptDsn, Reply> {
    let mut dsn = RcptDsn::default();
    for (keyword, value) in list(text)? {
        let is_twice = if offered.dsn && keyword.eq_ignore_ascii_case("NOTIFY") {
            let wrong = "NOTIFY takes NEVER, or a list of SUCCESS, FAILURE and DELAY";
            let notify = value.and_then(Notify::parse).ok_or(Reply::bad_argument(wrong))?;
            dsn.notify.replace(notify).is_some()
        } else if offered.dsn && keyword.eq_ignore_ascii_case("ORCPT") {
            let wrong = "ORCPT takes up to 500 characters: a type, \";\" and an address in xtext";
            let original = value.and_then(OriginalRecipient::parse);
            dsn.original.replace(original.ok_or(Reply::bad_argument(wrong))?).is_some()
        } else {
            return Err(Reply::unknown_parameter());
        };
        if is_twice {
            return Err(Reply::bad_argument("Parameter given twice"));
        }
    }
    Ok(dsn)
}

/// Keywords, and the values of those that have one.
fn list(text: &str) -> Result<impl Iterator<Item = (&str, Option<&str>)>, Reply> {
    const BLANKS: [char; 2] = [' ', '\t'];
    if !text.is_empty() && !text.starts_with(BLANKS) {
        return Err(Reply::bad_argument("A space stands between a path and its parameters"));
    }
    let parameters = text.split(BLANKS).filter(|parameter| !parameter.is_empty());
    Ok(parameters.map(|parameter| match parameter.split_once('=') {
        Some((keyword, value)) => (keyword, Some(value)),
        None => (parameter, None),
    }))
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
        let given = |size, body, smtputf8| {
            let dsn = MailDsn::default();
            Ok(Some(MailParameters { size, body, smtputf8, dsn }))
        };
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
            assert_eq!(mail_parameters(text, Offered::default()), expected, "{text:?}");
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
            let reply = mail_parameters(text, Offered::default()).unwrap_err();
            assert_eq!((reply.code(), reply.status().unwrap().2), (code, 4), "{text:?}");
        }
    }

    #[test]
    fn auth_is_taken_where_it_is_offered_and_says_nothing() {
        let given = |text| mail_parameters(text, Offered { auth: true, dsn: false });
        for text in [" AUTH=<>", " auth=a+3Db@x.test"] {
            assert_eq!(given(text), Ok(Some(MailParameters::default())), "{text:?}");
        }
        for text in [" AUTH", " AUTH=", " AUTH=<> AUTH=<>"] {
            assert_eq!(given(text).unwrap_err().code(), 501, "{text:?}");
        }
    }

    #[test]
    fn rcpt_takes_none_where_dsn_is_not_offered() {
        let taken = |text| rcpt_parameters(text, Offered { auth: true, dsn: false });
        assert_eq!(taken(""), Ok(RcptDsn::default()));
        assert_eq!(taken(" "), Ok(RcptDsn::default()));
        assert_eq!(taken(" NOTIFY=NEVER").unwrap_err().code(), 555);
        assert_eq!(taken("x").unwrap_err().code(), 501);
    }

    #[test]
    fn what_is_asked_of_dsns_where_they_are_offered() {
        let offered = Offered { auth: false, dsn: true };
        let mail = |text| {
            let given = mail_parameters(text, offered)?;
            Ok::<_, Reply>(given.unwrap_or_default().dsn.to_string())
        };
        let rcpt = |text| rcpt_parameters(text, offered).map(|dsn| dsn.to_string());
        assert_eq!(mail(" ret=full ENVID=a+20b"), Ok(" RET=FULL ENVID=a+20b".to_owned()));
        assert_eq!(mail(" RET=HDRS SIZE=1"), Ok(" RET=HDRS".to_owned()));
        let both = rcpt(" orcpt=RFC822;a@b.c Notify=success,DELAY");
        assert_eq!(both, Ok(" NOTIFY=SUCCESS,DELAY ORCPT=RFC822;a@b.c".to_owned()));
        for text in [
            " RET",
            " RET=",
            " RET=ALL",
            " RET=FULL RET=FULL",
            " RET=FULL,HDRS",
            " ENVID",
            " ENVID=",
            " ENVID=a=b",
            " ENVID=a ENVID=a",
        ] {
            assert_eq!(mail(text).unwrap_err().code(), 501, "{text:?}");
        }
        for text in [
            " NOTIFY",
            " NOTIFY=",
            " NOTIFY=NEVER,DELAY",
            " NOTIFY=NEVER NOTIFY=NEVER",
            " ORCPT",
            " ORCPT=a@b.c",
            " ORCPT=rfc822;a ORCPT=rfc822;a",
        ] {
            let reply = rcpt(text).unwrap_err();
            assert_eq!(reply.to_string().get(..9), Some("501 5.5.4"), "{text:?}");
        }
        for text in [" SIZE=1", " RET=FULL", " AUTH=<>"] {
            assert_eq!(rcpt(text).unwrap_err().code(), 555, "{text:?}");
        }
        assert_eq!(mail(" NOTIFY=NEVER").unwrap_err().code(), 555);
        assert_eq!(mail(" AUTH=<>").unwrap_err().code(), 555);
    }
}
