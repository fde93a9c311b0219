//! Debian's rspamd is asked about what accounts send, and knows whose it is.

use super::{Host, log_in, password_of, submit};
use crate::support::config::quoted;
use crate::support::dns::Dns;
use crate::support::rspamd::{GTUBE, Rspamd, TRUSTED};

#[test]
fn spam_of_an_account_is_refused_and_rspamd_may_treat_users_in_their_own_way() {
    let dns = Dns::start();
    let Some(rspamd) = Rspamd::start(&dns) else { return };
    let host = Host::start_with(|builder| {
        builder
            .dns(&dns)
            .config(&format!("filter.rspamd = {}", quoted(&rspamd.tcp())))
            .run_first(&["account", "add", TRUSTED, "--as", "hello@example.org"])
    });
    let mut me = log_in("127.0.0.1", host.implicit, "me@example.org", &host.password).unwrap();
    let password = password_of(&host.onward, TRUSTED, "desk");
    let mut trusted = log_in("127.0.0.1", host.implicit, TRUSTED, &password).unwrap();
    let mut send = |header: &str| submit(&mut me, "hello@example.org", "bob@sink.test", header);

    let reply = send("");
    assert!(reply.starts_with("250"), "{reply}");
    let id = reply.split(' ').nth(2).unwrap();
    let seen = rspamd.wait_for_seen(id);
    assert!(seen.contains("user=me@example.org"), "{seen}");
    assert!(seen.contains("rcpt=bob@sink.test"), "{seen}");
    let reply = send(&format!("\r\n{GTUBE}"));
    assert!(reply.starts_with("550 5.7.1") && reply.contains("Gtube"), "{reply}");
    let spam = "X-Test-Score: 7\r\n";
    let reply = send(spam);
    assert!(reply.starts_with("550 5.7.1"), "{reply}");
    let reply = submit(&mut trusted, "hello@example.org", "bob@sink.test", spam);
    assert!(reply.starts_with("250"), "{reply}");
    let arrived = host.sink.wait_for_messages(2);
    assert!(arrived.iter().all(|one| !String::from_utf8_lossy(&one.data).contains(GTUBE)));
}
