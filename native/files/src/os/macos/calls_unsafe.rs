//! Calls of macOS that rustix does not have.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// ACLs as macOS has them (`sys/acl.h`).
const ACL_TYPE_EXTENDED: c_int = 0x100;

unsafe extern "C" {
    fn acl_get_fd_np(fd: c_int, kind: c_int) -> *mut c_void;
    fn acl_free(object: *mut c_void) -> c_int;
}

/// 128 bits that nobody can guess.
pub(super) fn random() -> io::Result<u128> {
    let mut bytes = [0u8; 16];
    // SAFETY: the call fills that many bytes of an array that is ours and as long; it takes up to 256.
    let code = unsafe { libc::getentropy(bytes.as_mut_ptr().cast(), bytes.len()) };
    done(code)?;
    Ok(u128::from_le_bytes(bytes))
}

/// Reserves `more` bytes behind what the file occupies: in one piece if the disk has one, else in several. Its size stays.
pub(super) fn reserve(fd: BorrowedFd<'_>, more: u64) -> io::Result<()> {
    let length = offset_of(more)?;
    let try_with = |flags| {
        let mut wanted = libc::fstore_t {
            fst_flags: flags,
            fst_posmode: libc::F_PEOFPOSMODE,
            fst_offset: 0,
            fst_length: length,
            fst_bytesalloc: 0,
        };
        // SAFETY: the command takes a pointer to this structure, which is ours and outlives the call; the descriptor is borrowed.
        done(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_PREALLOCATE, &raw mut wanted) })
    };
    try_with(libc::F_ALLOCATECONTIG | libc::F_ALLOCATEALL).or_else(|_| try_with(libc::F_ALLOCATEALL))
}

/// Makes a range a hole that begins and ends with a block of the disk.
pub(super) fn punch_hole(fd: BorrowedFd<'_>, offset: u64, len: u64) -> io::Result<()> {
    let hole = libc::fpunchhole_t {
        fp_flags: 0,
        reserved: 0,
        fp_offset: offset_of(offset)?,
        fp_length: offset_of(len)?,
    };
    // SAFETY: the command takes a pointer to this structure, which is ours and outlives the call; the descriptor is borrowed.
    done(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_PUNCHHOLE, &raw const hole) })
}

/// Lets the system read ahead, as far as it thinks right.
pub(super) fn read_ahead(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the command takes a number; the descriptor is borrowed.
    done(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_RDAHEAD, 1) })
}

/// Whether a file or folder has an ACL.
pub(super) fn has_acl(fd: BorrowedFd<'_>) -> io::Result<bool> {
    // SAFETY: the call takes numbers and gives an object of its own, or null.
    let acl = unsafe { acl_get_fd_np(fd.as_raw_fd(), ACL_TYPE_EXTENDED) };
    if acl.is_null() {
        return match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
            error if error.raw_os_error() == Some(libc::ENOTSUP) => Ok(false),
            error => Err(error),
        };
    }
    // SAFETY: it is the object that the call has just given, and nothing else has it.
    unsafe { acl_free(acl) };
    Ok(true)
}

fn offset_of(value: u64) -> io::Result<libc::off_t> {
    libc::off_t::try_from(value).map_err(|_| io::ErrorKind::InvalidInput.into())
}

fn done(code: c_int) -> io::Result<()> {
    match code {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
