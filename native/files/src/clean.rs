//! What transfers left in folders when they were killed: found by the names that are ours, and removed if the user says so.
//!
//! Nothing is removed that a running process has locked. A part of a large file belongs to the journal beside it; small parts, and those without
//! a journal, belong to the records of the runs in their folder or one above; with a record go the folders that its run made, where they are empty
//! (`clean_folders.rs`). A previous version of a file goes only where a file has its name.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use crate::clean_folders::let_go;
use crate::error::FileError;
use crate::os::{Errors, File, Folder, NativeFolder, NodeKind, Stat, System};
use crate::path::MAX_DEPTH;
use crate::reserved::{FileId, MOST_SWAPS, Reserved, RunId};
use crate::run_record::{MadeFolder, folders_in};
use crate::trial::remove_tried;

/// Of each of these a part may be the size that the disk has reserved for it, so what it occupies is told.
const STAT_BLOCK: u64 = 512;

/// What a leftover is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftoverKind {
    /// A file that is not complete, with its journal.
    Part,
    /// Small files of one run in one folder.
    SmallParts,
    /// A journal whose part is gone.
    Journal,
    /// The file that had a name before it was replaced, or, of a run that was killed just before, the one that was to replace it.
    PreviousVersion,
    /// The record of a transfer into the folder.
    Run,
    /// A folder in which names were tried.
    Trials,
}

/// What became of a leftover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftoverState {
    /// It may be removed.
    Idle,
    /// A running process has it.
    InUse,
    /// It stays: nothing has its name, so it may be the only copy.
    OnlyCopy,
    Removed,
    /// It could not be removed.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    pub kind: LeftoverKind,
    pub state: LeftoverState,
    /// Below the folder that was searched; of several the first.
    pub path: String,
    /// The name that it belongs to, if something has that name.
    pub name: Option<String>,
    pub count: u32,
    /// What it occupies on the disk.
    pub bytes: u64,
    /// When it was last written, in seconds since 1970.
    pub modified: i64,
    /// Why it could not be removed.
    pub why: Option<String>,
}

/// What was found, in the order of the folders.
#[derive(Debug, Default)]
pub struct Cleaned {
    pub leftovers: Vec<Leftover>,
    /// Folders that could not be searched.
    pub unread: Vec<FileError>,
}

/// How far a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The folder itself.
    Top,
    /// All below it, too.
    All,
}

/// Looks for leftovers in a folder, and removes those that may be removed if that is wanted.
pub fn clean(dir: &Path, depth: Depth, remove: bool) -> Result<Cleaned, FileError> {
    clean_on::<NativeFolder>(dir, depth, remove)
}

/// [`clean`] on another system than the real one.
pub fn clean_on<F: Folder>(dir: &Path, depth: Depth, remove: bool) -> Result<Cleaned, FileError> {
    let folder = F::open(dir).map_err(|error| FileError::new("open the folder", dir.to_string_lossy(), &error))?;
    let mut search = Search {
        depth,
        remove,
        cleaned: Cleaned::default(),
    };
    search.folder(&folder, "", is_used_above::<F>(dir), MAX_DEPTH);
    Ok(search.cleaned)
}

/// Whether a process runs a transfer into a folder above this one.
fn is_used_above<F: Folder>(dir: &Path) -> bool {
    let Ok(real) = dir.canonicalize() else {
        return false;
    };
    real.ancestors().skip(1).any(|above| {
        // One that cannot be read holds no record that this user could have made.
        F::open(above).is_ok_and(|folder| {
            let names = names_in(&folder).unwrap_or_default();
            names.iter().any(|name| is_locked_run(&folder, name))
        })
    })
}

fn is_locked_run(folder: &impl Folder, name: &str) -> bool {
    matches!(Reserved::parse(name), Some(Reserved::Run(_))) && matches!(lock(folder, name), Lock::Busy)
}

/// The lock of a journal or a record.
enum Lock<File> {
    /// Another process has it.
    Busy,
    /// This process has it for as long as the file is open.
    Held(File),
    /// It is not there, or no file of ours.
    None,
}

fn lock<F: Folder>(folder: &F, name: &str) -> Lock<F::File> {
    // Looked at first: opening something else may do something.
    if !folder.stat(name).is_ok_and(|stat| stat.kind == NodeKind::File) {
        return Lock::None;
    }
    let Ok(file) = folder.open_file(name) else {
        return Lock::None;
    };
    match file.try_lock() {
        Ok(true) => Lock::Held(file),
        // What cannot be told is taken for in use.
        Ok(false) | Err(_) => Lock::Busy,
    }
}

/// Names that are UTF-8: ours are, and so is what this program receives.
fn names_in(folder: &impl Folder) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    folder.list(&mut |name| names.extend(String::from_utf8(name.to_vec())))?;
    names.sort();
    Ok(names)
}

struct Search {
    depth: Depth,
    remove: bool,
    cleaned: Cleaned,
}

/// What is known of a folder while it is searched.
struct Here<'a, F: Folder> {
    folder: &'a F,
    /// Its path with a slash, or nothing.
    before: &'a str,
    /// The names that are not ours, by the ids that ours would have.
    of: HashMap<FileId, &'a str>,
    /// A process runs a transfer into it or into one above.
    in_use: bool,
}

