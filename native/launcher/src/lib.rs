//! The parts of the launcher. `scripts/payload.ts` writes what [`payload`] reads.
//!
//! The way of a start: [`payload`] reads the manifest, in the part of the executable that [`container`] names; [`start`] sorts arguments and variables into
//! public and secret ones; [`places`] lists where the files may be unpacked; [`home`] makes or checks the unpacked files, with
//! [`stamp`] deciding whether they are untouched; [`run`] becomes Deno. What differs by system is in [`os`].

#![deny(unsafe_code)]

pub mod clean;
pub mod container;
pub mod fresh;
pub mod home;
pub mod memory;
pub mod os;
pub mod payload;
pub mod places;
pub mod refusal;
pub mod run;
pub mod stamp;
pub mod start;
pub mod ticket;
