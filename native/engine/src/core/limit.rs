//! The rate limit of a transfer: when bytes may leave, over all its lanes and connections together.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::stats::lap;

/// How much a thread that woke late may catch up: longer than the scheduler's delays, too short for a noticeable burst.
const BURST: Duration = Duration::from_millis(20);

/// How long one send lasts at the limit, so that a slow limit is a steady trickle and not a block of 1 MiB now and then.
const PART: Duration = Duration::from_millis(20);

/// A smaller send would cost more than it smooths.
const LEAST_PART: usize = 16 * 1024;

/// Lets threads wait until what they are about to send fits the limit. They sleep; no QUIC thread ever waits here.
#[derive(Default)]
pub struct Limit {
    bucket: Mutex<Option<Bucket>>,
    /// A lane has closed, or the rate is another one: those who wait look again.
    changed: Condvar,
    /// Bytes to send at once at most; 0: no limit.
    part: AtomicUsize,
}

impl Limit {
    /// From now on; `None`: as fast as it goes. What waits for an earlier rate goes by the new one, and what has left at the earlier one still
    /// counts: a rate that changes every second is no way around the limit.
    pub fn set(&self, bytes_per_second: Option<f64>) {
        let mut bucket = self.bucket.lock();
        let part = bytes_per_second.map_or(0, |rate| ((rate * PART.as_secs_f64()) as usize).max(LEAST_PART));
        let now = Instant::now();
        let before = bucket.take();
        *bucket = bytes_per_second.map(|rate| match before {
            Some(before) => before.at_rate(rate, now),
            None => Bucket::new(rate, now),
        });
        self.part.store(part, Ordering::Relaxed);
        drop(bucket);
        self.changed.notify_all();
    }

    /// Bytes to send at once at most; `None`: all of them.
    pub fn part(&self) -> Option<usize> {
        Some(self.part.load(Ordering::Relaxed)).filter(|part| *part > 0)
    }

    /// Waits until `bytes` may leave. `false`: the lane closed first, and nothing is to be sent.
    /// `waited` counts the nanoseconds, and is up to date after each change of the rate.
    pub fn wait(&self, bytes: usize, lane_closed: &AtomicBool, waited: &AtomicU64) -> bool {
        let mut bucket = self.bucket.lock();
        let mut reserved: Option<Reserved> = None;
        loop {
            let Some(found) = bucket.as_mut() else {
                return !lane_closed.load(Ordering::Acquire);
            };
            let place = match &reserved {
                Some(place) if place.since == found.started => place.due,
                _ => {
                    let due = found.reserve(bytes, found.started.elapsed());
                    let since = found.started;
                    reserved = Some(Reserved { since, due });
                    due
                }
            };
            if lane_closed.load(Ordering::Acquire) {
                found.give_back(bytes);
                return false;
            }
            let left = place.saturating_sub(found.started.elapsed());
            if left.is_zero() {
                found.waiting = found.waiting.saturating_sub(bytes);
                return true;
            }
            let start = Instant::now();
            self.changed.wait_for(&mut bucket, left);
            lap(waited, start);
        }
    }

    /// To be called after a lane's mark was set: ends the waits for it at once.
    pub fn lane_closed(&self) {
        // The lock excludes a thread between its look at the mark and its sleep.
        drop(self.bucket.lock());
        self.changed.notify_all();
    }
}

/// A place in the queue of the bucket that was made at `since`.
struct Reserved {
    since: Instant,
    due: Duration,
}

/// A token bucket, kept as the time at which it will be empty of debt. Times are since `started`.
struct Bucket {
    started: Instant,
    bytes_per_second: f64,
    /// When the next byte is due.
    next: Duration,
    /// Bytes that have a place and have not left.
    waiting: usize,
}

impl Bucket {
    fn new(bytes_per_second: f64, started: Instant) -> Self {
        Self {
            started,
            bytes_per_second,
            next: Duration::ZERO,
            waiting: 0,
        }
    }

    /// The same at another rate. Whoever waits takes a place once more; what has left is still to be paid for.
    fn at_rate(&self, bytes_per_second: f64, now: Instant) -> Self {
        let debt = self.next.saturating_sub(now.saturating_duration_since(self.started));
        let owed = debt.as_secs_f64() * self.bytes_per_second - self.waiting as f64;
        let next = Duration::try_from_secs_f64(owed.max(0.0) / bytes_per_second).unwrap_or_default();
        Self {
            next,
            ..Self::new(bytes_per_second, now)
        }
    }

    /// Takes the place of `bytes` in the queue; the result is when they may leave.
    fn reserve(&mut self, bytes: usize, now: Duration) -> Duration {
        let due = self.next.max(now.saturating_sub(BURST));
        self.next = due + self.time_of(bytes);
        self.waiting += bytes;
        due
    }

    fn give_back(&mut self, bytes: usize) {
        self.next = self.next.saturating_sub(self.time_of(bytes));
        self.waiting = self.waiting.saturating_sub(bytes);
    }

    fn time_of(&self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.bytes_per_second)
    }
}

#[cfg(test)]
#[path = "limit_tests.rs"]
mod tests;
