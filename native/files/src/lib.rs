//! Files on both ends of a transfer: what the sender reads and what the receiver may touch.
//!
//! The sender's side is [`Source`] (what was asked for, by entry id) and [`Walk`] (the manifest, page by page); the receiver's
//! side is [`Sink`] (the manifest as it arrives, part files, commit) inside a [`Root`] that no name can leave. Neither knows
//! QUIC, nor hashes the contents of files, nor decides policy: statuses and errors go up to the control plane.
//!
//! A peer can cause errors here, never panics: nothing is indexed or unwrapped that came from outside.

mod commit;
mod error;
mod hidden;
mod left_out;
mod names;
pub mod os;
pub mod page;
mod part;
mod path;
mod sandbox;
mod sink;
mod source;
mod table;
mod ticket_file;
mod transfer_root;
mod tree;
mod walk;

pub use commit::FinishedFolders;
pub use error::{ErrorClass, FileError};
pub use left_out::{LeftOut, Reason};
pub use names::MAX_NAME_BYTES;
pub use os::Guard;
pub use page::{EntryKind, MAX_EXTENSION_LEN, PageBuilder, PageEntry, PageError, decode};
pub use part::{Kept, Part};
pub use path::{MAX_COMPONENT_LEN, MAX_DEPTH, MAX_PATH_LEN, PathFault, SafePath};
pub use sandbox::Root;
pub use sink::{CommitInfo, Sink, SinkOptions};
pub use source::{Source, SourceFile};
pub use table::TargetStatus;
pub use ticket_file::{TicketRead, read_ticket, write_ticket};
pub use transfer_root::{RootEntry, TransferRoot};
pub use tree::MAX_COMPONENTS;
pub use walk::{Page, Walk};

/// Most entries in a transfer.
pub const MAX_ENTRIES: u32 = 1_000_000;
