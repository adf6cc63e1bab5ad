//! Grants and lanes, without readers and without QUIC: a test takes the blocks itself.

use super::*;
use crate::net::connection::alone;
use crate::net::transport::StreamHandler;
use crate::send::origin::memory::Memory;
use crate::send::source::Source;
use crate::testing::{Dice, Told, rereads, told};

fn pump(buffers: usize) -> (Arc<ReadPump>, Arc<Told>) {
    pump_with(buffers, 1 << 40)
}

fn pump_with(buffers: usize, outstanding: u64) -> (Arc<ReadPump>, Arc<Told>) {
    pump_of(buffers, Share { outstanding, kept: 0 })
}

fn pump_of(buffers: usize, share: Share) -> (Arc<ReadPump>, Arc<Told>) {
    let events = Arc::new(Told::default());
    let pump = ReadPump::start(0, buffers, share, events.clone(), |text| panic!("{text}"));
    (pump.unwrap(), events)
}

fn connection(id: u32) -> Arc<Connection> {
    alone(id, Arc::new(Told::default()))
}

fn lane(pump: &Arc<ReadPump>, id: u32, connection: &Arc<Connection>) -> Arc<SendLane> {
    let source = Source::new(1, Box::new(Memory { size: 1 << 40 }), pump.tell.clone(), rereads());
    SendLane::alone(id, connection, &source, pump.clone())
}

/// Ends a job without reading.
fn give_back(pump: &ReadPump, mut job: Job) {
    let buffer = job.take_buffer();
    pump.give_back(&job.lane.connection, buffer);
}

fn block_of(job: &Job) -> u64 {
    match job.work {
        Work::Block { block, .. } => block,
        Work::Pack(_) => panic!("no block was granted"),
    }
}

/// The next block, as lane and number; its buffer goes back at once.
fn take(pump: &ReadPump) -> Option<(u32, u64)> {
    let mut left = Vec::new();
    let job = pump.pick(&mut pump.state.lock(), &mut left)?;
    let (lane, block) = (job.lane.id, block_of(&job));
    give_back(pump, job);
    Some((lane, block))
}

fn take_all(pump: &ReadPump) -> Vec<(u32, u64)> {
    std::iter::from_fn(|| take(pump)).collect()
}

/// GRANT_READ events so far: grant and end.
fn grants_read(events: &Told) -> Vec<(u32, u64)> {
    let read = told(events).into_iter().map(|event| match event {
        Event::GrantRead { grant, end, .. } => (grant, end),
        other => panic!("{other:?}"),
    });
    read.collect()
}

#[test]
fn a_grant_is_read_to_its_end_and_told_once() {
    let (pump, events) = pump(2);
    let lane = lane(&pump, 1, &connection(1));
    assert!(pump.grant(&lane, 10, Granted::Blocks(0), 5, 3));
    assert!(!pump.grant(&lane, 10, Granted::Blocks(0), 50, 1), "its id is in use");
    assert!(pump.grant(&lane, 11, Granted::Blocks(2), 0, 2));
    assert_eq!(take_all(&pump), [(1, 5), (1, 6), (1, 7), (1, 0), (1, 1)]);
    assert_eq!(grants_read(&events), [(10, 8), (11, 2)]);
    assert_eq!(take(&pump), None);
    assert!(
        pump.grant(&lane, 10, Granted::Blocks(0), 9, 1),
        "an id that is told may be used again, and an idle lane wakes"
    );
    assert_eq!(take_all(&pump), [(1, 9)]);
    assert_eq!(grants_read(&events), [(10, 10)]);
}

#[test]
fn an_empty_grant_is_told_too() {
    let (pump, events) = pump(1);
    let lane = lane(&pump, 1, &connection(1));
    assert!(pump.grant(&lane, 1, Granted::Blocks(0), 7, 0));
    assert!(
        pump.grant(&lane, 2, Granted::Blocks(0), u64::MAX, 5),
        "an end beyond all numbers"
    );
    assert_eq!(take_all(&pump), []);
    assert_eq!(grants_read(&events), [(1, 7), (2, u64::MAX)]);
}

#[test]
fn a_grant_shrinks_to_its_read_cursor_and_never_below_or_up() {
    let (pump, events) = pump(1);
    let lane = lane(&pump, 1, &connection(1));
    for (end, actual, rest) in [
        (15, 15, 3),
        (12, 12, 0),
        (5, 12, 0),
        (0, 12, 0),
        (30, 20, 8),
        (13, 13, 1),
    ] {
        assert!(pump.grant(&lane, 1, Granted::Blocks(0), 10, 10));
        assert_eq!([take(&pump), take(&pump)], [Some((1, 10)), Some((1, 11))]);
        assert_eq!(pump.shrink(1, end), Some(actual), "shrunk to {end}");
        assert_eq!(pump.shrink(1, 20), Some(actual), "and it does not grow");
        assert_eq!(take_all(&pump).len(), rest, "shrunk to {end}");
        assert_eq!(grants_read(&events), [(1, actual)]);
        assert_eq!(pump.shrink(1, 0), None, "all of it is read");
    }
}

