//! Files of one block on their way in: which are wanted, and which have arrived. One byte for each entry, and no object.

use std::collections::TryReserveError;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use parking_lot::RwLock;

/// Nothing is known: from the start. To `WANTED`.
const UNKNOWN: u8 = 0;
/// From `UNKNOWN`, or from `CLAIMED` when its bytes were wrong or its lane died. To `CLAIMED`.
const WANTED: u8 = 1;
/// From `WANTED`: one lane writes it. To `ARRIVED`, `UNSEALED`, `WANTED` or `OVER`.
const CLAIMED: u8 = 2;
/// From `CLAIMED`: written, and its root is what its sealed frame says. To `OVER`.
const ARRIVED: u8 = 3;
/// From `CLAIMED`: written, and its value is right; the seal comes as a message. To `OVER`.
const UNSEALED: u8 = 4;
/// Committed, failed or given up. Final.
const OVER: u8 = 5;

/// The states of all small files of a sink.
#[derive(Default)]
pub struct SmallFiles {
    states: RwLock<Vec<AtomicU8>>,
    /// Those that are wanted or claimed.
    expected: AtomicU32,
}

impl SmallFiles {
    /// Makes room for the states of all entries below `end`.
    pub fn reserve(&self, end: u32) -> Result<(), TryReserveError> {
        let mut states = self.states.write();
        let missing = (end as usize).saturating_sub(states.len());
        states.try_reserve(missing)?;
        let len = states.len().max(end as usize);
        states.resize_with(len, || AtomicU8::new(UNKNOWN));
        Ok(())
    }

    /// States that a file is needed.
    pub fn want(&self, entry: u32) {
        if self.change(entry, UNKNOWN, WANTED) {
            self.expected.fetch_add(1, Ordering::AcqRel);
        }
    }

    pub fn claim(&self, entry: u32) -> bool {
        self.change(entry, WANTED, CLAIMED)
    }

    /// Ends a claim without success; the file may be claimed again.
    pub fn release(&self, entry: u32) {
        self.change(entry, CLAIMED, WANTED);
    }

    /// Ends a claim with success. `false`: the file was given up meanwhile.
    pub fn arrived(&self, entry: u32, sealed: bool) -> bool {
        let is_first = self.change(entry, CLAIMED, if sealed { ARRIVED } else { UNSEALED });
        if is_first {
            self.expected.fetch_sub(1, Ordering::AcqRel);
        }
        is_first
    }

    /// Nothing more happens to the file.
    pub fn over(&self, entry: u32) {
        let states = self.states.read();
        let Some(state) = states.get(entry as usize) else {
            return;
        };
        let before = state.swap(OVER, Ordering::AcqRel);
        if matches!(before, WANTED | CLAIMED) {
            self.expected.fetch_sub(1, Ordering::AcqRel);
        }
    }

    pub fn has_arrived(&self, entry: u32) -> bool {
        self.state(entry) == ARRIVED
    }

    /// Whether it is written and lacks its seal.
    pub fn is_unsealed(&self, entry: u32) -> bool {
        self.state(entry) == UNSEALED
    }

    /// How many files are still to arrive, of those that are known to be wanted.
    pub fn expected(&self) -> u32 {
        self.expected.load(Ordering::Acquire)
    }

    fn state(&self, entry: u32) -> u8 {
        let states = self.states.read();
        states
            .get(entry as usize)
            .map_or(UNKNOWN, |state| state.load(Ordering::Acquire))
    }

    fn change(&self, entry: u32, from: u8, to: u8) -> bool {
        let states = self.states.read();
        let exchange = |state: &AtomicU8| state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
        states.get(entry as usize).is_some_and(|state| exchange(state).is_ok())
    }
}
