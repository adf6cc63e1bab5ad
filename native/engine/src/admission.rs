//! Limits unauthenticated connections of a listener. [`Places`] decides, this module acts.
//!
//! The numbers are TypeScript's; the decisions are made inside the library's callbacks, before a handshake costs anything.

mod places;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

pub use places::Limits;
use places::{Group, Places, Verdict};

use crate::engine::Engine;
use crate::link::{Link, Place};
use crate::quic::{Connection, ListenerHandler};

pub struct AdmissionLimiter {
    listener: u32,
    engine: Weak<Engine>,
    control_limit: u64,
    places: Mutex<Places>,
}

impl AdmissionLimiter {
    pub fn new(listener: u32, engine: &Arc<Engine>, limits: Limits, control_limit: u64) -> Arc<Self> {
        Arc::new(Self {
            listener,
            engine: Arc::downgrade(engine),
            control_limit,
            places: Mutex::new(Places::new(limits)),
        })
    }

    /// Closes the connection that lost its place, if there is one.
    fn enforce(&self, verdict: Verdict) {
        let Verdict::Displaces { id, silently } = verdict else {
            return;
        };
        if let Some(link) = self.engine.upgrade().and_then(|engine| engine.link(id)) {
            link.turn_away(silently);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ListenerHandler for AdmissionLimiter {
    type Connection = Link;

    fn incoming(self: &Arc<Self>, remote: SocketAddr, is_validated: bool) -> Option<Arc<Link>> {
        let engine = self.engine.upgrade()?;
        let id = engine.new_id();
        // Held until the link can be found, so that a dialer that displaces it can close it.
        let mut places = self.lock();
        let verdict = places.arrive(id, Group::of(remote.ip()), is_validated);
        if verdict == Verdict::Refused {
            return None;
        }
        let place = Box::new(DialersPlace {
            limiter: self.clone(),
            id,
        });
        let link = Link::incoming(id, self.listener, place, self.control_limit, &engine);
        engine.add_link(&link);
        drop(places);
        self.enforce(verdict);
        Some(link)
    }

    fn accepted(self: &Arc<Self>, link: &Arc<Link>, connection: &Arc<Connection>) {
        link.set_connection(connection);
    }

    fn failed(self: &Arc<Self>, link: Arc<Link>) {
        self.lock().leave(link.id);
        if let Some(engine) = self.engine.upgrade() {
            engine.forget_link(link.id);
        }
    }
}

struct DialersPlace {
    limiter: Arc<AdmissionLimiter>,
    id: u32,
}

impl Place for DialersPlace {
    fn validated(&self) {
        let verdict = self.limiter.lock().validate(self.id);
        self.limiter.enforce(verdict);
    }

    fn left(&self) {
        self.limiter.lock().leave(self.id);
    }
}
