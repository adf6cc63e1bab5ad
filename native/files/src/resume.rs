//! A sink that goes on with what earlier runs left: parts with their journals, file by file, and the record of the same transfer.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::earlier::{Left, Names, Wanted, find, lock_is_free, remove_stale};
use crate::earlier_parts::{InUse, Leftovers, TakenUp};
use crate::error::FileError;
use crate::journal::JOURNAL_BLOCK_LEN;
use crate::os::{Folder, Process, System};
use crate::page::EntryKind;
use crate::part::Part;
use crate::path::SafePath;
use crate::reserved::Reserved;
use crate::sink::Sink;
use crate::table::{Record, TargetStatus};

/// Parts that are taken up at most: each keeps two files open until its turn comes. An interrupted run leaves 64 at most.
const MOST_PARTS: usize = 512;

/// Folders in which parts of other transfers are looked for, at most.
const MOST_FOLDERS: usize = 4096;

/// After so long a part without a journal that nothing has changed is nobody's.
const OLD_SECONDS: i64 = 60;

impl<F: Folder> Sink<F> {
    /// Says which transfer this is, so that the record of an interrupted run of it is taken up. Before the first page.
    pub fn begin(&self, transfer: &[u8]) {
        let name = Reserved::record_of(transfer).to_string();
        if let Some(earlier) = self
            .root
            .record
            .begin(self.root.top(), name, self.small.run(), || self.earlier.waits())
        {
            self.small.take_up(earlier.run);
            for folder in &earlier.folders {
                self.root.adopt(folder);
            }
        }
    }

    /// In place of [`Sink::begin`]: what earlier runs left stays where it is, and a later one will find nothing of this one.
    pub fn begin_without_resume(&self) {
        self.earlier.is_off.store(true, Ordering::Release);
    }

    /// What the pages that were added brought of earlier runs, since the last call.
    pub fn taken_up(&self) -> Vec<TakenUp> {
        std::mem::take(&mut *self.earlier.told.lock())
    }

    /// Looks for what is left of an entry that may be written. Whether another transfer is receiving it.
    pub(crate) fn look_for_earlier(
        &self,
        entry: u32,
        record: &Record,
        path: SafePath<'_>,
        status: TargetStatus,
    ) -> InUse {
        let is_there = status == TargetStatus::Identical;
        let is_wanted = status == TargetStatus::Absent || (status == TargetStatus::Different && self.replaces());
        let (Some(wanted), true) = (self.wanted(entry, record), is_there || is_wanted) else {
            return InUse::No;
        };
        let Ok(folder) = self.root.descend(path.parent(), false) else {
            return InUse::No;
        };
        let names = Names::of(path.name());
        if is_there {
            remove_stale(&*folder, &names);
            return InUse::No;
        }
        let mut left = find(&folder, names.clone(), wanted, self.earlier.discards);
        let mut has_waited = false;
        while matches!(left, Left::Busy) && self.earlier.waits() {
            has_waited = true;
            left = find(&folder, names.clone(), wanted, self.earlier.discards);
        }
        if matches!(left, Left::Nothing) && !has_waited {
            left = self.left_of_own_name(entry, &folder, wanted);
        }
        let told = match left {
            Left::Nothing if has_waited => return InUse::NoLonger,
            Left::Nothing => return InUse::No,
            Left::Busy => return InUse::Yes,
            Left::Useless(why, occupied) => TakenUp::Anew { entry, why, occupied },
            Left::Part(mut earlier) => {
                let taken = TakenUp::Part {
                    entry,
                    blocks: std::mem::take(&mut earlier.blocks),
                    is_clean: earlier.is_clean,
                    occupied: earlier.occupied,
                };
                let mut found = self.earlier.found.lock();
                // What is too much begins anew, when its turn comes.
                if found.len() >= MOST_PARTS {
                    return InUse::No;
                }
                found.insert(entry, earlier);
                taken
            }
        };
        self.earlier.told.lock().push(told);
        InUse::No
    }

