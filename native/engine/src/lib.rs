//! The data plane of `ultra`: msquic, the two pumps and BLAKE3 behind a door of a few functions (`docs/engine.md`).
//!
//! The way of a byte that is sent: `read_pump` takes a granted block, `source` reads and hashes it, `quic` sends it. The way of one
//! that is received: `write_pump` takes what a lane received, `lane_reader` takes it apart, `sink` writes and verifies it, and
//! `sink/commit` gives its file a name.

mod admission;
mod args;
mod block_table;
mod block_tree;
mod control;
pub mod door;
mod engine;
mod events;
mod fault;
mod frame;
mod identity;
mod lane_reader;
mod layout;
mod limit;
mod link;
mod load;
mod path;
mod quic;
mod read_pump;
mod record;
mod sink;
mod source;
mod stats;
mod target;
#[cfg(test)]
mod testing;
mod walk;
mod workers;
mod write_pump;
