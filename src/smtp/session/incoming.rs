//! What a client sends that is not commands: the text after DATA, the chunks of BDAT.

use crate::{
    reply::Reply,
    smtp::data::{BareLf, ChunkReader, DataFault, DataReader},
};

/// Octets under way to a message, or to nowhere.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Behind the 354 of DATA.
    Data(DataReader),
    /// Behind a BDAT that is in order.
    Chunk { announced: u64, left: u64, last: bool, chunks: Chunks },
    /// Behind a BDAT that is refused: its octets are no commands and come all the same.
    Refused { left: u64, reply: Reply },
}

impl Incoming {
    /// Takes from `bytes` what belongs here and gives its length.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Data(reader) => reader.read(bytes),
            Self::Chunk { left, chunks, .. } => {
                let part = up_to(bytes, left);
                chunks.reader.read(part);
                part.len()
            }
            Self::Refused { left, .. } => up_to(bytes, left).len(),
        }
    }

    /// True when what comes next are commands.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Data(reader) => reader.is_done(),
            Self::Chunk { left, .. } | Self::Refused { left, .. } => *left == 0,
        }
    }

    pub(super) fn held(&self) -> usize {
        match self {
            Self::Data(reader) => reader.held(),
            Self::Chunk { chunks, .. } => chunks.held(),
            Self::Refused { .. } => 0,
        }
    }

    pub(super) fn taken(&self) -> usize {
        match self {
            Self::Data(reader) => reader.taken(),
            Self::Chunk { chunks, .. } => chunks.taken(),
            Self::Refused { .. } => 0,
        }
    }

    pub(super) fn fail(&mut self, fault: DataFault) {
        match self {
            Self::Data(reader) => reader.fail(fault),
            Self::Chunk { chunks, .. } => chunks.fail(fault),
            Self::Refused { .. } => {}
        }
    }
}

fn up_to<'a>(bytes: &'a [u8], left: &mut u64) -> &'a [u8] {
    let part = usize::try_from(*left).ok().and_then(|left| bytes.get(..left)).unwrap_or(bytes);
    *left -= part.len() as u64;
    part
}

/// A message that comes by BDAT, from its first chunk to its last.
#[derive(Debug)]
pub(super) struct Chunks {
    reader: ChunkReader,
    /// Octets announced so far.
    total: u64,
    max: usize,
    /// Why a chunk was refused; the chunks behind it, sent before that was known, are refused alike
    /// (RFC 3030 §2).
    fault: Option<DataFault>,
}

impl Chunks {
    /// A message of which the client says that it has `size` octets.
    pub(super) fn new(max: usize, bare_lf: BareLf, size: Option<u64>) -> Self {
        let mut reader = ChunkReader::new(max, bare_lf);
        reader.expect(size.unwrap_or(0));
        Self { reader, total: 0, max, fault: None }
    }

    /// The next chunk. One that would make the message too big fails before it is there.
    pub(super) fn chunk(mut self, octets: u64, last: bool) -> Incoming {
        self.total = self.total.saturating_add(octets);
        if self.total > self.max as u64 {
            self.fail(DataFault::TooBig);
        }
        if last {
            self.reader.expect(self.total);
        }
        Incoming::Chunk { announced: octets, left: octets, last, chunks: self }
    }

    pub(super) fn fault(&self) -> Option<DataFault> {
        self.fault
    }

    pub(super) fn fail(&mut self, fault: DataFault) {
        self.fault.get_or_insert(fault);
        self.reader.fail(fault);
    }

    pub(super) fn held(&self) -> usize {
        self.reader.held()
    }

    pub(super) fn taken(&self) -> usize {
        self.reader.taken()
    }

    pub(super) fn is_normalized(&self) -> bool {
        self.reader.is_normalized()
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, DataFault> {
        match self.fault {
            Some(fault) => Err(fault),
            None => self.reader.finish(),
        }
    }
}