    /// The part of an entry that gets another name since a file has its own: the earlier run was before that.
    fn left_of_own_name(&self, entry: u32, folder: &Arc<F>, wanted: Wanted) -> Left<F> {
        let own = self.read().name_before_move(entry).map(Names::of);
        let Some(names) = own.filter(|_| !self.earlier.discards) else {
            return Left::Nothing;
        };
        match find(folder, names, wanted, false) {
            Left::Part(earlier) => Left::Part(earlier),
            // The new name of the entry has other parts, so this one may stay.
            Left::Nothing | Left::Busy | Left::Useless(..) => Left::Nothing,
        }
    }

    /// Whether an entry has a part that was not taken up yet.
    pub(crate) fn has_earlier(&self, entry: u32) -> bool {
        self.earlier.found.lock().contains_key(&entry)
    }

    /// The part of an entry: an earlier run's, or a new one.
    pub(crate) fn make_part(
        &self,
        entry: u32,
        record: &Record,
        folder: Arc<F>,
        path: String,
    ) -> Result<Part<F>, FileError> {
        self.note_folder(SafePath::of_components(&path).parent());
        let Some(wanted) = self.wanted(entry, record) else {
            return Part::create(folder, path, record.size(), record.sparse);
        };
        let earlier = self.earlier.found.lock().remove(&entry);
        match earlier {
            Some(earlier) => Part::take_up(folder, path, earlier, (wanted.size, record.sparse)),
            None => {
                let names = Names::of(SafePath::of_components(&path).name());
                Part::create_journaled(folder, path, names, wanted, record.sparse)
            }
        }
    }

    /// A file is created in a folder.
    pub(crate) fn note_folder(&self, path: Option<SafePath<'_>>) {
        let path = path.map_or("", |path| path.as_str());
        let mut folders = self.earlier.folders.lock();
        if folders.len() < MOST_FOLDERS && !folders.contains(path) {
            folders.insert(path.to_owned());
        }
    }

    /// Counts what interrupted transfers have left in the folders that were there before and got files of this one (T45). Parts that are
    /// being written do not count.
    pub fn leftovers(&self) -> Leftovers {
        let folders = std::mem::take(&mut *self.earlier.folders.lock());
        let now = System::now();
        let mut all = Leftovers::default();
        for path in folders.iter().filter(|path| !self.root.is_new(path)) {
            let path = Some(path.as_str()).filter(|path| !path.is_empty());
            if let Ok(folder) = self.root.descend(path.map(SafePath::of_components), false) {
                count_leftovers(&*folder, now, &mut all);
            }
        }
        all
    }

    /// What a file has to be so that an earlier part is one of it; `None` for what has no journal.
    fn wanted(&self, entry: u32, record: &Record) -> Option<Wanted> {
        let size = record.size().filter(|size| *size > JOURNAL_BLOCK_LEN)?;
        if record.kind != EntryKind::File || self.earlier.is_off.load(Ordering::Acquire) {
            return None;
        }
        let fingerprint = self.read().fingerprint(entry)?;
        Some(Wanted { size, fingerprint })
    }
}

fn count_leftovers<F: Folder>(folder: &F, now: i64, all: &mut Leftovers) {
    let mut names = Vec::new();
    // A folder that cannot be listed is not mentioned.
    let _ = folder.list(&mut |name| {
        let name = std::str::from_utf8(name).ok();
        names.extend(name.and_then(|name| Some((name.to_owned(), Reserved::parse(name)?))));
    });
    for (name, reserved) in names {
        if let Ok(stat) = folder.stat(&name)
            && is_left_over(folder, reserved, stat.ctime.secs, now)
        {
            all.parts += 1;
            all.occupied += stat.blocks.saturating_mul(512);
        }
    }
}

/// A part is in use while its journal is locked. One without a journal is written to, or gone, within moments.
fn is_left_over<F: Folder>(folder: &F, reserved: Reserved, changed: i64, now: i64) -> bool {
    match reserved {
        Reserved::Part(id) => lock_is_free(folder, &Reserved::Journal(id).to_string()),
        Reserved::SmallPart(..) | Reserved::Nameless(_) => now.saturating_sub(changed) > OLD_SECONDS,
        Reserved::Journal(_) | Reserved::Swap(_) | Reserved::Run(_) => false,
    }
}
