//! Commits in groups, so that what costs a wait for the disk is done once for thousands of files: one sync of contents, the renames, one
//! sync of names.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::commit::no_result;
use crate::error::{ErrorClass, FileError};
use crate::os::{File, Folder, Storage};
use crate::page::EntryKind;
use crate::part::{Kept, durable};
use crate::path::SafePath;
use crate::replace::{Previous, place};
use crate::sink::{CommitInfo, Sink};
use crate::table::Outcome;

/// A sync of the whole file system that takes longer than this also wrote the data of other programs: the next groups sync file by file.
const SLOW_SYNC: Duration = Duration::from_secs(1);

/// Up to so many folders of a group are synced one by one; more of them cost less together.
const FEW_FOLDERS: usize = 2;

/// Threads that sync the files of a group where each is synced by itself: disks take several requests at once.
const SYNC_THREADS: usize = 8;

/// A small file in a group that is committed. Its folder is opened where it is needed: a group may be of thousands of folders, and each that
/// is held costs a descriptor.
struct Member {
    /// Where in the group it stands.
    at: usize,
    entry: u32,
    folder: u32,
    sync: Sync,
    part: String,
    name: String,
    /// The file that it replaced, which stays until the new name is durable.
    previous: Option<Previous>,
}

/// How a folder of a group, or a file in it, is made durable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sync {
    Never,
    Each,
    /// Together with everything else on the disk.
    Whole,
}

type Committed = Result<CommitInfo, FileError>;

