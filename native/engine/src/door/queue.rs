//! The queue of events: filled by every thread of the engine, emptied by the one waiting call.
//!
//! Waking JavaScript costs 40 to 100 µs of CPU, so events that only tell progress wait up to [`LINGER`] and runs of verified
//! blocks merge while they wait. Nothing is ever dropped: what can grow without bound is bounded by its producer (control bytes by
//! the stream's window, pages by the walk's own limit, blocks by merging).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::core::event::Event;
use crate::core::tell::Tell;
use crate::core::words::{BlockIndex, EntryId, SinkId};

/// How long a mere progress event may wait for company.
const LINGER: Duration = Duration::from_millis(20);

/// Small files that are worth waking for: a quarter of those that a sender has under way.
const ENOUGH_ARRIVED: u32 = 1024;

/// How many of the last events a run of small files may continue: lanes take turns.
const LOOK_BACK: usize = 16;

#[derive(Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    ready: Condvar,
}

#[derive(Default)]
struct Waiting {
    events: VecDeque<Event>,
    /// How many of the events must not linger.
    urgent: usize,
    /// Small files that have arrived since the last time that was urgent.
    arrived: u32,
    /// When the oldest lingering event came.
    lingering_since: Option<Instant>,
    closed: bool,
}

impl Tell for Queue {
    /// Adds an event that is delivered at once.
    fn tell(&self, event: Event) {
        let mut waiting = self.waiting.lock();
        waiting.events.push_back(event);
        waiting.urgent += 1;
        drop(waiting);
        self.ready.notify_one();
    }

    /// Adds a verified block, merged with the run before where they touch.
    fn verified(&self, sink: SinkId, entry: EntryId, block: BlockIndex, last: bool) {
        let mut waiting = self.waiting.lock();
        if !waiting.merge(sink, entry, block) {
            waiting.events.push_back(Event::Verified {
                sink,
                entry,
                first: block,
                count: 1,
            });
        }
        let first = waiting.lingering_since.is_none();
        if first {
            waiting.lingering_since = Some(Instant::now());
        }
        if last {
            waiting.urgent += 1;
        }
        drop(waiting);
        if first || last {
            self.ready.notify_one();
        }
    }

    /// Adds a run of small files, merged with one that it continues.
    fn arrived(&self, sink: SinkId, first: EntryId, count: u32, urgent: bool) {
        let mut waiting = self.waiting.lock();
        if !waiting.extend(sink, first, count) {
            waiting.events.push_back(Event::Arrived { sink, first, count });
        }
        waiting.arrived += count;
        let is_first = waiting.lingering_since.is_none();
        if is_first {
            waiting.lingering_since = Some(Instant::now());
        }
        let is_urgent = urgent || waiting.arrived >= ENOUGH_ARRIVED;
        if is_urgent {
            waiting.arrived = 0;
            waiting.urgent += 1;
        }
        drop(waiting);
        if is_first || is_urgent {
            self.ready.notify_one();
        }
    }

    /// Nothing comes after what is queued.
    fn close(&self) {
        self.waiting.lock().closed = true;
        self.ready.notify_all();
    }
}

impl Queue {
    /// Waits until there is something to tell, then hands over up to `most` events. `None`: closed and empty.
    pub fn wait(&self, most: usize, timeout: Duration) -> Option<Vec<Event>> {
        let deadline = Instant::now() + timeout;
        let mut waiting = self.waiting.lock();
        loop {
            let now = Instant::now();
            let lingered = waiting.lingering_since.is_some_and(|since| now >= since + LINGER);
            if waiting.urgent > 0 || lingered || (waiting.closed && !waiting.events.is_empty()) {
                return Some(waiting.take(most));
            }
            if waiting.closed {
                return None;
            }
            let until = waiting
                .lingering_since
                .map_or(deadline, |since| (since + LINGER).min(deadline));
            if now >= until {
                return Some(Vec::new());
            }
            self.ready.wait_until(&mut waiting, until);
        }
    }
}

impl Waiting {
    /// Adds a block to the last event, if that is the run before it.
    fn merge(&mut self, of_sink: SinkId, of_entry: EntryId, block: BlockIndex) -> bool {
        match self.events.back_mut() {
            Some(Event::Verified {
                sink,
                entry,
                first,
                count,
            }) if *sink == of_sink && *entry == of_entry && *first + *count == block => {
                *count += 1;
                true
            }
            _ => false,
        }
    }

    /// Adds a run to one of the last events, if that ends where the run begins.
    fn extend(&mut self, of_sink: SinkId, start: EntryId, more: u32) -> bool {
        let found = self
            .events
            .iter_mut()
            .rev()
            .take(LOOK_BACK)
            .find_map(|event| match event {
                Event::Arrived { sink, first, count } if *sink == of_sink && *first + *count == start => Some(count),
                _ => None,
            });
        if let Some(count) = found {
            *count += more;
            return true;
        }
        false
    }

    fn take(&mut self, most: usize) -> Vec<Event> {
        let count = most.min(self.events.len());
        let taken: Vec<Event> = self.events.drain(..count).collect();
        if self.events.is_empty() {
            self.urgent = 0;
            self.lingering_since = None;
        }
        // Otherwise more is ready at once: `urgent` stays above zero or the linger time has passed.
        taken
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
