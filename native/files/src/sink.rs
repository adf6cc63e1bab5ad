//! The receiver's side of a transfer: the manifest as it arrives, what is in its way, and part files.
//!
//! Nothing has a final name before [`Sink::commit`](crate::Sink::commit) gave it one (`commit.rs`). Until then everything that
//! the transfer made can be taken back, and is, by [`Sink::dispose`] or by dropping the sink; or it is left to a later run (`ending.rs`, `resume.rs`).

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::earlier_parts::{EarlierParts, InUse};
use crate::error::{ErrorClass, FileError};
use crate::existing::Existing;
use crate::extras::Preserve;
use crate::held::SmallFiles;
use crate::links::MadeLinks;
use crate::os::{Folder, NativeFolder, NodeKind, Process, Stat, Storage, System};
use crate::owner_numbers::OwnerNumbers;
use crate::page::{EntryKind, PageError, check_limit, decode_with_bytes};
use crate::part::{Kept, Part};
use crate::path::{SafePath, check_component};
use crate::replace::Agreed;
use crate::sandbox::{Found, Root};
use crate::table::{Outcome, Record, Table, TargetStatus};
use crate::trial::Trials;

/// What the user of the receiving machine decided before the transfer.
#[derive(Clone, Debug, Default)]
pub struct SinkOptions {
    /// Create the folder, but none above it, if it is missing.
    pub create: bool,
    /// What becomes of plain files and links in the way; nothing else is ever replaced.
    pub existing: Existing,
    /// Hidden names are taken also into folders that were there before.
    pub hidden: bool,
    /// Takes the place of the first component of every path.
    pub rename: Option<String>,
    /// What is committed is not made durable first: a power cut may leave empty files under final names.
    pub no_sync: bool,
    /// Which symbolic links are made.
    pub links: MadeLinks,
    /// What is kept besides mode and time, of what the sender sends of it.
    pub preserve: Preserve,
    /// Nothing that an earlier run left of a file is taken up.
    pub restart: bool,
}

/// What a commit achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// The name is on the disk too; `false` only on file systems that cannot sync a folder.
    pub durable: bool,
    pub kept: Kept,
}

/// One transfer into one folder. All methods may be called from several threads.
pub struct Sink<F: Folder = NativeFolder> {
    pub(crate) root: Root<F>,
    pub(crate) umask: u16,
    existing: Existing,
    pub(crate) hidden: bool,
    rename: Option<String>,
    pub(crate) no_sync: bool,
    pub(crate) agreed: Agreed,
    pub(crate) links: MadeLinks,
    /// Links are made one after the other: each is judged by those that are there.
    pub(crate) making_links: Mutex<()>,
    /// The user wants more than mode and time.
    pub(crate) preserving: bool,
    pub(crate) owners: OwnerNumbers,
    pub(crate) table: RwLock<Table>,
    /// Pages are examined one after the other, but not under the lock of the table: a slow disk must not stop the writers.
    pages: Mutex<FoundAbsent>,
    /// Locked after `pages`.
    pub(crate) trials: Mutex<Trials>,
    pub(crate) slots: Mutex<HashMap<u32, Arc<Mutex<Slot<F>>>>>,
    pub(crate) disposed: AtomicBool,
    pub(crate) small: SmallFiles<F>,
    pub(crate) earlier: EarlierParts<F>,
    /// The folders have their modes and times: the transfer is over.
    pub(crate) is_finished: AtomicBool,
    /// A part of an entry that failed was left: for its sake the transfer is not over.
    pub(crate) has_left: AtomicBool,
}

/// Entries come folder by folder, over all pages: below a folder that is not there nothing is. It is made by this transfer, or not at all.
#[derive(Default)]
struct FoundAbsent {
    /// The last folder that was absent, the status that it got, and whether the disk takes every name in it.
    folder: Option<(String, TargetStatus, bool)>,
    /// The same by a node below it, for the next file of the same folder: without its path.
    parent: Option<(u32, TargetStatus)>,
}

/// The part file of an entry, while it has one.
pub(crate) type Slot<F> = Option<Arc<Part<F>>>;

impl Sink<NativeFolder> {
    /// Holds the folder `dir`; an error if nothing can be created in it.
    pub fn open(dir: &Path, options: SinkOptions) -> Result<Self, FileError> {
        Self::open_on(dir, options)
    }
}

