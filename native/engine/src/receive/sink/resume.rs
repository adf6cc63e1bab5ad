//! Files that go on where an earlier run ended. What is certain counts at once; what a crash may have taken is read again while other blocks
//! come, and a block that is not what was recorded of it has to come again.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ultra_files::{Restart, TakenUp};

use super::{Sink, SinkEntry, no_memory};
use crate::blocks::block_table::Full;
use crate::blocks::block_tree::{BLOCK_LEN, BlockHasher};
use crate::blocks::frame::block_len;
use crate::blocks::wanted::Wanted;
use crate::core::event::Event;
use crate::core::words::RestartReason;
use crate::core::workers::Workers;

/// Blocks that one job reads again: so many pass before another file has its turn.
const BLOCKS_OF_JOB: usize = 64;

/// Values that one event brings at most.
const VALUES_OF_EVENT: usize = 65_536;

/// A block and its value.
type Recorded = (u64, [u8; 32]);

/// Blocks of a file that an earlier run recorded before it was killed.
pub struct Uncertain {
    entry: Arc<SinkEntry>,
    size: u64,
    blocks: Vec<Recorded>,
}

impl Sink {
    /// Nothing more is read for it.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Tells what earlier runs left of the entries of the last page. What is not certain of it is returned: it is read again once the page
    /// is told as checked, because until then the receiver does not know which of its entries are needed, and takes no news of them.
    pub fn take_up(self: &Arc<Self>) -> Vec<Uncertain> {
        let mut uncertain = Vec::new();
        for taken in self.target.taken_up() {
            match taken {
                TakenUp::Anew { entry, why, occupied } => self.tell.tell(Event::Anew {
                    sink: self.id,
                    entry,
                    why: reason_of(why),
                    occupied,
                }),
                TakenUp::Part {
                    entry,
                    blocks,
                    is_clean,
                    occupied,
                } => uncertain.extend(self.go_on(entry, blocks, (is_clean, occupied))),
            }
        }
        uncertain
    }

    /// Reads again what is not certain, beside everything else.
    pub fn begin_rereads(self: &Arc<Self>, uncertain: Vec<Uncertain>, rereads: &Workers) {
        for Uncertain { entry, size, blocks } in uncertain {
            for piece in blocks.chunks(BLOCKS_OF_JOB) {
                let (sink, entry, piece) = (self.clone(), entry.clone(), piece.to_vec());
                rereads.run(move || sink.reread(&entry, size, &piece));
            }
        }
    }

    fn go_on(
        self: &Arc<Self>,
        id: u32,
        mut blocks: Vec<Recorded>,
        (is_clean, occupied): (bool, u64),
    ) -> Option<Uncertain> {
        let size = self.target.file_size(id)?;
        let entry = self.new_entry(id, size, Wanted::none());
        // Blocks that were not verified may lie where holes belong.
        entry.dirty.store(true, Ordering::Relaxed);
        {
            let mut files = self.files.write();
            if files.begun.try_reserve(1).is_err() {
                entry.fail(&no_memory());
                return None;
            }
            files.begun.insert(id, entry.clone());
        }
        if is_clean {
            let kept = blocks.iter().position(|(block, value)| !entry.keep(*block, *value));
            blocks.truncate(kept.unwrap_or(blocks.len()));
        }
        self.tell_held(id, &blocks);
        self.tell.tell(Event::TakenUp {
            sink: self.id,
            entry: id,
            occupied,
            is_clean,
        });
        (!is_clean).then_some(Uncertain { entry, size, blocks })
    }

    fn tell_held(&self, entry: u32, blocks: &[Recorded]) {
        let follows = |one: &Recorded, next: &Recorded| one.0 + 1 == next.0;
        for run in blocks.chunk_by(follows).flat_map(|run| run.chunks(VALUES_OF_EVENT)) {
            self.tell.tell(Event::Held {
                sink: self.id,
                entry,
                first: run.first().map_or(0, |(block, _)| *block),
                values: run.iter().flat_map(|(_, value)| *value).collect(),
            });
        }
    }

    fn reread(&self, entry: &SinkEntry, size: u64, blocks: &[Recorded]) {
        let mut buffer = vec![0; BLOCK_LEN as usize];
        for (block, value) in blocks {
            if self.closed.load(Ordering::Acquire) || !entry.open() {
                return;
            }
            let bytes = buffer.get_mut(..block_len(size, *block) as usize).unwrap_or_default();
            if entry.holds(*block, *value, bytes) && entry.keep(*block, *value) {
                let is_complete = entry.blocks.lock().table.is_complete();
                self.tell.verified(self.id, entry.id, *block, is_complete);
            } else {
                self.tell.tell(Event::Stale {
                    sink: self.id,
                    entry: entry.id,
                    block: *block,
                });
            }
        }
    }
}

impl SinkEntry {
    /// Whether a block of the part has this value.
    fn holds(&self, block: u64, value: [u8; 32], bytes: &mut [u8]) -> bool {
        let Some(Some(part)) = self.part.get() else {
            return false;
        };
        if part.read_at(block * BLOCK_LEN, bytes).is_err() {
            return false;
        }
        let mut hasher = BlockHasher::new(block);
        hasher.update(bytes);
        hasher.finish().0 == value
    }

    /// Keeps the value of a block that is in the part. `false`: there is no room for it, and the block may come again.
    fn keep(&self, block: u64, value: [u8; 32]) -> bool {
        match self.blocks.lock().table.set(block, value, None) {
            Ok(()) => true,
            Err(Full::Memory | Full::Groups) => false,
        }
    }
}

/// The same word.
fn reason_of(why: Restart) -> RestartReason {
    match why {
        Restart::SourceChanged => RestartReason::SourceChanged,
        Restart::BrokenJournal => RestartReason::BrokenJournal,
        Restart::OtherVersion => RestartReason::OtherVersion,
        Restart::OtherPart => RestartReason::OtherPart,
        Restart::NotOurs => RestartReason::NotOurs,
        Restart::Chosen => RestartReason::Chosen,
    }
}

#[cfg(test)]
#[path = "resume_tests.rs"]
mod tests;
