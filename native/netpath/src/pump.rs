//! Moves packets between two tun devices along both directions of a path, in real time, on one thread.
//!
//! What a packet costs is system calls and wakeups, so both are spent on many at once: the kernel hands over whole bursts
//! (`packet.rs`), and while packets move the thread sleeps [`NAP`] between turns, in which all that has arrived is taken and all
//! that is due is delivered. With nothing moving it sleeps until a packet arrives or is due, exactly.

use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::thread::ClockId;
use serde::Serialize;

use crate::answers::Answers;
use crate::failure::{Context, Failure};
use crate::packet::{Burst, Head, LARGEST, Malformed, Pieces};
use crate::path::{MILLISECOND, Nanos, Path, Verdict};
use crate::shape::Settings;
use crate::tun::Tun;

/// How long packets may wait for company, on arrival and when due, as network cards hold interrupts back: a tenth of the delay
/// within these bounds. Wakeups are most of what the box costs: at 1 Gbit/s, 50 microseconds took half a core, 200 a fifth.
const NAP: (Nanos, Nanos) = (50_000, 200_000);
/// Bytes taken from one side before the other one has its turn.
const TURN: usize = 256 * 1024;
/// A packet that leaves this much after its time is late: the box itself has slowed the path down.
const LATE: Nanos = MILLISECOND;
/// So many late packets in a thousand do not change what is measured.
const LATE_PER_THOUSAND: u64 = 10;

/// What happened in the box; one JSON line.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub seconds: f64,
    /// Processor time of the box, including what the receiving side's network stack does as part of its writes.
    pub cpu_seconds: f64,
    /// Whether the path was as asked for. If not, the box was the bottleneck and no result counts.
    pub kept_up: bool,
    /// Packets that left at least a millisecond after their time.
    pub late: u64,
    pub late_p99_ms: f64,
    pub late_max_ms: f64,
    /// How often end b answered data only after more than 30 ms, and how long these gaps were together.
    pub answer_gaps: u64,
    pub answer_gap_ms: f64,
    pub a_to_b: WayReport,
    pub b_to_a: WayReport,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WayReport {
    pub packets: u64,
    pub bytes: u64,
    pub dropped_by_queue: u64,
    pub lost: u64,
    pub max_queue_bytes: u64,
    /// Packets or bursts that the box did not read in time.
    pub unread: u64,
    /// What the box could not understand, or the receiving kernel did not take: 0 unless something is broken.
    pub refused: u64,
}

pub struct Pump {
    start: Instant,
    ways: [Way; 2],
    nap: Nanos,
    buffer: Vec<u8>,
    head: Head,
    lateness: Lateness,
    answers: Answers,
}

/// One direction. Way 0 leads from device 0 to device 1, way 1 back.
struct Way {
    from: Tun,
    path: Path<Pieces>,
    /// Whether packets of one burst are handed over together.
    joins: bool,
    refused: u64,
}

impl Pump {
    pub fn new(a: Tun, b: Tun, settings: &Settings, seed: u64) -> Self {
        let [there, back] = settings.directions();
        let way = |from, shape, direction| Way {
            from,
            path: Path::new(shape, seed, direction),
            joins: !settings.singly,
            refused: 0,
        };
        Self {
            start: Instant::now(),
            ways: [way(a, there, 0), way(b, back, 1)],
            nap: (there.delay / 10).clamp(NAP.0, NAP.1),
            buffer: vec![0; LARGEST],
            head: Head::new(),
            lateness: Lateness::default(),
            answers: Answers::default(),
        }
    }

