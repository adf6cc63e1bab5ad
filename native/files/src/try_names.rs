//! When names are tried, and until when.

use crate::os::Folder;
use crate::page::EntryKind;
use crate::path::SafePath;
use crate::sink::Sink;
use crate::table::{Record, TargetStatus};

impl<F: Folder> Sink<F> {
    /// Tries the name of an entry where the disk does not take every name; `status` is that of its folder.
    pub(crate) fn tried(&self, record: &Record, path: SafePath<'_>, status: TargetStatus) -> TargetStatus {
        let is_folder = record.kind == EntryKind::Folder;
        match status {
            TargetStatus::Absent => self.trials.lock().new_name(&self.root, path, is_folder),
            status => status,
        }
    }

    /// Whether the disk takes all names beside this one, and below it, as they are.
    pub(crate) fn takes_every_name(&self, path: SafePath<'_>) -> bool {
        self.trials.lock().takes_every_name(&self.root, path)
    }

    /// Removes what trying names has made: files are about to get theirs.
    pub(crate) fn end_trials(&self) {
        self.trials.lock().end(&self.root);
    }
}
