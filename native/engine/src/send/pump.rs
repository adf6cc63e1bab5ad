//! From the disk to the network: reader threads take granted blocks, read and hash them, and hand the frames to QUIC.
//!
//! A connection may have only so many bytes in sends that are not yet acknowledged, and all buffers come from one pool; so memory is
//! bounded whatever the file size, and the readers run ahead of the network by exactly that much.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::lane::{Grant, Granted, LaneOwner, SendLane};
use super::source::FRAME_ROOM;
use crate::blocks::frame::FramePlace;
use crate::core::event::Event;
use crate::core::stats::{add, lap};
use crate::core::tell::Tell;
use crate::core::workers::panic_text;
use crate::net::SendBuffer;
use crate::net::connection::Connection;
use parking_lot::{Condvar, Mutex};

/// Frames up to this size are sent from a copy of their own size, so that a small file does not keep a buffer for a whole block until it
/// is acknowledged: six buffers and acknowledgements 25 ms apart made 450 files a second.
const SMALL_FRAME: usize = 64 << 10;

/// What a frame counts at least among the bytes outstanding: bounds how many there are, whose records take memory too.
const LEAST_CHARGE: usize = 16 << 10;

/// Frames of a source with a rate limit that are read ahead of it: one is sent while the next is read. More would only fill buffers.
const MOST_PACED: usize = 2;

pub struct ReadPump {
    state: Mutex<State>,
    ready: Condvar,
    grants: Mutex<HashMap<u32, Arc<Grant>>>,
    tell: Arc<dyn Tell>,
    pub share: Share,
}

/// How much a connection may have in unacknowledged sends.
#[derive(Clone, Copy)]
pub struct Share {
    /// Most bytes of it.
    pub outstanding: u64,
    /// Buffers that are kept for connections which have none, because peers that have nothing to do with each other share them: a slow one
    /// must not take what the others need. 0: all connections are those of one transfer.
    pub kept: usize,
}

/// Of shared buffers a connection takes at most so many for each that it leaves besides those that are kept: one alone has four fifths of them.
const SHARE: usize = 4;

