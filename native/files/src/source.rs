//! The sender's side: what the user asked to send, by entry id, and files opened for reading.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};

use crate::below::open_below;
use crate::error::{ErrorClass, FileError};
use crate::fingerprint::{Fingerprint, Look};
use crate::holes::may_have_holes;
use crate::links::link_root;
use crate::names::{MAX_NAME_BYTES, Name, Names};
use crate::os::{File, Folder, NativeFile, NativeFolder, NodeKind, Stat};
use crate::page::EntryKind;
use crate::part::LARGE;
use crate::path::{PathFault, check_component};
use crate::source_file::{SourceFile, read_exactly};
use crate::way::{Place, Purpose, Way};
use crate::{MAX_ENTRIES, os};

/// Everything that one transfer sends. The walk appends entries while other threads open those that are known.
pub struct Source {
    /// Of a peer's requests: once they were looked for.
    bases: OnceLock<Vec<Base>>,
    entries: RwLock<Entries>,
    /// Folders kept open for the next small file, by their entry; an entry has one place.
    folders: Mutex<Vec<OpenFolder>>,
    /// Files may grow: what they held when the walk saw them is sent.
    allow_growing: bool,
    purpose: Purpose,
}

/// A folder by its entry, or nothing.
type OpenFolder = Option<(u32, Arc<NativeFolder>)>;

/// How many folders are kept open for small files.
const OPEN_FOLDERS: usize = 64;

/// How often a small file is read because it was touched meanwhile.
const MOST_READS: usize = 4;

/// One argument of the user.
pub(crate) struct Base {
    /// What it is called in the transfer.
    pub(crate) name: String,
    pub(crate) place: Place,
}

struct Entries {
    /// How many there may be.
    most: u32,
    names: Names,
    list: Vec<Entry>,
    /// Where entries lie that are not where their path says: what links lead to, as components below the argument.
    elsewhere: HashMap<u32, Box<str>>,
    /// The roots of symbolic links.
    link_roots: HashMap<u32, [u8; 32]>,
    /// Bytes of the targets of links, which count as names.
    target_bytes: usize,
}

impl Default for Entries {
    fn default() -> Self {
        Self {
            most: MAX_ENTRIES,
            names: Names::default(),
            list: Vec::new(),
            elsewhere: HashMap::new(),
            link_roots: HashMap::new(),
            target_bytes: 0,
        }
    }
}

/// Kept for each entry; the path is put together from the parents.
#[derive(Clone, Copy)]
struct Entry {
    parent: Parent,
    name: Name,
    kind: EntryKind,
    size: u64,
    fingerprint: Fingerprint,
}

/// What the walk found.
pub(crate) struct Added<'a> {
    pub(crate) parent: Parent,
    pub(crate) kind: EntryKind,
    pub(crate) stat: &'a Stat,
    /// Of a symbolic link.
    pub(crate) target: Option<&'a str>,
    /// Its components below the argument, where its path says something else.
    pub(crate) elsewhere: Option<&'a [String]>,
}

/// What an entry lies in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parent {
    /// It is the argument of this number itself.
    Base(u32),
    Entry(u32),
}

impl Source {
    /// Takes the user's arguments.
    ///
    /// Each becomes a top-level entry with the argument's own last component as its name, or the folder's real name for `.`,
    /// `..` and the like. A link is followed here, and only here: it is what the user asked for.
    pub(crate) fn open(paths: &[PathBuf], allow_growing: bool) -> Result<Arc<Self>, FileError> {
        let mut bases: Vec<Base> = Vec::with_capacity(paths.len());
        let mut names = std::collections::HashSet::new();
        let mut last_folder = None;
        for path in paths {
            let base = open_base(path, &mut last_folder)?;
            if !names.insert(base.name.clone()) {
                let why = "another argument has the same name";
                return Err(refuse(ErrorClass::Exists, path, why));
            }
            bases.push(base);
        }
        let source = Self::new(allow_growing, Purpose::Given);
        source.set_bases(bases);
        Ok(source)
    }

    /// Everything is still to be found.
    pub(crate) fn new(allow_growing: bool, purpose: Purpose) -> Arc<Self> {
        Arc::new(Self {
            bases: OnceLock::new(),
            entries: RwLock::default(),
            folders: Mutex::new((0..OPEN_FOLDERS).map(|_| None).collect()),
            allow_growing,
            purpose,
        })
    }

    /// Once, before anything is walked.
    pub(crate) fn set_bases(&self, bases: Vec<Base>) {
        let is_first = self.bases.set(bases).is_ok();
        debug_assert!(is_first);
    }

