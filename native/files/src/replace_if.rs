//! Changes a small file of this user's only if it still holds what was read of it, so that of several processes that change one file at the
//! same time none undoes what another one did.

use std::fs::TryLockError;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::error::{ErrorClass, FileError};
use crate::os::{StateFiles, System, TicketFiles};
use crate::ticket_file::temporary_name;

const DOING: &str = "change";

/// Gives a file other contents, which appear as a whole, in a file for its owner alone.
///
/// `expected` is what it has to hold; nothing stands for a file that is not there. `NotFound`: its folder is not there either, or it is a link
/// that leads nowhere. `Changed`: it holds something else, `Exists`: another
/// process is changing it. After both the caller reads it again. The lock is that of the file which is replaced: whoever gets the lock of
/// one that was replaced meanwhile finds another file under the name.
pub fn replace_if(path: &Path, expected: &[u8], bytes: &[u8]) -> Result<(), FileError> {
    if expected.is_empty() {
        return create(path, bytes);
    }
    let failed = |error: &io::Error| FileError::new(DOING, shown(path), error);
    // A link of the user's stays: what it leads to is changed.
    let path = &path.canonicalize().map_err(|error| failed(&error))?;
    let file = System::open_state(path, false).map_err(|error| failed(&error))?;
    if !System::is_private(&file).map_err(|error| failed(&error))? {
        return Err(rule(
            ErrorClass::Permission,
            path,
            "it is no file that only you can read",
        ));
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(rule(ErrorClass::Exists, path, "another ultra changes it")),
        Err(TryLockError::Error(error)) => return Err(failed(&error)),
    }
    if !System::is_at(&file, path).unwrap_or(false) {
        return Err(rule(ErrorClass::Changed, path, "another ultra has changed it"));
    }
    let mut found = Vec::new();
    // One byte more than what is expected tells that there is more.
    let limit = expected.len() as u64 + 1;
    (&file)
        .take(limit)
        .read_to_end(&mut found)
        .map_err(|error| failed(&error))?;
    if found != expected {
        return Err(rule(ErrorClass::Changed, path, "another ultra has changed it"));
    }
    write_beside(path, bytes, |temporary| std::fs::rename(temporary, path)).map_err(|error| failed(&error))
}

/// A name that is taken meanwhile stays whose it is.
fn create(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let made = write_beside(path, bytes, |temporary| {
        match std::fs::hard_link(temporary, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => write_new(path, bytes)?,
            linked => linked?,
        }
        std::fs::remove_file(temporary)
    });
    made.map_err(|error| match error.kind() {
        // Creating its target is no remedy: whoever made the link would choose the place of a secret file.
        io::ErrorKind::AlreadyExists if path.is_symlink() && !path.exists() => {
            rule(ErrorClass::NotFound, path, "it is a link that leads nowhere")
        }
        io::ErrorKind::AlreadyExists => rule(ErrorClass::Changed, path, "another ultra has made it"),
        _ => FileError::new(DOING, shown(path), &error),
    })
}

/// Where a disk knows no second names: a reader that comes in between finds a part, which is none.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = System::create(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all())
}

/// `settle` gives the complete file its name.
fn write_beside(path: &Path, bytes: &[u8], settle: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let temporary = temporary_name(path)?;
    let mut file = System::create(&temporary)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| settle(&temporary));
    if written.is_err() {
        // The reason of the failure is what matters; the name is random and stands in no file's way.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn rule(class: ErrorClass, path: &Path, why: &'static str) -> FileError {
    FileError::rule(class, DOING, shown(path), why)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
