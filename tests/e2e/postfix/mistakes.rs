//! Mistakes that administrators make, one at a time: `onward doctor --postfix` finds each, and what it prints mends
//! it. All of its commands are run as they are printed; then nothing is found any more, `postfix check` is content,
//! and mail of each kind goes.

mod site;

use site::Slip::{Field, File, Lines, Main, Own, Service, Toml, Unset};
use site::{Mistake, Site};

const fn mistake(what: &'static str, id: &'static str, slips: &'static [site::Slip]) -> Mistake {
    Mistake { what, slips, id }
}

#[rustfmt::skip]
const SERVICES: &[Mistake] = &[
    mistake("a policy service that nobody is", "no-answer",
        &[Main("smtpd_client_restrictions = check_policy_service inet:{nobody}")]),
    mistake("a policy service that nobody is, in master.cf", "no-answer",
        &[Own("{postfix}/inet/smtpd_helo_restrictions=check_policy_service,{inet:{nobody}},permit")]),
    mistake("the port of the policy service", "no-listener",
        &[Main("smtpd_data_restrictions = check_policy_service inet:{nobody}")]),
    mistake("a milter that nobody is", "no-answer",
        &[Main("smtpd_milters = { inet:{nobody}, connect_timeout=1s }")]),
    mistake("no_address_mappings in main.cf", "receive-override",
        &[Main("receive_override_options = no_address_mappings, no_header_body_checks")]),
    mistake("no_address_mappings in master.cf", "receive-override",
        &[Own("{postfix}/inet/receive_override_options=no_address_mappings")]),
    mistake("onward.socket on", "port",
        &[File("socket", "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nListen=[::]:{port} (Stream)\n")]),
];

#[rustfmt::skip]
const TABLES: &[Mistake] = &[
    mistake("a wrong port", "no-listener", &[Main("sender_canonical_maps = socketmap:inet:{nobody}:forward")]),
    mistake("a slip in the name of a map", "wrong-listener", &[Main("sender_canonical_maps = socketmap:inet:{map}:forwrad")]),
    mistake("forward and reverse swapped", "wrong-listener",
        &[Main("sender_canonical_maps = socketmap:inet:{map}:reverse"), Main("recipient_canonical_maps = socketmap:inet:{map}:forward")]),
    mistake("the map of the policy service", "wrong-listener", &[Main("recipient_canonical_maps = socketmap:inet:{policy}:reverse")]),
    mistake("classes left out", "header-classes", &[Unset("sender_canonical_classes"), Unset("recipient_canonical_classes")]),
    mistake("one class too few", "header-classes", &[Main("recipient_canonical_classes = header_recipient")]),
    mistake("one half", "half", &[Main("recipient_canonical_maps =")]),
    mistake("an SRS domain that nobody takes", "srs-domain", &[Main("virtual_alias_domains = alias.test")]),
    mistake("a socket outside of the chroot", "chroot",
        &[Main("sender_canonical_maps = socketmap:unix:{dir}/srs:forward"), Main("recipient_canonical_maps = socketmap:unix:{dir}/srs:reverse"),
          Field("cleanup/unix/chroot = y")]),
    mistake("a service without the table", "override", &[Own("cleanup/unix/sender_canonical_maps=")]),
];

#[rustfmt::skip]
const ORDER: &[Mistake] = &[
    mistake("the policy service at RCPT alone", "policy-at-data",
        &[Main("smtpd_data_restrictions ="), Main("smtpd_end_of_data_restrictions = reject_unauth_pipelining, permit")]),
    mistake("the policy service behind a permit", "policy-order",
        &[Main("smtpd_recipient_restrictions = permit_mynetworks, check_policy_service inet:{policy}, reject_unauth_destination")]),
    mistake("the policy service not at RCPT", "policy-at-data", &[Main("smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination")]),
    mistake("another table behind", "order", 
        &[Unset("sender_canonical_maps"), Lines("sender_canonical_maps = socketmap:inet:{map}:forward,\n# others\n  inline:{ a@b.test=c@d.test }")]),
    mistake("PostSRSd left in place", "two-rewriters", &[Main("recipient_canonical_maps = tcp:localhost:10002, socketmap:inet:{map}:reverse")]),
    mistake("canonical_maps beside", "canonical-maps", &[Main("canonical_maps = inline:{ a@b.test=c@d.test }")]),
    mistake("masquerading", "masquerade", &[Main("masquerade_domains = org, $mydomain")]),
    mistake("bounces refused", "bounces-refused",
        &[File("senders", "<> REJECT no bounces\n"), Main("smtpd_sender_restrictions = check_sender_access texthash:{dir}/senders")]),
];

