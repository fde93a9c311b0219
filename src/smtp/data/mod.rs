//! The text after DATA: reader and writer of RFC 5321 §4.5.2, inverses of each other.
//!
//! Smuggling lives here. Servers that take `LF . LF`, `CR . CR` or `CRLF . CR CR LF` for the end of
//! data can be made to see two messages where their peer sent one. So the end is `CRLF . CRLF` and
//! nothing else, and a message with a bare CR or a NUL is refused: after its true end, for a server that
//! answers earlier falls out of step with its client. A bare LF is refused alike, or made the CRLF that was
//! meant. What was let in has no such byte, so no sequence that a lenient next hop could misread leaves
//! either: every line of it ends in CRLF, and one that begins with a dot is sent with another.

/// What becomes of a bare LF in a message (`delivery.bare_lf`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareLf {
    /// It ends a line of the text and becomes CRLF. It is never part of an end of data.
    Normalize,
    /// The message is refused.
    Refuse,
}

/// Why a message is not taken although its end was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFault {
    /// A bare CR, a NUL, or a bare LF that is not to be normalized.
    LineEnds,
    /// More octets than allowed.
    TooBig,
    /// The server has no memory left for it.
    NoMemory,
}

/// Collects a message from the bytes that follow DATA, without the dots that were stuffed in.
#[derive(Debug)]
pub struct DataReader {
    at: At,
    store: MessageStore,
}

/// Collects a message from BDAT chunks (RFC 3030), in which no dots are stuffed.
#[derive(Debug)]
pub struct ChunkReader {
    after_cr: bool,
    store: MessageStore,
}

/// Where in a line the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    LineStart,
    /// A dot at the start of a line: stuffed, or the first of the end.
    Dot,
    DotCr,
    /// Behind a bare LF that ended a line.
    BareStart,
    /// A dot there.
    BareDot,
    Text,
    Cr,
    /// Behind `CRLF . CRLF`.
    End,
}

impl DataReader {
    /// A reader for a message that comes in at most `max` octets.
    pub fn new(max: usize, bare_lf: BareLf) -> Self {
        Self { at: At::LineStart, store: MessageStore::new(max, bare_lf) }
    }

    /// Reads on in `input`; gives how many bytes of it belong to the message and its end mark. What
    /// is left over are the client's next commands; it is non-empty only once [`Self::is_done`].
    pub fn read(&mut self, input: &[u8]) -> usize {
        let mut rest = input;
        while self.at != At::End {
            if self.at == At::Text {
                let run = memchr::memchr3(b'\r', b'\n', 0, rest).unwrap_or(rest.len());
                let (text, tail) = rest.split_at_checked(run).unwrap_or((rest, &[]));
                self.store.push(text);
                rest = tail;
            }
            let Some((&byte, tail)) = rest.split_first() else { break };
            rest = tail;
            self.step(byte);
        }
        input.len() - rest.len()
    }

    fn step(&mut self, byte: u8) {
        self.at = match (self.at, byte) {
            (At::LineStart, b'.') => At::Dot,
            (At::BareStart, b'.') => At::BareDot,
            (At::Dot, b'\r') => At::DotCr,
            // Nobody stuffs a dot before a bare LF: it is the text of its line.
            (At::Dot, b'\n') => {
                self.store.push(b".");
                self.text(byte)
            }
            // Clients that end lines in LF stuff dots there or do not know how to. Two dots are one that
            // was stuffed, and a single one is text, as whoever stuffs never sends it.
            (At::BareDot, b'.') => self.text(byte),
            (At::BareDot, _) => {
                self.store.push(b".");
                self.text(byte)
            }
            (At::DotCr, b'\n') => At::End,
            (At::DotCr, _) => {
                self.store.fail(DataFault::LineEnds);
                self.text(byte)
            }
            (At::Cr, b'\n') => {
                self.store.push(b"\r\n");
                At::LineStart
            }
            (At::Cr, _) => {
                self.store.fail(DataFault::LineEnds);
                self.text(byte)
            }
            _ => self.text(byte),
        };
    }

