//! What an earlier run left of a file: the journal and the part beside it, taken up only if they are this user's, nobody else's, and of the
//! same file. Names of ours may be planted by others who can write to the folder: a link, a FIFO, a file of theirs or one with a second
//! name is never opened for writing, and what would lie there goes under a name that nobody can guess.

use std::io;
use std::sync::Arc;

use crate::journal::{Begin, HEADER_LEN, Header, JOURNAL_BLOCK_LEN, Look, RECORD_LEN, Reading, Record, Said, begin};
use crate::os::{Errors, File, Folder, NodeKind, Process, Stat, System};
use crate::reserved::{FileId, Reserved};

/// Bytes of a journal that are read at once: whole records.
const READ_LEN: usize = 1024 * RECORD_LEN;

/// Opening a journal is tried so often while others make and remove it.
const ATTEMPTS: u32 = 8;

/// Why a file begins anew although something was left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// The sender's file is another one by now.
    SourceChanged,
    /// The journal is damaged.
    BrokenJournal,
    /// Another version of `ultra` wrote it.
    OtherVersion,
    /// The part is gone, or not the one that the journal is of.
    OtherPart,
    /// The names are taken by something that is not this user's.
    NotOurs,
    /// The user wants it so.
    Chosen,
}

/// The names of ours beside a file.
#[derive(Clone)]
pub(crate) struct Names {
    pub(crate) part: String,
    pub(crate) journal: String,
}

/// What a file has to be so that an earlier part is one of it.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) size: u64,
    pub(crate) fingerprint: [u8; 16],
}

/// What was found beside a final name.
pub(crate) enum Left<F: Folder> {
    Nothing,
    /// Another process is receiving this file.
    Busy,
    /// It is of no use. What the part occupies on the disk becomes free.
    Useless(Restart, u64),
    Part(Earlier<F>),
}

/// A part that can be taken up. The journal is locked.
pub(crate) struct Earlier<F: Folder> {
    folder: Arc<F>,
    pub(crate) names: Names,
    pub(crate) journal: Journal<F>,
    pub(crate) part: F::File,
    /// Verified blocks with their values, ascending; never all of the file, so that there is something to ask for.
    pub(crate) blocks: Vec<(u64, [u8; 32])>,
    /// The part was left in good order and nothing has happened to it since.
    pub(crate) is_clean: bool,
    /// Bytes that it occupies on the disk.
    pub(crate) occupied: u64,
}

/// A journal that is open for appending, and locked.
pub(crate) struct Journal<F: Folder> {
    file: F::File,
    header: Header,
}

/// A file of ours by its name.
pub(crate) enum Ours<File> {
    Absent,
    /// Not this user's, not a plain file, or it has another name besides.
    Foreign,
    File(File),
}

/// The lock of a journal or a record of a run.
pub(crate) enum Locked<File> {
    /// The system or the file system cannot, or the name is taken by others.
    Unusable,
    /// The disk or a quota has no room for it.
    NoRoom(io::Error),
    Busy,
    Ours(File),
}

impl Names {
    /// Those of the file with this final name.
    pub(crate) fn of(name: &str) -> Self {
        let id = FileId::of(name);
        Self {
            part: Reserved::Part(id).to_string(),
            journal: Reserved::Journal(id).to_string(),
        }
    }
}

/// Looks for what is left of a file.
pub(crate) fn find<F: Folder>(folder: &Arc<F>, names: Names, wanted: Wanted, discards: bool) -> Left<F> {
    let file = match ours(&**folder, &names.journal, F::open_to_append) {
        Ok(Ours::File(file)) => file,
        Ok(Ours::Absent) => return Left::Nothing,
        Ok(Ours::Foreign) => return Left::Useless(Restart::NotOurs, 0),
        Err(error) if System::is_unsupported(&error) => return Left::Nothing,
        Err(_) => return Left::Useless(Restart::BrokenJournal, 0),
    };
    if !file.try_lock().unwrap_or(false) {
        return Left::Busy;
    }
    let occupied = occupied_by(&**folder, &names.part);
    if discards {
        return Left::Useless(Restart::Chosen, occupied);
    }
    match take_up(folder, names, file, wanted) {
        Ok(earlier) => Left::Part(earlier),
        Err(why) => Left::Useless(why, occupied),
    }
}

