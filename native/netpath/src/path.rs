//! One direction of a network path, in virtual time: pure, deterministic, without clock or packets' contents.
//!
//! A packet meets, in this order: the queue in front of the bottleneck (tail drop, counted in bytes), the bottleneck (rate), loss
//! behind it (a lost packet has used the link, so a full path delivers rate x (1 - loss)), then delay and jitter. Nothing
//! overtakes: a packet is due no earlier than the one before it.
//!
//! All chance comes from the seed. Loss is decided by a packet's number on the wire, jitter by the time it leaves the bottleneck.

use std::collections::VecDeque;

use crate::random::Stream;

/// Nanoseconds since the path began.
pub type Nanos = u64;

pub const MILLISECOND: Nanos = 1_000_000;

/// How long one value of jitter holds: about as long as a Wi-Fi station keeps the air (an aggregate lasts up to 5.5 ms). With a
/// new value for each packet, keeping order would turn jitter into a constant delay at full rate.
const JITTER_SLOT: Nanos = 5 * MILLISECOND;

/// What a direction does to packets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Bits per second, counted over whole IP packets.
    pub rate: u64,
    /// Bytes that may wait for the bottleneck, the packet on the wire included.
    pub queue: u64,
    pub delay: Nanos,
    /// Between nothing and this much is added to the delay.
    pub jitter: Nanos,
    pub loss: Loss,
}

/// Lost packets: `share` of all, in bursts of `burst` packets on average.
///
/// With bursts it is the model of Gilbert: a path is good or bad, in the bad state it loses everything. A burst of 1 means that
/// each packet is decided on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    pub share: f64,
    pub burst: f64,
}

/// What became of a packet that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It will be due at this time.
    Passes(Nanos),
    /// The queue was full.
    Dropped,
    Lost,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets that passed, with their bytes.
    pub packets: u64,
    pub bytes: u64,
    /// Packets for which the queue had no room.
    pub dropped: u64,
    /// Packets that were lost on the wire.
    pub lost: u64,
    /// The most bytes that have waited.
    pub max_queue: u64,
}

/// One direction; `P` is whatever stands for a packet.
#[derive(Debug)]
pub struct Path<P> {
    shape: Shape,
    loss: LossState,
    jitter: Stream,
    /// When the bottleneck has sent all that it accepted, in picoseconds: in whole nanoseconds small packets would pass too fast.
    free_at: u64,
    last_due: Nanos,
    flying: VecDeque<(Nanos, P)>,
    counters: Counters,
}

