//! Making the folder that a user has named.

use std::io;
use std::path::Path;

use crate::os::Folder;

/// Makes a folder that is missing, and none above it: a path with a mistake in it makes no tree. `true`: it was made.
pub(crate) fn create_last(dir: &Path) -> io::Result<bool> {
    // The empty path is the current folder.
    if dir.as_os_str().is_empty() || dir.is_dir() {
        return Ok(false);
    }
    match std::fs::create_dir(dir) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => return Ok(false),
        Err(error) => return Err(error),
    }
    // Best effort: a file system that cannot sync a folder is found out at the first commit.
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    let _ = std::fs::File::open(parent.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
    Ok(true)
}

/// Removes it if it is still the one that is held, and nothing is in it.
pub(crate) fn take_back<F: Folder>(dir: &Path, held: &F) {
    let node = |folder: &F| folder.stat_self().map(|stat| (stat.dev, stat.ino));
    let there = F::open(dir).and_then(|folder| node(&folder));
    if matches!((there, node(held)), (Ok(there), Ok(own)) if there == own) {
        // Fails where something else is in it by now.
        let _ = std::fs::remove_dir(dir);
    }
}
