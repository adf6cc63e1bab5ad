//! Grants and lanes, without readers and without QUIC: a test takes the blocks itself.

use super::*;
use crate::testing::{Dice, told};

fn pump(buffers: usize) -> Arc<ReadPump> {
    let outstanding = 1 << 40;
    ReadPump::start(0, buffers, outstanding, None, Arc::default(), |text| panic!("{text}")).unwrap()
}

fn lane(pump: &Arc<ReadPump>, id: u32, link: &Arc<Link>) -> Arc<SendLane> {
    Arc::new(SendLane {
        id,
        link: link.clone(),
        source: Source::memory(1, 1 << 40, Arc::default()),
        pump: pump.clone(),
        stream: OnceLock::new(),
        grants: Mutex::default(),
        queued: AtomicBool::new(false),
        closed: AtomicBool::new(false),
        met: AtomicBool::new(true),
    })
}

/// The next block, as lane and number; its buffer goes back at once.
fn take(pump: &ReadPump) -> Option<(u32, u64)> {
    let mut left = Vec::new();
    let job = pump.pick(&mut pump.lock(), &mut left)?;
    pump.give_back(&job.lane.link, job.buffer);
    Some((job.lane.id, job.block))
}

fn take_all(pump: &ReadPump) -> Vec<(u32, u64)> {
    std::iter::from_fn(|| take(pump)).collect()
}

/// GRANT_READ events so far: grant and end.
fn grants_read(pump: &ReadPump) -> Vec<(u32, u64)> {
    let records = told(&pump.events);
    assert!(records.iter().all(|record| record.kind == EventKind::GrantRead as u32));
    records
        .iter()
        .map(|record| (record.payload, record.first as u64))
        .collect()
}

#[test]
fn a_grant_is_read_to_its_end_and_told_once() {
    let pump = pump(2);
    let lane = lane(&pump, 1, &Link::alone(1));
    assert!(pump.grant(&lane, 10, 0, 5, 3));
    assert!(!pump.grant(&lane, 10, 0, 50, 1), "its id is in use");
    assert!(pump.grant(&lane, 11, 2, 0, 2));
    assert_eq!(take_all(&pump), [(1, 5), (1, 6), (1, 7), (1, 0), (1, 1)]);
    assert_eq!(grants_read(&pump), [(10, 8), (11, 2)]);
    assert_eq!(take(&pump), None);
    assert!(
        pump.grant(&lane, 10, 0, 9, 1),
        "an id that is told may be used again, and an idle lane wakes"
    );
    assert_eq!(take_all(&pump), [(1, 9)]);
    assert_eq!(grants_read(&pump), [(10, 10)]);
}

#[test]
fn an_empty_grant_is_told_too() {
    let pump = pump(1);
    let lane = lane(&pump, 1, &Link::alone(1));
    assert!(pump.grant(&lane, 1, 0, 7, 0));
    assert!(pump.grant(&lane, 2, 0, u64::MAX, 5), "an end beyond all numbers");
    assert_eq!(take_all(&pump), []);
    assert_eq!(grants_read(&pump), [(1, 7), (2, u64::MAX)]);
}

#[test]
fn a_grant_shrinks_to_its_read_cursor_and_never_below_or_up() {
    let pump = pump(1);
    let lane = lane(&pump, 1, &Link::alone(1));
    for (end, actual, rest) in [
        (15, 15, 3),
        (12, 12, 0),
        (5, 12, 0),
        (0, 12, 0),
        (30, 20, 8),
        (13, 13, 1),
    ] {
        assert!(pump.grant(&lane, 1, 0, 10, 10));
        assert_eq!([take(&pump), take(&pump)], [Some((1, 10)), Some((1, 11))]);
        assert_eq!(pump.shrink(1, end), Some(actual), "shrunk to {end}");
        assert_eq!(pump.shrink(1, 20), Some(actual), "and it does not grow");
        assert_eq!(take_all(&pump).len(), rest, "shrunk to {end}");
        assert_eq!(grants_read(&pump), [(1, actual)]);
        assert_eq!(pump.shrink(1, 0), None, "all of it is read");
    }
}

#[test]
fn lanes_are_served_in_turn() {
    let pump = pump(1);
    let link = Link::alone(1);
    let lanes: Vec<_> = (0..3).map(|id| lane(&pump, id, &link)).collect();
    for lane in &lanes {
        assert!(pump.grant(lane, lane.id, 0, 0, 2 + u64::from(lane.id)));
    }
    let order: Vec<u32> = take_all(&pump).iter().map(|(lane, _)| *lane).collect();
    assert_eq!(order, [0, 1, 2, 0, 1, 2, 1, 2, 2]);
}

#[test]
fn a_closed_lane_drops_its_grants_untold_and_others_go_on() {
    let pump = pump(1);
    let link = Link::alone(1);
    let (dying, living) = (lane(&pump, 1, &link), lane(&pump, 2, &link));
    assert!(pump.grant(&dying, 1, 0, 0, 100));
    assert!(pump.grant(&living, 2, 0, 0, 2));
    assert_eq!(take(&pump), Some((1, 0)));
    StreamHandler::closed(&dying, false);
    assert_eq!(pump.shrink(1, 5), None);
    assert!(pump.grant(&dying, 3, 0, 0, 100), "a grant that comes too late");
    assert_eq!(take_all(&pump), [(2, 0), (2, 1)]);
    assert_eq!(pump.shrink(3, 5), None);
    assert_eq!(grants_read(&pump), [(2, 2)]);
    assert_eq!(Arc::strong_count(&dying), 1, "nothing keeps the lane");
}

