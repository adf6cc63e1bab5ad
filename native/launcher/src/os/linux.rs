//! Linux: caches follow the XDG rules, and files may live in memory.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{MemfdFlags, StatVfsMountFlags};
use rustix::io::Errno;

/// The executable that runs, also when its name is gone or another file has it by now.
pub const OWN_FILE: &str = "/proc/self/exe";

pub fn own_file() -> io::Result<File> {
    File::open(OWN_FILE)
}

/// 64 unguessable bits.
pub fn random() -> io::Result<u64> {
    let mut random = [0; 8];
    rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
    Ok(u64::from_le_bytes(random))
}

/// Below the user's home: where caches are kept when no variable says otherwise.
pub const CACHE_IN_HOME: &str = ".cache";

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

/// What the unpacked programs need and this system lacks. The loader is asked, which knows: it lists what it would load, and runs nothing.
pub fn what_is_missing(deno: &Path, engine: &Path) -> Option<&'static str> {
    let listed = Command::new(deno)
        .env_clear()
        .env("LD_TRACE_LOADED_OBJECTS", "1")
        .env("LD_PRELOAD", engine)
        .output();
    match listed {
        // The file is there, so it is its loader that is not.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(NO_GLIBC),
        // Whatever else it is will be told when Deno is started.
        Err(_) => None,
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            is_glibc_old(&String::from_utf8_lossy(&said)).then_some(OLD_GLIBC)
        }
    }
}

/// In the words of glibc's loader.
fn is_glibc_old(said: &str) -> bool {
    said.lines()
        .any(|line| line.contains("version `GLIBC_") && line.contains("' not found"))
}

const NO_GLIBC: &str =
    "this Linux has no glibc, which ultra needs (2.28 or newer); musl, as Alpine has it, does not serve";
const OLD_GLIBC: &str = "this Linux has a glibc older than 2.28, which ultra needs";

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

/// (Not /dev/fd: containers often lack that link.)
pub fn descriptor_path(descriptor: &impl AsRawFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", descriptor.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_program_whose_loader_is_not_there_means_that_glibc_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let program = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o500)).unwrap();
            path
        };
        let engine = folder.path().join("engine");
        let missing = |deno: &Path| what_is_missing(deno, &engine);
        assert_eq!(missing(&program("a", "#!/no/such/loader\n")), Some(NO_GLIBC));
        assert_eq!(missing(&program("b", "#!/bin/sh\n")), None);
        // What cannot be run for another reason says so when it is run.
        assert_eq!(missing(folder.path()), None);
    }

    #[test]
    fn the_loaders_complaint_about_an_old_glibc_is_known() {
        let line = "./deno: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.28' not found (required by ./deno)";
        assert!(is_glibc_old(&format!(
            "{line}\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x0)\n"
        )));
        assert!(!is_glibc_old(
            "\tlibgcc_s.so.1 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x0)\n"
        ));
    }
}
