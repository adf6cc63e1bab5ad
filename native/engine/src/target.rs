//! Where a sink puts files: a folder, or nowhere (to measure everything but the disk).

use std::sync::{Arc, PoisonError, RwLock};

use ultra_files::{CommitInfo, EntryKind, Kept, Part, Sink as Folder};

use crate::fault::Fault;
use crate::layout::FaultClass;

/// The largest number of bytes that is exact at the door.
const MOST: u64 = 1 << 53;

pub enum Target {
    Folder(Box<Folder>),
    /// Keeps what the pages say, and no bytes.
    Discard(RwLock<Vec<(String, EntryKind, u64)>>),
}

impl Target {
    pub fn discard() -> Self {
        Self::Discard(RwLock::default())
    }

    /// Takes a page and says what is where its entries should go: one status of the door per entry.
    pub fn add_page(&self, first: u32, count: u16, entries: &[u8]) -> Result<Vec<u8>, Fault> {
        let broken = |error: ultra_files::PageError| Fault::new(FaultClass::Integrity, error.to_string());
        match self {
            Self::Folder(folder) => folder.add_page(first, count, entries).map_err(broken),
            Self::Discard(known) => {
                let page = ultra_files::decode(count, entries).map_err(broken)?;
                let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
                let statuses = vec![0; page.len()];
                let describe = |entry: &ultra_files::PageEntry<'_>| {
                    (entry.path.as_str().to_owned(), entry.kind, entry.size.unwrap_or(0))
                };
                known.extend(page.iter().map(describe));
                Ok(statuses)
            }
        }
    }

    pub fn entry_count(&self) -> u32 {
        match self {
            Self::Folder(folder) => folder.entry_count(),
            Self::Discard(known) => u32::try_from(read(known).len()).unwrap_or(u32::MAX),
        }
    }

    /// Bytes of a file; `None` for what is no file or not known.
    pub fn file_size(&self, id: u32) -> Option<u64> {
        match self {
            Self::Folder(folder) => (folder.kind(id)? == EntryKind::File).then(|| folder.size(id)).flatten(),
            Self::Discard(known) => read(known)
                .get(id as usize)
                .filter(|(_, kind, _)| *kind == EntryKind::File)
                .map(|(_, _, size)| *size),
        }
    }

    /// Path on the wire, kind and size: what the transfer root is made of.
    pub fn describe(&self, id: u32) -> Option<(String, EntryKind, u64)> {
        match self {
            Self::Folder(folder) => Some((folder.wire_path(id)?, folder.kind(id)?, folder.size(id).unwrap_or(0))),
            Self::Discard(known) => read(known).get(id as usize).cloned(),
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

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}