    fn text(&mut self, byte: u8) -> At {
        match byte {
            b'\r' => return At::Cr,
            b'\n' if self.store.bare_lf() => return At::BareStart,
            // Refused.
            b'\n' => {}
            0 => self.store.fail(DataFault::LineEnds),
            _ => self.store.push(&[byte]),
        }
        At::Text
    }

    /// True once the end of data was read.
    pub fn is_done(&self) -> bool {
        self.at == At::End
    }

    /// The client says that so many octets come: they are given room at once where they do.
    pub fn expect(&mut self, octets: u64) {
        self.store.expect(octets);
    }

    /// Octets held.
    pub fn held(&self) -> usize {
        self.store.bytes.len()
    }

    /// Octets of memory that are taken.
    pub fn taken(&self) -> usize {
        self.store.bytes.capacity()
    }

    /// Lets go of what is held and of all that follows, up to the end of data.
    pub fn fail(&mut self, fault: DataFault) {
        self.store.fail(fault);
    }

    /// True once a bare LF was made CRLF.
    pub fn is_normalized(&self) -> bool {
        self.store.is_normalized
    }

    /// The message.
    ///
    /// # Errors
    /// The first fault that was found in it.
    pub fn finish(self) -> Result<Vec<u8>, DataFault> {
        self.store.finish()
    }
}

impl ChunkReader {
    /// A reader for a message that comes in at most `max` octets, in all its chunks.
    pub fn new(max: usize, bare_lf: BareLf) -> Self {
        Self { after_cr: false, store: MessageStore::new(max, bare_lf) }
    }

    /// Takes the next bytes of a chunk.
    pub fn read(&mut self, chunk: &[u8]) {
        // Behind the last CR, LF or NUL; behind the last bare LF.
        let (mut from, mut kept_to) = (0, 0);
        for at in memchr::memchr3_iter(b'\r', b'\n', 0, chunk) {
            // A CR that is pending must be answered by the very next byte.
            let adjacent = at == from;
            from = at + 1;
            match (chunk.get(at), self.after_cr) {
                (Some(b'\r'), false) => {
                    self.after_cr = true;
                    continue;
                }
                (Some(b'\n'), true) if adjacent => {}
                (Some(b'\n'), false) => {
                    self.store.push(chunk.get(kept_to..at).unwrap_or_default());
                    self.store.bare_lf();
                    kept_to = from;
                }
                _ => self.store.fail(DataFault::LineEnds),
            }
            self.after_cr = false;
        }
        if self.after_cr && from < chunk.len() {
            self.store.fail(DataFault::LineEnds);
        }
        self.store.push(chunk.get(kept_to..).unwrap_or_default());
    }

    /// See [`DataReader::expect`].
    pub fn expect(&mut self, octets: u64) {
        self.store.expect(octets);
    }

    /// Octets held.
    pub fn held(&self) -> usize {
        self.store.bytes.len()
    }

    /// Octets of memory that are taken.
    pub fn taken(&self) -> usize {
        self.store.bytes.capacity()
    }

    /// Lets go of what is held and of all that follows.
    pub fn fail(&mut self, fault: DataFault) {
        self.store.fail(fault);
    }

    /// True once a bare LF was made CRLF.
    pub fn is_normalized(&self) -> bool {
        self.store.is_normalized
    }

    /// The message. Where its last line does not end in CRLF, it is ended: DATA, by which the message
    /// travels on, cannot carry an unfinished line (RFC 5321 §4.1.1.4).
    ///
    /// # Errors
    /// The first fault that was found in it.
    pub fn finish(mut self) -> Result<Vec<u8>, DataFault> {
        if self.after_cr && !self.store.bytes.ends_with(b"\n") {
            self.store.fail(DataFault::LineEnds);
        }
        if !self.store.bytes.ends_with(b"\r\n") && !self.store.bytes.is_empty() {
            self.store.add(b"\r\n", 0);
        }
        self.store.finish()
    }
}

/// Octets that a message is given when it begins.
const FIRST: usize = 8 * 1024;
/// From here on a message whose size nobody told grows by a quarter: all that it does not need others have to do without.
const LARGE: usize = 256 * 1024;