#[rustfmt::skip]
const SETTINGS: &[Mistake] = &[
    mistake("soft_bounce left on", "soft-bounce", &[Main("soft_bounce = yes")]),
    mistake("a header check", "header-checks",
        &[File("checks", "/^Received:/ IGNORE\n/^Message-ID:/\n  IGNORE\n"), Main("header_checks = regexp:{dir}/checks")]),
    mistake("smtputf8_enable", "smtputf8", &[Main("smtputf8_enable = no")]),
    mistake("a delimiter in SRS addresses", "delimiter", &[Main("recipient_delimiter = +=")]),
    mistake("own users rewritten", "exempt", &[Toml("exempt_domains = [\"mailbox.test\"]\n", "")]),
    mistake("a catch-all for the SRS domain", "catch-all",
        &[File("aliases", "away@alias.test bob@sink.test\nfull@alias.test full@sink.test\n@example.org local@mailbox.test,\n  bob@sink.test\n")]),
    mistake("everybody in mynetworks", "open-relay", &[Main("mynetworks = 127.0.0.0/8 0.0.0.0/0")]),
];

#[rustfmt::skip]
const KNOWN_TO_THE_MILTER: &[Mistake] = &[
    mistake("aliases that the milter does not know", "alias-maps", &[Toml("alias_maps = [\"texthash:{dir}/aliases\"]\n", "")]),
    mistake("fewer aliases than Postfix has", "alias-maps",
        &[Main("virtual_alias_maps = $alias_maps texthash:{dir}/aliases"), Main("alias_maps = inline:{ root=local@mailbox.test }")]),
    mistake("a map that is not there", "alias-map", &[Toml("\"texthash:{dir}/aliases\"]", "\"texthash:{dir}/aliases\", \"hash:{dir}/virtual\"]")]),
    mistake("a map that was never made", "alias-map",
        &[File("virtual", "x@alias.test bob@sink.test\n"), Main("virtual_alias_maps = texthash:{dir}/aliases, hash:{dir}/virtual"),
          Toml("\"texthash:{dir}/aliases\"]", "\"texthash:{dir}/aliases\", \"hash:{dir}/virtual\"]")]),
    mistake("local domains left out", "local-domains", &[Toml("local_domains = [\"mailbox.test\"]\n", "")]),
    mistake("shadow left on", "shadow", &[Toml("local_domains", "shadow = true\nlocal_domains")]),
    mistake("bounces without a way back", "own-bounces", &[Unset("non_smtpd_milters"), Unset("internal_mail_filter_classes")]),
    mistake("no_milters", "receive-override", &[Main("receive_override_options = no_milters")]),
];

#[rustfmt::skip]
const MILTER_SETTINGS: &[Mistake] = &[
    mistake("the milter's port", "no-listener", &[Main("smtpd_milters = inet:{nobody}")]),
    mistake("an old milter protocol", "milter-protocol", &[Main("milter_protocol = 2")]),
    mistake("mail goes without the milter", "milter-default-action", &[Main("milter_default_action = accept")]),
    mistake("mail goes without this milter", "milter-default-action",
        &[Main("smtpd_milters = { inet:{milter}, command_timeout=30s, default_action=accept }")]),
    mistake("a milter timeout", "milter-timeout", &[Main("milter_command_timeout = 2s")]),
    mistake("a service without the milter", "override", &[Own("{postfix}/inet/smtpd_milters=")]),
    mistake("the milter for submission alone", "door",
        &[Unset("smtpd_milters"), Service("127.0.0.1:submission inet n - n - - smtpd -o smtpd_milters=inet:{milter}")]),
    mistake("the SRS domain among aliases", "srs-recipients",
        &[Main("virtual_alias_domains = alias.test, example.org"), Main("relay_domains =")]),
    mistake("a table for senders beside the milter", "milter-and-maps",
        &[Main("sender_canonical_maps = socketmap:inet:{map}:forward"), Main("sender_canonical_classes = envelope_sender")]),
];

