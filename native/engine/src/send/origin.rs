//! Where the bytes of a source come from.

pub mod held;
pub mod memory;
pub mod tree;

use std::sync::Arc;

use ultra_files::{EntryKind, Look, Source as Files};

use crate::blocks::block_tree::BLOCK_LEN;
use crate::core::fault::Fault;

/// What is known of an entry: path, kind and size.
pub type Described = (String, EntryKind, u64);

/// Entries by id, which open their bytes when the first grant comes.
pub trait Origin: Send + Sync {
    /// `None`: it was never offered.
    fn describe(&self, id: u32) -> Option<Described>;
    fn open(&self, id: u32) -> Result<Box<dyn Content>, Fault>;
    /// The files, where there are any: another source may send of them, too.
    fn files(&self) -> Option<Arc<Files>> {
        None
    }
    /// The root of a symbolic link: the hash of its target.
    fn link_root(&self, id: u32) -> Option<[u8; 32]>;
    /// Bytes of a file of one block; `None` for everything else, also for empty files.
    fn small_len(&self, id: u32) -> Option<usize>;
    /// Fills `buffer`, which has its length, with a file of one block. An error if it is not what it was when it was offered.
    fn read_small(&self, id: u32, buffer: &mut [u8]) -> Result<(), Fault>;
}

/// The bytes of one entry.
pub trait Content: Send + Sync {
    /// Fills `buffer` from this offset.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Fault>;
    /// How many whole blocks from this offset on are holes, to be sent without being read.
    fn hole_blocks(&self, offset: u64) -> Result<u64, Fault>;
    /// Compares the file with what it was at the last look, or when it was opened, and keeps what it is now for the next one. An error if its bytes
    /// cannot be those any more.
    fn look(&self) -> Result<Look, Fault>;
    /// Whether it had no name any more at the last look.
    fn is_unlinked(&self) -> bool;
}

/// The length of a file of one block.
fn small_len_of(size: u64) -> Option<usize> {
    (1..=BLOCK_LEN).contains(&size).then_some(size as usize)
}
