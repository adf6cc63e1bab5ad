//! The sender's side of a transfer: what is offered, the values of the blocks read, and the seals of whole files.
//!
//! The seal follows the data: a file of one block is sealed in its frame, a larger one when its last block was first read. What was read is
//! kept as values until the entry is released, not as an open file: a block that is read again must have the value that it had.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use parking_lot::Mutex;
use ultra_files::{Look, Source as Files};

use super::origin::{Content, Described, Origin};
use crate::blocks::block_table::{BlockTable, Full, Kept, OpenGroups, no_room};
use crate::blocks::block_tree::{BLOCK_LEN, BlockHasher};
use crate::blocks::codec::{HEADER_ROOM, LaneCodec};
use crate::blocks::frame::{Encoding, FrameHeader, FramePlace, VALUE_LEN, block_count, block_len};
use crate::blocks::roots::Roots;
use crate::blocks::zeros::is_zeros;
use crate::core::event::Event;
use crate::core::fault::Fault;
use crate::core::limit::Limit;
use crate::core::stats::{Counters, add, lap};
use crate::core::tell::Tell;
use crate::core::words::FileFault;
use crate::core::workers::Workers;

mod holes;

/// Where the payload of a frame starts in a send buffer: a page after the start, so that the header fits before it.
pub const PAYLOAD_AT: usize = HEADER_ROOM;
/// Length of a send buffer: header room, a block, its value.
pub const FRAME_ROOM: usize = PAYLOAD_AT + BLOCK_LEN as usize + VALUE_LEN;

pub struct Source {
    /// Itself, for what happens later.
    me: Weak<Self>,
    pub id: u32,
    pub(super) origin: Box<dyn Origin>,
    tell: Arc<dyn Tell>,
    pub counters: Counters,
    pub limit: Limit,
    /// The thread on which frames wait for the limit: a reader that slept there would hold up all other sources.
    pub(super) pacer: OnceLock<Arc<Workers>>,
    /// Frames that wait there, or are being sent.
    pub(crate) paced: AtomicUsize,
    open: Mutex<HashMap<u32, Arc<SourceEntry>>>,
    pub(super) roots: Roots,
    /// The thread on which files are read again that were touched, so that no lane waits for it.
    pub(super) rereads: Arc<Workers>,
}

/// A file of several blocks while it is sent, until it is released.
pub(super) struct SourceEntry {
    pub(super) id: u32,
    pub(super) size: u64,
    /// Open from the first block until the file is sealed, and while blocks are read again.
    content: Mutex<Option<Arc<dyn Content>>>,
    values: Mutex<Values>,
}

struct Values {
    table: BlockTable,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// From the start; to `Sealing` with the last value, or to `Failed`.
    Reading,
    /// From `Reading`: one thread looks at the source again, and reads it again if it was touched. To `Sealed` or `Failed`.
    Sealing,
    /// From `Sealing`; to `Failed` when a block that is read again differs.
    Sealed,
    /// From all others, once its failure was told, or it is over.
    Failed,
}

/// A block that was read; its bytes lie in the buffer.
struct ReadBlock {
    header: FrameHeader,
    value: [u8; VALUE_LEN],
    /// It was the last one, so the file is to be sealed.
    completes: bool,
}

impl Source {
    #[cfg(test)]
    pub fn new(id: u32, origin: Box<dyn Origin>, tell: Arc<dyn Tell>, rereads: Arc<Workers>) -> Arc<Self> {
        Self::beside(Roots::default(), id, origin, tell, rereads)
    }

