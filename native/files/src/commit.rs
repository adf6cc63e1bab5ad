//! Giving complete files their names, so that a name never stands for less than the whole file, not even after a power cut.
//!
//! The order is the promise: exact size and metadata, the contents durable, the folders on the way durable, one rename that
//! replaces nothing unseen, the folder durable. Renaming before the contents are durable leaves files of zeros (measured,
//! docs/reliability.md); reporting before the folder is durable lets a finished file disappear.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;

use crate::error::{ErrorClass, FileError};
use crate::in_place::{keep_outermost, unfinished};
use crate::os::{Folder, Stat, Time};
use crate::page::EntryKind;
use crate::part::{Kept, Part, durable, kept};
use crate::path::SafePath;
use crate::replace::{Previous, place};
use crate::sink::{CommitInfo, Sink, Slot};
use crate::table::{Outcome, Record, TargetStatus};

/// An entry on its way through a commit.
struct Commit<'a, F: Folder> {
    entry: u32,
    /// Keeps others from creating, abandoning or committing its part meanwhile.
    slot: MutexGuard<'a, Slot<F>>,
    step: Step<F>,
}

/// From top to bottom; every step may end in `Done`.
enum Step<F: Folder> {
    Start,
    /// From `Start`: size and metadata are right.
    Staged(Staged<F>),
    /// From `Staged`: the contents are on the disk, as far as that is wanted, and nothing that the system said of them was bad.
    Durable(Staged<F>),
    /// From `Durable`: the file has its name. From `Start`: the folder is there.
    Named(Named<F>),
    Done(Result<CommitInfo, FileError>),
}

struct Staged<F: Folder> {
    part: Arc<Part<F>>,
    path: String,
    kept: Kept,
    /// The file that may be replaced.
    seen: Option<Stat>,
}

/// An entry that has its name, which is not durable yet.
pub(crate) struct Named<F: Folder> {
    pub(crate) path: String,
    pub(crate) kept: Kept,
    /// The folder of a file or link, whose new name must be made durable.
    pub(crate) holder: Option<Arc<F>>,
    /// What it replaced, which stays until then.
    pub(crate) previous: Option<Previous>,
    /// What was the part of a file, and may have a journal.
    pub(crate) part: Option<Arc<Part<F>>>,
}

/// The folders that were synced for a group of names, and the results: each is synced once. All of the group were held when it began, so
/// that no two are at one place.
pub(crate) struct Synced<F: Folder>(HashMap<*const F, io::Result<bool>>);

impl<F: Folder> Default for Synced<F> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<F: Folder> Synced<F> {
    /// Whether the names in a folder are durable now; `false` where the file system cannot sync a folder.
    fn sync(&mut self, folder: &Arc<F>) -> io::Result<bool> {
        let result = self.0.entry(Arc::as_ptr(folder));
        let result = result.or_insert_with(|| durable(folder.sync()));
        result.as_ref().copied().map_err(copy)
    }
}

/// What became of the modes and times of folders.
#[derive(Debug, PartialEq, Eq)]
pub struct FinishedFolders {
    pub errors: Vec<FileError>,
    /// Whether all folders kept them.
    pub kept: Kept,
}

impl<F: Folder> Sink<F> {
    /// Makes an entry final. Again is fine: a committed entry stays as it is.
    pub fn commit(&self, entry: u32) -> Result<CommitInfo, FileError> {
        // One entry, one result.
        let result = self.commit_group(&[entry]).pop();
        result.unwrap_or_else(|| no_result(entry))
    }

    /// Makes several entries final and shares what can be shared: the disk writes all contents at once, and each folder is synced
    /// once. One failure does not stop the others. The results are in the order of `entries`.
    pub fn commit_group(&self, entries: &[u32]) -> Vec<Result<CommitInfo, FileError>> {
        self.end_trials();
        // Locked in the order of their numbers, so that two groups cannot wait for each other.
        let mut sorted = entries.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let slots: Vec<_> = sorted.iter().map(|entry| self.slot(*entry)).collect();
        let pairs = sorted.iter().zip(&slots);
        let mut commits: Vec<Commit<'_, F>> = pairs
            .map(|(entry, slot)| Commit {
                entry: *entry,
                slot: slot.lock(),
                step: Step::Start,
            })
            .collect();
        for step in [Self::stage, Self::make_durable, Self::name] {
            for commit in &mut commits {
                step(self, commit);
            }
        }
        self.sync_folders(&mut commits);
        let results: HashMap<u32, Result<CommitInfo, FileError>> = commits
            .into_iter()
            .filter_map(|commit| match commit.step {
                Step::Done(result) => Some((commit.entry, result)),
                _ => None,
            })
            .collect();
        let result = |entry| results.get(entry).cloned();
        entries
            .iter()
            .map(|entry| result(entry).unwrap_or_else(|| no_result(*entry)))
            .collect()
    }

