//! Where a sink puts files: a folder, or nowhere (to measure everything but the disk).

use std::sync::{Arc, PoisonError, RwLock};

use ultra_files::{
    CommitInfo, EntryKind, Kept, MAX_ENTRIES, MAX_NAME_BYTES, PageEntry, PageError, Part, Sink as Folder,
};

use crate::fault::Fault;

/// The largest number of bytes that is exact at the door.
const MOST: u64 = 1 << 53;

pub enum Target {
    Folder(Box<Folder>),
    /// Keeps what the pages say, and no bytes.
    Discard(RwLock<Known>),
}

/// The entries of pages, in order.
#[derive(Default)]
pub struct Known {
    entries: Vec<(String, EntryKind, u64)>,
    path_bytes: usize,
}

impl Target {
    pub fn discard() -> Self {
        Self::Discard(RwLock::default())
    }

    /// Takes a page and says what is where its entries should go: one status of the door per entry.
    pub fn add_page(&self, first: u32, count: u16, entries: &[u8]) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Folder(folder) => Ok(folder.add_page(first, count, entries)?),
            Self::Discard(known) => {
                let page = ultra_files::decode(count, entries)?;
                let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
                page.iter().try_for_each(|entry| known.add(entry))?;
                Ok(vec![0; page.len()]) // as many as a page of 64 KiB holds
            }
        }
    }

    pub fn entry_count(&self) -> u32 {
        match self {
            Self::Folder(folder) => folder.entry_count(),
            Self::Discard(known) => u32::try_from(read(known).entries.len()).unwrap_or(u32::MAX),
        }
    }

    /// Bytes of a file; `None` for what is no file or not known.
    pub fn file_size(&self, id: u32) -> Option<u64> {
        match self {
            Self::Folder(folder) => (folder.kind(id)? == EntryKind::File).then(|| folder.size(id)).flatten(),
            Self::Discard(known) => read(known)
                .entries
                .get(id as usize)
                .filter(|(_, kind, _)| *kind == EntryKind::File)
                .map(|(_, _, size)| *size),
        }
    }

    /// Path on the wire, kind and size: what the transfer root is made of.
    pub fn describe(&self, id: u32) -> Option<(String, EntryKind, u64)> {
        match self {
            Self::Folder(folder) => Some((folder.wire_path(id)?, folder.kind(id)?, folder.size(id).unwrap_or(0))),
            Self::Discard(known) => read(known).entries.get(id as usize).cloned(),
        }
    }

    /// Where an entry goes, for texts.
    pub fn path(&self, id: u32) -> String {
        match self {
            Self::Folder(folder) => folder.path(id).unwrap_or_default(),
            Self::Discard(_) => self.describe(id).map(|(path, _, _)| path).unwrap_or_default(),
        }
    }

    pub fn part(&self, id: u32) -> Result<Option<Arc<Part>>, Fault> {
        match self {
            Self::Folder(folder) => Ok(Some(folder.part(id)?)),
            Self::Discard(_) => Ok(None),
        }
    }

    /// Puts complete files (and folders) in their places; the results are in the same order.
    pub fn commit_group(&self, ids: &[u32]) -> Vec<Result<CommitInfo, Fault>> {
        match self {
            Self::Folder(folder) => {
                let results = folder.commit_group(ids).into_iter();
                results.map(|result| Ok(result?)).collect()
            }
            Self::Discard(_) => {
                let (durable, kept) = (false, Kept::ALL);
                ids.iter().map(|_| Ok(CommitInfo { durable, kept })).collect()
            }
        }
    }

    pub fn abandon(&self, id: u32) {
        if let Self::Folder(folder) = self {
            folder.abandon(id);
        }
    }

    /// Gives new folders their modes and times, and says what the file system kept of these.
    pub fn finish_folders(&self) -> Result<Kept, Fault> {
        match self {
            Self::Folder(folder) => {
                let finished = folder.finish_folders();
                let first = finished.errors.into_iter().next();
                first.map_or(Ok(finished.kept), |error| Err(error.into()))
            }
            Self::Discard(_) => Ok(Kept::ALL),
        }
    }

    pub fn free_space(&self) -> u64 {
        match self {
            // A file system that cannot say it is asked again by every write.
            Self::Folder(folder) => folder.free_space().unwrap_or(MOST),
            Self::Discard(_) => MOST,
        }
    }

    pub fn dispose(&self) {
        if let Self::Folder(folder) = self {
            folder.dispose();
        }
    }
}

impl Known {
    fn add(&mut self, entry: &PageEntry<'_>) -> Result<(), PageError> {
        let path = entry.path.as_str();
        if self.entries.len() >= MAX_ENTRIES as usize {
            return Err(PageError::TooManyEntries);
        }
        if self.path_bytes + path.len() > MAX_NAME_BYTES {
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

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use ultra_files::{PageBuilder, SafePath, platform::Time};

    use super::*;

    /// A page of files below folders of 4,000 bytes, from number `first` on.
    fn page(first: u32, count: u32, folder: &str) -> (u16, Vec<u8>) {
        let mut builder = PageBuilder::new();
        for number in first..first + count {
            let path = format!("{folder}{number:04}");
            let entry = PageEntry {
                kind: EntryKind::File,
                size: Some(1),
                mode: 0o644,
                mtime: Time { secs: 0, nanos: 0 },
                fingerprint: [0; 16],
                path: SafePath::parse(path.as_bytes()).unwrap(),
            };
            assert!(builder.push(&entry));
        }
        builder.take()
    }

    #[test]
    fn t2_what_is_discarded_has_a_list_of_paths_that_is_bounded() {
        let target = Target::discard();
        let folder = "folder/".repeat(580);
        let mut first = 0;
        let refused = loop {
            let (count, bytes) = page(first, 15, &folder);
            match target.add_page(first, count, &bytes) {
                Ok(statuses) => assert_eq!(statuses.len(), 15),
                Err(fault) => break fault,
            }
            first += 15;
            assert!((first as usize) < 70_000);
        };
        assert_eq!(refused.class, crate::layout::FaultClass::Protocol);
        assert!(first as usize > MAX_NAME_BYTES / 4096 - 15, "many fit");
        assert!(target.describe(first - 1).is_some());
    }
}
