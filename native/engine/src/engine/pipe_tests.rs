//! Whole ways of bytes, from a source over lanes to a sink, with the transport in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::blocks::codec::LaneCodec;
use crate::blocks::frame::Preface;
use crate::core::event::Event;
use crate::core::words::{CloseCause, ConnectionId, LaneId};
use crate::core::workers::Workers;
use crate::net::connection::{Connection, Host, Lane, Origin, Pin, Place};
use crate::net::pipe;
use crate::net::transport::NewStream;
use crate::receive::lane::{Inlet, ReceiveLane};
use crate::receive::sink::Sink;
use crate::send::lane::{Granted, SendLane};
use crate::send::origin::memory::Memory;
use crate::send::pump::{ReadPump, Share};
use crate::send::source::Source;
use crate::testing::*;

const CERTIFICATE: &[u8] = b"a certificate";
const CONTROL_LIMIT: u64 = 4096;

/// What both ends need of an engine.
struct Ends {
    writers: Arc<Workers>,
    inlet: Arc<Inlet>,
    next_lane: AtomicU32,
    forgotten: Mutex<Vec<LaneId>>,
}

impl Host for Ends {
    fn new_id(&self) -> ConnectionId {
        unreachable!("the pipe joins connections that exist")
    }
    fn connection(&self, _: ConnectionId) -> Option<Arc<Connection>> {
        None
    }
    fn came(&self, _: &Arc<Connection>) {}
    fn forget_connection(&self, _: ConnectionId) {}
    fn accept_lane(
        &self,
        connection: &Arc<Connection>,
        codec: &'static dyn LaneCodec,
        stream: Box<dyn NewStream>,
    ) -> (LaneId, Arc<dyn Lane>) {
        let id = self.next_lane.fetch_add(1, Ordering::Relaxed);
        let lane = ReceiveLane::accept(id, connection, codec, &self.inlet, stream, &self.writers);
        (id, lane)
    }
    fn forget_lane(&self, id: LaneId) {
        self.forgotten.lock().push(id);
    }
}

struct NoPlace;

impl Place for NoPlace {
    fn validated(&self) {}
    fn left(&self) {}
}

/// Two joined connections: 1 dialed, 2 came to listener 9.
struct Joined {
    ends: Arc<Ends>,
    events: Arc<Told>,
    seen: Vec<Event>,
    dialer: Arc<Connection>,
    listener: Arc<Connection>,
}

fn joined(sink: &Arc<Sink>, pin: Pin) -> Joined {
    let ends = Arc::new(Ends {
        writers: Workers::new("ultra-write", 2, |text| panic!("{text}")),
        inlet: Arc::default(),
        next_lane: AtomicU32::new(1000),
        forgotten: Mutex::default(),
    });
    ends.inlet.attach(sink.clone());
    let events = Arc::new(Told::default());
    let host: Arc<dyn Host> = ends.clone();
    let host = Arc::downgrade(&host);
    let place = Box::new(NoPlace);
    let came = Origin::Listener { listener: 9, place };
    let dialer = Connection::new(1, Origin::Dialed(pin), CONTROL_LIMIT, events.clone(), host.clone());
    let listener = Connection::new(2, came, CONTROL_LIMIT, events.clone(), host);
    pipe::join(&dialer, &listener, "ultra/2", CERTIFICATE);
    let seen = Vec::new();
    Joined {
        ends,
        events,
        seen,
        dialer,
        listener,
    }
}

impl Joined {
    fn until(&mut self, what: &str, fits: impl Fn(&Event) -> bool) -> Event {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(at) = self.seen.iter().position(&fits) {
                return self.seen.remove(at);
            }
            assert!(Instant::now() < deadline, "no {what} came, but {:?}", self.seen);
            self.seen.extend(self.events.wait());
        }
    }

    fn met(&mut self) {
        self.until("INCOMING", |event| {
            matches!(
                event,
                Event::Incoming {
                    listener: 9,
                    connection: 2,
                    ..
                }
            )
        });
        self.until(
            "CONNECTED",
            |event| matches!(event, Event::Connected { connection: 1, alpn, .. } if alpn == "ultra/2"),
        );
    }

    fn closed(&mut self, id: ConnectionId) -> (CloseCause, u64) {
        let found = self.until(
            "CLOSED",
            |event| matches!(event, Event::Closed { connection, .. } if *connection == id),
        );
        let Event::Closed { cause, code, .. } = found else {
            unreachable!()
        };
        (cause, code)
    }

    /// Lets the dialer open lanes, and gives each an even share of the blocks.
    fn send(&mut self, pump: &Arc<ReadPump>, source: &Arc<Source>, lanes: u16, blocks: u64) -> Vec<Arc<SendLane>> {
        self.listener.admit();
        assert!(self.listener.link().unwrap().allow_lanes(lanes));
        let each = blocks.div_ceil(u64::from(lanes));
        (0..lanes)
            .map(|number| {
                let id = u32::from(number) + 1;
                let preface = Preface {
                    lane: number,
                    transfer: 1,
                };
                let lane = SendLane::open(id, preface, &self.dialer, source, pump.clone()).unwrap();
                self.dialer.add_lane(id, lane.clone());
                lane.known();
                let first = each * u64::from(number);
                assert!(pump.grant(
                    &lane,
                    id,
                    Granted::Blocks(0),
                    first,
                    each.min(blocks.saturating_sub(first))
                ));
                lane
            })
            .collect()
    }
}

