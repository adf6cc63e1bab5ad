//! The walk over what is sent: manifest pages, in a stable order, as the folders are read.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::FileError;
use crate::left_out::{LeftOut, Reason};
use crate::os::{Folder, NativeFolder, NodeKind, Stat, Time};
use crate::page::{EntryKind, PageBuilder, PageEntry};
use crate::path::SafePath;
use crate::source::{Parent, Place, Source, fingerprint, size_of};

/// Levels that keep their folder open. Deeper trees open folders again on the way up, so that a tree of any depth fits in few
/// descriptors.
const OPEN_LEVELS: usize = 32;

/// Times that both languages hold exactly.
const MAX_SECS: i64 = (1 << 53) - 1;

/// A page of the manifest, ready for the wire.
#[derive(Debug)]
pub struct Page {
    /// The id of its first entry.
    pub first: u32,
    pub count: u16,
    /// The entries, as they follow `first` and `count` in the message.
    pub bytes: Vec<u8>,
    /// Files among its entries.
    pub files: u32,
    /// Bytes of these files.
    pub size: u64,
}

/// Walks depth first, folders before what is in them, names in the order of their bytes.
pub struct Walk {
    source: Arc<Source>,
    next_base: usize,
    levels: Vec<Level>,
    builder: PageBuilder,
    files: u32,
    size: u64,
    /// An entry that did not fit into the last page; its level is pushed once it is in.
    waiting: Option<Item>,
    left_out: LeftOut,
}

/// A folder that is being walked.
struct Level {
    id: u32,
    path: String,
    /// `None` while deeper levels need the descriptor.
    folder: Option<Arc<NativeFolder>>,
    listing: Listing,
}

/// The names of a folder, sorted, in one allocation.
struct Listing {
    text: String,
    spans: std::vec::IntoIter<(u32, u16)>,
}

/// Something to be sent.
struct Item {
    parent: Parent,
    path: String,
    stat: Stat,
    /// Set for folders: it can be read.
    folder: Option<(Arc<NativeFolder>, Listing)>,
}

impl Walk {
    /// Takes the user's arguments: what will be sent, and the walk over it.
    pub fn open(paths: &[PathBuf]) -> Result<(Arc<Source>, Self), FileError> {
        let source = Source::open(paths)?;
        let walk = Self {
            source: Arc::clone(&source),
            next_base: 0,
            levels: Vec::new(),
            builder: PageBuilder::new(),
            files: 0,
            size: 0,
            waiting: None,
            left_out: LeftOut::default(),
        };
        Ok((source, walk))
    }

    /// The next page; `None` at the end. An error ends the walk: the transfer is too large.
    pub fn next_page(&mut self) -> Result<Option<Page>, FileError> {
        let first = self.source.entry_count();
        while let Some(item) = self.next_item()? {
            if let Some(item) = self.put(item)? {
                self.waiting = Some(item);
                break;
            }
        }
        let (count, bytes) = self.builder.take();
        Ok((count > 0).then_some(Page {
            first,
            count,
            bytes,
            files: std::mem::take(&mut self.files),
            size: std::mem::take(&mut self.size),
        }))
    }

    /// What was left out over the whole walk so far.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Puts an item into the page; gives it back if the page is full.
    fn put(&mut self, item: Item) -> Result<Option<Item>, FileError> {
        let kind = match item.folder {
            Some(_) => EntryKind::Folder,
            None => EntryKind::File,
        };
        let size = size_of(kind, &item.stat);
        let path = match SafePath::parse(item.path.as_bytes()) {
            Ok(path) => path,
            Err(fault) => {
                self.left_out.add(fault.into(), item.path);
                return Ok(None);
            }
        };
        let entry = PageEntry {
            kind,
            size: Some(size),
            mode: item.stat.mode,
            mtime: Time {
                secs: item.stat.mtime.secs.clamp(-MAX_SECS, MAX_SECS),
                ..item.stat.mtime
            },
            fingerprint: fingerprint(&item.stat),
            path,
        };
        if !self.builder.push(&entry) {
            return Ok(Some(item));
        }
        let id = self.source.add(item.parent, path.name(), kind, &item.stat)?;
        if kind == EntryKind::File {
            self.files += 1;
            self.size = self.size.saturating_add(size);
        }
        if let Some((folder, listing)) = item.folder {
            self.enter(id, item.path, folder, listing);
        }
        Ok(None)
    }

    fn enter(&mut self, id: u32, path: String, folder: Arc<NativeFolder>, listing: Listing) {
        self.levels.push(Level {
            id,
            path,
            folder: Some(folder),
            listing,
        });
        let above = self.levels.len().checked_sub(OPEN_LEVELS + 1);
        if let Some(level) = above.and_then(|above| self.levels.get_mut(above)) {
            level.folder = None;
        }
    }

    fn next_item(&mut self) -> Result<Option<Item>, FileError> {
        if let Some(item) = self.waiting.take() {
            return Ok(Some(item));
        }
        loop {
            let Some(level) = self.levels.last_mut() else {
                match self.next_base()? {
                    Some(item) => return Ok(Some(item)),
                    None if self.next_base < self.source.bases().len() => continue,
                    None => return Ok(None),
                }
            };
            let Some(name) = level.listing.next() else {
                self.levels.pop();
                continue;
            };
            let parent = Parent::Entry(level.id);
            let path = format!("{}/{name}", level.path);
            if let Err(fault) = SafePath::parse(path.as_bytes()) {
                self.left_out.add(fault.into(), path);
                continue;
            }
            let Ok(folder) = self.folder_of_last() else {
                self.left_out.add(Reason::Unreadable, path);
                continue;
            };
            if let Some(item) = self.look(&folder, &name, parent, path) {
                return Ok(Some(item));
            }
        }
    }

