use super::packet::{self, Packet, strings};
use crate::reply::Reply;
use std::net::IpAddr;

/// The version we speak.
const VERSION: u32 = 6;
/// Recipients of one message that are replaced. Postfix takes 1,000 in all.
const MAX_REPLACED: usize = 1000;
/// Longest queue id that is remembered, for the log.
const MAX_QUEUE_ID: usize = 64;

const ADD_RECIPIENT: u32 = 0x04;
const DELETE_RECIPIENT: u32 = 0x08;
const CHANGE_FROM: u32 = 0x40;

/// Of what we need not hear: HELO, body, header, end of header, unknown commands, DATA.
const UNHEARD: u32 = 0x02 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200;
/// The connection is heard of and not answered.
const NO_REPLY_TO_CONNECT: u32 = 0x1000;
/// MAIL is heard and not answered.
const NO_REPLY_TO_MAIL: u32 = 0x4000;

/// Whether anything is changed or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Decisions are carried out.
    Act,
    /// Decisions are for the log.
    Shadow,
}

/// A connection from a mail server.
#[derive(Debug)]
pub struct Session {
    mode: Mode,
    is_negotiated: bool,
    /// [`NO_REPLY_TO_CONNECT`] and [`NO_REPLY_TO_MAIL`], as far as the other side knows them.
    unanswered: u32,
    client: Option<IpAddr>,
    /// The message came by no SMTP: cleanup(8) of Postfix plays a client, of port 0 of this machine.
    is_local: bool,
    transaction: Transaction,
}

#[derive(Debug, Default)]
struct Transaction {
    /// Without brackets; empty for a null one.
    sender: Vec<u8>,
    recipient: Vec<u8>,
    queue_id: String,
    leaves: bool,
    /// There are recipients that are no SRS addresses of ours.
    has_others: bool,
    /// A recipient as it came, brackets included, and what takes its place.
    replaced: Vec<(Vec<u8>, String)>,
}

/// A message to SRS addresses of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returning<'a> {
    /// Who brings it; `None` where that is no address.
    pub client: Option<IpAddr>,
    /// The reverse-path without brackets; empty for a null one.
    pub sender: &'a [u8],
    /// The senders that the addresses stand for.
    pub originals: Vec<&'a str>,
}

/// What comes of the octets at the start of a connection, or behind the last packet.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// More octets are needed.
    Partial,
    /// A packet of so many octets, which is answered if it wants an answer.
    Done(usize),
    /// A packet of so many octets; [`Session::answer`] is to be called for [`Session::recipient`].
    Recipient(usize),
    /// A packet of so many octets that ends the message; [`Session::finish`] is to be called.
    EndOfMessage(usize),
    /// The connection is over.
    Close,
    /// The other side does not let us do what we are here for, or does not speak the protocol.
    Broken(&'static str),
}

/// What a recipient means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A recipient whose mailbox is on this machine, or that is nothing of ours.
    Stays,
    /// An alias of a mailbox elsewhere.
    Leaves,
    /// An SRS address of ours: the sender it stands for takes its place.
    Becomes(String),
    /// An SRS address of ours that takes no mail, or not this mail.
    Refused(Reply),
    /// What the recipient means cannot be told now.
    Unknown,
}

impl Session {
    /// Before the first packet.
    pub fn new(mode: Mode) -> Self {
        let transaction = Transaction::default();
        let (is_negotiated, unanswered, client, is_local) = (false, 0, None, false);
        Self { mode, is_negotiated, unanswered, client, is_local, transaction }
    }

