//! Which names the systems can hold beyond what the protocol refuses for all of them. Pure, so that the rules of each system are tested on
//! every other one.
//!
//! What the protocol refuses (`path.rs`: `..`, an absolute path, a drive letter, control characters) ends a transfer. A name that only the
//! receiver's system cannot hold is left out alone, before anything of it is sent. Which two names are one is not decided here: the disk
//! tells, by trying them (`trial.rs`), because tables of upper case and normal forms differ by disk.

pub mod apple;
pub mod windows;

use crate::path::RESERVED_PREFIX;

/// Whether a disk that takes upper and lower case for one would take a name for one of ours, in which nothing of a peer's may be.
fn is_ours_in_other_case(name: &str) -> bool {
    // Nothing but ASCII letters becomes one of these letters when case is folded.
    let start = name.get(..RESERVED_PREFIX.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(RESERVED_PREFIX))
}
