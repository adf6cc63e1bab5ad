//! Which unauthenticated connections a listener keeps: the policy alone, without effects.
//!
//! A connection is *unvalidated* until its dialer has shown that it receives at its address, by a Retry token or a completed
//! handshake. Unvalidated dialers have places of their own, few of them: source addresses can be made up, so one host can be any number
//! of dialers, and the count of an address says nothing. From as many handshakes on the library answers new dialers with Retry, so that
//! an honest one arrives validated and never competes with made-up ones.
//!
//! Validated dialers have real addresses. They are limited in total and per network. When all places are taken, a newcomer
//! displaces a dialer of the network that holds most: an attacker with few addresses displaces itself.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv6Addr};

/// Most unauthenticated connections of each kind.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub unvalidated: usize,
    pub validated: usize,
    /// Of the validated ones, from one [`Group`].
    pub validated_each: usize,
}

/// Addresses that count as one: an IPv4 address, or an IPv6 /64, as one host has all of it to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Group(IpAddr);

impl Group {
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
            address => Self(address),
        }
    }
}

/// What follows from an arrival or a completed handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Admitted,
    /// Not to be accepted at all.
    Refused,
    /// Admitted, and the connection `id` has lost its place: close it, `silently` when one more farewell would cost too much memory.
    Displaces {
        id: u32,
        silently: bool,
    },
}

pub struct Places {
    limits: Limits,
    /// Oldest first, as are the next ones.
    unvalidated: VecDeque<Dialer>,
    validated: VecDeque<Dialer>,
    /// Displaced connections that have not ended yet.
    leaving: HashSet<u32>,
}

#[derive(Clone, Copy)]
struct Dialer {
    id: u32,
    group: Group,
}

impl Places {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            unvalidated: VecDeque::new(),
            validated: VecDeque::new(),
            leaving: HashSet::new(),
        }
    }

    pub fn arrive(&mut self, id: u32, group: Group, is_validated: bool) -> Verdict {
        // Validated dialers alone count for an address: datagrams with a made-up source must not use up the places of its owner.
        if self.is_full(group) {
            return Verdict::Refused;
        }
        let dialer = Dialer { id, group };
        if is_validated {
            return self.add_validated(dialer);
        }
        self.unvalidated.push_back(dialer);
        if self.unvalidated.len() <= self.limits.unvalidated {
            return Verdict::Admitted;
        }
        self.unvalidated
            .pop_front()
            .map_or(Verdict::Admitted, |oldest| self.displace(oldest.id))
    }

    /// The dialer's handshake is complete. When its network holds enough, it loses its own place.
    pub fn validate(&mut self, id: u32) -> Verdict {
        match take(&mut self.unvalidated, id) {
            // It arrived validated, or was displaced meanwhile.
            None => Verdict::Admitted,
            Some(dialer) if self.is_full(dialer.group) => self.displace(id),
            Some(dialer) => self.add_validated(dialer),
        }
    }

    /// The dialer has proved the secret, or its connection has ended.
    pub fn leave(&mut self, id: u32) {
        let _ = take(&mut self.unvalidated, id).or_else(|| take(&mut self.validated, id));
        self.leaving.remove(&id);
    }

    fn add_validated(&mut self, dialer: Dialer) -> Verdict {
        self.validated.push_back(dialer);
        if self.validated.len() <= self.limits.validated {
            return Verdict::Admitted;
        }
        let displaced = self
            .oldest_of_largest_group(dialer.id)
            .and_then(|id| take(&mut self.validated, id));
        displaced.map_or(Verdict::Admitted, |displaced| self.displace(displaced.id))
    }

    /// Of networks that hold equally many, the one with the oldest dialer. The newcomer itself is no candidate.
    fn oldest_of_largest_group(&self, newcomer: u32) -> Option<u32> {
        let mut counts: HashMap<Group, usize> = HashMap::new();
        for dialer in &self.validated {
            *counts.entry(dialer.group).or_default() += 1;
        }
        let largest = counts.values().copied().max()?;
        let candidates = || self.validated.iter().filter(|dialer| dialer.id != newcomer);
        candidates()
            .find(|dialer| counts.get(&dialer.group) == Some(&largest))
            .or_else(|| candidates().next())
            .map(|dialer| dialer.id)
    }

    fn displace(&mut self, id: u32) -> Verdict {
        self.leaving.insert(id);
        let silently = self.leaving.len() > self.limits.validated;
        Verdict::Displaces { id, silently }
    }

    fn is_full(&self, group: Group) -> bool {
        let held = self.validated.iter().filter(|dialer| dialer.group == group);
        held.count() >= self.limits.validated_each
    }
}

fn take(dialers: &mut VecDeque<Dialer>, id: u32) -> Option<Dialer> {
    let at = dialers.iter().position(|dialer| dialer.id == id)?;
    dialers.remove(at)
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
