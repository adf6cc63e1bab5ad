//! The receiver's side of a transfer: which blocks are wanted, claimed and verified. `sink/commit.rs` has the commit of complete files.

mod commit;
mod group;
mod resume;
mod small_claim;

use std::collections::{HashMap, TryReserveError, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};
use ultra_files::Part;

use super::small::SmallFiles;
use super::target::Target;
use crate::blocks::block_table::{BlockTable, Full, OpenGroups};
use crate::blocks::block_tree::BLOCK_LEN;
use crate::blocks::frame::{Encoding, FrameHeader, block_count, block_len};
use crate::blocks::roots::Roots;
use crate::blocks::wanted::Wanted;
use crate::core::event::Event;
use crate::core::fault::Fault;
use crate::core::stats::{Counters, add};
use crate::core::tell::Tell;
use crate::core::words::{FileFault, Leaving};
use commit::Sealed;
use group::Group;
pub use small_claim::SmallClaim;

/// How far the kernel's write-back is pushed along: it starts when a run of this many bytes is verified, so that the final
/// fsync has little left to wait for (WDT's `disk_sync_interval_mb` does the same).
const WRITE_BACK_STEP: u64 = 8 * BLOCK_LEN;

/// What file systems keep holes of at least.
const PAGE: usize = 4096;

pub struct Sink {
    pub id: u32,
    pub target: Arc<dyn Target>,
    pub tell: Arc<dyn Tell>,
    pub counters: Arc<Counters>,
    files: RwLock<Files>,
    open_groups: OpenGroups,
    pub small: SmallFiles,
    /// What TypeScript wants committed; see `sink/commit.rs` and `sink/group.rs`.
    sealed: Mutex<VecDeque<Sealed>>,
    group: Group,
    pub roots: Roots,
    /// The number of the transfer on its link; 0 until it is attached to one.
    transfer: AtomicU32,
    /// It is disposed of: nothing more is read for it.
    closed: AtomicBool,
}

/// What a frame brings that is wanted.
pub enum Claimed {
    /// A file of one block.
    Small(SmallClaim),
    /// A block of a larger file.
    Block(Claim),
}

/// The files that are not over.
#[derive(Default)]
struct Files {
    /// Those of which no block has come: what is needed of them.
    wanted: HashMap<u32, Wanted>,
    /// Those of which a block has come. Only then is room made for them.
    begun: HashMap<u32, Arc<SinkEntry>>,
}

/// One file while it is being received; gone once it is committed or abandoned.
pub struct SinkEntry {
    sink: u32,
    id: u32,
    tell: Arc<dyn Tell>,
    counters: Arc<Counters>,
    target: Arc<dyn Target>,
    /// Made when the first block arrives; `None` inside: it could not be made, or nothing is kept.
    part: OnceLock<Option<Arc<Part>>>,
    blocks: Mutex<Blocks>,
    /// Its failure was told; nothing more is written to it.
    failed: AtomicBool,
    /// A block did not verify, or an earlier run wrote to the part: there may be bytes where no block is verified.
    dirty: AtomicBool,
    /// Its sender says that it has holes, so pages of zeros are not written.
    sparse: bool,
}

/// A block that is wanted may be claimed by one lane, whose claim ends with its value in the table or without success; what is in the
/// table is never written to again.
struct Blocks {
    wanted: Wanted,
    table: BlockTable,
}

/// The right of one lane to write one block. It ends, at the latest, when it is dropped - after the last write has returned.
pub struct Claim {
    entry: Arc<SinkEntry>,
    block: u64,
    /// Nothing but zeros lies where the block belongs.
    is_blank: bool,
    settled: bool,
}

impl Sink {
    pub fn new(id: u32, target: Arc<dyn Target>, tell: Arc<dyn Tell>) -> Arc<Self> {
        Arc::new(Self {
            id,
            target,
            tell,
            counters: Arc::default(),
            files: RwLock::default(),
            open_groups: OpenGroups::bounded(),
            small: SmallFiles::default(),
            sealed: Mutex::default(),
            group: Group::default(),
            roots: Roots::default(),
            transfer: AtomicU32::new(0),
            closed: AtomicBool::new(false),
        })
    }

