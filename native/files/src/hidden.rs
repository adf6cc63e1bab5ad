//! Hidden names: a name with a leading dot may change how a shell, a login or a repository works, so it needs the user's leave
//! wherever its folder was there before.
//!
//! In a folder that this transfer makes, everything is the sender's anyway. Whether the transfer made a folder is known when the
//! folder is created, and not before: another process may be faster. So [`Sink::needs_leave`] is asked twice, when an entry is
//! examined and again when it is created.

use crate::error::{ErrorClass, FileError};
use crate::os::Folder;
use crate::path::SafePath;
use crate::sandbox::Made;
use crate::sink::Sink;
use crate::tree::HIDDEN_MARK as MARK;

impl<F: Folder> Sink<F> {
    /// Whether a path has a hidden component in a folder that this transfer did not make, and the user gave no leave. A folder
    /// that is missing will be made.
    pub(crate) fn needs_leave(&self, path: SafePath<'_>) -> bool {
        !self.hidden && self.hidden_depths(path).any(|depth| self.is_foreign(path, depth))
    }

    /// Refuses a path that must not be created.
    pub(crate) fn check_leave(&self, path: SafePath<'_>) -> Result<(), FileError> {
        if !self.needs_leave(path) {
            return Ok(());
        }
        let why = "its name is hidden, and its folder appeared during the transfer";
        Err(FileError::rule(ErrorClass::Exists, "create", path.as_str(), why))
    }

    /// The numbers of components before each hidden one. The name that the user gave the first component is the user's choice.
    fn hidden_depths<'a>(&self, path: SafePath<'a>) -> impl Iterator<Item = usize> + use<'a, F> {
        let chosen = usize::from(self.is_renamed());
        let components = path.components().enumerate().skip(chosen);
        components
            .filter(|(_, name)| name.starts_with(MARK))
            .map(|(depth, _)| depth)
    }

    fn is_foreign(&self, path: SafePath<'_>, depth: usize) -> bool {
        if depth == 0 {
            return true;
        }
        let folder = SafePath::of_components(path.prefix(depth));
        self.root.made(folder) == Made::ByOthers
    }
}
