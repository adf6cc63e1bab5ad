//! What a sink holds of its small files: the folders that they are created in, which of them have part files, and a part file while it is
//! written.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::error::FileError;
use crate::os::{File, Folder, NativeFolder, Process, Storage, System};
use crate::part::{Kept, begin_sync, kept};
use crate::reserved::{Reserved, RunId};
use crate::table::Record;

/// Folders kept open for the next small file. Lanes bring runs of files, each from few folders.
const OPEN_FOLDERS: usize = 32;

/// What a sink knows of its small files.
pub(crate) struct SmallFiles<F: Folder> {
    /// Makes the names of part files unguessable; an earlier run's, where its record was taken up.
    run: AtomicU64,
    /// Names of an earlier run are used again: what has them is to be replaced.
    pub(crate) is_taken_up: AtomicBool,
    /// One bit for each entry: it has a part file.
    pub(crate) made: Mutex<Vec<u64>>,
    /// Part files that had to get another name than the one that follows from their entry.
    pub(crate) renamed: Mutex<HashMap<u32, String>>,
    /// Folders by their node; a node has one place.
    pub(crate) folders: Mutex<Vec<Slot<F>>>,
    /// What the file system refused to keep of any small file.
    pub(crate) unkept: Mutex<Kept>,
    /// Part files that were synced before they were closed, because they cannot be opened again for it.
    pub(crate) synced: Mutex<HashSet<u32>>,
    /// A sync of everything was slow.
    pub(crate) sync_each: AtomicBool,
}

/// A held folder by its node, or nothing.
type Slot<F> = Option<(u32, Arc<Held<F>>)>;

/// A folder that small files are created in.
pub(crate) struct Held<F: Folder> {
    pub(crate) folder: Arc<F>,
    pub(crate) storage: Storage,
}

/// The part file of a small file, while it is written. It is removed unless it is finished.
pub struct SmallPart<F: Folder = NativeFolder> {
    pub(crate) held: Arc<Held<F>>,
    pub(crate) file: Option<F::File>,
    pub(crate) name: String,
    pub(crate) record: Record,
    /// The mode that it gets.
    pub(crate) mode: u16,
    /// It was created with that.
    pub(crate) has_mode: bool,
    pub(crate) no_sync: bool,
    /// Its owner or its ACL may be set, which can take this user's right to open it again.
    pub(crate) preserving: bool,
}

/// A part file that is closed.
pub(crate) struct Finished {
    pub(crate) kept: Kept,
    /// Its contents are durable already.
    pub(crate) synced: bool,
}

impl<F: Folder> SmallFiles<F> {
    pub(crate) fn new() -> Result<Self, FileError> {
        let random = System::random().map_err(|error| FileError::new("name part files in", ".", &error))?;
        Ok(Self {
            run: AtomicU64::new(random as u64),
            is_taken_up: AtomicBool::new(false),
            made: Mutex::default(),
            renamed: Mutex::default(),
            folders: Mutex::new((0..OPEN_FOLDERS).map(|_| None).collect()),
            unkept: Mutex::new(Kept::ALL),
            synced: Mutex::default(),
            sync_each: AtomicBool::new(false),
        })
    }

    pub(crate) fn name(&self, entry: u32) -> String {
        let renamed = self.renamed.lock().get(&entry).cloned();
        renamed.unwrap_or_else(|| Reserved::SmallPart(self.run(), entry).to_string())
    }

    pub(crate) fn run(&self) -> RunId {
        RunId(self.run.load(Ordering::Acquire))
    }

    /// Before the first file: the names of an earlier run are used again.
    pub(crate) fn take_up(&self, RunId(run): RunId) {
        self.run.store(run, Ordering::Release);
        self.is_taken_up.store(true, Ordering::Release);
    }

    /// A folder that is held open, by its node.
    pub(crate) fn folder(&self, node: u32) -> Option<Arc<Held<F>>> {
        let folders = self.folders.lock();
        let place = folders.get(node as usize % OPEN_FOLDERS)?.as_ref();
        place
            .filter(|(known, _)| *known == node)
            .map(|(_, held)| Arc::clone(held))
    }

