//! The rate limit: when bytes may leave, over all lanes and connections of the process together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a thread that woke late may catch up. Longer than the scheduler's delays, too short for anybody to notice the burst.
const BURST: Duration = Duration::from_millis(20);

/// How long one send lasts at the limit, so that a slow limit is a steady trickle and not a block of 1 MiB now and then.
const PART: Duration = Duration::from_millis(20);

/// A smaller send would cost more than it smooths.
const LEAST_PART: usize = 16 * 1024;

/// Lets threads wait until what they are about to send fits the limit. They sleep; no QUIC thread ever waits here.
pub struct Limit {
    started: Instant,
    bucket: Mutex<Bucket>,
    /// A lane has closed: whoever waits for it need not.
    closed: Condvar,
    part: usize,
}

impl Limit {
    pub fn new(bytes_per_second: f64) -> Self {
        let part = (bytes_per_second * PART.as_secs_f64()) as usize;
        Self {
            started: Instant::now(),
            bucket: Mutex::new(Bucket::new(bytes_per_second)),
            closed: Condvar::new(),
            part: part.max(LEAST_PART),
        }
    }

    /// Bytes to send at once at most.
    pub fn part(&self) -> usize {
        self.part
    }

    /// Waits until `bytes` may leave. `false`: the lane closed first, and nothing is to be sent.
    pub fn wait(&self, bytes: usize, lane_closed: &AtomicBool) -> bool {
        let mut bucket = self.lock();
        let due = bucket.reserve(bytes, self.started.elapsed());
        loop {
            if lane_closed.load(Ordering::Acquire) {
                bucket.give_back(bytes);
                return false;
            }
            let left = due.saturating_sub(self.started.elapsed());
            if left.is_zero() {
                return true;
            }
            bucket = self
                .closed
                .wait_timeout(bucket, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// To be called after a lane's mark was set: ends the waits for it at once.
    pub fn lane_closed(&self) {
        // With the lock nobody can be between the look at the mark and the sleep.
        drop(self.lock());
        self.closed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token bucket, kept as the time at which it will be empty of debt. Times are since some start.
struct Bucket {
    bytes_per_second: f64,
    /// When the next byte is due.
    next: Duration,
}

impl Bucket {
    fn new(bytes_per_second: f64) -> Self {
        Self {
            bytes_per_second,
            next: Duration::ZERO,
        }
    }

    /// Takes the place of `bytes` in the queue; the result is when they may leave.
    fn reserve(&mut self, bytes: usize, now: Duration) -> Duration {
        let due = self.next.max(now.saturating_sub(BURST));
        self.next = due + self.time_of(bytes);
        due
    }

    fn give_back(&mut self, bytes: usize) {
        self.next = self.next.saturating_sub(self.time_of(bytes));
    }

    fn time_of(&self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.bytes_per_second)
    }
}

#[cfg(test)]
#[path = "limit_tests.rs"]
mod tests;
