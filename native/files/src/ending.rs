//! The end of a sink: what becomes of what was not committed.

use std::sync::atomic::Ordering;

use crate::os::Folder;
use crate::path::SafePath;
use crate::sink::Sink;
use crate::table::Outcome;

/// What becomes of what was not committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// What this run made is removed. What it took up is left as it was found, but for what failed.
    Nothing,
    /// What a later run can take up stays.
    Parts,
}

impl<F: Folder> Sink<F> {
    /// Ends an entry that failed. With [`Leaving::Parts`] what was verified of it stays, and this run takes nothing more of it. What is still
    /// written to a part that was removed goes nowhere.
    pub fn abandon(&self, entry: u32, leaving: Leaving) {
        let slot = self.slot(entry);
        let mut slot = slot.lock();
        let part = slot.take();
        // Not begun: it is left as it was found.
        let earlier = self.earlier.found.lock().remove(&entry);
        match leaving {
            Leaving::Nothing => {
                if let Some(earlier) = earlier {
                    earlier.remove();
                }
                if let Some(part) = part {
                    // Gone already is as good; otherwise the name is reserved, and stands in no file's way.
                    let _ = part.remove();
                }
            }
            Leaving::Parts => {
                if earlier.is_some() || part.is_some_and(|part| part.leave()) {
                    self.has_left.store(true, Ordering::SeqCst);
                    self.end(entry, Outcome::Left);
                }
            }
        }
        self.abandon_small(entry);
    }

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
                part.leave();
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
        let has_left = self.has_left.load(Ordering::SeqCst);
        let leaving = if has_left { Leaving::Parts } else { leaving };
        let was_taken_up = self.small.is_taken_up.load(Ordering::SeqCst);
        let is_over = (self.is_finished.load(Ordering::SeqCst) && !has_left)
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