impl<F: Folder> Sink<F> {
    /// [`Sink::open`] on another system than the real one.
    pub fn open_on(dir: &Path, options: SinkOptions) -> Result<Self, FileError> {
        if let Some(name) = &options.rename
            && check_component(name).is_err()
        {
            let why = "it is not a plain name";
            return Err(FileError::rule(ErrorClass::Unsendable, "rename to", name, why));
        }
        let mut root: Root<F> = Root::open_on(dir, options.create)?;
        root.no_sync = options.no_sync;
        if let Err(error) = root.top().may_create() {
            root.remove_created();
            return Err(FileError::new("write in the folder", root.shown(), &error));
        }
        Ok(Self {
            root,
            umask: System::umask(),
            existing: options.existing,
            hidden: options.hidden,
            rename: options.rename,
            no_sync: options.no_sync,
            agreed: Agreed::new(options.existing == Existing::Backup),
            links: options.links,
            making_links: Mutex::default(),
            preserving: options.preserve.anything(),
            owners: OwnerNumbers::default(),
            table: RwLock::new(Table::new(options.preserve)),
            pages: Mutex::default(),
            trials: Mutex::new(Trials::new().map_err(|error| FileError::new("try names in", ".", &error))?),
            slots: Mutex::default(),
            disposed: AtomicBool::new(false),
            small: SmallFiles::new()?,
            earlier: EarlierParts::new(options.restart),
            is_finished: AtomicBool::new(false),
            has_left: AtomicBool::new(false),
        })
    }

    /// Takes a page of the manifest and returns one status per entry.
    ///
    /// A page may repeat entries that are known, byte for byte; anything but the next entry otherwise is refused. After a
    /// refusal the transfer is over.
    pub fn add_page(&self, first: u32, count: u16, bytes: &[u8]) -> Result<Vec<TargetStatus>, PageError> {
        let entries = decode_with_bytes(count, bytes)?;
        let mut absent = self.pages.lock();
        let known = self.read().len();
        if first > known {
            let expected = known;
            return Err(PageError::Gap { expected, first });
        }
        check_limit(first, count)?;
        for (entry, (_, bytes)) in (first..known).zip(&entries) {
            if !self.read().repeats(entry, bytes) {
                return Err(PageError::Contradiction(entry));
            }
        }
        self.write().reserve(entries.len())?;
        for (entry, bytes) in entries.iter().skip((known - first) as usize) {
            self.write().add(entry, bytes, self.rename.as_deref())?;
        }
        let end = self.entry_count();
        self.examine(known..end, &mut absent);
        let table = self.read();
        let statuses = (first..).take(entries.len());
        Ok(statuses
            .map(|entry| {
                table
                    .record(entry)
                    .map_or(TargetStatus::Unexaminable, |record| record.status)
            })
            .collect())
    }

    /// Looks on the disk for new entries.
    fn examine(&self, entries: std::ops::Range<u32>, absent: &mut FoundAbsent) {
        for entry in entries {
            if let Some((folder, status)) = absent.parent
                && self.is_file_in(entry, folder)
            {
                if status != TargetStatus::Absent {
                    self.write().set_found(entry, status, None);
                }
                continue;
            }
            let Some((record, path)) = self.known(entry) else {
                continue;
            };
            if record.status != TargetStatus::Absent {
                continue;
            }
            let path = SafePath::of_components(&path);
            if !path.components().all(F::can_hold) {
                self.write().set_found(entry, TargetStatus::BadName, None);
                continue;
            }
            let choice = (record.kind == EntryKind::Link).then(|| self.link_choice()).flatten();
            if let Some(status) = choice {
                self.write().set_found(entry, status, None);
                continue;
            }
            if let Some((folder, status, takes_every_name)) = &absent.folder
                && path.starts_with(folder)
            {
                // The next file of the folder has the same status where no name has to be tried.
                let untried = takes_every_name.then(|| self.read().placed(entry)).flatten();
                absent.parent = untried.map(|placed| (placed.folder, *status));
                let tried = match takes_every_name {
                    true => *status,
                    false => self.tried(&record, path, *status),
                };
                let status = self.missing(entry, &record, path, tried);
                if status != TargetStatus::Absent {
                    self.write().set_found(entry, status, None);
                }
                continue;
            }
            let other = self.other_path(entry, &record, path);
            let path = other.as_deref().map_or(path, SafePath::of_components);
            let (status, seen, is_absent) = loop {
                if let Some(found) = self.find(entry, &record, path) {
                    break found;
                }
            };
            if is_absent && record.kind == EntryKind::Folder {
                absent.folder = Some((path.as_str().to_owned(), status, self.takes_every_name(path)));
            }
            self.write().set_found(entry, status, seen);
        }
    }

