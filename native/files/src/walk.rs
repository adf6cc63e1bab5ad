//! The walk over what is sent: manifest pages, in a stable order, as the folders are read.

mod attributes;
mod listing;
mod look;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use self::attributes::Keeper;
use self::listing::Listing;
use self::look::{Content, FOLDER_ACLS, Item};
use crate::error::FileError;
use crate::extras::Preserve;
use crate::inodes::Inodes;
use crate::left_out::{LeftOut, Reason};
use crate::links::SentLinks;
use crate::os::{Folder, NativeFolder, Sizes};
use crate::page::{EntryKind, PageBuilder};
use crate::part::Kept;
use crate::path::SafePath;
use crate::requests::Requests;
use crate::source::{Parent, Source};
use crate::way::{Place, Purpose};

/// Levels that keep their folder open. Deeper trees open folders again on the way up, so that a tree of any depth fits in few
/// descriptors.
const OPEN_LEVELS: usize = 32;

/// What the user decided about what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkOptions {
    pub links: SentLinks,
    /// Other names of a file are sent as hard links to it, and not as files of their own.
    pub hardlinks: bool,
    /// What is sent besides mode and time.
    pub preserve: Preserve,
    /// A file that became longer after the walk saw it is sent up to the size that it had then.
    pub allow_growing: bool,
    /// How many levels of folders are entered: with 1 only the names in what was asked for.
    pub depth: usize,
}

impl Default for WalkOptions {
    fn default() -> Self {
        Self {
            links: SentLinks::default(),
            hardlinks: true,
            preserve: Preserve::default(),
            allow_growing: false,
            depth: usize::MAX,
        }
    }
}

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
    /// Until the first page.
    requests: Option<Requests>,
    options: WalkOptions,
    inodes: Inodes,
    /// What the size 0 says on the file system, by its number, that was asked last.
    sizes: Option<(u64, Sizes)>,
    keeper: Keeper,
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
    /// What the system calls it, by which a link back to it is known.
    node: (u64, u64),
    /// `None` while deeper levels need the descriptor.
    folder: Option<Arc<NativeFolder>>,
    listing: Listing,
}

impl Walk {
    /// [`Walk::open_with`] with the usual options.
    pub fn open(paths: &[PathBuf]) -> Result<(Arc<Source>, Self), FileError> {
        Self::open_with(paths, WalkOptions::default())
    }

    /// Takes the user's arguments: what will be sent, and the walk over it.
    pub fn open_with(paths: &[PathBuf], options: WalkOptions) -> Result<(Arc<Source>, Self), FileError> {
        let source = Source::open(paths, options.allow_growing)?;
        let walk = Self::new(&source, None, options);
        Ok((source, walk))
    }

    /// Takes what a peer asks for. It is looked for with the first page, as that may take its time.
    pub fn of_requests(requests: Requests, options: WalkOptions) -> (Arc<Source>, Self) {
        let source = Source::new(options.allow_growing, Purpose::Requested);
        let walk = Self::new(&source, Some(requests), options);
        (source, walk)
    }

    fn new(source: &Arc<Source>, requests: Option<Requests>, options: WalkOptions) -> Self {
        Self {
            source: Arc::clone(source),
            requests,
            options,
            inodes: Inodes::default(),
            sizes: None,
            keeper: Keeper::new(options.preserve),
            next_base: 0,
            levels: Vec::new(),
            builder: PageBuilder::new(),
            files: 0,
            size: 0,
            waiting: None,
            left_out: LeftOut::default(),
        }
    }

    /// The next page; `None` at the end. An error ends the walk: the transfer is too large.
    pub fn next_page(&mut self) -> Result<Option<Page>, FileError> {
        if let Some(requests) = self.requests.take() {
            self.source.set_bases(requests.find(&mut self.left_out)?);
        }
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

    /// Whether all that the user wants to keep could be read and sent so far.
    pub fn kept(&self) -> Kept {
        self.keeper.kept()
    }

    /// What was left out over the whole walk so far.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Puts an item into the page; gives it back if the page is full.
    fn put(&mut self, item: Item) -> Result<Option<Item>, FileError> {
        let path = match SafePath::parse(item.path.as_bytes()) {
            Ok(path) => path,
            Err(fault) => {
                self.left_out.add(fault.into(), item.path);
                return Ok(None);
            }
        };
        if !self.builder.push_with(&item.entry(path), &item.extras) {
            return Ok(Some(item));
        }
        let id = self.source.add(path.name(), &item.added())?;
        match item.content {
            Content::File { .. } => {
                self.files += 1;
                self.size = self.size.saturating_add(item.stat.size);
                if self.options.hardlinks {
                    self.inodes.remember(&item.stat, id);
                }
            }
            Content::Folder(folder, listing) => self.enter(Level {
                id,
                path: item.path,
                node: (item.stat.dev, item.stat.ino),
                folder: Some(folder),
                listing,
            }),
            Content::Link(_) => {}
            // Followed links lead to a file as often as there are links, so none of its names is the last one.
            Content::Again(_) if self.options.links == SentLinks::Follow => {}
            Content::Again(_) => self.inodes.met(&item.stat),
        }
        Ok(None)
    }

    fn enter(&mut self, level: Level) {
        if self.levels.len() >= self.options.depth {
            return;
        }
        self.levels.push(level);
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
                if item
                    .as_ref()
                    .is_none_or(|item| item.content.kind() != EntryKind::Folder)
                {
                    return Ok(item);
                }
                // It was a file when the user asked for it.
                self.left_out.add(Reason::Vanished, base_name);
                Ok(None)
            }
            Place::Folder { folder, .. } => {
                let fail = |error: &io::Error| FileError::new("read the folder", &*path, error);
                let stat = folder.stat_self().map_err(|error| fail(&error))?;
                let listing = self.list(&folder, &path).map_err(|error| fail(&error))?;
                Ok(Some(Item {
                    parent,
                    path,
                    stat,
                    extras: self.keeper.of_open(&stat, &*folder, &FOLDER_ACLS),
                    content: Content::Folder(folder, listing),
                    elsewhere: None,
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

    fn list(&mut self, folder: &NativeFolder, path: &str) -> io::Result<Listing> {
        // What is not entered need not be read.
        if self.levels.len() >= self.options.depth {
            return Ok(Listing::empty());
        }
        let left_out = &mut self.left_out;
        Listing::read(folder, &mut |name| {
            left_out.add(Reason::NotUtf8, format!("{path}/{name}"));
        })
    }

    /// The folder of the deepest level, opened again if it had to be closed.
    fn folder_of_last(&mut self) -> io::Result<Arc<NativeFolder>> {
        let level = self.levels.last_mut().ok_or(io::ErrorKind::NotFound)?;
        if let Some(folder) = &level.folder {
            return Ok(Arc::clone(folder));
        }
        let folder = self.source.open_folder(level.id)?;
        level.folder = Some(Arc::clone(&folder));
        Ok(folder)
    }
}
