//! Folders and files by the *at() calls of POSIX. What differs by system is asked of `own`: `linux/own.rs` and `macos/own.rs`.
//!
//! Not used, on purpose: `openat2` (absent on old kernels and in seccomp sandboxes; the behaviour must be the same everywhere)
//! and `/proc/self/fd` (not mounted in every container).

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::fs::{
    Access, AtFlags, CWD, Dir, FileType, FlockOperation, Mode, OFlags, RawMode, RenameFlags, SeekFrom, Timespec,
    Timestamps, UTIME_OMIT,
};
use rustix::io::Errno;

use super::attributes::{Of, ids};
use super::{close_unsafe, in_turn, permissions, retry, time_of};
use crate::os::copying::copy_bytes;
use crate::os::fault_points::{faulty, short_len};
use crate::os::system::own;
use crate::os::{Acl, Attributes, File, Folder, NodeKind, Sizes, Stat, Storage, Time, XattrNames};

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

    fn can_hold(name: &str) -> bool {
        own::can_hold(name)
    }

    fn takes_every_name(&self) -> bool {
        own::takes_every_name(self.0.as_fd())
    }

    fn sizes(&self, name: &str) -> io::Result<Sizes> {
        own::sizes(self.0.as_fd(), name)
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

    fn birth(&self) -> Option<Time> {
        own::birth(self.0.as_fd())
    }

    fn default_mode(&self) -> Option<u16> {
        *self.1.get_or_init(|| own::default_mode(self.0.as_fd()))
    }

    fn set_mtime(&self, mtime: Time) -> io::Result<()> {
        Ok(rustix::fs::futimens(&self.0, &only_mtime(mtime))?)
    }

    fn sync(&self) -> io::Result<()> {
        faulty("sync-folder", || own::sync(self.0.as_fd()))
    }

    fn storage(&self) -> Storage {
        own::storage(self.0.as_fd())
    }

    fn sync_all(&self) -> io::Result<()> {
        faulty("sync-all", || own::sync_all(self.0.as_fd()))
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
        match own::copy(self.0.as_fd(), other.0.as_fd(), len)? {
            done if done < len => copy_bytes(self, other, done, len),
            _ => Ok(()),
        }
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
        faulty("allocate", || own::allocate(self.0.as_fd(), size))
    }

    fn clear_range(&self, offset: u64, len: u64) -> io::Result<()> {
        faulty("clear-range", || own::clear_range(self.0.as_fd(), offset, len))
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
        own::reserve(self.0.as_fd(), size);
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

    fn sync(&self) -> io::Result<()> {
        faulty("sync-file", || own::sync(self.0.as_fd()))
    }

    fn sync_long(&self) -> io::Result<()> {
        faulty("sync-file", || own::sync_long(self.0.as_fd()))
    }

    fn start_sync(&self, offset: u64, len: u64) -> io::Result<()> {
        faulty("start-sync", || own::start_sync(self.0.as_fd(), offset, len))
    }

    fn duplicate(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?))
    }

    fn close(self) -> io::Result<()> {
        faulty("close", || close_unsafe::close(self.0))
    }

    fn will_read_in_order(&self) {
        own::will_read_in_order(self.0.as_fd());
    }

    fn forget_range(&self, offset: u64, len: u64) {
        own::forget_range(self.0.as_fd(), offset, len);
    }

    fn is_in_memory(&self) -> bool {
        own::is_in_memory(self.0.as_fd())
    }

    fn forget_cached(&self) {
        own::forget_cached(self.0.as_fd());
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
        dev: own::device_of(stat),
        ino: stat.st_ino,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mode: permissions(stat.st_mode.into()),
        uid: stat.st_uid,
        gid: stat.st_gid,
        links: wide(stat.st_nlink),
        blocks: u64::try_from(stat.st_blocks).unwrap_or(0),
        mtime: time_of(stat.st_mtime, stat.st_mtime_nsec),
        ctime: time_of(stat.st_ctime, stat.st_ctime_nsec),
    }
}

fn mode_of(mode: u16) -> Mode {
    // u32 on Linux, and u16 on macOS.
    #[allow(clippy::useless_conversion, reason = "the type differs by system")]
    Mode::from_raw_mode(RawMode::from(mode & 0o777))
}

/// A number whose width differs by system.
fn wide(number: impl Into<u64>) -> u64 {
    number.into()
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
