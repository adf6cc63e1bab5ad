//! What the receiver knows of a manifest, held compactly: a tree of names and one small record per entry.

use std::collections::{HashMap, HashSet};

use crate::MAX_ENTRIES;
use crate::extra_table::ExtraTable;
use crate::extras::Preserve;
use crate::journal::JOURNAL_BLOCK_LEN;
use crate::link_table::LinkTable;
use crate::os::{Stat, Time};
use crate::page::{EntryKind, Linked, PageEntry, PageError, extension_of};
use crate::part::Kept;
use crate::path::SafePath;
use crate::tree::{Role, Tree};

/// What the receiver found for an entry when its page came. The numbers are what [`Sink::add_page`](crate::Sink::add_page)
/// returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TargetStatus {
    /// Nothing is there.
    Absent = 0,
    /// A plain file of the same size and modification time.
    Identical = 1,
    /// Another plain file.
    Different = 2,
    /// A link, device, FIFO, or a folder for a file or a file for a folder. Never followed, never replaced.
    InTheWay = 3,
    /// The manifest has this path already.
    Duplicate = 4,
    /// The manifest has a file on the way to this path, or something below this file.
    Conflict = 5,
    /// A folder, and it is there.
    FolderExists = 6,
    /// The system would not tell.
    Unexaminable = 7,
    /// A link or a file is where a folder on the way must be.
    UnsafeParent = 8,
    /// The first component is another than that of the first entry, although it is to be renamed.
    CannotRename = 9,
    /// A hidden name that would come into a folder that was there before, without the user's leave.
    Hidden = 10,
    /// A symbolic link that leads out of the folder, or through a link that was there before.
    OutsideLink = 11,
    /// A symbolic link, of which the user wants none.
    Unwanted = 12,
    /// A name that this system cannot hold, as those with a backslash on Windows.
    BadName = 13,
    /// A name that the disk does not take.
    NameRefused = 14,
    /// A name that the disk takes for another one that is there, or that comes earlier in the manifest.
    SameName = 15,
    /// Another process is receiving this file.
    Busy = 16,
    /// Another plain file that is not older, where the user wants only older ones replaced.
    NotOlder = 17,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Open,
    Committed {
        durable: bool,
        kept: Kept,
    },
    /// It failed, and what was verified of it stays for a later run.
    Left,
    /// A sync failed. The system may have dropped the bytes and forgotten: no later sync can be believed.
    Lost,
}

/// An entry, as the receiver keeps it.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    node: u32,
    pub(crate) kind: EntryKind,
    pub(crate) status: TargetStatus,
    pub(crate) outcome: Outcome,
    pub(crate) mode: u16,
    /// It has holes: no space is reserved for all of it.
    pub(crate) sparse: bool,
    /// Tells a repeated entry from a changed one.
    digest: u32,
    mtime_nanos: u32,
    mtime_secs: i64,
    /// [`UNKNOWN_SIZE`] for a file of unknown size.
    bytes: u64,
}

/// Above every size that a page can state.
const UNKNOWN_SIZE: u64 = u64::MAX;

impl Record {
    /// `None` for a file of unknown size.
    pub(crate) fn size(&self) -> Option<u64> {
        (self.bytes != UNKNOWN_SIZE).then_some(self.bytes)
    }

    pub(crate) fn mtime(&self) -> Time {
        Time {
            secs: self.mtime_secs,
            nanos: self.mtime_nanos,
        }
    }
}

/// What is needed to make a file in its folder.
pub(crate) struct Placed {
    pub(crate) record: Record,
    /// The node of its folder.
    pub(crate) folder: u32,
    /// Its path has a hidden component that the user did not choose.
    pub(crate) hidden: bool,
}

#[derive(Default)]
pub(crate) struct Table {
    tree: Tree,
    records: Vec<Record>,
    /// The files that were in the way, as they were: an overwrite must not hit another.
    seen: HashMap<u32, Stat>,
    /// What the sender says of files of more than one block, by which a later run knows them again.
    fingerprints: HashMap<u32, [u8; 16]>,
    links: LinkTable,
    extras: ExtraTable,
    /// The first component that is replaced, once it is known.
    top: Option<String>,
    /// Where entries go whose own names other files have.
    moved: HashMap<u32, String>,
    /// The same paths.
    moved_to: HashSet<String>,
}

impl Table {
    /// A table that keeps what the user wants kept.
    pub(crate) fn new(preserve: Preserve) -> Self {
        Self {
            extras: ExtraTable::new(preserve),
            ..Self::default()
        }
    }

