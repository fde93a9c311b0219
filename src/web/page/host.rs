//! By which name the page is reached: somebody else's, which was made to lead here, shows his web page nothing of ours (DNS
//! rebinding).

use super::trouble::Trouble;
use crate::config::{Config, Host, ListenAddress, Served};
use hyper::{header::HOST, http::request::Parts};

/// Refuses what is asked of another host than ours, and what does not say of whom.
///
/// # Errors
/// When it is.
pub(super) fn check(config: &Config, head: &Parts) -> Result<(), Trouble> {
    let host = asked(head).ok_or(Trouble::Malformed)?;
    if is_ours(config, &host) { Ok(()) } else { Err(Trouble::OtherHost) }
}

/// True where `[web] hosts` names the host of a request.
pub(super) fn is_named(config: &Config, head: &Parts) -> bool {
    asked(head).is_some_and(|host| config.web.hosts.contains(&host))
}

/// Whose the page is that is asked for. A target with an authority is for that, whatever `Host` says (RFC 9112 §3.2.2).
fn asked(head: &Parts) -> Option<Host> {
    let mut fields = head.headers.get_all(HOST).iter();
    let field = fields.next();
    if fields.next().is_some() {
        return None;
    }
    match head.uri.authority() {
        Some(authority) => Host::of_authority(authority.as_str()),
        None => Host::of_authority(field?.to_str().ok()?),
    }
}

/// Where nobody names hosts: nobody but us has our name, nor that of a listener, and no other name is an address or `localhost`.
fn is_ours(config: &Config, host: &Host) -> bool {
    if !config.web.hosts.is_empty() {
        return config.web.hosts.contains(host);
    }
    let Host::Name(name) = host else { return true };
    let of_web = config.listen.iter().filter(|listen| listen.serve.contains(&Served::Web));
    let mut names = of_web.filter_map(|listen| match &listen.address {
        ListenAddress::Tcp { host, .. } => Some(host.as_str()),
        _ => None,
    });
    *name == config.hostname
        || host.is_loopback()
        || names.any(|own| own.eq_ignore_ascii_case(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Machine;
    use hyper::Request;
    use std::path::Path;

    fn config(web: &str) -> Config {
        let machine = Machine {
            hostname: "mx.test".into(),
            state_directory: None,
            credentials_directory: None,
        };
        let text = format!(
            "hostname = \"mx.example.org\"\n[srs]\ndomain = \"x.test\"\n{web}\n[[listen]]\nprotocol = \"http\"\n\
             address = \"box.lan:8025\"\nserve = [\"web\"]\n"
        );
        Config::parse(&text, Path::new("x"), &machine).unwrap()
    }

    fn head(uri: &str, hosts: &[&str]) -> Parts {
        let request = hosts
            .iter()
            .fold(Request::builder().uri(uri), |request, host| request.header(HOST, *host));
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn another_name_that_leads_here_reaches_nothing() {
        let (unsaid, said) =
            (config(""), config("[web]\nhosts = [\"mail.example.org\", \"localhost\"]"));
        use Trouble::{Malformed, OtherHost};
        for (uri, hosts, of_unsaid, of_said) in [
            ("/", &["mail.example.org"][..], Err(OtherHost), Ok(())),
            ("/", &["MAIL.example.org.:8443"], Err(OtherHost), Ok(())),
            ("/", &["mx.example.org"], Ok(()), Err(OtherHost)),
            ("/", &["box.lan:8025"], Ok(()), Err(OtherHost)),
            ("/", &["localhost:8025"], Ok(()), Ok(())),
            ("/", &["127.0.0.1:8025"], Ok(()), Err(OtherHost)),
            ("/", &["[::1]:8025"], Ok(()), Err(OtherHost)),
            ("/", &["evil.test:8025"], Err(OtherHost), Err(OtherHost)),
            ("/", &["mail.example.org.evil.test"], Err(OtherHost), Err(OtherHost)),
            ("/", &[], Err(Malformed), Err(Malformed)),
            ("/", &[""], Err(Malformed), Err(Malformed)),
            ("/", &["localhost", "localhost"], Err(Malformed), Err(Malformed)),
            ("/", &["root@localhost"], Err(Malformed), Err(Malformed)),
            ("http://evil.test/", &["localhost"], Err(OtherHost), Err(OtherHost)),
            ("http://localhost:80/", &["evil.test"], Ok(()), Ok(())),
        ] {
            let head = head(uri, hosts);
            assert_eq!(check(&unsaid, &head), of_unsaid, "{uri} {hosts:?}");
            assert_eq!(check(&said, &head), of_said, "{uri} {hosts:?}");
        }
        let local = head("/", &["localhost"]);
        assert!(is_named(&said, &local) && !is_named(&unsaid, &local));
    }
}
