//! Walks a source on a thread of its own and hands its pages to TypeScript, never more than [`UNTAKEN`] ahead.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex};
use ultra_files::{Page, Reason, Walk};

use crate::core::declare::{LatePayload, Payload};
use crate::core::event::Event;
use crate::core::fault::Fault;
use crate::core::tell::Tell;
use crate::core::words::{LeftOut, LeftOutReason, Unkept};

/// Pages that may wait to be taken: a tree of 32,768 entries is walked before anyone has come for it, and 4 MiB bound the memory.
const UNTAKEN: usize = 64;

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
        let mut untaken = self.untaken.lock();
        while *untaken >= UNTAKEN && !self.stopped.load(Ordering::Acquire) {
            self.taken.wait(&mut untaken);
        }
        *untaken += 1;
        !self.stopped.load(Ordering::Acquire)
    }

    fn leave(&self) {
        *self.untaken.lock() -= 1;
        self.taken.notify_one();
    }

    pub fn stop(&self) {
        // Under the lock, or a walk that has just looked and is about to wait would sleep through it.
        let _untaken = self.untaken.lock();
        self.stopped.store(true, Ordering::Release);
        self.taken.notify_all();
    }
}

/// What is known of a source when its walk is over.
#[derive(Default)]
struct End {
    entries: u32,
    files: u64,
    size: u64,
    unkept: Unkept,
    left_out: LeftOut,
}

/// Walks a tree to its end: PAGE events, then WALK_END or WALK_FAILED.
pub fn run(source: u32, walk: Walk, pace: &Arc<Pace>, tell: &dyn Tell) {
    match pages(source, walk, pace, tell) {
        Ok(None) => {} // disposed of meanwhile: nothing is reported any more
        Ok(Some(end)) => tell_end(source, end, tell),
        Err(fault) => tell.tell(Event::WalkFailed {
            source,
            fault: fault.class,
            text: fault.text,
        }),
    }
}

/// The one page of a source in memory.
pub fn one(source: u32, page: Option<Page>, pace: &Arc<Pace>, tell: &dyn Tell) {
    let Some(page) = page.filter(|_| pace.enter()) else {
        return;
    };
    let end = End {
        entries: 1,
        files: 1,
        size: page.size,
        ..End::default()
    };
    tell_page(source, page, pace, tell);
    tell_end(source, end, tell);
}

fn pages(source: u32, mut walk: Walk, pace: &Arc<Pace>, tell: &dyn Tell) -> Result<Option<End>, Fault> {
    let mut end = End::default();
    loop {
        if !pace.enter() {
            return Ok(None);
        }
        let Some(page) = walk.next_page()? else {
            end.unkept = walk.kept().into();
            end.left_out = left_out(walk.left_out());
            return Ok(Some(end));
        };
        end.entries += u32::from(page.count);
        end.files += u64::from(page.files);
        end.size += page.size;
        tell_page(source, page, pace, tell);
    }
}

fn tell_end(source: u32, end: End, tell: &dyn Tell) {
    tell.tell(Event::WalkEnd {
        source,
        entries: end.entries,
        files: end.files,
        size: end.size,
        unkept: end.unkept,
        left_out: end.left_out,
    });
}

fn left_out(all: &ultra_files::LeftOut) -> LeftOut {
    let counts = Reason::ALL.into_iter().zip(all.counts());
    let counts = counts.filter(|(_, count)| **count > 0);
    LeftOut {
        counts: counts.map(|(reason, count)| (reason_of(reason), *count)).collect(),
        names: all
            .names()
            .map(|(reason, path)| (reason_of(reason), path.to_owned()))
            .collect(),
    }
}

fn reason_of(reason: Reason) -> LeftOutReason {
    match reason {
        Reason::Unreadable => LeftOutReason::Unreadable,
        Reason::NotUtf8 => LeftOutReason::NotUtf8,
        Reason::Backslash => LeftOutReason::Backslash,
        Reason::ControlCharacter => LeftOutReason::ControlCharacter,
        Reason::Reserved => LeftOutReason::Reserved,
        Reason::TooLong => LeftOutReason::TooLong,
        Reason::Special => LeftOutReason::Special,
        Reason::Unsized => LeftOutReason::Unsized,
        Reason::Link => LeftOutReason::Link,
        Reason::LinkTarget => LeftOutReason::LinkTarget,
        Reason::LinkNowhere => LeftOutReason::LinkNowhere,
        Reason::Vanished => LeftOutReason::Vanished,
        Reason::Chosen => LeftOutReason::Chosen,
        Reason::NotFound => LeftOutReason::NotFound,
    }
}

fn tell_page(source: u32, page: Page, pace: &Arc<Pace>, tell: &dyn Tell) {
    let pace = pace.clone();
    let take = LatePayload(Payload {
        bytes: page.bytes,
        on_take: Some(Box::new(move || pace.leave())),
    });
    tell.tell(Event::Page {
        source,
        first: page.first,
        count: page.count.into(),
        size: page.size,
        take,
    });
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
