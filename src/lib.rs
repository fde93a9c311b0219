//! Onward: a mail forwarder. Each module uses only what stands in its layer or below.
//!
//! Core, with no I/O, no clock and no randomness:
//! [`address`] parses and prints mail addresses; [`reply`] makes every SMTP reply; [`envelope`] is who
//! sends to whom; [`srs`] rewrites senders and reverses them; [`alias`] says where an address leads; [`account`] who may send as it;
//! [`token`] what a program may do that asks the API; [`session`] who the people are that use the page;
//! [`message`] reads header sections and makes the fields put before them; [`fate`] turns the outcomes of
//! all recipients into one reply; [`next_hop`] names who takes mail next; [`retry`] says when a spooled
//! message is tried again; [`dsn`] makes the notice about what was not delivered; [`verdict`] says what the
//! destination will conclude about who sent a message; [`provider`] tells the large providers of mailboxes;
//! [`time`] has the points in time of all of them; [`rate`] says how often something may happen; [`dnsbl`]
//! what lists in DNS are asked, and what their answers mean; [`client_setup`] what mail programs are told of our ports; [`naming`] makes names for new aliases;
//! [`event`] what programs are told of aliases; [`digest`] what their owners are told of a day or a week.
//!
//! Protocols, bytes in and bytes out: [`smtp`] for servers and the replies of servers, [`proxy`] for the
//! header of a load balancer; for Postfix [`socketmap`] in frames of [`netstring`], [`tcp_table`] (both ask
//! [`lookup`]) and [`policy`]; [`mta_sts`] and [`tlsa`] for
//! what domains say about TLS, and [`tls_rpt`] for what came of it; [`rspamd`] for what a spam filter is told and
//! answers; [`sasl`] for how a client says who it is; [`password_manager`] for what password managers ask of aliases.
//!
//! Edges: [`config`] reads the configuration; [`clock`] says what time it is; [`store`] keeps domains, aliases, memories, the spool and
//! the journal; [`dns`] asks; [`inbound`] serves clients; [`outbound`] delivers; [`http`] answers those who
//! watch; [`postfix`] answers Postfix; [`spam_filter`] asks rspamd; [`auth`] checks who sends; [`tls`] encrypts; [`web_client`] asks web servers; [`acme`] sees to
//! certificates; [`metrics`] counts.
//!
//! What Onward does: [`mail`] is one mail's life, [`admin`] what an administrator can do.
//!
//! Top: [`daemon`] wires them together, [`web`] is what programs with a token ask by HTTP and the page for people, `cli` has one file a command, [`log`] writes to stderr.

#[deny(clippy::disallowed_methods)]
pub mod account;
pub mod acme;
#[deny(clippy::disallowed_methods)]
pub mod address;
pub mod admin;
#[deny(clippy::disallowed_methods)]
pub mod alias;
pub mod auth;
pub mod cli;
#[deny(clippy::disallowed_methods)]
pub mod client_setup;
pub mod clock;
pub mod config;
pub mod daemon;
#[deny(clippy::disallowed_methods)]
pub mod digest;
pub mod dns;
#[deny(clippy::disallowed_methods)]
pub mod dnsbl;
#[deny(clippy::disallowed_methods)]
pub mod dsn;
#[deny(clippy::disallowed_methods)]
pub mod envelope;
#[deny(clippy::disallowed_methods)]
pub mod event;
#[deny(clippy::disallowed_methods)]
pub mod fate;
pub mod http;
pub mod inbound;
mod keys;
pub mod log;
#[deny(clippy::disallowed_methods)]
pub mod lookup;
pub mod mail;
#[deny(clippy::disallowed_methods)]
pub mod message;
pub mod metrics;
#[deny(clippy::disallowed_methods)]
pub mod milter;
#[deny(clippy::disallowed_methods)]
pub mod mta_sts;
#[deny(clippy::disallowed_methods)]
pub mod naming;
#[deny(clippy::disallowed_methods)]
pub mod netstring;
#[deny(clippy::disallowed_methods)]
pub mod next_hop;
pub mod outbound;
#[deny(clippy::disallowed_methods)]
pub mod password_manager;
#[deny(clippy::disallowed_methods)]
pub mod policy;
pub mod postfix;
#[deny(clippy::disallowed_methods)]
pub mod provider;
#[deny(clippy::disallowed_methods)]
pub mod proxy;
#[deny(clippy::disallowed_methods)]
pub mod rate;
#[deny(clippy::disallowed_methods)]
pub mod reply;
#[deny(clippy::disallowed_methods)]
pub mod retry;
#[deny(clippy::disallowed_methods)]
pub mod rspamd;
#[deny(clippy::disallowed_methods)]
pub mod sasl;
#[deny(clippy::disallowed_methods)]
pub mod session;
#[deny(clippy::disallowed_methods)]
pub mod slots;
#[deny(clippy::disallowed_methods)]
pub mod smtp;
#[deny(clippy::disallowed_methods)]
pub mod socketmap;
pub mod spam_filter;
#[deny(clippy::disallowed_methods)]
pub mod srs;
pub mod store;
#[deny(clippy::disallowed_methods)]
pub mod tcp_table;
#[deny(clippy::disallowed_methods)]
pub mod time;
pub mod tls;
#[deny(clippy::disallowed_methods)]
pub mod tls_rpt;
#[deny(clippy::disallowed_methods)]
pub mod tlsa;
#[deny(clippy::disallowed_methods)]
pub mod token;

mod turns;
#[deny(clippy::disallowed_methods)]
pub mod verdict;
pub mod web;
pub mod web_client;
