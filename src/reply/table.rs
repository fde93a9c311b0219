//! Every situation and its reply. What is not here is not said.

use super::{Reply, limits::again_in};
use std::time::Duration;

impl Reply {
    /// 220 at connect.
    pub fn greeting(hostname: &str) -> Self {
        Self::plain(220, &format!("{hostname} ESMTP Onward"))
    }
    /// 250 to HELO.
    pub fn helo(hostname: &str) -> Self {
        Self::plain(250, hostname)
    }
    /// 250 to EHLO, one extension a line.
    pub fn ehlo(hostname: &str, extensions: &[impl AsRef<str>]) -> Self {
        let mut text = hostname.to_owned();
        for extension in extensions {
            text.push('\n');
            text.push_str(extension.as_ref());
        }
        Self::plain(250, &text)
    }
    /// 354 to DATA.
    pub fn start_data() -> Self {
        Self::plain(354, "End data with <CR><LF>.<CR><LF>")
    }
    /// MAIL accepted.
    pub const fn sender_ok() -> Self {
        Self::new(250, (2, 1, 0), "Sender accepted")
    }
    /// RCPT accepted.
    pub const fn recipient_ok() -> Self {
        Self::new(250, (2, 1, 5), "Recipient accepted")
    }
    /// STARTTLS: TLS begins behind this (RFC 3207 §4).
    pub const fn start_tls() -> Self {
        Self::new(220, (2, 0, 0), "Ready to start TLS")
    }
    /// STARTTLS, and there is no certificate now.
    pub const fn tls_unavailable() -> Self {
        Self::new(454, (4, 7, 0), "TLS is not available for now")
    }
    /// A BDAT chunk that is not the last (RFC 3030 §2).
    pub fn chunk_ok(octets: u64) -> Self {
        Self::with_text(250, (2, 0, 0), &format!("{octets} octets received"))
    }
    /// RSET and NOOP.
    pub const fn ok() -> Self {
        Self::new(250, (2, 0, 0), "OK")
    }
    /// QUIT.
    pub const fn bye() -> Self {
        Self::new(221, (2, 0, 0), "Goodbye")
    }
    /// HELP.
    pub const fn help() -> Self {
        Self::new(
            214,
            (2, 0, 0),
            "Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP\nSee RFC 5321",
        )
    }
    /// VRFY: neither confirmed nor denied (RFC 5321 §7.3).
    pub const fn cannot_verify() -> Self {
        Self::new(252, (2, 1, 5), "Cannot verify; send mail and see")
    }
    /// EXPN.
    pub const fn no_expn() -> Self {
        Self::new(502, (5, 5, 1), "EXPN is not offered")
    }
    /// Every destination has the message: their replies were 2xx.
    pub fn forwarded(id: &str) -> Self {
        Self::with_text(250, (2, 0, 0), &format!("{id} forwarded, the destination said 2xx"))
    }
    /// The message is on our disk: we see to the rest.
    pub fn spooled(id: &str) -> Self {
        let text = format!("{id} spooled, the destination does not take it yet");
        Self::with_text(250, (2, 0, 0), &text)
    }
    /// What could be forwarded is, and what is refused will be told in a DSN.
    pub fn forwarded_in_part(id: &str) -> Self {
        let text = format!("{id} forwarded in part, you will be told what failed");
        Self::with_text(250, (2, 0, 0), &text)
    }
    /// The alias says `--discard`.
    pub fn discarded(id: &str) -> Self {
        Self::with_text(250, (2, 0, 0), &format!("{id} accepted"))
    }