    fn stage(&self, commit: &mut Commit<'_, F>) {
        let outcome = self.read().record(commit.entry).map(|record| record.outcome);
        if let Some(Outcome::Committed { durable, kept }) = outcome {
            commit.step = Step::Done(Ok(CommitInfo { durable, kept }));
            return;
        }
        let staged = self.admit(commit.entry).and_then(|(record, path)| match record.kind {
            EntryKind::File => self.stage_file(commit, &record, path),
            EntryKind::Folder => self.make_folder(path),
            EntryKind::Link | EntryKind::HardLink => {
                let why = "it is a link, which `commit_links` makes";
                Err(FileError::rule(ErrorClass::NotAFile, "make", path, why))
            }
        });
        commit.step = staged.unwrap_or_else(|error| Step::Done(Err(error)));
    }

    fn stage_file(&self, commit: &mut Commit<'_, F>, record: &Record, path: String) -> Result<Step<F>, FileError> {
        let why = match record.size() {
            None => Some("its size is not known"),
            // A part made now would be all zeros.
            Some(size) if size > 0 && commit.slot.is_none() && !self.has_earlier(commit.entry) => {
                Some("nothing of it was received")
            }
            Some(_) => None,
        };
        if let Some(why) = why {
            return Err(FileError::rule(ErrorClass::Io, "complete", path, why));
        }
        let part = self.part_in(commit.entry, &mut commit.slot)?;
        let size = record.size().unwrap_or(0);
        let kept = part.finish(size, self.mode_in(part.folder(), record.mode), record.mtime())?;
        let kept = kept.and(self.preserve(commit.entry, part.file()));
        if !self.no_sync {
            self.keep_or_lose(commit, &part, |part| part.sync_range(0, size))?;
        }
        let seen = self.read().seen(commit.entry);
        Ok(Step::Staged(Staged { part, path, kept, seen }))
    }

    /// Makes a folder of the manifest. Its name is not durable yet.
    pub(crate) fn make_folder_entry(&self, entry: u32) -> Result<(), FileError> {
        let (_, path) = self.admit(entry)?;
        self.make_folder_at(&path)
    }

    fn make_folder_at(&self, path: &str) -> Result<(), FileError> {
        let safe = SafePath::of_components(path);
        self.check_leave(safe)?;
        self.root.make_folder(safe)?;
        // Now it is known who made the folders on the way.
        self.check_leave(safe)?;
        self.root.keep(Some(safe));
        Ok(())
    }

    fn make_folder(&self, path: String) -> Result<Step<F>, FileError> {
        self.make_folder_at(&path)?;
        // Folders get modes and times at the end.
        Ok(Step::Named(Named {
            path,
            kept: Kept::ALL,
            holder: None,
            previous: None,
            part: None,
        }))
    }

    fn make_durable(&self, commit: &mut Commit<'_, F>) {
        commit.step = match std::mem::replace(&mut commit.step, Step::Start) {
            Step::Staged(staged) => match self.write_out(commit, &staged.part) {
                Ok(()) => Step::Durable(staged),
                Err(error) => Step::Done(Err(error)),
            },
            other => other,
        };
    }

    /// Not only synced: some network disks, and FUSE, hand on what they hold when a descriptor is closed, and tell then what failed.
    fn write_out(&self, commit: &mut Commit<'_, F>, part: &Part<F>) -> Result<(), FileError> {
        let copy = part.duplicate()?;
        if !self.no_sync {
            self.keep_or_lose(commit, part, Part::sync)?;
        }
        self.keep_or_lose(commit, part, |part| part.close(copy))
    }

    /// The system reports a lost write once; a second sync would succeed over what is gone. So the first failure is the end of the entry.
    fn keep_or_lose(
        &self,
        commit: &mut Commit<'_, F>,
        part: &Part<F>,
        keep: impl FnOnce(&Part<F>) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        keep(part).inspect_err(|_| {
            let _ = part.remove();
            *commit.slot = None;
            self.end(commit.entry, Outcome::Lost);
        })
    }

    fn name(&self, commit: &mut Commit<'_, F>) {
        commit.step = match std::mem::replace(&mut commit.step, Step::Start) {
            Step::Durable(staged) => {
                let path = SafePath::of_components(&staged.path);
                let holder = Arc::clone(staged.part.folder());
                match place(&*holder, staged.part.name(), path.name(), staged.seen, &self.agreed) {
                    Ok(previous) => {
                        *commit.slot = None;
                        self.root.keep(path.parent());
                        Step::Named(Named {
                            path: staged.path,
                            kept: staged.kept,
                            holder: Some(holder),
                            previous,
                            part: Some(staged.part),
                        })
                    }
                    // The part stays: it is complete, and a later run commits it once there is room for its name.
                    Err(refused) => Step::Done(Err(FileError {
                        // Not where its folder was removed, or the part took the name and was replaced there.
                        left_at: (holder.stat(staged.part.name()).ok())
                            .and_then(|_| staged.part.left_at())
                            .map(String::into_boxed_str),
                        ..refused.error_of(staged.path)
                    })),
                }
            }
            other => other,
        };
    }

