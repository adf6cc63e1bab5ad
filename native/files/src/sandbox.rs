//! The receiver's folder, which no name can leave.
//!
//! Every path is walked component by component on held descriptors, without following links. A parent that is swapped for a
//! link between two steps is an error or still the folder that it was; it never leads elsewhere (rsync's rule after its 2026
//! advisories). What was created is remembered, so that a refused transfer removes exactly that.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::create_last::{create_last, take_back};
use crate::error::{ErrorClass, FileError};
use crate::os::{Errors, Folder, NativeFolder, NodeKind, Process, Stat, System};
use crate::part::durable;
use crate::path::SafePath;
use crate::run_record::{MadeFolder, PRIVATE, RunRecord};

/// Folders kept open for the next entry. Entries come folder by folder, so a few levels are enough; each costs a descriptor.
const CACHED_FOLDERS: usize = 16;

/// A held folder and all below it.
pub struct Root<F: Folder = NativeFolder> {
    top: Arc<F>,
    /// Its path as the user wrote it, for messages.
    shown: String,
    /// Most recently used last.
    cache: Mutex<Vec<Cached<F>>>,
    created: Mutex<BTreeMap<String, Created>>,
    /// Folders whose modes were changed so that something could be put into them.
    pub(crate) opened: Mutex<BTreeMap<String, Opened>>,
    /// The same as it was given.
    pub(crate) dir: PathBuf,
    /// `open` has made it.
    is_top_made: bool,
    /// Says which folders were made, for a later run.
    pub(crate) record: RunRecord<F>,
    /// Nothing waits for the disk, as the user wants it.
    pub(crate) no_sync: bool,
}

/// A folder that is kept open.
struct Cached<F> {
    path: String,
    folder: Arc<F>,
    /// What can be done so that this user may create things in it was done.
    writable: bool,
}

/// A folder that this process made.
struct Created {
    dev: u64,
    ino: u64,
    /// Something was committed in it: it stays.
    kept: bool,
    /// An earlier run of the same transfer made it.
    is_taken_up: bool,
    /// Its name is durable in its parent.
    synced: bool,
}

/// A folder whose mode was changed (`open_up.rs`).
pub(crate) struct Opened {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    /// Its mode before.
    pub(crate) mode: u16,
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
    /// A component that leads to the path is a link, or no folder.
    NoFolder,
    /// The system did not let it be looked at.
    Unknown,
}

impl Root<NativeFolder> {
    /// Holds the folder that the user named; `create` makes it, but none above it, if it is missing.
    pub fn open(dir: &Path, create: bool) -> Result<Self, FileError> {
        Self::open_on(dir, create)
    }
}

impl<F: Folder> Root<F> {
    /// [`Root::open`] on another system than the real one.
    pub fn open_on(dir: &Path, create: bool) -> Result<Self, FileError> {
        let shown = dir.to_string_lossy().into_owned();
        let fail = |doing, error: &io::Error| FileError::new(doing, shown.clone(), error);
        let is_made = create && create_last(dir).map_err(|error| fail("create the folder", &error))?;
        let top = F::open(dir).map_err(|error| fail("open the folder", &error))?;
        Ok(Self {
            top: Arc::new(top),
            shown,
            cache: Mutex::default(),
            created: Mutex::default(),
            opened: Mutex::default(),
            dir: dir.to_owned(),
            is_top_made: is_made,
            record: RunRecord::default(),
            no_sync: false,
        })
    }

    pub(crate) fn top(&self) -> &F {
        &self.top
    }

    /// The root's path as the user wrote it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Opens a folder below the root (`None`: the root itself). `create` makes what is missing, for this user alone, and lets the user
    /// create things in it.
    pub fn open_folder(&self, path: Option<SafePath<'_>>, create: bool) -> Result<Arc<F>, FileError> {
        let folder = self.reach(path, create)?;
        if let Some(path) = path.filter(|path| create && !self.is_writable(*path)) {
            self.open_up(path, &folder);
            self.set_writable(path);
        }
        Ok(folder)
    }

    /// Makes a folder if it is missing. Whether anything can be created in it does not matter yet.
    pub(crate) fn make_folder(&self, path: SafePath<'_>) -> Result<(), FileError> {
        self.reach(Some(path), true).map(|_| ())
    }

