//! A transport in memory: two ends whose bytes go from one to the other, for the engine's tests.
//!
//! It keeps what handlers may rely on: bytes of a stream come in order and once, at most one indication of a stream is outstanding,
//! a sent buffer comes back, closing reaches the other end, and the last event of each stream and connection comes last. Nothing of
//! it runs inside a call: a thread of its own brings every event, as QUIC's do.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;

use super::send_buffer_unsafe::SendBuffer;
use super::transport::{
    ByteStream, Direction, Ended, Link, LinkHandler, LinkStatistics, MAX_SLICES, NewStream, ReceivedBytes,
    StreamHandler, StreamStatistics,
};
use crate::core::options::ConnectionSettings;

type Job = Box<dyn FnOnce() + Send>;

/// The thread that brings events.
#[derive(Clone)]
struct Carrier(Sender<Job>);

impl Carrier {
    fn start() -> Self {
        let (jobs, due) = channel::<Job>();
        std::thread::spawn(move || due.into_iter().for_each(|job| job()));
        Self(jobs)
    }

    fn later(&self, job: impl FnOnce() + Send + 'static) {
        // The thread ends with the last end of its pipe; a job for it has no effect then.
        let _ = self.0.send(Box::new(job));
    }
}

/// Joins two connections. The ALPN is what both speak; the dialer is shown `certificate`.
pub fn join<H: LinkHandler>(dialer: &Arc<H>, listener: &Arc<H>, alpn: &'static str, certificate: &'static [u8]) {
    let carrier = Carrier::start();
    let (near, far) = (End::new(&carrier, dialer), End::new(&carrier, listener));
    let _ = near.peer.set(Arc::downgrade(&far));
    let _ = far.peer.set(Arc::downgrade(&near));
    let (dialer, listener) = (dialer.clone(), listener.clone());
    carrier.later(move || {
        if !dialer.certificate(certificate) {
            near.end(Ended::Transport(0, "bad_certificate"));
            far.end(Ended::Peer(0));
            return;
        }
        let (near, far): (Arc<dyn Link>, Arc<dyn Link>) = (near, far);
        listener.connected(&far, alpn.as_bytes(), None);
        dialer.connected(&near, alpn.as_bytes(), None);
    });
}

/// The events of a connection.
trait Told: Send + Sync {
    fn peer_stream(&self, stream: Box<dyn NewStream>);
    fn closed(&self, ended: Ended);
}

struct Teller<H>(Arc<H>);

impl<H: LinkHandler> Told for Teller<H> {
    fn peer_stream(&self, stream: Box<dyn NewStream>) {
        self.0.peer_stream(stream);
    }
    fn closed(&self, ended: Ended) {
        self.0.closed(ended);
    }
}

struct End {
    me: Weak<End>,
    carrier: Carrier,
    told: Box<dyn Told>,
    peer: OnceLock<Weak<End>>,
    streams: Mutex<Streams>,
}

#[derive(Default)]
struct Streams {
    open: Vec<Arc<PipeStream>>,
    /// Lanes that the peer may still open.
    lanes_left: u16,
    /// Lanes that wait for room.
    waiting: VecDeque<Arc<PipeStream>>,
    closed: bool,
}

impl End {
    fn new<H: LinkHandler>(carrier: &Carrier, handler: &Arc<H>) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            carrier: carrier.clone(),
            told: Box::new(Teller(handler.clone())),
            peer: OnceLock::new(),
            streams: Mutex::default(),
        })
    }

    fn peer(&self) -> Option<Arc<End>> {
        self.peer.get()?.upgrade()
    }

    /// Streams first, the connection last.
    fn end(&self, ended: Ended) {
        let mut streams = self.streams.lock();
        if std::mem::replace(&mut streams.closed, true) {
            return;
        }
        let open = std::mem::take(&mut streams.open);
        drop(streams);
        for stream in open {
            stream.close(false);
        }
        self.told.closed(ended);
    }

    /// Shows the peer's stream to this end, if it may be open.
    fn introduce(&self, far: Arc<PipeStream>) {
        let mut streams = self.streams.lock();
        if streams.closed {
            return;
        }
        if far.is_lane {
            if streams.lanes_left == 0 {
                streams.waiting.push_back(far);
                return;
            }
            streams.lanes_left -= 1;
        }
        streams.open.push(far.clone());
        drop(streams);
        self.told.peer_stream(Box::new(Arrived(far)));
    }
}

impl Link for End {
    fn open_stream(&self, direction: Direction, handler: Arc<dyn StreamHandler>) -> Option<Arc<dyn ByteStream>> {
        let peer = self.peer()?;
        let is_lane = direction == Direction::ToPeer;
        let near = PipeStream::new(&self.carrier, is_lane);
        let far = PipeStream::new(&self.carrier, is_lane);
        let _ = near.other.set(Arc::downgrade(&far));
        let _ = far.other.set(Arc::downgrade(&near));
        let _ = near.handler.set(handler);
        let mut streams = self.streams.lock();
        if streams.closed {
            return None;
        }
        streams.open.push(near.clone());
        drop(streams);
        self.carrier.later(move || peer.introduce(far));
        Some(near)
    }

    fn allow_lanes(&self, lanes: u16) -> bool {
        let mut streams = self.streams.lock();
        streams.lanes_left = lanes;
        let count = usize::from(lanes).min(streams.waiting.len());
        let waiting: Vec<_> = streams.waiting.drain(..count).collect();
        let closed = streams.closed;
        drop(streams);
        let Some(me) = self.me.upgrade() else { return false };
        self.carrier
            .later(move || waiting.into_iter().for_each(|far| me.introduce(far)));
        !closed
    }