    /// Recipient at a hosted domain that has no such alias; disabled aliases answer the same.
    pub const fn no_such_alias() -> Self {
        Self::new(550, (5, 1, 1), "No such address here")
    }
    /// Recipient at a domain that is not hosted here.
    pub const fn relaying_denied() -> Self {
        Self::new(550, (5, 7, 1), "Relaying denied: this domain is not hosted here")
    }
    /// SRS address whose tag is not ours.
    pub const fn srs_bad_signature() -> Self {
        Self::new(550, (5, 7, 1), "SRS address with an invalid signature")
    }
    /// SRS address past its lifetime.
    pub const fn srs_expired() -> Self {
        Self::new(550, (5, 7, 1), "SRS address has expired")
    }
    /// SRS address whose sender was kept, and is no longer.
    pub const fn srs_forgotten() -> Self {
        Self::new(550, (5, 7, 1), "SRS address has expired, or its sender is no longer kept")
    }
    /// SRS address as recipient of a mail that is not a bounce.
    pub const fn srs_bounces_only() -> Self {
        Self::new(550, (5, 7, 1), "SRS address takes bounces only (MAIL FROM:<>)")
    }
    /// SRS address of a sender that had failed SPF.
    pub const fn srs_no_returns() -> Self {
        Self::new(550, (5, 7, 1), "SRS address takes no returns: its sender had failed SPF")
    }
    /// `srs.max_uses_per_day`.
    pub fn srs_used_up(wait: Duration) -> Self {
        let text = format!("SRS address was used too often today, {}", again_in(wait));
        Self::with_text(450, (4, 7, 1), &text)
    }
    /// `srs.max_returns`.
    pub fn too_many_returns(wait: Duration) -> Self {
        let text = format!("Too much mail returns to SRS addresses, {}", again_in(wait));
        Self::with_text(450, (4, 7, 1), &text)
    }
    /// Recipient that looks like SRS and does not parse as such.
    pub const fn srs_malformed() -> Self {
        Self::new(550, (5, 1, 3), "Malformed SRS address")
    }
    /// `alias --reject TEXT`.
    pub fn alias_rejects(text: &str) -> Self {
        Self::with_text(550, (5, 7, 1), text)
    }
    /// Whoever sends is blocked; by which list is nobody's business.
    pub const fn sender_blocked() -> Self {
        Self::new(550, (5, 7, 1), "This address does not accept mail from this sender")
    }
    /// `alias --defer TEXT`.
    pub fn alias_defers(text: &str) -> Self {
        Self::with_text(450, (4, 2, 1), text)
    }
    /// A regex alias from before it was asked for one domain, and destinations whose domain is their own:
    /// kept at the sender until the alias is mended.
    pub const fn alias_unsafe() -> Self {
        Self::new(451, (4, 3, 5), "This address is set up wrongly here, try again later")
    }
    /// Aliases that lead back to themselves.
    pub const fn alias_cycle() -> Self {
        Self::new(554, (5, 4, 6), "The aliases of this address form a loop")
    }
    /// Aliases that lead to more mailboxes than allowed.
    pub const fn alias_too_many() -> Self {
        Self::new(554, (5, 4, 6), "The aliases of this address lead to too many mailboxes")
    }
    /// postmaster@ or abuse@ while no postmaster is configured: kept at the sender until one is.
    pub const fn no_postmaster() -> Self {
        Self::new(451, (4, 3, 5), "No postmaster is configured here yet, try again later")
    }
    /// The recipient's destinations are another group than those of the transaction so far.
    pub const fn other_destination() -> Self {
        Self::new(452, (4, 5, 3), "Send this recipient in a transaction of its own")
    }
    /// Recipients of one transaction got different verdicts; asked again, each gets its own.
    pub const fn mixed_verdicts() -> Self {
        Self::new(
            451,
            (4, 5, 3),
            "Recipients differ in outcome, try again: each is answered by itself",
        )
    }
    /// More than `limits.recipients`.
    pub const fn too_many_recipients() -> Self {
        Self::new(452, (4, 5, 3), "Too many recipients")
    }