    fn reach(&self, path: Option<SafePath<'_>>, create: bool) -> Result<Arc<F>, FileError> {
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
        // Held until the folder is noted: who opens it before would take it for one that others made, and it would stay private.
        let mut all = self.created.lock();
        // Another thread made it while this one waited for its turn: its name becomes durable with the others of this run.
        if all.contains_key(at)
            && let Ok(folder) = parent.open_folder(name)
        {
            return Ok(folder);
        }
        self.record.make(&self.top)?;
        self.record.note(at, None)?;
        let mut made = parent.create_folder(name);
        if made
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
            && let Some((above, _)) = at.rsplit_once('/')
        {
            self.open_up(SafePath::of_components(above), parent);
            made = parent.create_folder(name);
        }
        match made {
            // Another process was faster: its folder is as good, unless it is a link, which does not open. Nobody else here makes its name
            // durable.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let folder = parent.open_folder(name)?;
                if !self.no_sync {
                    durable(parent.sync())?;
                }
                return Ok(folder);
            }
            result => result?,
        }
        let folder = parent.open_folder(name).inspect_err(|_| {
            // It would be in no record: not made durable, not given its mode, not taken back.
            let _ = parent.remove_folder(name);
        })?;
        let stat = folder.stat_self()?;
        self.record.note(at, Some(stat.ino)).inspect_err(|_| {
            let _ = parent.remove_folder(name);
        })?;
        let created = Created {
            dev: stat.dev,
            ino: stat.ino,
            kept: false,
            is_taken_up: false,
            synced: false,
        };
        all.insert(at.to_owned(), created);
        Ok(folder)
    }

    /// Takes a folder that an earlier run of the same transfer made for one of this process, if it is still that one. What is in it stays.
    pub(crate) fn adopt(&self, made: &MadeFolder) {
        let Ok(path) = SafePath::parse(made.path.as_bytes()) else {
            return;
        };
        let Ok(folder) = self.descend(Some(path), false) else {
            return;
        };
        let Ok(stat) = folder.stat_self() else { return };
        // It was as private as this when it was made, and nothing was put into it before that was noted.
        let is_new = || stat.uid == System::user() && stat.mode == PRIVATE && is_empty(&*folder);
        if made.can_be(&*folder, &stat, true) && (made.inode.is_some() || is_new()) {
            let created = Created {
                dev: stat.dev,
                ino: stat.ino,
                kept: true,
                is_taken_up: true,
                synced: false,
            };
            self.created.lock().insert(made.path.clone(), created);
        }
    }

    /// Whether a folder was made by this process, and not by an earlier one.
    pub(crate) fn is_new(&self, path: &str) -> bool {
        self.created
            .lock()
            .get(path)
            .is_some_and(|created| !created.is_taken_up)
    }

    /// Whether folders stay that this process made, or took up.
    pub(crate) fn has_made_folders(&self) -> bool {
        !self.created.lock().is_empty()
    }

    /// Folders are looked up by their names again.
    pub(crate) fn forget_folders(&self) {
        self.cache.lock().clear();
    }

    /// The folder of the longest prefix of `path` that is still open, and its number of components.
    fn deepest_cached(&self, path: SafePath<'_>) -> (Arc<F>, usize) {
        let mut cache = self.cache.lock();
        let mut best: Option<(usize, usize)> = None;
        for (index, cached) in cache.iter().enumerate() {
            let len = cached.path.len();
            if path.starts_with(&cached.path) && best.is_none_or(|(_, best)| len > best) {
                best = Some((index, len));
            }
        }
        let Some((index, _)) = best else {
            return (Arc::clone(&self.top), 0);
        };
        let hit = cache.remove(index);
        let folder = Arc::clone(&hit.folder);
        let depth = hit.path.split('/').count();
        cache.push(hit);
        (folder, depth)
    }

    fn remember(&self, at: &str, folder: &Arc<F>) {
        let mut cache = self.cache.lock();
        cache.retain(|cached| cached.path != at);
        if cache.len() >= CACHED_FOLDERS {
            cache.remove(0);
        }
        cache.push(Cached {
            path: at.to_owned(),
            folder: Arc::clone(folder),
            writable: false,
        });
    }

    fn is_writable(&self, path: SafePath<'_>) -> bool {
        // It was just used, so it is the last one.
        let cache = self.cache.lock();
        let cached = cache.iter().rev().find(|cached| cached.path == path.as_str());
        cached.is_some_and(|cached| cached.writable)
    }

    fn set_writable(&self, path: SafePath<'_>) {
        let mut cache = self.cache.lock();
        let cached = cache.iter_mut().rev().find(|cached| cached.path == path.as_str());
        if let Some(cached) = cached {
            cached.writable = true;
        }
    }

    /// Folders are looked at again before something is created in them.
    pub(crate) fn forget_writable(&self) {
        for cached in self.cache.lock().iter_mut() {
            cached.writable = false;
        }
    }

    /// Looks at a path without following anything or creating anything.
    pub(crate) fn look(&self, path: SafePath<'_>) -> Found {
        let folder = match self.descend(path.parent(), false) {
            Ok(folder) => folder,
            Err(Blocked { error, .. }) => {
                return match error.kind() {
                    io::ErrorKind::NotFound => Found::Nothing,
                    _ if System::is_no_folder(&error) => Found::NoFolder,
                    _ => Found::Unknown,
                };
            }
        };
        match folder.stat(path.name()) {
            Ok(stat) => Found::Node(stat),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Nothing,
            Err(_) => Found::Unknown,
        }
    }

    /// Where the link at a path leads; `None` if no link is there.
    pub(crate) fn read_link(&self, path: SafePath<'_>) -> Option<String> {
        let folder = self.descend(path.parent(), false).ok()?;
        String::from_utf8(folder.read_link(path.name()).ok()?).ok()
    }

    /// All folders that this process made and that stay, deepest first.
    pub(crate) fn kept(&self) -> Vec<String> {
        let created = self.created.lock();
        let kept = created.iter().filter(|(_, created)| created.kept);
        kept.rev().map(|(path, _)| path.clone()).collect()
    }

    /// Opens a folder that this process made; `None` if it is another one by now.
    pub(crate) fn reopen_created(&self, path: SafePath<'_>) -> io::Result<Option<Arc<F>>> {
        let folder = self.descend(Some(path), false).map_err(|blocked| blocked.error)?;
        let stat = folder.stat_self()?;
        // Looked up only now: what another thread has just made is noted before it can be opened and this lock be had.
        let made = |created: &Created| (created.dev, created.ino);
        let made = self.created.lock().get(path.as_str()).map(made);
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

    /// The folders that this process made and whose names are not durable yet.
    pub(crate) fn unsynced(&self) -> Vec<String> {
        let created = self.created.lock();
        let unsynced = created.iter().filter(|(_, created)| !created.synced);
        unsynced.map(|(path, _)| path.clone()).collect()
    }

    /// The names of these folders are durable.
    pub(crate) fn set_synced(&self, paths: &[String]) {
        let mut created = self.created.lock();
        for path in paths {
            if let Some(folder) = created.get_mut(path) {
                folder.synced = true;
            }
        }
    }

    /// Makes the names of new folders durable; what holds several of them is synced once.
    pub(crate) fn sync_created(&self, paths: &[String]) -> io::Result<()> {
        let holders: BTreeSet<Option<&str>> = paths
            .iter()
            .map(|path| path.rsplit_once('/').map(|(holder, _)| holder))
            .collect();
        for holder in holders {
            let folder = self.descend(holder.map(SafePath::of_components), false);
            folder.map_err(|blocked| blocked.error)?.sync()?;
        }
        self.set_synced(paths);
        Ok(())
    }

    /// Whether a folder lies on the root's own file system.
    pub(crate) fn is_on_same_disk(&self, folder: &F) -> bool {
        let disk = |folder: &F| folder.stat_self().map(|stat| stat.dev);
        matches!((disk(&self.top), disk(folder)), (Ok(one), Ok(other)) if one == other)
    }

    /// Removes the folders that this process made and in which nothing was committed.
    ///
    /// Only empty ones go, and only those that are still the ones it made; what cannot be removed stays, silently.
    pub(crate) fn remove_created(&self) {
        self.forget_folders();
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
        // What cannot be closed again stays as it is: nobody is left to tell.
        self.close_again();
        self.forget_folders();
        if self.is_top_made && !anything_kept {
            take_back(&self.dir, self.top());
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

fn blocked_error(shown: &str, error: &io::Error) -> FileError {
    if System::is_no_folder(error) {
        let why = "it is a link or a file, not a folder";
        return FileError {
            errno: error.raw_os_error(),
            ..FileError::rule(ErrorClass::NotAFile, "open the folder", shown, why)
        };
    }
    FileError::new("open the folder", shown, error)
}

fn is_empty<F: Folder>(folder: &F) -> bool {
    let mut is_empty = true;
    folder.list(&mut |_| is_empty = false).is_ok() && is_empty
}