    /// Reads a whole file into `bytes`, which have its length: the file that the walk saw, or an error. The file is looked at after it was read, and
    /// read again where it was touched meanwhile, so that what was read is what it held at one moment. It is not kept open.
    pub fn read_whole(&self, id: u32, bytes: &mut [u8]) -> Result<(), FileError> {
        let shown = || self.path(id).unwrap_or_else(|| format!("entry {id}"));
        let fail = |error: &std::io::Error| FileError::new("read", shown(), error);
        let changed = |why| FileError::rule(ErrorClass::Changed, "send", shown(), why);
        let (file, entry) = self.open_small(id).map_err(|error| fail(&error))?;
        let mut before = entry.fingerprint;
        for _ in 0..MOST_READS {
            let read = read_exactly(&file, 0, bytes);
            let now = file.stat().map_err(|error| fail(&error))?;
            if now.kind != NodeKind::File {
                let why = "it is not a plain file";
                return Err(FileError::rule(ErrorClass::NotAFile, "read", shown(), why));
            }
            match read {
                Ok(()) => {}
                Err((_, error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    return Err(changed("it became shorter while it was sent"));
                }
                Err((at, error)) => return Err(fail(&error).at(at)),
            }
            let after = Fingerprint::of(&now);
            match before.look(&after) {
                Look::Same => return Ok(()),
                Look::Touched => before = after,
                Look::Grown | Look::Changed if self.may_have_grown(entry.size, &now) => return Ok(()),
                Look::Grown | Look::Changed => return Err(changed("it changed while it was sent")),
            }
        }
        Err(changed("it was touched each time that it was read"))
    }

    /// Whether a file that is not the same any more may be sent up to its former size all the same.
    fn may_have_grown(&self, then: u64, now: &Stat) -> bool {
        self.allow_growing && now.size > then
    }

    /// Opens a file of which the folder is likely open already.
    fn open_small(&self, id: u32) -> std::io::Result<(NativeFile, Entry)> {
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let entries = self.entries.read();
        let entry = *entries.list.get(id as usize).ok_or_else(missing)?;
        let name = entries.names.get(entry.name).to_owned();
        let elsewhere = entries.elsewhere.contains_key(&id);
        drop(entries);
        let file = match entry.parent {
            Parent::Entry(folder) if !elsewhere => self.held_folder(folder)?.open_file(&name)?,
            _ => self.open_plain(id)?,
        };
        Ok((file, entry))
    }

    fn held_folder(&self, id: u32) -> std::io::Result<Arc<NativeFolder>> {
        let place = id as usize % OPEN_FOLDERS;
        if let Some(Some((known, folder))) = self.folders.lock().get(place)
            && *known == id
        {
            return Ok(Arc::clone(folder));
        }
        let folder = self.open_folder(id)?;
        if let Some(slot) = self.folders.lock().get_mut(place) {
            *slot = Some((id, Arc::clone(&folder)));
        }
        Ok(folder)
    }

    /// Opens an entry for reading: the file that the walk saw, or an error.
    pub fn open_entry(&self, id: u32) -> Result<SourceFile, FileError> {
        let Some((entry, path)) = self.known(id) else {
            let why = "there is no such entry";
            let path = format!("entry {id}");
            return Err(FileError::rule(ErrorClass::NotFound, "read", path, why));
        };
        let fail = |error: &std::io::Error| FileError::new("read", path.clone(), error);
        let rule = |class, why| FileError::rule(class, "read", path.clone(), why);
        let file = self.open_plain(id).map_err(|error| fail(&error))?;
        let opened = file.stat().map_err(|error| fail(&error))?;
        if opened.kind != NodeKind::File {
            return Err(rule(ErrorClass::NotAFile, "it is not a plain file"));
        }
        // Nothing was read before, so that it does not matter whether it was touched.
        let look = entry.fingerprint.look(&Fingerprint::of(&opened));
        if look == Look::Changed && !self.may_have_grown(entry.size, &opened) {
            let why = "it changed after the transfer was planned";
            return Err(rule(ErrorClass::Changed, why));
        }
        file.will_read_in_order();
        let forgets = opened.size >= LARGE && !file.is_in_memory();
        Ok(SourceFile {
            file,
            size: entry.size,
            seen: Mutex::new(opened),
            has_holes: may_have_holes(&opened),
            allow_growing: self.allow_growing,
            path,
            forgets,
            way: Way::watched(self.purpose, self.place_of(id)),
        })
    }

    /// Opens the folder of an entry.
    pub(crate) fn open_folder(&self, id: u32) -> std::io::Result<Arc<NativeFolder>> {
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        match self.place_of(id).ok_or_else(missing)? {
            (Place::Folder { folder, .. }, way) => open_below(&folder, &way),
            (Place::File { .. }, _) => Err(missing()),
        }
    }

    /// Opens what an entry's path leads to, component by component, without following links.
    fn open_plain(&self, id: u32) -> std::io::Result<NativeFile> {
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let (base, below) = self.place_of(id).ok_or_else(missing)?;
        let folder = match base {
            Place::File { folder, name } => return folder.open_file(&name),
            Place::Folder { folder, .. } => folder,
        };
        let (name, way) = below.split_last().ok_or(std::io::ErrorKind::IsADirectory)?;
        open_below(&folder, way)?.open_file(name)
    }

    /// The argument that an entry belongs to, and the components below it.
    pub(crate) fn place_of(&self, id: u32) -> Option<(Place, Vec<String>)> {
        let entries = self.entries.read();
        let mut components = Vec::new();
        let mut known = false;
        let (mut id, mut at) = (id, *entries.list.get(id as usize)?);
        let base = loop {
            if let Some(real) = entries.elsewhere.get(&id).filter(|_| !known) {
                components.extend(real.rsplit('/').map(str::to_owned));
                known = true;
            }
            match at.parent {
                Parent::Base(base) => break base,
                Parent::Entry(parent) => {
                    if !known {
                        components.push(entries.names.get(at.name).to_owned());
                    }
                    (id, at) = (parent, *entries.list.get(parent as usize)?);
                }
            }
        };
        components.reverse();
        let base = self.bases().get(base as usize)?;
        Some((base.place.clone(), components))
    }

    pub fn entry_count(&self) -> u32 {
        // At most MAX_ENTRIES.
        self.entries.read().list.len() as u32
    }

    /// The entry's path on the wire.
    pub fn path(&self, id: u32) -> Option<String> {
        self.known(id).map(|(_, path)| path)
    }

    pub fn kind(&self, id: u32) -> Option<EntryKind> {
        self.entries.read().list.get(id as usize).map(|entry| entry.kind)
    }

    /// Bytes of a file; `None` for what is no file.
    pub fn file_size(&self, id: u32) -> Option<u64> {
        let entries = self.entries.read();
        let entry = entries.list.get(id as usize)?;
        (entry.kind == EntryKind::File).then_some(entry.size)
    }

    /// The root of a symbolic link: the BLAKE3 hash of the target that was sent.
    pub fn link_root(&self, id: u32) -> Option<[u8; 32]> {
        self.entries.read().link_roots.get(&id).copied()
    }

    pub(crate) fn bases(&self) -> &[Base] {
        self.bases.get().map_or(&[], Vec::as_slice)
    }

    /// Appends what the walk found and returns its id.
    pub(crate) fn add(&self, name: &str, added: &Added<'_>) -> Result<u32, FileError> {
        let Added { parent, kind, stat, .. } = *added;
        let mut entries = self.entries.write();
        let id = entries.list.len() as u32;
        let full = |why| Err(FileError::rule(ErrorClass::TooMuch, "send", name, why));
        if id == entries.most {
            return full("a transfer holds at most 4,194,304 files and folders; send it in parts");
        }
        if let Some(target) = added.target {
            entries.target_bytes += target.len();
            entries.link_roots.insert(id, link_root(target));
        }
        if let Some(way) = added.elsewhere {
            entries.elsewhere.insert(id, way.join("/").into());
        }
        if entries.names.bytes() + entries.target_bytes > MAX_NAME_BYTES {
            return full("the targets of all links together are too long");
        }
        let Ok(stored) = entries.names.push(name) else {
            return full("the names of all files together are too long");
        };
        entries.list.push(Entry {
            parent,
            name: stored,
            kind,
            size: size_of(kind, stat),
            fingerprint: Fingerprint::of(stat),
        });
        Ok(id)
    }

    fn known(&self, id: u32) -> Option<(Entry, String)> {
        let entries = self.entries.read();
        let entry = *entries.list.get(id as usize)?;
        let mut components = vec![entries.names.get(entry.name)];
        let mut at = entry;
        while let Parent::Entry(parent) = at.parent {
            at = *entries.list.get(parent as usize)?;
            components.push(entries.names.get(at.name));
        }
        components.reverse();
        Some((entry, components.join("/")))
    }
}

pub(crate) fn size_of(kind: EntryKind, stat: &Stat) -> u64 {
    match kind {
        EntryKind::File => stat.size,
        EntryKind::Folder | EntryKind::Link | EntryKind::HardLink => 0,
    }
}

/// The folder that holds the last file argument: `*.jpg` is thousands of files in one folder.
type LastFolder = Option<(PathBuf, Arc<NativeFolder>)>;

fn open_base(path: &Path, last: &mut LastFolder) -> Result<Base, FileError> {
    let shown = || path.to_string_lossy().into_owned();
    let fail = |error: &std::io::Error| FileError::new("send", shown(), error);
    let real = std::fs::canonicalize(path).map_err(|error| match std::fs::metadata(path) {
        // A pipe or socket that has no name of its own: `/dev/stdin`.
        Ok(metadata) if !metadata.is_dir() && !metadata.is_file() => no_file(path),
        _ => fail(&error),
    })?;
    let Some(own) = path.file_name().or(real.file_name()) else {
        let why = "it is the top of the file system and has no name; send what is in it";
        return Err(refuse(ErrorClass::Unsendable, path, why));
    };
    let checked = own.to_str().ok_or(PathFault::NotUtf8);
    let name = match checked.and_then(|name| check_component(name).map(|()| name)) {
        Ok(name) => name,
        Err(fault) => return Err(refuse(ErrorClass::Unsendable, path, hint(fault))),
    };
    let (folder, real_name) = match (real.parent(), real.file_name()) {
        (Some(parent), Some(real_name)) => (parent, real_name),
        // The top of the file system.
        _ => return Err(refuse(ErrorClass::Unsendable, path, "it has no name")),
    };
    let metadata = std::fs::symlink_metadata(&real).map_err(|error| fail(&error))?;
    let place = if metadata.is_dir() {
        let folder = NativeFolder::open(&real).map_err(|error| fail(&error))?;
        Place::Folder {
            folder: Arc::new(folder),
            real: real.as_path().into(),
        }
    } else if metadata.is_file() {
        let Some(real_name) = real_name.to_str() else {
            let why = "it is a link to a name that is not valid UTF-8; rename that";
            return Err(refuse(ErrorClass::Unsendable, path, why));
        };
        Place::File {
            folder: folder_of(folder, last).map_err(|error| fail(&error))?,
            name: real_name.to_owned(),
        }
    } else {
        // Never opened: a FIFO would wait for its other end, a device might do something.
        return Err(no_file(path));
    };
    if let Place::File { folder, name } = &place {
        folder.may_read(name).map_err(|error| fail(&error))?;
    }
    Ok(Base {
        name: name.to_owned(),
        place,
    })
}

fn no_file(path: &Path) -> FileError {
    refuse(ErrorClass::NotAFile, path, "it is neither a file nor a folder")
}

fn folder_of(path: &Path, last: &mut LastFolder) -> std::io::Result<Arc<NativeFolder>> {
    if let Some((known, folder)) = last
        && known == path
    {
        return Ok(Arc::clone(folder));
    }
    let folder = Arc::new(<NativeFolder as os::Folder>::open(path)?);
    *last = Some((path.to_owned(), Arc::clone(&folder)));
    Ok(folder)
}

/// Why a name cannot be sent, and what helps. Sending the folder instead would only leave the name out.
fn hint(fault: PathFault) -> &'static str {
    match fault {
        PathFault::NotUtf8 => "its name is not valid UTF-8, as names that are sent have to be; rename it",
        PathFault::ControlCharacter => "its name holds a control character, which cannot be sent; rename it",
        PathFault::DriveLetter => "its name begins like a drive of Windows, which cannot be sent; rename it",
        PathFault::ReservedPrefix => "names that begin with .ultra- belong to unfinished transfers; rename it",
        PathFault::TooLong | PathFault::TooDeep | PathFault::ComponentTooLong => "its name is too long; rename it",
        PathFault::EmptyComponent | PathFault::DotComponent => "it has no name of its own",
    }
}

fn refuse(class: ErrorClass, path: &Path, why: &'static str) -> FileError {
    FileError::rule(class, "send", path.to_string_lossy(), why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Walk;

    #[test]
    fn t10_a_tree_of_more_than_a_transfer_holds_ends_the_walk() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a", "b", "c"] {
            std::fs::write(folder.path().join(name), name).expect("a file");
        }
        let (source, mut walk) = Walk::open(&[folder.path().to_owned()]).expect("a walk");
        assert_eq!(source.entries.read().most, MAX_ENTRIES);
        source.entries.write().most = 3;
        let error = walk.next_page().expect_err("too many");
        assert_eq!(error.class, ErrorClass::TooMuch);
    }
}