    /// Reads the next packet, and appends the answer that needs no decision.
    pub fn advance(&mut self, input: &[u8], out: &mut Vec<u8>) -> Step {
        let (packet, octets) = match packet::read(input) {
            Ok(None) => return Step::Partial,
            Ok(Some(read)) => read,
            Err(packet::BadLength) => return Step::Broken("no packet of the milter protocol"),
        };
        if packet.command == b'O' {
            return match self.negotiate(packet.data, out) {
                Ok(()) => Step::Done(octets),
                Err(why) => Step::Broken(why),
            };
        }
        if !self.is_negotiated {
            return Step::Broken("a packet before the options are negotiated");
        }
        match packet.command {
            b'M' => {
                self.mail(packet.data);
                self.proceed_unless(NO_REPLY_TO_MAIL, out);
            }
            b'C' => {
                let client = client(packet.data);
                self.is_local =
                    client.is_some_and(|(address, port)| address.is_loopback() && port == 0);
                // This machine is no client that could be bounded.
                self.client = client.map(|(address, _)| address).filter(|_| !self.is_local);
                self.proceed_unless(NO_REPLY_TO_CONNECT, out);
            }
            b'R' => {
                self.transaction.recipient = first(packet.data).to_vec();
                return Step::Recipient(octets);
            }
            b'E' => return Step::EndOfMessage(octets),
            b'D' => self.macros(packet),
            // Abort, and quit with another connection of a client to follow.
            b'A' => self.transaction = Transaction::default(),
            b'K' => {
                (self.client, self.is_local) = (None, false);
                self.transaction = Transaction::default();
            }
            b'Q' => return Step::Close,
            // What we did not want to hear of, from a server that could not be told.
            b'B' | b'H' | b'L' | b'N' | b'T' | b'U' => proceed(out),
            _ => return Step::Broken("an unknown command"),
        }
        Step::Done(octets)
    }

    /// Whether the other side has shown that it speaks the protocol.
    pub fn is_negotiated(&self) -> bool {
        self.is_negotiated
    }

    /// Whether decisions are carried out.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether a recipient cannot be refused, as in mail of sendmail(1) and in Postfix's own bounces: it would be
    /// tried for ever.
    pub fn must_take(&self) -> bool {
        self.is_local
    }

    /// The reverse-path of the message, without brackets; empty for a null one.
    pub fn sender(&self) -> &[u8] {
        &self.transaction.sender
    }

    /// The recipient that is asked about, without brackets.
    pub fn recipient(&self) -> &[u8] {
        bare(&self.transaction.recipient)
    }

    /// What the mail server calls the message; empty where it does not say.
    pub fn queue_id(&self) -> &str {
        &self.transaction.queue_id
    }

    /// Whether the message goes on to a mailbox elsewhere.
    pub fn leaves(&self) -> bool {
        self.transaction.leaves
    }