/// Removes a journal that a commit has left behind, which a crash came after.
pub(crate) fn remove_stale<F: Folder>(folder: &F, names: &Names) {
    if let Ok(Ours::File(file)) = ours(folder, &names.journal, F::open_to_append)
        && file.try_lock().unwrap_or(false)
        && folder
            .stat(&names.part)
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    {
        let _ = folder.remove_file(&names.journal);
    }
}

/// Opens a file of ours, or makes it, and locks it.
pub(crate) fn lock<F: Folder>(folder: &F, name: &str) -> io::Result<Locked<F::File>> {
    for _ in 0..ATTEMPTS {
        let file = match ours(folder, name, F::open_to_append) {
            Ok(Ours::File(file)) => file,
            Ok(Ours::Foreign) => return Ok(Locked::Unusable),
            Ok(Ours::Absent) => match folder.create_to_append(name) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) if System::is_unsupported(&error) => return Ok(Locked::Unusable),
                Err(error) if has_no_room(&error) => return Ok(Locked::NoRoom(error)),
                Err(error) => return Err(error),
            },
            Err(error) if System::is_unsupported(&error) => return Ok(Locked::Unusable),
            Err(error) => return Err(error),
        };
        if !file.try_lock()? {
            return Ok(Locked::Busy);
        }
        // Its last holder may have removed it between our opening and locking: then the lock is worth nothing.
        match folder.stat(name) {
            Ok(stat) if stat.ino == file.stat()?.ino => return Ok(Locked::Ours(file)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Locked::Busy)
}

/// Whether there is no room for what is only a record: the file itself may still have its place.
pub(crate) fn has_no_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Opens what has a name of ours, if it is ours: looked at before, because opening may do something, and again behind it.
pub(crate) fn ours<F: Folder>(
    folder: &F,
    name: &str,
    open: fn(&F, &str) -> io::Result<F::File>,
) -> io::Result<Ours<F::File>> {
    let opened = match folder.stat(name) {
        Ok(stat) if !is_ours(&stat) => return Ok(Ours::Foreign),
        Ok(_) => open(folder, name),
        Err(error) => Err(error),
    };
    match opened {
        Ok(file) if is_ours(&file.stat()?) => Ok(Ours::File(file)),
        Ok(_) => Ok(Ours::Foreign),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Ours::Absent),
        // It was swapped for a link meanwhile, or nobody may write to it.
        Err(error) if System::is_link(&error) || error.kind() == io::ErrorKind::PermissionDenied => Ok(Ours::Foreign),
        Err(error) => Err(error),
    }
}

/// A plain file of this user's with one name.
pub(crate) fn is_ours(stat: &Stat) -> bool {
    stat.kind == NodeKind::File && stat.uid == System::user() && stat.links == 1
}

/// Whether no process has locked a file of ours. One that is not there, or that is not ours, is locked by nobody.
pub(crate) fn lock_is_free<F: Folder>(folder: &F, name: &str) -> bool {
    match ours(folder, name, F::open_to_append) {
        Ok(Ours::File(file)) => file.try_lock().unwrap_or(false),
        _ => true,
    }
}

impl<F: Folder> Earlier<F> {
    /// Removes the part and its journal.
    pub(crate) fn remove(self) {
        // Gone already is as good. The journal last: its lock keeps others from the part.
        let _ = self.folder.remove_file(&self.names.part);
        let _ = self.folder.remove_file(&self.names.journal);
    }
}

