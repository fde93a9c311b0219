//! Why a request comes to nothing.

/// Why there is no other answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The body has more than [`MAX_BODY`](super::MAX_BODY) octets.
    TooLarge,
    /// The body did not come in time.
    Slow,
    /// The request ends in its middle.
    Broken,
    /// The head has more octets than are read.
    LongHead,
    /// The head is none of HTTP/1.
    NoRequest,
    /// The head did not come in time.
    SlowHead,
    /// Whoever answers has failed.
    Failed,
    /// Whoever answers takes too long, and goes on with it.
    Late,
}