    /// Lanes of this transfer on its link feed it.
    pub fn attach(&self, transfer: u32) {
        self.transfer.store(transfer, Ordering::Release);
    }

    pub fn transfer(&self) -> u32 {
        self.transfer.load(Ordering::Acquire)
    }

    /// States that files of one block are needed, whole; other entries are passed over. `false`: the entries are not known.
    pub fn expect_entries(&self, first: u32, count: u32) -> bool {
        let Some(end) = first.checked_add(count).filter(|end| *end <= self.target.entry_count()) else {
            return false;
        };
        if self.small.reserve(end).is_err() {
            tell_failed(&*self.tell, self.id, first, &no_memory());
            return true;
        }
        for entry in first..end {
            if self.target.file_size(entry).is_some_and(is_small) {
                self.small.want(entry);
            }
        }
        true
    }

    /// Tells that files of one block have arrived with their seals.
    pub fn tell_arrived(&self, first: u32, count: u32) {
        self.tell.arrived(self.id, first, count, self.small.expected() == 0);
    }

    /// States that blocks are needed. An unknown entry or blocks beyond its size are an error of the caller.
    pub fn expect(&self, id: u32, first: u64, count: u64) -> bool {
        let Some(size) = self.target.file_size(id) else {
            return false;
        };
        if is_small(size) && (first, count) == (0, 1) {
            return self.expect_entries(id, 1);
        }
        let blocks = block_count(size);
        let Some(end) = first.checked_add(count).filter(|end| *end <= blocks) else {
            return false;
        };
        if self.files.write().want(id, first, end, blocks).is_err() {
            tell_failed(&*self.tell, self.id, id, &no_memory());
        }
        true
    }

    /// Checks the header of a frame against the manifest; bytes of its file. `Err`: the peer broke the protocol.
    pub fn check(&self, header: &FrameHeader) -> Result<u64, &'static str> {
        if header.entry >= self.target.entry_count() {
            return Err("a frame of an entry that was never offered");
        }
        let Some(size) = self.target.file_size(header.entry) else {
            return Err("a frame of an entry that is no file");
        };
        let end = header.block.saturating_add(header.blocks());
        let fits = match header.encoding {
            Encoding::Raw => header.length == block_len(size, header.block),
            Encoding::Hole => end <= block_count(size),
        };
        if !fits || header.block >= block_count(size) {
            return Err("a frame that does not fit its file");
        }
        if header.sealed && !is_small(size) {
            return Err("a sealed frame of a file of several blocks");
        }
        Ok(size)
    }

    /// Claims a block of a file of this size for a frame that was checked. `Ok(None)`: it is not wanted; `Err`: the peer broke the protocol.
    pub fn claim(self: &Arc<Self>, id: u32, block: u64, size: u64) -> Result<Option<Claimed>, &'static str> {
        if is_small(size) {
            let claimed = self.small.claim(id);
            return Ok(claimed.then(|| Claimed::Small(SmallClaim::new(self, id, size))));
        }
        Ok(self.claim_block(id, block, size)?.map(Claimed::Block))
    }

    fn claim_block(&self, id: u32, block: u64, size: u64) -> Result<Option<Claim>, &'static str> {
        let Some(entry) = self.entry(id).or_else(|| self.begin(id, size)) else {
            return Ok(None);
        };
        if entry.failed.load(Ordering::Acquire) {
            return Ok(None);
        }
        let claimed = entry.blocks.lock().claim(block);
        match claimed {
            Ok(true) => Ok(Some(Claim {
                is_blank: entry.is_blank(block, size),
                entry,
                block,
                settled: false,
            })),
            Ok(false) => Ok(None),
            Err(Full::Memory) => {
                entry.fail(&no_memory());
                Ok(None)
            }
            Err(full @ Full::Groups) => Err(full.text()),
        }
    }

    /// Gives an entry up.
    pub fn abandon(&self, id: u32, leaving: Leaving) {
        if let Some(entry) = self.files.write().remove(id) {
            entry.failed.store(true, Ordering::Release);
        }
        self.small.over(id);
        self.target.abandon(id, leaving);
    }

    /// Roots of the files committed here, for the transfer root.
    pub fn root_of(&self, id: u32) -> Option<[u8; 32]> {
        self.roots.get(id).or_else(|| self.target.link_root(id))
    }

    fn entry(&self, id: u32) -> Option<Arc<SinkEntry>> {
        let files = self.files.read();
        files.begun.get(&id).cloned()
    }

    /// Makes room for a file whose first frame has come, if it is wanted.
    fn begin(&self, id: u32, size: u64) -> Option<Arc<SinkEntry>> {
        let mut files = self.files.write();
        if let Some(entry) = files.begun.get(&id) {
            return Some(entry.clone()); // another lane was faster
        }
        if files.begun.try_reserve(1).is_err() {
            tell_failed(&*self.tell, self.id, id, &no_memory());
            return None;
        }
        let wanted = files.wanted.remove(&id)?;
        let entry = self.new_entry(id, size, wanted);
        files.begun.insert(id, entry.clone());
        Some(entry)
    }

    fn new_entry(&self, id: u32, size: u64, wanted: Wanted) -> Arc<SinkEntry> {
        let table = BlockTable::new(block_count(size), self.open_groups.clone());
        Arc::new(SinkEntry {
            sink: self.id,
            id,
            tell: self.tell.clone(),
            counters: self.counters.clone(),
            target: self.target.clone(),
            part: OnceLock::new(),
            blocks: Mutex::new(Blocks { wanted, table }),
            failed: AtomicBool::new(false),
            dirty: AtomicBool::new(false),
            sparse: self.target.is_sparse(id),
        })
    }

    fn forget(&self, id: u32) {
        drop(self.files.write().remove(id));
    }
}

