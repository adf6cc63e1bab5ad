//! The door to TypeScript, `docs/engine.md`: the only part of the engine that knows how values look outside of Rust.

mod abi;
mod blocks;
pub mod ffi;
mod modules;
mod names;
mod payloads;
mod places;
mod queue;
pub mod records;
pub mod states;
mod tables;
pub mod tickets;
mod typescript;

pub use crate::core::command::{Command, Question};
pub use crate::core::declare;
pub use crate::core::event::Event;
pub use crate::core::options;
pub use crate::core::words;