    /// The message, where it is to SRS addresses of ours.
    pub fn returning(&self) -> Option<Returning<'_>> {
        let originals: Vec<_> =
            self.transaction.replaced.iter().map(|(_, new)| new.as_str()).collect();
        let Self { client, .. } = *self;
        (!originals.is_empty()).then_some(Returning { client, sender: self.sender(), originals })
    }

    /// Appends the answer about the recipient.
    pub fn answer(&mut self, recipient: &Recipient, out: &mut Vec<u8>) {
        let transaction = &mut self.transaction;
        let is_srs = matches!(recipient, Recipient::Becomes(_));
        let has_other_kind = match is_srs {
            true => transaction.has_others,
            false => !transaction.replaced.is_empty(),
        };
        let refusal = match recipient {
            // From somebody, the message may be refused because of its SRS addresses. The others are not to be
            // lost by that.
            Recipient::Stays | Recipient::Leaves | Recipient::Becomes(_)
                if has_other_kind && !transaction.sender.is_empty() && !self.is_local =>
            {
                Some(Reply::other_destination())
            }
            Recipient::Stays => None,
            Recipient::Leaves => {
                transaction.leaves = true;
                None
            }
            // The address stays as it is, and its domain has no mailbox of that name.
            Recipient::Refused(_) if self.is_local => None,
            Recipient::Becomes(_) if transaction.replaced.len() >= MAX_REPLACED => {
                Some(Reply::too_many_recipients())
            }
            Recipient::Becomes(new) => {
                transaction.leaves = true;
                transaction.replaced.push((transaction.recipient.clone(), new.clone()));
                None
            }
            Recipient::Refused(reply) => Some(reply.clone()),
            Recipient::Unknown => Some(Reply::aliases_unknown()),
        };
        transaction.has_others |= !is_srs && refusal.is_none();
        match refusal {
            Some(reply) => self.refuse_with(&reply, out),
            None => proceed(out),
        }
    }

    /// Ends the message with a reply that refuses it.
    pub fn refuse(&mut self, reply: &Reply, out: &mut Vec<u8>) {
        self.transaction = Transaction::default();
        self.refuse_with(reply, out);
    }

    fn refuse_with(&self, reply: &Reply, out: &mut Vec<u8>) {
        match self.mode {
            Mode::Act => packet::write(b'y', &[reply.to_string().as_bytes(), b"\0"], out),
            Mode::Shadow => proceed(out),
        }
    }

    /// Ends the message: appends what changes, the reverse-path to `from` if there is one.
    pub fn finish(&mut self, from: Option<&str>, out: &mut Vec<u8>) {
        let transaction = std::mem::take(&mut self.transaction);
        if self.mode == Mode::Act {
            if let Some(from) = from {
                packet::write(b'e', &[b"<", from.as_bytes(), b">\0"], out);
            }
            for (old, new) in &transaction.replaced {
                packet::write(b'-', &[old, b"\0"], out);
                packet::write(b'+', &[b"<", new.as_bytes(), b">\0"], out);
            }
        }
        proceed(out);
    }

    /// Ends the message with a reply that leaves it with whoever sent it.
    pub fn defer(&mut self, out: &mut Vec<u8>) {
        self.transaction = Transaction::default();
        match self.mode {
            Mode::Act => packet::write(b't', &[], out),
            Mode::Shadow => proceed(out),
        }
    }

    fn negotiate(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
        let mut numbers = data.chunks_exact(4).filter_map(|number| number.try_into().ok());
        let mut number = || numbers.next().map(u32::from_be_bytes).ok_or("no options");
        let (version, actions, protocol) = (number()?, number()?, number()?);
        if version < 2 {
            return Err("a version of the protocol before 2");
        }
        let wanted = match self.mode {
            Mode::Act => ADD_RECIPIENT | DELETE_RECIPIENT | CHANGE_FROM,
            Mode::Shadow => 0,
        };
        if actions & wanted != wanted {
            return Err("the sender may not be changed: milter_protocol must be 6");
        }
        let protocol = protocol & (UNHEARD | NO_REPLY_TO_CONNECT | NO_REPLY_TO_MAIL);
        self.is_negotiated = true;
        self.unanswered = protocol;
        let ours = [version.min(VERSION), wanted, protocol].map(u32::to_be_bytes);
        packet::write(b'O', &ours.each_ref().map(<[u8; 4]>::as_slice), out);
        Ok(())
    }

    /// Lets it go on, if this is answered at all.
    fn proceed_unless(&self, no_reply: u32, out: &mut Vec<u8>) {
        if self.unanswered & no_reply == 0 {
            proceed(out);
        }
    }

    fn mail(&mut self, data: &[u8]) {
        let queue_id = std::mem::take(&mut self.transaction.queue_id);
        let sender = bare(first(data)).to_vec();
        self.transaction = Transaction { sender, queue_id, ..Transaction::default() };
    }

    /// A command to come, and names and values by turns.
    fn macros(&mut self, packet: Packet<'_>) {
        let data = packet.data.get(1..).unwrap_or_default();
        let mut strings = strings(data);
        while let (Some(name), Some(value)) = (strings.next(), strings.next()) {
            if name == b"i" && value.len() <= MAX_QUEUE_ID {
                self.transaction.queue_id = String::from_utf8_lossy(value).into_owned();
            }
        }
    }
}

/// The address and the port in a packet about a connection: a host name, the kind of address, two octets of a port,
/// and the address.
fn client(data: &[u8]) -> Option<(IpAddr, u16)> {
    let name = memchr::memchr(0, data)?;
    let (b"4" | b"6", rest) = data.get(name + 1..)?.split_at_checked(1)? else { return None };
    let (port, address) = rest.split_first_chunk()?;
    let address = std::str::from_utf8(first(address)).ok()?;
    let address = address.strip_prefix("IPv6:").unwrap_or(address).parse().ok()?;
    Some((address, u16::from_be_bytes(*port)))
}

fn proceed(out: &mut Vec<u8>) {
    packet::write(b'c', &[], out);
}

/// The address; parameters stand behind it.
fn first(data: &[u8]) -> &[u8] {
    strings(data).next().unwrap_or_default()
}

fn bare(path: &[u8]) -> &[u8] {
    path.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">")).unwrap_or(path)
}

#[cfg(test)]
mod tests;
