//! Onward: a mail forwarder.
