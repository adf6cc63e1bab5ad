//! Walks a source on a thread of its own and hands its pages to TypeScript, never more than [`UNTAKEN`] ahead.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use ultra_files::{LeftOut, Page, Walk};

use crate::events::{Events, Payload};
use crate::fault::Fault;
use crate::layout::EventKind;
use crate::record::Record;
use crate::source::Source;

/// Pages that may wait to be taken: enough to keep the control stream busy, little enough to bound memory.
const UNTAKEN: usize = 8;

/// Counts pages that are not taken yet.
#[derive(Default)]
pub struct Pace {
    untaken: Mutex<usize>,
    taken: Condvar,
    stopped: AtomicBool,
}

impl Pace {
    /// Waits for room; `false`: the walk is to stop.
    fn enter(&self) -> bool {
        let mut untaken = self.untaken.lock().unwrap_or_else(PoisonError::into_inner);
        while *untaken >= UNTAKEN && !self.stopped.load(Ordering::Acquire) {
            untaken = self.taken.wait(untaken).unwrap_or_else(PoisonError::into_inner);
        }
        *untaken += 1;
        !self.stopped.load(Ordering::Acquire)
    }

    fn leave(&self) {
        *self.untaken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.taken.notify_one();
    }

    pub fn stop(&self) {
        // Under the lock, or a walk that has just looked and is about to wait would sleep through it.
        let _untaken = self.untaken.lock().unwrap_or_else(PoisonError::into_inner);
        self.stopped.store(true, Ordering::Release);
        self.taken.notify_all();
    }
}

#[derive(Default)]
struct Totals {
    entries: u32,
    files: u64,
    size: u64,
}

/// Walks a tree to its end: PAGE events, then WALK_END or WALK_FAILED.
pub fn run(source: u32, walk: Walk, pace: &Arc<Pace>, events: &Events) {
    match pages(source, walk, pace, events) {
        Ok(None) => {} // disposed meanwhile: nobody listens any more
        Ok(Some((totals, left_out))) => tell_end(source, &totals, &left_out, events),
        Err(fault) => {
            let record = Record::event(EventKind::WalkFailed, source).first(u64::from(fault.class as u32));
            events.push_text(record, fault.text);
        }
    }
}

/// The one page of a memory source.
pub fn memory(source: &Source, pace: &Arc<Pace>, events: &Events) {
    if let Some((bytes, size)) = source.memory_page()
        && pace.enter()
    {
        tell_page(
            source.id,
            Page {
                first: 0,
                count: 1,
                bytes,
                files: 1,
                size,
            },
            pace,
            events,
        );
        tell_end(
            source.id,
            &Totals {
                entries: 1,
                files: 1,
                size,
            },
            &LeftOut::default(),
            events,
        );
    }
}

fn pages(source: u32, mut walk: Walk, pace: &Arc<Pace>, events: &Events) -> Result<Option<(Totals, LeftOut)>, Fault> {
    let mut totals = Totals::default();
    loop {
        if !pace.enter() {
            return Ok(None);
        }
        let Some(page) = walk.next_page()? else {
            return Ok(Some((totals, walk.left_out().clone())));
        };
        totals.entries += u32::from(page.count);
        totals.files += u64::from(page.files);
        totals.size += page.size;
        tell_page(source, page, pace, events);
    }
}

fn tell_end(source: u32, totals: &Totals, left_out: &LeftOut, events: &Events) {
    let record = Record::event(EventKind::WalkEnd, source)
        .entry(totals.entries)
        .first(totals.files)
        .count(totals.size);
    let payload = Payload {
        bytes: left_out_bytes(left_out),
        on_take: None,
    };
    events.push_taken(record, payload);
}

/// A `u32` for each reason, in the order of `LEFT_OUT` in `layout.rs`; then the first names, as `word tab path`, joined by NUL: a path
/// may hold a newline, NUL it cannot.
fn left_out_bytes(left_out: &LeftOut) -> Vec<u8> {
    let mut bytes: Vec<u8> = left_out.counts().iter().flat_map(|count| count.to_le_bytes()).collect();
    let names: Vec<String> = left_out
        .names()
        .map(|(reason, path)| format!("{}\t{path}", reason.word()))
        .collect();
    bytes.extend(names.join("\0").into_bytes());
    bytes
}

fn tell_page(source: u32, page: Page, pace: &Arc<Pace>, events: &Events) {
    let pace = pace.clone();
    let record = Record::event(EventKind::Page, source)
        .entry(page.first)
        .first(page.count.into())
        .count(page.size);
    let payload = Payload {
        bytes: page.bytes,
        on_take: Some(Box::new(move || pace.leave())),
    };
    events.push_taken(record, payload);
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
