//! macOS: the payload is a section of the executable, and caches are in the user's Library.

use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use super::macos_unsafe;

/// In words: the system tells its path.
pub const OWN_FILE: &str = "the path that the system tells";

pub fn own_file() -> io::Result<File> {
    File::open(env::current_exe()?)
}

/// 64 unguessable bits.
pub fn random() -> io::Result<u64> {
    let mut random = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    Ok(u64::from_le_bytes(random))
}

/// Below the user's home: where caches are kept when no variable says otherwise.
pub const CACHE_IN_HOME: &str = "Library/Caches";

/// Changes with each start of the machine. Empty where the system does not tell.
pub fn boot_id() -> String {
    macos_unsafe::boot_session().unwrap_or_default()
}

/// Whether files of this folder may be executed and mapped as code. Where they may not, starting them fails, and that is told.
pub fn may_execute(_folder: &Path) -> io::Result<bool> {
    Ok(true)
}

/// The signals among those that end a run which this process was told to ignore, as `nohup` does.
pub fn ignored_signals() -> Vec<&'static str> {
    let signals = [
        ("SIGHUP", libc::SIGHUP),
        ("SIGINT", libc::SIGINT),
        ("SIGTERM", libc::SIGTERM),
    ];
    let ignored = signals
        .into_iter()
        .filter(|(_, number)| macos_unsafe::is_ignored(*number));
    ignored.map(|(name, _)| name).collect()
}

/// What Deno needs is on every macOS from the version on for which it is built; older ones say so when it is started.
pub fn what_is_missing(_deno: &Path, _engine: &Path) -> Option<&'static str> {
    None
}

/// macOS runs no program that has no name.
pub fn memory_file(_name: &str) -> io::Result<(File, PathBuf)> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "macOS runs no programs from memory",
    ))
}

pub fn descriptor_path(descriptor: &impl AsRawFd) -> PathBuf {
    PathBuf::from(format!("/dev/fd/{}", descriptor.as_raw_fd()))
}
