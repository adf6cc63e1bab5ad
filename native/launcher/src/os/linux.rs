//! Linux: the payload is appended to the ELF file, caches follow the XDG rules, and files may live in memory.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{MemfdFlags, StatVfsMountFlags};
use rustix::io::Errno;

/// The executable that runs, also when its name is gone or another file has it by now.
pub const OWN_FILE: &str = "/proc/self/exe";

pub fn own_file() -> io::Result<File> {
    File::open(OWN_FILE)
}

pub fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// 64 unguessable bits.
pub fn random() -> io::Result<u64> {
    let mut random = [0; 8];
    rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
    Ok(u64::from_le_bytes(random))
}

/// Below the user's home: where caches are kept when no variable says otherwise.
pub const CACHE_IN_HOME: &str = ".cache";

/// Where a folder for temporary files is expected.
pub const TEMPORARY: &str = "/tmp";

/// Changes with each start of the machine. Empty where the system does not tell.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

/// Whether files of this folder may be executed and mapped as code.
pub fn may_execute(folder: &Path) -> io::Result<bool> {
    let flags = rustix::fs::statvfs(folder)?.f_flag;
    Ok(!flags.contains(StatVfsMountFlags::NOEXEC))
}

/// Exchanges nothing and replaces nothing: fails when the new name exists.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system without the flag: `rename` of a folder fails on one with files, and an empty one is of no use to another start.
        Err(Errno::INVAL | Errno::NOSYS) => fs::rename(from, to),
        result => result.map_err(io::Error::from),
    }
}

/// The signals among those that end a run which this process was told to ignore, as `nohup` does.
pub fn ignored_signals() -> Vec<&'static str> {
    const SIGNALS: [(&str, u32); 3] = [("SIGHUP", 1), ("SIGINT", 2), ("SIGTERM", 15)];
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    SIGNALS
        .into_iter()
        .filter(|(_, number)| mask & (1 << (number - 1)) != 0)
        .map(|(name, _)| name)
        .collect()
}

/// A file in memory that the next program inherits, and the path under which it finds it.
pub fn memory_file(name: &str) -> io::Result<(File, PathBuf)> {
    // Kernels from 6.3 on want to know whether such a file may be executed, and older ones refuse the question.
    let create = |flags| rustix::fs::memfd_create(name, flags);
    let descriptor = match create(MemfdFlags::EXEC) {
        Err(Errno::INVAL) => create(MemfdFlags::empty()),
        result => result,
    }?;
    let path = descriptor_path(&descriptor);
    Ok((File::from(descriptor), path))
}

/// A pipe that holds these bytes and then ends. The next program inherits the end from which they are read.
pub fn pipe_with(bytes: &[u8]) -> io::Result<(OwnedFd, PathBuf)> {
    let (reader, writer) = rustix::pipe::pipe()?;
    File::from(writer).write_all(bytes)?;
    let path = descriptor_path(&reader);
    Ok((reader, path))
}

/// (Not /dev/fd: containers often lack that link.)
fn descriptor_path(descriptor: &impl AsRawFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", descriptor.as_raw_fd()))
}