    /// Makes the new names durable, each folder once, and ends the commits.
    fn sync_folders(&self, commits: &mut [Commit<'_, F>]) {
        let mut synced = Synced::default();
        for commit in commits {
            commit.step = match std::mem::replace(&mut commit.step, Step::Start) {
                Step::Named(named) => Step::Done(self.end_named(commit.entry, named, &mut synced)),
                other => other,
            };
        }
    }

    /// Makes a new name durable, with the new folders on the way to it, and ends the commit of its entry.
    pub(crate) fn end_named(
        &self,
        entry: u32,
        named: Named<F>,
        synced: &mut Synced<F>,
    ) -> Result<CommitInfo, FileError> {
        let kept = named.kept;
        let result = match self.no_sync {
            true => Ok(false),
            false => self.sync_name(&named, synced),
        };
        // Where the name is not durable the previous file stays, and `ultra clean` names it.
        if let (Some(previous), Some(holder), Ok(_)) = (named.previous, &named.holder, &result) {
            previous.remove(&**holder);
        }
        if let Some(part) = &named.part {
            // Not before: a crash must find the part under one of its two names, or the journal.
            part.forget_journal();
        }
        let outcome = match &result {
            Ok(durable) => Outcome::Committed {
                durable: *durable,
                kept,
            },
            Err(_) => Outcome::Lost,
        };
        self.end(entry, outcome);
        match result {
            Ok(durable) => Ok(CommitInfo { durable, kept }),
            Err(error) => Err(FileError::not_durable("make durable the name of", named.path, &error)),
        }
    }

    fn sync_name(&self, named: &Named<F>, synced: &mut Synced<F>) -> io::Result<bool> {
        let path = SafePath::of_components(&named.path);
        let Some(holder) = &named.holder else {
            // A folder's own name is new too.
            return durable(self.root.sync_new(Some(path)));
        };
        let ways = durable(self.root.sync_new(path.parent()));
        // Also where the way failed: others are in the same folder.
        let own = synced.sync(holder);
        Ok(ways? && own?)
    }

    pub(crate) fn end(&self, entry: u32, outcome: Outcome) {
        if let Some(record) = self.write().record_mut(entry) {
            record.outcome = outcome;
        }
        self.drop_slot(entry);
    }

    /// Gives the folders that this transfer made, in whatever run, their modes and times, deepest first: a file that is created in a folder
    /// changes its time, and a folder without write permission takes no file. Folders that were there before stay as they were.
    ///
    /// Not synced: after a power cut a folder may still be as private as it was during the transfer.
    pub fn finish_folders(&self) -> FinishedFolders {
        let mut wanted = HashMap::new();
        for entry in 0..self.entry_count() {
            if let Some((record, path)) = self.known(entry)
                && record.kind == EntryKind::Folder
                && (matches!(record.outcome, Outcome::Committed { .. }) || record.status == TargetStatus::FolderExists)
            {
                wanted.insert(path, (entry, record.mode, record.mtime()));
            }
        }
        let mut finished = FinishedFolders {
            errors: Vec::new(),
            kept: Kept::ALL,
        };
        // From here on by their names: a folder that was moved is still open under the name that it had.
        self.root.forget_folders();
        finished.errors.extend(self.root.check_in_place().err());
        for path in self.root.kept() {
            let wanted = wanted.get(&path).copied();
            match self.finish_folder(&path, wanted) {
                Ok(kept) => finished.kept = finished.kept.and(kept),
                Err(error) => finished.errors.push(unfinished(path, &error)),
            }
        }
        keep_outermost(&mut finished.errors);
        self.small.forget_folders();
        finished.errors.extend(self.root.close_again());
        self.is_finished.store(true, Ordering::Release);
        finished
    }

    /// The mode that something of a sender's `mode` gets in a folder: what this user takes from everything new, or what the folder's
    /// default ACL leaves, which takes the place of the umask (acl(5)). A new folder has the default ACL of the folder that it is in.
    pub(crate) fn mode_in(&self, folder: &F, mode: u16) -> u16 {
        mode & folder.default_mode().unwrap_or(!self.umask)
    }

    fn finish_folder(&self, path: &str, wanted: Option<(u32, u16, Time)>) -> io::Result<Kept> {
        let Some(folder) = self.root.reopen_created(SafePath::of_components(path))? else {
            return Err(io::ErrorKind::NotFound.into());
        };
        // A folder that is no entry is only on the way to some.
        let mode = wanted.map_or(0o777, |(_, mode, _)| mode);
        let mode = kept(folder.set_mode(self.mode_in(&folder, mode)))?;
        let Some((entry, _, mtime)) = wanted else {
            return Ok(Kept { mode, ..Kept::ALL });
        };
        let preserved = self.preserve(entry, &*folder);
        let time = kept(folder.set_mtime(mtime))?;
        Ok(Kept {
            mode,
            time,
            ..preserved
        })
    }
}

fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(errno) => io::Error::from_raw_os_error(errno),
        None => error.kind().into(),
    }
}

pub(crate) fn no_result(entry: u32) -> Result<CommitInfo, FileError> {
    let path = format!("entry {entry}");
    Err(FileError::rule(ErrorClass::Io, "complete", path, "it has no result"))
}
