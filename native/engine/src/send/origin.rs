//! Where the bytes of a source come from.

pub mod memory;
pub mod tree;

use ultra_files::EntryKind;

use crate::core::fault::Fault;

/// What is known of an entry: path, kind and size.
pub type Described = (String, EntryKind, u64);

/// Entries by id, which open their bytes when the first grant comes.
pub trait Origin: Send + Sync {
    /// `None`: it was never offered.
    fn describe(&self, id: u32) -> Option<Described>;
    fn open(&self, id: u32) -> Result<Box<dyn Content>, Fault>;
}

/// The bytes of one entry.
pub trait Content: Send + Sync {
    /// Fills `buffer` from this offset.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Fault>;
    /// An error if they are not what they were when the entry was offered.
    fn check_unchanged(&self) -> Result<(), Fault>;
}
