//! Windows, from version 10 on.
//!
//! A folder is a handle, and everything in it is reached by `NtCreateFile` with that handle and one component, never through a path and never
//! through a link or junction. What a handle is opened for never keeps others away (all sharing is allowed), so that a part can be renamed
//! while it is written; only a file that is being replaced is held against others (`exchange.rs`).

mod calls_unsafe;
mod exchange;
mod file;
mod folder;
mod held;
mod links;
mod patience;
mod private;
mod security_unsafe;
mod states;
mod stats;
mod tickets;

pub use file::NativeFile;
pub use held::NativeFolder;

use std::io;

use windows_sys::Win32::Foundation as codes;

use super::windows_formats::{ticks_of, time_of};
use super::windows_ways::is_unknown;
use super::{Errors, Owners, Process, Time};

pub struct System;

/// Windows has no numbers of users. What belongs to this one has this number, and everything else [`OTHERS`].
pub(super) const USER: u32 = 1;
pub(super) const OTHERS: u32 = 2;

impl Process for System {
    /// Folders say what is created in them gets.
    fn umask() -> u16 {
        0
    }

    fn user() -> u32 {
        USER
    }

    fn random() -> io::Result<u128> {
        calls_unsafe::random()
    }

    /// Cut off to 100 ns.
    fn kept_time(time: Time) -> Time {
        time_of(ticks_of(time))
    }
}

impl Owners for System {
    fn has_numbers() -> bool {
        false
    }

    fn user_name(_uid: u32) -> Option<String> {
        None
    }

    fn group_name(_gid: u32) -> Option<String> {
        None
    }

    fn user_id(_name: &str) -> Option<u32> {
        None
    }

    fn group_id(_name: &str) -> Option<u32> {
        None
    }
}

/// What an open says to a link.
const LINK: u32 = codes::ERROR_STOPPED_ON_SYMLINK;
/// What a search says behind the end of a file.
const BEHIND_END: u32 = codes::ERROR_HANDLE_EOF;

impl Errors for System {
    /// What disks without a call say: FAT, and servers of network disks.
    fn is_unsupported(error: &io::Error) -> bool {
        matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput) || is_unknown(error)
    }

    fn is_refused(error: &io::Error) -> bool {
        Self::is_unsupported(error) || error.kind() == io::ErrorKind::PermissionDenied
    }

    fn is_link(error: &io::Error) -> bool {
        is_one_of(error, &[LINK])
    }

    /// Symbolic links need a privilege or the developer mode.
    fn has_no_link(error: &io::Error) -> bool {
        Self::is_unsupported(error)
            || is_one_of(
                error,
                &[
                    codes::ERROR_PRIVILEGE_NOT_HELD,
                    codes::ERROR_TOO_MANY_LINKS,
                    codes::ERROR_NOT_SAME_DEVICE,
                    codes::ERROR_ACCESS_DENIED,
                ],
            )
    }

    fn is_bad_name(error: &io::Error) -> bool {
        use io::ErrorKind as Kind;
        matches!(
            error.kind(),
            Kind::InvalidInput | Kind::NotFound | Kind::PermissionDenied | Kind::InvalidFilename
        ) || is_one_of(
            error,
            &[
                codes::ERROR_INVALID_NAME,
                codes::ERROR_BAD_PATHNAME,
                codes::ERROR_FILENAME_EXCED_RANGE,
                codes::ERROR_NO_UNICODE_TRANSLATION,
            ],
        )
    }

    fn is_behind_end(error: &io::Error) -> bool {
        is_one_of(error, &[BEHIND_END])
    }

    fn is_no_folder(error: &io::Error) -> bool {
        is_one_of(error, &[LINK, codes::ERROR_DIRECTORY])
    }
}

/// What [`Errors::is_no_folder`] knows.
fn no_folder() -> io::Error {
    error_of(codes::ERROR_DIRECTORY)
}

/// Ends this process at once.
#[cfg(feature = "faults")]
pub(super) fn kill_self() -> ! {
    calls_unsafe::end_process()
}

/// What fails in the place of an operation, by its name in `ULTRA_FAULT`.
#[cfg(feature = "faults")]
pub(super) fn error_of_fault(name: &str) -> Option<i32> {
    let code = match name {
        "EIO" => codes::ERROR_IO_DEVICE,
        "ENOSPC" => codes::ERROR_DISK_FULL,
        "EDQUOT" => codes::ERROR_DISK_QUOTA_EXCEEDED,
        "EINTR" => codes::ERROR_OPERATION_ABORTED,
        "EXDEV" => codes::ERROR_NOT_SAME_DEVICE,
        "EBUSY" => codes::ERROR_SHARING_VIOLATION,
        "EINVAL" => codes::ERROR_INVALID_PARAMETER,
        "EOPNOTSUPP" => codes::ERROR_NOT_SUPPORTED,
        _ => return None,
    };
    i32::try_from(code).ok()
}

fn error_of(code: u32) -> io::Error {
    // The numbers of Windows fit.
    io::Error::from_raw_os_error(code.cast_signed())
}

fn is_one_of(error: &io::Error, wanted: &[u32]) -> bool {
    let code = error.raw_os_error().map(i32::cast_unsigned);
    code.is_some_and(|code| wanted.contains(&code))
}
