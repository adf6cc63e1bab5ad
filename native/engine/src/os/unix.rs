//! What Linux and macOS have in common.

pub(super) mod programs;
