//! A lane to the peer: its stream, and the grants that it still has to send.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::source::Source;
use crate::blocks::codec::LaneCodec;
use crate::blocks::frame::Preface;
use crate::core::words::{EntryId, GrantId, LaneId};
use crate::net::SendBuffer;
use crate::net::connection::{Connection, Lane};
use crate::net::transport::{ByteStream, Direction, Received, StreamHandler, StreamStatistics};

/// Fills lanes; notified of what happens on their streams.
pub trait LaneOwner: Send + Sync {
    /// A frame is acknowledged, or will never be.
    fn sent(&self, lane: &SendLane, buffer: Box<SendBuffer>);
    /// Nothing can be sent any more.
    fn closed(&self, lane: &SendLane);
}

pub struct SendLane {
    pub id: LaneId,
    pub connection: Arc<Connection>,
    /// The one of the connection's dialect.
    pub codec: &'static dyn LaneCodec,
    pub source: Arc<Source>,
    owner: Arc<dyn LaneOwner>,
    pub stream: OnceLock<Arc<dyn ByteStream>>,
    pub grants: Mutex<VecDeque<Arc<Grant>>>,
    /// It is in its owner's queue.
    pub queued: AtomicBool,
    pub closed: AtomicBool,
    ending: Mutex<Ending>,
    /// Orders LANE_OPENED before LANE_CLOSED: registration and close both set it, and whichever finds it set already reports the
    /// close.
    met: AtomicBool,
}

/// When a lane ends that is to be finished: behind the frames that are sent in parts now, because a peer takes a frame that is cut off by the end
/// of its lane for a broken one.
#[derive(Default)]
struct Ending {
    /// Frames that are sent in parts, or wait for that.
    frames: usize,
    is_wanted: bool,
}

/// What a lane shall send.
pub struct Grant {
    pub id: GrantId,
    pub what: Granted,
    /// What is still to be read: block numbers, or entries.
    pub range: Mutex<(u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// Blocks of one entry.
    Blocks(EntryId),
    /// The files of one block among some entries.
    Entries,
}

impl SendLane {
    fn new(
        id: LaneId,
        connection: &Arc<Connection>,
        codec: &'static dyn LaneCodec,
        source: &Arc<Source>,
        owner: Arc<dyn LaneOwner>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            connection: connection.clone(),
            codec,
            source: source.clone(),
            owner,
            stream: OnceLock::new(),
            grants: Mutex::default(),
            queued: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            ending: Mutex::default(),
            met: AtomicBool::new(false),
        })
    }

    /// Opens a lane and sends its preface. `None`: the connection is gone, or its dialect has no lanes.
    pub fn open(
        id: LaneId,
        preface: Preface,
        connection: &Arc<Connection>,
        source: &Arc<Source>,
        owner: Arc<dyn LaneOwner>,
    ) -> Option<Arc<Self>> {
        let link = connection.link()?;
        let codec = connection.codec()?;
        let lane = Self::new(id, connection, codec, source, owner);
        let stream = link.open_stream(Direction::ToPeer, lane.clone())?;
        let preface = SendBuffer::new(codec.preface(preface));
        stream.send(preface).ok()?;
        lane.stream.set(stream).ok()?;
        Some(lane)
    }

    /// A lane without a stream.
    #[cfg(test)]
    pub fn alone(
        id: LaneId,
        connection: &Arc<Connection>,
        source: &Arc<Source>,
        owner: Arc<dyn LaneOwner>,
    ) -> Arc<Self> {
        let lane = Self::new(id, connection, &crate::testing::CODEC, source, owner);
        lane.known();
        lane
    }

    /// LANE_OPENED was reported; a lane may have closed before that.
    pub fn known(&self) {
        if self.met.swap(true, Ordering::AcqRel) {
            self.connection.lane_closed(self.id, false);
        }
    }

    /// Ends the lane after what it has sent, and what it is sending.
    pub fn finish(&self) {
        let mut ending = self.ending.lock();
        ending.is_wanted = true;
        self.end_if_wanted(&ending);
    }

    /// A frame is about to be sent in parts. [`SendLane::sent_slowly`] has to follow.
    pub fn sends_slowly(&self) {
        self.ending.lock().frames += 1;
    }

    /// All parts of the frame are sent, or it is given up.
    pub fn sent_slowly(&self) {
        let mut ending = self.ending.lock();
        ending.frames = ending.frames.saturating_sub(1);
        self.end_if_wanted(&ending);
    }

    fn end_if_wanted(&self, ending: &Ending) {
        if ending.is_wanted
            && ending.frames == 0
            && let Some(stream) = self.stream.get()
        {
            stream.finish();
        }
    }
}

impl Lane for SendLane {
    /// It waits for nothing of its connection.
    fn wake(self: Arc<Self>) {}

    fn statistics(&self) -> Option<StreamStatistics> {
        self.stream.get()?.statistics()
    }
}

impl StreamHandler for SendLane {
    /// A lane goes one way: the peer cannot send on it, QUIC sees to that.
    fn received(self: Arc<Self>, _data: Received, _fin: bool) {}

    fn sent(self: Arc<Self>, buffer: Box<SendBuffer>) {
        // The preface counts for nothing.
        if buffer.charge > 0 {
            self.owner.sent(&self, buffer);
        }
    }

    fn closed(self: Arc<Self>, finished: bool) {
        self.closed.store(true, Ordering::Release);
        self.owner.closed(&self);
        if self.met.swap(true, Ordering::AcqRel) {
            self.connection.lane_closed(self.id, finished);
        }
    }
}
