//! Folders that their owner may not write, such as those of Go's module cache: they are opened for what the transfer puts into them and
//! closed again (T26). Only folders of this user, and only their owner's own rights.

use std::io;
use std::sync::Arc;

use crate::error::FileError;
use crate::os::{Folder, Process, System};
use crate::path::SafePath;
use crate::sandbox::{Opened, Root};

/// What an owner needs to put something into a folder.
const WRITE_AND_ENTER: u16 = 0o300;

impl<F: Folder> Root<F> {
    /// Lets this user create things in a folder, if only its mode is against that. What stays forbidden shows when something is created.
    pub(crate) fn open_up(&self, path: SafePath<'_>, folder: &F) {
        let forbidden = folder.may_create();
        if forbidden.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
            && let Ok(stat) = folder.stat_self()
            && stat.uid == System::user()
            && stat.mode & WRITE_AND_ENTER != WRITE_AND_ENTER
        {
            let opened = Opened {
                dev: stat.dev,
                ino: stat.ino,
                mode: stat.mode,
            };
            // Noted first: whatever happens from here on, it is closed again.
            self.opened.lock().entry(path.as_str().to_owned()).or_insert(opened);
            let _ = folder.set_mode(stat.mode | WRITE_AND_ENTER);
        }
    }

    /// Gives all folders that were opened the modes that they had, deepest first. Those that were replaced meanwhile are others' now.
    pub(crate) fn close_again(&self) -> Vec<FileError> {
        self.forget_writable();
        let opened = std::mem::take(&mut *self.opened.lock());
        let closed = opened.iter().rev().map(|(path, opened)| {
            let closed = self.close(SafePath::of_components(path), opened);
            closed.map_err(|error| FileError::new("set the mode of", path, &error))
        });
        closed.filter_map(Result::err).collect()
    }

    fn close(&self, path: SafePath<'_>, opened: &Opened) -> io::Result<()> {
        let folder: Arc<F> = match self.descend(Some(path), false) {
            Ok(folder) => folder,
            Err(blocked) if blocked.error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(blocked) => return Err(blocked.error),
        };
        let stat = folder.stat_self()?;
        if (stat.dev, stat.ino) == (opened.dev, opened.ino) {
            folder.set_mode(opened.mode)?;
        }
        Ok(())
    }
}
