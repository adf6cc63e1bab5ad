//! Folders and files on Linux, by the *at() calls.
//!
//! Not used, on purpose: `openat2` (absent on old kernels and in seccomp sandboxes; the behaviour must be the same everywhere)
//! and `/proc/self/fd` (not mounted in every container).

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{
    Access, Advice, AtFlags, CWD, Dir, FallocateFlags, FileType, Mode, OFlags, RenameFlags, Timespec, Timestamps,
    UTIME_OMIT,
};

use super::{permissions, retry};
use crate::os::{File, Folder, NodeKind, Stat, Time};

/// A held folder descriptor.
pub struct NativeFolder(OwnedFd);

/// An open file descriptor.
pub struct NativeFile(OwnedFd);

/// O_NONBLOCK so that not even a folder that became a FIFO blocks.
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK);

impl Folder for NativeFolder {
    type File = NativeFile;

    fn open(path: &Path) -> io::Result<Self> {
        open(CWD, path, FOLDER).map(Self)
    }

    fn open_folder(&self, name: &str) -> io::Result<Self> {
        open(&self.0, name, FOLDER | OFlags::NOFOLLOW).map(Self)
    }

    fn open_file(&self, name: &str) -> io::Result<NativeFile> {
        // O_NOCTTY: a name that became a terminal must not become ours.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        open(&self.0, name, flags).map(NativeFile)
    }

    fn create_file(&self, name: &str) -> io::Result<NativeFile> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let fd = retry(|| rustix::fs::openat(&self.0, name, flags, mode))?;
        Ok(NativeFile(fd))
    }

    fn create_folder(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.0, name, Mode::RWXU)?)
    }

    fn stat(&self, name: &str) -> io::Result<Stat> {
        let stat = rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(stat_of(&stat))
    }

    fn stat_self(&self) -> io::Result<Stat> {
        Ok(stat_of(&rustix::fs::fstat(&self.0)?))
    }

    fn list(&self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        // Reads through a descriptor of its own: the position in the folder belongs to the descriptor.
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                each(name);
            }
        }
        Ok(())
    }

    fn may_read(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::accessat(&self.0, name, Access::READ_OK, AtFlags::EACCESS)?)
    }

    fn may_create(&self) -> io::Result<()> {
        let access = Access::WRITE_OK | Access::EXEC_OK;
        Ok(rustix::fs::accessat(&self.0, ".", access, AtFlags::EACCESS)?)
    }

    fn move_new(&self, from: &str, to: &str) -> io::Result<()> {
        let flags = RenameFlags::NOREPLACE;
        Ok(rustix::fs::renameat_with(&self.0, from, &self.0, to, flags)?)
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::linkat(&self.0, from, &self.0, to, AtFlags::empty())?)
    }

    fn move_over(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, from, &self.0, to)?)
    }

    fn remove_file(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    fn remove_folder(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }

    fn set_mode(&self, mode: u16) -> io::Result<()> {
        Ok(rustix::fs::fchmod(&self.0, mode_of(mode))?)
    }

    fn set_mtime(&self, mtime: Time) -> io::Result<()> {
        Ok(rustix::fs::futimens(&self.0, &only_mtime(mtime))?)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(retry(|| rustix::fs::fsync(&self.0))?)
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::fstatvfs(&self.0)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

impl NativeFile {
    /// Whether its file system keeps files in memory: tmpfs or ramfs.
    fn is_in_memory(&self) -> bool {
        const TMPFS: i64 = 0x0102_1994;
        const RAMFS: i64 = 0x8584_58f6;
        rustix::fs::fstatfs(&self.0).is_ok_and(|system| matches!(system.f_type, TMPFS | RAMFS))
    }
}

impl File for NativeFile {
    fn stat(&self) -> io::Result<Stat> {
        Ok(stat_of(&rustix::fs::fstat(&self.0)?))
    }

    fn read_some_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::pread(&self.0, bytes, offset)?)
    }

    fn write_some_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::pwrite(&self.0, bytes, offset)?)
    }

    fn wait_writable(&self) -> io::Result<()> {
        // Local file systems never say EAGAIN and `poll` calls every plain file ready, so there is nothing to wait on.
        std::thread::sleep(Duration::from_millis(1));
        Ok(())
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        Ok(retry(|| rustix::fs::ftruncate(&self.0, size))?)
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        if self.is_in_memory() {
            // There are no extents to lay out; reserving would only clear every page once more before it is written, on the
            // critical path of the first block (0.7 s for 2 GiB).
            return Err(io::ErrorKind::Unsupported.into());
        }
        let flags = FallocateFlags::empty();
        Ok(retry(|| rustix::fs::fallocate(&self.0, flags, 0, size))?)
    }

    fn set_mode(&self, mode: u16) -> io::Result<()> {
        Ok(rustix::fs::fchmod(&self.0, mode_of(mode))?)
    }

    fn set_mtime(&self, mtime: Time) -> io::Result<()> {
        Ok(rustix::fs::futimens(&self.0, &only_mtime(mtime))?)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(retry(|| rustix::fs::fdatasync(&self.0))?)
    }

    fn start_sync(&self, offset: u64, len: u64) -> io::Result<()> {
        super::sync_range_unsafe::sync_file_range(self.0.as_fd(), offset, len)
    }

    fn will_read_in_order(&self) {
        // Advice: a system that does not take it reads all the same.
        let _ = rustix::fs::fadvise(&self.0, 0, None, Advice::Sequential);
    }

    fn forget_cached(&self) {
        let _ = rustix::fs::fadvise(&self.0, 0, None, Advice::DontNeed);
    }
}

fn open<Fd: AsFd>(folder: Fd, name: impl rustix::path::Arg + Copy, flags: OFlags) -> io::Result<OwnedFd> {
    Ok(retry(|| rustix::fs::openat(&folder, name, flags, Mode::empty()))?)
}

fn stat_of(stat: &rustix::fs::Stat) -> Stat {
    Stat {
        kind: match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => NodeKind::File,
            FileType::Directory => NodeKind::Folder,
            FileType::Symlink => NodeKind::Link,
            _ => NodeKind::Special,
        },
        dev: stat.st_dev,
        ino: stat.st_ino,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mode: permissions(stat.st_mode),
        links: stat.st_nlink,
        mtime: time_of(stat.st_mtime, stat.st_mtime_nsec),
        ctime: time_of(stat.st_ctime, stat.st_ctime_nsec),
    }
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

fn mode_of(mode: u16) -> Mode {
    Mode::from_raw_mode(u32::from(mode & 0o777))
}

fn only_mtime(mtime: Time) -> Timestamps {
    Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: mtime.secs,
            tv_nsec: i64::from(mtime.nanos),
        },
    }
}
