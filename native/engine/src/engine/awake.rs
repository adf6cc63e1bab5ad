//! Keeping the machine awake while something moves.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::os::{Sleep, System};

/// The system's lock, if it is wanted and granted.
#[derive(Clone, Default)]
pub(super) struct Awake(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    /// From the start and from all others. To `Asking` when the lock is wanted.
    #[default]
    Off,
    /// From `Off`: a thread asks the system. To `Held` with the answer.
    Asking,
    /// From `Asking`. Nothing is held where the system has no such lock.
    Held { _lock: Option<<System as Sleep>::Lock> },
}

impl Awake {
    /// Does not wait for the system, which may take its time.
    pub(super) fn set(&self, on: bool) {
        let mut state = self.0.lock();
        match (on, &*state) {
            (false, _) => *state = State::Off,
            (true, State::Off) => *state = State::Asking,
            (true, State::Asking | State::Held { .. }) => return,
        }
        drop(state);
        if !on {
            return;
        }
        let awake = self.clone();
        let ask = move || {
            let lock = System::inhibit();
            let mut state = awake.0.lock();
            // Otherwise it is not wanted any more.
            if matches!(*state, State::Asking) {
                *state = State::Held { _lock: lock };
            }
        };
        // Without a thread the machine may fall asleep, which is no reason to fail.
        if std::thread::Builder::new()
            .name("ultra-awake".to_owned())
            .spawn(ask)
            .is_err()
        {
            *self.0.lock() = State::Off;
        }
    }
}
