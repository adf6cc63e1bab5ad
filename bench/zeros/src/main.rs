//! How fast this machine hashes zeros: `zeros BYTES` hashes so many with BLAKE3, on all cores, and prints the seconds that took.
//!
//! They come from one static buffer, block by block of 1 MiB: nothing is read. `ultra` itself hashes the holes of a file in a way that only
//! zeros allow, where the processor has AVX-512; this is what BLAKE3's own library makes of the machine.

#![forbid(unsafe_code)]

use std::env;
use std::hint::black_box;
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

const BLOCK: usize = 1 << 20;
static ZEROS: [u8; BLOCK] = [0; BLOCK];

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (Some(bytes), None) = (arguments.next().and_then(|text| text.parse().ok()), arguments.next()) else {
        eprintln!("usage: zeros BYTES");
        return ExitCode::from(2);
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let started = Instant::now();
    hash(bytes, cores);
    println!("{:.6}", started.elapsed().as_secs_f64());
    ExitCode::SUCCESS
}

/// Each thread takes the next block that no other thread has taken.
fn hash(bytes: u64, threads: usize) {
    let next = AtomicU64::new(0);
    let blocks = bytes.div_ceil(BLOCK as u64);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < blocks {
                    black_box(blake3::hash(black_box(&ZEROS)));
                }
            });
        }
    });
}
