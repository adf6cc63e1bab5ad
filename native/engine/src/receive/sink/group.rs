//! The commit of runs of entries in groups: the disk then makes all their contents durable together, and all their names.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use ultra_files::EntryKind;

use super::{Sink, tell_failed};
use crate::core::event::Event;
use crate::core::fault::Fault;
use crate::core::stats::{add, lap};
use crate::core::words::{FileFault, Leaving, Unkept};
use crate::receive::target::Committed;

/// A group grows to this many entries, and bytes.
const MOST_ENTRIES: usize = 4096;
const MOST_BYTES: u64 = 64 << 20;

/// Where a commit waits for a disk, a group of fewer entries than this waits for more, for at most [`LINGER`]: each group costs two syncs,
/// whatever its size. A quarter of what a sender has under way, so that the next ones arrive meanwhile.
const WORTH_A_SYNC: usize = 1024;
const WORTH_BYTES: u64 = 16 << 20;
const LINGER: Duration = Duration::from_secs(1);

/// BLAKE3 of no bytes.
fn empty_root() -> [u8; 32] {
    *blake3::hash(b"").as_bytes()
}

/// Runs of entries that wait to be committed.
#[derive(Default)]
pub struct Group {
    queue: Mutex<Queue>,
    more: Condvar,
}

#[derive(Default)]
struct Queue {
    /// First entries and counts.
    runs: VecDeque<(u32, u32)>,
    entries: usize,
    bytes: u64,
}

/// A run of entries that were committed alike.
struct Run {
    first: u32,
    count: u32,
    durable: bool,
    unkept: Unkept,
}

impl Group {
    /// No small file is to arrive any more: who waits for others to commit with need not. Behind the lock, so that it is heard by one who is
    /// just about to wait.
    pub fn nothing_more_comes(&self) {
        drop(self.queue.lock());
        self.more.notify_all();
    }
}

impl Sink {
    /// Queues a run of entries; a call of [`Sink::commit_group`] has to follow. `false`: they are not known.
    pub fn queue_entries(&self, first: u32, count: u32) -> bool {
        let Some(end) = first.checked_add(count).filter(|end| *end <= self.target.entry_count()) else {
            return false;
        };
        let bytes: u64 = (first..end).filter_map(|entry| self.target.file_size(entry)).sum();
        let mut queue = self.group.queue.lock();
        queue.runs.push_back((first, count));
        queue.entries += count as usize;
        queue.bytes += bytes;
        drop(queue);
        self.group.more.notify_one();
        true
    }

    /// Commits a group of what is queued; COMMITTED or ENTRY_FAILED follows for each. One thread calls it.
    pub fn commit_group(&self) {
        let entries = self.take_group();
        if entries.is_empty() {
            return;
        }
        let start = Instant::now();
        let (ready, missing): (Vec<u32>, Vec<u32>) = entries.into_iter().partition(|entry| self.is_ready(*entry));
        for entry in missing {
            let text = format!("not all of \"{}\" has arrived", self.target.path(entry));
            tell_failed(&*self.tell, self.id, entry, &Fault::new(FileFault::Integrity, text));
        }
        let mut runs: Vec<Run> = Vec::new();
        // Links come when everything else is there, so that a group is all of one kind but for those at the border.
        let (links, others): (Vec<u32>, Vec<u32>) = ready.into_iter().partition(|entry| self.is_link(*entry));
        let mut results = self.target.commit_small(&others);
        results.extend(self.target.commit_links(&links));
        for (entry, result) in others.iter().chain(&links).zip(results) {
            self.small.over(*entry);
            match result {
                Ok(committed) => self.note(*entry, &committed, &mut runs),
                Err(fault) => {
                    self.target.abandon(*entry, Leaving::Nothing);
                    tell_failed(&*self.tell, self.id, *entry, &fault);
                }
            }
        }
        for run in runs {
            self.tell.tell(Event::Committed {
                sink: self.id,
                first: run.first,
                count: run.count,
                durable: run.durable,
                unkept: run.unkept,
            });
        }
        lap(&self.counters.commit_time, start);
    }

    /// Whether all of an entry is here: what has no bytes always is.
    fn is_ready(&self, entry: u32) -> bool {
        match self.target.file_size(entry) {
            None | Some(0) => true,
            Some(_) => self.small.has_arrived(entry),
        }
    }

    fn is_link(&self, entry: u32) -> bool {
        let kind = self.target.kind(entry);
        matches!(kind, Some(EntryKind::Link | EntryKind::HardLink))
    }

    fn note(&self, entry: u32, &Committed { durable, unkept }: &Committed, runs: &mut Vec<Run>) {
        if let Some(size) = self.target.file_size(entry) {
            add(&self.counters.committed_files, 1);
            if size == 0 && self.roots.set(entry, empty_root()).is_err() {
                return tell_failed(&*self.tell, self.id, entry, &super::no_memory());
            }
        }
        match runs.last_mut() {
            Some(run) if run.first + run.count == entry && (run.durable, run.unkept) == (durable, unkept) => {
                run.count += 1;
            }
            _ => runs.push(Run {
                first: entry,
                count: 1,
                durable,
                unkept,
            }),
        }
    }

    /// To be called when a small file is over that joins no group: the last one lets those go on that wait for it.
    pub fn wake_group(&self) {
        if self.small.expected() == 0 {
            self.group.nothing_more_comes();
        }
    }

    /// What is to be committed together, after waiting for more where that is worth it.
    fn take_group(&self) -> Vec<u32> {
        let mut queue = self.group.queue.lock();
        if self.target.waits_for_disk() {
            let until = Instant::now() + LINGER;
            while !queue.runs.is_empty()
                && queue.entries < WORTH_A_SYNC
                && queue.bytes < WORTH_BYTES
                && self.small.expected() > 0
                && !self.group.more.wait_until(&mut queue, until).timed_out()
            {}
        }
        queue.take(|entry| self.target.file_size(entry).unwrap_or(0))
    }
}

impl Queue {
    fn take(&mut self, bytes_of: impl Fn(u32) -> u64) -> Vec<u32> {
        let mut entries = Vec::new();
        let mut bytes = 0;
        while let Some((first, count)) = self.runs.pop_front() {
            let mut next = first;
            let end = first + count;
            while next < end && entries.len() < MOST_ENTRIES && bytes < MOST_BYTES {
                bytes += bytes_of(next);
                entries.push(next);
                next += 1;
            }
            if next < end {
                self.runs.push_front((next, end - next));
                break;
            }
        }
        self.entries -= entries.len();
        self.bytes = self.bytes.saturating_sub(bytes);
        entries
    }
}
