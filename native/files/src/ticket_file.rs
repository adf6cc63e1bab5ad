//! The file or pipe in which a ticket travels: a few bytes that are read and written where any program of the user could.
//!
//! Links are followed on reading, because `/dev/stdin` and `/proc/self/fd/3` are links. What a mode means is decided above.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::{ErrorClass, FileError};

/// What was read, and who else may touch it.
#[derive(Debug, PartialEq, Eq)]
pub struct TicketRead {
    /// At most as many bytes as were asked for, and one more, which tells that there are more.
    pub bytes: Vec<u8>,
    pub guard: Guard,
}

/// How a file system guards a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Permission bits, at most 0o777.
    Mode(u16),
    /// The file system shows the same mode for every file, and `chmod` changes nothing.
    NoModes,
    /// A pipe or a terminal: nobody else can open it by name.
    Stream,
}

const READ: &str = "read the ticket from";
const WRITE: &str = "write the ticket to";

/// Reads up to `most` bytes and one more. Blocks like any reader of a pipe.
pub fn read_ticket(path: &Path, most: usize) -> Result<TicketRead, FileError> {
    let failed = |error: &io::Error| FileError::new(READ, shown(path), error);
    let open = OpenOptions::new().read(true).custom_flags(libc::O_NOCTTY).open(path);
    let file = open.map_err(|error| failed(&error))?;
    let status = file.metadata().map_err(|error| failed(&error))?;
    let guard = match status.file_type() {
        kind if kind.is_file() => guard_of(&file, &status),
        kind if kind.is_fifo() => Guard::Stream,
        _ => return Err(rule(READ, path, "it is no regular file and no pipe")),
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(&error))?;
    Ok(TicketRead { bytes, guard })
}

/// Writes a ticket that only its owner can read.
///
/// A regular file appears complete, and replaces one that exists, also when that is a link: then the link is replaced, not what it
/// points to. A pipe, a terminal and an open descriptor of this process (`/dev/stdout`, `/proc/self/fd/3`) are written into.
pub fn write_ticket(path: &Path, bytes: &[u8]) -> Result<Guard, FileError> {
    let failed = |error: &io::Error| FileError::new(WRITE, shown(path), error);
    if is_descriptor(path) {
        return write_into(path, bytes);
    }
    match path.metadata() {
        Ok(status) if status.file_type().is_fifo() || status.file_type().is_char_device() => write_into(path, bytes),
        Ok(status) if !status.is_file() => Err(rule(WRITE, path, "it is no regular file and no pipe")),
        Ok(_) => write_beside(path, bytes).map_err(|error| failed(&error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write_beside(path, bytes).map_err(|error| failed(&error))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// A fresh file beside the target takes its name when it is complete.
fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<Guard> {
    let temporary = temporary_name(path)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&temporary)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.metadata())
        .map(|status| guard_of(&file, &status))
        .and_then(|guard| std::fs::rename(&temporary, path).map(|()| guard));
    if written.is_err() {
        // The reason of the failure is what matters; the name is random and in nobody's way.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn write_into(path: &Path, bytes: &[u8]) -> Result<Guard, FileError> {
    let failed = |error: &io::Error| FileError::new(WRITE, shown(path), error);
    let open = OpenOptions::new().append(true).custom_flags(libc::O_NOCTTY).open(path);
    let mut file = open.map_err(|error| failed(&error))?;
    let status = file.metadata().map_err(|error| failed(&error))?;
    let kind = status.file_type();
    let is_terminal = kind.is_char_device() && file.is_terminal();
    if !kind.is_file() && !kind.is_fifo() && !is_terminal {
        return Err(rule(WRITE, path, "nobody could read it from this device"));
    }
    file.write_all(bytes).map_err(|error| failed(&error))?;
    Ok(if kind.is_file() {
        guard_of(&file, &status)
    } else {
        Guard::Stream
    })
}

fn guard_of(file: &File, status: &Metadata) -> Guard {
    let modeless = rustix::fs::fstatfs(file.as_fd()).is_ok_and(|system| is_modeless(system.f_type as u64));
    if modeless {
        Guard::NoModes
    } else {
        Guard::Mode((status.permissions().mode() & 0o777) as u16)
    }
}

/// File systems that have no modes of their own: what is shown comes from mount options.
fn is_modeless(system: u64) -> bool {
    const MODELESS: [u64; 9] = [
        0x4d44,      // FAT
        0x2011_bab0, // exFAT
        0x5346_544e, // NTFS
        0x7366_746e, // NTFS3
        0x6573_5546, // FUSE
        0xff53_4d42, // CIFS
        0xfe53_4d42, // SMB 2
        0x0102_1997, // 9P, as WSL mounts the disks of Windows
        0x786f_4256, // VirtualBox shared folders
    ];
    MODELESS.contains(&(system & 0xffff_ffff))
}

/// Whether a path names an open descriptor of a process: it lies in `/proc/PID/fd`, or is a link that does (`/dev/stdout`).
fn is_descriptor(path: &Path) -> bool {
    let in_proc = |path: &Path| {
        let folder = parent_of(path).canonicalize();
        folder.is_ok_and(|folder| folder.starts_with("/proc") && folder.ends_with("fd"))
    };
    let target = || path.read_link().map(|target| parent_of(path).join(target));
    in_proc(path) || target().is_ok_and(|target| in_proc(&target))
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn temporary_name(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let random = crate::platform::random()? as u64;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{random:016x}"));
    Ok(path.with_file_name(temporary))
}

fn rule(doing: &'static str, path: &Path, why: &'static str) -> FileError {
    FileError::rule(ErrorClass::NotAFile, doing, shown(path), why)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t28_disks_without_modes_are_known_by_their_numbers_and_others_are_not() {
        for modeless in [0x4d44, 0x2011_bab0, 0x6573_5546, 0xff53_4d42, 0xffff_ffff_ff53_4d42] {
            assert!(is_modeless(modeless), "{modeless:x}");
        }
        // ext4, XFS, Btrfs, tmpfs, NFS, ZFS.
        for system in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x6969, 0x2fc1_2fc1] {
            assert!(!is_modeless(system), "{system:x}");
        }
    }
}