impl Share {
    /// Most bytes for a connection while so many buffers are free.
    fn most(self, free: usize) -> u64 {
        if self.kept == 0 {
            return self.outstanding;
        }
        let most = free.saturating_sub(self.kept).saturating_mul(SHARE).max(1);
        (most as u64).saturating_mul(FRAME_ROOM as u64).min(self.outstanding)
    }
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

/// What is to be read now, with the buffer for it.
struct Job {
    lane: Arc<SendLane>,
    work: Work,
    /// `None`: one is to be made, outside of the pump's lock.
    buffer: Option<Box<SendBuffer>>,
}

enum Work {
    Block {
        entry: u32,
        block: u64,
        grant: Arc<Grant>,
    },
    /// As many files of this grant as fit a buffer.
    Pack(Arc<Grant>),
}

impl Job {
    fn take_buffer(&mut self) -> Box<SendBuffer> {
        self.buffer.take().unwrap_or_else(|| {
            let mut buffer = SendBuffer::new(vec![0; FRAME_ROOM].into_boxed_slice());
            buffer.charge = FRAME_ROOM as u64;
            buffer
        })
    }
}

impl ReadPump {
    pub fn start(
        readers: usize,
        buffers: usize,
        share: Share,
        tell: Arc<dyn Tell>,
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
            tell,
            share,
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
                            on_panic(panic_text(panic.as_ref()));
                        }
                    }
                })?;
        }
        Ok(pump)
    }

    /// Gives a lane more to send: blocks, or entries. `false`: the grant's id is in use.
    pub fn grant(&self, lane: &Arc<SendLane>, id: u32, what: Granted, first: u64, count: u64) -> bool {
        let grant = Arc::new(Grant {
            id,
            what,
            range: Mutex::new((first, first.saturating_add(count))),
        });
        let mut grants = self.grants.lock();
        if grants.contains_key(&id) {
            return false;
        }
        grants.insert(id, grant.clone());
        drop(grants);
        lane.grants.lock().push_back(grant);
        self.wake(lane);
        true
    }

    /// Ends a grant before `end`, or where its read cursor already is. `None`: no such grant, or all of it is read.
    pub fn shrink(&self, id: u32, end: u64) -> Option<u64> {
        let grant = self.grants.lock().get(&id).cloned()?;
        let mut range = grant.range.lock();
        range.1 = end.clamp(range.0, range.1);
        Some(range.1)
    }

    fn wake(&self, lane: &Arc<SendLane>) {
        let mut state = self.state.lock();
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
        let mut state = self.state.lock();
        loop {
            let mut left = Vec::new();
            let job = self.pick(&mut state, &mut left);
            if !left.is_empty() {
                // Perhaps the last reference to a lane and its connection, which waits for the connection's thread when it
                // closes; and that thread may be waiting for this lock.
                drop(state);
                drop(left);
                state = self.state.lock();
                if job.is_none() {
                    continue;
                }
            }
            if let Some(job) = job {
                if waited {
                    lap(&job.lane.source.counters.send_wait, start);
                }
                return job;
            }
            // With nothing granted this is idleness, not a wait for room.
            // Nor is a source that waits for its limit.
            waited = state.lanes.iter().any(|lane| !is_ahead(lane));
            self.ready.wait(&mut state);
        }
    }

    /// `left` takes the lanes that leave the queue; they may only be dropped when the lock is free.
    fn pick(&self, state: &mut State, left: &mut Vec<Arc<SendLane>>) -> Option<Job> {
        if state.free.is_empty() && state.unmade == 0 {
            return None;
        }
        let most = self.share.most(state.free.len() + state.unmade);
        for _ in 0..state.lanes.len() {
            let Some(lane) = state.lanes.pop_front() else { break };
            if lane.closed.load(Ordering::Acquire) {
                self.drop_grants(&lane);
                left.push(lane);
                continue;
            }
            if is_ahead(&lane) || lane.connection.outstanding.load(Ordering::Acquire) + FRAME_ROOM as u64 > most {
                state.lanes.push_back(lane);
                continue;
            }
            let Some(work) = self.next_work(&lane) else {
                lane.queued.store(false, Ordering::Release);
                // A grant that came between the look and the mark would be lost otherwise.
                if !lane.grants.lock().is_empty() && !lane.queued.swap(true, Ordering::AcqRel) {
                    state.lanes.push_back(lane);
                } else {
                    left.push(lane);
                }
                continue;
            };
            lane.connection
                .outstanding
                .fetch_add(FRAME_ROOM as u64, Ordering::AcqRel);
            state.lanes.push_back(lane.clone());
            let buffer = state.free.pop();
            if buffer.is_none() {
                state.unmade -= 1;
            }
            return Some(Job { lane, work, buffer });
        }
        None
    }

    /// The lane's next block, or the grant of its next pack; grants that are used up are reported and forgotten.
    fn next_work(&self, lane: &SendLane) -> Option<Work> {
        let mut grants = lane.grants.lock();
        loop {
            let grant = grants.front()?;
            let mut range = grant.range.lock();
            let (block, end) = *range;
            let found = block < end;
            let entry = match grant.what {
                Granted::Blocks(entry) => entry,
                // How many fit a buffer is found by reading them.
                Granted::Entries if found => return Some(Work::Pack(grant.clone())),
                Granted::Entries => 0,
            };
            if found {
                range.0 += 1;
            }
            drop(range);
            let grant = grant.clone();
            let used_up = block + u64::from(found) >= end;
            if used_up {
                grants.pop_front();
                self.tell_read(lane, &grant, end);
            }
            if found {
                return Some(Work::Block { entry, block, grant });
            }
        }
    }

    fn tell_read(&self, lane: &SendLane, grant: &Grant, end: u64) {
        self.grants.lock().remove(&grant.id);
        let entry = match grant.what {
            Granted::Blocks(entry) => entry,
            Granted::Entries => 0,
        };
        self.tell.tell(Event::GrantRead {
            lane: lane.id,
            grant: grant.id,
            entry,
            end,
        });
    }

    /// Reports a grant that is used up, unless another reader did.
    fn retire(&self, lane: &SendLane, grant: &Arc<Grant>) {
        let mut grants = lane.grants.lock();
        let (next, end) = *grant.range.lock();
        let place = grants.iter().position(|other| Arc::ptr_eq(other, grant));
        if next >= end && place.is_some_and(|place| grants.remove(place).is_some()) {
            self.tell_read(lane, grant, end);
        }
    }

    fn drop_grants(&self, lane: &SendLane) {
        let dropped = std::mem::take(&mut *lane.grants.lock());
        let mut grants = self.grants.lock();
        for grant in dropped {
            grants.remove(&grant.id);
        }
    }

    fn run(self: &Arc<Self>, mut job: Job) {
        let mut buffer = job.take_buffer();
        let Job { lane, work, .. } = job;
        let place = match work {
            Work::Block { entry, block, grant } => {
                let source = &lane.source;
                let holes = match lane.codec.is_plain() {
                    true => 0,
                    false => source.hole_blocks(entry, block),
                };
                match holes {
                    0 => source.read_frame(lane.codec, entry, block, &mut buffer.storage),
                    holes => {
                        let holes = block..take_more(&grant, block + 1, block + holes);
                        let frame = source.hole_frame(lane.codec, entry, holes, &mut buffer.storage);
                        self.retire(&lane, &grant);
                        frame
                    }
                }
            }
            Work::Pack(grant) => {
                let place = read_pack(&lane, &grant, &mut buffer.storage);
                self.retire(&lane, &grant);
                Some(place).filter(|place| place.len > 0)
            }
        };
        let Some(place) = place else {
            self.give_back(&lane.connection, buffer);
            return;
        };
        (buffer.start, buffer.len) = (place.start, place.len);
        let buffer = self.fitting(&lane.connection, buffer);
        let Some(stream) = lane.stream.get() else {
            self.give_back(&lane.connection, buffer);
            return;
        };
        let Some(part) = lane.source.limit.part() else {
            let len = buffer.len as u64;
            match stream.send(buffer) {
                Ok(()) => add(&lane.source.counters.sent_bytes, len),
                Err(buffer) => self.give_back(&lane.connection, buffer),
            }
            return;
        };
        let source = lane.source.clone();
        source.paced.fetch_add(1, Ordering::AcqRel);
        lane.sends_slowly();
        let pacer = source.pacer.get_or_init(|| source.rereads.like("ultra-pace", 1));
        let pump = self.clone();
        pacer.run(move || pump.send_slowly(&lane, buffer, part));
    }

    /// Sends a frame at the rate of its source, on that source's own thread.
    fn send_slowly(&self, lane: &SendLane, buffer: Box<SendBuffer>, part: usize) {
        let source = &lane.source;
        let counters = &source.counters;
        let mut may_go = |len: usize| {
            let may_go = source.limit.wait(len, &lane.closed, &counters.limit_wait);
            if may_go {
                add(&counters.sent_bytes, len as u64);
            }
            may_go
        };
        let sent = match lane.stream.get() {
            Some(stream) => stream.send_slowly(buffer, part, &mut may_go),
            None => Err(buffer),
        };
        source.paced.fetch_sub(1, Ordering::AcqRel);
        lane.sent_slowly();
        match sent {
            Ok(()) => {
                // The lock excludes a reader between its look at the lanes and its sleep.
                drop(self.state.lock());
                self.ready.notify_one();
            }
            Err(buffer) => self.give_back(&lane.connection, buffer),
        }
    }

    /// The buffer itself, or in its place one of the size of a small frame.
    fn fitting(&self, connection: &Connection, buffer: Box<SendBuffer>) -> Box<SendBuffer> {
        if buffer.len > SMALL_FRAME {
            return buffer;
        }
        let frame = &buffer.storage[buffer.start..buffer.start + buffer.len];
        let mut small = SendBuffer::new(frame.into());
        small.charge = small.len.max(LEAST_CHARGE) as u64;
        connection.outstanding.fetch_add(small.charge, Ordering::AcqRel);
        self.give_back(connection, buffer);
        small
    }

    fn give_back(&self, connection: &Connection, buffer: Box<SendBuffer>) {
        let mut state = self.state.lock();
        connection.outstanding.fetch_sub(buffer.charge, Ordering::AcqRel);
        if buffer.storage.len() == FRAME_ROOM {
            state.free.push(buffer);
        }
        drop(state);
        self.ready.notify_one();
    }
}

