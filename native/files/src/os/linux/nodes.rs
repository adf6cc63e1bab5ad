//! Folders and files on Linux, by the *at() calls.
//!
//! Not used, on purpose: `openat2` (absent on old kernels and in seccomp sandboxes; the behaviour must be the same everywhere)
//! and `/proc/self/fd` (not mounted in every container).

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::fs::{
    Access, Advice, AtFlags, CWD, Dir, FallocateFlags, FileType, FlockOperation, Mode, OFlags, RenameFlags, SeekFrom,
    Timespec, Timestamps, UTIME_OMIT,
};

use rustix::io::Errno;

use super::attributes::{Of, ids};
use super::sync_apart_unsafe::{What, sync_apart};
use super::{acl, in_turn, permissions, retry};
use crate::os::fault_points::{faulty, short_len};
use crate::os::{Acl, Attributes, File, Folder, NodeKind, Stat, Storage, Time, XattrNames};

/// A held folder descriptor, and the mode of its default ACL once it was asked for: files come in thousands to a folder.
pub struct NativeFolder(OwnedFd, OnceLock<Option<u16>>);

impl NativeFolder {
    fn new(fd: OwnedFd) -> Self {
        Self(fd, OnceLock::new())
    }
}

/// An open file descriptor.
pub struct NativeFile(OwnedFd);

/// O_NONBLOCK so that not even a folder that became a FIFO blocks.
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK);

/// O_NOCTTY: a name that became a terminal must not become ours.
const WRITABLE: OFlags = OFlags::RDWR
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Most bytes that one call copies: it cannot be interrupted.
const COPY_PIECE: usize = 64 << 20;

/// Longest ACL that is read: some 500 users and groups, as many as ext4 holds.
const MAX_ACL: usize = 4096;

/// File systems by what statfs says of them.
const EXT4: u64 = 0xef53;
const XFS: u64 = 0x5846_5342;
const BTRFS: u64 = 0x9123_683e;

/// Both are descriptors with attributes.
macro_rules! attributes {
    ($node:ty) => {
        impl Attributes for $node {
            fn set_owner(&self, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
                Of(&self.0).set_owner(uid, gid)
            }
            fn xattr_names(&self) -> io::Result<XattrNames> {
                Of(&self.0).xattr_names()
            }
            fn xattr(&self, name: &str) -> io::Result<Vec<u8>> {
                Of(&self.0).xattr(name)
            }
            fn set_xattr(&self, name: &str, value: &[u8]) -> io::Result<()> {
                Of(&self.0).set_xattr(name, value)
            }
            fn acl(&self, acl: Acl) -> io::Result<Option<Vec<u8>>> {
                Of(&self.0).acl(acl)
            }
            fn set_acl(&self, acl: Acl, value: &[u8]) -> io::Result<()> {
                Of(&self.0).set_acl(acl, value)
            }
        }
    };
}

attributes!(NativeFolder);
attributes!(NativeFile);

impl Folder for NativeFolder {
    type File = NativeFile;

    fn open(path: &Path) -> io::Result<Self> {
        open(CWD, path, FOLDER).map(Self::new)
    }

    fn open_folder(&self, name: &str) -> io::Result<Self> {
        open(&self.0, name, FOLDER | OFlags::NOFOLLOW).map(Self::new)
    }

    fn open_file(&self, name: &str) -> io::Result<NativeFile> {
        // O_NOCTTY: a name that became a terminal must not become ours.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        open(&self.0, name, flags).map(NativeFile)
    }

    fn create_file(&self, name: &str) -> io::Result<NativeFile> {
        faulty("create-file", || {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mode = Mode::RUSR | Mode::WUSR;
            let fd = retry(|| rustix::fs::openat(&self.0, name, flags, mode))?;
            Ok(NativeFile(fd))
        })
    }

    /// Saves a call for each of many files: the system itself takes off the umask, or applies the folder's default ACL.
    fn create_file_as(&self, name: &str, mode: u16) -> io::Result<(NativeFile, bool)> {
        faulty("create-file", || {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let fd = retry(|| rustix::fs::openat(&self.0, name, flags, mode_of(mode)))?;
            Ok((NativeFile(fd), true))
        })
    }

    fn open_to_write(&self, name: &str) -> io::Result<NativeFile> {
        open(&self.0, name, WRITABLE).map(NativeFile)
    }

    fn open_to_append(&self, name: &str) -> io::Result<NativeFile> {
        open(&self.0, name, WRITABLE | OFlags::APPEND).map(NativeFile)
    }

    fn create_to_append(&self, name: &str) -> io::Result<NativeFile> {
        faulty("create-journal", || {
            let flags = WRITABLE | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL;
            let mode = Mode::RUSR | Mode::WUSR;
            Ok(NativeFile(retry(|| rustix::fs::openat(&self.0, name, flags, mode))?))
        })
    }

    fn create_folder(&self, name: &str) -> io::Result<()> {
        faulty("create-folder", || Ok(rustix::fs::mkdirat(&self.0, name, Mode::RWXU)?))
    }

    fn can_hold(_name: &str) -> bool {
        true
    }

