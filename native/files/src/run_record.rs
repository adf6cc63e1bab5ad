//! The record of a transfer into a folder, `.ultra-ID.run` in its root, as long as it is not over: how the parts of its small files are named,
//! and which folders it made. The next run of the same transfer takes it up, so that these folders get their modes and times whatever run
//! made them, and hidden names pass below them.
//!
//! Best effort: a transfer without a record arrives as well. A disk that is full is the exception: a folder that could not be noted there would
//! keep the mode in which it is made when this run is killed, and what else the transfer needs would have no room either.

use std::io;

use parking_lot::Mutex;

use crate::earlier::{Locked, has_no_room, lock};
use crate::os::{File, Folder, Stat, Time};
use crate::reserved::RunId;

const MAGIC: [u8; 8] = *b"ULTRARUN";
const VERSION: u32 = 1;
const HEADER_LEN: usize = 28;

/// Bytes of a record without its path: kind, length, inode, check.
const FIXED_LEN: usize = 1 + 2 + 8 + 8;

/// Most bytes of a record that are read: some hundred thousand folders. What is beyond counts as made by others.
const MAX_LEN: usize = 64 << 20;

/// The mode in which folders are made, until all is in them.
pub(crate) const PRIVATE: u16 = 0o700;

/// A folder that a run made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MadeFolder {
    pub(crate) path: String,
    /// `None`: the run ended between making it and saying so.
    pub(crate) inode: Option<u64>,
    /// It was there by then.
    pub(crate) until: Time,
}

impl MadeFolder {
    /// Whether a folder under its path can be that one. One that was made later can have its inode's number; where the system does not say when a
    /// folder was made, `or_else` decides.
    pub(crate) fn can_be(&self, folder: &impl Folder, stat: &Stat, or_else: bool) -> bool {
        self.inode.is_none_or(|inode| inode == stat.ino) && folder.birth().map_or(or_else, |birth| birth <= self.until)
    }
}

/// The record of this run.
pub(crate) struct RunRecord<F: Folder>(Mutex<State<F>>);

enum State<F: Folder> {
    /// From the start: there is none. Leads to `Named`, or to `Open` where an earlier run left one.
    None,
    /// The transfer has a name, and nothing was noted yet. Leads to `Open`, to `Closed` when it cannot be written, or to `None` when it cannot be made.
    Named { name: String, run: RunId },
    /// It is locked, and its last whole record ends at `end`. Leads to `Closed` when it cannot be written to.
    Open { name: String, file: F::File, end: u64 },
    /// Nothing more is noted.
    Closed { name: String },
}

/// What an earlier run of the same transfer left.
pub(crate) struct EarlierRun {
    pub(crate) run: RunId,
    pub(crate) folders: Vec<MadeFolder>,
}

impl<F: Folder> Default for RunRecord<F> {
    fn default() -> Self {
        Self(Mutex::new(State::None))
    }
}

impl<F: Folder> RunRecord<F> {
    /// Names the transfer, and takes up what an earlier run of it left. Of a run that was killed a moment ago a process may be left that has the
    /// record open and is about to close it (`os/linux/sync_apart_unsafe.rs`), so `waits` says whether to try once more.
    pub(crate) fn begin(&self, root: &F, name: String, run: RunId, waits: impl Fn() -> bool) -> Option<EarlierRun> {
        let mut state = self.0.lock();
        if root.stat(&name).is_err() {
            *state = State::Named { name, run };
            return None;
        }
        let file = loop {
            match lock(root, &name) {
                Ok(Locked::Ours(file)) => break file,
                Ok(Locked::Busy) if waits() => {}
                // Another process that runs the same transfer has its record: this one goes without.
                _ => return None,
            }
        };
        match read(&file) {
            Ok((earlier, end)) if file.set_size(end).is_ok() => {
                *state = State::Open { name, file, end };
                Some(earlier)
            }
            _ => {
                *state = open(root, file, &name, run).unwrap_or(State::Named { name, run });
                None
            }
        }
    }

    /// The run is about to make something: its record is there first.
    ///
    /// # Errors
    ///
    /// The disk or a quota has no room for it. The next call tries again.
    pub(crate) fn make(&self, root: &F) -> io::Result<()> {
        let mut state = self.0.lock();
        let State::Named { name, run } = &*state else {
            return Ok(());
        };
        *state = match lock(root, name) {
            Ok(Locked::Ours(file)) => open(root, file, name, *run)?,
            Ok(Locked::NoRoom(error)) => return Err(error),
            _ => State::None,
        };
        Ok(())
    }

    /// A folder is about to be made, or (with its inode) was.
    ///
    /// # Errors
    ///
    /// The disk or a quota has no room for the note. The next call tries again.
    pub(crate) fn note(&self, path: &str, inode: Option<u64>) -> io::Result<()> {
        let mut state = self.0.lock();
        let State::Open { name, file, end } = &mut *state else {
            return Ok(());
        };
        let bytes = encode(path, inode);
        let Err(error) = file.append(&bytes) else {
            *end += bytes.len() as u64;
            return Ok(());
        };
        // A torn record would hide those that follow.
        if !has_no_room(&error) || file.set_size(*end).is_err() {
            let name = std::mem::take(name);
            *state = State::Closed { name };
        }
        if has_no_room(&error) { Err(error) } else { Ok(()) }
    }

    /// The run is over, and the next one may take it up.
    pub(crate) fn leave(&self) {
        *self.0.lock() = State::None;
    }

    /// The transfer is over.
    pub(crate) fn remove(&self, root: &F) {
        let mut state = self.0.lock();
        if let State::Open { name, .. } | State::Closed { name } = &*state {
            let _ = root.remove_file(name);
        }
        *state = State::None;
    }
}

