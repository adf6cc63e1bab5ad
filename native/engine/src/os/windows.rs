//! Windows, from version 10 on.

mod awake;
pub mod clipboard;
mod load;
mod privacy;
mod socket;

use std::ffi::CStr;

use super::{Busyness, Limits, Privacy, Sleep, SocketAbilities, Sockets, Threads};
use crate::core::words::Refusal;

pub struct System;

impl Privacy for System {
    fn keep_private() -> Result<(), Refusal> {
        privacy::keep().map_err(|_| Refusal::Internal)
    }
}

impl Limits for System {
    /// A process may have millions of handles.
    fn raise_descriptors() {}
}

impl Sleep for System {
    type Lock = awake::Lock;

    fn inhibit() -> Option<Self::Lock> {
        awake::ask()
    }
}

impl Threads for System {
    type Borrowed = ();

    /// Threads inherit no names here; the library names its own.
    fn borrow_name(_name: &CStr) -> Self::Borrowed {}
}

impl Sockets for System {
    fn abilities() -> SocketAbilities {
        socket::abilities()
    }

    /// The system counts those of the whole machine together.
    fn dropped_datagrams() -> u64 {
        0
    }
}

impl Busyness for System {
    fn load() -> Vec<f64> {
        load::values()
    }
}
