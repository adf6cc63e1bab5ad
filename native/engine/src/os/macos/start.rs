//! What a program that is started gets on macOS.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

/// Descriptors that another thread may open between the look and the start.
const MORE: i32 = 256;

/// What the child does before it becomes the program: it keeps all descriptors but its three to itself. It may make system calls that touch no
/// memory, and nothing else; so the highest one is looked up before.
pub fn keep_descriptors() -> impl FnMut() -> io::Result<()> + Send + Sync + 'static {
    const FIRST: i32 = 3;
    let last = highest_descriptor().saturating_add(MORE);
    move || {
        for descriptor in FIRST..=last {
            // SAFETY: takes numbers alone. One that is not open is none.
            unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
        Ok(())
    }
}

fn highest_descriptor() -> i32 {
    let open = std::fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    let numbers = open.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // Without a list: as many as `Limits::raise_descriptors` lets a process have.
    numbers.max().unwrap_or(10_240)
}

/// A file whose name is gone: there are none in memory.
pub fn nameless_file() -> io::Result<File> {
    let random = <ultra_files::os::System as ultra_files::os::Process>::random()?;
    let path = std::env::temp_dir().join(format!(".ultra-{random:032x}"));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}