fn memory(size: u64, events: &Arc<Told>) -> Arc<Source> {
    Source::new(5, Box::new(Memory { size }), events.clone(), rereads())
}

fn pump(events: &Arc<Told>) -> Arc<ReadPump> {
    ReadPump::start(
        2,
        8,
        Share {
            outstanding: 8 << 20,
            kept: 0,
        },
        events.clone(),
        |text| panic!("{text}"),
    )
    .unwrap()
}

/// Waits until so many blocks are verified; no block is wrong.
fn wait_verified(events: &Told, blocks: usize) -> Vec<(u32, u64)> {
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut all = Vec::new();
    while verified(&all).len() < blocks {
        assert!(Instant::now() < deadline, "only {:?}", verified(&all));
        all.extend(events.wait());
    }
    assert_eq!(of_kind(&all, "Mismatch"), []);
    let mut found = verified(&all);
    found.sort_unstable();
    found
}

#[test]
fn a_file_crosses_a_pipe_in_two_lanes_and_control_bytes_go_both_ways() {
    let size = 5 * BLOCK as u64 + 3;
    let (sink, verified) = discarding(&[("memory", size)]);
    let mut joined = joined(&sink, Pin::Report);
    joined.met();
    let (pump, source) = (pump(&joined.events), memory(size, &joined.events));
    let lanes = joined.send(&pump, &source, 2, 6);
    let blocks = wait_verified(&verified, 6);
    assert_eq!(blocks, (0..6).map(|block| (0, block)).collect::<Vec<_>>());
    for (from, to) in [(&joined.dialer.clone(), 2), (&joined.listener.clone(), 1)] {
        assert!(from.control.get().unwrap().send(b"hello".to_vec()));
        let heard = joined.until(
            "CONTROL",
            |event| matches!(event, Event::Control { connection, .. } if *connection == to),
        );
        let Event::Control { bytes, .. } = heard else {
            unreachable!()
        };
        assert_eq!(bytes.bytes, b"hello");
    }
    for lane in &lanes {
        lane.finish();
    }
    for id in [1000, 1001] {
        joined.until(
            "LANE_CLOSED",
            |event| matches!(event, Event::LaneClosed { lane, finished: true, .. } if *lane == id),
        );
    }
    joined.dialer.close(0);
    assert_eq!(joined.closed(1), (CloseCause::Own, 0));
    assert_eq!(joined.closed(2), (CloseCause::Peer, 0));
}

#[test]
fn frames_that_leave_in_parts_stay_whole() {
    let size = 4 * BLOCK as u64;
    let (sink, verified) = discarding(&[("memory", size)]);
    let mut joined = joined(&sink, Pin::Report);
    joined.met();
    let (pump, source) = (pump(&joined.events), memory(size, &joined.events));
    source.limit.set(Some(40e6));
    joined.send(&pump, &source, 1, 4);
    wait_verified(&verified, 4);
}

#[test]
fn a_lane_that_is_finished_while_a_frame_leaves_in_parts_ends_behind_it() {
    let size = BLOCK as u64;
    let (sink, verified) = discarding(&[("memory", 2 * size)]);
    let mut joined = joined(&sink, Pin::Report);
    joined.met();
    let (pump, source) = (pump(&joined.events), memory(2 * size, &joined.events));
    source.limit.set(Some(4e6));
    let lanes = joined.send(&pump, &source, 1, 1);
    let deadline = Instant::now() + Duration::from_secs(20);
    while source.counters.sent_bytes.load(Ordering::Relaxed) == 0 {
        assert!(Instant::now() < deadline, "nothing is sent");
        std::thread::yield_now();
    }
    assert_eq!(source.paced.load(Ordering::Acquire), 1, "most of the frame still waits");
    lanes[0].finish();
    wait_verified(&verified, 1);
    joined.until("LANE_CLOSED", |event| {
        matches!(
            event,
            Event::LaneClosed {
                lane: 1000,
                finished: true,
                ..
            }
        )
    });
    assert_eq!(of_kind(&told(&joined.events), "LaneBroke"), []);
}

