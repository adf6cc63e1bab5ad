//! One connection: its control stream, its lanes, and what the peer may do before it is admitted.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::control::{ControlStream, Controlled};
use super::transport::{Ended, Link, LinkHandler, NewStream, Received, StreamStatistics};
use crate::blocks::codec::LaneCodec;
use crate::blocks::dialects::codec_of;
use crate::core::declare::Payload;
use crate::core::event::Event;
use crate::core::tell::Tell;
use crate::core::words::{CloseCause, ConnectionId, LaneId, ListenerId};

/// What connections need of the engine above them.
pub trait Host: Send + Sync {
    fn new_id(&self) -> ConnectionId;
    fn connection(&self, id: ConnectionId) -> Option<Arc<Connection>>;
    /// A dialer was let in.
    fn came(&self, connection: &Arc<Connection>);
    /// A connection is gone.
    fn forget_connection(&self, id: ConnectionId);
    /// Takes over a lane that the peer opened.
    fn accept_lane(
        &self,
        connection: &Arc<Connection>,
        codec: &'static dyn LaneCodec,
        stream: Box<dyn NewStream>,
    ) -> (LaneId, Arc<dyn Lane>);
    /// A lane is gone.
    fn forget_lane(&self, id: LaneId);
}

/// A lane, as its connection knows it.
pub trait Lane: Send + Sync {
    /// Something that it waited for is there.
    fn wake(self: Arc<Self>);
    /// How long sending waited for what; `None` for a lane from the peer.
    fn statistics(&self) -> Option<StreamStatistics>;
}

/// The exit code "the peer broke the protocol".
pub const PROTOCOL: u16 = 8;

/// The code that a connection without a place is closed with: the dialer may try again.
const TURNED_AWAY: u16 = 5;

/// Where a connection comes from, which decides about certificates.
pub enum Origin {
    /// This side dialed it.
    Dialed(Pin),
    /// A dialer, which is asked for no certificate, came to a listener.
    Listener {
        listener: ListenerId,
        place: Box<dyn Place>,
    },
}

/// Which certificate the peer must have.
pub enum Pin {
    /// Its SHA-256 begins with these bytes.
    Prefix([u8; 16]),
    /// This is its SHA-256.
    Whole([u8; 32]),
    /// Any; CONNECTED reports its hash.
    Report,
}

/// A dialer's place among the unauthenticated ones of its listener.
pub trait Place: Send + Sync {
    /// The dialer has completed its handshake. It may lose its place by that.
    fn validated(&self);
    /// The dialer has proved the secret, or its connection has ended.
    fn left(&self);
}

pub struct Connection {
    pub id: ConnectionId,
    origin: Origin,
    /// Bytes that the peer may send on the control stream before it is admitted.
    control_limit: u64,
    /// Bytes in sends that are not acknowledged yet.
    pub outstanding: AtomicU64,
    admitted: AtomicBool,
    link: Mutex<Option<Arc<dyn Link>>>,
    certificate: OnceLock<[u8; 32]>,
    /// How lanes are spoken here, which the ALPN decided; `None`: not at all.
    codec: OnceLock<Option<&'static dyn LaneCodec>>,
    pub control: OnceLock<Arc<ControlStream>>,
    /// Set when the place went to another dialer: whether the connection closes silently.
    turned_away: OnceLock<bool>,
    lanes: Mutex<HashMap<LaneId, Arc<dyn Lane>>>,
    tell: Arc<dyn Tell>,
    host: Weak<dyn Host>,
    /// An exit code + 1 to close with once all control bytes are acknowledged.
    closing: AtomicU16,
    /// Why the engine itself closed it, for the text of CLOSED.
    reason: OnceLock<&'static str>,
}

