//! From the network to the disk: lanes are taken apart, blocks written and verified, complete files committed.

pub mod lane;
pub mod reader;
pub mod sink;
pub mod small;
pub mod target;