    pub(crate) fn len(&self) -> u32 {
        // At most MAX_ENTRIES.
        self.records.len() as u32
    }

    pub(crate) fn record(&self, entry: u32) -> Option<&Record> {
        self.records.get(entry as usize)
    }

    pub(crate) fn record_mut(&mut self, entry: u32) -> Option<&mut Record> {
        self.records.get_mut(entry as usize)
    }

    pub(crate) fn seen(&self, entry: u32) -> Option<Stat> {
        self.seen.get(&entry).copied()
    }

    /// What its sender says of a file of more than one block.
    pub(crate) fn fingerprint(&self, entry: u32) -> Option<[u8; 16]> {
        self.fingerprints.get(&entry).copied()
    }

    /// An entry and where it belongs, without its path.
    pub(crate) fn placed(&self, entry: u32) -> Option<Placed> {
        let record = *self.record(entry)?;
        Some(Placed {
            record,
            folder: self.tree.parent(record.node),
            hidden: self.tree.is_hidden(record.node),
        })
    }

    /// The last component of an entry's path.
    pub(crate) fn name(&self, entry: u32) -> Option<&str> {
        match self.moved.get(&entry) {
            Some(path) => path.rsplit('/').next(),
            None => Some(self.tree.name(self.record(entry)?.node)),
        }
    }

    /// Lets an entry go to another path in the same folder.
    pub(crate) fn move_to(&mut self, entry: u32, path: String) {
        self.moved_to.insert(path.clone());
        self.moved.insert(entry, path);
    }

    /// The name of an entry that goes to another path, as the manifest has it; `None` of one that keeps its own.
    pub(crate) fn name_before_move(&self, entry: u32) -> Option<&str> {
        self.moved.get(&entry)?;
        Some(self.tree.name(self.record(entry)?.node))
    }

    /// Whether an entry with another name goes to a path.
    pub(crate) fn is_moved_to(&self, path: SafePath<'_>) -> bool {
        self.moved_to.contains(path.as_str())
    }

    /// Whether the manifest so far has a path.
    pub(crate) fn has(&self, path: SafePath<'_>) -> bool {
        self.tree.find(path).is_some()
    }

    /// Where the folder of a node lies below the root; empty for the root itself.
    pub(crate) fn folder_path(&self, folder: u32) -> String {
        self.tree.path(folder)
    }

    /// Where the entry lies below the root.
    pub(crate) fn path(&self, entry: u32) -> Option<String> {
        match self.moved.get(&entry) {
            Some(path) => Some(path.clone()),
            None => self.manifest_path(entry),
        }
    }

    /// Where it would lie if no other file had its name.
    fn manifest_path(&self, entry: u32) -> Option<String> {
        Some(self.tree.path(self.record(entry)?.node))
    }

    /// The entry's path as its sender wrote it.
    pub(crate) fn wire_path(&self, entry: u32) -> Option<String> {
        let path = self.manifest_path(entry)?;
        let renamed = self.record(entry)?.status != TargetStatus::CannotRename;
        let Some(top) = self.top.as_ref().filter(|_| renamed) else {
            return Some(path);
        };
        Some(match path.split_once('/') {
            Some((_, rest)) => format!("{top}/{rest}"),
            None => top.clone(),
        })
    }

    /// Whether a repeated entry has the bytes that it had before.
    pub(crate) fn repeats(&self, entry: u32, bytes: &[u8]) -> bool {
        self.record(entry).is_some_and(|record| record.digest == digest(bytes))
    }

    /// Makes room for the entries of a page and for what may be found of them.
    pub(crate) fn reserve(&mut self, entries: usize) -> Result<(), PageError> {
        let reserved = (self.records.try_reserve(entries))
            .and_then(|()| self.seen.try_reserve(entries))
            .and_then(|()| self.fingerprints.try_reserve(entries));
        reserved.map_err(|_| PageError::NoMemory)
    }

