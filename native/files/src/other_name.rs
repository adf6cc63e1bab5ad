//! Another name for what arrives, where the user wants what is there to stay.

use crate::existing::{MOST_NUMBERS, numbered};
use crate::os::Folder;
use crate::page::EntryKind;
use crate::path::SafePath;
use crate::sandbox::Found;
use crate::sink::Sink;
use crate::table::{Record, TargetStatus};

impl<F: Folder> Sink<F> {
    /// The path that an entry gets, and has from now on, because another file has its own. `None`: its own, also where no number is free.
    ///
    /// A file that has arrived under a number before is found there again.
    pub(crate) fn other_path(&self, entry: u32, record: &Record, path: SafePath<'_>) -> Option<String> {
        if !self.renames() || record.kind == EntryKind::Folder {
            return None;
        }
        let status = |path: SafePath<'_>| match self.root.look(path) {
            _ if self.read().is_moved_to(path) => TargetStatus::Different,
            Found::Nothing => TargetStatus::Absent,
            Found::Node(stat) => self.taken(entry, record, path, stat).0,
            Found::NoFolder | Found::Unknown => TargetStatus::Unexaminable,
        };
        if status(path) != TargetStatus::Different {
            return None;
        }
        let holder = path
            .parent()
            .map_or(String::new(), |parent| format!("{}/", parent.as_str()));
        let is_free = |other: &String| {
            let other = SafePath::of_components(other);
            let is_known = self.read().has(other);
            !is_known && matches!(status(other), TargetStatus::Absent | TargetStatus::Identical)
        };
        let mut names = (1..=MOST_NUMBERS).map(|number| format!("{holder}{}", numbered(path.name(), number)));
        let free = names.find(is_free)?;
        self.write().move_to(entry, free.clone());
        Some(free)
    }
}
