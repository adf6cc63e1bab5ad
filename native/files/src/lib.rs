//! Files on both ends of a transfer: what the sender reads and what the receiver may touch.
//!
//! The sender's side is [`Source`] (what was asked for, by entry id) and [`Walk`] (the manifest, page by page); the receiver's
//! side is [`Sink`] (the manifest as it arrives, part files, commit) inside a [`Root`] that no name can leave. Neither knows
//! QUIC, nor hashes the contents of files, nor decides policy: statuses and errors go up to the control plane.
//!
//! A peer can cause errors here, never panics: nothing is indexed or unwrapped that came from outside.

mod below;
mod clean;
mod clean_folders;
mod commit;
mod create_last;
mod earlier;
mod earlier_parts;
mod ending;
mod error;
mod existing;
mod extra_table;
mod extras;
mod fingerprint;
mod follow;
mod group;
mod held;
mod hidden;
mod holes;
mod in_place;
mod inodes;
mod journal;
mod left_out;
mod link_judge;
mod link_table;
mod links;
mod make_links;
mod names;
mod open_up;
pub mod os;
mod other_name;
mod owner_numbers;
pub mod page;
mod part;
mod path;
mod pattern;
mod preserve;
mod replace;
mod replace_if;
mod requests;
mod reserved;
mod resume;
mod run_record;
mod sandbox;
mod sink;
mod small;
mod source;
mod source_file;
mod state_file;
mod table;
mod ticket_file;
mod transfer_root;
mod tree;
mod trial;
mod try_names;
mod walk;
mod way;

pub use clean::{Cleaned, Depth, Leftover, LeftoverKind, LeftoverState, clean, clean_on};
pub use commit::FinishedFolders;
pub use earlier::Restart;
pub use earlier_parts::{Leftovers, TakenUp};
pub use ending::Leaving;
pub use error::{ErrorClass, FileError};
pub use existing::Existing;
pub use extras::{Extra, Extras, Owner, Preserve, extras_of};
pub use fingerprint::Look;
pub use held::SmallPart;
pub use journal::JOURNAL_BLOCK_LEN;
pub use left_out::{LeftOut, Reason};
pub use links::{MadeLinks, SentLinks, link_root, stays_inside};
pub use names::MAX_NAME_BYTES;
pub use os::Guard;
pub use page::{EntryKind, Linked, MAX_EXTENSION_LEN, MAX_TARGET_LEN, PageBuilder, PageEntry, PageError, decode};
pub use part::{Kept, Part};
pub use path::{MAX_COMPONENT_LEN, MAX_DEPTH, MAX_PATH_LEN, PathFault, SafePath};
pub use replace_if::replace_if;
pub use requests::{Naming, Requests};
pub use reserved::{FileId, Reserved, RunId};
pub use sandbox::Root;
pub use sink::{CommitInfo, Sink, SinkOptions};
pub use source::Source;
pub use source_file::SourceFile;
pub use state_file::StateFile;
pub use table::TargetStatus;
pub use ticket_file::{TicketRead, read_ticket, write_ticket};
pub use transfer_root::{RootEntry, TransferRoot};
pub use tree::MAX_COMPONENTS;
pub use walk::{Page, Walk, WalkOptions};

/// Most entries in a transfer.
pub const MAX_ENTRIES: u32 = 1 << 22;