    /// What is at the place of an entry, and whether that is nothing. `None`: another transfer had the file, and is over; it may be there now.
    fn find(&self, entry: u32, record: &Record, path: SafePath<'_>) -> Option<(TargetStatus, Option<Stat>, bool)> {
        let found = self.root.look(path);
        let is_absent = matches!(found, Found::Nothing);
        let (mut status, mut seen) = match found {
            Found::Nothing => {
                let tried = self.tried(record, path, TargetStatus::Absent);
                (self.missing(entry, record, path, tried), None)
            }
            Found::Node(stat) => self.taken(entry, record, path, stat),
            Found::NoFolder => (TargetStatus::UnsafeParent, None),
            Found::Unknown => (TargetStatus::Unexaminable, None),
        };
        // (A folder of another spelling is as good.)
        if seen.is_some() && !self.trials.lock().is_spelled_so(&self.root, path) {
            (status, seen) = (TargetStatus::SameName, None);
        }
        // What is there already is no harm.
        if !matches!(status, TargetStatus::Identical | TargetStatus::FolderExists) && self.needs_leave(path) {
            status = TargetStatus::Hidden;
        }
        match self.look_for_earlier(entry, record, path, status) {
            InUse::No => {}
            InUse::Yes => (status, seen) = (TargetStatus::Busy, None),
            InUse::NoLonger => return None,
        }
        Some((status, seen, is_absent))
    }

    /// Whether an entry is a file in a folder, with a name that this system can have, of which nothing is known yet.
    fn is_file_in(&self, entry: u32, folder: u32) -> bool {
        let table = self.read();
        let placed = table.placed(entry).filter(|placed| placed.folder == folder);
        let is_new = |record: Record| record.kind == EntryKind::File && record.status == TargetStatus::Absent;
        placed.is_some_and(|placed| is_new(placed.record)) && table.name(entry).is_some_and(F::can_hold)
    }

    /// The status of an entry of whose name there is nothing, where that of a folder would be `status`.
    fn missing(&self, entry: u32, record: &Record, path: SafePath<'_>, status: TargetStatus) -> TargetStatus {
        match record.kind {
            EntryKind::Link if status == TargetStatus::Absent => self.link_or(entry, path, status),
            _ => status,
        }
    }

    /// The status of an entry whose name is taken, and what may be replaced.
    pub(crate) fn taken(
        &self,
        entry: u32,
        record: &Record,
        path: SafePath<'_>,
        stat: Stat,
    ) -> (TargetStatus, Option<Stat>) {
        let status = match record.kind {
            EntryKind::File | EntryKind::Folder => status_of(record, &stat),
            EntryKind::Link => self.taken_link(entry, path, &stat),
            EntryKind::HardLink => self.taken_name(entry, &stat),
        };
        let status = match status {
            TargetStatus::Different if self.existing.keeps(record.mtime(), &stat) => TargetStatus::NotOlder,
            status => status,
        };
        let replaceable = matches!(status, TargetStatus::Identical | TargetStatus::Different);
        (status, replaceable.then_some(stat))
    }

    /// The part file of an entry, created at the first call together with the folders on the way to it.
    pub fn part(&self, entry: u32) -> Result<Arc<Part<F>>, FileError> {
        let slot = self.slot(entry);
        let mut slot = slot.lock();
        self.part_in(entry, &mut slot)
    }

    pub(crate) fn part_in(&self, entry: u32, slot: &mut Slot<F>) -> Result<Arc<Part<F>>, FileError> {
        let (record, path) = self.admit(entry)?;
        if record.kind != EntryKind::File {
            let why = "it is no file";
            return Err(FileError::rule(ErrorClass::NotAFile, "write", path, why));
        }
        if let Some(part) = slot {
            return Ok(Arc::clone(part));
        }
        let safe = SafePath::of_components(&path);
        self.check_leave(safe)?;
        let folder = self.root.open_folder(safe.parent(), true)?;
        // Now it is known who made the folders.
        self.check_leave(safe)?;
        let part = Arc::new(self.make_part(entry, &record, folder, path)?);
        *slot = Some(Arc::clone(&part));
        Ok(part)
    }

    /// Bytes that can still be written to the file system of the folder.
    pub fn free_space(&self) -> Result<u64, FileError> {
        let free = self.root.top().free_bytes();
        free.map_err(|error| FileError::new("look at", self.root.shown(), &error))
    }

    /// Whether what is in the way is replaced.
    pub(crate) fn replaces(&self) -> bool {
        self.existing.replaces()
    }

    /// Whether what arrives gets another name where its own is taken.
    pub(crate) fn renames(&self) -> bool {
        self.existing == Existing::Rename
    }

    /// Whether the user chose the name of the first component.
    pub(crate) fn is_renamed(&self) -> bool {
        self.rename.is_some()
    }

    pub fn entry_count(&self) -> u32 {
        self.read().len()
    }

    /// Where an entry lies below the folder.
    pub fn path(&self, entry: u32) -> Option<String> {
        self.read().path(entry)
    }

    /// What its sender calls an entry: the path that the transfer root is made of.
    pub fn wire_path(&self, entry: u32) -> Option<String> {
        self.read().wire_path(entry)
    }

