//! What Linux does otherwise than other POSIX systems.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::fs::{Advice, AtFlags, FallocateFlags, Mode, OFlags, StatxFlags, XattrFlags};
use rustix::io::Errno;

use super::sync_apart_unsafe::{What, sync_apart};
use super::{System, acl, mounts, retry};
use crate::os::unix::MAX_XATTR;
use crate::os::{Acl, Process, Sizes, Storage, Time};

/// Most bytes that one call copies: it cannot be interrupted.
const COPY_PIECE: usize = 64 << 20;

/// Longest ACL that is read: some 500 users and groups, as many as ext4 holds.
const MAX_ACL: usize = 4096;

/// File capabilities are rights like setuid, which no transfer gives.
const CAPABILITY: &str = "security.capability";

/// File systems by what statfs says of them: ext2, ext3 and ext4 have one number.
const EXT: u64 = 0xef53;
const XFS: u64 = 0x5846_5342;
const BTRFS: u64 = 0x9123_683e;
const F2FS: u64 = 0xf2f5_2010;
const OVERLAY: u64 = 0x794c_7630;

/// Every name of the protocol: components without `/` and NUL.
pub fn can_hold(_name: &str) -> bool {
    true
}

/// Case is folded by folder (`chattr +F`) on ext4, f2fs and tmpfs; what other file systems do is not known.
pub fn takes_every_name(folder: BorrowedFd<'_>) -> bool {
    const FOLDS_CASE: u32 = 0x4000_0000;
    let folds_case = || rustix::fs::ioctl_getflags(folder).is_ok_and(|flags| flags.bits() & FOLDS_CASE != 0);
    match rustix::fs::fstatfs(folder).map(|system| system.f_type as u64) {
        Ok(XFS | BTRFS | OVERLAY) => true,
        Ok(EXT | F2FS) => !folds_case(),
        Ok(system) if is_memory(system) => !folds_case(),
        _ => false,
    }
}

/// Asked of the child itself, which may be mounted over a name of another file system. O_PATH opens without reading, whatever it is.
pub fn sizes(folder: BorrowedFd<'_>, name: &str) -> io::Result<Sizes> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let child = retry(|| rustix::fs::openat(folder, name, flags, Mode::empty()))?;
    Ok(sizes_of(rustix::fs::fstatfs(child)?.f_type as u64))
}

pub fn device_of(stat: &rustix::fs::Stat) -> u64 {
    stat.st_dev
}

pub fn birth(folder: BorrowedFd<'_>) -> Option<Time> {
    let found = rustix::fs::statx(folder, c"", AtFlags::EMPTY_PATH, StatxFlags::BTIME).ok()?;
    let is_known = found.stx_mask & StatxFlags::BTIME.bits() != 0;
    is_known.then_some(Time {
        secs: found.stx_btime.tv_sec,
        nanos: found.stx_btime.tv_nsec,
    })
}

/// The mode of the folder's default ACL.
pub fn default_mode(folder: BorrowedFd<'_>) -> Option<u16> {
    let mut bytes = [0; MAX_ACL];
    // Without ACLs, or with one that is longer than any in use, the umask counts.
    let len = rustix::fs::fgetxattr(folder, acl::DEFAULT, &mut bytes).ok()?;
    acl::mode_of(bytes.get(..len)?)
}

/// fdatasync need not write a mode or a time (fdatasync(2)).
pub fn sync(fd: BorrowedFd<'_>) -> io::Result<()> {
    Ok(retry(|| rustix::fs::fsync(fd))?)
}

pub fn storage(folder: BorrowedFd<'_>) -> Storage {
    // Those for which `tests/power_cut.rs` showed it. syncfs reports failed writes since Linux 5.8 (syncfs(2)).
    match rustix::fs::fstatfs(folder).map(|system| system.f_type as u64) {
        Ok(system) if is_memory(system) => Storage::Memory,
        Ok(EXT) if super::reports_failed_syncs() && mounts::is_ext4(folder) => Storage::Whole,
        Ok(XFS | BTRFS) if super::reports_failed_syncs() => Storage::Whole,
        _ => Storage::Each,
    }
}