    /// MAIL with a malformed path.
    pub fn bad_reverse_path(why: &str) -> Self {
        Self::with_text(501, (5, 1, 7), &format!("Bad sender address: {why}"))
    }
    /// RCPT with a malformed path.
    pub fn bad_forward_path(why: &str) -> Self {
        Self::with_text(501, (5, 1, 3), &format!("Bad recipient address: {why}"))
    }
    /// A non-ASCII address without SMTPUTF8 (RFC 6531 §3.5).
    pub const fn needs_smtputf8() -> Self {
        Self::new(553, (5, 6, 7), "A non-ASCII address needs MAIL ... SMTPUTF8")
    }
    /// A command out of order; `needed` says what comes first.
    pub const fn out_of_order(needed: &'static str) -> Self {
        Self::new(503, (5, 5, 1), needed)
    }
    /// What a client sends for a DATA that was refused, without having waited for the 354.
    pub const fn text_without_data() -> Self {
        Self::new(554, (5, 5, 1), "A message before its 354, closing")
    }
    /// An unknown command.
    pub const fn unknown_command() -> Self {
        Self::new(500, (5, 5, 2), "Command not recognised")
    }
    /// A command line that is too long, or does not end in CRLF, or is not text.
    pub const fn bad_line(why: &'static str) -> Self {
        Self::new(500, (5, 5, 2), why)
    }
    /// A bad argument of a known command or parameter.
    pub const fn bad_argument(why: &'static str) -> Self {
        Self::new(501, (5, 5, 4), why)
    }
    /// A MAIL or RCPT parameter that is not offered (RFC 5321 §4.1.1.11).
    pub const fn unknown_parameter() -> Self {
        Self::new(555, (5, 5, 4), "Parameter not recognised")
    }
    /// SIZE or the data exceed `max_message_size`.
    pub const fn message_too_big() -> Self {
        Self::new(552, (5, 3, 4), "Message exceeds the size limit")
    }
    /// `limits.header_fields`.
    pub const fn too_many_fields() -> Self {
        Self::new(552, (5, 3, 4), "Too many header fields")
    }
    /// A header section beyond any reason.
    pub const fn header_too_big() -> Self {
        Self::new(552, (5, 3, 4), "Header section exceeds the size limit")
    }
    /// Bare CR or NUL in the message, or bare LF where `delivery.bare_lf` says so.
    pub const fn bad_line_ends() -> Self {
        Self::new(550, (5, 6, 0), "Message has a bare CR, a bare LF or a NUL; lines end in CRLF")
    }
    /// The header section breaks a rule of RFC 5322 that receivers enforce.
    pub const fn bad_header(why: &'static str) -> Self {
        Self::new(550, (5, 6, 0), why)
    }
    /// `auth.spf = "enforce"` and SPF says that the client may not (RFC 7372 §3.2).
    pub const fn spf_failed() -> Self {
        Self::new(550, (5, 7, 23), "SPF of the sender's domain does not allow this client")
    }
    /// ... and the domain's record makes no sense.
    pub const fn spf_broken() -> Self {
        Self::new(550, (5, 7, 24), "The SPF record of the sender's domain is broken")
    }
    /// ... and DNS does not answer.
    pub const fn spf_unanswered() -> Self {
        Self::new(451, (4, 7, 24), "DNS does not answer about the sender's SPF, try again later")
    }
    /// `auth.dkim = "enforce"` and no signature passes (RFC 7372 §3.1).
    pub const fn dkim_failed() -> Self {
        Self::new(550, (5, 7, 20), "No DKIM signature of the message verifies")
    }
    /// A policy or a key that decides is not known.
    pub const fn auth_unanswered() -> Self {
        Self::new(451, (4, 4, 3), "DNS does not answer about who sent this, try again later")
    }
    /// The From domain asks for it.
    pub const fn dmarc_failed() -> Self {
        Self::new(550, (5, 7, 1), "Fails the DMARC policy of its From domain")
    }
    /// `auth.spf_only = "refuse"`.
    pub const fn dmarc_by_spf_only() -> Self {
        Self::new(
            550,
            (5, 7, 26),
            "Passes DMARC by SPF only, which forwarding loses: sign it with DKIM as the From domain",
        )
    }
    /// `auth.unauthenticated = "refuse"` (RFC 7372 §3.3).
    pub const fn unauthenticated() -> Self {
        Self::new(550, (5, 7, 26), "Neither SPF nor DKIM says who sent this message")
    }
    /// `auth.own_from = "refuse"`: its From is of a domain in whose name we would send it on.
    pub fn own_from(domain: &str) -> Self {
        let text = format!(
            "{domain} does not vouch for this message: its owner must let the service that sends it \
             sign with DKIM, or name it in SPF"
        );
        Self::with_text(550, (5, 7, 1), &text)
    }
    /// ... and From cannot be read, so that nobody knows whose it is.
    pub const fn own_from_unreadable() -> Self {
        Self::new(550, (5, 7, 1), "From cannot be read, and what returns is not sent on like that")
    }
    /// No hop can keep the signature by which the message passes DMARC, and `auth.spf_only = "refuse"`.
    pub const fn signature_cannot_stay() -> Self {
        Self::new(
            550,
            (5, 7, 26),
            "Its signature covers fields that every hop adds, so it cannot be forwarded: sign without them",
        )
    }
    /// Too many Received fields, or our own loop token.
    pub const fn mail_loop() -> Self {
        Self::new(554, (5, 4, 6), "Mail loop detected")
    }
    /// 8-bit bytes for a destination without 8BITMIME.
    pub const fn destination_without_8bitmime() -> Self {
        Self::new(554, (5, 6, 3), "The destination does not take 8-bit data")
    }
    /// UTF-8 addresses or headers for a destination without SMTPUTF8.
    pub const fn destination_without_smtputf8() -> Self {
        Self::new(554, (5, 6, 7), "The destination does not take UTF-8 addresses or headers")
    }
    /// The destination announces a SIZE below that of the message.
    pub const fn destination_size() -> Self {
        Self::new(552, (5, 3, 4), "Message exceeds the size limit of the destination")
    }

