//! The sender's side of a transfer: what is offered, the values of the blocks read, and the seal of a whole file.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::origin::{Content, Described, Origin};
use crate::blocks::block_table::{BlockTable, Full, OpenGroups};
use crate::blocks::block_tree::{BLOCK_LEN, BlockHasher};
use crate::blocks::codec::{HEADER_ROOM, LaneCodec};
use crate::blocks::frame::{Encoding, FrameHeader, VALUE_LEN, block_count, block_len};
use crate::core::event::Event;
use crate::core::fault::Fault;
use crate::core::limit::Limit;
use crate::core::stats::{Counters, add, lap};
use crate::core::tell::Tell;
use crate::core::words::FileFault;

/// Where the payload of a frame starts in a send buffer: a page after the start, so that the header fits before it.
pub const PAYLOAD_AT: usize = HEADER_ROOM;
/// Length of a send buffer: header room, a block, its value.
pub const FRAME_ROOM: usize = PAYLOAD_AT + BLOCK_LEN as usize + VALUE_LEN;

pub struct Source {
    pub id: u32,
    origin: Box<dyn Origin>,
    tell: Arc<dyn Tell>,
    pub counters: Counters,
    pub limit: Limit,
    open: Mutex<HashMap<u32, Arc<SourceEntry>>>,
    roots: Mutex<HashMap<u32, [u8; 32]>>,
}

/// One file while it is being sent.
struct SourceEntry {
    id: u32,
    size: u64,
    /// `None`: it could not be opened.
    content: Option<Box<dyn Content>>,
    values: Mutex<Values>,
}

struct Values {
    table: BlockTable,
    /// Its failure was told.
    failed: bool,
}

/// A block that was read; its bytes lie in the buffer.
struct ReadBlock {
    header: FrameHeader,
    value: [u8; VALUE_LEN],
}

/// Where a frame lies in its buffer.
pub struct FramePlace {
    pub start: usize,
    pub len: usize,
}

impl Source {
    pub fn new(id: u32, origin: Box<dyn Origin>, tell: Arc<dyn Tell>) -> Arc<Self> {
        Arc::new(Self {
            id,
            origin,
            tell,
            counters: Counters::default(),
            limit: Limit::default(),
            open: Mutex::default(),
            roots: Mutex::default(),
        })
    }

