//! What Linux and macOS have in common: POSIX. Each of them has a module `own` for what it does otherwise.

mod attributes;
mod close_unsafe;
mod in_turn;
mod nodes;
mod owners_unsafe;
mod states;
mod tickets;

pub use nodes::{NativeFile, NativeFolder};

#[cfg(target_os = "linux")]
pub(super) use attributes::MAX_XATTR;

use std::io;

use rustix::fs::Mode;
use rustix::io::Errno;

use super::system::System;
use super::{Errors, Owners, Time};

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
            // One number on Linux, two on macOS.
            || error.raw_os_error().is_some_and(|code| [libc::EOPNOTSUPP, libc::ENOTSUP].contains(&code))
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
}

/// Ends this process as kill -9 does.
#[cfg(feature = "faults")]
pub(super) fn kill_self() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    std::process::abort()
}

/// What fails in the place of an operation, by its name in `ULTRA_FAULT`.
#[cfg(feature = "faults")]
pub(super) fn error_of_fault(name: &str) -> Option<i32> {
    Some(match name {
        "EIO" => libc::EIO,
        "ENOSPC" => libc::ENOSPC,
        "EDQUOT" => libc::EDQUOT,
        "EINTR" => libc::EINTR,
        "EAGAIN" => libc::EAGAIN,
        "EXDEV" => libc::EXDEV,
        "EBUSY" => libc::EBUSY,
        "EINVAL" => libc::EINVAL,
        "EOPNOTSUPP" => libc::EOPNOTSUPP,
        _ => return None,
    })
}

/// Asking for the umask means setting it, which other threads see for a moment.
pub(super) fn umask_by_setting() -> u16 {
    // The strictest for the moment in which another thread may create something.
    let mask = rustix::process::umask(Mode::RWXG | Mode::RWXO);
    rustix::process::umask(mask);
    permissions(mask.bits().into())
}

pub(super) fn retry<T>(call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    rustix::io::retry_on_intr(call)
}

/// Never setuid, setgid or sticky.
fn permissions(mode: u64) -> u16 {
    (mode & 0o777) as u16
}

fn time_of(secs: i64, nanos: i64) -> Time {
    Time {
        secs,
        // A file system with garbage there reads as a whole second.
        nanos: u32::try_from(nanos)
            .ok()
            .filter(|nanos| *nanos < 1_000_000_000)
            .unwrap_or(0),
    }
}
