//! The commit of complete files, as many at once as wait for it: the disk then writes all their contents together, and each folder is
//! synced once.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::{Sink, tell_failed};
use crate::core::event::Event;
use crate::core::fault::Fault;
use crate::core::stats::{add, lap};
use crate::core::words::FileFault;
use crate::receive::target::Committed;

/// Files that are committed together at most. A sender has 256 under way: the next ones are to arrive meanwhile.
const MOST_TOGETHER: usize = 64;

/// An entry that is to be committed, and what its sender says of it.
pub struct Sealed {
    entry: u32,
    size: u64,
    root: [u8; 32],
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
            match self.check(&sealed) {
                Ok(()) => right.push(sealed),
                Err(fault) => self.committed(&sealed, Err(fault)),
            }
        }
        let entries: Vec<u32> = right.iter().map(|sealed| sealed.entry).collect();
        for (sealed, result) in right.iter().zip(self.target.commit_group(&entries)) {
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
                self.roots.lock().insert(entry, sealed.root);
                self.tell.tell(Event::Committed {
                    sink: self.id,
                    entry,
                    durable,
                    unkept,
                });
            }
            Err(fault) => {
                self.target.abandon(entry);
                tell_failed(&*self.tell, self.id, entry, &fault);
            }
        }
    }

    fn check(&self, &Sealed { entry: id, size, root }: &Sealed) -> Result<(), Fault> {
        let Some(known) = self.target.file_size(id) else {
            return Ok(()); // a folder has no contents
        };
        let name = self.target.path(id);
        let integrity = |what: &str| Fault::new(FileFault::Integrity, format!("{what} \"{name}\""));
        if size != known {
            return Err(integrity("the sender sealed another size of"));
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