impl<F: Folder> Journal<F> {
    /// Begins a journal in a locked file, whatever was in it. Without its header it is of no use and in nobody's way.
    pub(crate) fn begin(file: F::File, header: Header) -> (Self, io::Result<()>) {
        let begun = file.set_size(0).and_then(|()| {
            // A disk that becomes full must not keep it from saying what is on the disk.
            let records = header.blocks().saturating_add(8).saturating_mul(RECORD_LEN as u64);
            file.reserve(records.saturating_add(HEADER_LEN as u64));
            file.append(&header.encode())
        });
        (Self { file, header }, begun)
    }

    pub(crate) fn append(&self, record: Record) -> io::Result<()> {
        self.file.append(&record.encode(&self.header))
    }
}

/// Reads a locked journal and opens its part.
fn take_up<F: Folder>(folder: &Arc<F>, names: Names, file: F::File, wanted: Wanted) -> Result<Earlier<F>, Restart> {
    let mut bytes = [0; HEADER_LEN];
    file.read_all_at(0, &mut bytes).map_err(|_| Restart::BrokenJournal)?;
    let header = match begin(&bytes) {
        Begin::Header(header) => header,
        Begin::OtherVersion => return Err(Restart::OtherVersion),
        Begin::Broken => return Err(Restart::BrokenJournal),
    };
    if (header.size, header.fingerprint) != (wanted.size, wanted.fingerprint) {
        return Err(Restart::SourceChanged);
    }
    let part = match ours(&**folder, &names.part, F::open_to_write) {
        Ok(Ours::File(part)) => part,
        Ok(Ours::Foreign) => return Err(Restart::NotOurs),
        Ok(Ours::Absent) | Err(_) => return Err(Restart::OtherPart),
    };
    let stat = part.stat().map_err(|_| Restart::OtherPart)?;
    if stat.ino != header.inode {
        return Err(Restart::OtherPart);
    }
    let said = read(&file, header)?;
    let is_clean = said.clean == Some(Look::of(&stat));
    let mut blocks = said.blocks;
    // A block behind the end of what is there cannot be in it.
    blocks.retain(|(block, _)| end_of(*block, header.size) <= stat.size);
    if blocks.len() as u64 == header.blocks() {
        blocks.pop();
    }
    let occupied = occupied(&stat).min(header.size);
    let journal = Journal { file, header };
    Ok(Earlier {
        folder: Arc::clone(folder),
        names,
        journal,
        part,
        blocks,
        is_clean,
        occupied,
    })
}

/// Reads the records, and cuts off what is torn, so that the next ones stand in their places.
fn read<F: File>(file: &F, header: Header) -> Result<Said, Restart> {
    let mut reading = Reading::new(header);
    let mut buffer = vec![0; READ_LEN];
    let mut at = HEADER_LEN as u64;
    loop {
        let len = fill(file, at, &mut buffer).map_err(|_| Restart::BrokenJournal)?;
        let bytes = buffer.get(..len).unwrap_or_default();
        reading.take(bytes).map_err(|_| Restart::BrokenJournal)?;
        at += len as u64;
        if len < READ_LEN {
            break;
        }
    }
    let torn = (at - HEADER_LEN as u64) % RECORD_LEN as u64;
    if torn > 0 {
        file.set_size(at - torn).map_err(|_| Restart::BrokenJournal)?;
    }
    Ok(reading.finish())
}

/// Reads until the buffer is full or the file ends.
fn fill<F: File>(file: &F, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_some_at(at + done as u64, rest) {
            Ok(0) => break,
            Ok(len) => done += len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

fn end_of(block: u64, size: u64) -> u64 {
    (block + 1).saturating_mul(JOURNAL_BLOCK_LEN).min(size)
}

fn occupied_by<F: Folder>(folder: &F, part: &str) -> u64 {
    folder.stat(part).ok().filter(is_ours).map_or(0, |stat| occupied(&stat))
}

fn occupied(stat: &Stat) -> u64 {
    stat.blocks.saturating_mul(512)
}
