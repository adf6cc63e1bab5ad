//! The receiver's folder, which no name can leave.
//!
//! Every path is walked component by component on held descriptors, without following links. A parent that is swapped for a
//! link between two steps is an error or still the folder that it was; it never leads elsewhere (rsync's rule after its 2026
//! advisories). What was created is remembered, so that a refused transfer removes exactly that.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{ErrorClass, FileError};
use crate::os::{Errors, Folder, NativeFolder, NodeKind, Stat, System};
use crate::path::SafePath;

/// Folders kept open for the next entry. Entries come folder by folder, so a few levels are enough; each costs a descriptor.
const CACHED_FOLDERS: usize = 32;

/// A held folder and all below it.
pub struct Root<F: Folder = NativeFolder> {
    top: Arc<F>,
    /// Its path as the user wrote it, for messages.
    shown: String,
    /// Most recently used last.
    cache: Mutex<Vec<(String, Arc<F>)>>,
    created: Mutex<BTreeMap<String, Created>>,
    /// What `open` created to have a folder at all; outermost first.
    created_above: Vec<PathBuf>,
}

/// A folder that this process made.
struct Created {
    dev: u64,
    ino: u64,
    /// Something was committed in it: it stays.
    kept: bool,
    /// Its name is durable in its parent.
    synced: bool,
}

/// Where a walk ended, and why.
pub(crate) struct Blocked {
    /// Components that were opened before.
    pub(crate) depth: usize,
    pub(crate) error: io::Error,
}

/// Who made a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// It is not there, or something else is on the way, which its own check finds.
    NotYet,
    ByUs,
    ByOthers,
}

/// What stands at a path.
pub(crate) enum Found {
    Nothing,
    Node(Stat),
    /// The component after `depth` others is no folder but leads to the path.
    NoFolder {
        depth: usize,
    },
    Unknown(io::Error),
}

impl Root<NativeFolder> {
    /// Holds the folder that the user named; `create` makes it, and its parents, if it is missing.
    pub fn open(dir: &Path, create: bool) -> Result<Self, FileError> {
        Self::open_on(dir, create)
    }
}

impl<F: Folder> Root<F> {
    /// [`Root::open`] on another system than the real one.
    pub fn open_on(dir: &Path, create: bool) -> Result<Self, FileError> {
        let shown = dir.to_string_lossy().into_owned();
        let fail = |doing, error: &io::Error| FileError::new(doing, shown.clone(), error);
        let mut created_above = Vec::new();
        if create {
            create_missing(dir, &mut created_above).map_err(|error| fail("create the folder", &error))?;
        }
        let top = F::open(dir).map_err(|error| fail("open the folder", &error))?;
        Ok(Self {
            top: Arc::new(top),
            shown,
            cache: Mutex::default(),
            created: Mutex::default(),
            created_above,
        })
    }

    pub(crate) fn top(&self) -> &F {
        &self.top
    }

    /// The root's path as the user wrote it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Opens a folder below the root (`None`: the root itself); `create` makes what is missing, for this user alone.
    pub fn open_folder(&self, path: Option<SafePath<'_>>, create: bool) -> Result<Arc<F>, FileError> {
        self.descend(path, create).map_err(|blocked| {
            let shown = path.map_or(self.shown.as_str(), |path| path.prefix(blocked.depth + 1));
            blocked_error(shown, &blocked.error)
        })
    }

    pub(crate) fn descend(&self, path: Option<SafePath<'_>>, create: bool) -> Result<Arc<F>, Blocked> {
        let Some(path) = path else {
            return Ok(Arc::clone(&self.top));
        };
        let (mut folder, known) = self.deepest_cached(path);
        for (depth, name) in path.components().enumerate().skip(known) {
            let at = path.prefix(depth + 1);
            folder = Arc::new(
                self.step(&folder, name, at, create)
                    .map_err(|error| Blocked { depth, error })?,
            );
            self.remember(at, &folder);
        }
        Ok(folder)
    }

