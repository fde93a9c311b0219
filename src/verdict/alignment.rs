//! Which domains belong together as far as DMARC goes (RFC 9989 §4.10.2), without asking DNS.

use psl::Psl as _;
use std::borrow::Cow;

/// True where both domains are one organization's for certain: the same, or below the same registered
/// domain. Narrow, to be believed in favour of a sender: what is below a suffix that a provider offers to
/// its customers, as `github.io`, is each customer's own.
pub fn is_one_owner(a: &str, b: &str) -> bool {
    let (lower_a, lower_b) = (lower(a), lower(b));
    lower_a == lower_b || is_name(a) && is_name(b) && registered(&lower_a) == registered(&lower_b)
}

/// True where a receiver may take one domain for aligned with the other: wide, to be held against a sender.
/// [`common_parents`] is what is left to ask DNS about.
pub fn may_align(a: &str, b: &str) -> bool {
    is_one_owner(a, b) || is_name(a) && is_name(b) && (is_within(a, b) || is_within(b, a))
}

/// The domains that both are below, the longest first: by RFC 9989 a policy at one of them can make them
/// one organization's, whatever any list says.
pub fn common_parents<'a>(a: &'a str, b: &'a str) -> Vec<&'a str> {
    if !is_name(a) || !is_name(b) {
        return Vec::new();
    }
    let dots = a.match_indices('.').filter_map(|(at, _)| a.get(at + 1..));
    dots.filter(|parent| is_within(b, parent)).collect()
}

/// True for `domain` itself and below it.
pub(super) fn is_within(name: &str, domain: &str) -> bool {
    let split = name.len().checked_sub(domain.len()).and_then(|at| name.split_at_checked(at));
    !domain.is_empty()
        && split.is_some_and(|(sub, end)| {
            end.eq_ignore_ascii_case(domain) && (sub.is_empty() || sub.ends_with('.'))
        })
}

/// The registered domain, in lower case; a public suffix is its own.
pub fn organizational(name: &str) -> String {
    registered(&lower(name)).to_owned()
}

/// The same of a name in lower case.
pub fn registered(name: &str) -> &str {
    let registered = psl::List.domain(name.as_bytes());
    let length = registered.map_or(name.len(), |domain| domain.as_bytes().len());
    name.len().checked_sub(length).and_then(|at| name.get(at..)).unwrap_or(name)
}

fn lower(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

/// Address literals are nobody's domain.
fn is_name(domain: &str) -> bool {
    !domain.is_empty() && !domain.starts_with('[')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_belongs_together() {
        for (a, b, one, may) in [
            ("fwd.test", "FWD.test", true, true),
            ("srs.fwd.test", "a.b.fwd.test", true, true),
            ("fwd.test", "other.test", false, false),
            ("badfwd.test", "fwd.test", false, false),
            ("a.co.uk", "b.co.uk", false, false),
            ("x.a.co.uk", "y.a.co.uk", true, true),
            ("a.github.io", "b.github.io", false, false),
            // The provider may publish a policy for all of its customers.
            ("a.github.io", "github.io", false, true),
            ("test", "fwd.test", false, true),
            ("a.xn--55qx5d.cn", "b.xn--55qx5d.cn", false, false),
            ("[192.0.2.1]", "[198.51.2.1]", false, false),
            ("[192.0.2.1]", "[192.0.2.1]", true, true),
            ("", "fwd.test", false, false),
        ] {
            assert_eq!((is_one_owner(a, b), may_align(a, b)), (one, may), "{a} {b}");
            assert_eq!((is_one_owner(b, a), may_align(b, a)), (one, may), "{b} {a}");
        }
    }

    #[test]
    fn where_a_policy_may_join_them() {
        assert_eq!(common_parents("a.x.co.uk", "b.X.co.uk"), ["x.co.uk", "co.uk", "uk"]);
        assert_eq!(common_parents("fwd.test", "other.test"), ["test"]);
        assert_eq!(common_parents("fwd.test", "other.example"), [""; 0]);
        assert_eq!(common_parents("[192.0.2.1]", "[198.51.2.1]"), [""; 0]);
    }
}
