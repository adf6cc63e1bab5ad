//! macOS.

mod awake;
mod load;
mod socket;
pub(super) mod start;

use std::ffi::CStr;
use std::path::PathBuf;
use std::time::Duration;

use super::unix::programs;
use super::{Busyness, Limits, Privacy, Program, Programs, RunFault, Sleep, SocketAbilities, Sockets, Threads};
use crate::core::words::Refusal;

pub struct System;

impl Privacy for System {
    /// No debugger may look into the process, and it leaves no core file.
    fn keep_private() -> Result<(), Refusal> {
        let none = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: the first call takes numbers and no memory; the second a structure of its own type, which outlives it.
        let done = unsafe {
            libc::ptrace(libc::PT_DENY_ATTACH, 0, std::ptr::null_mut(), 0) == 0
                && libc::setrlimit(libc::RLIMIT_CORE, &raw const none) == 0
        };
        if done { Ok(()) } else { Err(Refusal::Internal) }
    }
}

impl Limits for System {
    fn raise_descriptors() {
        /// `OPEN_MAX`: more is refused whatever the hard limit says (setrlimit(2)).
        const MOST: libc::rlim_t = 10_240;
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: both calls take a pointer to a structure of their own type, which lives through them.
        unsafe {
            if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 && limit.rlim_cur < limit.rlim_max.min(MOST) {
                limit.rlim_cur = limit.rlim_max.min(MOST);
                libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
            }
        }
    }
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