impl Search {
    fn folder<F: Folder>(&mut self, folder: &F, path: &str, used_above: bool, levels: usize) {
        let names = match names_in(folder) {
            Ok(names) => names,
            Err(error) => return self.unread(path, &error),
        };
        let (ours, others): (Vec<&String>, Vec<&String>) =
            names.iter().partition(|name| Reserved::parse(name).is_some());
        let before = if path.is_empty() {
            String::new()
        } else {
            format!("{path}/")
        };
        let mut made = Vec::new();
        let in_use = used_above || ours.iter().any(|name| is_locked_run(folder, name));
        if !ours.is_empty() {
            let here = Here {
                folder,
                before: &before,
                of: ids_of(&others),
                in_use,
            };
            made = self.ours(&here, &ours);
        }
        let below = if self.depth == Depth::All { others } else { Vec::new() };
        for name in below {
            match folder.open_folder(name) {
                Ok(child) if levels > 0 => self.folder(&child, &format!("{before}{name}"), in_use, levels - 1),
                Ok(_) => self.unread(&format!("{before}{name}"), &io::ErrorKind::InvalidFilename.into()),
                Err(error) if System::is_no_folder(&error) || error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => self.unread(&format!("{before}{name}"), &error),
            }
        }
        // Behind what lay in them.
        let_go(folder, &made);
    }

    fn unread(&mut self, path: &str, error: &io::Error) {
        let shown = if path.is_empty() { "." } else { path };
        self.cleaned
            .unread
            .push(FileError::new("search the folder", shown, error));
    }

    /// The folders that runs made whose records are removed now.
    fn ours<F: Folder>(&mut self, here: &Here<'_, F>, names: &[&String]) -> Vec<MadeFolder> {
        let mut small: BTreeMap<RunId, Vec<&str>> = BTreeMap::new();
        // Records of runs go last: they say whose the small parts are.
        let mut runs = Vec::new();
        for name in names {
            match Reserved::parse(name) {
                Some(Reserved::Part(id)) => self.part(here, name, id),
                Some(Reserved::Journal(id)) => self.journal(here, name, id),
                Some(Reserved::Swap(id)) => self.previous(here, name, id),
                Some(Reserved::SmallPart(run, _)) => small.entry(run).or_default().push(name),
                Some(Reserved::Nameless(_)) => self.nameless(here, name),
                Some(Reserved::Run(_)) => runs.push(name.as_str()),
                None => {}
            }
        }
        for names in small.into_values() {
            self.several(here, LeftoverKind::SmallParts, &names);
        }
        let mut made = Vec::new();
        for name in runs {
            let Some(stat) = plain(here.folder, name) else { continue };
            match lock(here.folder, name) {
                Lock::Busy => self.add(here, LeftoverKind::Run, name, &stat, LeftoverState::InUse),
                held => {
                    if let (Lock::Held(record), true) = (&held, self.remove) {
                        made.extend(folders_in(record));
                    }
                    self.settle(here, LeftoverKind::Run, name, &stat);
                }
            }
        }
        made
    }

    fn part<F: Folder>(&mut self, here: &Here<'_, F>, name: &str, id: FileId) {
        let Some(mut stat) = plain(here.folder, name) else {
            return;
        };
        let journal = Reserved::Journal(id).to_string();
        let locked = lock(here.folder, &journal);
        if let Some(journal) = plain(here.folder, &journal) {
            stat.blocks += journal.blocks;
        }
        let in_use = match locked {
            Lock::Busy => true,
            Lock::Held(_) => false,
            Lock::None => here.in_use,
        };
        let name_of = here.of.get(&id).copied();
        if in_use {
            return self.add_of(here, LeftoverKind::Part, name, &stat, LeftoverState::InUse, name_of);
        }
        let removed = self.remove.then(|| {
            here.folder.remove_file(name)?;
            // Behind the part: while it is locked nobody else takes the part up.
            match locked {
                Lock::Held(_) => gone(here.folder.remove_file(&journal)),
                _ => Ok(()),
            }
        });
        self.settled(here, LeftoverKind::Part, name, &stat, name_of, removed);
    }

    /// A journal alone: with a part it was told and removed together with that.
    fn journal<F: Folder>(&mut self, here: &Here<'_, F>, name: &str, id: FileId) {
        let part = Reserved::Part(id).to_string();
        if plain(here.folder, &part).is_some() {
            return;
        }
        let Some(stat) = plain(here.folder, name) else { return };
        match lock(here.folder, name) {
            Lock::Busy => self.add(here, LeftoverKind::Journal, name, &stat, LeftoverState::InUse),
            _held => self.settle(here, LeftoverKind::Journal, name, &stat),
        }
    }