    /// The destination publishes a null MX (RFC 7505 §3).
    pub const fn destination_null_mx() -> Self {
        Self::new(556, (5, 1, 10), "The destination does not accept mail (null MX)")
    }
    /// The destination's domain does not exist, or has neither MX nor address (RFC 5321 §5.1).
    pub const fn destination_nonexistent() -> Self {
        Self::new(550, (5, 1, 2), "The domain that this address leads to does not exist")
    }
    /// The destination's mail server has no address; kept at the sender.
    pub const fn destination_not_found() -> Self {
        Self::new(451, (4, 4, 4), "The destination's domain has no mail server, try again later")
    }
    /// DNS did not answer.
    pub const fn destination_dns() -> Self {
        Self::new(451, (4, 4, 3), "DNS of the destination does not answer, try again later")
    }
    /// No host of the destination took a connection.
    pub const fn destination_unreachable() -> Self {
        Self::new(451, (4, 4, 1), "The destination cannot be reached, try again later")
    }
    /// The connection to the destination broke or it spoke no SMTP.
    pub const fn destination_lost() -> Self {
        Self::new(451, (4, 4, 2), "The connection to the destination broke, try again later")
    }
    /// `delivery.budget` ran out.
    pub const fn destination_too_slow() -> Self {
        Self::new(451, (4, 4, 7), "The destination took too long, try again later")
    }
    /// The governor lets nothing leave for its provider now.
    pub const fn destination_held() -> Self {
        Self::new(
            451,
            (4, 7, 1),
            "The destination takes no mail from this server for now, try again later",
        )
    }
    /// The destination refuses this server as such: our fault to mend, so the sender keeps the mail.
    pub const fn destination_refuses_us() -> Self {
        Self::new(451, (4, 7, 0), "The destination does not accept this server, try again later")
    }

    /// TLS with the destination is demanded, and it does not offer it (RFC 3207 §4.1).
    pub const fn destination_without_tls() -> Self {
        Self::new(451, (4, 7, 4), "The destination must offer TLS and does not, try again later")
    }
    /// TLS with the destination is demanded, and it failed.
    pub const fn destination_tls_failed() -> Self {
        Self::new(451, (4, 7, 5), "TLS with the destination failed, try again later")
    }
    /// The certificate of the destination is not the one that its policy demands.
    pub const fn destination_not_trusted() -> Self {
        Self::new(451, (4, 7, 5), "The destination's certificate is not trusted, try again later")
    }
    /// The policy of the destination names none of its hosts, or cannot be found out safely.
    pub const fn destination_policy() -> Self {
        Self::new(
            451,
            (4, 7, 0),
            "The destination's own TLS policy bars its hosts, try again later",
        )
    }

    /// A bound of `[spool]`, or a full disk; nothing was taken.
    pub const fn spool_full() -> Self {
        Self::new(
            452,
            (4, 3, 1),
            "No room to keep mail for a destination that is not ready, try later",
        )
    }
    /// The store does not answer or is full; nothing was taken.
    pub const fn store_failed() -> Self {
        Self::new(451, (4, 3, 0), "Local storage problem, try again later")
    }
    /// A table of aliases does not answer.
    pub const fn aliases_unknown() -> Self {
        Self::new(451, (4, 3, 0), "Aliases cannot be looked up now, try again later")
    }
    /// Something that must not happen did; nothing was sent.
    pub const fn local_error() -> Self {
        Self::new(451, (4, 3, 0), "Local problem, try again later")
    }
    /// The table of long SRS addresses is full.
    pub const fn srs_table_full() -> Self {
        Self::new(452, (4, 3, 1), "No room to rewrite this long sender address, try again later")
    }
    /// The sender's address cannot be rewritten.
    pub const fn cannot_rewrite() -> Self {
        Self::new(550, (5, 1, 7), "The sender address cannot be rewritten for forwarding")
    }
}
