//! Limits unauthenticated connections of a listener. [`Places`] decides, this module acts.
//!
//! The numbers are TypeScript's; the decisions are made inside the library's callbacks, before a handshake costs anything.

mod places;

use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

pub use places::Limits;
use places::{Group, Places, Verdict};

use super::connection::{Connection, Host, Origin, Place};
use super::quic::ListenerHandler;
use super::transport::Link;
use crate::core::tell::Tell;

pub struct AdmissionLimiter {
    listener: u32,
    host: Weak<dyn Host>,
    tell: Arc<dyn Tell>,
    control_limit: u64,
    places: Mutex<Places>,
}

impl AdmissionLimiter {
    pub fn new(
        listener: u32,
        host: Weak<dyn Host>,
        tell: Arc<dyn Tell>,
        limits: Limits,
        control_limit: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            listener,
            host,
            tell,
            control_limit,
            places: Mutex::new(Places::new(limits)),
        })
    }

    /// Closes the connection that lost its place, if there is one.
    fn enforce(&self, verdict: Verdict) {
        let Verdict::Displaces { id, silently } = verdict else {
            return;
        };
        if let Some(connection) = self.host.upgrade().and_then(|host| host.connection(id)) {
            connection.turn_away(silently);
        }
    }
}

impl ListenerHandler for AdmissionLimiter {
    type Connection = Connection;

    fn incoming(self: &Arc<Self>, remote: SocketAddr, is_validated: bool) -> Option<Arc<Connection>> {
        let host = self.host.upgrade()?;
        let id = host.new_id();
        // Held until the connection can be found, so that a dialer that displaces it can close it.
        let mut places = self.places.lock();
        let verdict = places.arrive(id, Group::of(remote.ip()), is_validated);
        if verdict == Verdict::Refused {
            return None;
        }
        let place = Box::new(DialersPlace {
            limiter: self.clone(),
            id,
        });
        let origin = Origin::Listener {
            listener: self.listener,
            place,
        };
        let (tell, host_again) = (self.tell.clone(), self.host.clone());
        let connection = Connection::new(id, origin, self.control_limit, tell, host_again);
        host.came(&connection);
        drop(places);
        self.enforce(verdict);
        Some(connection)
    }

    fn accepted(self: &Arc<Self>, connection: &Arc<Connection>, link: &Arc<dyn Link>) {
        connection.set_link(link);
    }

    fn failed(self: &Arc<Self>, connection: Arc<Connection>) {
        self.places.lock().leave(connection.id);
        if let Some(host) = self.host.upgrade() {
            host.forget_connection(connection.id);
        }
    }
}

struct DialersPlace {
    limiter: Arc<AdmissionLimiter>,
    id: u32,
}

impl Place for DialersPlace {
    fn validated(&self) {
        let verdict = self.limiter.places.lock().validate(self.id);
        self.limiter.enforce(verdict);
    }

    fn left(&self) {
        self.limiter.places.lock().leave(self.id);
    }
}
