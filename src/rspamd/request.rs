use crate::address::{ForwardPath, ReversePath};
use std::net::IpAddr;

/// Most octets of recipients: rspamd closes a connection on which the fields are more than about 80,000.
const MAX_RECIPIENTS: usize = 32 << 10;

/// What rspamd is told of a message beside its bytes: without it, what it knows of clients, SPF and addresses is
/// wrong.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The client that brings the message, or that a relay names; `None` on a unix socket.
    pub ip: Option<IpAddr>,
    /// What the client called itself.
    pub helo: &'a str,
    /// The name of the client's address, where that leads back to it.
    pub hostname: Option<&'a str>,
    /// From whom the message is.
    pub from: &'a ReversePath,
    /// The recipients as the client named them: never where they lead.
    pub to: Vec<&'a ForwardPath>,
    /// The id of the message, as the journal has it.
    pub queue_id: &'a str,
    /// Who has logged in to send it.
    pub user: Option<&'a str>,
    /// Our name.
    pub mta: &'a str,
    /// The version of TLS and the cipher suite by which the message came.
    pub tls: Option<(&'a str, &'a str)>,
    /// What a rspamd that is not alone with us wants.
    pub password: Option<&'a str>,
}

impl Request<'_> {
    /// The fields of the HTTP request, in their order. Recipients beyond the first 32 KiB are left out.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = Vec::with_capacity(self.to.len() + 10);
        let mut add = |name, value: &str| fields.push((name, harmless(value)));
        if let Some(ip) = self.ip {
            add("IP", &ip.to_canonical().to_string());
            // What Postfix says too where a client has no name.
            add("Hostname", self.hostname.unwrap_or("unknown"));
        }
        add("Helo", self.helo);
        add("From", &self.from.to_string());
        let mut octets = 0;
        for path in &self.to {
            let path = match path {
                ForwardPath::Mailbox(mailbox) => format!("<{mailbox}>"),
                // rspamd knows no address without a domain.
                ForwardPath::Postmaster => format!("<postmaster@{}>", self.mta),
            };
            octets += path.len();
            if octets > MAX_RECIPIENTS {
                break;
            }
            add("Rcpt", &path);
        }
        add("Queue-Id", self.queue_id);
        if let Some(user) = self.user {
            add("User", user);
        }
        add("MTA-Name", self.mta);
        if let Some((version, cipher)) = self.tls {
            add("TLS-Version", version);
            add("TLS-Cipher", cipher);
        }
        if let Some(password) = self.password {
            add("Password", password);
        }
        fields
    }
}

/// A value that cannot end its line. UTF-8 stays (RFC 9110 §5.5, obs-text): addresses may have it.
fn harmless(value: &str) -> String {
    value.chars().map(|c| if c.is_ascii_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Mailbox;

    fn path(text: &str) -> ForwardPath {
        ForwardPath::Mailbox(Mailbox::parse(text).unwrap())
    }

    #[test]
    fn more_recipients_than_rspamd_reads_are_left_out() {
        let to: Vec<ForwardPath> =
            (0..400).map(|n| path(&format!("{n:03}@{}example.org", "x.".repeat(100)))).collect();
        let request = Request {
            ip: None,
            helo: "client.test",
            hostname: None,
            from: &ReversePath::Null,
            to: to.iter().collect(),
            queue_id: "id1",
            user: None,
            mta: "mx.example.org",
            tls: None,
            password: Some("secret"),
        };
        let fields = request.fields();
        let told = fields.iter().filter(|(name, _)| *name == "Rcpt").count();
        assert!((140..160).contains(&told), "{told}");
        assert!(
            fields.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>() < 40_000
        );
        assert_eq!(fields.last(), Some(&("Password", "secret".to_owned())));
    }

    #[test]
    fn all_that_is_known_is_told() {
        let (hello, other) = (path("hello@example.org"), path("b\u{fc}ro@example.org"));
        let from = ReversePath::Mailbox(Mailbox::parse("a@sender.test").unwrap());
        let mut request = Request {
            ip: Some("::ffff:192.0.2.1".parse().unwrap()),
            helo: "client.test\r\nUser: root",
            hostname: Some("mail.sender.test"),
            from: &from,
            to: vec![&hello, &other, &ForwardPath::Postmaster],
            queue_id: "id1",
            user: None,
            mta: "mx.example.org",
            tls: Some(("TLSv1.3", "TLS_AES_256_GCM_SHA384")),
            password: Some("secret"),
        };
        let fields: Vec<String> =
            request.fields().into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            fields,
            [
                "IP: 192.0.2.1",
                "Hostname: mail.sender.test",
                "Helo: client.test??User: root",
                "From: <a@sender.test>",
                "Rcpt: <hello@example.org>",
                "Rcpt: <b\u{fc}ro@example.org>",
                "Rcpt: <postmaster@mx.example.org>",
                "Queue-Id: id1",
                "MTA-Name: mx.example.org",
                "TLS-Version: TLSv1.3",
                "TLS-Cipher: TLS_AES_256_GCM_SHA384",
                "Password: secret",
            ]
        );
        request.ip = None;
        request.from = &ReversePath::Null;
        let fields = request.fields();
        assert_eq!(fields[1], ("From", "<>".to_owned()));
        assert!(!fields.iter().any(|(name, _)| matches!(*name, "IP" | "Hostname" | "User")));
    }
}
