//! From the disk to the network: what is offered, read, hashed and given to lanes.

pub mod lane;
pub mod origin;
pub mod pack;
pub mod pump;
pub mod source;
pub mod walk;
