//! One connection as the engine keeps it: its control stream, its lanes, and what the peer may do before it is admitted.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use sha2::{Digest, Sha256};

use crate::control::ControlStream;
use crate::engine::Engine;
use crate::layout::EventKind;
use crate::quic::{Connection, ConnectionHandler, Ended, NewStream};
use crate::read_pump::{Outstanding, SendLane};
use crate::record::Record;
use crate::sink::Sink;
use crate::write_pump::ReceiveLane;

/// The exit code "the peer broke the protocol".
pub const PROTOCOL: u16 = 8;

/// Which certificate the peer must have.
pub enum Pin {
    /// Its SHA-256 begins with these bytes.
    Prefix([u8; 16]),
    /// Any; its hash is told in CONNECTED.
    Report,
    /// None: a listener does not ask dialers for one.
    NotAsked,
}

/// The code that a connection without a place is closed with: the dialer may try again.
const TURNED_AWAY: u16 = 5;

/// A dialer's place among the unauthenticated ones of its listener.
pub trait Place: Send + Sync {
    /// The dialer has completed its handshake. It may lose its place by that.
    fn validated(&self);
    /// The dialer has proved the secret, or its connection has ended.
    fn left(&self);
}

pub struct Link {
    pub id: u32,
    /// The listener it came to; 0 for a dialer's.
    listener: u32,
    pin: Pin,
    /// Bytes that the peer may send on the control stream before it is admitted.
    pub control_limit: u64,
    pub outstanding: Outstanding,
    pub admitted: AtomicBool,
    connection: Mutex<Option<Arc<Connection>>>,
    certificate: OnceLock<[u8; 32]>,
    pub control: OnceLock<Arc<ControlStream>>,
    /// None for a connection that this side dialed.
    place: Option<Box<dyn Place>>,
    /// Set when the place went to another dialer: whether the connection closes silently.
    turned_away: OnceLock<bool>,
    lanes: Mutex<Lanes>,
    engine: Weak<Engine>,
    /// An exit code + 1 to close with once all control bytes are acknowledged.
    closing: AtomicU16,
    /// Why the engine itself closed it, for the text of CLOSED.
    reason: OnceLock<&'static str>,
}

#[derive(Default)]
struct Lanes {
    sink: Option<Arc<Sink>>,
    receiving: HashMap<u32, Arc<ReceiveLane>>,
    sending: HashMap<u32, Arc<SendLane>>,
}

impl Link {
    /// A connection that this side dials.
    pub fn dialed(id: u32, pin: Pin, control_limit: u64, engine: &Arc<Engine>) -> Arc<Self> {
        Self::of(id, 0, pin, None, control_limit, Arc::downgrade(engine))
    }

    /// A connection that came to a listener.
    pub fn incoming(
        id: u32,
        listener: u32,
        place: Box<dyn Place>,
        control_limit: u64,
        engine: &Arc<Engine>,
    ) -> Arc<Self> {
        let engine = Arc::downgrade(engine);
        Self::of(id, listener, Pin::NotAsked, Some(place), control_limit, engine)
    }

    /// A link without an engine and a connection.
    #[cfg(test)]
    pub fn alone(id: u32) -> Arc<Self> {
        Self::of(id, 0, Pin::NotAsked, None, 0, Weak::new())
    }