impl<F: Folder> Sink<F> {
    /// Makes several entries final together: small files that are complete, empty files, folders. The disk writes all contents at once,
    /// and all names. One failure does not stop the others. The results are in the order of `entries`.
    pub fn commit_small(&self, entries: &[u32]) -> Vec<Committed> {
        self.end_trials();
        let mut results: Vec<Option<Committed>> = Vec::new();
        results.resize_with(entries.len(), || None);
        let mut members = Vec::with_capacity(entries.len());
        let mut folders = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            match self.member(at, *entry) {
                Ok(Some(member)) => members.push(member),
                Ok(None) => folders.push(at),
                Err(error) => set(&mut results, at, Err(error)),
            }
        }
        self.sync_contents(&mut members, &mut results);
        let kept = *self.small.unkept.lock();
        // The folders first: they come before what is in them.
        for at in folders {
            let entry = entries.get(at).copied().unwrap_or(u32::MAX);
            let result = self.make_folder_entry(entry);
            let info = |()| CommitInfo {
                durable: false,
                kept: Kept::ALL,
            };
            set(&mut results, at, result.map(info));
        }
        let mut named: Vec<Member> = Vec::with_capacity(members.len());
        for mut member in members {
            match self.name_small(&member) {
                Ok(previous) => {
                    member.previous = previous;
                    let durable = false;
                    set(&mut results, member.at, Ok(CommitInfo { durable, kept }));
                    named.push(member);
                }
                Err(error) => set(&mut results, member.at, Err(error)),
            }
        }
        self.sync_names(&named, &mut results);
        for member in named {
            // Where the names are not durable it stays, and `ultra clean` names it.
            if let (Some(previous), Some(Some(Ok(_)))) = (member.previous, results.get(member.at))
                && let Ok(held) = self.open_held(member.folder)
            {
                previous.remove(&*held.folder);
            }
        }
        self.end_group(entries, results)
    }

    /// What has to be done for an entry; `None`: it is a folder.
    fn member(&self, at: usize, entry: u32) -> Result<Option<Member>, FileError> {
        let placed = self.placed(entry)?;
        match placed.record.kind {
            EntryKind::Folder => return Ok(None),
            EntryKind::File => {}
            EntryKind::Link | EntryKind::HardLink => {
                let why = "it is a link";
                return Err(FileError::rule(
                    ErrorClass::NotAFile,
                    "complete",
                    self.shown(entry),
                    why,
                ));
            }
        }
        if placed.record.size() == Some(0) && !self.small.is_made(entry) {
            let part = self.small_part(entry)?;
            self.finish_small(entry, part)?;
        }
        if !self.small.is_made(entry) {
            let why = "nothing of it was received";
            return Err(FileError::rule(ErrorClass::Io, "complete", self.shown(entry), why));
        }
        let held = self.held_folder(entry, &placed)?;
        let name = self.read().name(entry).unwrap_or_default().to_owned();
        Ok(Some(Member {
            at,
            entry,
            folder: placed.folder,
            sync: self.sync_of(held.storage),
            part: self.small.name(entry),
            name,
            previous: None,
        }))
    }

    /// Makes the contents durable, of all files at once where that can be trusted. Those that fail leave the group.
    fn sync_contents(&self, members: &mut Vec<Member>, results: &mut [Option<Committed>]) {
        if self.no_sync {
            return;
        }
        let whole = |member: &Member| member.sync == Sync::Whole;
        if members.iter().any(whole)
            && let Err(error) = self.sync_everything()
        {
            // Which of the files the disk lost is not known, so none of them is believed.
            for member in members.extract_if(.., |member| whole(member)) {
                self.lose(&member, &error, results);
            }
        }
        let each: Vec<&Member> = members.iter().filter(|member| member.sync == Sync::Each).collect();
        let lost: HashMap<u32, io::Error> = self.sync_each(&each);
        for member in members.extract_if(.., |member| lost.contains_key(&member.entry)) {
            if let Some(error) = lost.get(&member.entry) {
                self.lose(&member, error, results);
            }
        }
    }

    /// The system reports a lost write once; a second sync would succeed over what is gone.
    fn lose(&self, member: &Member, error: &io::Error, results: &mut [Option<Committed>]) {
        if let Ok(held) = self.open_held(member.folder) {
            let _ = held.folder.remove_file(&member.part);
        }
        self.small.set_made(member.entry, false);
        if let Some(record) = self.write().record_mut(member.entry) {
            record.outcome = Outcome::Lost;
        }
        let error = FileError::new("make durable", self.shown(member.entry), error);
        set(results, member.at, Err(error));
    }

    fn name_small(&self, member: &Member) -> Result<Option<Previous>, FileError> {
        let held = self.open_held(member.folder)?;
        let seen = self.read().seen(member.entry);
        match place(&*held.folder, &member.part, &member.name, seen, &self.agreed) {
            Ok(previous) => {
                self.small.set_made(member.entry, false);
                self.small.synced.lock().remove(&member.entry);
                Ok(previous)
            }
            // The part stays until the entry is abandoned.
            Err(refused) => Err(refused.error_of(self.shown(member.entry))),
        }
    }

    /// Makes the new names durable: few folders one by one, many with everything else.
    fn sync_names(&self, named: &[Member], results: &mut [Option<Committed>]) {
        let mut folders: HashMap<u32, Sync> = HashMap::new();
        for member in named {
            if folders.insert(member.folder, member.sync).is_none() {
                let path = Some(self.read().folder_path(member.folder)).filter(|path| !path.is_empty());
                self.root.keep(path.as_deref().map(SafePath::of_components));
            }
        }
        if self.no_sync {
            return;
        }
        let new = self.root.unsynced();
        let result = self.sync_folders_of(&folders, &new);
        let all = results.iter_mut().flatten();
        for committed in all {
            match (&result, &mut *committed) {
                (Ok(durable), Ok(info)) => info.durable = *durable,
                (Err(error), Ok(_)) => {
                    *committed = Err(FileError::not_durable(
                        "make durable the names in",
                        self.root.shown(),
                        error,
                    ));
                }
                (_, Err(_)) => {}
            }
        }
    }

    fn sync_folders_of(&self, folders: &HashMap<u32, Sync>, new: &[String]) -> io::Result<bool> {
        let top = self.sync_of(self.root.top().storage());
        if top == Sync::Never && folders.values().all(|sync| *sync == Sync::Never) {
            self.root.set_synced(new);
            return Ok(true);
        }
        let whole = folders.values().filter(|sync| **sync == Sync::Whole).count();
        let together = top == Sync::Whole && whole + new.len() > FEW_FOLDERS;
        let mut all_durable = true;
        for (folder, sync) in folders {
            if *sync != Sync::Whole || !together {
                let held = self
                    .open_held(*folder)
                    .map_err(|error| io::Error::other(error.to_string()))?;
                all_durable &= durable(held.folder.sync())?;
            }
        }
        if together {
            self.sync_everything()?;
            self.root.set_synced(new);
        } else {
            all_durable &= durable(self.root.sync_created(new))?;
        }
        Ok(all_durable)
    }

    /// How something is made durable from now on.
    fn sync_of(&self, storage: Storage) -> Sync {
        match storage {
            Storage::Memory => Sync::Never,
            Storage::Whole if !self.small.sync_each.load(Ordering::Relaxed) => Sync::Whole,
            Storage::Whole | Storage::Each => Sync::Each,
        }
    }

    fn sync_everything(&self) -> io::Result<()> {
        let start = Instant::now();
        let result = self.root.top().sync_all();
        if start.elapsed() > SLOW_SYNC {
            self.small.sync_each.store(true, Ordering::Relaxed);
        }
        result
    }

    /// Notes what became of each entry.
    fn end_group(&self, entries: &[u32], results: Vec<Option<Committed>>) -> Vec<Committed> {
        let mut table = self.write();
        let ended = entries.iter().zip(results).map(|(entry, result)| {
            let result = result.unwrap_or_else(|| no_result(*entry));
            if let (Ok(CommitInfo { durable, kept }), Some(record)) = (&result, table.record_mut(*entry)) {
                record.outcome = Outcome::Committed {
                    durable: *durable,
                    kept: *kept,
                };
            }
            result
        });
        ended.collect()
    }

    /// Syncs each file by itself, several at once; those that fail.
    fn sync_each(&self, members: &[&Member]) -> HashMap<u32, io::Error> {
        let sync = |member: &Member| {
            // Its owner may not read it.
            if self.small.synced.lock().contains(&member.entry) {
                return Ok(());
            }
            let held = self
                .open_held(member.folder)
                .map_err(|error| io::Error::other(error.to_string()))?;
            let file = held.folder.open_to_sync(&member.part)?;
            file.sync()?;
            file.close()
        };
        let lost = Mutex::new(HashMap::new());
        let next = std::sync::atomic::AtomicUsize::new(0);
        let work = || {
            while let Some(member) = members.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = sync(member) {
                    lost.lock().insert(member.entry, error);
                }
            }
        };
        let helpers = SYNC_THREADS.min(members.len()).saturating_sub(1);
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                // A thread that does not start leaves its share to the others.
                let _ = std::thread::Builder::new()
                    .name("ultra-sync".to_owned())
                    .spawn_scoped(scope, work);
            }
            work();
        });
        lost.into_inner()
    }
}

fn set(results: &mut [Option<Committed>], at: usize, result: Committed) {
    if let Some(place) = results.get_mut(at) {
        *place = Some(result);
    }
}
