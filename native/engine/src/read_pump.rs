//! From the disk to the network: reader threads take granted blocks, read and hash them, and hand the frames to QUIC.
//!
//! A connection may have only so many bytes in sends that are not yet acknowledged, and all buffers come from one pool; so memory is
//! bounded whatever the file size, and the readers run ahead of the network by exactly that much.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use crate::events::Events;
use crate::frame;
use crate::layout::EventKind;
use crate::limit::Limit;
use crate::link::Link;
use crate::quic::{Received, SendBuffer, Stream, StreamHandler, StreamStatistics};
use crate::record::Record;
use crate::source::{FRAME_ROOM, Source};
use crate::stats::{STATS, add, lap};

/// What a new buffer holds: not zeros, so that a source in memory sends bytes and not holes.
const FILL: u8 = 0xa5;

/// Frames up to this size are sent from a copy of their own size, so that a small file does not keep a buffer for a whole block until it
/// is acknowledged: six buffers and acknowledgements 25 ms apart made 450 files a second.
const SMALL_FRAME: usize = 64 << 10;

/// What a frame counts at least among the bytes outstanding: bounds how many there are, whose records take memory too.
const LEAST_CHARGE: usize = 16 << 10;

pub struct ReadPump {
    state: Mutex<State>,
    ready: Condvar,
    grants: Mutex<HashMap<u32, Arc<Grant>>>,
    events: Arc<Events>,
    /// Most bytes of a connection in unacknowledged sends.
    pub outstanding: u64,
    limit: Option<Limit>,
}

struct State {
    /// Lanes with granted blocks, served in turn.
    lanes: VecDeque<Arc<SendLane>>,
    /// Boxed once and for all: QUIC holds a pointer to the box while it sends.
    #[allow(clippy::vec_box)]
    free: Vec<Box<SendBuffer>>,
    /// How many more buffers may be made.
    unmade: usize,
}

/// A lane to the peer.
pub struct SendLane {
    pub id: u32,
    link: Arc<Link>,
    source: Arc<Source>,
    pump: Arc<ReadPump>,
    stream: OnceLock<Arc<Stream>>,
    grants: Mutex<VecDeque<Arc<Grant>>>,
    /// It is in the pump's queue.
    queued: AtomicBool,
    closed: AtomicBool,
    /// Set by whichever comes second: the engine knows the lane, or the lane has closed. That one tells that it closed.
    met: AtomicBool,
}

/// A run of blocks of one entry that a lane shall send.
struct Grant {
    id: u32,
    entry: u32,
    range: Mutex<(u64, u64)>,
}

/// A block to be read now, with the buffer for it.
struct Job {
    lane: Arc<SendLane>,
    entry: u32,
    block: u64,
    buffer: Box<SendBuffer>,
}