#[rustfmt::skip]
const HANDED_OVER_DOMAINS: &[Mistake] = &[
    mistake("the domain among aliases", "both-worlds", &[Main("virtual_alias_domains = other.test, alias.test")]),
    mistake("the domain among this machine's", "both-worlds", &[Main("mydestination = $myhostname, alias.test")]),
    mistake("the domain as a key of aliases", "both-worlds",
        &[File("aliases", "alias.test x\nother.test x\n"), Main("virtual_alias_maps = texthash:{dir}/aliases")]),
    mistake("an alias in both worlds", "both-worlds",
        &[File("aliases", "x@other.test y@sink.test\naway@alias.test,\n"), File("aliases", "away@alias.test nobody@nowhere.test,\n  x@sink.test\n"),
          Main("virtual_alias_maps = texthash:{dir}/aliases"), Main("virtual_alias_domains =")]),
    mistake("no map of recipients", "backscatter", &[Main("relay_recipient_maps =")]),
    mistake("unlisted recipients taken", "backscatter", &[Main("smtpd_reject_unlisted_recipient = no")]),
    mistake("recipients of others alone", "recipients", &[Main("relay_recipient_maps = inline:{ @other.test=OK }")]),
];

#[rustfmt::skip]
const THE_WAY_THERE: &[Mistake] = &[
    mistake("no XFORWARD sent", "xforward", &[Main("smtp_send_xforward_command = no")]),
    mistake("no XFORWARD from this service", "xforward", &[Own("smtp/unix/smtp_send_xforward_command=no")]),
    mistake("no XFORWARD believed", "xforward", &[Toml("xforward = [\"127.0.0.1\"]\n", "")]),
    mistake("the SRS domain sent nowhere", "srs-transport", &[Main("transport_maps = socketmap:inet:{map}:transport")]),
    mistake("the SRS domain sent round", "srs-transport",
        &[Main("transport_maps = socketmap:inet:{map}:transport inline:{ example.org=smtp:[127.0.0.1]:{port} }")]),
    mistake("the SRS domain sent to a wrong port by a file", "srs-transport",
        &[File("transport", "example.org smtp:[127.0.0.1]:10026\n"), Main("transport_maps = socketmap:inet:{map}:transport texthash:{dir}/transport")]),
    mistake("domains sent to nobody", "no-transport", &[Main("transport_maps = inline:{ example.org=smtp:[127.0.0.1]:{smtp} }")]),
    mistake("domains not taken", "domains", &[Main("relay_domains = example.org")]),
];

#[rustfmt::skip]
const THE_WAY_BACK: &[Mistake] = &[
    mistake("larger mail than Onward takes", "size", &[Main("message_size_limit = 104857600"), Main("mailbox_size_limit = 0")]),
    mistake("no time for a verdict", "data-done-timeout", &[Main("smtp_data_done_timeout = 60s")]),
    mistake("rewritten before", "transport-and-maps",
        &[Main("sender_canonical_maps = socketmap:inet:{map}:forward"), Main("sender_canonical_classes = envelope_sender"),
          Main("recipient_canonical_maps = socketmap:inet:{map}:reverse"), Main("recipient_canonical_classes = envelope_recipient")]),
    mistake("a route to nobody", "route", &[Toml("to = \"{postfix}\"", "to = \"{nobody}\"")]),
    mistake("forwards refused", "relay-denied", &[Main("mynetworks = 192.0.2.0/24")]),
];

fn try_each(site: fn() -> Option<Site>, mistakes: &[Mistake]) {
    if site::is_possible()
        && let Some(mut site) = site()
    {
        site.try_each(mistakes);
    }
}

#[test]
fn services_that_nobody_is() {
    try_each(Site::tables, SERVICES);
}

#[test]
fn tables_for_senders_and_bounces() {
    try_each(Site::tables, TABLES);
}

#[test]
fn the_order_of_things() {
    try_each(Site::tables, ORDER);
}

#[test]
fn settings_of_postfix() {
    try_each(Site::tables, SETTINGS);
}

#[test]
fn what_the_milter_does_not_know() {
    try_each(Site::milter, KNOWN_TO_THE_MILTER);
}

#[test]
fn a_milter_set_up_wrong() {
    try_each(Site::milter, MILTER_SETTINGS);
}

#[test]
fn domains_in_both_worlds() {
    try_each(Site::transport, HANDED_OVER_DOMAINS);
}

#[test]
fn domains_on_the_way_to_onward() {
    try_each(Site::transport, THE_WAY_THERE);
}

#[test]
fn domains_on_the_way_back() {
    try_each(Site::transport, THE_WAY_BACK);
}
