//! The guarded edits to msquic's sources (see `build/edits.rs`). Line numbers and checksums are those of msquic 2.6.3.
//!
//! An edit names its reason here and keeps a longer replacement in a file of this folder:
//!
//! ```text
//! Edit {
//!     file: "src/core/example.c",
//!     first_line: 10,
//!     last_line: 12,
//!     sha256: "...", // sed -n 10,12p src/core/example.c | sha256sum
//!     replacement: include_str!("example.c"),
//! }
//! ```

use crate::edits::Edit;

pub const EDITS: &[Edit] = &[];