    /// With these roots: another source has the same files.
    pub fn beside(
        roots: Roots,
        id: u32,
        origin: Box<dyn Origin>,
        tell: Arc<dyn Tell>,
        rereads: Arc<Workers>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            id,
            origin,
            tell,
            counters: Counters::default(),
            limit: Limit::default(),
            pacer: OnceLock::new(),
            paced: AtomicUsize::new(0),
            open: Mutex::default(),
            roots,
            rereads,
        })
    }

    /// The files that it sends, where there are any.
    pub fn files(&self) -> Option<Arc<Files>> {
        self.origin.files()
    }

    /// Roots for a source of the same files.
    pub fn roots_beside(&self) -> Roots {
        self.roots.beside()
    }

    /// Bytes of a file of one block; `None` for everything else.
    pub fn small_len(&self, id: u32) -> Option<usize> {
        self.origin.small_len(id)
    }

    /// Reads a block, hashes it and puts its frame into `buffer`. `None`: the file has failed, now or before. A file of which this was the
    /// last block is sealed: SEALED or SEAL_FAILED follows.
    pub fn read_frame(&self, codec: &dyn LaneCodec, id: u32, block: u64, buffer: &mut [u8]) -> Option<FramePlace> {
        let entry = match self.entry(id) {
            Ok(entry) => entry,
            Err(fault) => {
                self.tell_unopened(id, &fault);
                return None;
            }
        };
        if entry.values.lock().state == State::Failed {
            return None;
        }
        match self.read(&entry, block, !codec.is_plain(), buffer) {
            Ok(read) => {
                let place = read.frame(codec, buffer);
                if read.completes {
                    self.seal(&entry);
                }
                Some(place)
            }
            Err(fault) => {
                self.tell_failed(&entry, &fault);
                None
            }
        }
    }

    /// Takes values of blocks that the receiver already holds. `true`: the file is complete by that, and has to be sealed.
    pub fn hold(&self, id: u32, first: u64, values: &[[u8; 32]]) -> Result<bool, Fault> {
        let entry = match self.entry(id) {
            Ok(entry) => entry,
            // It was offered and cannot be read any more: that is a failure of the file, and the command is no mistake.
            Err(fault) if self.describe(id).is_some() => {
                self.tell_unopened(id, &fault);
                return Ok(false);
            }
            Err(fault) => return Err(fault),
        };
        let mut known = entry.values.lock();
        if known.state == State::Failed {
            return Ok(false);
        }
        let end = first.saturating_add(values.len() as u64);
        if end > known.table.blocks() {
            return Err(Fault::new(
                FileFault::Integrity,
                "the receiver holds blocks beyond the file's end",
            ));
        }
        let kept = (first..)
            .zip(values)
            .try_for_each(|(block, value)| known.table.set(block, *value, None));
        if let Err(full) = kept {
            drop(known);
            self.tell_failed(&entry, &no_room(full));
            return Ok(false);
        }
        Ok(known.completes())
    }

    /// Seals a file of which the receiver holds the last blocks.
    pub fn seal_held(&self, id: u32) {
        let entry = self.open.lock().get(&id).cloned();
        if let Some(entry) = entry {
            self.seal(&entry);
        }
    }

    /// Checks that the file is still what was read and tells its root; SEALED or SEAL_FAILED follows. A file that was touched is read again on a
    /// thread of its own.
    fn seal(&self, entry: &Arc<SourceEntry>) {
        match self.content_of(entry).and_then(|content| content.look()) {
            Ok(Look::Same) => self.tell_sealed(entry, self.sealed_root(entry)),
            Ok(Look::Touched | Look::Grown | Look::Changed) => {
                let (me, entry) = (self.me.clone(), entry.clone());
                self.rereads.run(move || {
                    // Otherwise the source is gone, and with it who wanted to know.
                    if let Some(source) = me.upgrade() {
                        source.tell_sealed(&entry, source.reread_root(&entry));
                    }
                });
            }
            Err(fault) => self.tell_sealed(entry, Err(fault)),
        }
    }

    fn tell_sealed(&self, entry: &SourceEntry, result: Result<[u8; 32], Fault>) {
        let result = result.and_then(|root| {
            let kept = self.roots.set(entry.id, root);
            kept.map(|()| root).map_err(|_| no_room(Full::Memory))
        });
        let content = entry.content.lock().take();
        let mut values = entry.values.lock();
        if values.state == State::Failed {
            return;
        }
        values.state = if result.is_ok() { State::Sealed } else { State::Failed };
        drop(values);
        self.tell.tell(match result {
            Ok(root) => Event::Sealed {
                source: self.id,
                entry: entry.id,
                size: entry.size,
                root,
                unlinked: content.is_some_and(|content| content.is_unlinked()),
            },
            Err(fault) => Event::SealFailed {
                source: self.id,
                entry: entry.id,
                fault: fault.class,
                text: fault.text,
            },
        });
    }

    pub(super) fn sealed_root(&self, entry: &SourceEntry) -> Result<[u8; 32], Fault> {
        if entry.values.lock().table.lacks_single() {
            // The only block was held by the receiver, so it was not read here: its root needs its bytes.
            let mut buffer = vec![0; FRAME_ROOM];
            self.read(entry, 0, true, &mut buffer)?;
        }
        let root = entry.values.lock().table.root();
        let unread = || {
            Fault::new(
                FileFault::Integrity,
                format!("not all of \"{}\" was read", self.path(entry.id)),
            )
        };
        root.ok_or_else(unread)
    }

    /// Forgets what was kept for reading these entries again, and ends what is read again now. Their roots stay.
    pub fn release(&self, first: u32, count: u32) {
        let entries = first..first.saturating_add(count);
        let mut open = self.open.lock();
        if open.is_empty() {
            return;
        }
        open.retain(|id, entry| {
            let stays = !entries.contains(id);
            if !stays {
                entry.values.lock().state = State::Failed;
            }
            stays
        });
    }

    pub fn root_of(&self, id: u32) -> Option<[u8; 32]> {
        self.roots.get(id).or_else(|| self.origin.link_root(id))
    }

    pub fn describe(&self, id: u32) -> Option<Described> {
        self.origin.describe(id)
    }

    fn path(&self, id: u32) -> String {
        self.describe(id).map(|(path, _, _)| path).unwrap_or_default()
    }

    pub(super) fn changed(&self, id: u32) -> Fault {
        let text = format!("\"{}\" changed while it was sent", self.path(id));
        Fault::new(FileFault::Changed, text)
    }

    fn entry(&self, id: u32) -> Result<Arc<SourceEntry>, Fault> {
        let mut open = self.open.lock();
        if let Some(entry) = open.get(&id) {
            return Ok(entry.clone());
        }
        let unknown = || Fault::new(FileFault::NotFound, "an entry that was never offered");
        let (_, _, size) = self.describe(id).ok_or_else(unknown)?;
        let content: Arc<dyn Content> = Arc::from(self.origin.open(id)?);
        let entry = SourceEntry::new(id, size, Some(content), State::Reading);
        open.insert(id, entry.clone());
        Ok(entry)
    }

    /// The open file; one that was sealed is opened again.
    pub(super) fn content_of(&self, entry: &SourceEntry) -> Result<Arc<dyn Content>, Fault> {
        let mut content = entry.content.lock();
        if let Some(content) = &*content {
            return Ok(content.clone());
        }
        let opened: Arc<dyn Content> = Arc::from(self.origin.open(entry.id)?);
        *content = Some(opened.clone());
        Ok(opened)
    }

    /// Reads a block into `buffer` at [`PAYLOAD_AT`] and keeps its value. With `holes` one of zeros travels without its bytes.
    fn read(&self, entry: &SourceEntry, block: u64, holes: bool, buffer: &mut [u8]) -> Result<ReadBlock, Fault> {
        let length = block_len(entry.size, block) as usize;
        if length == 0 || buffer.len() < FRAME_ROOM {
            return Err(Fault::new(FileFault::Io, "a block beyond the file's end was asked for"));
        }
        let start = Instant::now();
        let payload = &mut buffer[PAYLOAD_AT..PAYLOAD_AT + length];
        self.content_of(entry)?.read_at(block * BLOCK_LEN, payload)?;
        let read = lap(&self.counters.read_time, start);
        let mut hasher = BlockHasher::new(block);
        hasher.update(payload);
        let (value, root) = hasher.finish();
        // A block of zeros travels without its bytes: holes of sparse files, and anything else that is empty.
        let is_hole = holes && is_zeros(payload);
        lap(&self.counters.hash_time, read);
        add(&self.counters.read_bytes, length as u64);
        let header = FrameHeader {
            entry: entry.id,
            length: if is_hole { 1 } else { length as u32 },
            block,
            encoding: if is_hole { Encoding::Hole } else { Encoding::Raw },
            sealed: false,
        };
        Ok(ReadBlock {
            header,
            value,
            completes: self.keep(entry, block, value, root)?,
        })
    }

    /// Keeps a block's value, which must be the one that it had. `true`: it was the last one that was missing.
    fn keep(&self, entry: &SourceEntry, block: u64, value: [u8; 32], root: Option<[u8; 32]>) -> Result<bool, Fault> {
        let mut values = entry.values.lock();
        let kept = values.table.keep(block, value, root).map_err(no_room)?;
        let completes = kept == Kept::New && values.completes();
        drop(values);
        match kept {
            Kept::New | Kept::Same => {}
            Kept::Other => return Err(self.changed(entry.id)),
            Kept::Merged => self.check_group(entry, block, value)?,
        }
        Ok(completes)
    }

    /// Reads all of a group again, of whose values only one is left.
    fn check_group(&self, entry: &SourceEntry, block: u64, value: [u8; 32]) -> Result<(), Fault> {
        let content = self.content_of(entry)?;
        let blocks = entry.values.lock().table.group_blocks(block);
        let mut bytes = vec![0; BLOCK_LEN as usize];
        let mut values = Vec::new();
        for other in blocks {
            if other == block {
                values.push(value);
                continue;
            }
            let payload = &mut bytes[..block_len(entry.size, other) as usize];
            content.read_at(other * BLOCK_LEN, payload)?;
            let mut hasher = BlockHasher::new(other);
            hasher.update(payload);
            values.push(hasher.finish().0);
        }
        if entry.values.lock().table.is_group(block, &values) {
            return Ok(());
        }
        Err(self.changed(entry.id))
    }

    fn tell_failed(&self, entry: &SourceEntry, fault: &Fault) {
        let before = std::mem::replace(&mut entry.values.lock().state, State::Failed);
        *entry.content.lock() = None;
        if before != State::Failed {
            self.tell_fault(entry.id, fault);
        }
    }

    /// A file that cannot be opened stays known as failed, so that its failure is reported once.
    fn tell_unopened(&self, id: u32, fault: &Fault) {
        let failed = SourceEntry::new(id, 0, None, State::Failed);
        if self.open.lock().insert(id, failed).is_none() {
            self.tell_fault(id, fault);
        }
    }

    pub(super) fn tell_fault(&self, id: u32, fault: &Fault) {
        self.tell.tell(Event::ReadFailed {
            source: self.id,
            entry: id,
            fault: fault.class,
            text: fault.text.clone(),
        });
    }
}

