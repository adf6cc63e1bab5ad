//! The sender's side of a transfer: what is offered, the values of the blocks read, and the seal of a whole file.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ultra_files::{EntryKind, PageBuilder, PageEntry, SafePath, Source as Tree, SourceFile, Walk};

use crate::block_table::{BlockTable, Full, OpenGroups};
use crate::block_tree::{BLOCK_LEN, BlockHasher};
use crate::events::Events;
use crate::fault::Fault;
use crate::frame::{Encoding, FrameHeader, HEADER_LEN, VALUE_LEN, block_count, block_len};
use crate::layout::{EventKind, FaultClass};
use crate::record::Record;
use crate::stats::{STATS, add, lap};

/// Where the payload of a frame starts in a send buffer: a page after the start, so that the header fits before it.
pub const PAYLOAD_AT: usize = 4096;
/// Length of a send buffer: header room, a block, its value.
pub const FRAME_ROOM: usize = PAYLOAD_AT + BLOCK_LEN as usize + VALUE_LEN;

pub struct Source {
    pub id: u32,
    origin: Origin,
    events: Arc<Events>,
    open: Mutex<HashMap<u32, Arc<SourceEntry>>>,
    roots: Mutex<HashMap<u32, [u8; 32]>>,
}

enum Origin {
    Tree(Arc<Tree>, Cache),
    /// One file of this size whose bytes need no disk: whatever is in the buffer. For measurements.
    Memory(u64),
}

/// Whether reads may come from the system's memory. Not when a disk is to be measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    Allowed,
    Forgotten,
}

/// One file while it is being sent.
struct SourceEntry {
    id: u32,
    size: u64,
    /// `None` for memory.
    file: Option<SourceFile>,
    values: Mutex<Values>,
}

struct Values {
    table: BlockTable,
    /// Its failure was told.
    failed: bool,
}

/// Where a frame lies in its buffer.
pub struct FramePlace {
    pub start: usize,
    pub len: usize,
}

/// The name and time of a memory source's only entry: it is never written to a disk.
const MEMORY_NAME: &str = "memory";

impl Source {
    /// A source of the user's arguments, and the walk over them.
    pub fn files(id: u32, paths: &[PathBuf], cache: Cache, events: Arc<Events>) -> Result<(Arc<Self>, Walk), Fault> {
        let (tree, walk) = Tree::open(paths)?;
        Ok((Self::new(id, Origin::Tree(tree, cache), events), walk))
    }

    pub fn memory(id: u32, size: u64, events: Arc<Events>) -> Arc<Self> {
        Self::new(id, Origin::Memory(size), events)
    }

    fn new(id: u32, origin: Origin, events: Arc<Events>) -> Arc<Self> {
        Arc::new(Self {
            id,
            origin,
            events,
            open: Mutex::default(),
            roots: Mutex::default(),
        })
    }

    /// The entries of a memory source's page, and its size.
    pub fn memory_page(&self) -> Option<(Vec<u8>, u64)> {
        let Origin::Memory(size) = self.origin else { return None };
        let entry = PageEntry {
            kind: EntryKind::File,
            size: Some(size),
            mode: 0o600,
            mtime: ultra_files::platform::Time { secs: 0, nanos: 0 },
            fingerprint: [0; 16],
            path: SafePath::parse(MEMORY_NAME.as_bytes()).ok()?,
        };
        let mut builder = PageBuilder::new();
        builder.push(&entry).then(|| (builder.take().1, size))
    }

    /// Reads a block, hashes it and puts its frame into `buffer`. `None`: the file has failed, now or before.
    pub fn read_frame(&self, id: u32, block: u64, buffer: &mut [u8]) -> Option<FramePlace> {
        let entry = match self.entry(id) {
            Ok(entry) => entry,
            Err(fault) => {
                self.tell_unopened(id, &fault);
                return None;
            }
        };
        if entry.lock().failed {
            return None;
        }
        match entry.frame(block, buffer) {
            Ok(place) => Some(place),
            Err(fault) => {
                self.tell_failed(&entry, &fault);
                None
            }
        }
    }

    /// Takes values of blocks that the receiver already holds.
    pub fn hold(&self, id: u32, first: u64, values: &[[u8; 32]]) -> Result<(), Fault> {
        let entry = match self.entry(id) {
            Ok(entry) => entry,
            // It was offered and cannot be read any more: that is told when it is read or sealed, and no mistake of its holder.
            Err(_) if self.describe(id).is_some() => return Ok(()),
            Err(fault) => return Err(fault),
        };
        let mut known = entry.lock();
        if known.failed {
            return Ok(());
        }
        let end = first.saturating_add(values.len() as u64);
        if end > known.table.blocks() {
            return Err(Fault::new(
                FaultClass::Integrity,
                "the receiver holds blocks beyond the file's end",
            ));
        }
        let kept = (first..)
            .zip(values)
            .try_for_each(|(block, value)| known.table.set(block, *value, None));
        drop(known);
        if let Err(full) = kept {
            self.tell_failed(&entry, &no_room(full));
        }
        Ok(())
    }

    /// Checks that the file is still what was read and tells its root; SEALED or SEAL_FAILED follows.
    pub fn seal(&self, id: u32) {
        let result = self.root(id);
        self.lock_open().remove(&id);
        match result {
            Ok((size, root)) => {
                self.roots
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(id, root);
                self.events.push(
                    Record::event(EventKind::Sealed, self.id)
                        .entry(id)
                        .first(size)
                        .bytes(root),
                );
            }
            Err(fault) => {
                let record = Record::event(EventKind::SealFailed, self.id)
                    .entry(id)
                    .first(u64::from(fault.class as u32));
                self.events.push_text(record, fault.text);
            }
        }
    }

