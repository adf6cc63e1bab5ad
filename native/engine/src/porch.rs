//! Where dialers wait until they have proved themselves: only so many at a time, and only so many from one address.
//!
//! The numbers are TypeScript's; the decision must be made inside the library's callback, before the handshake costs anything.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::engine::{Engine, count_of};
use crate::link::{Link, Pin};
use crate::quic::ListenerHandler;

pub struct Porch {
    listener: u32,
    engine: Weak<Engine>,
    most: u32,
    most_each: u32,
    control_limit: u64,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    total: u32,
    by_address: HashMap<IpAddr, u32>,
}

impl Porch {
    pub fn new(listener: u32, engine: &Arc<Engine>, most: u32, most_each: u32, control_limit: u64) -> Arc<Self> {
        Arc::new(Self {
            listener,
            engine: Arc::downgrade(engine),
            most,
            most_each,
            control_limit,
            waiting: Mutex::default(),
        })
    }

    fn enter(&self, address: IpAddr) -> bool {
        let mut waiting = self.lock();
        if waiting.total >= self.most || count_of(&waiting.by_address, &address) >= self.most_each {
            return false;
        }
        waiting.total += 1;
        *waiting.by_address.entry(address).or_default() += 1;
        true
    }

    fn leave(&self, address: IpAddr) {
        let mut waiting = self.lock();
        waiting.total = waiting.total.saturating_sub(1);
        if let Some(count) = waiting.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                waiting.by_address.remove(&address);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ListenerHandler for Porch {
    type Connection = Link;

    fn incoming(self: &Arc<Self>, remote: SocketAddr) -> Option<Arc<Link>> {
        let engine = self.engine.upgrade()?;
        let address = neighbourhood(remote.ip());
        if !self.enter(address) {
            return None;
        }
        let link = Link::new(
            engine.new_id(),
            self.listener,
            Pin::NotAsked,
            self.control_limit,
            &engine,
        );
        let porch = self.clone();
        link.set_place(Box::new(move || porch.leave(address)));
        engine.add_link(&link);
        Some(link)
    }

    fn failed(self: &Arc<Self>, link: Arc<Link>) {
        link.admit(); // gives its place back
        if let Some(engine) = self.engine.upgrade() {
            engine.forget_link(link.id);
        }
    }
}

/// Whom an address stands for: one host has a whole /64 of IPv6 to choose from.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn porch(most: u32, most_each: u32) -> Porch {
        Porch {
            listener: 1,
            engine: Weak::new(),
            most,
            most_each,
            control_limit: 0,
            waiting: Mutex::default(),
        }
    }

    #[test]
    fn h5_one_address_cannot_fill_the_porch_and_a_place_comes_back() {
        let porch = porch(4, 2);
        let (one, two): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        assert_eq!(
            [porch.enter(one), porch.enter(one), porch.enter(one)],
            [true, true, false]
        );
        assert_eq!([porch.enter(two), porch.enter(two)], [true, true]);
        assert!(!porch.enter([10, 0, 0, 3].into()), "full");
        porch.leave(one);
        assert!(porch.enter([10, 0, 0, 3].into()));
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let of = |text: &str| neighbourhood(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
