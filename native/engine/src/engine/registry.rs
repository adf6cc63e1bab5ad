//! Things by id.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::core::words::Refusal;

pub struct Table<T>(Mutex<HashMap<u32, T>>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Table<T> {
    pub fn insert(&self, id: u32, thing: T) {
        self.0.lock().insert(id, thing);
    }

    /// Looks at a thing under the lock.
    pub fn with<R>(&self, id: u32, look: impl FnOnce(&T) -> R) -> Result<R, Refusal> {
        self.0.lock().get(&id).map(look).ok_or(Refusal::UnknownId)
    }

    /// Takes all things out, to be dropped by the caller.
    pub fn drain(&self) -> Vec<T> {
        self.0.lock().drain().map(|(_, thing)| thing).collect()
    }

    /// The removed thing is dropped by the caller, outside the lock.
    pub fn remove(&self, id: u32) -> Option<T> {
        self.0.lock().remove(&id)
    }
}

impl<T: Clone> Table<T> {
    pub fn get(&self, id: u32) -> Result<T, Refusal> {
        self.0.lock().get(&id).cloned().ok_or(Refusal::UnknownId)
    }
}
