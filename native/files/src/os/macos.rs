//! macOS.

mod calls_unsafe;
pub(super) mod own;

pub use super::unix::{NativeFile, NativeFolder};

use std::io;
use std::sync::OnceLock;

use super::Process;
#[cfg(feature = "faults")]
pub(super) use super::unix::{error_of_fault, kill_self};
use super::unix::{retry, umask_by_setting};

pub struct System;

impl Process for System {
    /// There is no /proc. Asked once, when the first sink is made: before it creates files.
    fn umask() -> u16 {
        static UMASK: OnceLock<u16> = OnceLock::new();
        *UMASK.get_or_init(umask_by_setting)
    }

    fn user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn random() -> io::Result<u128> {
        calls_unsafe::random()
    }
}