    /// Case is folded by folder (`chattr +F`) on ext4, f2fs and tmpfs; what other file systems do is not known.
    fn takes_every_name(&self) -> bool {
        const F2FS: u64 = 0xf2f5_2010;
        const OVERLAY: u64 = 0x794c_7630;
        const FOLDS_CASE: u32 = 0x4000_0000;
        let folds_case = || rustix::fs::ioctl_getflags(&self.0).is_ok_and(|flags| flags.bits() & FOLDS_CASE != 0);
        match rustix::fs::fstatfs(&self.0).map(|system| system.f_type as u64) {
            Ok(XFS | BTRFS | OVERLAY) => true,
            Ok(EXT4 | F2FS) => !folds_case(),
            Ok(system) if is_in_memory(system) => !folds_case(),
            _ => false,
        }
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
        faulty("move-new", || {
            let flags = RenameFlags::NOREPLACE;
            Ok(rustix::fs::renameat_with(&self.0, from, &self.0, to, flags)?)
        })
    }

    fn exchange(&self, one: &str, other: &str) -> io::Result<()> {
        faulty("exchange", || {
            let flags = RenameFlags::EXCHANGE;
            Ok(rustix::fs::renameat_with(&self.0, one, &self.0, other, flags)?)
        })
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        faulty("link", || {
            Ok(rustix::fs::linkat(&self.0, from, &self.0, to, AtFlags::empty())?)
        })
    }

    fn link_into(&self, from: &str, folder: &Self, to: &str) -> io::Result<()> {
        Ok(rustix::fs::linkat(&self.0, from, &folder.0, to, AtFlags::empty())?)
    }

