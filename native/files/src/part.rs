//! A file while it is incomplete: a temporary name in its final folder.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::earlier::{Earlier, Journal, Locked, Names, Wanted, is_ours, lock};
use crate::error::{ErrorClass, FileError};
use crate::journal::{Header, Look, Record};
use crate::os::{Attributes, Errors, File, Folder, NativeFolder, Process, System, Time};
use crate::path::SafePath;
use crate::reserved::Reserved;

/// From this size on a file leaves the system's memory behind its transfer.
pub(crate) const LARGE: u64 = 256 << 20;

/// From this size on a slow disk may take seconds for a sync.
const LONG_SYNC: u64 = 8 << 20;

/// Bytes behind the place of work that stay in memory: their write-back was begun and may still go on.
pub(crate) const KEPT_BEHIND: u64 = 64 << 20;

/// The mode of a part, as it is created.
const PRIVATE: u16 = 0o600;

/// Names to try. With 128 random bits the first is free unless an attacker plants names, and the next cannot be planted.
const ATTEMPTS: u32 = 8;

/// An open part file. Several threads may write to it at once.
pub struct Part<F: Folder = NativeFolder> {
    folder: Arc<F>,
    file: F::File,
    name: String,
    /// The path it will have, for messages.
    path: String,
    size: Option<u64>,
    /// It is so large that the machine's other files would leave its memory for it.
    forgets: bool,
    journaled: Option<Journaled<F>>,
    /// The disk failed to keep something that was written: no block of it can be believed, also none that is read again from memory.
    is_lost: AtomicBool,
    /// Held by [`Part::write_in_turn`]: the position of the file belongs to one write.
    turn: Mutex<()>,
}

/// What makes a part one that a later run takes up.
struct Journaled<F: Folder> {
    /// Open, and so locked, as long as the part is.
    journal: Journal<F>,
    name: String,
    /// It could not be written to any more. What it says stays true.
    is_broken: AtomicBool,
    /// An earlier run made it.
    is_taken_up: bool,
}

/// What a file system kept of a file besides its contents. CIFS, Android's shared storage and many network disks refuse modes or
/// times; the contents are worth having without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    pub mode: bool,
    pub time: bool,
    /// Names of one file are names of one file; `false` where a copy had to do.
    pub links: bool,
    /// Owner and group, extended attributes, ACLs: always `true` where the user did not want them.
    pub owner: bool,
    pub xattrs: bool,
    pub acl: bool,
}

impl Kept {
    pub const ALL: Self = Self {
        mode: true,
        time: true,
        links: true,
        owner: true,
        xattrs: true,
        acl: true,
    };

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            mode: self.mode && other.mode,
            time: self.time && other.time,
            links: self.links && other.links,
            owner: self.owner && other.owner,
            xattrs: self.xattrs && other.xattrs,
            acl: self.acl && other.acl,
        }
    }
}

/// Whether the file system kept what it was given; `false` where it refuses such things.
pub(crate) fn kept(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Err(error) if System::is_refused(&error) => Ok(false),
        result => result.map(|()| true),
    }
}