/// Whether enough of a lane's source is read for what its rate limit lets through.
fn is_ahead(lane: &SendLane) -> bool {
    lane.source.paced.load(Ordering::Acquire) >= MOST_PACED
}

/// Takes blocks of a grant behind one that is being read, up to `end`, unless another reader has; where those that were taken end.
fn take_more(grant: &Grant, next: u64, end: u64) -> u64 {
    let mut range = grant.range.lock();
    if range.0 == next {
        range.0 = end.clamp(next, range.1.max(next));
        return range.0;
    }
    next
}

/// Reads files of a grant, each of which one reader takes.
fn read_pack(lane: &SendLane, grant: &Grant, buffer: &mut [u8]) -> FramePlace {
    let mut next = |room: usize| {
        let mut range = grant.range.lock();
        while range.0 < range.1 {
            // Entries have 32 bits.
            let entry = u32::try_from(range.0).ok()?;
            let len = lane.source.small_len(entry);
            if len.is_some_and(|len| len > room) {
                return None;
            }
            range.0 += 1;
            if let Some(len) = len {
                return Some((entry, len));
            }
        }
        None
    };
    lane.source.read_pack(lane.codec, &mut next, buffer)
}

impl LaneOwner for ReadPump {
    fn sent(&self, lane: &SendLane, buffer: Box<SendBuffer>) {
        self.give_back(&lane.connection, buffer);
    }

    fn closed(&self, lane: &SendLane) {
        lane.source.limit.lane_closed();
        self.drop_grants(lane);
    }
}

#[cfg(test)]
#[path = "pump_tests.rs"]
mod tests;
