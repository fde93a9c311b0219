use super::{Incoming, Outgoing, Security, escaped};
use crate::address::Domain;
use std::fmt::Write;

/// What a program replaces by the address that it was given.
pub const EMAIL_ADDRESS: &str = "%EMAILADDRESS%";

/// The XML of `/.well-known/autoconfig/mail/config-v1.1.xml` and `autoconfig.DOMAIN/mail/config-v1.1.xml`, as
/// Thunderbird, K-9 and Evolution read it
/// (draft-ietf-mailmaint-autoconfig). `login` is the name of the account; a program puts the address it was given in
/// the place of [`EMAIL_ADDRESS`]. Thunderbird wants to know where mail is read too: it takes no XML without an
/// incoming server.
pub fn autoconfig(
    domain: &Domain,
    outgoing: &Outgoing,
    incoming: Option<&Incoming>,
    login: &str,
) -> String {
    let name = escaped(domain.as_str());
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <clientConfig version=\"1.1\">\n\
         \x20 <emailProvider id=\"{name}\">\n\
         \x20   <domain>{name}</domain>\n\
         \x20   <displayName>{name}</displayName>\n\
         \x20   <displayShortName>{name}</displayShortName>\n"
    );
    if let Some(Incoming { server, username }) = incoming {
        push_server(
            &mut text,
            ("incoming", "imap"),
            server.host.as_str(),
            server.port,
            Security::Implicit,
            username.as_deref().unwrap_or(EMAIL_ADDRESS),
        );
    }
    for (port, security) in outgoing.ports() {
        push_server(&mut text, ("outgoing", "smtp"), outgoing.host.as_str(), port, security, login);
    }
    text.push_str("  </emailProvider>\n</clientConfig>\n");
    text
}

fn push_server(
    text: &mut String,
    (direction, kind): (&str, &str),
    host: &str,
    port: u16,
    security: Security,
    login: &str,
) {
    let socket = match security {
        Security::Implicit => "SSL",
        Security::StartTls => "STARTTLS",
    };
    // Writing to a String does not fail.
    let _ = write!(
        text,
        "    <{direction}Server type=\"{kind}\">\n\
         \x20     <hostname>{}</hostname>\n\
         \x20     <port>{port}</port>\n\
         \x20     <socketType>{socket}</socketType>\n\
         \x20     <authentication>password-cleartext</authentication>\n\
         \x20     <username>{}</username>\n\
         \x20   </{direction}Server>\n",
        escaped(host),
        escaped(login),
    );
}