    pub(crate) fn hold(&self, node: u32, held: &Arc<Held<F>>) {
        if let Some(slot) = self.folders.lock().get_mut(node as usize % OPEN_FOLDERS) {
            *slot = Some((node, Arc::clone(held)));
        }
    }

    /// Notes what became of a part file when it was closed. An error: there is no memory.
    pub(crate) fn note(&self, entry: u32, finished: &Finished) -> io::Result<()> {
        if finished.kept != Kept::ALL {
            let mut unkept = self.unkept.lock();
            *unkept = unkept.and(finished.kept);
        }
        if finished.synced {
            let mut synced = self.synced.lock();
            synced.try_reserve(1).map_err(|_| io::ErrorKind::OutOfMemory)?;
            synced.insert(entry);
        }
        Ok(())
    }

    /// Notes that an entry has a part file, for which there is room.
    pub(crate) fn set_made(&self, entry: u32, made: bool) {
        let (word, bit) = (entry as usize / 64, 1 << (entry % 64));
        if let Some(word) = self.made.lock().get_mut(word) {
            *word = if made { *word | bit } else { *word & !bit };
        }
    }

    pub(crate) fn is_made(&self, entry: u32) -> bool {
        let made = self.made.lock();
        let word = made.get(entry as usize / 64).copied().unwrap_or(0);
        word & 1 << (entry % 64) != 0
    }

    /// Folders are opened again before something is created in them.
    pub(crate) fn forget_folders(&self) {
        self.folders.lock().iter_mut().for_each(|folder| *folder = None);
    }

    /// Makes room for a bit; `None`: there is no memory.
    pub(crate) fn reserve(&self, entry: u32) -> Option<()> {
        let words = entry as usize / 64 + 1;
        let mut made = self.made.lock();
        let missing = words.saturating_sub(made.len());
        if missing > 0 {
            made.try_reserve(missing).ok()?;
            made.resize(words, 0);
        }
        Some(())
    }
}

impl<F: Folder> SmallPart<F> {
    pub(crate) fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let end = offset.checked_add(bytes.len() as u64);
        match &self.file {
            Some(file) if end.is_some_and(|end| self.record.size().is_none_or(|size| end <= size)) => {
                file.write_all_at(offset, bytes)
            }
            _ => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }

    pub(crate) fn extend(&self) -> io::Result<()> {
        match &self.file {
            Some(file) => file.set_size(self.record.size().unwrap_or(0)),
            None => Ok(()),
        }
    }

    pub(crate) fn finish(&mut self, preserve: impl FnOnce(&F::File) -> Kept) -> io::Result<Finished> {
        let Some(file) = self.file.take() else {
            return Ok(Finished {
                kept: Kept::ALL,
                synced: false,
            });
        };
        let mode = self.has_mode || kept(file.set_mode(self.mode))?;
        let preserved = preserve(&file);
        let time = kept(file.set_mtime(self.record.mtime()))?;
        let syncs = !self.no_sync && self.held.storage != Storage::Memory;
        // The group opens it again to sync it, where it is not the whole disk that is synced; that could be refused.
        let synced = syncs && !self.opens_again(&file)?;
        if synced {
            file.sync()?;
        } else if syncs {
            // A head start for the sync of the group, which may not hear of what fails here.
            begin_sync(&file, 0, self.record.size().unwrap_or(0))?;
        }
        file.close()?;
        Ok(Finished {
            kept: Kept {
                mode,
                time,
                ..preserved
            },
            synced,
        })
    }

    /// Whether this user may open the file to sync it, with the owner and the mode that it has now.
    fn opens_again(&self, file: &F::File) -> io::Result<bool> {
        if !self.preserving {
            return Ok(self.mode & F::RIGHT_TO_SYNC != 0);
        }
        let (stat, user) = (file.stat()?, System::user());
        Ok(user == 0 || (stat.uid == user && stat.mode & F::RIGHT_TO_SYNC != 0))
    }
}
