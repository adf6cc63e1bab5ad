//! Linux.

mod acl;
mod attributes;
mod in_turn;
mod nodes;
mod owners_unsafe;
mod states;
mod sync_apart_unsafe;
mod sync_range_unsafe;
mod tickets;

pub use nodes::{NativeFile, NativeFolder};

use std::io;
use std::sync::OnceLock;

use rustix::fs::Mode;
use rustix::io::Errno;

use super::{Errors, Owners, Process};

pub struct System;

/// Ends this process as kill -9 does.
#[cfg(feature = "faults")]
pub(super) fn kill_self() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort()
}

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

impl Owners for System {
    fn user_name(uid: u32) -> Option<String> {
        owners_unsafe::user_name(uid)
    }

    fn group_name(gid: u32) -> Option<String> {
        owners_unsafe::group_name(gid)
    }

    fn user_id(name: &str) -> Option<u32> {
        owners_unsafe::user_id(name)
    }

    fn group_id(name: &str) -> Option<u32> {
        owners_unsafe::group_id(name)
    }
}

impl Errors for System {
    /// EINVAL is what many network and FUSE file systems say.
    fn is_unsupported(error: &io::Error) -> bool {
        matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
            || error.raw_os_error() == Some(libc::EOPNOTSUPP)
    }

    /// EPERM is what CIFS and Android's shared storage say, EACCES what some servers do.
    fn is_refused(error: &io::Error) -> bool {
        Self::is_unsupported(error) || error.kind() == io::ErrorKind::PermissionDenied
    }

    /// What O_NOFOLLOW says to a link.
    fn is_link(error: &io::Error) -> bool {
        error.raw_os_error() == Some(libc::ELOOP)
    }

    /// EPERM is what FAT says, and Linux of files of others (fs.protected_hardlinks).
    fn has_no_link(error: &io::Error) -> bool {
        Self::is_unsupported(error)
            || matches!(
                error.raw_os_error(),
                Some(libc::EPERM | libc::EMLINK | libc::EXDEV | libc::ENOSYS)
            )
    }

    /// EINVAL and ENOENT are what exFAT, FAT and network disks say, EPERM and EACCES some of these; the others by their names.
    fn is_bad_name(error: &io::Error) -> bool {
        use io::ErrorKind as Kind;
        matches!(
            error.kind(),
            Kind::InvalidInput | Kind::NotFound | Kind::PermissionDenied | Kind::InvalidFilename
        ) || matches!(error.raw_os_error(), Some(libc::EILSEQ))
    }

    fn is_behind_end(error: &io::Error) -> bool {
        error.raw_os_error() == Some(libc::ENXIO)
    }

    /// O_DIRECTORY says the same to a link and to a file.
    fn is_no_folder(error: &io::Error) -> bool {
        Self::is_link(error) || error.raw_os_error() == Some(libc::ENOTDIR)
    }

    fn no_folder() -> io::Error {
        io::Error::from_raw_os_error(libc::ENOTDIR)
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

fn umask_by_setting() -> u16 {
    // The strictest for the moment in which another thread may create something.
    let mask = rustix::process::umask(Mode::RWXG | Mode::RWXO);
    rustix::process::umask(mask);
    permissions(mask.bits())
}

fn retry<T>(call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    rustix::io::retry_on_intr(call)
}

/// Never setuid, setgid or sticky.
fn permissions(mode: u32) -> u16 {
    (mode & 0o777) as u16
}