    fn read_link(&self, name: &str) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.0, name, Vec::new())?.into_bytes())
    }

    fn make_link(&self, name: &str, target: &str) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(target, &self.0, name)?)
    }

    fn set_child_mtime(&self, name: &str, mtime: Time) -> io::Result<()> {
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        Ok(rustix::fs::utimensat(&self.0, name, &only_mtime(mtime), flags)?)
    }

    fn set_child_owner(&self, name: &str, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
        let (uid, gid) = ids(uid, gid);
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        Ok(rustix::fs::chownat(&self.0, name, uid, gid, flags)?)
    }

    fn move_over(&self, from: &str, to: &str) -> io::Result<()> {
        faulty("move-over", || Ok(rustix::fs::renameat(&self.0, from, &self.0, to)?))
    }

    fn remove_file(&self, name: &str) -> io::Result<()> {
        faulty("remove-file", || {
            Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
        })
    }

    fn remove_folder(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }

    fn set_mode(&self, mode: u16) -> io::Result<()> {
        let special = Mode::SUID | Mode::SGID | Mode::SVTX;
        let kept = Mode::from_raw_mode(rustix::fs::fstat(&self.0)?.st_mode) & special;
        Ok(rustix::fs::fchmod(&self.0, mode_of(mode) | kept)?)
    }

    fn default_mode(&self) -> Option<u16> {
        *self.1.get_or_init(|| {
            let mut bytes = [0; MAX_ACL];
            // Without ACLs, or with one that is longer than any in use, the umask counts.
            let len = rustix::fs::fgetxattr(&self.0, acl::DEFAULT, &mut bytes).ok()?;
            acl::mode_of(bytes.get(..len)?)
        })
    }

    fn set_mtime(&self, mtime: Time) -> io::Result<()> {
        Ok(rustix::fs::futimens(&self.0, &only_mtime(mtime))?)
    }

    fn sync(&self) -> io::Result<()> {
        faulty("sync-folder", || Ok(retry(|| rustix::fs::fsync(&self.0))?))
    }

    fn storage(&self) -> Storage {
        // Those for which `tests/power_cut.rs` showed it. syncfs reports failed writes since Linux 5.8 (syncfs(2)).
        match rustix::fs::fstatfs(&self.0).map(|system| system.f_type as u64) {
            Ok(system) if is_in_memory(system) => Storage::Memory,
            Ok(EXT4 | XFS | BTRFS) if super::reports_failed_syncs() => Storage::Whole,
            _ => Storage::Each,
        }
    }

    fn sync_all(&self) -> io::Result<()> {
        faulty("sync-all", || sync_apart(self.0.as_fd(), What::FileSystem))
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::fstatvfs(&self.0)?;
        // ramfs, and what FUSE answers for file systems that do not.
        if stat.f_blocks == 0 {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// Whether a file system keeps files in memory: tmpfs or ramfs.
fn is_in_memory(system: u64) -> bool {
    const TMPFS: u64 = 0x0102_1994;
    const RAMFS: u64 = 0x8584_58f6;
    matches!(system, TMPFS | RAMFS)
}

impl File for NativeFile {
    fn stat(&self) -> io::Result<Stat> {
        Ok(stat_of(&rustix::fs::fstat(&self.0)?))
    }

    fn read_some_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        faulty("read", || Ok(rustix::io::pread(&self.0, bytes, offset)?))
    }

    fn write_some_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        faulty("write", || {
            let taken = bytes.get(..short_len("write", bytes.len())).unwrap_or(bytes);
            Ok(rustix::io::pwrite(&self.0, taken, offset)?)
        })
    }

    fn seek_and_write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        in_turn::seek_and_write(self, &self.0, offset, bytes)
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        match rustix::fs::seek(&self.0, SeekFrom::Data(offset)) {
            Ok(at) => Ok(Some(at)),
            Err(Errno::NXIO) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn next_hole(&self, offset: u64) -> io::Result<u64> {
        Ok(rustix::fs::seek(&self.0, SeekFrom::Hole(offset))?)
    }

    fn copy_from(&self, other: &Self, len: u64) -> io::Result<()> {
        if rustix::fs::ioctl_ficlone(&self.0, &other.0).is_ok() {
            return Ok(());
        }
        let mut done = 0;
        while done < len {
            let (mut from, mut to) = (done, done);
            let piece = usize::try_from(len - done).unwrap_or(usize::MAX).min(COPY_PIECE);
            match retry(|| rustix::fs::copy_file_range(&other.0, Some(&mut from), &self.0, Some(&mut to), piece)) {
                // Some file systems say that they copied nothing instead of that they cannot.
                Ok(0) | Err(Errno::XDEV | Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => {
                    return in_turn::copy_bytes(self, other, done, len);
                }
                Ok(copied) => done += copied as u64,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn wait_writable(&self) -> io::Result<()> {
        // Local file systems never say EAGAIN and `poll` calls every plain file ready, so there is nothing to wait on.
        std::thread::sleep(Duration::from_millis(1));
        Ok(())
    }

    fn set_size(&self, size: u64) -> io::Result<()> {
        faulty("set-size", || Ok(retry(|| rustix::fs::ftruncate(&self.0, size))?))
    }

    fn allocate(&self, size: u64) -> io::Result<()> {
        faulty("allocate", || {
            if self.is_in_memory() {
                // There are no extents to lay out; reserving would only clear every page once more before it is written, on the
                // critical path of the first block (0.7 s for 2 GiB).
                return Err(io::ErrorKind::Unsupported.into());
            }
            let flags = FallocateFlags::empty();
            Ok(retry(|| rustix::fs::fallocate(&self.0, flags, 0, size))?)
        })
    }

    fn clear_range(&self, offset: u64, len: u64) -> io::Result<()> {
        faulty("clear-range", || {
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            Ok(retry(|| rustix::fs::fallocate(&self.0, flags, offset, len))?)
        })
    }

    fn try_lock(&self) -> io::Result<bool> {
        match retry(|| rustix::fs::flock(&self.0, FlockOperation::NonBlockingLockExclusive)) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            // Network disks whose server keeps no locks, and FUSE.
            Err(Errno::NOLCK | Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    fn reserve(&self, size: u64) {
        let flags = FallocateFlags::KEEP_SIZE;
        let _ = retry(|| rustix::fs::fallocate(&self.0, flags, 0, size));
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        faulty("append", || match retry(|| rustix::io::write(&self.0, bytes))? {
            len if len == bytes.len() => Ok(()),
            // The disk became full in the middle of it.
            _ => Err(io::ErrorKind::StorageFull.into()),
        })
    }

    fn set_mode(&self, mode: u16) -> io::Result<()> {
        Ok(rustix::fs::fchmod(&self.0, mode_of(mode))?)
    }

    fn set_mtime(&self, mtime: Time) -> io::Result<()> {
        Ok(rustix::fs::futimens(&self.0, &only_mtime(mtime))?)
    }

    /// fdatasync need not write a mode or a time (fdatasync(2)).
    fn sync(&self) -> io::Result<()> {
        faulty("sync-file", || Ok(retry(|| rustix::fs::fsync(&self.0))?))
    }

    fn sync_long(&self) -> io::Result<()> {
        faulty("sync-file", || sync_apart(self.0.as_fd(), What::File))
    }

    fn start_sync(&self, offset: u64, len: u64) -> io::Result<()> {
        faulty("start-sync", || {
            super::sync_range_unsafe::sync_file_range(self.0.as_fd(), offset, len)
        })
    }

    fn will_read_in_order(&self) {
        // Advice: a system that does not take it reads all the same.
        let _ = rustix::fs::fadvise(&self.0, 0, None, Advice::Sequential);
    }

    fn forget_range(&self, offset: u64, len: u64) {
        let _ = rustix::fs::fadvise(&self.0, offset, std::num::NonZeroU64::new(len), Advice::DontNeed);
    }

    fn is_in_memory(&self) -> bool {
        rustix::fs::fstatfs(&self.0).is_ok_and(|system| is_in_memory(system.f_type as u64))
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
        uid: stat.st_uid,
        gid: stat.st_gid,
        links: number_of(stat.st_nlink),
        blocks: u64::try_from(stat.st_blocks).unwrap_or(0),
        mtime: time_of(stat.st_mtime, stat.st_mtime_nsec),
        ctime: time_of(stat.st_ctime, stat.st_ctime_nsec),
    }
}

/// Names of a file: 64 bits on x86-64, and 32 on arm64.
fn number_of(links: impl Into<u64>) -> u64 {
    links.into()
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
