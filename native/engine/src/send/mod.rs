//! From the disk to the network: what is offered, read, hashed and given to lanes.

pub mod lane;
pub mod origin;
pub mod pack;
pub mod pump;
mod reread;
pub mod source;
pub mod walk;

#[cfg(test)]
mod plain_tests;
