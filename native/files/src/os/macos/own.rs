//! What macOS does otherwise than other POSIX systems.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::io::Errno;

use super::{calls_unsafe, retry};
use crate::os::names::apple;
use crate::os::{Acl, Sizes, Storage, Time};

/// Bytes of one unit of `st_blocks`.
const UNIT: u64 = 512;

pub fn can_hold(name: &str) -> bool {
    apple::can_hold(name)
}

/// APFS and HFS+ take names of other case and of other normalisation for one, unless they were made otherwise; `_PC_CASE_SENSITIVE` tells only
/// of case. So names are tried.
pub fn takes_every_name(_folder: BorrowedFd<'_>) -> bool {
    false
}

/// There is no `/proc`.
pub fn sizes(_folder: BorrowedFd<'_>, _name: &str) -> io::Result<Sizes> {
    Ok(Sizes::Told)
}

pub fn device_of(stat: &rustix::fs::Stat) -> u64 {
    u64::from(stat.st_dev.cast_unsigned())
}

/// ACLs are of another kind here: what they give comes on top of the mode.
pub fn birth(folder: BorrowedFd<'_>) -> Option<Time> {
    let found = rustix::fs::fstat(folder).ok()?;
    Some(Time {
        secs: found.st_birthtime,
        nanos: u32::try_from(found.st_birthtime_nsec).ok()?,
    })
}

pub fn default_mode(_folder: BorrowedFd<'_>) -> Option<u16> {
    None
}

/// `fsync` alone leaves what was written in the memory of the drive (fsync(2) of macOS). Network disks have no other.
pub fn sync(fd: BorrowedFd<'_>) -> io::Result<()> {
    match retry(|| rustix::fs::fcntl_fullfsync(fd)) {
        Err(Errno::NOTSUP | Errno::OPNOTSUPP | Errno::INVAL | Errno::NOTTY) => Ok(retry(|| rustix::fs::fsync(fd))?),
        result => Ok(result?),
    }
}

pub fn storage(_folder: BorrowedFd<'_>) -> Storage {
    Storage::Each
}

pub fn sync_all(_folder: BorrowedFd<'_>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// None: a clone is made under a new name alone, and `fcopyfile` reads and writes.
pub fn copy(_target: BorrowedFd<'_>, _source: BorrowedFd<'_>, _len: u64) -> io::Result<u64> {
    Ok(0)
}

/// As `fallocate`: the size, too, is what it is to be.
pub fn allocate(file: BorrowedFd<'_>, size: u64) -> io::Result<()> {
    let stat = rustix::fs::fstat(file)?;
    reserve_up_to(file, &stat, size)?;
    if u64::try_from(stat.st_size).is_ok_and(|now| now >= size) {
        return Ok(());
    }
    Ok(retry(|| rustix::fs::ftruncate(file, size))?)
}

pub fn reserve(file: BorrowedFd<'_>, size: u64) {
    // Advice: what cannot be reserved is allocated when it is written.
    let _ = rustix::fs::fstat(file).map(|stat| reserve_up_to(file, &stat, size));
}

fn reserve_up_to(file: BorrowedFd<'_>, stat: &rustix::fs::Stat, size: u64) -> io::Result<()> {
    let occupied = u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(UNIT);
    match size.saturating_sub(occupied) {
        0 => Ok(()),
        more => calls_unsafe::reserve(file, more),
    }
}

/// There is no such call.
pub fn start_sync(_file: BorrowedFd<'_>, _offset: u64, _len: u64) -> io::Result<()> {
    Ok(())
}

pub fn will_read_in_order(file: BorrowedFd<'_>) {
    // Advice: a file system that does not take it reads all the same.
    let _ = calls_unsafe::read_ahead(file);
}

/// There is no such call.
pub fn forget_range(_file: BorrowedFd<'_>, _offset: u64, _len: u64) {}

/// As of any file: whether a process there can be ended while it waits for a disk was not tried.
pub fn sync_long(file: BorrowedFd<'_>) -> io::Result<()> {
    sync(file)
}

/// Whole blocks of the disk alone: the last one of a file may be refused.
pub fn clear_range(file: BorrowedFd<'_>, offset: u64, len: u64) -> io::Result<()> {
    calls_unsafe::punch_hole(file, offset, len)
}

/// What is read from here on does not stay in memory.
pub fn forget_cached(file: BorrowedFd<'_>) {
    let _ = rustix::fs::fcntl_nocache(file, true);
}

pub fn is_in_memory(_file: BorrowedFd<'_>) -> bool {
    false
}

pub fn is_carried_xattr(name: &[u8]) -> bool {
    apple::is_carried_xattr(name)
}

/// They are not POSIX's, so that no other system could keep them: where there is one, it is told as not kept.
pub fn acl(fd: BorrowedFd<'_>, acl: Acl) -> io::Result<Option<Vec<u8>>> {
    match acl {
        Acl::Access if calls_unsafe::has_acl(fd)? => Err(io::ErrorKind::Unsupported.into()),
        Acl::Access | Acl::Default => Ok(None),
    }
}

pub fn set_acl(_fd: BorrowedFd<'_>, _acl: Acl, _value: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// File systems that have no modes of their own.
pub fn is_modeless(file: BorrowedFd<'_>) -> bool {
    const MODELESS: [&[u8]; 7] = [b"msdos", b"exfat", b"ntfs", b"smbfs", b"webdav", b"ftp", b"macfuse"];
    rustix::fs::fstatfs(file).is_ok_and(|system| {
        let name = system.f_fstypename.map(i8::cast_unsigned);
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        MODELESS.contains(&name)
    })
}

pub fn shows_descriptors(folder: &Path) -> bool {
    folder == Path::new("/dev/fd")
}