#[test]
fn lanes_are_served_in_turn() {
    let (pump, _events) = pump(1);
    let connection = connection(1);
    let lanes: Vec<_> = (0..3).map(|id| lane(&pump, id, &connection)).collect();
    for lane in &lanes {
        assert!(pump.grant(lane, lane.id, Granted::Blocks(0), 0, 2 + u64::from(lane.id)));
    }
    let order: Vec<u32> = take_all(&pump).iter().map(|(lane, _)| *lane).collect();
    assert_eq!(order, [0, 1, 2, 0, 1, 2, 1, 2, 2]);
}

#[test]
fn a_closed_lane_drops_its_grants_untold_and_others_go_on() {
    let (pump, events) = pump(1);
    let connection = connection(1);
    let (dying, living) = (lane(&pump, 1, &connection), lane(&pump, 2, &connection));
    assert!(pump.grant(&dying, 1, Granted::Blocks(0), 0, 100));
    assert!(pump.grant(&living, 2, Granted::Blocks(0), 0, 2));
    assert_eq!(take(&pump), Some((1, 0)));
    StreamHandler::closed(dying.clone(), false);
    assert_eq!(pump.shrink(1, 5), None);
    assert!(
        pump.grant(&dying, 3, Granted::Blocks(0), 0, 100),
        "a grant that comes too late"
    );
    assert_eq!(take_all(&pump), [(2, 0), (2, 1)]);
    assert_eq!(pump.shrink(3, 5), None);
    assert_eq!(grants_read(&events), [(2, 2)]);
    assert_eq!(Arc::strong_count(&dying), 1, "nothing keeps the lane");
}

#[test]
fn lanes_that_leave_the_queue_are_dropped_by_the_caller_outside_of_the_lock() {
    let (pump, _events) = pump(1);
    let dying = lane(&pump, 1, &connection(1));
    assert!(pump.grant(&dying, 1, Granted::Blocks(0), 0, 1));
    StreamHandler::closed(dying.clone(), false);
    let weak = Arc::downgrade(&dying);
    drop(dying);
    let mut left = Vec::new();
    assert!(pump.pick(&mut pump.state.lock(), &mut left).is_none());
    assert!(weak.upgrade().is_some());
    drop(left);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_connection_with_too_much_outstanding_waits_and_others_do_not() {
    let room = 2 * FRAME_ROOM as u64;
    let (pump, _events) = pump_with(8, room);
    let (slow, fast) = (connection(1), connection(2));
    let (one, two) = (lane(&pump, 1, &slow), lane(&pump, 2, &fast));
    assert!(pump.grant(&one, 1, Granted::Blocks(0), 0, 100));
    assert!(pump.grant(&two, 2, Granted::Blocks(0), 0, 100));
    let mut held = Vec::new();
    while let Some(job) = pump.pick(&mut pump.state.lock(), &mut Vec::new()) {
        held.push(job);
    }
    assert_eq!(held.iter().map(|job| job.lane.id).collect::<Vec<_>>(), [1, 2, 1, 2]);
    let job = held.remove(1);
    give_back(&pump, job);
    assert_eq!(take(&pump), Some((2, 2)));
}

#[test]
fn all_buffers_are_shared_and_none_is_lost() {
    let (pump, _events) = pump(3);
    let lane = lane(&pump, 1, &connection(1));
    assert!(pump.grant(&lane, 1, Granted::Blocks(0), 0, 1_000));
    let mut dice = Dice(4);
    let mut held: Vec<Job> = Vec::new();
    let mut blocks = Vec::new();
    while blocks.len() < 1_000 {
        match pump.pick(&mut pump.state.lock(), &mut Vec::new()) {
            Some(job) => {
                blocks.push(block_of(&job));
                held.push(job);
                assert!(held.len() <= 3);
            }
            None => assert_eq!(held.len(), 3, "it waits for buffers only"),
        }
        if held.len() == 3 || dice.below(2) == 0 {
            let job = held.swap_remove(dice.below(held.len()));
            give_back(&pump, job);
        }
    }
    assert_eq!(blocks, (0..1_000).collect::<Vec<_>>());
    assert_eq!(
        lane.connection.outstanding.load(Ordering::Relaxed),
        held.len() as u64 * FRAME_ROOM as u64
    );
}

#[test]
fn shrinks_and_reads_at_the_same_time_lose_and_repeat_no_block() {
    let (pump, events) = pump(4);
    let lane = lane(&pump, 1, &connection(1));
    for round in 0..300 {
        assert!(pump.grant(&lane, round, Granted::Blocks(0), 0, 64));
        let (read, end) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| take_all(&pump));
            let end = pump.shrink(round, u64::from(round % 64));
            (reader.join().unwrap(), end)
        });
        let end = end.unwrap_or(64);
        assert_eq!(read, (0..end).map(|block| (1, block)).collect::<Vec<_>>());
        assert_eq!(grants_read(&events), [(round, end)]);
    }
}

