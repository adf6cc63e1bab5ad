//! The commit of complete files, as many at once as wait for it: the disk then writes all their contents together, and each folder is
//! synced once.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::{Sink, no_memory, tell_failed};
use crate::blocks::block_tree::BLOCK_LEN;
use crate::core::event::Event;
use crate::core::fault::Fault;
use crate::core::stats::{add, lap};
use crate::core::words::{FileFault, Leaving};
use crate::receive::target::Committed;

/// Files that are committed together at most: as many large ones as a sender has under way.
const MOST_TOGETHER: usize = 64;

/// An entry that is to be committed, and what its sender says of it.
pub struct Sealed {
    entry: u32,
    size: u64,
    root: [u8; 32],
}

impl Sealed {
    /// Whether it is an empty file or one of one block.
    fn is_small(&self) -> bool {
        self.size <= BLOCK_LEN
    }
}

impl Sink {
    /// Queues an entry; a call of [`Sink::commit_queued`] has to follow.
    pub fn queue_commit(&self, entry: u32, size: u64, root: [u8; 32]) {
        self.sealed.lock().push_back(Sealed { entry, size, root });
    }

    /// Checks the values of queued files against their senders' roots and puts the files under their final names; COMMITTED or
    /// ENTRY_FAILED follows for each. What another call has taken up meanwhile is its own.
    pub fn commit_queued(&self) {
        let taken: Vec<Sealed> = {
            let mut sealed = self.sealed.lock();
            let count = sealed.len().min(MOST_TOGETHER);
            sealed.drain(..count).collect()
        };
        let start = Instant::now();
        let mut right = Vec::with_capacity(taken.len());
        for sealed in taken {
            match self.check_sealed(&sealed) {
                Ok(()) => right.push(sealed),
                Err(fault) => self.committed(&sealed, Err(fault)),
            }
        }
        let (small, right): (Vec<Sealed>, Vec<Sealed>) = right.into_iter().partition(|sealed| sealed.is_small());
        let numbers = |sealed: &[Sealed]| sealed.iter().map(|sealed| sealed.entry).collect::<Vec<u32>>();
        for (sealed, result) in right.iter().zip(self.target.commit_group(&numbers(&right))) {
            self.committed(sealed, result);
        }
        for (sealed, result) in small.iter().zip(self.target.commit_small(&numbers(&small))) {
            self.small.over(sealed.entry);
            self.committed(sealed, result);
        }
        lap(&self.counters.commit_time, start);
    }

    /// An entry's end, with what the disk made of it.
    fn committed(&self, sealed: &Sealed, result: Result<Committed, Fault>) {
        let entry = sealed.entry;
        self.forget(entry);
        match result {
            Ok(Committed { durable, unkept }) => {
                add(&self.counters.committed_files, 1);
                // There is room: its memory is one column.
                if self.roots.set(entry, sealed.root).is_err() {
                    return tell_failed(&*self.tell, self.id, entry, &no_memory());
                }
                self.tell.tell(Event::Committed {
                    sink: self.id,
                    first: entry,
                    count: 1,
                    durable,
                    unkept,
                });
            }
            Err(fault) => {
                // Wrong contents are worth nothing to anybody, whoever wrote them; of what the disk did not take, TypeScript says what stays.
                if fault.class == FileFault::Integrity {
                    self.target.abandon(entry, Leaving::Nothing);
                }
                tell_failed(&*self.tell, self.id, entry, &fault);
            }
        }
    }

    fn check_sealed(&self, sealed: &Sealed) -> Result<(), Fault> {
        let &Sealed { entry: id, size, root } = sealed;
        let Some(known) = self.target.file_size(id) else {
            return Ok(()); // a folder has no contents
        };
        let name = self.target.path(id);
        let integrity = |what: &str| Fault::new(FileFault::Integrity, format!("{what} \"{name}\""));
        if size != known {
            return Err(integrity("the sender sealed another size of"));
        }
        if sealed.is_small() && size > 0 {
            let written = self.small.is_unsealed(id) || self.small.has_arrived(id);
            return match self.roots.get(id).filter(|_| written) {
                Some(actual) if actual == root => Ok(()),
                Some(_) => Err(integrity("the bytes are not what the sender sealed of")),
                None => Err(integrity("no block has arrived of")),
            };
        }
        let actual = match self.entry(id) {
            Some(entry) => {
                if entry.failed.load(Ordering::Acquire) {
                    return Err(Fault::new(FileFault::Io, format!("\"{name}\" could not be written")));
                }
                entry.blocks.lock().table.root()
            }
            None if size == 0 => Some(*blake3::hash(b"").as_bytes()),
            None => return Err(integrity("no block has arrived of")),
        };
        match actual {
            Some(actual) if actual == root => Ok(()),
            Some(_) => Err(integrity("the blocks do not add up to the sender's root of")),
            None => Err(integrity("not all blocks are verified of")),
        }
    }
}
