//! Mail that Postfix makes or takes by itself, and that passes no smtpd(8): its bounces, and what sendmail(1)
//! brings.

use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::port::free_address;
use crate::support::postfix::{Builder, Postfix};
use crate::support::receiver::{Action, Message, Receiver};
use std::fs;
use std::path::Path;

const ALICE: &str = "alice@sender.test";
/// Of the tests' builder, and hosted by nobody.
const SRS_DOMAIN: &str = "example.org";
const MESSAGE: &[u8] = b"From: <alice@sender.test>\r\nTo: full@alias.test\r\nSubject: a test\r\n\
      Date: Thu, 26 Nov 2026 18:00:00 +0000\r\nMessage-ID: <1@sender.test>\r\n\r\nhello\r\n";
const ALIASES: &str = "inline:{ away@alias.test=bob@sink.test, full@alias.test=full@sink.test }";

struct Site {
    onward: Onward,
    postfix: Postfix,
    /// Everybody else's mailboxes.
    sink: Receiver,
}

/// Where a mailbox is full.
fn sink() -> Receiver {
    Receiver::smtp().on_recipient("full@sink.test", Action::reply("552 5.2.2 Mailbox full")).start()
}

fn with_aliases(postfix: Builder, sink: &Receiver) -> Builder {
    postfix
        .relay(sink.address())
        .set("virtual_alias_domains", "alias.test")
        .set("virtual_alias_maps", ALIASES)
}

fn tables(has_policy: bool) -> Option<Site> {
    let postfix = Postfix::builder()?;
    let (builder, map) = Onward::builder().listen("socketmap", &[]);
    let (builder, policy) = builder.listen("policy", &[]);
    let (onward, sink) = (builder.start(), sink());
    let check =
        if has_policy { format!("check_policy_service inet:{policy}") } else { String::new() };
    let postfix = with_aliases(postfix, &sink)
        .set("virtual_alias_domains", &format!("alias.test {SRS_DOMAIN}"))
        .set("sender_canonical_maps", &format!("socketmap:inet:{map}:forward"))
        .set("sender_canonical_classes", "envelope_sender")
        .set("recipient_canonical_maps", &format!("socketmap:inet:{map}:reverse"))
        .set("recipient_canonical_classes", "envelope_recipient")
        .set("smtpd_recipient_restrictions", &format!("{check} permit_mynetworks, reject"))
        .set("smtpd_data_restrictions", &check)
        .set("smtpd_end_of_data_restrictions", &check);
    Some(Site { onward, postfix: postfix.start(), sink })
}

fn milter() -> Option<Site> {
    milter_of(Postfix::builder()?)
}

fn milter_of(postfix: Builder) -> Option<Site> {
    let maps = format!("alias_maps = [\"{ALIASES}\"]");
    let (builder, milter) = Onward::builder().listen("milter", &[&maps]);
    let (onward, sink) = (builder.start(), sink());
    let milter = format!("inet:{milter}");
    let postfix = with_aliases(postfix, &sink)
        .set("relay_domains", SRS_DOMAIN)
        .set("relay_transport", "smtp")
        .set("smtpd_milters", &milter)
        .set("non_smtpd_milters", &milter)
        .set("internal_mail_filter_classes", "bounce")
        .set("milter_default_action", "tempfail");
    Some(Site { onward, postfix: postfix.start(), sink })
}

fn transport() -> Option<Site> {
    let postfix = Postfix::builder()?;
    let (builder, map) = Onward::builder().listen("socketmap", &[]);
    let (builder, policy) = builder.listen("policy", &[]);
    let onward = builder
        .smtp_option("xforward = [\"127.0.0.1\"]")
        .domain("alias.test")
        .alias("away@alias.test", &["bob@sink.test"])
        .alias("full@alias.test", &["full@sink.test"])
        .route("*", &postfix.address().to_string())
        .start();
    let (table, port) = (|name| format!("socketmap:inet:{map}:{name}"), onward.address().port());
    let sink = sink();
    let check = format!("check_policy_service inet:{policy}");
    let postfix = postfix
        .relay(sink.address())
        .set("relay_domains", &format!("{} {SRS_DOMAIN}", table("domains")))
        .set("relay_recipient_maps", &table("recipients"))
        .set(
            "transport_maps",
            &format!("{} inline:{{ {SRS_DOMAIN}=smtp:[127.0.0.1]:{port} }}", table("transport")),
        )
        .set("smtp_send_xforward_command", "yes")
        .set("smtpd_authorized_xforward_hosts", "127.0.0.1")
        .set("smtpd_recipient_restrictions", &format!("{check}, permit_mynetworks, reject"))
        .set("smtpd_data_restrictions", &check);
    Some(Site { onward, postfix: postfix.start(), sink })
}

impl Site {
    fn send(&self, from: &str, to: &str) {
        let mut client = Client::session(self.postfix.address());
        client.transaction(from, &[to], MESSAGE).expect_code(250);
    }

    /// The n-th message that leaves.
    fn message(&self, n: usize) -> Message {
        self.sink.wait_for_messages(n).pop().unwrap()
    }

