//! Making symbolic and hard links, when all files are there.
//!
//! Symbolic links come last so that nothing of this transfer is ever created through one, and hard links after the file that they name.
//! Both are made under a temporary name and renamed, so that they replace nothing unseen.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use crate::commit::{Named, Synced};
use crate::error::{ErrorClass, FileError};
use crate::os::{Errors, Folder, NodeKind, Stat, System};
use crate::page::EntryKind;
use crate::part::{Kept, Part, kept, random_name};
use crate::path::SafePath;
use crate::replace::{Previous, place};
use crate::sink::{CommitInfo, Sink, status_of};
use crate::table::{Outcome, Record, TargetStatus};

/// Folders that are held for links whose names are not durable yet; each costs a descriptor.
const MOST_FOLDERS: usize = 64;

/// A link that has its final name.
enum InPlace<F: Folder> {
    /// From an earlier call.
    Before(CommitInfo),
    Now(Named<F>),
}

/// What was kept of a link that has its name, and what it replaced.
type Placed = Result<(Kept, Option<Previous>), FileError>;

impl<F: Folder> Sink<F> {
    /// Makes symbolic and hard links final, in their order. To be called when everything else of the manifest is committed, failed or
    /// skipped. One failure does not stop the others; a link that is there already stays as it is.
    pub fn commit_links(&self, entries: &[u32]) -> Vec<Result<CommitInfo, FileError>> {
        self.end_trials();
        let _one_at_a_time = self.making_links.lock();
        let mut results = Vec::with_capacity(entries.len());
        let mut group = Vec::new();
        let mut folders = HashSet::new();
        for entry in entries {
            let placed = self.link_in_place(*entry);
            if let Ok(InPlace::Now(named)) = &placed {
                folders.extend(named.holder.as_ref().map(Arc::as_ptr));
            }
            group.push((*entry, placed));
            if folders.len() >= MOST_FOLDERS {
                results.extend(self.end_links(std::mem::take(&mut group)));
                folders.clear();
            }
        }
        results.extend(self.end_links(group));
        results
    }

    /// Makes the names of links durable, each folder once, and ends their commits.
    fn end_links(&self, group: Vec<(u32, Result<InPlace<F>, FileError>)>) -> Vec<Result<CommitInfo, FileError>> {
        let mut synced = Synced::default();
        let ended = group.into_iter().map(|(entry, placed)| match placed? {
            InPlace::Before(info) => Ok(info),
            InPlace::Now(named) => self.end_named(entry, named, &mut synced),
        });
        ended.collect()
    }

    /// Gives a link its final name.
    fn link_in_place(&self, entry: u32) -> Result<InPlace<F>, FileError> {
        let outcome = self.read().record(entry).map(|record| record.outcome);
        if let Some(Outcome::Committed { durable, kept }) = outcome {
            return Ok(InPlace::Before(CommitInfo { durable, kept }));
        }
        let (record, path) = self.admit(entry)?;
        let safe = SafePath::of_components(&path);
        let why = match record.kind {
            EntryKind::Link => self.check_link(entry, safe),
            EntryKind::HardLink => None,
            EntryKind::File | EntryKind::Folder => Some("it is no link"),
        };
        if let Some(why) = why {
            return Err(FileError::rule(ErrorClass::NotAFile, "make the link", path, why));
        }
        self.check_leave(safe)?;
        let folder = self.root.open_folder(safe.parent(), true)?;
        // Now it is known who made the folders.
        self.check_leave(safe)?;
        let (kept, previous) = match record.kind {
            EntryKind::Link => self.make_symbolic(entry, &record, &folder, safe),
            _ => self.make_name(entry, &folder, safe),
        }?;
        self.root.keep(safe.parent());
        Ok(InPlace::Now(Named {
            path,
            kept,
            holder: Some(folder),
            previous,
            part: None,
        }))
    }

    fn make_symbolic(&self, entry: u32, record: &Record, folder: &F, path: SafePath<'_>) -> Placed {
        let fail = |error: &io::Error| no_link(path, error, "this file system has no symbolic links");
        let target = self
            .target(entry)
            .ok_or_else(|| fail(&io::ErrorKind::NotFound.into()))?;
        let name = random_name().map_err(|error| fail(&error))?;
        folder.make_link(&name, &target).map_err(|error| fail(&error))?;
        let preserved = self.preserve_link(entry, folder, &name);
        let time = kept(folder.set_child_mtime(&name, record.mtime()));
        let placed = time.map_err(|error| fail(&error)).and_then(|time| {
            let previous = self.place_link(entry, folder, &name, path)?;
            Ok((Kept { time, ..preserved }, previous))
        });
        if placed.is_err() {
            let _ = folder.remove_file(&name);
        }
        placed
    }