impl Connection {
    pub fn new(
        id: ConnectionId,
        origin: Origin,
        control_limit: u64,
        tell: Arc<dyn Tell>,
        host: Weak<dyn Host>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            origin,
            control_limit,
            outstanding: AtomicU64::new(0),
            admitted: AtomicBool::new(false),
            link: Mutex::default(),
            certificate: OnceLock::new(),
            codec: OnceLock::new(),
            control: OnceLock::new(),
            turned_away: OnceLock::new(),
            lanes: Mutex::default(),
            tell,
            host,
            closing: AtomicU16::new(0),
            reason: OnceLock::new(),
        })
    }

    /// The open connection; `None` before it is connected and after it closed.
    pub fn link(&self) -> Option<Arc<dyn Link>> {
        self.link.lock().clone()
    }

    /// How lanes are spoken here. `None`: not connected yet, or a dialect without lanes.
    pub fn codec(&self) -> Option<&'static dyn LaneCodec> {
        self.codec.get().copied().flatten()
    }

    /// Remembers the connection, so that it can be closed before it is connected.
    pub fn set_link(&self, link: &Arc<dyn Link>) {
        *self.link.lock() = Some(link.clone());
        // Whichever of this and `turn_away` takes the lock later sees what the other one wrote.
        self.close_if_turned_away(&**link);
    }

    /// Closes the connection, as soon as there is one: its place went to another dialer.
    pub fn turn_away(&self, silently: bool) {
        let _ = self.reason.set("its place was needed for another dialer");
        let _ = self.turned_away.set(silently);
        if let Some(link) = self.link() {
            self.close_if_turned_away(&*link);
        }
    }

    fn close_if_turned_away(&self, link: &dyn Link) {
        match self.turned_away.get() {
            Some(false) => link.shutdown(TURNED_AWAY.into()),
            Some(true) => link.shutdown_silently(),
            None => {}
        }
    }

    pub fn tell(&self, event: Event) {
        self.tell.tell(event);
    }

    /// The peer has proved itself: it may send without a total bound.
    pub fn admit(&self) {
        self.admitted.store(true, Ordering::Release);
        self.give_place_back();
    }

    fn give_place_back(&self) {
        if let Origin::Listener { place, .. } = &self.origin {
            place.left();
        }
    }

    pub fn add_lane(&self, id: LaneId, lane: Arc<dyn Lane>) {
        self.lanes.lock().insert(id, lane);
    }

    /// The open lanes of both directions.
    pub fn lanes(&self) -> Vec<Arc<dyn Lane>> {
        self.lanes.lock().values().cloned().collect()
    }

    /// A lane is gone, its last writer has left it.
    pub fn lane_closed(&self, lane: LaneId, finished: bool) {
        let gone = self.lanes.lock().remove(&lane);
        drop(gone);
        if let Some(host) = self.host.upgrade() {
            host.forget_lane(lane);
        }
        self.tell(Event::LaneClosed {
            lane,
            connection: self.id,
            finished,
        });
    }

    /// Closes after the control bytes sent so far are acknowledged; a second call closes at once.
    pub fn close(&self, code: u16) {
        // Sequentially consistent, like the count of the control stream: of the two sides that write one and then read the
        // other, one must see what the other wrote.
        let again = self.closing.swap(code.saturating_add(1), Ordering::SeqCst) != 0;
        if again || self.control.get().is_none_or(|control| control.is_idle()) {
            self.close_now(code);
        }
    }

    /// Closes for a reason that the engine found itself, within limits that TypeScript set.
    pub fn close_because(&self, reason: &'static str, code: u16) {
        let _ = self.reason.set(reason);
        self.close_now(code);
    }

    fn close_now(&self, code: u16) {
        if let Some(link) = self.link() {
            link.shutdown(u64::from(code));
        }
    }
}

impl Controlled for Connection {
    fn control_received(&self, data: Received, total: u64) -> bool {
        if total > self.control_limit && !self.admitted.load(Ordering::Acquire) {
            self.close_because("the peer sent too much before its proof", PROTOCOL);
            return false;
        }
        let bytes = data.slices().concat();
        if bytes.is_empty() {
            return true;
        }
        // The peer may send more once these bytes are taken: that bounds what waits here to one window.
        let bytes = Payload {
            bytes,
            on_take: Some(Box::new(move || drop(data))),
        };
        self.tell(Event::Control {
            connection: self.id,
            bytes,
        });
        true
    }

    fn control_idle(&self) {
        if let Some(code) = self.closing.load(Ordering::SeqCst).checked_sub(1) {
            self.close_now(code);
        }
    }

    /// The control stream lasts as long as its connection: without it nothing could ever be agreed on again.
    fn control_ended(&self) {
        if self.closing.load(Ordering::Acquire) == 0 {
            self.close_because("the peer ended the control stream", PROTOCOL);
        }
    }
}

