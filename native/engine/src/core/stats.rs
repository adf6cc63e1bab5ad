//! Counters of a transfer since its beginning, for the verdict and the benchmarks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Defines the counters and their names in one place, in the order in which they cross the door.
macro_rules! counters {
    ($($(#[$doc:meta])* $field:ident = $name:literal),+ $(,)?) => {
        /// All counters; times are in nanoseconds, summed over threads.
        #[derive(Default)]
        pub struct Counters { $($(#[$doc])* pub $field: AtomicU64),+ }

        pub const NAMES: &[&str] = &[$($name),+];

        impl Counters {
            pub fn values(&self) -> Vec<f64> {
                vec![$(self.$field.load(Ordering::Relaxed) as f64),+]
            }
        }
    };
}

counters! {
    /// File bytes read by the read pump.
    read_bytes = "readBytes",
    read_time = "readTime",
    hash_time = "hashTime",
    /// Frame bytes given to QUIC.
    sent_bytes = "sentBytes",
    /// Time in which readers waited for room in the send path.
    send_wait = "sendWait",
    /// Time in which readers waited for the rate limit.
    limit_wait = "limitWait",
    /// Frame bytes that arrived on lanes.
    received_bytes = "receivedBytes",
    written_bytes = "writtenBytes",
    write_time = "writeTime",
    receive_hash_time = "receiveHashTime",
    verified_blocks = "verifiedBlocks",
    mismatched_blocks = "mismatchedBlocks",
    /// Blocks consumed without being written: not needed, verified or claimed elsewhere.
    dropped_blocks = "droppedBlocks",
    committed_files = "committedFiles",
    commit_time = "commitTime",
}

/// Adds the time since `start` to a counter and returns now, so that one clock reading ends one span and starts the next.
pub fn lap(counter: &AtomicU64, start: Instant) -> Instant {
    let now = Instant::now();
    let nanos = u64::try_from((now - start).as_nanos()).unwrap_or(u64::MAX);
    counter.fetch_add(nanos, Ordering::Relaxed);
    now
}

pub fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}