impl Files {
    fn want(&mut self, id: u32, first: u64, end: u64, blocks: u64) -> Result<(), TryReserveError> {
        if let Some(entry) = self.begun.get(&id) {
            return entry.blocks.lock().wanted.add(first, end, blocks);
        }
        self.wanted.try_reserve(1)?;
        let wanted = self.wanted.entry(id).or_insert_with(Wanted::none);
        wanted.add(first, end, blocks)
    }

    fn remove(&mut self, id: u32) -> Option<Arc<SinkEntry>> {
        self.wanted.remove(&id);
        self.begun.remove(&id)
    }
}

impl Blocks {
    fn claim(&mut self, block: u64) -> Result<bool, Full> {
        Ok(self.wanted.has(block) && self.table.claim(block)?)
    }
}

impl SinkEntry {
    /// Makes the part file unless there is one: also a file of holes alone needs it. `false`: this file has failed.
    pub fn open(&self) -> bool {
        self.part.get_or_init(|| match self.target.part(self.id) {
            Ok(part) => part,
            Err(fault) => {
                self.fail(&fault);
                None
            }
        });
        !self.failed.load(Ordering::Acquire)
    }

    /// Whether nothing but zeros lies where a block belongs that was just claimed. In a file with holes what was left there is made a hole, so
    /// that a file that is taken up has as many as another one.
    fn is_blank(&self, block: u64, size: u64) -> bool {
        if !self.dirty.load(Ordering::Relaxed) {
            return true;
        }
        // (Without holes its space is reserved, and stays so.)
        if !self.sparse || !self.open() {
            return false;
        }
        let len = u64::from(block_len(size, block));
        let part = self.part.get().and_then(Option::as_ref);
        part.is_some_and(|part| part.clear_range(block * BLOCK_LEN, len).is_ok())
    }

    /// Writes to the part file, `in_turn` with all other such writes to it; with `skips` no pages of zeros. `false`: this file has failed (now or
    /// before); the caller drops the rest of its block.
    fn write_at(&self, offset: u64, bytes: &[u8], in_turn: bool, skips: bool) -> bool {
        if self.failed.load(Ordering::Acquire) || !self.open() {
            return false;
        }
        if let Some(Some(part)) = self.part.get() {
            let write = |at, run: &[u8]| match in_turn {
                true => part.write_in_turn(at, run),
                false => part.write_at(at, run),
            };
            let written = match skips {
                true => data_runs(offset, bytes).try_for_each(|(at, run)| write(at, run)),
                false => write(offset, bytes),
            };
            if let Err(error) = written {
                self.fail(&Fault::from(error));
            }
        }
        add(&self.counters.written_bytes, bytes.len() as u64);
        !self.failed.load(Ordering::Acquire)
    }