pub fn sync_all(folder: BorrowedFd<'_>) -> io::Result<()> {
    sync_apart(folder, What::FileSystem)
}

pub fn sync_long(file: BorrowedFd<'_>) -> io::Result<()> {
    sync_apart(file, What::File)
}

pub fn clear_range(file: BorrowedFd<'_>, offset: u64, len: u64) -> io::Result<()> {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(retry(|| rustix::fs::fallocate(file, flags, offset, len))?)
}

/// Copies the first bytes of a file and says how many the system could copy by itself.
pub fn copy(target: BorrowedFd<'_>, source: BorrowedFd<'_>, len: u64) -> io::Result<u64> {
    if rustix::fs::ioctl_ficlone(target, source).is_ok() {
        return Ok(len);
    }
    let mut done = 0;
    while done < len {
        let (mut from, mut to) = (done, done);
        let piece = usize::try_from(len - done).unwrap_or(usize::MAX).min(COPY_PIECE);
        match retry(|| rustix::fs::copy_file_range(source, Some(&mut from), target, Some(&mut to), piece)) {
            // Some file systems say that they copied nothing instead of that they cannot.
            Ok(0) | Err(Errno::XDEV | Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => break,
            Ok(copied) => done += copied as u64,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(done)
}

pub fn allocate(file: BorrowedFd<'_>, size: u64) -> io::Result<()> {
    if is_in_memory(file) {
        // There are no extents to lay out; reserving would only clear every page once more before it is written, on the
        // critical path of the first block (0.7 s for 2 GiB).
        return Err(io::ErrorKind::Unsupported.into());
    }
    let flags = FallocateFlags::empty();
    Ok(retry(|| rustix::fs::fallocate(file, flags, 0, size))?)
}

pub fn reserve(file: BorrowedFd<'_>, size: u64) {
    let flags = FallocateFlags::KEEP_SIZE;
    let _ = retry(|| rustix::fs::fallocate(file, flags, 0, size));
}

pub fn start_sync(file: BorrowedFd<'_>, offset: u64, len: u64) -> io::Result<()> {
    super::sync_range_unsafe::sync_file_range(file, offset, len)
}

pub fn will_read_in_order(file: BorrowedFd<'_>) {
    // Advice: a system that does not take it reads all the same.
    let _ = rustix::fs::fadvise(file, 0, None, Advice::Sequential);
}

pub fn forget_range(file: BorrowedFd<'_>, offset: u64, len: u64) {
    let _ = rustix::fs::fadvise(file, offset, std::num::NonZeroU64::new(len), Advice::DontNeed);
}

pub fn forget_cached(file: BorrowedFd<'_>) {
    let _ = rustix::fs::fadvise(file, 0, None, Advice::DontNeed);
}

pub fn is_in_memory(file: BorrowedFd<'_>) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|system| is_memory(system.f_type as u64))
}

/// Those of users, and all others for root but ACLs and capabilities.
pub fn is_carried_xattr(name: &[u8]) -> bool {
    let is_apart = acl::is_acl(name) || name == CAPABILITY.as_bytes() || name.is_empty();
    name.starts_with(b"user.") || (System::user() == 0 && !is_apart)
}

pub fn acl(fd: BorrowedFd<'_>, acl: Acl) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; MAX_XATTR];
    match rustix::fs::fgetxattr(fd, name_of(acl), &mut bytes[..]) {
        Ok(len) => {
            bytes.truncate(len);
            Ok(Some(bytes))
        }
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub fn set_acl(fd: BorrowedFd<'_>, acl: Acl, value: &[u8]) -> io::Result<()> {
    Ok(rustix::fs::fsetxattr(fd, name_of(acl), value, XattrFlags::empty())?)
}

/// File systems that have no modes of their own: what is shown comes from mount options.
pub fn is_modeless(file: BorrowedFd<'_>) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|system| is_modeless_system(system.f_type as u64))
}

/// `/proc/PID/fd`, to which `/dev/fd` leads.
pub fn shows_descriptors(folder: &Path) -> bool {
    folder.starts_with("/proc") && folder.ends_with("fd")
}

/// Whether a file system keeps files in memory: tmpfs or ramfs.
fn is_memory(system: u64) -> bool {
    const TMPFS: u64 = 0x0102_1994;
    const RAMFS: u64 = 0x8584_58f6;
    matches!(system, TMPFS | RAMFS)
}

/// FUSE and 9P are not among those that tell: what they show may be made by any program.
fn sizes_of(system: u64) -> Sizes {
    const TELLING: [u64; 12] = [
        EXT,
        XFS,
        BTRFS,
        F2FS,
        OVERLAY,
        0x2fc1_2fc1, // ZFS
        0x6969,      // NFS
        0xff53_4d42, // CIFS
        0xfe53_4d42, // SMB 2
        0x4d44,      // FAT
        0x2011_bab0, // exFAT
        0x7366_746e, // NTFS3
    ];
    const MADE: [u64; 20] = [
        0x9fa0,      // proc
        0x6265_6572, // sysfs
        0x0027_e0eb, // cgroup
        0x6367_7270, // cgroup 2
        0x6462_6720, // debugfs
        0x7472_6163, // tracefs
        0x7363_6673, // securityfs
        0x6265_6570, // configfs
        0x0765_5821, // resctrl
        0x4249_4e4d, // binfmt_misc
        0xf97c_ff8c, // selinuxfs
        0x4341_5d53, // smackfs
        0x5a3c_69f0, // apparmorfs
        0x6573_5543, // fusectl
        0x6e73_6673, // nsfs
        0x6165_676c, // pstore
        0xde5e_81e4, // efivarfs
        0xcafe_4a11, // bpf
        0x6e66_7364, // nfsd
        0x6759_6969, // rpc_pipefs
    ];
    let number = system & 0xffff_ffff;
    if MADE.contains(&number) {
        Sizes::Made
    } else if TELLING.contains(&number) || is_memory(number) {
        Sizes::Told
    } else {
        Sizes::Unknown
    }
}

fn name_of(acl: Acl) -> &'static str {
    match acl {
        Acl::Access => acl::ACCESS,
        Acl::Default => acl::DEFAULT,
    }
}

fn is_modeless_system(system: u64) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::{Folder, NativeFolder};

    #[test]
    fn t28_disks_without_modes_are_known_by_their_numbers_and_others_are_not() {
        for modeless in [0x4d44, 0x2011_bab0, 0x6573_5546, 0xff53_4d42, 0xffff_ffff_ff53_4d42] {
            assert!(is_modeless_system(modeless), "{modeless:x}");
        }
        // ext4, XFS, Btrfs, tmpfs, NFS, ZFS.
        for system in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x6969, 0x2fc1_2fc1] {
            assert!(!is_modeless_system(system), "{system:x}");
        }
    }

    #[test]
    fn e9_only_file_systems_whose_sizes_are_known_to_be_true_are_believed() {
        for told in [0xef53, 0x0102_1994, 0x794c_7630, 0x6969, 0xffff_ffff_ff53_4d42] {
            assert_eq!(sizes_of(told), Sizes::Told, "{told:x}");
        }
        // proc, binfmt_misc, selinuxfs (as a 32-bit system gives it, too), fusectl.
        for made in [0x9fa0, 0x4249_4e4d, 0xf97c_ff8c, 0xffff_ffff_f97c_ff8c, 0x6573_5543] {
            assert_eq!(sizes_of(made), Sizes::Made, "{made:x}");
        }
        // FUSE, 9P, and a number that no file system has.
        for unknown in [0x6573_5546, 0x0102_1997, 0x1234_5678] {
            assert_eq!(sizes_of(unknown), Sizes::Unknown, "{unknown:x}");
        }
    }

    #[test]
    fn e9_a_file_of_size_0_that_holds_something_is_known_by_reading_it() {
        let open = |path: &Path| NativeFolder::open(path).expect("a folder");
        let proc = open(Path::new("/proc/self"));
        assert_eq!(proc.stat("status").expect("a file").size, 0);
        assert!(proc.holds_something("status").expect("a read"));
        let temp = tempfile::tempdir().expect("a folder");
        std::fs::write(temp.path().join("empty"), "").expect("a file");
        assert!(!open(temp.path()).holds_something("empty").expect("a read"));
    }
}
