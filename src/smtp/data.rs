//! The text after DATA: reader and writer of RFC 5321 §4.5.2, inverses of each other.
//!
//! Smuggling lives here. Servers that take `LF . LF`, `CR . CR` or `CRLF . CR CR LF` for the end of
//! data can be made to see two messages where their peer sent one. So the end is `CRLF . CRLF` and
//! nothing else, and a message with a bare CR, a bare LF or a NUL is refused: after its true end,
//! for a server that answers earlier falls out of step with its client. What was let in has no such
//! byte, so no sequence that a lenient next hop could misread leaves either.

/// Why a message is not taken although its end was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFault {
    /// A bare CR, a bare LF or a NUL.
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

/// Collects a message from BDAT chunks (RFC 3030), which carry no dots.
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
    Text,
    Cr,
    /// Behind `CRLF . CRLF`.
    End,
}

impl DataReader {
    /// A reader for a message of at most `max` octets.
    pub fn new(max: usize) -> Self {
        Self { at: At::LineStart, store: MessageStore::new(max) }
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
            (At::Dot, b'\r') => At::DotCr,
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
            b'\n' | 0 => self.store.fail(DataFault::LineEnds),
            _ => self.store.push(&[byte]),
        }
        At::Text
    }

    /// True once the end of data was read.
    pub fn is_done(&self) -> bool {
        self.at == At::End
    }

    /// Octets held.
    pub fn held(&self) -> usize {
        self.store.bytes.len()
    }

    /// Lets go of what is held and of all that follows, up to the end of data.
    pub fn fail(&mut self, fault: DataFault) {
        self.store.fail(fault);
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
    /// A reader for a message of at most `max` octets in all its chunks.
    pub fn new(max: usize) -> Self {
        Self { after_cr: false, store: MessageStore::new(max) }
    }

    /// Takes the next bytes of a chunk.
    pub fn read(&mut self, chunk: &[u8]) {
        let mut from = 0;
        for at in memchr::memchr3_iter(b'\r', b'\n', 0, chunk) {
            // A CR that is pending must be answered by the very next byte.
            let adjacent = at == from;
            let fits = match chunk.get(at) {
                Some(b'\n') => self.after_cr && adjacent,
                Some(b'\r') => !self.after_cr,
                _ => false,
            };
            if !fits {
                self.store.fail(DataFault::LineEnds);
            }
            self.after_cr = chunk.get(at) == Some(&b'\r');
            from = at + 1;
        }
        if self.after_cr && from < chunk.len() {
            self.store.fail(DataFault::LineEnds);
        }
        self.store.push(chunk);
    }

    /// Octets held.
    pub fn held(&self) -> usize {
        self.store.bytes.len()
    }

    /// Lets go of what is held and of all that follows.
    pub fn fail(&mut self, fault: DataFault) {
        self.store.fail(fault);
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
            self.store.push(b"\r\n");
        }
        self.store.finish()
    }
}

#[derive(Debug)]
struct MessageStore {
    bytes: Vec<u8>,
    max: usize,
    fault: Option<DataFault>,
}

