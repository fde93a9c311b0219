use super::{Incoming, Outgoing, Person, Security, escaped};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A profile (`.mobileconfig`) that sets up Mail on iPhone, iPad and Mac: com.apple.mail.managed. It holds no password;
/// the device asks for both, and for the name to read mail by where that is not known. Nothing where `outgoing` has no port.
pub fn apple_profile(person: &Person, outgoing: &Outgoing, incoming: &Incoming) -> Option<String> {
    let (port, security) = outgoing.preferred()?;
    let address = person.address.to_string();
    // One for each address: a profile of the same identifier takes the place of the other.
    let identifier = format!("onward.{}.{}", person.address.domain(), person.address.local());
    let mut mail = Payload::default();
    mail.text("EmailAccountType", "EmailTypeIMAP");
    mail.text("EmailAccountDescription", &address);
    mail.text("EmailAddress", &address);
    mail.text("IncomingMailServerAuthentication", "EmailAuthPassword");
    mail.text("IncomingMailServerHostName", incoming.server.host.as_str());
    mail.integer("IncomingMailServerPortNumber", incoming.server.port);
    mail.truth("IncomingMailServerUseSSL", true);
    if let Some(username) = &incoming.username {
        mail.text("IncomingMailServerUsername", username);
    }
    mail.text("OutgoingMailServerAuthentication", "EmailAuthPassword");
    mail.text("OutgoingMailServerHostName", outgoing.host.as_str());
    mail.integer("OutgoingMailServerPortNumber", port);
    // By the port the device knows whether TLS begins at once or by STARTTLS.
    mail.truth(
        "OutgoingMailServerUseSSL",
        matches!(security, Security::Implicit | Security::StartTls),
    );
    mail.text("OutgoingMailServerUsername", &person.account.to_string());
    mail.truth("OutgoingPasswordSameAsIncomingPassword", false);
    mail.text("PayloadDisplayName", &address);
    mail.text("PayloadIdentifier", &format!("{identifier}.mail"));
    mail.text("PayloadType", "com.apple.mail.managed");
    mail.text("PayloadUUID", &uuid(&address, "mail"));
    mail.integer("PayloadVersion", 1);
    let mut profile = Payload::default();
    let _ = write!(
        profile.0,
        "<key>PayloadContent</key>\n<array>\n<dict>\n{}</dict>\n</array>\n",
        mail.0
    );
    profile.text(
        "PayloadDescription",
        &format!("Reads the mail of {address}, and sends as {address}."),
    );
    profile.text("PayloadDisplayName", &address);
    profile.text("PayloadIdentifier", &identifier);
    profile.text("PayloadType", "Configuration");
    profile.text("PayloadUUID", &uuid(&address, "profile"));
    profile.integer("PayloadVersion", 1);
    Some(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n{}</dict>\n</plist>\n",
        profile.0
    ))
}

/// The entries of a dictionary of a property list.
#[derive(Default)]
struct Payload(String);

impl Payload {
    fn text(&mut self, key: &str, value: &str) {
        self.push(key, &format!("<string>{}</string>", escaped(value)));
    }

    fn integer(&mut self, key: &str, value: u16) {
        self.push(key, &format!("<integer>{value}</integer>"));
    }

    fn truth(&mut self, key: &str, value: bool) {
        self.push(key, if value { "<true/>" } else { "<false/>" });
    }

    fn push(&mut self, key: &str, value: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "<key>{key}</key>\n{value}");
    }
}

/// A UUID made of what it names (RFC 9562 §5.8, version 8), so that a profile replaces the one before it.
fn uuid(address: &str, part: &str) -> String {
    let digest =
        Sha256::new().chain_update(part).chain_update(":").chain_update(address).finalize();
    let mut value =
        digest.iter().take(16).fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
    value = value & !(0xf << 76) | 8 << 76;
    value = value & !(0b11 << 62) | 0b10 << 62;
    let text = format!("{value:032X}");
    let mut groups = String::with_capacity(36);
    for (position, character) in text.chars().enumerate() {
        if [8, 12, 16, 20].contains(&position) {
            groups.push('-');
        }
        groups.push(character);
    }
    groups
}