    /// Moves packets until something ends it: whenever one of `controls` is readable, `ended` is asked about it by its index.
    pub fn run(
        &mut self,
        controls: &[BorrowedFd<'_>],
        mut ended: impl FnMut(usize) -> bool,
    ) -> Result<Report, Failure> {
        let cpu = cpu_seconds();
        loop {
            let turn = self.now();
            let moved = self.receive().context("cannot read from a tun device")? | self.deliver();
            let until = if moved { Some(turn + self.nap) } else { self.next_due() };
            let readable = self.wait(controls, until, !moved).context("cannot wait")?;
            if readable.into_iter().any(&mut ended) {
                return self.report(cpu_seconds() - cpu);
            }
        }
    }

    /// Takes in what has arrived.
    fn receive(&mut self) -> std::io::Result<bool> {
        let mut moved = false;
        for (index, way) in self.ways.iter_mut().enumerate() {
            let mut taken = 0;
            while taken < TURN
                && let Some(bytes) = way.from.read(&mut self.buffer)?
            {
                taken += bytes;
                let now = nanos(self.start.elapsed());
                way.push(now, &self.buffer[..bytes]);
                if index == 1 {
                    self.answers.answered(now);
                }
            }
            moved |= taken > 0;
        }
        Ok(moved)
    }

    /// Hands on what is due.
    fn deliver(&mut self) -> bool {
        let now = self.now();
        let [there, back] = &mut self.ways;
        let answers = &mut self.answers;
        let there_moved = there.deliver(&back.from, now, &mut self.head, |due, size| {
            self.lateness.count(now - due);
            answers.delivered(now, size);
        });
        back.deliver(&there.from, now, &mut self.head, |due, _| {
            self.lateness.count(now - due)
        }) | there_moved
    }

    /// Sleeps until a time, or until a control is readable or (if asked for) a packet has arrived; gives the readable controls.
    fn wait(&self, controls: &[BorrowedFd<'_>], until: Option<Nanos>, for_packets: bool) -> Result<Vec<usize>, Errno> {
        let now = self.now();
        let timeout = until.map(|until| {
            let nanoseconds = until.saturating_sub(now);
            Timespec {
                tv_sec: (nanoseconds / 1_000_000_000) as i64,
                tv_nsec: (nanoseconds % 1_000_000_000) as i64,
            }
        });
        let packets = self.ways.iter().filter(|_| for_packets).map(|way| way.from.as_fd());
        let mut waited: Vec<_> = controls
            .iter()
            .copied()
            .chain(packets)
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        match poll(&mut waited, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
        let readable = |&index: &usize| !waited[index].revents().is_empty();
        Ok((0..controls.len()).filter(readable).collect())
    }

    fn next_due(&self) -> Option<Nanos> {
        self.ways.iter().filter_map(|way| way.path.next_due()).min()
    }

    fn now(&self) -> Nanos {
        nanos(self.start.elapsed())
    }

    fn report(&self, cpu_seconds: f64) -> Result<Report, Failure> {
        let [there, back] = &self.ways;
        let (a_to_b, b_to_a) = (there.report()?, back.report()?);
        let few_late = self.lateness.late * 1000 <= (a_to_b.packets + b_to_a.packets) * LATE_PER_THOUSAND;
        let unbroken = [&a_to_b, &b_to_a].iter().all(|way| way.unread == 0 && way.refused == 0);
        Ok(Report {
            seconds: self.start.elapsed().as_secs_f64(),
            cpu_seconds,
            kept_up: few_late && unbroken,
            late: self.lateness.late,
            late_p99_ms: milliseconds(self.lateness.percentile(0.99)),
            late_max_ms: milliseconds(self.lateness.max),
            answer_gaps: self.answers.gaps,
            answer_gap_ms: milliseconds(self.answers.gap_time),
            a_to_b,
            b_to_a,
        })
    }
}

impl Way {
    fn push(&mut self, now: Nanos, bytes: &[u8]) {
        let burst = match Burst::read(bytes) {
            Ok(burst) => Rc::new(burst),
            Err(Malformed) => {
                self.refused += 1;
                return;
            }
        };
        if burst.is_multicast() {
            return;
        }
        for first in 0..burst.pieces() {
            let size = burst.piece_bytes(first);
            let _: Verdict = self.path.push(
                now,
                size,
                Pieces {
                    burst: Rc::clone(&burst),
                    first,
                    count: 1,
                },
            );
        }
    }

    /// `noted` gets of each packet when it was due and its size.
    fn deliver(&mut self, to: &Tun, now: Nanos, head: &mut Head, mut noted: impl FnMut(Nanos, u32)) -> bool {
        let mut together: Option<Pieces> = None;
        while let Some((due, next)) = self.path.pop_due(now) {
            noted(due, next.burst.piece_bytes(next.first));
            if self.joins && together.as_mut().is_some_and(|pieces| pieces.join(&next)) {
                continue;
            }
            if let Some(pieces) = together.replace(next) {
                self.refused += write(to, &pieces, head);
            }
        }
        let Some(pieces) = together else { return false };
        self.refused += write(to, &pieces, head);
        true
    }

    fn report(&self) -> Result<WayReport, Failure> {
        let counters = self.path.counters();
        Ok(WayReport {
            packets: counters.packets,
            bytes: counters.bytes,
            dropped_by_queue: counters.dropped,
            lost: counters.lost,
            max_queue_bytes: counters.max_queue,
            unread: self.from.unread().context("cannot read a device's statistics")?,
            refused: self.refused,
        })
    }
}

/// Gives the number of packets that the kernel refused.
fn write(to: &Tun, pieces: &Pieces, head: &mut Head) -> u64 {
    let (head, payload) = pieces.frame(head);
    if to.write(head, payload).is_ok() {
        0
    } else {
        pieces.count as u64
    }
}

/// How much after their time packets leave, in steps of 10 microseconds up to 10 milliseconds.
#[derive(Debug)]
struct Lateness {
    steps: Vec<u64>,
    late: u64,
    max: Nanos,
}

impl Lateness {
    const STEP: Nanos = 10_000;
    const STEPS: usize = 1000;

    fn count(&mut self, by: Nanos) {
        self.steps[((by / Self::STEP) as usize).min(Self::STEPS - 1)] += 1;
        self.late += u64::from(by >= LATE);
        self.max = self.max.max(by);
    }

    fn percentile(&self, share: f64) -> Nanos {
        let mut left = (self.steps.iter().sum::<u64>() as f64 * share) as u64;
        let step = self.steps.iter().position(|&count| {
            let here = left < count;
            left = left.saturating_sub(count);
            here
        });
        step.map_or(0, |step| (step as u64 + 1) * Self::STEP).min(self.max)
    }
}

impl Default for Lateness {
    fn default() -> Self {
        Self {
            steps: vec![0; Self::STEPS],
            late: 0,
            max: 0,
        }
    }
}

fn nanos(duration: Duration) -> Nanos {
    duration.as_nanos() as Nanos
}

fn milliseconds(nanoseconds: Nanos) -> f64 {
    nanoseconds as f64 / 1e6
}

/// Processor time of the calling thread.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_knows_its_percentiles() {
        let mut lateness = Lateness::default();
        assert_eq!(lateness.percentile(0.99), 0);
        for microseconds in 0..1000 {
            lateness.count(microseconds * 1000);
        }
        assert_eq!(lateness.percentile(0.5), 510_000);
        assert_eq!(lateness.percentile(0.99), 999_000);
        lateness.count(LATE);
        assert_eq!((lateness.late, lateness.max), (1, LATE));
    }
}
