//! The control stream: bytes go through as they are; their meaning is TypeScript's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use crate::events::Payload;
use crate::layout::EventKind;
use crate::link::{Link, PROTOCOL};
use crate::quic::{Connection, NewStream, Received, SendBuffer, Stream, StreamHandler, StreamStatistics};
use crate::record::Record;

pub struct ControlStream {
    link: Weak<Link>,
    stream: OnceLock<Arc<Stream>>,
    /// All bytes the peer has sent.
    received: AtomicU64,
    /// Sends not yet acknowledged.
    unacknowledged: AtomicU64,
}

impl ControlStream {
    fn new(link: &Arc<Link>) -> Arc<Self> {
        Arc::new(Self {
            link: Arc::downgrade(link),
            stream: OnceLock::new(),
            received: AtomicU64::new(0),
            unacknowledged: AtomicU64::new(0),
        })
    }

    /// The dialer's.
    pub fn open(link: &Arc<Link>, connection: &Arc<Connection>) -> Option<Arc<Self>> {
        let control = Self::new(link);
        let stream = Stream::open(connection, false, control.clone()).ok()?;
        control.keep(stream);
        Some(control)
    }

    /// The listener's.
    pub fn accept(link: &Arc<Link>, stream: NewStream) -> Arc<Self> {
        let control = Self::new(link);
        control.keep(stream.accept(control.clone()));
        control
    }

    fn keep(&self, stream: Arc<Stream>) {
        // Lanes are full of data; a message must not wait behind it.
        stream.prefer();
        let _ = self.stream.set(stream);
    }

    /// Queues bytes. `false`: the stream is gone.
    pub fn send(&self, bytes: &[u8]) -> bool {
        let Some(stream) = self.stream.get() else { return false };
        self.unacknowledged.fetch_add(1, Ordering::AcqRel);
        let sent = stream.send(SendBuffer::new(bytes.into()), false).is_ok();
        if !sent {
            self.unacknowledged.fetch_sub(1, Ordering::AcqRel);
        }
        sent
    }

    pub fn statistics(&self) -> Option<StreamStatistics> {
        self.stream.get()?.statistics()
    }

    /// Whether everything sent was acknowledged.
    pub fn is_idle(&self) -> bool {
        self.unacknowledged.load(Ordering::SeqCst) == 0
    }
}

impl StreamHandler for ControlStream {
    fn received(self: &Arc<Self>, data: Received, fin: bool) {
        let Some(link) = self.link.upgrade() else { return };
        let total = self.received.fetch_add(data.len(), Ordering::AcqRel) + data.len();
        if total > link.control_limit && !link.admitted.load(Ordering::Acquire) {
            link.close_because("the peer sent too much before its proof", PROTOCOL);
            return;
        }
        self.tell(&link, data);
        if fin {
            link.control_ended();
        }
    }

    fn sent(self: &Arc<Self>, _buffer: Box<SendBuffer>, _cancelled: bool) {
        if self.unacknowledged.fetch_sub(1, Ordering::SeqCst) == 1
            && let Some(link) = self.link.upgrade()
        {
            link.control_idle();
        }
    }

    /// Also when the peer reset it.
    fn closed(self: &Arc<Self>, _finished: bool) {
        if let Some(link) = self.link.upgrade() {
            link.control_ended();
        }
    }
}

impl ControlStream {
    fn tell(&self, link: &Link, data: Received) {
        let Some(engine) = link.engine() else { return };
        let bytes: Vec<u8> = data.slices().flatten().copied().collect();
        if bytes.is_empty() {
            return;
        }
        let record = Record::event(EventKind::Control, link.id).count(bytes.len() as u64);
        // The peer may send more once these bytes are taken: that bounds what waits here to one window.
        engine.events.push_taken(
            record,
            Payload {
                bytes,
                on_take: Some(Box::new(move || drop(data))),
            },
        );
    }
}