    /// Adds the next entry, for which there is room. Its status is what the manifest alone says: `Absent` unless it contradicts itself.
    pub(crate) fn add(&mut self, entry: &PageEntry<'_>, bytes: &[u8], rename: Option<&str>) -> Result<(), PageError> {
        if self.len() == MAX_ENTRIES {
            return Err(PageError::TooManyEntries);
        }
        if let Linked::Entry(linked) = entry.linked
            && self.record(linked).is_none_or(|record| record.kind != EntryKind::File)
        {
            return Err(PageError::BadLink);
        }
        let (node, status) = match self.new_top(entry.path, rename) {
            Ok(top) => self.place(entry.path, top, entry.kind)?,
            Err(OtherTop) => (self.place(entry.path, None, entry.kind)?.0, TargetStatus::CannotRename),
        };
        if status == TargetStatus::Absent {
            self.add_link(entry.linked, node)?;
            let names = self.tree.name_bytes() + self.links.target_bytes();
            self.extras.add(self.len(), extension_of(bytes), names)?;
        }
        if entry.kind == EntryKind::File && entry.size.is_some_and(|size| size > JOURNAL_BLOCK_LEN) {
            self.fingerprints.insert(self.len(), entry.fingerprint);
        }
        self.records.push(Record {
            node,
            kind: entry.kind,
            status,
            outcome: Outcome::Open,
            mode: entry.mode,
            sparse: entry.size.is_some_and(|size| entry.data_bytes < size),
            digest: digest(bytes),
            mtime_nanos: entry.mtime.nanos,
            mtime_secs: entry.mtime.secs,
            bytes: entry.size.unwrap_or(UNKNOWN_SIZE),
        });
        Ok(())
    }

    /// What is kept of an entry besides mode and time.
    pub(crate) fn extras(&self, entry: u32) -> &[u8] {
        self.extras.get(entry)
    }

    /// The target of a symbolic link that can be made.
    pub(crate) fn target(&self, entry: u32) -> Option<&str> {
        self.links.target(entry)
    }

    /// The file of which a hard link that can be made is another name.
    pub(crate) fn linked_to(&self, entry: u32) -> Option<u32> {
        self.links.linked_to(entry)
    }

    /// The symbolic link that the manifest has at a path.
    pub(crate) fn link_at(&self, path: SafePath<'_>) -> Option<u32> {
        self.links.at(self.tree.find(path)?)
    }

    /// Notes where the next entry leads, which is to be at `node`. A hard link leads to a file.
    fn add_link(&mut self, linked: Linked<'_>, node: u32) -> Result<(), PageError> {
        let entry = self.len();
        match linked {
            Linked::None => Ok(()),
            Linked::Target(target) => {
                let names = self.tree.name_bytes();
                self.links.add_target(entry, node, target, names)
            }
            Linked::Entry(first) => self.links.add_name(entry, first),
        }
    }

    /// Notes what was found on the disk for an entry.
    pub(crate) fn set_found(&mut self, entry: u32, status: TargetStatus, seen: Option<Stat>) {
        if let Some(record) = self.records.get_mut(entry as usize) {
            record.status = status;
        }
        if let Some(seen) = seen {
            self.seen.insert(entry, seen);
        }
    }

    /// The component to put first instead of the path's own, if any.
    fn new_top<'a>(&mut self, path: SafePath<'_>, rename: Option<&'a str>) -> Result<Option<&'a str>, OtherTop> {
        let Some(rename) = rename else {
            return Ok(None);
        };
        let own = path.components().next().unwrap_or_default();
        let top = self.top.get_or_insert_with(|| own.to_owned());
        if top == own { Ok(Some(rename)) } else { Err(OtherTop) }
    }

    /// The node of a path, and whether the manifest so far agrees with it.
    fn place(
        &mut self,
        path: SafePath<'_>,
        top: Option<&str>,
        kind: EntryKind,
    ) -> Result<(u32, TargetStatus), PageError> {
        let place = self.tree.place(path, top)?;
        let status = match (self.tree.role(place.node), kind) {
            (Some(Role::File | Role::Folder | Role::Link), _) => return Ok((place.node, TargetStatus::Duplicate)),
            (_, EntryKind::Link) if !place.new => return Err(PageError::BelowLink),
            // On the way to something: a file cannot be.
            (_, EntryKind::File | EntryKind::HardLink) if !place.new => {
                return Ok((place.node, TargetStatus::Conflict));
            }
            _ if place.below_file => TargetStatus::Conflict,
            _ => TargetStatus::Absent,
        };
        let role = match kind {
            EntryKind::File | EntryKind::HardLink => Role::File,
            EntryKind::Link => Role::Link,
            EntryKind::Folder => Role::Folder,
        };
        self.tree.set_role(place.node, role);
        Ok((place.node, status))
    }
}

struct OtherTop;

/// Short, because a peer that forges it gains nothing: the entry that came first is the one that counts.
fn digest(bytes: &[u8]) -> u32 {
    let hash = blake3::hash(bytes);
    let first = hash.as_bytes().first_chunk().copied().unwrap_or_default();
    u32::from_le_bytes(first)
}
