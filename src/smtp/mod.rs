//! SMTP without I/O: bytes in, events and bytes out.

pub mod command;
pub mod data;
pub mod extensions;
mod foreign;
pub mod line;
pub mod parameter;
pub mod reply_reader;
pub mod session;
mod tls;
mod xforward;

pub use data::BareLf;
pub use session::{Aborted, Session, SessionConfig, Step, Transaction};
pub use tls::Tls;
pub use xforward::Origin;