    fn root(&self, id: u32) -> Result<(u64, [u8; 32]), Fault> {
        let entry = self.entry(id)?;
        if let Some(file) = &entry.file {
            file.check_unchanged()?;
        }
        let mut values = entry.lock();
        if values.table.lacks_single() {
            // The only block was held by the receiver, so it was not read here: its root needs its bytes.
            drop(values);
            let mut buffer = vec![0; FRAME_ROOM];
            entry.frame(0, &mut buffer)?;
            values = entry.lock();
        }
        let root = values.table.root();
        let unread = || {
            Fault::new(
                FaultClass::Integrity,
                format!("not all of \"{}\" was read", self.path(id)),
            )
        };
        Ok((entry.size, root.ok_or_else(unread)?))
    }

    pub fn root_of(&self, id: u32) -> Option<[u8; 32]> {
        self.roots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .copied()
    }

    pub fn describe(&self, id: u32) -> Option<(String, EntryKind, u64)> {
        match &self.origin {
            Origin::Tree(tree, _) => Some((tree.path(id)?, tree.kind(id)?, tree.size(id).unwrap_or(0))),
            Origin::Memory(size) => (id == 0).then(|| (MEMORY_NAME.to_owned(), EntryKind::File, *size)),
        }
    }

    fn path(&self, id: u32) -> String {
        self.describe(id).map(|(path, _, _)| path).unwrap_or_default()
    }

    fn entry(&self, id: u32) -> Result<Arc<SourceEntry>, Fault> {
        let mut open = self.lock_open();
        if let Some(entry) = open.get(&id) {
            return Ok(entry.clone());
        }
        let unknown = || Fault::new(FaultClass::NotFound, "an entry that was never offered");
        let (_, _, size) = self.describe(id).ok_or_else(unknown)?;
        let file = match &self.origin {
            Origin::Tree(tree, cache) => {
                let file = tree.open_entry(id)?;
                if *cache == Cache::Forgotten {
                    file.forget_cached();
                }
                Some(file)
            }
            Origin::Memory(_) => None,
        };
        let values = Values {
            table: BlockTable::new(block_count(size), OpenGroups::unbounded()),
            failed: false,
        };
        let entry = Arc::new(SourceEntry {
            id,
            size,
            file,
            values: Mutex::new(values),
        });
        open.insert(id, entry.clone());
        Ok(entry)
    }

    fn tell_failed(&self, entry: &SourceEntry, fault: &Fault) {
        let first = !std::mem::replace(&mut entry.lock().failed, true);
        if first {
            self.tell(entry.id, fault);
        }
    }

    /// A file that cannot be opened stays known as failed, so that it is told once.
    fn tell_unopened(&self, id: u32, fault: &Fault) {
        let values = Values {
            table: BlockTable::new(0, OpenGroups::unbounded()),
            failed: true,
        };
        let failed = Arc::new(SourceEntry {
            id,
            size: 0,
            file: None,
            values: Mutex::new(values),
        });
        if self.lock_open().insert(id, failed).is_none() {
            self.tell(id, fault);
        }
    }

    fn tell(&self, id: u32, fault: &Fault) {
        let record = Record::event(EventKind::ReadFailed, self.id)
            .entry(id)
            .first(u64::from(fault.class as u32));
        self.events.push_text(record, &fault.text);
    }

    fn lock_open(&self) -> MutexGuard<'_, HashMap<u32, Arc<SourceEntry>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SourceEntry {
    fn frame(&self, block: u64, buffer: &mut [u8]) -> Result<FramePlace, Fault> {
        let length = block_len(self.size, block) as usize;
        if length == 0 || buffer.len() < FRAME_ROOM {
            return Err(Fault::new(
                FaultClass::Io,
                "a block beyond the file's end was asked for",
            ));
        }
        let start = Instant::now();
        let payload = &mut buffer[PAYLOAD_AT..PAYLOAD_AT + length];
        if let Some(file) = &self.file {
            file.read_at(block * BLOCK_LEN, payload)?;
        }
        let read = lap(&STATS.read_time, start);
        let mut hasher = BlockHasher::new(block);
        hasher.update(payload);
        let (value, root) = hasher.finish();
        // A block of zeros travels without its bytes: holes of sparse files, and anything else that is empty.
        let encoding = if is_zeros(payload) {
            Encoding::Hole
        } else {
            Encoding::Raw
        };
        lap(&STATS.hash_time, read);
        add(&STATS.read_bytes, length as u64);
        let kept = self.lock().table.set(block, value, root);
        kept.map_err(no_room)?;

        let header = FrameHeader {
            entry: self.id,
            length: length as u32,
            block,
            encoding,
        };
        let begin = PAYLOAD_AT - HEADER_LEN;
        buffer[begin..PAYLOAD_AT].copy_from_slice(&header.encode());
        let end = PAYLOAD_AT + header.payload_len();
        buffer[end..end + VALUE_LEN].copy_from_slice(&value);
        Ok(FramePlace {
            start: begin,
            len: end + VALUE_LEN - begin,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Values> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_room(full: Full) -> Fault {
    Fault::new(FaultClass::NoMemory, full.text())
}

/// Whether all bytes are zero. The comparison of a slice with itself shifted by one is a memcmp, which ends at the first difference.
fn is_zeros(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0) && bytes[1..] == bytes[..bytes.len() - 1]
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