impl ReadPump {
    pub fn start(
        readers: usize,
        buffers: usize,
        outstanding: u64,
        limit: Option<Limit>,
        events: Arc<Events>,
        on_panic: fn(String),
    ) -> std::io::Result<Arc<Self>> {
        let state = State {
            lanes: VecDeque::new(),
            free: Vec::new(),
            unmade: buffers,
        };
        let pump = Arc::new(Self {
            state: Mutex::new(state),
            ready: Condvar::new(),
            grants: Mutex::default(),
            events,
            outstanding,
            limit,
        });
        for _ in 0..readers {
            let pump = pump.clone();
            std::thread::Builder::new()
                .name("ultra-read".to_owned())
                .spawn(move || {
                    loop {
                        let job = pump.next();
                        let read = || pump.run(job);
                        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)) {
                            on_panic(crate::quic::panic_text(panic.as_ref()));
                        }
                    }
                })?;
        }
        Ok(pump)
    }

    /// Gives a lane more to send. `false`: the grant's id is in use.
    pub fn grant(&self, lane: &Arc<SendLane>, id: u32, entry: u32, first: u64, count: u64) -> bool {
        let grant = Arc::new(Grant {
            id,
            entry,
            range: Mutex::new((first, first.saturating_add(count))),
        });
        let mut grants = self.lock_grants();
        if grants.contains_key(&id) {
            return false;
        }
        grants.insert(id, grant.clone());
        drop(grants);
        lane.lock().push_back(grant);
        self.wake(lane);
        true
    }

    /// Ends a grant before `end`, or where its read cursor already is. `None`: no such grant, or all of it is read.
    pub fn shrink(&self, id: u32, end: u64) -> Option<u64> {
        let grant = self.lock_grants().get(&id).cloned()?;
        let mut range = grant.range.lock().unwrap_or_else(PoisonError::into_inner);
        range.1 = end.clamp(range.0, range.1);
        Some(range.1)
    }

    fn wake(&self, lane: &Arc<SendLane>) {
        let mut state = self.lock();
        if !lane.queued.swap(true, Ordering::AcqRel) {
            state.lanes.push_back(lane.clone());
        }
        drop(state);
        self.ready.notify_one();
    }

    /// Waits for a block that may be read now.
    fn next(&self) -> Job {
        let start = Instant::now();
        let mut waited = false;
        let mut state = self.lock();
        loop {
            let mut left = Vec::new();
            let job = self.pick(&mut state, &mut left);
            if !left.is_empty() {
                // Perhaps the last reference to a lane and its connection, which waits for the connection's thread when it
                // closes; and that thread may be waiting for this lock.
                drop(state);
                drop(left);
                state = self.lock();
                if job.is_none() {
                    continue;
                }
            }
            if let Some(job) = job {
                if waited {
                    lap(&STATS.send_wait, start);
                }
                return job;
            }
            // With nothing granted this is idleness, not a wait for room.
            waited = !state.lanes.is_empty();
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// `left` takes the lanes that leave the queue; they may only be dropped when the lock is free.
    fn pick(&self, state: &mut State, left: &mut Vec<Arc<SendLane>>) -> Option<Job> {
        let mut buffer = match state.free.pop() {
            Some(buffer) => Some(buffer),
            None if state.unmade > 0 => {
                state.unmade -= 1;
                let mut buffer = SendBuffer::new(vec![FILL; FRAME_ROOM].into_boxed_slice());
                buffer.charge = FRAME_ROOM as u64;
                Some(buffer)
            }
            None => return None,
        };
        let mut job = None;
        for _ in 0..state.lanes.len() {
            let Some(lane) = state.lanes.pop_front() else { break };
            if lane.closed.load(Ordering::Acquire) {
                self.drop_grants(&lane);
                left.push(lane);
                continue;
            }
            if lane.link.outstanding.load(Ordering::Acquire) + FRAME_ROOM as u64 > self.outstanding {
                state.lanes.push_back(lane);
                continue;
            }
            let Some((entry, block)) = self.next_block(&lane) else {
                lane.queued.store(false, Ordering::Release);
                // A grant that came between the look and the mark would be lost otherwise.
                if !lane.lock().is_empty() && !lane.queued.swap(true, Ordering::AcqRel) {
                    state.lanes.push_back(lane);
                } else {
                    left.push(lane);
                }
                continue;
            };
            lane.link.outstanding.fetch_add(FRAME_ROOM as u64, Ordering::AcqRel);
            state.lanes.push_back(lane.clone());
            if let Some(buffer) = buffer.take() {
                job = Some(Job {
                    lane,
                    entry,
                    block,
                    buffer,
                });
            }
            break;
        }
        state.free.extend(buffer);
        job
    }

    /// The lane's next block; grants that are used up are told and forgotten.
    fn next_block(&self, lane: &SendLane) -> Option<(u32, u64)> {
        let mut grants = lane.lock();
        loop {
            let grant = grants.front()?;
            let mut range = grant.range.lock().unwrap_or_else(PoisonError::into_inner);
            let (block, end) = *range;
            let found = block < end;
            if found {
                range.0 += 1;
            }
            drop(range);
            let used_up = block + u64::from(found) >= end;
            let entry = grant.entry;
            if used_up && let Some(grant) = grants.pop_front() {
                self.lock_grants().remove(&grant.id);
                let record = Record::event(EventKind::GrantRead, lane.id)
                    .entry(entry)
                    .payload(grant.id);
                self.events.push(record.first(end));
            }
            if found {
                return Some((entry, block));
            }
        }
    }

    fn drop_grants(&self, lane: &SendLane) {
        let dropped = std::mem::take(&mut *lane.lock());
        let mut grants = self.lock_grants();
        for grant in dropped {
            grants.remove(&grant.id);
        }
    }

    fn run(&self, job: Job) {
        let Job {
            lane,
            entry,
            block,
            mut buffer,
        } = job;
        let Some(place) = lane.source.read_frame(entry, block, &mut buffer.storage) else {
            self.give_back(&lane.link, buffer);
            return;
        };
        (buffer.start, buffer.len) = (place.start, place.len);
        let buffer = self.fitting(&lane.link, buffer);
        let Some(stream) = lane.stream.get() else {
            self.give_back(&lane.link, buffer);
            return;
        };
        let sent = match &self.limit {
            None => stream.send(buffer, false),
            Some(limit) => stream.send_slowly(buffer, limit.part(), |len| {
                let start = Instant::now();
                let may_go = limit.wait(len, &lane.closed);
                lap(&STATS.limit_wait, start);
                may_go
            }),
        };
        match sent {
            Ok(()) => add(&STATS.sent_bytes, place.len as u64),
            Err(buffer) => self.give_back(&lane.link, buffer),
        }
    }

    /// The buffer itself, or in its place one of the size of a small frame.
    fn fitting(&self, link: &Link, buffer: Box<SendBuffer>) -> Box<SendBuffer> {
        if buffer.len > SMALL_FRAME {
            return buffer;
        }
        let frame = &buffer.storage[buffer.start..buffer.start + buffer.len];
        let mut small = SendBuffer::new(frame.into());
        small.charge = small.len.max(LEAST_CHARGE) as u64;
        link.outstanding.fetch_add(small.charge, Ordering::AcqRel);
        self.give_back(link, buffer);
        small
    }

    fn give_back(&self, link: &Link, buffer: Box<SendBuffer>) {
        let mut state = self.lock();
        link.outstanding.fetch_sub(buffer.charge, Ordering::AcqRel);
        if buffer.storage.len() == FRAME_ROOM {
            state.free.push(buffer);
        }
        drop(state);
        self.ready.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_grants(&self) -> MutexGuard<'_, HashMap<u32, Arc<Grant>>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SendLane {
    /// Opens a lane and sends its preface. `None`: the connection is gone.
    pub fn open(
        id: u32,
        number: u16,
        link: &Arc<Link>,
        source: &Arc<Source>,
        pump: &Arc<ReadPump>,
    ) -> Option<Arc<Self>> {
        let connection = link.connection()?;
        let lane = Arc::new(Self {
            id,
            link: link.clone(),
            source: source.clone(),
            pump: pump.clone(),
            stream: OnceLock::new(),
            grants: Mutex::default(),
            queued: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            met: AtomicBool::new(false),
        });
        let stream = Stream::open(&connection, true, lane.clone()).ok()?;
        let preface = SendBuffer::new(Box::new(frame::encode_preface(number)));
        stream.send(preface, false).ok()?;
        lane.stream.set(stream).ok()?;
        Some(lane)
    }

    /// The engine knows the lane now and has told that it is open. A lane may close before that, but must not be told so before.
    pub fn known(&self) {
        if self.met.swap(true, Ordering::AcqRel) {
            self.link.lane_closed(self.id, false);
        }
    }

    /// How long it waited for what.
    pub fn statistics(&self) -> Option<StreamStatistics> {
        self.stream.get()?.statistics()
    }

    /// Ends the lane after what it has sent.
    pub fn finish(&self) {
        if let Some(stream) = self.stream.get() {
            stream.finish();
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Grant>>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StreamHandler for SendLane {
    /// A lane goes one way: the peer cannot send on it, QUIC sees to that.
    fn received(self: &Arc<Self>, _data: Received, _fin: bool) {}

    fn sent(self: &Arc<Self>, buffer: Box<SendBuffer>, _cancelled: bool) {
        // The preface counts for nothing.
        if buffer.charge > 0 {
            self.pump.give_back(&self.link, buffer);
        }
    }

    fn closed(self: &Arc<Self>, finished: bool) {
        self.closed.store(true, Ordering::Release);
        if let Some(limit) = &self.pump.limit {
            limit.lane_closed();
        }
        self.pump.drop_grants(self);
        if self.met.swap(true, Ordering::AcqRel) {
            self.link.lane_closed(self.id, finished);
        }
    }
}

/// Bytes of a connection in sends that are not acknowledged yet.
pub type Outstanding = AtomicU64;

#[cfg(test)]
#[path = "read_pump_tests.rs"]
mod tests;