#[derive(Debug)]
struct MessageStore {
    bytes: Vec<u8>,
    /// Octets that may still come. What is added here to end lines is not the client's, who knows no other size
    /// than that of what it sends (RFC 1870 §5).
    left: usize,
    /// Octets that come, where the client says so.
    expected: usize,
    bare_lf: BareLf,
    is_normalized: bool,
    fault: Option<DataFault>,
}

impl MessageStore {
    fn new(max: usize, bare_lf: BareLf) -> Self {
        let bytes = Vec::new();
        Self { bytes, left: max, expected: 0, bare_lf, is_normalized: false, fault: None }
    }

    fn expect(&mut self, octets: u64) {
        let most = self.bytes.len().saturating_add(self.left);
        self.expected = usize::try_from(octets).map_or(most, |octets| octets.min(most));
    }

    /// Makes room for `more` octets. What was only announced is given four times what has come, so that nobody takes more
    /// by a word than by what is sent.
    fn make_room(&mut self, more: usize) {
        let needed = self.bytes.len() + more;
        if needed <= self.bytes.capacity() {
            return;
        }
        let room = match needed {
            _ if needed <= self.expected => FIRST.max(needed.saturating_mul(4)).min(self.expected),
            ..LARGE => FIRST.max(needed * 2).min(needed + self.left),
            _ => (needed + needed / 4).min(needed + self.left),
        };
        self.bytes.reserve_exact(room - self.bytes.len());
    }

    /// Adds octets of the client.
    fn push(&mut self, bytes: &[u8]) {
        self.add(bytes, bytes.len());
    }

    /// Adds `bytes`, of which `came` are the client's.
    fn add(&mut self, bytes: &[u8], came: usize) {
        if self.fault.is_some() {
            return;
        }
        match self.left.checked_sub(came) {
            Some(left) => {
                self.left = left;
                self.make_room(bytes.len());
                self.bytes.extend_from_slice(bytes);
            }
            None => self.fail(DataFault::TooBig),
        }
    }

    /// Takes a bare LF, if it may be one; false where it is a fault.
    fn bare_lf(&mut self) -> bool {
        match self.bare_lf {
            BareLf::Normalize => {
                self.add(b"\r\n", 1);
                self.is_normalized = true;
                true
            }
            BareLf::Refuse => {
                self.fail(DataFault::LineEnds);
                false
            }
        }
    }

    fn fail(&mut self, fault: DataFault) {
        self.fault.get_or_insert(fault);
        self.bytes = Vec::new();
    }

    fn finish(mut self) -> Result<Vec<u8>, DataFault> {
        match self.fault {
            Some(fault) => Err(fault),
            None => {
                let spare = self.bytes.capacity() - self.bytes.len();
                if spare > FIRST.max(self.bytes.len() / 8) {
                    self.bytes.shrink_to_fit();
                }
                Ok(self.bytes)
            }
        }
    }
}

/// The end of data as it is sent. The message before it must end in CRLF or be empty.
pub const END_OF_DATA: &[u8] = b".\r\n";

/// Cuts `message`, which begins at the start of a line, into the slices to send for it: a further dot
/// goes before each line that begins with one.
pub fn dot_stuffed(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    let first: &[u8] = if message.starts_with(b".") { b"." } else { b"" };
    let mut rest = message;
    let mut dots = memchr::memmem::find_iter(message, b"\r\n.");
    let mut sent = 0;
    let mut dot_next = false;
    std::iter::once(first).chain(std::iter::from_fn(move || {
        if std::mem::take(&mut dot_next) {
            return Some(&b"."[..]);
        }
        if rest.is_empty() {
            return None;
        }
        let cut = match dots.next() {
            Some(at) => {
                dot_next = true;
                at + 2 - sent
            }
            None => rest.len(),
        };
        let (head, tail) = rest.split_at_checked(cut).unwrap_or((rest, &[]));
        sent += head.len();
        rest = tail;
        Some(head)
    }))
}

#[cfg(test)]
mod tests;