    /// Reads a block, hashes it and puts its frame into `buffer`. `None`: the file has failed, now or before.
    pub fn read_frame(&self, codec: &dyn LaneCodec, id: u32, block: u64, buffer: &mut [u8]) -> Option<FramePlace> {
        let entry = match self.entry(id) {
            Ok(entry) => entry,
            Err(fault) => {
                self.tell_unopened(id, &fault);
                return None;
            }
        };
        if entry.values.lock().failed {
            return None;
        }
        match entry.read(block, buffer, &self.counters) {
            Ok(read) => Some(read.frame(codec, buffer)),
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
            // It was offered and cannot be read any more: reading or sealing reports that, and the command is no mistake.
            Err(_) if self.describe(id).is_some() => return Ok(()),
            Err(fault) => return Err(fault),
        };
        let mut known = entry.values.lock();
        if known.failed {
            return Ok(());
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
        drop(known);
        if let Err(full) = kept {
            self.tell_failed(&entry, &no_room(full));
        }
        Ok(())
    }

    /// Checks that the file is still what was read and tells its root; SEALED or SEAL_FAILED follows.
    pub fn seal(&self, id: u32) {
        let result = self.root(id);
        self.open.lock().remove(&id);
        match result {
            Ok((size, root)) => {
                self.roots.lock().insert(id, root);
                self.tell.tell(Event::Sealed {
                    source: self.id,
                    entry: id,
                    size,
                    root,
                });
            }
            Err(fault) => self.tell.tell(Event::SealFailed {
                source: self.id,
                entry: id,
                fault: fault.class,
                text: fault.text,
            }),
        }
    }

    fn root(&self, id: u32) -> Result<(u64, [u8; 32]), Fault> {
        let entry = self.entry(id)?;
        if let Some(content) = &entry.content {
            content.check_unchanged()?;
        }
        let mut values = entry.values.lock();
        if values.table.lacks_single() {
            // The only block was held by the receiver, so it was not read here: its root needs its bytes.
            drop(values);
            let mut buffer = vec![0; FRAME_ROOM];
            entry.read(0, &mut buffer, &self.counters)?;
            values = entry.values.lock();
        }
        let root = values.table.root();
        let unread = || {
            Fault::new(
                FileFault::Integrity,
                format!("not all of \"{}\" was read", self.path(id)),
            )
        };
        Ok((entry.size, root.ok_or_else(unread)?))
    }

    pub fn root_of(&self, id: u32) -> Option<[u8; 32]> {
        self.roots.lock().get(&id).copied()
    }

    pub fn describe(&self, id: u32) -> Option<Described> {
        self.origin.describe(id)
    }

    fn path(&self, id: u32) -> String {
        self.describe(id).map(|(path, _, _)| path).unwrap_or_default()
    }

    fn entry(&self, id: u32) -> Result<Arc<SourceEntry>, Fault> {
        let mut open = self.open.lock();
        if let Some(entry) = open.get(&id) {
            return Ok(entry.clone());
        }
        let unknown = || Fault::new(FileFault::NotFound, "an entry that was never offered");
        let (_, _, size) = self.describe(id).ok_or_else(unknown)?;
        let content = Some(self.origin.open(id)?);
        let values = Values {
            table: BlockTable::new(block_count(size), OpenGroups::unbounded()),
            failed: false,
        };
        let entry = Arc::new(SourceEntry {
            id,
            size,
            content,
            values: Mutex::new(values),
        });
        open.insert(id, entry.clone());
        Ok(entry)
    }

    fn tell_failed(&self, entry: &SourceEntry, fault: &Fault) {
        let first = !std::mem::replace(&mut entry.values.lock().failed, true);
        if first {
            self.tell_fault(entry.id, fault);
        }
    }

    /// A file that cannot be opened stays known as failed, so that its failure is reported once.
    fn tell_unopened(&self, id: u32, fault: &Fault) {
        let values = Values {
            table: BlockTable::new(0, OpenGroups::unbounded()),
            failed: true,
        };
        let failed = Arc::new(SourceEntry {
            id,
            size: 0,
            content: None,
            values: Mutex::new(values),
        });
        if self.open.lock().insert(id, failed).is_none() {
            self.tell_fault(id, fault);
        }
    }

    fn tell_fault(&self, id: u32, fault: &Fault) {
        self.tell.tell(Event::ReadFailed {
            source: self.id,
            entry: id,
            fault: fault.class,
            text: fault.text.clone(),
        });
    }
}

impl SourceEntry {
    /// Reads a block into `buffer` at [`PAYLOAD_AT`] and keeps its value.
    fn read(&self, block: u64, buffer: &mut [u8], counters: &Counters) -> Result<ReadBlock, Fault> {
        let length = block_len(self.size, block) as usize;
        if length == 0 || buffer.len() < FRAME_ROOM {
            return Err(Fault::new(FileFault::Io, "a block beyond the file's end was asked for"));
        }
        let start = Instant::now();
        let payload = &mut buffer[PAYLOAD_AT..PAYLOAD_AT + length];
        if let Some(content) = &self.content {
            content.read_at(block * BLOCK_LEN, payload)?;
        }
        let read = lap(&counters.read_time, start);
        let mut hasher = BlockHasher::new(block);
        hasher.update(payload);
        let (value, root) = hasher.finish();
        // A block of zeros travels without its bytes: holes of sparse files, and anything else that is empty.
        let encoding = if is_zeros(payload) {
            Encoding::Hole
        } else {
            Encoding::Raw
        };
        lap(&counters.hash_time, read);
        add(&counters.read_bytes, length as u64);
        let kept = self.values.lock().table.set(block, value, root);
        kept.map_err(no_room)?;

        let header = FrameHeader {
            entry: self.id,
            length: length as u32,
            block,
            encoding,
        };
        Ok(ReadBlock { header, value })
    }
}

impl ReadBlock {
    /// Puts header and value around the payload in `buffer`.
    fn frame(&self, codec: &dyn LaneCodec, buffer: &mut [u8]) -> FramePlace {
        let (before, payload) = buffer.split_at_mut(PAYLOAD_AT);
        let header = codec.put_header(&self.header, before);
        let len = self.header.payload_len();
        let value = codec.put_value(&self.value, &mut payload[len..]);
        FramePlace {
            start: PAYLOAD_AT - header,
            len: header + len + value,
        }
    }
}

fn no_room(full: Full) -> Fault {
    Fault::new(FileFault::NoMemory, full.text())
}

/// Whether all bytes are zero. The comparison of a slice with itself shifted by one is a memcmp, which ends at the first difference.
fn is_zeros(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0) && bytes[1..] == bytes[..bytes.len() - 1]
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