impl<P> Path<P> {
    /// `direction` tells the directions of one seed apart.
    pub fn new(shape: Shape, seed: u64, direction: u64) -> Self {
        Self {
            shape,
            loss: LossState::new(shape.loss, Stream::new(seed, 2 * direction)),
            jitter: Stream::new(seed, 2 * direction + 1),
            free_at: 0,
            last_due: 0,
            flying: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// A packet of `size` bytes arrives. Calls come in the order of time.
    pub fn push(&mut self, now: Nanos, size: u32, packet: P) -> Verdict {
        let waiting = self.waiting(now) + u64::from(size);
        if waiting > self.shape.queue {
            self.counters.dropped += 1;
            return Verdict::Dropped;
        }
        self.counters.max_queue = self.counters.max_queue.max(waiting);
        self.free_at = self.free_at.max(now * 1000) + u64::from(size) * 8 * 1_000_000_000_000 / self.shape.rate;
        if self.loss.next() {
            self.counters.lost += 1;
            return Verdict::Lost;
        }
        let sent = self.free_at / 1000;
        let jitter = (self.shape.jitter as f64 * self.jitter.at(sent / JITTER_SLOT)) as Nanos;
        self.last_due = self.last_due.max(sent + self.shape.delay + jitter);
        self.counters.packets += 1;
        self.counters.bytes += u64::from(size);
        self.flying.push_back((self.last_due, packet));
        Verdict::Passes(self.last_due)
    }

    /// The next packet that is due by `now`, with the time at which it was due.
    pub fn pop_due(&mut self, now: Nanos) -> Option<(Nanos, P)> {
        self.flying.pop_front_if(|&mut (due, _)| due <= now)
    }

    /// When the next packet is due; `None` when nothing is on its way.
    pub fn next_due(&self) -> Option<Nanos> {
        self.flying.front().map(|&(due, _)| due)
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Bytes that the bottleneck has accepted and not yet sent.
    fn waiting(&self, now: Nanos) -> u64 {
        let picoseconds = self.free_at.saturating_sub(now * 1000);
        (u128::from(picoseconds) * u128::from(self.shape.rate) / 8_000_000_000_000) as u64
    }
}

#[derive(Debug)]
struct LossState {
    loss: Loss,
    draws: Stream,
    /// Packets decided so far.
    count: u64,
    bad: bool,
}

impl LossState {
    fn new(loss: Loss, draws: Stream) -> Self {
        Self {
            loss,
            draws,
            count: 0,
            bad: false,
        }
    }

    /// Whether the next packet is lost.
    fn next(&mut self) -> bool {
        let draw = self.draws.at(self.count);
        self.count += 1;
        let Loss { share, burst } = self.loss;
        self.bad = if burst <= 1.0 {
            draw < share
        } else if self.bad {
            draw >= 1.0 / burst
        } else {
            // So often that the bad state, which lasts `burst` packets, holds `share` of all.
            draw < share / (burst * (1.0 - share))
        };
        self.bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1000 * MILLISECOND;
    const NO_LOSS: Loss = Loss { share: 0.0, burst: 1.0 };
    const SHAPE: Shape = Shape {
        rate: 500_000_000,
        queue: 640_000,
        delay: 10 * MILLISECOND,
        jitter: 0,
        loss: NO_LOSS,
    };

    /// Offers packets of 1500 bytes at `offered` bits per second, and gives all verdicts with the times of arrival.
    fn offer(shape: Shape, seed: u64, offered: u64, duration: Nanos) -> Vec<(Nanos, Verdict)> {
        let mut path = Path::new(shape, seed, 0);
        let gap = 1500 * 8 * SECOND / offered;
        (0..duration / gap)
            .map(|n| (n * gap, path.push(n * gap, 1500, ())))
            .collect()
    }

    fn due(verdicts: &[(Nanos, Verdict)]) -> Vec<Nanos> {
        let passes = |&(_, verdict): &(Nanos, Verdict)| match verdict {
            Verdict::Passes(due) => Some(due),
            Verdict::Dropped | Verdict::Lost => None,
        };
        verdicts.iter().filter_map(passes).collect()
    }

    /// Whether each packet that reached the wire was lost.
    fn losses(verdicts: &[(Nanos, Verdict)]) -> Vec<bool> {
        let sent = verdicts.iter().filter(|(_, verdict)| *verdict != Verdict::Dropped);
        sent.map(|(_, verdict)| *verdict == Verdict::Lost).collect()
    }

    #[test]
    fn a_full_path_delivers_exactly_its_rate() {
        for rate in [200_000_000, 300_000_000, 500_000_000, 1_000_000_000] {
            let due = due(&offer(Shape { rate, ..SHAPE }, 1, rate * 3 / 2, 2 * SECOND));
            let seconds = (due[due.len() - 1] - due[0]) as f64 / SECOND as f64;
            let measured = (due.len() - 1) as f64 * 12_000.0 / seconds;
            assert!(
                (measured / rate as f64 - 1.0).abs() < 1e-6,
                "{measured} instead of {rate}"
            );
        }
    }

    #[test]
    fn small_packets_do_not_pass_faster_than_the_rate() {
        let mut path = Path::new(
            Shape {
                rate: 300_000_000,
                ..SHAPE
            },
            1,
            0,
        );
        let verdicts: Vec<_> = (0..10_000).map(|_| path.push(0, 40, ())).collect();
        let due = 10_000 * 320 * SECOND / 300_000_000 + 10 * MILLISECOND;
        let Verdict::Passes(last) = verdicts[9999] else {
            panic!("dropped")
        };
        assert!(last.abs_diff(due) <= 10, "{last} instead of {due}");
    }

    #[test]
    fn a_path_that_is_not_full_only_delays() {
        let verdicts = offer(SHAPE, 1, 100_000_000, SECOND);
        let serialisation = 1500 * 8 * SECOND / SHAPE.rate;
        for (sent, verdict) in verdicts {
            assert_eq!(verdict, Verdict::Passes(sent + serialisation + SHAPE.delay));
        }
    }

    #[test]
    fn the_queue_holds_its_bytes_and_drops_the_rest() {
        let mut path = Path::new(SHAPE, 1, 0);
        let verdicts: Vec<_> = (0..1000).map(|_| path.push(0, 1500, ())).collect();
        let accepted = verdicts.iter().filter(|&&verdict| verdict != Verdict::Dropped).count();
        assert_eq!(accepted, 640_000 / 1500);
        assert!(verdicts[accepted..].iter().all(|&verdict| verdict == Verdict::Dropped));
        assert_eq!(path.counters().max_queue, 426 * 1500);
        // One packet later there is room for one packet.
        let later = 1500 * 8 * SECOND / SHAPE.rate;
        assert_ne!(path.push(later, 1500, ()), Verdict::Dropped);
        assert_eq!(path.push(later, 1500, ()), Verdict::Dropped);
    }

    #[test]
    fn packets_come_out_when_they_are_due_and_not_before() {
        let mut path = Path::new(SHAPE, 1, 0);
        assert_eq!(path.next_due(), None);
        let Verdict::Passes(first) = path.push(0, 1500, "first") else {
            panic!("dropped")
        };
        let Verdict::Passes(second) = path.push(0, 1500, "second") else {
            panic!("dropped")
        };
        assert_eq!(path.next_due(), Some(first));
        assert_eq!(path.pop_due(first - 1), None);
        assert_eq!(path.pop_due(first), Some((first, "first")));
        assert_eq!(path.pop_due(first), None);
        assert_eq!(path.pop_due(SECOND), Some((second, "second")));
    }

    #[test]
    fn jitter_stays_in_its_bounds_and_keeps_the_order() {
        let jitter = 2 * MILLISECOND;
        let verdicts = offer(Shape { jitter, ..SHAPE }, 7, 250_000_000, 10 * SECOND);
        let due = due(&verdicts);
        assert_eq!(due.len(), verdicts.len());
        assert!(due.is_sorted());
        let serialisation = 1500 * 8 * SECOND / SHAPE.rate;
        let extra: Vec<_> = due
            .iter()
            .zip(&verdicts)
            .map(|(due, (sent, _))| due - sent - serialisation - SHAPE.delay)
            .collect();
        assert!(extra.iter().all(|&extra| extra <= jitter));
        let mean = extra.iter().sum::<u64>() as f64 / extra.len() as f64 / jitter as f64;
        assert!((0.4..0.7).contains(&mean), "mean {mean} of the most");
        assert!(extra.iter().min() < Some(&(jitter / 20)) && extra.iter().max() > Some(&(jitter * 19 / 20)));
    }

    #[test]
    fn random_loss_has_its_share_for_every_seed() {
        for seed in 0..20 {
            let loss = Loss {
                share: 0.005,
                burst: 1.0,
            };
            let losses = losses(&offer(Shape { loss, ..SHAPE }, seed, SHAPE.rate, 10 * SECOND));
            let share = losses.iter().filter(|&&lost| lost).count() as f64 / losses.len() as f64;
            assert!((share / 0.005 - 1.0).abs() < 0.1, "seed {seed}: {share}");
        }
    }

    #[test]
    fn burst_loss_has_its_share_and_its_length() {
        for seed in 0..20 {
            let loss = Loss {
                share: 0.01,
                burst: 8.0,
            };
            let losses = losses(&offer(Shape { loss, ..SHAPE }, seed, SHAPE.rate, 40 * SECOND));
            let lost = losses.iter().filter(|&&lost| lost).count() as f64;
            let bursts = losses.chunk_by(|a, b| a == b).filter(|run| run[0]).count() as f64;
            let share = lost / losses.len() as f64;
            assert!((share / 0.01 - 1.0).abs() < 0.12, "seed {seed}: {share}");
            assert!(
                (lost / bursts / 8.0 - 1.0).abs() < 0.1,
                "seed {seed}: bursts of {}",
                lost / bursts
            );
        }
    }

    #[test]
    fn a_full_path_that_loses_delivers_the_rest_of_its_rate() {
        let loss = Loss { share: 0.1, burst: 1.0 };
        let due = due(&offer(Shape { loss, ..SHAPE }, 3, SHAPE.rate * 3 / 2, 2 * SECOND));
        let seconds = (due[due.len() - 1] - due[0]) as f64 / SECOND as f64;
        let measured = due.len() as f64 * 12_000.0 / seconds / SHAPE.rate as f64;
        assert!((measured - 0.9).abs() < 0.005, "{measured} of the rate");
    }

    #[test]
    fn one_seed_gives_one_fate_and_another_seed_another() {
        let loss = Loss {
            share: 0.01,
            burst: 8.0,
        };
        let shape = Shape {
            loss,
            jitter: 4 * MILLISECOND,
            ..SHAPE
        };
        let fate = |seed| offer(shape, seed, SHAPE.rate * 3 / 2, SECOND);
        assert_eq!(fate(5), fate(5));
        assert_ne!(fate(5), fate(6));
    }

    #[test]
    fn the_loss_of_a_packet_follows_its_number_and_not_its_time() {
        let shape = Shape {
            loss: Loss {
                share: 0.01,
                burst: 8.0,
            },
            ..SHAPE
        };
        let fast = losses(&offer(shape, 5, SHAPE.rate, SECOND));
        let slow = losses(&offer(shape, 5, SHAPE.rate / 10, SECOND));
        assert_eq!(fast[..slow.len()], slow);
    }

    #[test]
    fn the_directions_of_a_seed_differ() {
        let shape = Shape {
            loss: Loss { share: 0.1, burst: 1.0 },
            ..SHAPE
        };
        let fate = |direction| {
            let mut path = Path::new(shape, 5, direction);
            (0..400).map(|_| path.push(0, 1500, ())).collect::<Vec<_>>()
        };
        assert_ne!(fate(0), fate(1));
    }
}
