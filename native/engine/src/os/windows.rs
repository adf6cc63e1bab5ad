//! Windows, from version 10 on.

mod awake;
mod load;
mod privacy;
mod programs;
mod socket;

use std::ffi::CStr;
use std::path::PathBuf;
use std::time::Duration;

use super::{Busyness, Limits, Privacy, Program, Programs, RunFault, Sleep, SocketAbilities, Sockets, Threads};
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

impl Programs for System {
    fn variable(name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn find_program(name: &str) -> Option<PathBuf> {
        programs::find(name)
    }

    fn output(program: &Program<'_>, most: usize, patience: Duration) -> Result<Vec<u8>, RunFault> {
        programs::output(program, most, patience)
    }

    fn feed(program: &Program<'_>, input: &[u8], patience: Duration) -> Result<(), RunFault> {
        programs::feed(program, input, patience)
    }
}

impl Busyness for System {
    fn load() -> Vec<f64> {
        load::values()
    }
}
