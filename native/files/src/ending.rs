//! The end of a sink: what becomes of what was not committed.

use std::sync::atomic::Ordering;

use crate::os::Folder;
use crate::path::SafePath;
use crate::sink::Sink;

/// What becomes of what was not committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// What this run made is removed. What it took up is left as it was found, but for what failed.
    Nothing,
    /// What a later run can take up stays.
    Parts,
}

impl<F: Folder> Sink<F> {
    /// Ends the transfer. With [`Leaving::Nothing`] all parts go that this run made, and the folders in which it committed nothing. Nothing
    /// can be written afterwards.
    pub fn dispose(&self, leaving: Leaving) {
        if self.disposed.swap(true, Ordering::SeqCst) {
            return;
        }
        // A slot that is taken after this is empty and stays so: `admit` refuses.
        let slots: Vec<_> = self.slots.lock().drain().collect();
        for (entry, slot) in slots {
            let Some(part) = slot.lock().take() else { continue };
            if leaving == Leaving::Parts || part.is_taken_up() {
                // A part that is not in good order is read again by the run that takes it up.
                let _ = part.leave();
            } else if part.remove().is_err()
                && let Some(path) = self.path(entry)
            {
                // Its folder may have been closed again by now.
                let _ = self.root.open_folder(SafePath::of_components(&path).parent(), true);
                let _ = part.remove();
            }
        }
        self.earlier.close();
        self.remove_small();
        self.end_trials();
        self.end_folders(leaving);
    }

    /// What becomes of the folders that were made, and of the record of the run.
    fn end_folders(&self, leaving: Leaving) {
        let was_taken_up = self.small.is_taken_up.load(Ordering::SeqCst);
        let is_over = self.is_finished.load(Ordering::SeqCst)
            || (!was_taken_up && leaving == Leaving::Nothing)
            || !self.root.has_made_folders();
        match leaving {
            Leaving::Nothing => self.root.remove_created(),
            // What cannot be closed again stays as it is: nobody is left to tell.
            Leaving::Parts => drop(self.root.close_again()),
        }
        match is_over {
            true => self.root.record.remove(self.root.top()),
            false => self.root.record.leave(),
        }
    }
}

impl<F: Folder> Drop for Sink<F> {
    fn drop(&mut self) {
        self.dispose(Leaving::Nothing);
    }
}
