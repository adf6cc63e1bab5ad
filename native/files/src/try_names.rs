//! When names are tried, and until when.

use crate::os::Folder;
use crate::page::EntryKind;
use crate::path::SafePath;
use crate::sink::Sink;
use crate::table::{Record, TargetStatus};

/// What the disk says of a name.
pub(crate) struct Tried {
    pub(crate) takes_every_name: bool,
    pub(crate) status: TargetStatus,
}

impl<F: Folder> Sink<F> {
    /// Tries the name of an entry where the disk does not take every name; `status` is that of its folder.
    pub(crate) fn tried(&self, record: &Record, path: SafePath<'_>, status: TargetStatus) -> Tried {
        let mut trials = self.trials.lock();
        let takes_every_name = trials.takes_every_name(&self.root, path);
        let status = match status {
            TargetStatus::Absent => trials.new_name(&self.root, path, record.kind == EntryKind::Folder),
            status => status,
        };
        Tried {
            takes_every_name,
            status,
        }
    }

    /// Removes what trying names has made: files are about to get theirs.
    pub(crate) fn end_trials(&self) {
        self.trials.lock().end(&self.root);
    }
}
