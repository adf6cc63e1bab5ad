//! Nowhere: keeps what the pages say, and no bytes. To measure everything but the disk.

use std::sync::Arc;

use parking_lot::RwLock;
use ultra_files::{EntryKind, Leftovers, MAX_ENTRIES, MAX_NAME_BYTES, PageEntry, PageError, Part, SmallPart, TakenUp};

use super::{Committed, MOST, Target};
use crate::core::fault::Fault;
use crate::core::words::{Leaving, TargetStatus, Unkept};

#[derive(Default)]
pub struct Discard(RwLock<Known>);

/// The entries of pages, in order.
struct Known {
    entries: Vec<(String, EntryKind, u64)>,
    path_bytes: usize,
    most_bytes: usize,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            path_bytes: 0,
            most_bytes: MAX_NAME_BYTES,
        }
    }
}

impl Target for Discard {
    fn begin(&self, _transfer: Option<&str>) {}

    fn taken_up(&self) -> Vec<TakenUp> {
        Vec::new()
    }

    fn left_over(&self) -> Leftovers {
        Leftovers::default()
    }

    fn add_page(&self, _first: u32, count: u16, entries: &[u8]) -> Result<Vec<TargetStatus>, Fault> {
        let page = ultra_files::decode(count, entries)?;
        let mut known = self.0.write();
        page.iter().try_for_each(|entry| known.add(entry))?;
        Ok(vec![TargetStatus::Absent; page.len()]) // as many as a page of 64 KiB holds
    }

    fn entry_count(&self) -> u32 {
        u32::try_from(self.0.read().entries.len()).unwrap_or(u32::MAX)
    }

    fn kind(&self, id: u32) -> Option<EntryKind> {
        self.0.read().entries.get(id as usize).map(|(_, kind, _)| *kind)
    }

    fn file_size(&self, id: u32) -> Option<u64> {
        let known = self.0.read();
        let (_, kind, size) = known.entries.get(id as usize)?;
        (*kind == EntryKind::File).then_some(*size)
    }

    fn is_sparse(&self, _id: u32) -> bool {
        false
    }

    fn describe(&self, id: u32) -> Option<(String, EntryKind, u64)> {
        self.0.read().entries.get(id as usize).cloned()
    }

    fn path(&self, id: u32) -> String {
        self.describe(id).map(|(path, ..)| path).unwrap_or_default()
    }

    fn part(&self, _id: u32) -> Result<Option<Arc<Part>>, Fault> {
        Ok(None)
    }

    fn commit_group(&self, ids: &[u32]) -> Vec<Result<Committed, Fault>> {
        ids.iter().map(|_| Ok(Committed::default())).collect()
    }

    fn small_part(&self, _id: u32) -> Result<Option<SmallPart>, Fault> {
        Ok(None)
    }

    fn write_small(&self, _id: u32, _part: &SmallPart, _offset: u64, _bytes: &[u8]) -> Result<(), Fault> {
        Ok(())
    }

    fn extend_small(&self, _id: u32, _part: &SmallPart) -> Result<(), Fault> {
        Ok(())
    }

    fn finish_small(&self, _id: u32, _part: SmallPart) -> Result<(), Fault> {
        Ok(())
    }

    fn drop_small(&self, _id: u32, _part: SmallPart) {}

    fn commit_small(&self, ids: &[u32]) -> Vec<Result<Committed, Fault>> {
        self.commit_group(ids)
    }

    fn commit_links(&self, ids: &[u32]) -> Vec<Result<Committed, Fault>> {
        self.commit_group(ids)
    }

    fn link_root(&self, _id: u32) -> Option<[u8; 32]> {
        None
    }

    fn waits_for_disk(&self) -> bool {
        false
    }

    fn abandon(&self, _id: u32, _leaving: Leaving) {}

    fn finish_folders(&self) -> Result<Unkept, Fault> {
        Ok(Unkept::default())
    }

    fn free_space(&self) -> u64 {
        MOST
    }

    fn dispose(&self, _leaving: Leaving) {}
}

impl Known {
    fn add(&mut self, entry: &PageEntry<'_>) -> Result<(), PageError> {
        let path = entry.path.as_str();
        if self.entries.len() >= MAX_ENTRIES as usize {
            return Err(PageError::TooManyEntries);
        }
        if self.path_bytes + path.len() > self.most_bytes {
            return Err(PageError::TooMuch);
        }
        let mut kept = String::new();
        kept.try_reserve_exact(path.len()).map_err(|_| PageError::NoMemory)?;
        kept.push_str(path);
        self.entries.try_reserve(1).map_err(|_| PageError::NoMemory)?;
        self.entries.push((kept, entry.kind, entry.size.unwrap_or(0)));
        self.path_bytes += path.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ultra_files::{Linked, PageBuilder, SafePath, os::Time};

    use super::*;

    /// A page of files below folders of 4,000 bytes, from number `first` on.
    fn page(first: u32, count: u32, folder: &str) -> (u16, Vec<u8>) {
        let mut builder = PageBuilder::new();
        for number in first..first + count {
            let path = format!("{folder}{number:04}");
            let entry = PageEntry {
                kind: EntryKind::File,
                size: Some(1),
                data_bytes: 1,
                mode: 0o644,
                mtime: Time { secs: 0, nanos: 0 },
                fingerprint: [0; 16],
                path: SafePath::parse(path.as_bytes()).unwrap(),
                linked: Linked::None,
            };
            assert!(builder.push(&entry));
        }
        builder.take()
    }

    #[test]
    fn t2_what_is_discarded_has_a_list_of_paths_that_is_bounded() {
        assert_eq!(Known::default().most_bytes, MAX_NAME_BYTES);
        let most_bytes = 16 << 20;
        let target = Discard(RwLock::new(Known {
            most_bytes,
            ..Known::default()
        }));
        let folder = "folder/".repeat(580);
        let mut first = 0;
        let refused = loop {
            let (count, bytes) = page(first, 15, &folder);
            match target.add_page(first, count, &bytes) {
                Ok(statuses) => assert_eq!(statuses.len(), 15),
                Err(fault) => break fault,
            }
            first += 15;
            assert!((first as usize) < 5_000);
        };
        assert_eq!(refused.class, crate::core::words::FileFault::Protocol);
        assert!(first as usize > most_bytes / 4096 - 15, "many fit");
        assert!(target.describe(first - 1).is_some());
    }
}
