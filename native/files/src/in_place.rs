//! Whether folders are still where the user will look for them. A transfer holds its folders open, and what is put into one that is moved meanwhile
//! goes with it.

use std::collections::HashSet;
use std::io;

use crate::error::{ErrorClass, FileError};
use crate::os::{Errors, Folder, System};
use crate::sandbox::Root;

/// Why a transfer did not succeed although all of it was received.
const GONE: &str = "it was moved, removed or replaced during the transfer, and what had arrived in it went with it";

impl<F: Folder> Root<F> {
    /// The path that the user named leads to the folder that is held.
    ///
    /// # Errors
    ///
    /// It leads to another one, or nowhere. (Where the system does not let it be looked at any more, nothing says that it was moved.)
    pub(crate) fn check_in_place(&self) -> Result<(), FileError> {
        let is_same = match F::open(&self.dir).and_then(|now| now.stat_self()) {
            Ok(now) => {
                let held = self.top().stat_self();
                held.is_ok_and(|held| (held.dev, held.ino) == (now.dev, now.ino))
            }
            Err(error) => !is_gone(&error),
        };
        is_same.then_some(()).ok_or_else(|| gone(self.shown()))
    }
}

/// The error of a folder whose mode or time could not be set.
pub(crate) fn unfinished(path: String, error: &io::Error) -> FileError {
    match is_gone(error) {
        true => gone(path),
        false => FileError::new("set the mode or time of", path, error),
    }
}

/// Removes the errors of folders below one that was moved itself.
pub(crate) fn keep_outermost(errors: &mut Vec<FileError>) {
    let gone: HashSet<String> = errors
        .iter()
        .filter(|error| error.why == Some(GONE))
        .map(|error| error.path.clone())
        .collect();
    let is_below = |path: &str| {
        path.match_indices('/')
            .any(|(at, _)| gone.contains(path.get(..at).unwrap_or_default()))
    };
    errors.retain(|error| error.why != Some(GONE) || !is_below(&error.path));
}

fn gone(path: impl Into<String>) -> FileError {
    FileError::rule(ErrorClass::NotFound, "finish", path, GONE)
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || System::is_no_folder(error)
}