    fn shutdown(&self, code: u64) {
        let (me, peer) = (self.me.upgrade(), self.peer());
        self.carrier.later(move || {
            if let Some(peer) = peer {
                peer.end(Ended::Peer(code));
            }
            if let Some(me) = me {
                me.end(Ended::Own);
            }
        });
    }

    /// The other end hears nothing.
    fn shutdown_silently(&self) {
        let me = self.me.upgrade();
        self.carrier.later(move || {
            if let Some(me) = me {
                me.end(Ended::Own);
            }
        });
    }

    fn settings(&self) -> Option<ConnectionSettings> {
        None
    }

    fn statistics(&self) -> Option<LinkStatistics> {
        Some(LinkStatistics::default())
    }
}

struct Arrived(Arc<PipeStream>);

impl NewStream for Arrived {
    fn is_lane(&self) -> bool {
        self.0.is_lane
    }

    fn accept(self: Box<Self>, handler: Arc<dyn StreamHandler>) -> Arc<dyn ByteStream> {
        let _ = self.0.handler.set(handler);
        self.0.bring();
        self.0
    }
}

/// One end of a stream.
struct PipeStream {
    me: Weak<PipeStream>,
    carrier: Carrier,
    is_lane: bool,
    other: OnceLock<Weak<PipeStream>>,
    handler: OnceLock<Arc<dyn StreamHandler>>,
    inbox: Mutex<Inbox>,
    /// The parts of two buffers must not mix.
    sending: Mutex<()>,
    gone: AtomicBool,
}

#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    fin: bool,
    /// The handler has an indication that it has not given back.
    indicated: bool,
    finished: bool,
}

/// Bytes that the handler has; the next ones come when it gives them back.
struct Indication {
    bytes: Vec<u8>,
    stream: Arc<PipeStream>,
}

impl ReceivedBytes for Indication {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// In pieces, as QUIC has them.
    fn slices(&self) -> [&[u8]; MAX_SLICES] {
        let (one, rest) = self.bytes.split_at(self.bytes.len() / 3);
        let (two, three) = rest.split_at(rest.len() / 2);
        [one, two, three]
    }
}

impl Drop for Indication {
    fn drop(&mut self) {
        self.stream.inbox.lock().indicated = false;
        self.stream.bring();
    }
}

impl PipeStream {
    fn new(carrier: &Carrier, is_lane: bool) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            carrier: carrier.clone(),
            is_lane,
            other: OnceLock::new(),
            handler: OnceLock::new(),
            inbox: Mutex::default(),
            sending: Mutex::default(),
            gone: AtomicBool::new(false),
        })
    }

    fn other(&self) -> Option<Arc<PipeStream>> {
        self.other.get()?.upgrade()
    }

    /// Brings what has come, unless the handler still has the last of it.
    fn bring(&self) {
        let Some(me) = self.me.upgrade() else { return };
        self.carrier.later(move || {
            let Some(handler) = me.handler.get() else { return };
            let mut inbox = me.inbox.lock();
            if inbox.indicated || me.gone.load(Ordering::Acquire) || (inbox.bytes.is_empty() && !inbox.fin) {
                return;
            }
            inbox.indicated = true;
            let bytes = std::mem::take(&mut inbox.bytes);
            let fin = std::mem::take(&mut inbox.fin);
            inbox.finished |= fin;
            drop(inbox);
            let stream = me.clone();
            handler.clone().received(Box::new(Indication { bytes, stream }), fin);
            if fin {
                me.close(true);
            }
        });
    }

    /// The last event of this end.
    fn close(&self, finished: bool) {
        if !self.gone.swap(true, Ordering::AcqRel)
            && let Some(handler) = self.handler.get()
        {
            handler.clone().closed(finished);
        }
    }
}

impl ByteStream for PipeStream {
    fn send(&self, data: Box<SendBuffer>) -> Result<(), Box<SendBuffer>> {
        let whole = data.len.max(1);
        self.send_slowly(data, whole, &mut |_| true)
    }

    fn send_slowly(
        &self,
        data: Box<SendBuffer>,
        part: usize,
        may_go: &mut dyn FnMut(usize) -> bool,
    ) -> Result<(), Box<SendBuffer>> {
        let _sending = self.sending.lock();
        for bytes in data.storage[data.start..data.start + data.len].chunks(part) {
            let other = self.other().filter(|_| !self.gone.load(Ordering::Acquire));
            let Some(other) = other.filter(|_| may_go(bytes.len())) else {
                return Err(data);
            };
            other.inbox.lock().bytes.extend_from_slice(bytes);
            other.bring();
        }
        let handler = self.handler.get().cloned();
        self.carrier.later(move || {
            if let Some(handler) = handler {
                handler.sent(data);
            }
        });
        Ok(())
    }

    fn finish(&self) {
        let (Some(me), Some(other)) = (self.me.upgrade(), self.other()) else {
            return;
        };
        other.inbox.lock().fin = true;
        other.bring();
        if self.is_lane {
            self.carrier.later(move || me.close(true));
        }
    }

    fn abort(&self, _code: u64) {
        let (me, other) = (self.me.upgrade(), self.other());
        self.carrier.later(move || {
            for end in [me, other].into_iter().flatten() {
                end.close(false);
            }
        });
    }

    fn prefer(&self) {}

    fn statistics(&self) -> Option<StreamStatistics> {
        Some(StreamStatistics::default())
    }
}
