//! One lane's claim on a file of one block: from the first byte to the closed part file.

use std::sync::Arc;

use ultra_files::SmallPart;

use super::{Sink, no_memory, tell_failed};
use crate::core::event::Event;
use crate::core::fault::Fault;
use crate::core::stats::add;
use crate::core::words::Leaving;

/// The right of one lane to write one small file. It ends, at the latest, when it is dropped.
pub struct SmallClaim {
    sink: Arc<Sink>,
    entry: u32,
    /// Bytes of the file.
    len: u64,
    part: Option<SmallPart>,
    settled: bool,
}

impl SmallClaim {
    /// A claim on a file that was claimed just now.
    pub fn new(sink: &Arc<Sink>, entry: u32, len: u64) -> Self {
        Self {
            sink: sink.clone(),
            entry,
            len,
            part: None,
            settled: false,
        }
    }

    /// Bytes of the file.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Writes a piece. `false`: the file has failed; what follows is dropped.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) -> bool {
        let result = self.open().and_then(|()| match &self.part {
            Some(part) => self.sink.target.write_small(self.entry, part, offset, bytes),
            None => Ok(()),
        });
        add(&self.sink.counters.written_bytes, bytes.len() as u64);
        self.checked(result)
    }

    /// Makes the file zeros. `false`: it has failed.
    pub fn fill(&mut self) -> bool {
        let result = self.open().and_then(|()| match &self.part {
            Some(part) => self.sink.target.extend_small(self.entry, part),
            None => Ok(()),
        });
        self.checked(result)
    }

    /// All bytes are written, and what the frame says of them is right. `true`: the file has arrived with its seal.
    pub fn complete(mut self, root: [u8; 32], sealed: bool) -> bool {
        let finished = match self.part.take() {
            Some(part) => self.sink.target.finish_small(self.entry, part),
            None => Ok(()),
        };
        let kept = finished.and_then(|()| self.sink.roots.set(self.entry, root).map_err(|_| no_memory()));
        if !self.checked(kept) {
            return false;
        }
        self.settled = true;
        if !self.sink.small.arrived(self.entry, sealed) {
            self.sink.target.abandon(self.entry, Leaving::Nothing);
            return false;
        }
        add(&self.sink.counters.verified_blocks, 1);
        if !sealed {
            self.sink.tell.verified(self.sink.id, self.entry, 0, true);
            // A file that is sealed by a message is committed alone, and wakes no group.
            self.sink.wake_group();
        }
        sealed
    }

    /// Its bytes were wrong: the file may come again.
    pub fn mismatched(mut self) {
        self.give_up();
        add(&self.sink.counters.mismatched_blocks, 1);
        self.sink.tell.tell(Event::Mismatch {
            sink: self.sink.id,
            entry: self.entry,
            block: 0,
        });
    }

    fn open(&mut self) -> Result<(), Fault> {
        if self.part.is_none() {
            self.part = self.sink.target.small_part(self.entry)?;
        }
        Ok(())
    }

    /// Tells a failure, which ends the file.
    fn checked(&mut self, result: Result<(), Fault>) -> bool {
        let Err(fault) = result else { return true };
        if let Some(part) = self.part.take() {
            self.sink.target.drop_small(self.entry, part);
        }
        self.settled = true;
        self.sink.small.over(self.entry);
        self.sink.wake_group();
        tell_failed(&*self.sink.tell, self.sink.id, self.entry, &fault);
        false
    }

    fn give_up(&mut self) {
        self.settled = true;
        if let Some(part) = self.part.take() {
            self.sink.target.drop_small(self.entry, part);
        }
        self.sink.small.release(self.entry);
    }
}

impl Drop for SmallClaim {
    /// The lane died: the file may be claimed again.
    fn drop(&mut self) {
        if !self.settled {
            self.give_up();
        }
    }
}