    /// The next argument; `None` if it is left out, or there is none.
    fn next_base(&mut self) -> Result<Option<Item>, FileError> {
        let number = self.next_base;
        let Some(base) = self.source.bases().get(number) else {
            return Ok(None);
        };
        self.next_base += 1;
        let (path, base_name) = (base.name.clone(), base.name.clone());
        // A command line has fewer arguments than that.
        let parent = Parent::Base(number as u32);
        match base.place.clone() {
            Place::File { folder, name } => {
                let item = self.look(&folder, &name, parent, path);
                if item.as_ref().is_none_or(|item| item.folder.is_none()) {
                    return Ok(item);
                }
                // It was a file when the user asked for it.
                self.left_out.add(Reason::Vanished, base_name);
                Ok(None)
            }
            Place::Folder(folder) => {
                let fail = |error: &io::Error| FileError::new("read the folder", &*path, error);
                let stat = folder.stat_self().map_err(|error| fail(&error))?;
                let listing = self.list(&folder, &path).map_err(|error| fail(&error))?;
                let folder = Some((folder, listing));
                Ok(Some(Item {
                    parent,
                    path,
                    stat,
                    folder,
                }))
            }
        }
    }

    /// Looks at one name; what cannot be sent is counted as left out.
    fn look(&mut self, folder: &NativeFolder, name: &str, parent: Parent, path: String) -> Option<Item> {
        match self.examine(folder, name, parent, &path) {
            Ok(item) => Some(item),
            Err(why) => {
                self.left_out.add(why, path);
                None
            }
        }
    }

    fn examine(&mut self, folder: &NativeFolder, name: &str, parent: Parent, path: &str) -> Result<Item, Reason> {
        let stat = folder.stat(name).map_err(unreadable)?;
        let mut item = Item {
            parent,
            path: path.to_owned(),
            stat,
            folder: None,
        };
        match stat.kind {
            NodeKind::Link => return Err(Reason::Link),
            NodeKind::Special => return Err(Reason::Special),
            NodeKind::File => {
                // A file that all users may read needs no second call.
                if stat.mode & 0o444 != 0o444 {
                    folder.may_read(name).map_err(unreadable)?;
                }
            }
            NodeKind::Folder => {
                let child = folder.open_folder(name).map_err(unreadable)?;
                // What was opened counts: the name may stand for another folder since.
                item.stat = child.stat_self().map_err(unreadable)?;
                let listing = self.list(&child, path).map_err(unreadable)?;
                item.folder = Some((Arc::new(child), listing));
            }
        }
        Ok(item)
    }

    fn list(&mut self, folder: &NativeFolder, path: &str) -> io::Result<Listing> {
        let left_out = &mut self.left_out;
        Listing::read(folder, &mut |name| {
            left_out.add(Reason::NotUtf8, format!("{path}/{name}"));
        })
    }

    /// The folder of the deepest level, opened again if it had to be closed.
    fn folder_of_last(&mut self) -> io::Result<Arc<NativeFolder>> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let level = self.levels.last_mut().ok_or_else(missing)?;
        if let Some(folder) = &level.folder {
            return Ok(Arc::clone(folder));
        }
        let (base, below) = self.source.place_of(level.id).ok_or_else(missing)?;
        let Place::Folder(mut folder) = base else {
            return Err(missing());
        };
        for component in &below {
            folder = Arc::new(folder.open_folder(component)?);
        }
        level.folder = Some(Arc::clone(&folder));
        Ok(folder)
    }
}

impl Listing {
    /// Reads the names of a folder; those that are not UTF-8 go to `unsendable`, lossy.
    fn read(folder: &NativeFolder, unsendable: &mut dyn FnMut(String)) -> io::Result<Self> {
        let mut text = String::new();
        let mut spans = Vec::new();
        let mut too_large = false;
        folder.list(&mut |name| match std::str::from_utf8(name) {
            Ok(name) => match (u32::try_from(text.len()), u16::try_from(name.len())) {
                (Ok(start), Ok(len)) => {
                    text.push_str(name);
                    spans.push((start, len));
                }
                _ => too_large = true,
            },
            Err(_) => unsendable(String::from_utf8_lossy(name).into_owned()),
        })?;
        if too_large {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        spans.sort_unstable_by(|a, b| slice(&text, *a).cmp(slice(&text, *b)));
        let spans = spans.into_iter();
        Ok(Self { text, spans })
    }

    fn next(&mut self) -> Option<String> {
        let span = self.spans.next()?;
        Some(slice(&self.text, span).to_owned())
    }
}

fn slice(text: &str, (start, len): (u32, u16)) -> &str {
    let start = start as usize;
    // Spans are made together with the text.
    text.get(start..start + usize::from(len)).unwrap_or_default()
}

fn unreadable(error: io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::NotFound => Reason::Vanished,
        _ => Reason::Unreadable,
    }
}
