//! The sender's side: what the user asked to send, by entry id, and files opened for reading.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::error::{ErrorClass, FileError};
use crate::names::{Name, Names};
use crate::os::{File, Folder, NativeFile, NativeFolder, NodeKind, Stat, Time};
use crate::page::EntryKind;
use crate::path::{PathFault, check_component};
use crate::{MAX_ENTRIES, os};

/// Everything that one transfer sends. The walk appends entries while other threads open those that are known.
pub struct Source {
    bases: Vec<Base>,
    entries: RwLock<Entries>,
}

/// One argument of the user.
pub(crate) struct Base {
    /// What it is called in the transfer.
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// Where an argument is, held by descriptor: renaming what leads to it changes nothing.
#[derive(Clone)]
pub(crate) enum Place {
    Folder(Arc<NativeFolder>),
    /// A file by its real name in its folder. The file itself is opened when it is sent: there may be thousands.
    File {
        folder: Arc<NativeFolder>,
        name: String,
    },
}

#[derive(Default)]
struct Entries {
    names: Names,
    list: Vec<Entry>,
}

/// Kept for each entry; the path is put together from the parents.
#[derive(Clone, Copy)]
struct Entry {
    parent: Parent,
    name: Name,
    kind: EntryKind,
    size: u64,
    fingerprint: [u8; 16],
}

/// What an entry lies in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parent {
    /// It is the argument of this number itself.
    Base(u32),
    Entry(u32),
}

/// An open source file, as it was when it was opened.
pub struct SourceFile {
    file: NativeFile,
    opened: Stat,
    path: String,
}

impl Source {
    /// Takes the user's arguments.
    ///
    /// Each becomes a top-level entry with the argument's own last component as its name, or the folder's real name for `.`,
    /// `..` and the like. A link is followed here, and only here: it is what the user asked for.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Arc<Self>, FileError> {
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
        Ok(Arc::new(Self {
            bases,
            entries: RwLock::default(),
        }))
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
        if fingerprint(&opened) != entry.fingerprint {
            let why = "it changed after the transfer was planned";
            return Err(rule(ErrorClass::Changed, why));
        }
        // Files of /proc say 0 and hold something: sending nothing would look like success.
        if opened.size == 0 && matches!(file.read_some_at(0, &mut [0]), Ok(1)) {
            let why = "it holds more than its size says";
            return Err(rule(ErrorClass::Changed, why));
        }
        file.will_read_in_order();
        Ok(SourceFile { file, opened, path })
    }

    /// Opens what an entry's path leads to, component by component, without following links.
    fn open_plain(&self, id: u32) -> std::io::Result<NativeFile> {
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let (base, below) = self.place_of(id).ok_or_else(missing)?;
        let mut folder = match base {
            Place::File { folder, name } => return folder.open_file(&name),
            Place::Folder(folder) => folder,
        };
        let (name, way) = below.split_last().ok_or(std::io::ErrorKind::IsADirectory)?;
        for component in way {
            folder = Arc::new(folder.open_folder(component)?);
        }
        folder.open_file(name)
    }

    /// The argument that an entry belongs to, and the components below it.
    pub(crate) fn place_of(&self, id: u32) -> Option<(Place, Vec<String>)> {
        let entries = self.entries.read();
        let mut components = Vec::new();
        let mut at = *entries.list.get(id as usize)?;
        let base = loop {
            match at.parent {
                Parent::Base(base) => break base,
                Parent::Entry(parent) => {
                    components.push(entries.names.get(at.name).to_owned());
                    at = *entries.list.get(parent as usize)?;
                }
            }
        };
        components.reverse();
        let base = self.bases.get(base as usize)?;
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

    pub fn size(&self, id: u32) -> Option<u64> {
        self.entries.read().list.get(id as usize).map(|entry| entry.size)
    }

    pub(crate) fn bases(&self) -> &[Base] {
        &self.bases
    }

    /// Appends what the walk found and returns its id.
    pub(crate) fn add(&self, parent: Parent, name: &str, kind: EntryKind, stat: &Stat) -> Result<u32, FileError> {
        let mut entries = self.entries.write();
        let id = entries.list.len() as u32;
        let full = |why| Err(FileError::rule(ErrorClass::Unsendable, "send", name, why));
        if id == MAX_ENTRIES {
            return full("a transfer holds at most 1,000,000 files and folders");
        }
        let Ok(stored) = entries.names.push(name) else {
            return full("the names of all files together are too long");
        };
        entries.list.push(Entry {
            parent,
            name: stored,
            kind,
            size: size_of(kind, stat),
            fingerprint: fingerprint(stat),
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

impl SourceFile {
    /// Makes reads come from the disk and not from memory, as far as the system does that: for measurements.
    pub fn forget_cached(&self) {
        self.file.forget_cached();
    }

    /// Fills `bytes` from `offset` on. A file that ends before has shrunk: nothing is padded.
    pub fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<(), FileError> {
        self.file.read_all_at(offset, bytes).map_err(|error| {
            if error.kind() == std::io::ErrorKind::UnexpectedEof {
                return self.changed("it became shorter while it was sent");
            }
            FileError::new("read", &*self.path, &error)
        })
    }

    /// Whether the file is still the one that was opened: everything read from it belongs together.
    pub fn check_unchanged(&self) -> Result<(), FileError> {
        let stat = self.file.stat();
        let now = stat.map_err(|error| FileError::new("read", &*self.path, &error))?;
        let same = now.size == self.opened.size && now.mtime == self.opened.mtime;
        // Losing its last name changes the ctime, but no byte.
        let unlinked = now.links == 0 && self.opened.links > 0;
        if same && (now.ctime == self.opened.ctime || unlinked) {
            return Ok(());
        }
        Err(self.changed("it changed while it was sent"))
    }

    fn changed(&self, why: &'static str) -> FileError {
        FileError::rule(ErrorClass::Changed, "send", &*self.path, why)
    }
}

/// 16 bytes that change when the file is another one or was touched. `ctime` cannot be set back.
pub(crate) fn fingerprint(stat: &Stat) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for number in [stat.dev, stat.ino, stat.size] {
        hasher.update(&number.to_le_bytes());
    }
    for Time { secs, nanos } in [stat.mtime, stat.ctime] {
        hasher.update(&secs.to_le_bytes());
        hasher.update(&nanos.to_le_bytes());
    }
    let hash = hasher.finalize();
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

pub(crate) fn size_of(kind: EntryKind, stat: &Stat) -> u64 {
    match kind {
        EntryKind::File => stat.size,
        EntryKind::Folder => 0,
    }
}

/// The folder that holds the last file argument: `*.jpg` is thousands of files in one folder.
type LastFolder = Option<(PathBuf, Arc<NativeFolder>)>;

fn open_base(path: &Path, last: &mut LastFolder) -> Result<Base, FileError> {
    let shown = || path.to_string_lossy().into_owned();
    let fail = |error: &std::io::Error| FileError::new("send", shown(), error);
    let real = std::fs::canonicalize(path).map_err(|error| fail(&error))?;
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
        Place::Folder(Arc::new(NativeFolder::open(&real).map_err(|error| fail(&error))?))
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
        let why = "it is neither a file nor a folder";
        return Err(refuse(ErrorClass::NotAFile, path, why));
    };
    if let Place::File { folder, name } = &place {
        folder.may_read(name).map_err(|error| fail(&error))?;
    }
    Ok(Base {
        name: name.to_owned(),
        place,
    })
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
        PathFault::Backslash => "its name holds a backslash, which cannot be sent; rename it",
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
