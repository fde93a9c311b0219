//! OpenDKIM as a milter of the same Postfix: one signs the header and the body, the other changes the envelope.

use crate::support::client::Client;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::peer;
use crate::support::port::free_address;
use crate::support::postfix::Postfix;
use crate::support::process::Process;
use crate::support::receiver::{Action, Receiver};
use crate::support::verifiers::Verifiers;
use crate::support::wait_until;
use data_encoding::BASE64;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

const ALICE: &str = "alice@sender.test";
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\nTo: away@alias.test\r\nSubject: a test\r\n\
      Date: Thu, 26 Nov 2026 18:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n\r\nhello\r\n";

/// Signs what comes from this machine and has From: at sender.test.
struct OpenDkim {
    address: SocketAddr,
    _process: Process,
}

impl OpenDkim {
    /// `None`: skip.
    fn start(directory: &Path, dns: &Dns) -> Option<Self> {
        let program = peer::program("opendkim")?;
        let (address, key) = (free_address(), directory.join("dkim.key"));
        let key = key.display();
        let made =
            peer::run("openssl", &["genrsa", "-traditional", "-out", &key.to_string(), "2048"])?;
        assert!(made.success, "{}", made.output);
        let mut public = Command::new("openssl");
        public.args(["rsa", "-pubout", "-outform", "DER", "-in", &key.to_string()]);
        let public = BASE64.encode(&public.output().unwrap().stdout);
        dns.txt("s._domainkey.sender.test", &format!("v=DKIM1; k=rsa; p={public}"));
        let config = directory.join("opendkim.conf");
        let text = format!(
            "Socket inet:{}@127.0.0.1\nMode s\nDomain sender.test\nSelector s\nKeyFile {key}\n\
             InternalHosts 127.0.0.1\nRequireSafeKeys no\nCanonicalization simple/simple\n",
            address.port()
        );
        fs::write(&config, text).unwrap();
        let mut command = Command::new(program);
        command.args(["-f", "-x"]).arg(&config);
        let process = Process::spawn("opendkim", &mut command);
        wait_until("opendkim", || TcpStream::connect(address).ok());
        Some(Self { address, _process: process })
    }
}

#[test]
fn what_opendkim_signed_is_still_signed_in_either_order() {
    let Some(verifiers) = Verifiers::start() else { return };
    for onward_is_last in [true, false] {
        let (Some(postfix), dns) = (Postfix::builder(), Dns::start()) else { return };
        let maps = "alias_maps = [\"inline:{ away@alias.test=bob@sink.test, full@alias.test=full@sink.test }\"]";
        let (builder, milter) = Onward::builder().listen("milter", &[maps]);
        let Some(signer) = OpenDkim::start(builder.directory(), &dns) else { return };
        let onward = builder.start();
        let sink = Receiver::smtp()
            .on_recipient("full@sink.test", Action::reply("552 5.2.2 Mailbox full"))
            .start();
        let mut milters = [format!("inet:{}", signer.address), format!("inet:{milter}")];
        if !onward_is_last {
            milters.reverse();
        }
        let milters = milters.join(", ");
        let postfix = postfix
            .relay(sink.address())
            .set("virtual_alias_domains", "alias.test")
            .set(
                "virtual_alias_maps",
                "inline:{ away@alias.test=bob@sink.test, full@alias.test=full@sink.test }",
            )
            .set("relay_domains", "example.org")
            .set("relay_transport", "smtp")
            .set("smtpd_milters", &milters)
            .set("non_smtpd_milters", &milters)
            .set("internal_mail_filter_classes", "bounce")
            .set("milter_default_action", "tempfail")
            .start();
        let mut client = Client::session(postfix.address());
        client.transaction(ALICE, &["away@alias.test"], MESSAGE).expect_code(250);
        let message = sink.wait_for_message();
        assert_eq!(onward.run(&["srs", "reverse", &message.from]).trim(), ALICE);
        let found = verifiers.verify_dkim(dns.address(), &message.data);
        assert!(
            found
                .iter()
                .any(|signature| signature.domain == "sender.test" && signature.result == "pass"),
            "{found:?}"
        );
        // Both see the bounce that Postfix makes.
        client.transaction(ALICE, &["full@alias.test"], MESSAGE).expect_code(250);
        let bounce = sink.wait_for_messages(2).pop().unwrap();
        assert_eq!((bounce.from.as_str(), &bounce.to[..]), ("", &[ALICE.to_owned()][..]));
    }
}
