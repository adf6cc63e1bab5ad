//! What the receiver knows of a manifest, held compactly: a tree of names and one small record per entry.

use std::collections::HashMap;

use crate::MAX_ENTRIES;
use crate::os::{Stat, Time};
use crate::page::{EntryKind, PageEntry, PageError};
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
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Open,
    Committed {
        durable: bool,
        kept: Kept,
    },
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
    pub(crate) size: Option<u64>,
    pub(crate) mtime: Time,
    /// Tells a repeated entry from a changed one.
    digest: u64,
}

#[derive(Default)]
pub(crate) struct Table {
    tree: Tree,
    records: Vec<Record>,
    /// The files that were in the way, as they were: an overwrite must not hit another.
    seen: HashMap<u32, Stat>,
    /// For `Unknown` the system's number, for `NoFolder` the depth of the component.
    details: HashMap<u32, i32>,
    /// The first component that is replaced, once it is known.
    top: Option<String>,
}

impl Table {
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

    pub(crate) fn detail(&self, entry: u32) -> Option<i32> {
        self.details.get(&entry).copied()
    }

    /// Where the entry lies below the root.
    pub(crate) fn path(&self, entry: u32) -> Option<String> {
        Some(self.tree.path(self.record(entry)?.node))
    }

    /// The entry's path as its sender wrote it.
    pub(crate) fn wire_path(&self, entry: u32) -> Option<String> {
        let path = self.path(entry)?;
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
            .and_then(|()| self.details.try_reserve(entries));
        reserved.map_err(|_| PageError::NoMemory)
    }

    /// Adds the next entry, for which there is room. Its status is what the manifest alone says: `Absent` unless it contradicts itself.
    pub(crate) fn add(
        &mut self,
        entry: &PageEntry<'_>,
        bytes: &[u8],
        rename: Option<&str>,
    ) -> Result<TargetStatus, PageError> {
        if self.len() == MAX_ENTRIES {
            return Err(PageError::TooManyEntries);
        }
        let (node, status) = match self.new_top(entry.path, rename) {
            Ok(top) => self.place(entry.path, top, entry.kind)?,
            Err(OtherTop) => (self.place(entry.path, None, entry.kind)?.0, TargetStatus::CannotRename),
        };
        self.records.push(Record {
            node,
            kind: entry.kind,
            status,
            outcome: Outcome::Open,
            mode: entry.mode,
            size: entry.size,
            mtime: entry.mtime,
            digest: digest(bytes),
        });
        Ok(status)
    }

    /// Notes what was found on the disk for an entry.
    pub(crate) fn set_found(&mut self, entry: u32, status: TargetStatus, seen: Option<Stat>, detail: i32) {
        if let Some(record) = self.records.get_mut(entry as usize) {
            record.status = status;
        }
        if let Some(seen) = seen {
            self.seen.insert(entry, seen);
        }
        if matches!(status, TargetStatus::Unexaminable | TargetStatus::UnsafeParent) {
            self.details.insert(entry, detail);
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
            (Some(Role::File | Role::Folder), _) => return Ok((place.node, TargetStatus::Duplicate)),
            // On the way to something: a file cannot be.
            (_, EntryKind::File) if !place.new => return Ok((place.node, TargetStatus::Conflict)),
            _ if place.below_file => TargetStatus::Conflict,
            _ => TargetStatus::Absent,
        };
        let role = match kind {
            EntryKind::File => Role::File,
            EntryKind::Folder => Role::Folder,
        };
        self.tree.set_role(place.node, role);
        Ok((place.node, status))
    }
}

struct OtherTop;

/// Short, because a peer that forges it gains nothing: the entry that came first is the one that counts.
fn digest(bytes: &[u8]) -> u64 {
    let hash = blake3::hash(bytes);
    let first = hash.as_bytes().first_chunk().copied().unwrap_or_default();
    u64::from_le_bytes(first)
}
