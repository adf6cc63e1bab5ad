//! Numbers of users and groups by name: a tree has few, and each look-up may ask a server.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::os::{Owners, System};

/// Most names that are remembered: a peer chooses them.
const MAX_REMEMBERED: usize = 4096;

#[derive(Default)]
pub(crate) struct OwnerNumbers {
    users: Mutex<Numbers>,
    groups: Mutex<Numbers>,
}

type Numbers = HashMap<String, Option<u32>>;

impl OwnerNumbers {
    /// The number of a user whom this system knows.
    pub(crate) fn user(&self, name: &str) -> Option<u32> {
        number(&self.users, name, System::user_id)
    }

    pub(crate) fn group(&self, name: &str) -> Option<u32> {
        number(&self.groups, name, System::group_id)
    }
}

fn number(known: &Mutex<Numbers>, name: &str, find: fn(&str) -> Option<u32>) -> Option<u32> {
    if name.is_empty() {
        return None;
    }
    if let Some(number) = known.lock().get(name) {
        return *number;
    }
    let number = find(name);
    let mut known = known.lock();
    if known.len() < MAX_REMEMBERED {
        known.insert(name.to_owned(), number);
    }
    number
}
