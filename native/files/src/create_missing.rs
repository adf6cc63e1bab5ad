//! Making the folder that a user has named, with those above it.

use std::io;
use std::path::{Path, PathBuf};

/// `create_dir_all` that tells what it created.
pub(crate) fn create_missing(dir: &Path, created: &mut Vec<PathBuf>) -> io::Result<()> {
    // The empty parent of a relative path is the current folder.
    if dir.as_os_str().is_empty() || dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent();
    if let Some(parent) = parent {
        create_missing(parent, created)?;
    }
    match std::fs::create_dir(dir) {
        Ok(()) => created.push(dir.to_owned()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
        Err(error) => return Err(error),
    }
    // Best effort: a file system that cannot sync a folder is found out at the first commit.
    let parent = parent.filter(|parent| !parent.as_os_str().is_empty());
    let _ = std::fs::File::open(parent.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
    Ok(())
}