    pub fn kind(&self, entry: u32) -> Option<EntryKind> {
        self.read().record(entry).map(|record| record.kind)
    }

    /// Bytes of a file; `None` for what is no file, not known, or of unknown size.
    pub fn file_size(&self, entry: u32) -> Option<u64> {
        let table = self.read();
        let record = table.record(entry).filter(|record| record.kind == EntryKind::File);
        record.and_then(Record::size)
    }

    /// Whether a file has holes, as its sender says.
    pub fn is_sparse(&self, entry: u32) -> bool {
        self.read().record(entry).is_some_and(|record| record.sparse)
    }

    /// Whether a commit waits for a disk.
    pub fn waits_for_disk(&self) -> bool {
        !self.no_sync && self.root.top().storage() != Storage::Memory
    }

    /// The entry, if it may be written: the only way to a part file and to a commit.
    pub(crate) fn admit(&self, entry: u32) -> Result<(Record, String), FileError> {
        let no = |class, path: String, why| Err(FileError::rule(class, "write", path, why));
        let Some((record, path)) = self.known(entry) else {
            let why = "the manifest has no such entry";
            return no(ErrorClass::NotFound, format!("entry {entry}"), why);
        };
        match self.refusal(&record) {
            None => Ok((record, path)),
            Some((class, why)) => no(class, path, why),
        }
    }

    /// Why an entry may not be written; `None` if it may.
    pub(crate) fn refusal(&self, record: &Record) -> Option<(ErrorClass, &'static str)> {
        if self.disposed.load(Ordering::SeqCst) {
            return Some((ErrorClass::Io, "the transfer is over"));
        }
        match record.outcome {
            Outcome::Open => {}
            Outcome::Committed { .. } => return Some((ErrorClass::Exists, "it is complete")),
            Outcome::Left => return Some((ErrorClass::Io, "it has failed, and a later run goes on with it")),
            Outcome::Lost => return Some((ErrorClass::Io, "the disk failed to keep it")),
        }
        match record.status {
            TargetStatus::Absent | TargetStatus::FolderExists => None,
            TargetStatus::Identical | TargetStatus::Different if self.replaces() => None,
            TargetStatus::Identical | TargetStatus::Different => {
                Some((ErrorClass::Exists, "another file has this name"))
            }
            TargetStatus::NotOlder => Some((ErrorClass::Exists, "a file that is not older has this name")),
            TargetStatus::InTheWay => Some((ErrorClass::Exists, "something else has this name")),
            TargetStatus::OutsideLink => Some((ErrorClass::NotAFile, "it leads out of the folder")),
            TargetStatus::BadName => Some((ErrorClass::Unsendable, "this system has no such names")),
            TargetStatus::NameRefused => Some((ErrorClass::Unsendable, "this disk does not take the name")),
            TargetStatus::SameName => Some((
                ErrorClass::Exists,
                "this disk takes it for the same name as another one",
            )),
            TargetStatus::Busy => Some((ErrorClass::Exists, "another ultra is receiving this file")),
            TargetStatus::Unwanted => Some((ErrorClass::NotAFile, "links are not wanted")),
            TargetStatus::Hidden => Some((ErrorClass::Exists, "its name is hidden")),
            TargetStatus::UnsafeParent => Some((ErrorClass::NotAFile, "no folder leads to it")),
            TargetStatus::Unexaminable => Some((ErrorClass::Io, "it could not be looked at")),
            TargetStatus::Duplicate | TargetStatus::Conflict | TargetStatus::CannotRename => {
                Some((ErrorClass::Exists, "the manifest contradicts itself"))
            }
        }
    }

    pub(crate) fn known(&self, entry: u32) -> Option<(Record, String)> {
        let table = self.read();
        Some((*table.record(entry)?, table.path(entry)?))
    }

    pub(crate) fn slot(&self, entry: u32) -> Arc<Mutex<Slot<F>>> {
        Arc::clone(self.slots.lock().entry(entry).or_default())
    }

    /// For entries that need no slot again.
    pub(crate) fn drop_slot(&self, entry: u32) {
        self.slots.lock().remove(&entry);
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read()
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write()
    }
}

/// What a thing that is in the way means for a file or folder.
pub(crate) fn status_of(record: &Record, stat: &Stat) -> TargetStatus {
    match (record.kind, stat.kind) {
        (EntryKind::Folder, NodeKind::Folder) => TargetStatus::FolderExists,
        (EntryKind::File, NodeKind::File) => {
            if record.size() == Some(stat.size) && System::kept_time(record.mtime()) == stat.mtime {
                TargetStatus::Identical
            } else {
                TargetStatus::Different
            }
        }
        _ => TargetStatus::InTheWay,
    }
}