    /// Tells the first failure of this file, and only that.
    fn fail(&self, fault: &Fault) {
        if !self.failed.swap(true, Ordering::AcqRel) {
            tell_failed(&*self.tell, self.sink, self.id, fault);
        }
    }
}

impl Claim {
    pub fn entry(&self) -> &SinkEntry {
        &self.entry
    }

    pub fn block(&self) -> u64 {
        self.block
    }

    /// Nothing but zeros lies where the block belongs.
    pub fn is_blank(&self) -> bool {
        self.is_blank
    }

    /// Writes a piece of the block, `in_turn` with all other such writes to its file. `false`: the file has failed (now or before); the caller
    /// drops the rest of the block.
    pub fn write_at(&self, offset: u64, bytes: &[u8], in_turn: bool) -> bool {
        let skips = self.entry.sparse && self.is_blank;
        self.entry.write_at(offset, bytes, in_turn, skips)
    }

    /// The block is written and its value was right.
    pub fn verified(mut self, value: [u8; 32], root: Option<[u8; 32]>) {
        self.settled = true;
        let mut blocks = self.entry.blocks.lock();
        let kept = blocks.table.set(self.block, value, root);
        let complete = blocks.table.is_complete();
        drop(blocks);
        if kept.is_err() {
            return self.entry.fail(&no_memory());
        }
        add(&self.entry.counters.verified_blocks, 1);
        if let Some(Some(part)) = self.entry.part.get() {
            part.note(self.block, value);
        }
        if let Err(fault) = self.push_write_back() {
            // A sync that follows need not tell it again.
            return self.entry.fail(&fault);
        }
        let entry = &self.entry;
        entry.tell.verified(entry.sink, entry.id, self.block, complete);
    }

    /// The block's bytes were wrong: it may come again.
    pub fn mismatched(mut self) {
        self.settled = true;
        self.entry.dirty.store(true, Ordering::Relaxed);
        self.release();
        add(&self.entry.counters.mismatched_blocks, 1);
        self.entry.tell.tell(Event::Mismatch {
            sink: self.entry.sink,
            entry: self.entry.id,
            block: self.block,
        });
    }

    fn release(&self) {
        self.entry.blocks.lock().table.release(self.block);
    }

    fn push_write_back(&self) -> Result<(), Fault> {
        let end = (self.block + 1) * BLOCK_LEN;
        if end.is_multiple_of(WRITE_BACK_STEP)
            && let Some(Some(part)) = self.entry.part.get()
        {
            part.sync_range(end - WRITE_BACK_STEP, WRITE_BACK_STEP)?;
        }
        Ok(())
    }
}

impl Drop for Claim {
    /// The lane died, or a write failed: the block may be claimed again, and what is in the file there is not to be trusted.
    fn drop(&mut self) {
        if !self.settled {
            self.entry.dirty.store(true, Ordering::Relaxed);
            self.release();
        }
    }
}

/// What of some bytes is no whole page of zeros, with the offsets.
fn data_runs(offset: u64, bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
            // Up to the next border of a page of the file.
            let to_border = PAGE - ((offset + at as u64) % PAGE as u64) as usize;
            let piece = rest.get(..to_border).unwrap_or(rest);
            let start = at;
            at += piece.len();
            if is_hole(piece) {
                continue;
            }
            while let Some(more) = bytes.get(at..(at + PAGE).min(bytes.len()))
                && !more.is_empty()
                && !is_hole(more)
            {
                at += more.len();
            }
            return bytes.get(start..at).map(|run| (offset + start as u64, run));
        }
    })
}

fn is_hole(page: &[u8]) -> bool {
    page.len() == PAGE && page.iter().all(|byte| *byte == 0)
}

/// Whether a file of this size has one block.
fn is_small(size: u64) -> bool {
    (1..=BLOCK_LEN).contains(&size)
}

pub fn tell_failed(tell: &dyn Tell, sink: u32, entry: u32, fault: &Fault) {
    tell.tell(Event::EntryFailed {
        sink,
        entry,
        fault: fault.class,
        text: fault.text.clone(),
    });
}

pub fn no_memory() -> Fault {
    Fault::new(FileFault::NoMemory, Full::Memory.text())
}
