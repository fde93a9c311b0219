//! Under a service manager: ready, reloading, well; sockets handed over; and reloads, which lose nothing.

mod manager;
mod reload;
mod sockets;
mod unit;