    fn previous<F: Folder>(&mut self, here: &Here<'_, F>, name: &str, id: FileId) {
        let Ok(stat) = here.folder.stat(name) else { return };
        if !matches!(stat.kind, NodeKind::File | NodeKind::Link) {
            return;
        }
        let name_of = here.of.get(&id).copied();
        // Folders and devices are no later version of a file.
        let stands = name_of.and_then(|name| here.folder.stat(name).ok());
        let stands = stands.is_some_and(|stat| matches!(stat.kind, NodeKind::File | NodeKind::Link));
        let kind = LeftoverKind::PreviousVersion;
        match (here.in_use, stands) {
            (true, _) => self.add_of(here, kind, name, &stat, LeftoverState::InUse, name_of),
            (false, false) => self.add_of(here, kind, name, &stat, LeftoverState::OnlyCopy, name_of),
            (false, true) => {
                let removed = self.remove.then(|| here.folder.remove_file(name));
                self.settled(here, kind, name, &stat, name_of, removed);
            }
        }
    }

    fn nameless<F: Folder>(&mut self, here: &Here<'_, F>, name: &str) {
        let Ok(stat) = here.folder.stat(name) else { return };
        let kind = match stat.kind {
            NodeKind::File | NodeKind::Link => LeftoverKind::Part,
            NodeKind::Folder => LeftoverKind::Trials,
            NodeKind::Special => return,
        };
        if here.in_use {
            return self.add(here, kind, name, &stat, LeftoverState::InUse);
        }
        let removed = self.remove.then(|| match kind {
            LeftoverKind::Trials => remove_tried(here.folder, name, MAX_DEPTH),
            _ => here.folder.remove_file(name),
        });
        self.settled(here, kind, name, &stat, None, removed);
    }

    /// Many of one kind, told as one.
    fn several<F: Folder>(&mut self, here: &Here<'_, F>, kind: LeftoverKind, names: &[&str]) {
        let found: Vec<(&str, Stat)> = names
            .iter()
            .filter_map(|name| Some((*name, plain(here.folder, name)?)))
            .collect();
        let Some((first, stat)) = found.first() else { return };
        let mut all = *stat;
        all.blocks = found.iter().map(|(_, stat)| stat.blocks).sum();
        let newest = found.iter().map(|(_, stat)| stat.mtime).max_by_key(|time| time.secs);
        all.mtime = newest.unwrap_or(stat.mtime);
        let state = LeftoverState::InUse;
        if here.in_use {
            self.add(here, kind, first, &all, state);
        } else {
            let remove = |()| {
                found
                    .iter()
                    .try_for_each(|(name, _)| gone(here.folder.remove_file(name)))
            };
            let removed = self.remove.then_some(()).map(remove);
            self.settled(here, kind, first, &all, None, removed);
        }
        if let Some(last) = self.cleaned.leftovers.last_mut() {
            last.count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        }
    }

    fn settle<F: Folder>(&mut self, here: &Here<'_, F>, kind: LeftoverKind, name: &str, stat: &Stat) {
        let removed = self.remove.then(|| here.folder.remove_file(name));
        self.settled(here, kind, name, stat, None, removed);
    }

    /// `None`: it was not to be removed.
    fn settled<F: Folder>(
        &mut self,
        here: &Here<'_, F>,
        kind: LeftoverKind,
        name: &str,
        stat: &Stat,
        name_of: Option<&str>,
        removed: Option<io::Result<()>>,
    ) {
        let (state, why) = match removed.map(gone) {
            None => (LeftoverState::Idle, None),
            Some(Ok(())) => (LeftoverState::Removed, None),
            Some(Err(error)) => (
                LeftoverState::Failed,
                Some(FileError::new("remove", name, &error).reason()),
            ),
        };
        self.add_of(here, kind, name, stat, state, name_of);
        if let Some(last) = self.cleaned.leftovers.last_mut() {
            last.why = why;
        }
    }

    fn add<F: Folder>(
        &mut self,
        here: &Here<'_, F>,
        kind: LeftoverKind,
        name: &str,
        stat: &Stat,
        state: LeftoverState,
    ) {
        self.add_of(here, kind, name, stat, state, None);
    }

    fn add_of<F: Folder>(
        &mut self,
        here: &Here<'_, F>,
        kind: LeftoverKind,
        name: &str,
        stat: &Stat,
        state: LeftoverState,
        name_of: Option<&str>,
    ) {
        self.cleaned.leftovers.push(Leftover {
            kind,
            state,
            path: format!("{}{name}", here.before),
            name: name_of.map(|name| format!("{}{name}", here.before)),
            count: 1,
            bytes: stat.blocks.saturating_mul(STAT_BLOCK),
            modified: stat.mtime.secs,
            why: None,
        });
    }
}

/// The names that parts, journals and previous versions may belong to.
fn ids_of<'a>(names: &[&'a String]) -> HashMap<FileId, &'a str> {
    let mut ids = HashMap::new();
    for name in names {
        for number in 0..MOST_SWAPS {
            ids.insert(FileId::of_version(name, number), name.as_str());
        }
    }
    ids
}

/// A plain file; what others put in its place (a link, a pipe) is not ours.
fn plain(folder: &impl Folder, name: &str) -> Option<Stat> {
    folder.stat(name).ok().filter(|stat| stat.kind == NodeKind::File)
}

/// Gone already is as good as removed.
fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
