//! The control stream: bytes go through as they are; their meaning is TypeScript's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use super::send_buffer_unsafe::SendBuffer;
use super::transport::{ByteStream, Direction, Link, NewStream, Received, StreamHandler, StreamStatistics};

/// What a control stream reports to its connection, on the connection's thread.
pub trait Controlled: Send + Sync {
    /// Bytes arrived; `total` bytes have come so far, with these. `false`: they were too many, and nothing more is wanted.
    fn control_received(&self, data: Received, total: u64) -> bool;
    /// All that was sent is acknowledged.
    fn control_idle(&self);
    /// The peer ended or reset it, or the connection is gone.
    fn control_ended(&self);
}

pub struct ControlStream {
    owner: Weak<dyn Controlled>,
    stream: OnceLock<Arc<dyn ByteStream>>,
    /// All bytes the peer has sent.
    received: AtomicU64,
    /// Sends not yet acknowledged.
    unacknowledged: AtomicU64,
}

impl ControlStream {
    fn new(owner: Weak<dyn Controlled>) -> Arc<Self> {
        Arc::new(Self {
            owner,
            stream: OnceLock::new(),
            received: AtomicU64::new(0),
            unacknowledged: AtomicU64::new(0),
        })
    }

    /// The dialer's.
    pub fn open(owner: Weak<dyn Controlled>, link: &dyn Link) -> Option<Arc<Self>> {
        let control = Self::new(owner);
        let stream = link.open_stream(Direction::Both, control.clone())?;
        control.keep(stream);
        Some(control)
    }

    /// The listener's.
    pub fn accept(owner: Weak<dyn Controlled>, stream: Box<dyn NewStream>) -> Arc<Self> {
        let control = Self::new(owner);
        control.keep(stream.accept(control.clone()));
        control
    }

    fn keep(&self, stream: Arc<dyn ByteStream>) {
        // Lanes are full of data; a message must not wait behind it.
        stream.prefer();
        let _ = self.stream.set(stream);
    }

    /// Queues bytes. `false`: the stream is gone.
    pub fn send(&self, bytes: Vec<u8>) -> bool {
        let Some(stream) = self.stream.get() else { return false };
        self.unacknowledged.fetch_add(1, Ordering::AcqRel);
        let sent = stream.send(SendBuffer::new(bytes.into())).is_ok();
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
    fn received(self: Arc<Self>, data: Received, fin: bool) {
        let Some(owner) = self.owner.upgrade() else { return };
        let total = self.received.fetch_add(data.len(), Ordering::AcqRel) + data.len();
        if owner.control_received(data, total) && fin {
            owner.control_ended();
        }
    }

    fn sent(self: Arc<Self>, _buffer: Box<SendBuffer>) {
        if self.unacknowledged.fetch_sub(1, Ordering::SeqCst) == 1
            && let Some(owner) = self.owner.upgrade()
        {
            owner.control_idle();
        }
    }

    /// Also when the peer reset it.
    fn closed(self: Arc<Self>, _finished: bool) {
        if let Some(owner) = self.owner.upgrade() {
            owner.control_ended();
        }
    }
}