/// Begins a record in a locked file, whatever was in it. An error says that there is no room for it; nothing is left of it then.
fn open<F: Folder>(root: &F, file: F::File, name: &str, run: RunId) -> io::Result<State<F>> {
    match file.set_size(0).and_then(|()| file.append(&header(run))) {
        Ok(()) => Ok(State::Open {
            name: name.to_owned(),
            file,
            end: HEADER_LEN as u64,
        }),
        Err(error) if has_no_room(&error) => {
            let _ = root.remove_file(name);
            Err(error)
        }
        Err(_) => Ok(State::Closed { name: name.to_owned() }),
    }
}

fn header(RunId(run): RunId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_LEN);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(run.to_le_bytes());
    bytes.extend(check(&bytes));
    bytes
}

fn encode(path: &str, inode: Option<u64>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(FIXED_LEN + path.len());
    bytes.push(u8::from(inode.is_some()));
    // Paths have at most 4,096 bytes.
    bytes.extend((path.len() as u16).to_le_bytes());
    bytes.extend(inode.unwrap_or(0).to_le_bytes());
    bytes.extend(path.as_bytes());
    bytes.extend(check(&bytes));
    bytes
}

/// The folders that a record names; none where it is damaged.
pub(crate) fn folders_in<Plain: File>(file: &Plain) -> Vec<MadeFolder> {
    read(file).map(|(earlier, _)| earlier.folders).unwrap_or_default()
}

/// What a record says, and where its last whole one ends.
fn read<Plain: File>(file: &Plain) -> io::Result<(EarlierRun, u64)> {
    let stat = file.stat()?;
    let len = usize::try_from(stat.size).unwrap_or(MAX_LEN).min(MAX_LEN);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    bytes.resize(len, 0);
    file.read_all_at(0, &mut bytes)?;
    parse(&bytes, stat.mtime).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// `until` is when the last of them was noted.
fn parse(bytes: &[u8], until: Time) -> Option<(EarlierRun, u64)> {
    let fields = bytes.get(..HEADER_LEN)?;
    let run = RunId(u64::from_le_bytes(*fields.get(12..)?.first_chunk()?));
    if fields != header(run) {
        return None;
    }
    let mut folders: Vec<MadeFolder> = Vec::new();
    let mut at = HEADER_LEN;
    while let Some((folder, len)) = bytes.get(at..).and_then(|bytes| decode(bytes, until)) {
        at += len;
        // Said before it was made, and once more behind that.
        if folders
            .last()
            .is_some_and(|last| last.path == folder.path && last.inode.is_none())
        {
            folders.pop();
        }
        folders.push(folder);
    }
    Some((EarlierRun { run, folders }, at as u64))
}

fn decode(bytes: &[u8], until: Time) -> Option<(MadeFolder, usize)> {
    let is_made = match bytes.first()? {
        0 => false,
        1 => true,
        _ => return None,
    };
    let path_len = usize::from(u16::from_le_bytes(*bytes.get(1..)?.first_chunk()?));
    let inode = u64::from_le_bytes(*bytes.get(3..)?.first_chunk()?);
    let path = bytes.get(11..11 + path_len)?;
    let stated = bytes.get(11 + path_len..)?.first_chunk::<8>()?;
    if *stated != check(bytes.get(..11 + path_len)?) {
        return None;
    }
    let folder = MadeFolder {
        path: String::from_utf8(path.to_vec()).ok()?,
        inode: is_made.then_some(inode),
        until,
    };
    Some((folder, FIXED_LEN + path_len))
}

fn check(bytes: &[u8]) -> [u8; 8] {
    let hash = blake3::hash(bytes);
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNTIL: Time = Time { secs: 1, nanos: 0 };

    fn made(path: &str, inode: Option<u64>) -> MadeFolder {
        MadeFolder {
            path: path.to_owned(),
            inode,
            until: UNTIL,
        }
    }

    fn some_record() -> Vec<u8> {
        let records = [
            encode("a", None),
            encode("a", Some(7)),
            encode("a/b", None),
            encode("c", Some(9)),
        ];
        [header(RunId(5)), records.concat()].concat()
    }

    #[test]
    fn folders_are_read_as_they_were_noted() {
        let bytes = some_record();
        let (earlier, end) = parse(&bytes, UNTIL).expect("a record");
        assert_eq!(earlier.run, RunId(5));
        assert_eq!(
            earlier.folders,
            [made("a", Some(7)), made("a/b", None), made("c", Some(9))]
        );
        assert_eq!(end, bytes.len() as u64);
    }

    #[test]
    fn a_torn_or_damaged_record_ends_what_is_believed() {
        let bytes = some_record();
        let whole = parse(&bytes, UNTIL).expect("a record").0.folders;
        for end in HEADER_LEN..bytes.len() {
            let (earlier, at) = parse(&bytes[..end], UNTIL).expect("a record");
            assert!(at as usize <= end && earlier.folders.len() <= whole.len());
            let again = parse(&bytes[..at as usize], UNTIL).expect("a record");
            assert_eq!(again.0.folders, earlier.folders);
        }
        for bit in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let Some((earlier, _)) = parse(&damaged, UNTIL) else {
                assert!(bit < 8 * HEADER_LEN, "bit {bit}");
                continue;
            };
            // A folder whose second record is lost was said to be made before.
            assert!(
                earlier.folders.len() < whole.len() || earlier.folders[0].inode.is_none(),
                "bit {bit}"
            );
        }
        assert!(parse(&[], UNTIL).is_none() && parse(&[0; 100], UNTIL).is_none());
    }
}
