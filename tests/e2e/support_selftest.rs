//! The test tools themselves: each does what the other tests rely on, and fails where it should.

mod dialog;
mod dns;
mod peers;
mod receiver;
mod tools;
