//! Files of one block on the receiver's side: written whole, closed at once, and committed in groups.
//!
//! Of a file under way nothing is kept but a bit: its part file has a name that follows from its entry, and its mode and time are set
//! before it is closed. So thousands of files may be under way with few descriptors, and a commit is one rename.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::error::{ErrorClass, FileError};
use crate::held::{Held, SmallPart};
use crate::os::{Folder, Storage};
use crate::part::random_name;
use crate::path::SafePath;
use crate::sink::Sink;
use crate::table::Placed;

impl<F: Folder> Sink<F> {
    /// Creates the part file of a small file, together with the folders on the way to it.
    pub fn small_part(&self, entry: u32) -> Result<SmallPart<F>, FileError> {
        let placed = self.placed(entry)?;
        let held = self.held_folder(entry, &placed)?;
        let fail = |error: &io::Error| FileError::new("create a part file for", self.shown(entry), error);
        let no_memory = || FileError::rule(ErrorClass::Io, "create a part file for", self.shown(entry), "no memory");
        self.small.reserve(entry).ok_or_else(no_memory)?;
        let mut name = self.small.name(entry);
        // Where modes are certainly kept, a file is created with its own: it is whole a moment later, or gone.
        let create = |name: &str| match held.storage {
            Storage::Memory | Storage::Whole => held.folder.create_file_as(name, placed.record.mode),
            Storage::Each => Ok((held.folder.create_file(name)?, false)),
        };
        self.root.record.make(self.root.top()).map_err(|error| fail(&error))?;
        let mut created = create(&name);
        if created
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
            && self.small.is_taken_up.load(Ordering::Acquire)
            && held.folder.remove_file(&name).is_ok()
        {
            created = create(&name);
        }
        let (file, has_mode) = match created {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // A process that watches the folder can predict this name, and not the random one.
                name = random_name().map_err(|error| fail(&error))?;
                let file = create(&name).map_err(|error| fail(&error))?;
                self.small.renamed.lock().insert(entry, name.clone());
                file
            }
            result => result.map_err(|error| fail(&error))?,
        };
        self.small.set_made(entry, true);
        let mode = self.mode_in(&held.folder, placed.record.mode);
        Ok(SmallPart {
            held,
            file: Some(file),
            name,
            record: placed.record,
            mode,
            has_mode,
            no_sync: self.no_sync,
            preserving: self.preserving,
        })
    }

    /// Writes a piece of a small file.
    pub fn write_small(&self, entry: u32, part: &SmallPart<F>, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        part.write_at(offset, bytes)
            .map_err(|error| FileError::new("write", self.shown(entry), &error))
    }

    /// Gives a part file its size without writing: what is not written is zeros.
    pub fn extend_small(&self, entry: u32, part: &SmallPart<F>) -> Result<(), FileError> {
        part.extend()
            .map_err(|error| FileError::new("set the size of", self.shown(entry), &error))
    }

    /// Gives a small file that is complete its mode and time, as far as the file system keeps them, and closes it.
    pub fn finish_small(&self, entry: u32, mut part: SmallPart<F>) -> Result<(), FileError> {
        let result = part.finish(|file| self.preserve(entry, file));
        match result.and_then(|finished| self.small.note(entry, &finished)) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.drop_small(entry, part);
                Err(FileError::new("complete", self.shown(entry), &error))
            }
        }
    }

    /// Gives up a part file that is being written.
    pub fn drop_small(&self, entry: u32, part: SmallPart<F>) {
        // Gone already is as good; otherwise the name is reserved, and stands in no file's way.
        let _ = part.held.folder.remove_file(&part.name);
        self.small.set_made(entry, false);
        self.small.renamed.lock().remove(&entry);
        self.small.synced.lock().remove(&entry);
    }

    /// Removes the part file of a small file, if there is one.
    pub(crate) fn abandon_small(&self, entry: u32) {
        if !self.small.is_made(entry) {
            return;
        }
        if let Some(placed) = self.read().placed(entry)
            && let Ok(held) = self.open_held(placed.folder)
        {
            let _ = held.folder.remove_file(&self.small.name(entry));
        }
        self.small.set_made(entry, false);
    }

    /// Removes the part files of all small files.
    pub(crate) fn remove_small(&self) {
        // They may have been closed again by now (`open_up.rs`).
        self.small.forget_folders();
        let words = self.small.made.lock().len();
        for word in 0..words {
            let bits = self.small.made.lock().get(word).copied().unwrap_or(0);
            for bit in (0..64).filter(|bit| bits & 1 << bit != 0) {
                // At most MAX_ENTRIES bits.
                self.abandon_small((word * 64 + bit) as u32);
            }
        }
        self.small.forget_folders();
    }

    /// An entry that may be written, and where it belongs.
    pub(crate) fn placed(&self, entry: u32) -> Result<Placed, FileError> {
        let Some(placed) = self.read().placed(entry) else {
            let why = "the manifest has no such entry";
            return Err(FileError::rule(
                ErrorClass::NotFound,
                "write",
                format!("entry {entry}"),
                why,
            ));
        };
        match self.refusal(&placed.record) {
            None => Ok(placed),
            Some((class, why)) => Err(FileError::rule(class, "write", self.shown(entry), why)),
        }
    }

    /// The folder of a small file, made if it is missing.
    pub(crate) fn held_folder(&self, entry: u32, placed: &Placed) -> Result<Arc<Held<F>>, FileError> {
        if !placed.hidden {
            return self.open_held(placed.folder);
        }
        let path = self.shown(entry);
        let safe = SafePath::of_components(&path);
        self.check_leave(safe)?;
        let held = self.open_held(placed.folder)?;
        // Now it is known who made the folders.
        self.check_leave(safe)?;
        Ok(held)
    }

    pub(crate) fn open_held(&self, node: u32) -> Result<Arc<Held<F>>, FileError> {
        if let Some(held) = self.small.folder(node) {
            return Ok(held);
        }
        let path = Some(self.read().folder_path(node)).filter(|path| !path.is_empty());
        let safe = path.as_deref().map(SafePath::of_components);
        let folder = self.root.open_folder(safe, true)?;
        self.note_folder(safe);
        let storage = match folder.storage() {
            // Another file system, mounted below the root, is not synced with it.
            Storage::Whole if !self.root.is_on_same_disk(&*folder) => Storage::Each,
            storage => storage,
        };
        let held = Arc::new(Held { folder, storage });
        self.small.hold(node, &held);
        Ok(held)
    }

    /// The path of an entry for messages.
    pub(crate) fn shown(&self, entry: u32) -> String {
        self.path(entry).unwrap_or_default()
    }
}