    /// A destination says no when Postfix has the message: Postfix makes the bounce, to the rewritten sender.
    fn tells_the_author(&self) {
        self.send(ALICE, "full@alias.test");
        let bounce = self.message(1);
        assert_eq!((bounce.from.as_str(), &bounce.to[..]), ("", &[ALICE.to_owned()][..]));
        let text = String::from_utf8_lossy(&bounce.data).into_owned();
        assert!(text.contains("5.2.2") && text.contains("full@alias.test"), "{text}");
        // Nothing is left behind, and nobody else heard of it.
        self.postfix.wait_for_empty_queue();
        assert_eq!(self.sink.count(), 1);
    }
}

#[test]
fn the_author_gets_the_bounce_of_a_postfix_with_tables() {
    if let Some(site) = tables(false) {
        site.tells_the_author();
    }
}

#[test]
fn the_author_gets_the_bounce_of_a_postfix_with_tables_and_policy() {
    if let Some(site) = tables(true) {
        site.tells_the_author();
    }
}

#[test]
fn the_author_gets_the_bounce_of_a_postfix_with_the_milter() {
    if let Some(site) = milter() {
        site.tells_the_author();
    }
}

#[test]
fn the_author_gets_the_bounce_of_a_postfix_that_handed_the_domain_over() {
    if let Some(site) = transport() {
        site.tells_the_author();
    }
}

/// cron's mail, say.
#[test]
fn what_sendmail_brings_is_rewritten_where_it_leaves() {
    let Some(site) = milter() else { return };
    site.postfix.sendmail("root@host.test", &["away@alias.test"], b"Subject: cron\n\nhello\n");
    let message = site.message(1);
    assert_eq!(message.to, ["bob@sink.test"]);
    assert_eq!(site.onward.run(&["srs", "reverse", &message.from]).trim(), "root@host.test");
    site.postfix.sendmail("root@host.test", &["carl@elsewhere.test"], b"Subject: cron\n\nhello\n");
    assert_eq!(site.message(2).from, "root@host.test");
}

/// For those whose other milters are to see no bounces.
#[test]
fn the_reverse_table_turns_back_the_bounces_of_a_postfix_with_the_milter() {
    let Some(postfix) = Postfix::builder() else { return };
    let maps = format!("alias_maps = [\"{ALIASES}\"]");
    let (builder, milter) = Onward::builder().listen("milter", &[&maps]);
    let (builder, map) = builder.listen("socketmap", &[]);
    let (onward, sink) = (builder.start(), sink());
    let postfix = with_aliases(postfix, &sink)
        .set("relay_domains", SRS_DOMAIN)
        .set("relay_transport", "smtp")
        .set("smtpd_milters", &format!("inet:{milter}"))
        .set("recipient_canonical_maps", &format!("socketmap:inet:{map}:reverse"))
        .set("recipient_canonical_classes", "envelope_recipient")
        .set("milter_default_action", "tempfail");
    let site = Site { onward, postfix: postfix.start(), sink };
    site.tells_the_author();
    // What comes from elsewhere meets both, and is turned back once.
    site.send("", &site.onward.srs_forward(ALICE));
    let bounce = site.message(2);
    assert_eq!((bounce.from.as_str(), &bounce.to[..]), ("", &[ALICE.to_owned()][..]));
}

/// As docs/POSTFIX.md has it for Dovecot's `submission_host`: a redirect is to no alias, and the milter could not know
/// it for a forward.
#[test]
fn redirects_have_a_way_in_of_their_own() {
    let Some(postfix) = Postfix::builder() else { return };
    let (builder, milter) = Onward::builder().listen("milter", &[]);
    let (builder, map) = builder.listen("socketmap", &[]);
    let (onward, sink, redirects) = (builder.start(), sink(), free_address());
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/POSTFIX.md");
    let guide = fs::read_to_string(guide).unwrap();
    let (_, services) = guide.split_once("\n127.0.0.1:10026 inet").unwrap();
    let (services, _) = services.split_once("\n```").unwrap();
    let services = format!("{redirects} inet{services}").replace("n - y", "n - n");
    let postfix = with_aliases(postfix, &sink)
        .set("smtpd_milters", &format!("inet:{milter}"))
        .set("milter_default_action", "tempfail")
        .service(&services.replace("127.0.0.1:10003", &map.to_string()))
        .start();
    let site = Site { onward, postfix, sink };
    site.send(ALICE, "carl@elsewhere.test");
    assert_eq!(site.message(1).from, ALICE);
    Client::session(redirects).transaction(ALICE, &["carl@elsewhere.test"], MESSAGE);
    assert_eq!(site.onward.run(&["srs", "reverse", &site.message(2).from]).trim(), ALICE);
}

/// Nobody can be refused at RCPT there: Postfix would try for ever. The MX of the SRS domain is the same Postfix, which
/// finds that out.
#[test]
fn a_bounce_to_a_forged_address_ends() {
    let Some(postfix) = Postfix::builder() else { return };
    let loops = format!("inline:{{ {SRS_DOMAIN}=fails:5.4.6_loops_back_to_myself }}");
    let Some(site) = milter_of(postfix.set("transport_maps", &loops)) else { return };
    let forged = site.onward.srs_forward(ALICE).replacen("SRS0=", "SRS0=A", 1);
    site.send(&forged, "full@alias.test");
    site.postfix.wait_for_empty_queue();
    assert_eq!(site.sink.count(), 0);
}
