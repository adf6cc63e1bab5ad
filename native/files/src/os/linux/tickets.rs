//! The file or pipe of a ticket on Linux.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::System;
use crate::os::{Guard, TicketFiles, TicketPlace};

impl TicketFiles for System {
    fn open(path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).custom_flags(libc::O_NOCTTY).open(path)
    }

    fn append(path: &Path) -> io::Result<File> {
        OpenOptions::new().append(true).custom_flags(libc::O_NOCTTY).open(path)
    }

    fn create(path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)
    }

    fn place(status: &Metadata) -> TicketPlace {
        match status.file_type() {
            kind if kind.is_file() => TicketPlace::File,
            kind if kind.is_fifo() => TicketPlace::Pipe,
            kind if kind.is_char_device() => TicketPlace::Device,
            _ => TicketPlace::Other,
        }
    }

    fn guard(file: &File, status: &Metadata) -> Guard {
        let modeless = rustix::fs::fstatfs(file.as_fd()).is_ok_and(|system| is_modeless(system.f_type as u64));
        if modeless {
            Guard::NoModes
        } else {
            Guard::Mode(super::permissions(status.permissions().mode()))
        }
    }

    /// It lies in `/proc/PID/fd`, or is a link that does (`/dev/stdout`).
    fn is_descriptor(path: &Path) -> bool {
        let in_proc = |path: &Path| {
            let folder = parent_of(path).canonicalize();
            folder.is_ok_and(|folder| folder.starts_with("/proc") && folder.ends_with("fd"))
        };
        let target = || path.read_link().map(|target| parent_of(path).join(target));
        in_proc(path) || target().is_ok_and(|target| in_proc(&target))
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

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
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
