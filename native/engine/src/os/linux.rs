//! Linux.

mod awake;
mod load;
mod socket;
pub(super) mod start;
mod thread_name;

use std::ffi::CStr;
use std::path::PathBuf;
use std::time::Duration;

use super::unix::programs;
use super::{Busyness, Limits, Privacy, Program, Programs, RunFault, Sleep, SocketAbilities, Sockets, Threads};
use crate::core::words::Refusal;

pub struct System;

impl Privacy for System {
    /// (`exec` resets the flag, so the launcher cannot set it.)
    fn keep_private() -> Result<(), Refusal> {
        // SAFETY: sets a flag of the process by number; no memory is passed.
        if unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) } != 0 {
            return Err(Refusal::Internal);
        }
        Ok(())
    }
}

impl Limits for System {
    fn raise_descriptors() {
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: both calls take a pointer to a structure of their own type, which lives through them.
        unsafe {
            if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 && limit.rlim_cur < limit.rlim_max {
                limit.rlim_cur = limit.rlim_max;
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
    type Borrowed = thread_name::Borrowed;

    fn borrow_name(name: &CStr) -> Self::Borrowed {
        thread_name::borrow(name)
    }
}

impl Sockets for System {
    fn abilities() -> SocketAbilities {
        socket::abilities()
    }

    fn dropped_datagrams() -> u64 {
        socket::dropped_datagrams()
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

/// What a folder of /proc holds; nothing where it cannot be read.
fn entries(folder: &str) -> Vec<PathBuf> {
    let Ok(listing) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    listing
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect()
}
