//! Where a sink puts files.

pub mod discard;
pub mod folder;

use std::sync::Arc;

use ultra_files::{EntryKind, Leftovers, Part, SmallPart, TakenUp};

use crate::core::fault::Fault;
use crate::core::words::{Leaving, TargetStatus, Unkept};

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
    /// Says which transfer it is, before the first page. `None`: nothing is taken up, and nothing is left for a later run.
    fn begin(&self, transfer: Option<&str>);
    /// What earlier runs left of the entries of the pages that were added since the last call.
    fn taken_up(&self) -> Vec<TakenUp>;
    /// Takes a page and says what is where its entries should go: one status per entry.
    fn add_page(&self, first: u32, count: u16, entries: &[u8]) -> Result<Vec<TargetStatus>, Fault>;
    fn entry_count(&self) -> u32;
    fn kind(&self, id: u32) -> Option<EntryKind>;
    /// Bytes of a file; `None` for what is no file or not known.
    fn file_size(&self, id: u32) -> Option<u64>;
    /// Whether a file has holes, as its sender says.
    fn is_sparse(&self, id: u32) -> bool;
    /// Path on the wire, kind and size: what the transfer root is made of.
    fn describe(&self, id: u32) -> Option<(String, EntryKind, u64)>;
    /// Where an entry goes, for texts.
    fn path(&self, id: u32) -> String;
    /// `None`: its bytes go nowhere.
    fn part(&self, id: u32) -> Result<Option<Arc<Part>>, Fault>;
    /// Puts complete files (and folders) in their places; the results are in the same order.
    fn commit_group(&self, ids: &[u32]) -> Vec<Result<Committed, Fault>>;
    /// The part file of a file of one block; `None`: its bytes go nowhere.
    fn small_part(&self, id: u32) -> Result<Option<SmallPart>, Fault>;
    fn write_small(&self, id: u32, part: &SmallPart, offset: u64, bytes: &[u8]) -> Result<(), Fault>;
    /// Gives a part file of which nothing was written its size: it is zeros.
    fn extend_small(&self, id: u32, part: &SmallPart) -> Result<(), Fault>;
    /// The file is complete; it is closed.
    fn finish_small(&self, id: u32, part: SmallPart) -> Result<(), Fault>;
    fn drop_small(&self, id: u32, part: SmallPart);
    /// Puts small files that are complete, empty files and folders in their places; the results are in the same order.
    fn commit_small(&self, ids: &[u32]) -> Vec<Result<Committed, Fault>>;
    /// Makes symbolic links, and further names of files; the results are in the same order.
    fn commit_links(&self, ids: &[u32]) -> Vec<Result<Committed, Fault>>;
    /// The root of a symbolic link: the hash of its target.
    fn link_root(&self, id: u32) -> Option<[u8; 32]>;
    /// Whether a commit waits for a disk, so that larger groups are worth some waiting.
    fn waits_for_disk(&self) -> bool;
    /// Ends an entry that failed: what has arrived of it is removed, or left to a later run.
    fn abandon(&self, id: u32, leaving: Leaving);
    /// Gives new folders their modes and times, and says what the file system refused of these.
    fn finish_folders(&self) -> Result<Unkept, Fault>;
    fn free_space(&self) -> u64;
    /// Parts of other transfers in the folders that got files.
    fn left_over(&self) -> Leftovers;
    /// Ends it: what was not committed is removed, or left to a later run.
    fn dispose(&self, leaving: Leaving);
}
