//! Where a sink puts files.

pub mod discard;
pub mod folder;

use std::sync::Arc;

use ultra_files::{EntryKind, Part};

use crate::core::fault::Fault;
use crate::core::words::{TargetStatus, Unkept};

/// The largest number of bytes that is exact at the door.
const MOST: u64 = 1 << 53;

/// What the disk made of a complete file.
#[derive(Default)]
pub struct Committed {
    /// Its name survives a power cut.
    pub durable: bool,
    pub unkept: Unkept,
}

/// Takes the manifest, gives part files and names them when they are complete.
pub trait Target: Send + Sync {
    /// Takes a page and says what is where its entries should go: one status per entry.
    fn add_page(&self, first: u32, count: u16, entries: &[u8]) -> Result<Vec<TargetStatus>, Fault>;
    fn entry_count(&self) -> u32;
    /// Bytes of a file; `None` for what is no file or not known.
    fn file_size(&self, id: u32) -> Option<u64>;
    /// Path on the wire, kind and size: what the transfer root is made of.
    fn describe(&self, id: u32) -> Option<(String, EntryKind, u64)>;
    /// Why an entry could not be examined, or the folder on the way to it that is none.
    fn detail(&self, id: u32) -> Option<String>;
    /// Where an entry goes, for texts.
    fn path(&self, id: u32) -> String;
    /// `None`: its bytes go nowhere.
    fn part(&self, id: u32) -> Result<Option<Arc<Part>>, Fault>;
    /// Puts complete files (and folders) in their places; the results are in the same order.
    fn commit_group(&self, ids: &[u32]) -> Vec<Result<Committed, Fault>>;
    fn abandon(&self, id: u32);
    /// Gives new folders their modes and times, and says what the file system refused of these.
    fn finish_folders(&self) -> Result<Unkept, Fault>;
    fn free_space(&self) -> u64;
    /// Removes what was not committed.
    fn dispose(&self);
}
