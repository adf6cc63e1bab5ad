//! Making the folder that a user has named.

use std::io;
use std::path::Path;

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