impl SourceEntry {
    fn new(id: u32, size: u64, content: Option<Arc<dyn Content>>, state: State) -> Arc<Self> {
        let table = BlockTable::new(block_count(size), OpenGroups::unbounded());
        Arc::new(Self {
            id,
            size,
            content: Mutex::new(content),
            values: Mutex::new(Values { table, state }),
        })
    }

    /// Whether nothing of it is wanted any more.
    pub(super) fn is_over(&self) -> bool {
        self.values.lock().state == State::Failed
    }
}

impl Values {
    /// Whether all values have come just now. Only one caller gets `true`.
    fn completes(&mut self) -> bool {
        let completes = self.state == State::Reading && self.table.is_complete();
        if completes {
            self.state = State::Sealing;
        }
        completes
    }
}

impl ReadBlock {
    /// Puts header and value around the payload in `buffer`.
    fn frame(&self, codec: &dyn LaneCodec, buffer: &mut [u8]) -> FramePlace {
        let (before, payload) = buffer.split_at_mut(PAYLOAD_AT);
        let header = codec.put_header(&self.header, before);
        let len = self.header.payload_len();
        let value = match self.header.encoding {
            Encoding::Raw => codec.put_value(&self.value, &mut payload[len..]),
            Encoding::Hole => 0,
        };
        FramePlace {
            start: PAYLOAD_AT - header,
            len: header + len + value,
        }
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
pub(super) mod tests;