#[test]
fn lanes_that_leave_the_queue_are_dropped_by_the_caller_outside_of_the_lock() {
    let pump = pump(1);
    let dying = lane(&pump, 1, &Link::alone(1));
    assert!(pump.grant(&dying, 1, 0, 0, 1));
    StreamHandler::closed(&dying, false);
    let weak = Arc::downgrade(&dying);
    drop(dying);
    let mut left = Vec::new();
    assert!(pump.pick(&mut pump.lock(), &mut left).is_none());
    assert!(weak.upgrade().is_some());
    drop(left);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_connection_with_too_much_outstanding_waits_and_others_do_not() {
    let room = 2 * FRAME_ROOM as u64;
    let pump = ReadPump::start(0, 8, room, None, Arc::default(), |text| panic!("{text}")).unwrap();
    let (slow, fast) = (Link::alone(1), Link::alone(2));
    let (one, two) = (lane(&pump, 1, &slow), lane(&pump, 2, &fast));
    assert!(pump.grant(&one, 1, 0, 0, 100));
    assert!(pump.grant(&two, 2, 0, 0, 100));
    let mut held = Vec::new();
    while let Some(job) = pump.pick(&mut pump.lock(), &mut Vec::new()) {
        held.push(job);
    }
    assert_eq!(held.iter().map(|job| job.lane.id).collect::<Vec<_>>(), [1, 2, 1, 2]);
    let job = held.remove(1);
    pump.give_back(&job.lane.link, job.buffer);
    assert_eq!(take(&pump), Some((2, 2)));
}

#[test]
fn all_buffers_are_shared_and_none_is_lost() {
    let pump = pump(3);
    let lane = lane(&pump, 1, &Link::alone(1));
    assert!(pump.grant(&lane, 1, 0, 0, 1_000));
    let mut dice = Dice(4);
    let mut held: Vec<Job> = Vec::new();
    let mut blocks = Vec::new();
    while blocks.len() < 1_000 {
        match pump.pick(&mut pump.lock(), &mut Vec::new()) {
            Some(job) => {
                blocks.push(job.block);
                held.push(job);
                assert!(held.len() <= 3);
            }
            None => assert_eq!(held.len(), 3, "it waits for buffers only"),
        }
        if held.len() == 3 || dice.below(2) == 0 {
            let job = held.swap_remove(dice.below(held.len()));
            pump.give_back(&job.lane.link, job.buffer);
        }
    }
    assert_eq!(blocks, (0..1_000).collect::<Vec<_>>());
    assert_eq!(
        lane.link.outstanding.load(Ordering::Relaxed),
        held.len() as u64 * FRAME_ROOM as u64
    );
}

#[test]
fn shrinks_and_reads_at_the_same_time_lose_and_repeat_no_block() {
    let pump = pump(4);
    let lane = lane(&pump, 1, &Link::alone(1));
    for round in 0..300 {
        assert!(pump.grant(&lane, round, 0, 0, 64));
        let (read, end) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| take_all(&pump));
            let end = pump.shrink(round, u64::from(round % 64));
            (reader.join().unwrap(), end)
        });
        let end = end.unwrap_or(64);
        assert_eq!(read, (0..end).map(|block| (1, block)).collect::<Vec<_>>());
        let told = pump.events.wait(4, std::time::Duration::from_secs(5)).unwrap();
        assert_eq!(
            told.iter()
                .map(|record| (record.payload, record.first as u64))
                .collect::<Vec<_>>(),
            [(round, end)]
        );
    }
}

#[test]
fn a_small_frame_keeps_no_buffer_of_the_pool_and_counts_by_its_size() {
    let pump = pump(1);
    let lane = lane(&pump, 1, &Link::alone(1));
    assert!(pump.grant(&lane, 10, 0, 0, 3));
    let outstanding = || lane.link.outstanding.load(Ordering::Relaxed);
    let mut sent = Vec::new();
    for len in [100, SMALL_FRAME] {
        let mut job = pump
            .pick(&mut pump.lock(), &mut Vec::new())
            .expect("the only buffer is free again");
        (job.buffer.start, job.buffer.len) = (7, len);
        job.buffer.storage[7] = 1;
        let small = pump.fitting(&lane.link, job.buffer);
        assert_eq!((small.start, small.len, small.storage[0]), (0, len, 1));
        sent.push(small);
    }
    assert_eq!(outstanding(), (LEAST_CHARGE + SMALL_FRAME) as u64);
    let mut job = pump.pick(&mut pump.lock(), &mut Vec::new()).unwrap();
    job.buffer.len = SMALL_FRAME + 1;
    let large = pump.fitting(&lane.link, job.buffer);
    assert_eq!(large.storage.len(), FRAME_ROOM, "a larger one is sent from where it is");
    sent.push(large);
    for buffer in sent {
        pump.give_back(&lane.link, buffer);
    }
    assert_eq!(outstanding(), 0);
    assert_eq!(pump.lock().free.len(), 1);
}
