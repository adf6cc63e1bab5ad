//! Bytes of events that are not taken yet, by id.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::core::declare::Payload;

#[derive(Default)]
pub struct Payloads(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    by_id: HashMap<u32, Payload>,
    last: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeError {
    Unknown,
    TooLong,
}

impl Payloads {
    /// Its id is not 0, which means "no payload".
    pub fn store(&self, payload: Payload) -> u32 {
        let mut waiting = self.0.lock();
        loop {
            // After 2^32 events an id may still be in use.
            waiting.last = waiting.last.wrapping_add(1);
            let id = waiting.last;
            if id != 0 && !waiting.by_id.contains_key(&id) {
                waiting.by_id.insert(id, payload);
                return id;
            }
        }
    }

    /// Moves the bytes of an event out, if they fit.
    pub fn take(&self, id: u32, room: usize) -> Result<Payload, TakeError> {
        let mut waiting = self.0.lock();
        match waiting.by_id.get(&id) {
            None => Err(TakeError::Unknown),
            Some(found) if found.bytes.len() > room => Err(TakeError::TooLong),
            Some(_) => waiting.by_id.remove(&id).ok_or(TakeError::Unknown),
        }
    }

    /// So that the caller can make room.
    pub fn len_of(&self, id: u32) -> Option<usize> {
        self.0.lock().by_id.get(&id).map(|found| found.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_taken_once_and_only_whole() {
        let payloads = Payloads::default();
        let id = payloads.store(b"hello".to_vec().into());
        assert_eq!(payloads.len_of(id), Some(5));
        assert_eq!(payloads.take(id, 4).err(), Some(TakeError::TooLong));
        assert_eq!(
            payloads.take(id, 5).ok().map(|payload| payload.bytes),
            Some(b"hello".to_vec())
        );
        assert_eq!(payloads.take(id, 5).err(), Some(TakeError::Unknown));
        assert!(payloads.0.lock().by_id.is_empty());
    }

    #[test]
    fn an_id_that_is_in_use_is_not_given_again() {
        let payloads = Payloads::default();
        payloads.0.lock().last = u32::MAX - 1;
        let ids: Vec<u32> = (0..3).map(|_| payloads.store(Payload::default())).collect();
        payloads.0.lock().last = u32::MAX - 1;
        assert_eq!(ids, [u32::MAX, 1, 2]);
        assert_eq!(payloads.store(Payload::default()), 3);
    }
}
