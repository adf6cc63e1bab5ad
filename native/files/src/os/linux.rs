//! Linux.

mod acl;
mod mounts;
pub(super) mod own;
mod sync_apart_unsafe;
mod sync_range_unsafe;

pub use super::unix::{NativeFile, NativeFolder};

use std::io;
use std::sync::OnceLock;

use super::Process;
#[cfg(feature = "faults")]
pub(super) use super::unix::{error_of_fault, kill_self};
use super::unix::{retry, umask_by_setting};

pub struct System;

impl Process for System {
    /// Read once. `/proc` first: asking the system call means setting it, which other threads would see for a moment.
    fn umask() -> u16 {
        static UMASK: OnceLock<u16> = OnceLock::new();
        *UMASK.get_or_init(|| umask_in_proc().unwrap_or_else(umask_by_setting))
    }

    fn user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn random() -> io::Result<u128> {
        let mut bytes = [0u8; 16];
        let flags = rustix::rand::GetRandomFlags::empty();
        let got = retry(|| rustix::rand::getrandom(&mut bytes, flags))?;
        // Up to 256 bytes come whole once the pool is ready (getrandom(2)).
        if got != bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(u128::from_le_bytes(bytes))
    }
}

/// Whether syncfs reports writes that failed: since Linux 5.8 (syncfs(2), "ERRORS").
fn reports_failed_syncs() -> bool {
    static REPORTS: OnceLock<bool> = OnceLock::new();
    *REPORTS.get_or_init(|| {
        let release = rustix::system::uname().release().to_string_lossy().into_owned();
        let mut numbers = release.split(['.', '-']).map(|number| number.parse::<u32>().ok());
        let (major, minor) = (numbers.next().flatten(), numbers.next().flatten());
        (major, minor) >= (Some(5), Some(8))
    })
}

fn umask_in_proc() -> Option<u16> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
    u16::from_str_radix(line.trim(), 8).ok()
}