#[test]
fn a_source_that_waits_for_its_limit_holds_up_no_other() {
    let (slow_sink, _) = discarding(&[("memory", 4 * BLOCK as u64)]);
    let (sink, verified) = discarding(&[("memory", 4 * BLOCK as u64)]);
    let (mut slow, mut fast) = (joined(&slow_sink, Pin::Report), joined(&sink, Pin::Report));
    slow.met();
    fast.met();
    let share = Share {
        outstanding: 8 << 20,
        kept: 0,
    };
    let pump = ReadPump::start(1, 8, share, fast.events.clone(), |text| panic!("{text}")).unwrap();
    let limited = memory(4 * BLOCK as u64, &slow.events);
    limited.limit.set(Some(1.0));
    slow.listener.admit();
    assert!(slow.listener.link().unwrap().allow_lanes(1));
    let preface = Preface { lane: 0, transfer: 1 };
    let lane = SendLane::open(9, preface, &slow.dialer, &limited, pump.clone()).unwrap();
    slow.dialer.add_lane(9, lane.clone());
    lane.known();
    assert!(pump.grant(&lane, 9, Granted::Blocks(0), 0, 4));
    // Two frames are read ahead, the first of which takes twelve days.
    let deadline = Instant::now() + Duration::from_secs(20);
    while limited.paced.load(Ordering::Acquire) < 2 {
        assert!(Instant::now() < deadline, "nothing waits for the limit");
        std::thread::yield_now();
    }
    let source = memory(4 * BLOCK as u64, &fast.events);
    fast.send(&pump, &source, 2, 4);
    wait_verified(&verified, 4);
    assert_eq!(limited.paced.load(Ordering::Acquire), 2, "no more is read ahead");
    slow.dialer.close(0);
    slow.closed(1);
}

#[test]
fn a_connection_that_ends_in_the_middle_gives_its_claims_back_and_another_one_brings_the_rest() {
    let blocks = 40;
    let size = blocks * BLOCK as u64;
    let (sink, verified_events) = discarding(&[("memory", size)]);
    let mut first = joined(&sink, Pin::Report);
    first.met();
    let (pump, source) = (pump(&first.events), memory(size, &first.events));
    let lanes = first.send(&pump, &source, 4, blocks);
    let mut had = verified(&verified_events.wait());
    first.listener.close_because("a test", 8);
    assert_eq!(first.closed(1), (CloseCause::Peer, 8));
    assert_eq!(first.closed(2), (CloseCause::Own, 0));
    for id in 1000..1004 {
        first.until(
            "LANE_CLOSED",
            |event| matches!(event, Event::LaneClosed { lane, .. } if *lane == id),
        );
    }
    assert_eq!(first.ends.forgotten.lock().len(), 8, "both sides' lanes");
    drop(lanes);
    had.extend(verified(&told(&verified_events)));
    let missing = blocks as usize - had.len();
    let mut second = joined(&sink, Pin::Report);
    second.met();
    second.send(&pump, &source, 4, blocks);
    let rest = wait_verified(&verified_events, missing);
    had.extend(rest);
    had.sort_unstable();
    assert_eq!(had, (0..blocks).map(|block| (0, block)).collect::<Vec<_>>());
}

#[test]
fn a_whole_pin_is_compared_to_its_last_byte() {
    let (sink, _) = discarding(&[]);
    let mut pin: [u8; 32] = Sha256::digest(CERTIFICATE).into();
    let mut right = joined(&sink, Pin::Whole(pin));
    right.met();
    pin[31] ^= 1;
    let mut wrong = joined(&sink, Pin::Whole(pin));
    assert_eq!(wrong.closed(1).0, CloseCause::Transport);
}

#[test]
fn a_wrong_certificate_ends_the_handshake_and_too_much_before_the_proof_the_connection() {
    let (sink, _) = discarding(&[]);
    let mut wrong = joined(&sink, Pin::Prefix([7; 16]));
    assert_eq!(wrong.closed(1).0, CloseCause::Transport);
    assert!(!wrong.seen.iter().any(|event| matches!(event, Event::Connected { .. })));
    let pin = Sha256::digest(CERTIFICATE)[..16].try_into().unwrap();
    let mut right = joined(&sink, Pin::Prefix(pin));
    right.met();
    let dialer = right.dialer.clone();
    assert!(dialer.control.get().unwrap().send(vec![1; CONTROL_LIMIT as usize + 1]));
    assert_eq!(right.closed(1), (CloseCause::Peer, 8));
}