    fn of(
        id: u32,
        listener: u32,
        pin: Pin,
        place: Option<Box<dyn Place>>,
        control_limit: u64,
        engine: Weak<Engine>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            listener,
            pin,
            control_limit,
            outstanding: AtomicU64::new(0),
            admitted: AtomicBool::new(false),
            connection: Mutex::default(),
            certificate: OnceLock::new(),
            control: OnceLock::new(),
            place,
            turned_away: OnceLock::new(),
            lanes: Mutex::default(),
            engine,
            closing: AtomicU16::new(0),
            reason: OnceLock::new(),
        })
    }

    /// The open connection; `None` before it is connected and after it closed.
    pub fn connection(&self) -> Option<Arc<Connection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers the connection, so that it can be closed before it is connected.
    pub fn set_connection(&self, connection: &Arc<Connection>) {
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection.clone());
        // Whichever of this and `turn_away` takes the lock later sees what the other one wrote.
        self.close_if_turned_away(connection);
    }

    /// Closes the connection, as soon as there is one: its place went to another dialer.
    pub fn turn_away(&self, silently: bool) {
        let _ = self.reason.set("its place was needed for another dialer");
        let _ = self.turned_away.set(silently);
        if let Some(connection) = self.connection() {
            self.close_if_turned_away(&connection);
        }
    }

    fn close_if_turned_away(&self, connection: &Connection) {
        match self.turned_away.get() {
            Some(false) => connection.shutdown(TURNED_AWAY.into()),
            Some(true) => connection.shutdown_silently(),
            None => {}
        }
    }

    pub fn engine(&self) -> Option<Arc<Engine>> {
        self.engine.upgrade()
    }

    /// The peer has proved itself: it may send without a total bound.
    pub fn admit(&self) {
        self.admitted.store(true, Ordering::Release);
        self.give_place_back();
    }

    fn give_place_back(&self) {
        if let Some(place) = &self.place {
            place.left();
        }
    }

    /// Frames of lanes that the peer opens go to this sink.
    pub fn attach(&self, sink: &Arc<Sink>) {
        let mut lanes = self.lock();
        lanes.sink = Some(sink.clone());
        let waiting: Vec<_> = lanes.receiving.values().cloned().collect();
        drop(lanes);
        for lane in waiting {
            lane.wake();
        }
    }

    pub fn sink(&self) -> Option<Arc<Sink>> {
        self.lock().sink.clone()
    }

    pub fn add_sending(&self, lane: &Arc<SendLane>) {
        self.lock().sending.insert(lane.id, lane.clone());
    }

    /// The open lanes to the peer.
    pub fn sending(&self) -> Vec<Arc<SendLane>> {
        self.lock().sending.values().cloned().collect()
    }

    /// A lane is gone, its last writer has left it.
    pub fn lane_closed(&self, lane: u32, finished: bool) {
        let mut lanes = self.lock();
        let gone = (lanes.receiving.remove(&lane), lanes.sending.remove(&lane));
        drop(lanes);
        drop(gone);
        if let Some(engine) = self.engine() {
            engine.forget_lane(lane);
            let record = Record::event(EventKind::LaneClosed, lane)
                .entry(self.id)
                .first(u64::from(!finished));
            engine.events.push(record);
        }
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

    /// Called whenever all control bytes are acknowledged.
    pub fn control_idle(&self) {
        if let Some(code) = self.closing.load(Ordering::SeqCst).checked_sub(1) {
            self.close_now(code);
        }
    }

    /// The control stream lasts as long as its connection: without it nothing could ever be agreed on again.
    pub fn control_ended(&self) {
        if self.closing.load(Ordering::Acquire) == 0 {
            self.close_because("the peer ended the control stream", PROTOCOL);
        }
    }

    /// Closes for a reason that the engine found itself, within limits that TypeScript set.
    pub fn close_because(&self, reason: &'static str, code: u16) {
        let _ = self.reason.set(reason);
        self.close_now(code);
    }

    fn close_now(&self, code: u16) {
        if let Some(connection) = self.connection() {
            connection.shutdown(u64::from(code));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionHandler for Link {
    fn certificate(self: &Arc<Self>, der: &[u8]) -> bool {
        let hash: [u8; 32] = Sha256::digest(der).into();
        let right = match &self.pin {
            Pin::Prefix(pin) => hash[..pin.len()] == pin[..],
            Pin::Report => true,
            Pin::NotAsked => false,
        };
        right && self.certificate.set(hash).is_ok()
    }

    fn connected(self: &Arc<Self>, connection: &Arc<Connection>, alpn: &[u8], remote: Option<SocketAddr>) {
        let Some(engine) = self.engine() else { return };
        self.set_connection(connection);
        if let Some(place) = &self.place {
            place.validated();
        }
        if self.turned_away.get().is_some() {
            return;
        }
        let remote = remote.map(|remote| remote.to_string()).unwrap_or_default();
        let text = format!("{}\n{remote}", String::from_utf8_lossy(alpn));
        if matches!(self.pin, Pin::NotAsked) {
            let record = Record::event(EventKind::Incoming, self.id).entry(self.listener);
            engine.events.push_text(record, text);
            return;
        }
        // Fails closed: without the certificate event no application byte goes either way.
        let Some(certificate) = self.certificate.get() else {
            self.close_because("the peer showed no certificate", 6);
            return;
        };
        match ControlStream::open(self, connection) {
            Some(control) => {
                let _ = self.control.set(control);
                let record = Record::event(EventKind::Connected, self.id).bytes(*certificate);
                engine.events.push_text(record, text);
            }
            None => self.close_because("the control stream could not be opened", 1),
        }
    }

    fn peer_stream(self: &Arc<Self>, stream: NewStream) {
        if stream.unidirectional {
            // QUIC lets no unidirectional stream through before `admit` raised the limit.
            let Some(engine) = self.engine() else { return };
            let id = engine.next_lane_id();
            let lane = ReceiveLane::accept(id, self, stream, &engine.writers);
            self.lock().receiving.insert(id, lane);
            engine
                .events
                .push(Record::event(EventKind::LaneOpened, id).entry(self.id));
            return;
        }
        if self.control.get().is_none() && matches!(self.pin, Pin::NotAsked) {
            let _ = self.control.set(ControlStream::accept(self, stream));
        }
    }

    fn closed(self: &Arc<Self>, ended: Ended) {
        self.give_place_back();
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(engine) = self.engine() else { return };
        engine.forget_link(self.id);
        let (cause, code, text) = match ended {
            Ended::Own => (
                0,
                self.closing.load(Ordering::Acquire).saturating_sub(1).into(),
                self.reason.get(),
            ),
            Ended::Peer(code) => (1, code, None),
            Ended::Transport(status) => (2, u64::from(status), None),
        };
        let text = match (ended, text) {
            (_, Some(text)) => (*text).to_owned(),
            (Ended::Transport(status), None) => msquic_sys::status::name(status).unwrap_or("unknown").to_owned(),
            _ => String::new(),
        };
        engine
            .events
            .push_text(Record::event(EventKind::Closed, self.id).entry(cause).first(code), text);
        drop(connection);
    }
}
