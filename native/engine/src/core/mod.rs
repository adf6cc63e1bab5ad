//! What all parts of the engine share: events, commands, words, and threads. Nothing here knows QUIC, disks or the door.

pub mod command;
pub mod declare;
pub mod event;
pub mod fault;
pub mod limit;
pub mod options;
pub mod stats;
pub mod tell;
pub mod words;
pub mod workers;