/// Whether a sync of a folder did something; file systems that cannot do it say EINVAL.
pub(crate) fn durable(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if System::is_unsupported(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Starts writing a range to the disk. A failure is one of a write: a sync that follows need not tell it again.
pub(crate) fn begin_sync(file: &impl File, offset: u64, len: u64) -> io::Result<()> {
    match file.start_sync(offset, len) {
        Err(error) if System::is_unsupported(&error) => Ok(()),
        result => result,
    }
}

impl<F: Folder> Part<F> {
    /// Creates the part of the file `path` in its folder and reserves `size` bytes for it, unless it is to have holes.
    pub(crate) fn create(folder: Arc<F>, path: String, size: Option<u64>, sparse: bool) -> Result<Self, FileError> {
        let fail = |error: &io::Error| FileError::new("create a part file for", path.clone(), error);
        for attempt in 1.. {
            let name = random_name().map_err(|error| fail(&error))?;
            match folder.create_file(&name) {
                Ok(file) => return Self::of(folder, file, name, path, size, None).reserved(sparse),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => {}
                Err(error) => return Err(fail(&error)),
            }
        }
        Err(fail(&io::ErrorKind::AlreadyExists.into()))
    }

    /// Creates a part with a journal under the names that follow from its final one. Where those are taken by others, or nothing can be taken
    /// up, it is a part like any other.
    pub(crate) fn create_journaled(
        folder: Arc<F>,
        path: String,
        names: Names,
        wanted: Wanted,
        sparse: bool,
    ) -> Result<Self, FileError> {
        let Wanted { size, fingerprint } = wanted;
        let fail = |error: &io::Error| FileError::new("create a part file for", path.clone(), error);
        let journal = match lock(&*folder, &names.journal).map_err(|error| fail(&error))? {
            Locked::Unusable | Locked::NoRoom(_) => return Self::create(folder, path, Some(size), sparse),
            Locked::Busy => {
                let why = "another ultra is receiving this file";
                return Err(FileError::rule(ErrorClass::Exists, "write", path, why));
            }
            Locked::Ours(journal) => journal,
        };
        // What an earlier run left is of no use, or it would have been taken up.
        if folder.stat(&names.part).is_ok_and(|stat| is_ours(&stat)) {
            folder.remove_file(&names.part).map_err(|error| fail(&error))?;
        }
        let file = match folder.create_file(&names.part) {
            Ok(file) => file,
            Err(error) => {
                let _ = folder.remove_file(&names.journal);
                return match error.kind() {
                    io::ErrorKind::AlreadyExists => Self::create(folder, path, Some(size), sparse),
                    _ => Err(fail(&error)),
                };
            }
        };
        let inode = file.stat().map_err(|error| fail(&error))?.ino;
        let header = Header {
            size,
            fingerprint,
            inode,
        };
        let (journal, begun) = Journal::begin(journal, header);
        let journaled = Journaled {
            journal,
            name: names.journal,
            is_broken: AtomicBool::new(begun.is_err()),
            is_taken_up: false,
        };
        Self::of(folder, file, names.part, path, Some(size), Some(journaled)).reserved(sparse)
    }

    /// Goes on with the part of an earlier run.
    pub(crate) fn take_up(
        folder: Arc<F>,
        path: String,
        earlier: Earlier<F>,
        (size, sparse): (u64, bool),
    ) -> Result<Self, FileError> {
        let Earlier {
            names, journal, part, ..
        } = earlier;
        // From here on the part may change, so that it is not in the order any more in which it was left.
        let opened = journal.append(Record::Opened);
        let journaled = Journaled {
            journal,
            name: names.journal,
            is_broken: AtomicBool::new(opened.is_err()),
            is_taken_up: true,
        };
        Self::of(folder, part, names.part, path, Some(size), Some(journaled)).reserved(sparse)
    }

    fn of(
        folder: Arc<F>,
        file: F::File,
        name: String,
        path: String,
        size: Option<u64>,
        journaled: Option<Journaled<F>>,
    ) -> Self {
        let forgets = size.is_some_and(|size| size >= LARGE) && !file.is_in_memory();
        Self {
            folder,
            file,
            name,
            path,
            size,
            forgets,
            journaled,
            is_lost: AtomicBool::new(false),
            turn: Mutex::new(()),
        }
    }

    /// Notes a block that is verified and of which all writes have returned, with its value, for a later run. Best effort: what is not
    /// noted is sent again.
    pub fn note(&self, block: u64, value: [u8; 32]) {
        if let Some(journaled) = &self.journaled
            && !journaled.is_broken.load(Ordering::Acquire)
            && journaled.journal.append(Record::Block(block, value)).is_err()
        {
            // A record may be torn, behind which no other would stand in its place.
            journaled.is_broken.store(true, Ordering::Release);
        }
    }

    /// Reads from what an earlier run wrote.
    pub fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.file.read_all_at(offset, bytes)
    }

    /// Leaves the part to a later run, or removes it if no run may take it up. What is left in good order need not be read again. Whether it is left.
    pub(crate) fn leave(&self) -> bool {
        let left = self.journaled.as_ref().is_some_and(|journaled| {
            // What is not in good order is read again.
            let _ = self.close_up(journaled);
            !self.is_lost.load(Ordering::Acquire)
        });
        if !left {
            // Gone already is as good; otherwise its name is reserved, and stands in no file's way.
            let _ = self.remove();
        }
        left
    }

    fn close_up(&self, journaled: &Journaled<F>) -> io::Result<()> {
        // A commit that failed has given it what the file was to have, with which this user may not be able to open it again.
        if self.file.stat()?.uid != System::user() {
            self.file.set_owner(Some(System::user()), None)?;
        }
        kept(self.file.set_mode(PRIVATE))?;
        if journaled.is_broken.load(Ordering::Acquire) {
            return Ok(());
        }
        let copy = self.file.duplicate()?;
        let kept = self.file.sync_long().and_then(|()| copy.close());
        kept.inspect_err(|error| self.note_lost(error))?;
        let look = Look::of(&self.file.stat()?);
        journaled.journal.append(Record::Clean(look))
    }

    /// A sync has failed. Where the system itself says so, and knows syncs, that is the end of the part: it tells such a loss once, and holds in
    /// memory what the disk does not have.
    fn note_lost(&self, error: &io::Error) {
        if error.raw_os_error().is_some() && !System::is_unsupported(error) {
            self.is_lost.store(true, Ordering::Release);
        }
    }

    /// The path of the part below the folder of the transfer, if a later run can take it up.
    pub(crate) fn left_at(&self) -> Option<String> {
        let parent = SafePath::of_components(&self.path).parent();
        let name = |_: &Journaled<F>| match parent {
            Some(parent) => format!("{}/{}", parent.as_str(), self.name),
            None => self.name.clone(),
        };
        self.journaled.as_ref().map(name)
    }

    /// Whether an earlier run made it.
    pub(crate) fn is_taken_up(&self) -> bool {
        self.journaled.as_ref().is_some_and(|journaled| journaled.is_taken_up)
    }

    /// The file has its final name: nothing is left to take up.
    pub(crate) fn forget_journal(&self) {
        if let Some(journaled) = &self.journaled {
            // One that stays is found to be of no file, and removed, by the next run.
            let _ = self.folder.remove_file(&journaled.name);
        }
    }

    /// Reserves the space, so that a full disk shows now and not after hours. Without it a new part goes; one that was taken up stays.
    fn reserved(self, sparse: bool) -> Result<Self, FileError> {
        let size = self.size.unwrap_or(0);
        if size == 0 {
            return Ok(self);
        }
        let mut result = match sparse {
            true => self.file.set_size(size),
            false => self.file.allocate(size),
        };
        if result.as_ref().is_err_and(System::is_refused) {
            result = self.file.set_size(size);
        }
        // Where a file cannot be grown, it grows with what is written.
        if result.as_ref().is_err_and(System::is_refused) {
            result = Ok(());
        }
        match result {
            Ok(()) => Ok(self),
            Err(error) => {
                // Whatever it reserved before it failed goes with the name.
                if self.is_taken_up() {
                    self.leave();
                } else {
                    let _ = self.remove();
                }
                Err(self.error("reserve space for", &error))
            }
        }
    }

    /// Writes all of `bytes`.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        self.write(offset, bytes, F::File::write_all_at)
    }

    /// Moves the file's position and writes all of `bytes` there, while all other such writes wait: what the older format does.
    pub fn write_in_turn(&self, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        let _turn = self.turn.lock();
        self.write(offset, bytes, F::File::seek_and_write)
    }

    fn write(
        &self,
        offset: u64,
        bytes: &[u8],
        how: impl Fn(&F::File, u64, &[u8]) -> io::Result<()>,
    ) -> Result<(), FileError> {
        let end = offset.checked_add(bytes.len() as u64);
        if end.is_none() || self.size.is_some_and(|size| end > Some(size)) {
            let why = "it would become longer than announced";
            return Err(FileError::rule(ErrorClass::Io, "write", &*self.path, why));
        }
        how(&self.file, offset, bytes).map_err(|error| self.error("write", &error))
    }

    /// Makes a range a hole, whatever lies there.
    pub fn clear_range(&self, offset: u64, len: u64) -> io::Result<()> {
        self.file.clear_range(offset, len)
    }

    /// Starts writing a range to the disk, so that the sync at the end is short.
    pub fn sync_range(&self, offset: u64, len: u64) -> Result<(), FileError> {
        let begun = begin_sync(&self.file, offset, len).inspect_err(|error| self.note_lost(error));
        begun.map_err(|error| self.error("make durable", &error))?;
        if self.forgets && offset >= KEPT_BEHIND {
            self.file.forget_range(offset - KEPT_BEHIND, len);
        }
        Ok(())
    }

    /// The temporary name in the final folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn file(&self) -> &F::File {
        &self.file
    }

    pub(crate) fn folder(&self) -> &Arc<F> {
        &self.folder
    }

    /// Gives the file its exact size and, as far as the file system keeps them, its mode and time. The contents are not durable yet.
    pub(crate) fn finish(&self, size: u64, mode: u16, mtime: Time) -> Result<Kept, FileError> {
        self.set_final_size(size)
            .map_err(|error| self.error("set the size of", &error))?;
        let mode = kept(self.file.set_mode(mode)).map_err(|error| self.error("set the mode of", &error))?;
        let time = kept(self.file.set_mtime(mtime)).map_err(|error| self.error("set the time of", &error))?;
        Ok(Kept {
            mode,
            time,
            ..Kept::ALL
        })
    }

    fn set_final_size(&self, size: u64) -> io::Result<()> {
        let refused = match self.file.set_size(size) {
            Err(error) if System::is_refused(&error) => error,
            result => return result,
        };
        match self.file.stat()?.size {
            now if now == size => Ok(()),
            // It ends in a hole. Nothing was ever written that far, so the byte overwrites nothing.
            now if now < size => self.file.write_all_at(size - 1, &[0]),
            _ => Err(refused),
        }
    }

    /// Fills the file with the first `len` bytes of another one.
    pub(crate) fn copy_from(&self, other: &F::File, len: u64) -> Result<(), FileError> {
        let copied = self.file.copy_from(other, len);
        copied.map_err(|error| self.error("write", &error))
    }

    pub(crate) fn sync(&self) -> Result<(), FileError> {
        // (Starting another process takes as long as writing some hundred KiB.)
        let synced = match self.size.is_some_and(|size| size >= LONG_SYNC) {
            true => self.file.sync_long(),
            false => self.file.sync(),
        };
        synced.map_err(|error| self.error("make durable", &error))?;
        if self.forgets {
            self.file.forget_cached();
        }
        Ok(())
    }

    /// A further descriptor, for [`Part::close`].
    pub(crate) fn duplicate(&self) -> Result<F::File, FileError> {
        let copy = self.file.duplicate();
        copy.map_err(|error| self.error("complete", &error))
    }

    /// Closes a further descriptor and hears what the system says to that. The part itself stays open: its name may still be refused.
    pub(crate) fn close(&self, copy: F::File) -> Result<(), FileError> {
        copy.close().map_err(|error| self.error("close", &error))
    }

    /// Removes the part and its journal, which is held by its lock until the part is closed.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let removed = self.folder.remove_file(&self.name);
        self.forget_journal();
        removed
    }

    fn error(&self, doing: &'static str, error: &io::Error) -> FileError {
        FileError::new(doing, &*self.path, error)
    }
}

pub(crate) fn random_name() -> io::Result<String> {
    let random = System::random()?;
    Ok(Reserved::Nameless(random).to_string())
}
