//! The queue of events: filled by every thread of the engine, emptied by the one waiting call.
//!
//! Waking JavaScript costs 40 to 100 µs of CPU, so events that only tell progress wait up to [`LINGER`] and runs of verified
//! blocks merge while they wait. Nothing is ever dropped: what can grow without bound is bounded by its producer (control bytes by
//! the stream's window, pages by the walk's own limit, blocks by merging).

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::layout::EventKind;
use crate::record::Record;

/// How long a mere progress event may wait for company.
const LINGER: Duration = Duration::from_millis(20);

/// Bytes that belong to an event, and what to do once they are taken.
pub struct Payload {
    pub bytes: Vec<u8>,
    pub on_take: Option<Box<dyn FnOnce() + Send>>,
}

#[derive(Default)]
pub struct Events {
    queue: Mutex<Queue>,
    ready: Condvar,
    payloads: Mutex<HashMap<u32, Payload>>,
    next_payload: AtomicU32,
}

#[derive(Default)]
struct Queue {
    records: VecDeque<Record>,
    /// How many of the records must not linger.
    urgent: usize,
    /// When the oldest lingering record came.
    lingering_since: Option<Instant>,
    closed: bool,
}

impl Events {
    /// Adds an event that is delivered at once.
    pub fn push(&self, record: Record) {
        let mut queue = self.lock();
        queue.records.push_back(record);
        queue.urgent += 1;
        drop(queue);
        self.ready.notify_one();
    }

    /// Adds an event with bytes.
    pub fn push_with(&self, record: Record, bytes: Vec<u8>) {
        self.push_taken(record, Payload { bytes, on_take: None });
    }

    /// Adds an event with bytes and something to do when they are taken.
    pub fn push_taken(&self, record: Record, payload: Payload) {
        let id = self.store(payload);
        self.push(record.payload(id));
    }

    /// Adds an event with a text.
    pub fn push_text(&self, record: Record, text: impl Into<String>) {
        self.push_with(record, text.into().into_bytes());
    }

    /// Adds a run of verified blocks, merged with the run before where they touch. `urgent`: the last one of its entry.
    pub fn push_verified(&self, sink: u32, entry: u32, block: u64, urgent: bool) {
        let mut queue = self.lock();
        let merged = queue.records.back_mut().is_some_and(|last| {
            let touches = last.kind == EventKind::Verified as u32
                && last.id == sink
                && last.entry == entry
                && last.first + last.count == block as f64;
            if touches {
                last.count += 1.0;
            }
            touches
        });
        if !merged {
            queue.records.push_back(
                Record::event(EventKind::Verified, sink)
                    .entry(entry)
                    .first(block)
                    .count(1),
            );
        }
        let first = queue.lingering_since.is_none();
        if first {
            queue.lingering_since = Some(Instant::now());
        }
        if urgent {
            queue.urgent += 1;
        }
        drop(queue);
        if first || urgent {
            self.ready.notify_one();
        }
    }

    /// Waits until there is something to tell, then hands over up to `most` records. `None`: closed and empty.
    pub fn wait(&self, most: usize, timeout: Duration) -> Option<Vec<Record>> {
        let deadline = Instant::now() + timeout;
        let mut queue = self.lock();
        loop {
            let now = Instant::now();
            let lingered = queue.lingering_since.is_some_and(|since| now >= since + LINGER);
            if queue.urgent > 0 || lingered || (queue.closed && !queue.records.is_empty()) {
                return Some(queue.take(most));
            }
            if queue.closed {
                return None;
            }
            let until = queue
                .lingering_since
                .map_or(deadline, |since| (since + LINGER).min(deadline));
            if now >= until {
                return Some(Vec::new());
            }
            queue = self
                .ready
                .wait_timeout(queue, until - now)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Moves the bytes of an event out, if they fit.
    pub fn take(&self, payload: u32, room: usize) -> Result<Payload, TakeError> {
        let mut payloads = self.payloads.lock().unwrap_or_else(PoisonError::into_inner);
        match payloads.get(&payload) {
            None => Err(TakeError::Unknown),
            Some(found) if found.bytes.len() > room => Err(TakeError::TooLong),
            Some(_) => payloads.remove(&payload).ok_or(TakeError::Unknown),
        }
    }

    /// Length of an event's bytes, so that the caller can make room.
    pub fn payload_len(&self, payload: u32) -> Option<usize> {
        let payloads = self.payloads.lock().unwrap_or_else(PoisonError::into_inner);
        payloads.get(&payload).map(|found| found.bytes.len())
    }

    /// Nothing comes after what is queued.
    pub fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }

    fn store(&self, payload: Payload) -> u32 {
        let mut payloads = self.payloads.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            // 0 means "no payload"; after 2^32 events an id may still be in use.
            let id = self.next_payload.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            if id != 0 && !payloads.contains_key(&id) {
                payloads.insert(id, payload);
                return id;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeError {
    Unknown,
    TooLong,
}

impl Queue {
    fn take(&mut self, most: usize) -> Vec<Record> {
        let count = most.min(self.records.len());
        let taken: Vec<Record> = self.records.drain(..count).collect();
        if self.records.is_empty() {
            self.urgent = 0;
            self.lingering_since = None;
        }
        // Otherwise more is ready at once: `urgent` stays above zero or the linger time has passed.
        taken
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