impl LinkHandler for Connection {
    fn certificate(self: &Arc<Self>, der: &[u8]) -> bool {
        let hash: [u8; 32] = Sha256::digest(der).into();
        let right = match &self.origin {
            Origin::Dialed(Pin::Prefix(pin)) => hash[..pin.len()] == pin[..],
            Origin::Dialed(Pin::Whole(pin)) => hash == *pin,
            Origin::Dialed(Pin::Report) => true,
            Origin::Listener { .. } => false,
        };
        right && self.certificate.set(hash).is_ok()
    }

    fn connected(self: &Arc<Self>, link: &Arc<dyn Link>, alpn: &[u8], remote: Option<SocketAddr>) {
        self.set_link(link);
        if let Origin::Listener { place, .. } = &self.origin {
            place.validated();
        }
        if self.turned_away.get().is_some() {
            return;
        }
        let remote = remote.map(|remote| remote.to_string()).unwrap_or_default();
        let alpn = String::from_utf8_lossy(alpn).into_owned();
        let _ = self.codec.set(codec_of(&alpn));
        if let Origin::Listener { listener, .. } = &self.origin {
            self.tell(Event::Incoming {
                listener: *listener,
                connection: self.id,
                alpn,
                remote,
            });
            return;
        }
        // Fails closed: without the certificate event no application byte goes either way.
        let Some(certificate) = self.certificate.get() else {
            self.close_because("the peer showed no certificate", 6);
            return;
        };
        match ControlStream::open(self.controlled(), &**link) {
            Some(control) => {
                let _ = self.control.set(control);
                self.tell(Event::Connected {
                    connection: self.id,
                    alpn,
                    remote,
                    certificate: *certificate,
                });
            }
            None => self.close_because("the control stream could not be opened", 1),
        }
    }

    fn peer_stream(self: &Arc<Self>, stream: Box<dyn NewStream>) {
        if stream.is_lane() {
            // QUIC lets no unidirectional stream through before `admit` raised the limit.
            let Some(host) = self.host.upgrade() else { return };
            let Some(codec) = self.codec() else {
                return self.close_because("the peer opened a lane in a dialect without lanes", PROTOCOL);
            };
            let (id, lane) = host.accept_lane(self, codec, stream);
            self.add_lane(id, lane);
            self.tell(Event::LaneOpened {
                lane: id,
                connection: self.id,
                number: 0,
            });
            return;
        }
        if self.control.get().is_none() && matches!(self.origin, Origin::Listener { .. }) {
            let _ = self.control.set(ControlStream::accept(self.controlled(), stream));
        }
    }

    fn closed(self: &Arc<Self>, ended: Ended) {
        self.give_place_back();
        let link = self.link.lock().take();
        if let Some(host) = self.host.upgrade() {
            host.forget_connection(self.id);
        }
        let (cause, code, text) = match ended {
            Ended::Own => {
                let code = self.closing.load(Ordering::Acquire).saturating_sub(1);
                let reason = self.reason.get().copied().unwrap_or_default();
                (CloseCause::Own, code.into(), reason)
            }
            Ended::Peer(code) => (CloseCause::Peer, code, ""),
            Ended::Transport(status, name) => (CloseCause::Transport, status, name),
        };
        self.tell(Event::Closed {
            connection: self.id,
            cause,
            code,
            text: text.to_owned(),
        });
        drop(link);
    }
}

impl Connection {
    fn controlled(self: &Arc<Self>) -> Weak<dyn Controlled> {
        let owner: Weak<Self> = Arc::downgrade(self);
        owner
    }
}

/// A host of nothing.
#[cfg(test)]
pub struct Nowhere;

#[cfg(test)]
impl Host for Nowhere {
    fn new_id(&self) -> ConnectionId {
        0
    }
    fn connection(&self, _: ConnectionId) -> Option<Arc<Connection>> {
        None
    }
    fn came(&self, _: &Arc<Connection>) {}
    fn forget_connection(&self, _: ConnectionId) {}
    fn accept_lane(
        &self,
        _: &Arc<Connection>,
        _: &'static dyn LaneCodec,
        _: Box<dyn NewStream>,
    ) -> (LaneId, Arc<dyn Lane>) {
        unreachable!("no stream comes")
    }
    fn forget_lane(&self, _: LaneId) {}
}

/// A connection without QUIC.
#[cfg(test)]
pub fn alone(id: ConnectionId, tell: Arc<dyn Tell>) -> Arc<Connection> {
    Connection::new(id, Origin::Dialed(Pin::Report), 0, tell, Weak::<Nowhere>::new())
}
