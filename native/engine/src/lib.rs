//! The data plane of `ultra`: msquic, the two pumps and BLAKE3 behind a door of a few functions (`docs/engine.md`).
//!
//! In layers, each of which knows only those below: `door`, `engine`, `send` and `receive`, `net`, `blocks` and `os`, `core`.
//!
//! The way of a byte that is sent: `send/pump` takes a granted block, `send/source` reads and hashes it, `net/quic` sends it. The way
//! of one that is received: `receive/lane` takes what a stream received, `receive/reader` takes it apart, `receive/sink` writes and
//! verifies it, and `receive/commit` gives its file a name.

mod blocks;
mod clipboard;
mod core;
pub mod door;
mod engine;
mod net;
mod os;
mod receive;
mod send;
#[cfg(test)]
mod testing;