    fn step(&self, parent: &F, name: &str, at: &str, create: bool) -> io::Result<F> {
        match parent.open_folder(name) {
            Err(error) if create && error.kind() == io::ErrorKind::NotFound => {}
            result => return result,
        }
        match parent.create_folder(name) {
            // Another process was faster: its folder is as good, unless it is a link, which does not open.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return parent.open_folder(name);
            }
            result => result?,
        }
        let folder = parent.open_folder(name)?;
        let stat = folder.stat_self()?;
        let created = Created {
            dev: stat.dev,
            ino: stat.ino,
            kept: false,
            synced: false,
        };
        self.created.lock().insert(at.to_owned(), created);
        Ok(folder)
    }

    /// The folder of the longest prefix of `path` that is still open, and its number of components.
    fn deepest_cached(&self, path: SafePath<'_>) -> (Arc<F>, usize) {
        let mut cache = self.cache.lock();
        let mut best: Option<(usize, usize)> = None;
        for (index, (cached, _)) in cache.iter().enumerate() {
            let len = cached.len();
            if path.starts_with(cached) && best.is_none_or(|(_, best)| len > best) {
                best = Some((index, len));
            }
        }
        let Some((index, _)) = best else {
            return (Arc::clone(&self.top), 0);
        };
        let hit = cache.remove(index);
        let folder = Arc::clone(&hit.1);
        let depth = hit.0.split('/').count();
        cache.push(hit);
        (folder, depth)
    }

    fn remember(&self, at: &str, folder: &Arc<F>) {
        let mut cache = self.cache.lock();
        cache.retain(|(cached, _)| cached != at);
        if cache.len() >= CACHED_FOLDERS {
            cache.remove(0);
        }
        cache.push((at.to_owned(), Arc::clone(folder)));
    }

    /// Looks at a path without following anything or creating anything.
    pub(crate) fn look(&self, path: SafePath<'_>) -> Found {
        let folder = match self.descend(path.parent(), false) {
            Ok(folder) => folder,
            Err(Blocked { depth, error }) => {
                return match error.kind() {
                    io::ErrorKind::NotFound => Found::Nothing,
                    _ if System::is_no_folder(&error) => Found::NoFolder { depth },
                    _ => Found::Unknown(error),
                };
            }
        };
        match folder.stat(path.name()) {
            Ok(stat) => Found::Node(stat),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Nothing,
            Err(error) => Found::Unknown(error),
        }
    }

    /// All folders that this process made and that stay, deepest first.
    pub(crate) fn kept(&self) -> Vec<String> {
        let created = self.created.lock();
        let kept = created.iter().filter(|(_, created)| created.kept);
        kept.rev().map(|(path, _)| path.clone()).collect()
    }

    /// Opens a folder that this process made; `None` if it is another one by now.
    pub(crate) fn reopen_created(&self, path: SafePath<'_>) -> io::Result<Option<Arc<F>>> {
        let made = |created: &Created| (created.dev, created.ino);
        let made = self.created.lock().get(path.as_str()).map(made);
        let folder = self.descend(Some(path), false).map_err(|blocked| blocked.error)?;
        let stat = folder.stat_self()?;
        Ok((made == Some((stat.dev, stat.ino))).then_some(folder))
    }

    /// Who made the folder that is at a path now.
    pub(crate) fn made(&self, path: SafePath<'_>) -> Made {
        match self.reopen_created(path) {
            Ok(Some(_)) => Made::ByUs,
            Ok(None) => Made::ByOthers,
            Err(error) if error.kind() == io::ErrorKind::NotFound || System::is_no_folder(&error) => Made::NotYet,
            // Nothing of ours refuses to be opened.
            Err(_) => Made::ByOthers,
        }
    }

    /// Something was committed in the folder: it and those above it stay.
    pub(crate) fn keep(&self, path: Option<SafePath<'_>>) {
        let mut created = self.created.lock();
        let mut at = path;
        while let Some(path) = at {
            match created.get_mut(path.as_str()) {
                Some(folder) if !folder.kept => folder.kept = true,
                // What is above a folder that stays, or that was there before, stays already.
                _ => return,
            }
            at = path.parent();
        }
    }

    /// Makes the names of new folders on the way to `path` durable, each once.
    pub(crate) fn sync_new(&self, path: Option<SafePath<'_>>) -> io::Result<()> {
        let mut at = path;
        while let Some(path) = at {
            let new = |created: &Created| !created.synced;
            if !self.created.lock().get(path.as_str()).is_some_and(new) {
                return Ok(());
            }
            at = path.parent();
            let parent = self.descend(at, false).map_err(|blocked| blocked.error)?;
            parent.sync()?;
            if let Some(created) = self.created.lock().get_mut(path.as_str()) {
                created.synced = true;
            }
        }
        Ok(())
    }

    /// Removes the folders that this process made and in which nothing was committed.
    ///
    /// Only empty ones go, and only those that are still the ones it made; what cannot be removed stays, silently.
    pub(crate) fn remove_created(&self) {
        self.cache.lock().clear();
        let created = std::mem::take(&mut *self.created.lock());
        let mut anything_kept = false;
        // A path sorts after its prefixes, so this is deepest first.
        for (path, created) in created.iter().rev() {
            if created.kept {
                anything_kept = true;
            } else {
                self.remove_if_ours(SafePath::of_components(path), created);
            }
        }
        self.cache.lock().clear();
        if !anything_kept {
            for path in self.created_above.iter().rev() {
                // Fails where something else is in it by now.
                let _ = std::fs::remove_dir(path);
            }
        }
    }

    fn remove_if_ours(&self, path: SafePath<'_>, created: &Created) {
        let Ok(parent) = self.descend(path.parent(), false) else {
            return;
        };
        if let Ok(stat) = parent.stat(path.name())
            && stat.kind == NodeKind::Folder
            && (stat.dev, stat.ino) == (created.dev, created.ino)
        {
            let _ = parent.remove_folder(path.name());
        }
    }
}

pub(crate) fn blocked_error(shown: &str, error: &io::Error) -> FileError {
    if System::is_no_folder(error) {
        let why = "it is a link or a file, not a folder";
        return FileError {
            errno: error.raw_os_error(),
            ..FileError::rule(ErrorClass::NotAFile, "open the folder", shown, why)
        };
    }
    FileError::new("open the folder", shown, error)
}

/// `create_dir_all` that tells what it created.
fn create_missing(dir: &Path, created: &mut Vec<PathBuf>) -> io::Result<()> {
    // The empty parent of a relative path is the current folder.
    if dir.as_os_str().is_empty() || dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent();
    if let Some(parent) = parent {
        create_missing(parent, created)?;
    }
    match std::fs::create_dir(dir) {
        Ok(()) => created.push(dir.to_owned()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
        Err(error) => return Err(error),
    }
    // Best effort: a file system that cannot sync a folder is found out at the first commit.
    let parent = parent.filter(|parent| !parent.as_os_str().is_empty());
    let _ = std::fs::File::open(parent.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
    Ok(())
}
