//! The bucket with a virtual clock, and the waiting with a real one where only its end matters.

use super::*;
use crate::testing::Dice;

const MS: Duration = Duration::from_millis(1);

/// Sends as fast as the bucket lets it, waking up to `late` ms after each due time; bytes sent until `end`.
fn sent_until(end: Duration, rate: f64, part: usize, late: usize) -> usize {
    let (mut bucket, mut dice) = (Bucket::new(rate, Instant::now()), Dice(7));
    let (mut now, mut sent) = (Duration::from_secs(100), 0);
    let end = now + end;
    loop {
        let due = bucket.reserve(part, now);
        if due > now {
            now = due + MS * u32::try_from(dice.below(late + 1)).unwrap();
        }
        if now >= end {
            return sent;
        }
        sent += part;
    }
}

#[test]
fn the_rate_is_held_within_a_percent_over_a_few_seconds_whatever_the_parts_and_the_delays() {
    for rate in [2e6, 5e6, 50e6, 200e6, 3e9] {
        for part in [16 * 1024, 100_000, 1 << 20] {
            for late in [0, 3, 15] {
                if part as f64 > rate / 50.0 {
                    continue; // parts are shorter than that: see `PART`
                }
                let wanted = rate * 4.0;
                let sent = sent_until(Duration::from_secs(4), rate, part, late) as f64;
                assert!(
                    (0.99..1.01).contains(&(sent / wanted)),
                    "{rate} {part} {late}: {}",
                    sent / wanted
                );
            }
        }
    }
}

#[test]
fn after_a_long_silence_a_burst_may_be_caught_up_and_no_more() {
    let mut bucket = Bucket::new(1e6, Instant::now());
    assert_eq!(bucket.reserve(10_000, Duration::ZERO), Duration::ZERO);
    let now = Duration::from_secs(60);
    let at_once = (0..).take_while(|_| bucket.reserve(1_000, now) <= now).count();
    assert_eq!(at_once, 21, "20 ms at 1 MB/s, and the one that is due now");
}

#[test]
fn what_was_not_sent_is_given_back() {
    let mut bucket = Bucket::new(1e6, Instant::now());
    bucket.reserve(1_000, Duration::ZERO);
    let due = bucket.reserve(500_000, Duration::ZERO);
    bucket.give_back(500_000);
    assert_eq!(bucket.reserve(1, Duration::ZERO), due);
}

fn limit(bytes_per_second: f64) -> Limit {
    let limit = Limit::default();
    limit.set(Some(bytes_per_second));
    limit
}

#[test]
fn parts_follow_the_rate_and_are_never_tiny() {
    assert_eq!(limit(10_000.0).part(), Some(LEAST_PART));
    assert_eq!(limit(50e6).part(), Some(1_000_000));
    assert_eq!(Limit::default().part(), None);
}

#[test]
fn a_lane_that_closes_ends_the_wait_at_once() {
    let limit = limit(1.0);
    let closed = AtomicBool::new(false);
    assert!(limit.wait(1_000_000, &closed, &AtomicU64::new(0)), "the first may go");
    std::thread::scope(|scope| {
        // Twelve days, if nobody wakes it.
        let waiting = scope.spawn(|| limit.wait(1_000_000, &closed, &AtomicU64::new(0)));
        closed.store(true, Ordering::Release);
        limit.lane_closed();
        assert!(!waiting.join().unwrap());
    });
}

#[test]
fn another_rate_counts_for_those_who_wait_already() {
    for rate in [Some(1e12), None] {
        let limit = limit(1.0);
        let closed = AtomicBool::new(false);
        assert!(limit.wait(1_000_000, &closed, &AtomicU64::new(0)), "the first may go");
        std::thread::scope(|scope| {
            // Twelve days at the old rate.
            let waiting = scope.spawn(|| limit.wait(1_000_000, &closed, &AtomicU64::new(0)));
            limit.set(rate);
            assert!(waiting.join().unwrap());
        });
    }
}

#[test]
fn a_rate_that_is_set_again_and_again_lets_no_more_through_and_what_waits_keeps_its_turn() {
    let start = Instant::now();
    let mut bucket = Bucket::new(1e6, start);
    assert_eq!(bucket.reserve(500_000, Duration::ZERO), Duration::ZERO);
    bucket.waiting = 0; // it has left
    for tenths in 1..5 {
        let now = start + Duration::from_millis(100 * tenths);
        let due = bucket.reserve(200_000, now - bucket.started);
        let left = bucket.started + due;
        assert!(
            left >= start + Duration::from_millis(499),
            "tenth {tenths} is due at {:?}",
            left - start
        );
        bucket = bucket.at_rate(1e6, now);
    }
    let due = bucket.at_rate(2e6, start + Duration::from_millis(400)).next;
    assert!(
        (due.as_secs_f64() - 0.05).abs() < 1e-3,
        "100,000 bytes are owed: {due:?}"
    );
}

#[test]
fn a_wait_is_counted_before_it_is_over() {
    let limit = limit(1.0);
    let closed = AtomicBool::new(false);
    let waited = AtomicU64::new(0);
    assert!(limit.wait(1_000_000, &closed, &waited), "the first may go");
    assert_eq!(waited.load(Ordering::Relaxed), 0);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| limit.wait(1, &closed, &waited));
        // Each change brings the counter up to date once the thread is asleep.
        while waited.load(Ordering::Relaxed) == 0 {
            limit.set(Some(1.0));
            std::thread::yield_now();
        }
        assert!(!waiting.is_finished());
        closed.store(true, Ordering::Release);
        limit.lane_closed();
        assert!(!waiting.join().unwrap());
    });
}