    fn place_link(
        &self,
        entry: u32,
        folder: &F,
        name: &str,
        path: SafePath<'_>,
    ) -> Result<Option<Previous>, FileError> {
        let seen = self.read().seen(entry);
        place(folder, name, path.name(), seen, &self.agreed).map_err(|refused| refused.error_of(path.as_str()))
    }

    /// Gives the file of a hard link its further name.
    fn make_name(&self, entry: u32, folder: &Arc<F>, path: SafePath<'_>) -> Placed {
        let fail = |error: &io::Error| FileError::new("make the link", path.as_str(), error);
        let (first, first_path) = self.first_name(entry, path)?;
        let first_path = SafePath::of_components(&first_path);
        let holder = self.root.open_folder(first_path.parent(), false)?;
        let there = holder.stat(first_path.name()).map_err(|error| fail(&error))?;
        if there.kind != NodeKind::File || first.size() != Some(there.size) {
            return Err(changed(path));
        }
        if folder.stat(path.name()).is_ok_and(|now| is_one_file(&now, &there)) {
            return Ok((Kept::ALL, None));
        }
        let name = random_name().map_err(|error| fail(&error))?;
        match holder.link_into(first_path.name(), folder, &name) {
            Ok(()) => {}
            // EPERM is how file systems without hard links say so, and Linux of files of others; EMLINK: there are too many names.
            Err(error) if System::has_no_link(&error) => {
                return self.make_copy(entry, &first, &holder, first_path, folder, path);
            }
            Err(error) => return Err(fail(&error)),
        }
        let linked = folder.stat(&name).map_err(|error| fail(&error));
        let placed = linked.and_then(|linked| {
            // The first name may stand for something else since.
            if !is_one_file(&linked, &there) {
                return Err(changed(path));
            }
            self.place_link(entry, folder, &name, path)
        });
        if placed.is_err() {
            let _ = folder.remove_file(&name);
        }
        placed.map(|previous| (Kept::ALL, previous))
    }

    /// The file that a hard link names, if it is the sender's: committed by this transfer, or there before and identical.
    fn first_name(&self, entry: u32, path: SafePath<'_>) -> Result<(Record, String), FileError> {
        let first = self.read().linked_to(entry).and_then(|first| self.known(first));
        match first {
            Some((record, first_path)) if is_there(&record) => Ok((record, first_path)),
            _ => {
                let why = "the file that it is another name of did not arrive";
                Err(FileError::rule(
                    ErrorClass::NotFound,
                    "make the link",
                    path.as_str(),
                    why,
                ))
            }
        }
    }

    /// A copy for where a file cannot have several names.
    fn make_copy(
        &self,
        entry: u32,
        first: &Record,
        holder: &F,
        first_path: SafePath<'_>,
        folder: &Arc<F>,
        path: SafePath<'_>,
    ) -> Placed {
        let fail = |error: &io::Error| FileError::new("make the link", path.as_str(), error);
        let size = first.size().unwrap_or(0);
        let file = holder.open_file(first_path.name()).map_err(|error| fail(&error))?;
        let part = Part::create(Arc::clone(folder), path.as_str().to_owned(), Some(size), first.sparse)?;
        let placed = part.copy_from(&file, size).and_then(|()| {
            let kept = part.finish(size, self.mode_in(folder, first.mode), first.mtime())?;
            let number = self.read().linked_to(entry).unwrap_or(entry);
            let kept = kept.and(self.preserve(number, part.file()));
            let copy = part.duplicate()?;
            if !self.no_sync {
                part.sync()?;
            }
            part.close(copy)?;
            let previous = self.place_link(entry, folder, part.name(), path)?;
            Ok((Kept { links: false, ..kept }, previous))
        });
        if placed.is_err() {
            let _ = part.remove();
        }
        placed
    }

    /// The status of a hard link whose name is taken: as if the file that it names were there. A copy is as good, as this user may have made it,
    /// or an earlier transfer on a disk where a file has one name only.
    pub(crate) fn taken_name(&self, entry: u32, stat: &Stat) -> TargetStatus {
        let table = self.read();
        let first = table.linked_to(entry).and_then(|first| table.record(first));
        first.map_or(TargetStatus::Different, |first| status_of(first, stat))
    }
}

fn is_there(record: &Record) -> bool {
    match record.outcome {
        Outcome::Committed { .. } => true,
        Outcome::Open => record.status == TargetStatus::Identical,
        Outcome::Lost | Outcome::Left => false,
    }
}

fn is_one_file(one: &Stat, other: &Stat) -> bool {
    one.kind == NodeKind::File && (one.dev, one.ino) == (other.dev, other.ino)
}

fn changed(path: SafePath<'_>) -> FileError {
    let why = "the file that it is another name of was replaced";
    FileError::rule(ErrorClass::Changed, "make the link", path.as_str(), why)
}

fn no_link(path: SafePath<'_>, error: &io::Error, why: &'static str) -> FileError {
    FileError {
        why: System::has_no_link(error).then_some(why),
        ..FileError::new("make the link", path.as_str(), error)
    }
}
