//! What Windows says of a file or folder.

use std::io;
use std::os::windows::io::BorrowedHandle;

use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_NORMAL, FILE_ATTRIBUTE_READONLY, FILE_ATTRIBUTE_REPARSE_POINT,
    FILE_BASIC_INFO,
};

use super::{OTHERS, USER, calls_unsafe as calls, security_unsafe as security};
use crate::os::windows_formats::{Reparse, ticks_of, time_of};
use crate::os::{NodeKind, Stat, Time};

/// Bytes of one unit of [`Stat::blocks`].
const UNIT: u64 = 512;

/// The right of a file's owner that a read-only file does not have.
pub(super) const WRITES: u16 = 0o200;

pub(super) fn stat_of(handle: BorrowedHandle<'_>) -> io::Result<Stat> {
    let basic = calls::basic(handle)?;
    let (size, allocated, links) = calls::standard(handle)?;
    let (dev, id) = calls::identity(handle)?;
    let kind = kind_of(handle, basic.FileAttributes)?;
    Ok(Stat {
        kind,
        dev,
        // NTFS uses the first half alone; ReFS both.
        ino: (id as u64) ^ ((id >> 64) as u64),
        size: u64::try_from(size).unwrap_or(0),
        mode: mode_of(basic.FileAttributes),
        uid: if security::is_mine(handle).unwrap_or(true) {
            USER
        } else {
            OTHERS
        },
        gid: USER,
        links: u64::from(links),
        blocks: u64::try_from(allocated).unwrap_or(0).div_ceil(UNIT),
        mtime: time_of(basic.LastWriteTime),
        ctime: time_of(basic.ChangeTime),
    })
}

/// What an open handle stands for: of a link the link itself, which was not followed.
pub(super) fn kind_of(handle: BorrowedHandle<'_>, attributes: u32) -> io::Result<NodeKind> {
    let plain = if attributes & FILE_ATTRIBUTE_DIRECTORY == 0 {
        NodeKind::File
    } else {
        NodeKind::Folder
    };
    if attributes & FILE_ATTRIBUTE_REPARSE_POINT == 0 {
        return Ok(plain);
    }
    Ok(match Reparse::of(calls::reparse_tag(handle)?) {
        Reparse::Link => NodeKind::Link,
        Reparse::Special => NodeKind::Special,
        Reparse::Kept => plain,
    })
}

/// Read-only or not is all that Windows keeps of a mode. Folders have no such thing.
fn mode_of(attributes: u32) -> u16 {
    match attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_READONLY) {
        0 => 0o666,
        FILE_ATTRIBUTE_READONLY => 0o444,
        _ => 0o777,
    }
}

/// Makes a file read-only, or not.
pub(super) fn set_mode(handle: BorrowedHandle<'_>, mode: u16) -> io::Result<()> {
    let attributes = calls::basic(handle)?.FileAttributes;
    let others = attributes & !(FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_NORMAL);
    let wanted = if mode & WRITES == 0 {
        others | FILE_ATTRIBUTE_READONLY
    } else {
        others
    };
    if wanted == attributes & !FILE_ATTRIBUTE_NORMAL {
        return Ok(());
    }
    let info = FILE_BASIC_INFO {
        // None at all would mean: as they are.
        FileAttributes: if wanted == 0 { FILE_ATTRIBUTE_NORMAL } else { wanted },
        ..unchanged()
    };
    calls::set_basic(handle, &info)
}

pub(super) fn set_mtime(handle: BorrowedHandle<'_>, mtime: Time) -> io::Result<()> {
    let info = FILE_BASIC_INFO {
        LastWriteTime: ticks_of(mtime),
        ..unchanged()
    };
    calls::set_basic(handle, &info)
}

/// Zero leaves a field as it is.
fn unchanged() -> FILE_BASIC_INFO {
    FILE_BASIC_INFO {
        CreationTime: 0,
        LastAccessTime: 0,
        LastWriteTime: 0,
        ChangeTime: 0,
        FileAttributes: 0,
    }
}