#[test]
fn a_small_frame_keeps_no_buffer_of_the_pool_and_counts_by_its_size() {
    let (pump, _events) = pump(1);
    let lane = lane(&pump, 1, &connection(1));
    assert!(pump.grant(&lane, 10, Granted::Blocks(0), 0, 3));
    let outstanding = || lane.connection.outstanding.load(Ordering::Relaxed);
    let mut sent = Vec::new();
    for len in [100, SMALL_FRAME] {
        let mut job = pump
            .pick(&mut pump.state.lock(), &mut Vec::new())
            .expect("the only buffer is free again");
        let mut buffer = job.take_buffer();
        (buffer.start, buffer.len) = (7, len);
        buffer.storage[7] = 1;
        let small = pump.fitting(&lane.connection, buffer);
        assert_eq!((small.start, small.len, small.storage[0]), (0, len, 1));
        sent.push(small);
    }
    assert_eq!(outstanding(), (LEAST_CHARGE + SMALL_FRAME) as u64);
    let mut job = pump.pick(&mut pump.state.lock(), &mut Vec::new()).unwrap();
    let mut buffer = job.take_buffer();
    buffer.len = SMALL_FRAME + 1;
    let large = pump.fitting(&lane.connection, buffer);
    assert_eq!(large.storage.len(), FRAME_ROOM, "a larger one is sent from where it is");
    sent.push(large);
    for buffer in sent {
        pump.give_back(&lane.connection, buffer);
    }
    assert_eq!(outstanding(), 0);
    assert_eq!(pump.state.lock().free.len(), 1);
}

#[test]
fn a_grant_of_entries_is_one_pack_after_the_other_and_told_once() {
    let (pump, events) = pump(2);
    let lane = lane(&pump, 1, &connection(1));
    assert!(pump.grant(&lane, 7, Granted::Entries, 10, 5));
    let job = pump.pick(&mut pump.state.lock(), &mut Vec::new()).unwrap();
    let Work::Pack(grant) = &job.work else {
        panic!("a pack was granted")
    };
    assert_eq!(*grant.range.lock(), (10, 15));
    assert_eq!(pump.shrink(7, 13), Some(13), "an idle lane takes the rest over");
    // None of these entries is a file of one block, so that they are passed over.
    assert_eq!(read_pack(&lane, grant, &mut vec![0; FRAME_ROOM]).len, 0);
    pump.retire(&lane, grant);
    pump.retire(&lane, grant);
    assert_eq!(grants_read(&events), [(7, 13)]);
    give_back(&pump, job);
}

#[test]
fn h3_of_shared_buffers_peers_that_acknowledge_nothing_leave_some_to_everybody_who_comes() {
    const BUFFERS: usize = 40;
    const PEERS: u32 = 16;
    let (pump, _) = pump_of(
        BUFFERS,
        Share {
            outstanding: 1 << 40,
            kept: PEERS as usize,
        },
    );
    let mut held = Vec::new();
    for number in 1..=PEERS {
        let lane = lane(&pump, number, &connection(number));
        assert!(pump.grant(&lane, number, Granted::Blocks(0), 0, 1000));
        let before = held.len();
        loop {
            let mut left = Vec::new();
            let job = pump.pick(&mut pump.state.lock(), &mut left);
            match job {
                Some(job) => held.push(job),
                None => break,
            }
        }
        let got = held.len() - before;
        assert!(got > 0, "connection {number} got nothing");
        if number == 1 {
            assert!(got >= (BUFFERS - PEERS as usize) * 4 / 5, "one alone has most of them");
        }
    }
    let number = PEERS + 1;
    let late = lane(&pump, number, &connection(number));
    assert!(pump.grant(&late, number, Granted::Blocks(0), 0, 1));
    let free = || {
        let state = pump.state.lock();
        state.free.len() + state.unmade
    };
    while free() == 0 {
        give_back(&pump, held.pop().unwrap());
    }
    assert_eq!(take(&pump), Some((number, 0)), "what is there is for whoever has none");
    for job in held {
        give_back(&pump, job);
    }
}
