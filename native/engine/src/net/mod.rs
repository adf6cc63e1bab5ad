//! Connections: what carries them (`transport`), the QUIC library behind safe handles, the control stream, who may come in, and lanes as far as they are streams.

pub mod admission;
pub mod connection;
pub mod control;
pub mod identity;
pub mod outward;
pub mod path_stats;
#[cfg(test)]
pub mod pipe;
pub mod quic;
mod send_buffer_unsafe;
pub mod settings;
pub mod transport;

pub use send_buffer_unsafe::SendBuffer;