impl MessageStore {
    fn new(max: usize) -> Self {
        Self { bytes: Vec::new(), max, fault: None }
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.fault.is_some() {
        } else if self.bytes.len() + bytes.len() > self.max {
            self.fail(DataFault::TooBig);
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn fail(&mut self, fault: DataFault) {
        self.fault.get_or_insert(fault);
        self.bytes = Vec::new();
    }

    fn finish(self) -> Result<Vec<u8>, DataFault> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(self.bytes),
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(wire: &[u8], cut: usize) -> (Option<Result<Vec<u8>, DataFault>>, Vec<u8>) {
        let mut reader = DataReader::new(1000);
        let (mut rest, mut left) = (Vec::new(), wire);
        for part in wire.chunks(cut.max(1)) {
            if reader.is_done() {
                break;
            }
            let used = reader.read(part);
            left = &left[used..];
        }
        if reader.is_done() {
            rest.extend_from_slice(left);
            return (Some(reader.finish()), rest);
        }
        (None, rest)
    }

    #[test]
    fn ends_at_crlf_dot_crlf_only() {
        type Row = (&'static [u8], Option<Result<&'static [u8], DataFault>>, &'static [u8]);
        const BAD: Option<Result<&[u8], DataFault>> = Some(Err(DataFault::LineEnds));
        let rows: &[Row] = &[
            (b".\r\n", Some(Ok(b"")), b""),
            (b"a\r\n.\r\nQUIT\r\n", Some(Ok(b"a\r\n")), b"QUIT\r\n"),
            (b"..\r\n...\r\n.\r\n", Some(Ok(b".\r\n..\r\n")), b""),
            (b".a\r\n.\r\n", Some(Ok(b"a\r\n")), b""),
            (b"a.\r\n", None, b""),
            (b"a\n.\n", None, b""),
            (b"a\r.\r", None, b""),
            (b"a\n.\r\nb\r\n.\r\nX", BAD, b"X"),
            (b"a\r\n.\nb\r\n.\r\nX", BAD, b"X"),
            (b"a\r\n.\rb\r\n.\r\nX", BAD, b"X"),
            (b"a\r.\r\nb\r\n.\r\nX", BAD, b"X"),
            (b"a\r\n.\r\r\nb\r\n.\r\nX", BAD, b"X"),
            (b"a\r\r\n.\r\r\nb\r\n.\r\nX", BAD, b"X"),
            (b"a\r\n\0.\r\nb\r\n.\r\nX", BAD, b"X"),
            (b"a\r\n.\0\r\nb\r\n.\r\nX", BAD, b"X"),
            (b"a\r\r\n.\r\nX", BAD, b"X"),
            (b"a\0b\r\n.\r\nX", BAD, b"X"),
            (b"a\nb\r\n.\r\nX", BAD, b"X"),
            (b"\n.\r\n\r\n.\r\nX", BAD, b"X"),
            (b".\n\r\n.\r\nX", BAD, b"X"),
        ];
        for (wire, message, rest) in rows {
            for cut in 1..=wire.len() {
                let (got, left) = read(wire, cut);
                let expected = message.map(|m| m.map(<[u8]>::to_vec));
                assert_eq!(got, expected, "{}", wire.escape_ascii());
                assert_eq!(left, *rest, "{}", wire.escape_ascii());
            }
        }
    }

    #[test]
    fn too_big_is_found_and_the_end_too() {
        let mut wire = b"a".repeat(1001);
        wire.extend_from_slice(b"\r\n.\r\nQUIT");
        assert_eq!(read(&wire, 7), (Some(Err(DataFault::TooBig)), b"QUIT".to_vec()));
    }

    #[test]
    fn chunks_refuse_what_data_refuses() {
        for (message, expected) in [
            (&b"a\r\nb\r\n"[..], Ok(&b"a\r\nb\r\n"[..])),
            (b"a\r\n.\r\n", Ok(b"a\r\n.\r\n")),
            (b"a", Ok(b"a\r\n")),
            (b"", Ok(b"")),
            (b"a\nb", Err(DataFault::LineEnds)),
            (b"a\rb", Err(DataFault::LineEnds)),
            (b"a\r", Err(DataFault::LineEnds)),
            (b"a\0", Err(DataFault::LineEnds)),
            (b"a\r\r\n", Err(DataFault::LineEnds)),
            (b"\r\n\n", Err(DataFault::LineEnds)),
            (b"\rx\n", Err(DataFault::LineEnds)),
        ] {
            for cut in 1..=message.len().max(1) {
                let mut reader = ChunkReader::new(100);
                message.chunks(cut).for_each(|part| reader.read(part));
                assert_eq!(
                    reader.finish(),
                    expected.map(<[u8]>::to_vec),
                    "{}",
                    message.escape_ascii()
                );
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_stuffed_reads_back(lines in prop::collection::vec("[.a ]{0,4}", 0..12), cut in 1usize..9) {
            let message: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let mut wire: Vec<u8> = dot_stuffed(message.as_bytes()).flatten().copied().collect();
            wire.extend_from_slice(END_OF_DATA);
            wire.extend_from_slice(b"NEXT");
            prop_assert_eq!(read(&wire, cut), (Some(Ok(message.into_bytes())), b"NEXT".to_vec()));
        }

        #[test]
        fn cuts_do_not_matter(wire in prop::collection::vec(prop::sample::select(&b"\r\n.\0a"[..]), 0..40), cut in 1usize..9) {
            prop_assert_eq!(read(&wire, cut), read(&wire, wire.len()));
        }

        #[test]
        fn data_and_chunks_agree_on_line_ends(body in prop::collection::vec(prop::sample::select(&b"\r\na\0"[..]), 0..20)) {
            let mut chunks = ChunkReader::new(100);
            chunks.read(&body);
            let mut wire = body.clone();
            wire.extend_from_slice(b"\r\n.\r\n");
            let mut whole = body;
            whole.extend_from_slice(b"\r\n");
            let mut with_end = ChunkReader::new(100);
            with_end.read(&whole);
            prop_assert_eq!(read(&wire, 3).0.unwrap().is_ok(), with_end.finish().is_ok());
        }
    }
}
