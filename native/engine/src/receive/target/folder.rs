//! A folder of the user's.

use std::path::Path;
use std::sync::Arc;

use ultra_files::{
    CommitInfo, EntryKind, FileError, Leftovers, MadeLinks, Part, Preserve, Sink, SmallPart, TakenUp,
    TargetStatus as Found,
};

use super::{Committed, MOST, Target};
use crate::core::fault::Fault;
use crate::core::options::SinkOptions;
use crate::core::words::{Existing, Leaving, LinkChoice, TargetStatus, Unkept};

pub struct Folder(Sink);

impl Folder {
    pub fn open(options: &SinkOptions) -> Result<Self, Fault> {
        let choices = ultra_files::SinkOptions {
            existing: match options.existing {
                Existing::Refuse | Existing::Skip => ultra_files::Existing::Keep,
                Existing::Update => ultra_files::Existing::Update,
                Existing::Replace => ultra_files::Existing::Replace,
                Existing::Rename => ultra_files::Existing::Rename,
                Existing::Backup => ultra_files::Existing::Backup,
            },
            hidden: options.hidden,
            rename: (!options.rename.is_empty()).then(|| options.rename.clone()),
            create: options.create,
            no_sync: options.no_sync,
            links: match options.links {
                LinkChoice::Inside | LinkChoice::Follow => MadeLinks::Inside,
                LinkChoice::All => MadeLinks::All,
                LinkChoice::None => MadeLinks::None,
            },
            preserve: Preserve {
                owner: options.owner,
                xattrs: options.xattrs,
                acl: options.acl,
            },
            restart: options.restart,
        };
        Ok(Self(Sink::open(Path::new(&options.folder), choices)?))
    }

    #[cfg(test)]
    pub fn of(sink: Sink) -> Self {
        Self(sink)
    }
}

impl Target for Folder {
    fn begin(&self, transfer: Option<&str>) {
        match transfer {
            Some(transfer) => self.0.begin(transfer.as_bytes()),
            None => self.0.begin_without_resume(),
        }
    }

    fn taken_up(&self) -> Vec<TakenUp> {
        self.0.taken_up()
    }

    fn left_over(&self) -> Leftovers {
        self.0.leftovers()
    }

    fn add_page(&self, first: u32, count: u16, entries: &[u8]) -> Result<Vec<TargetStatus>, Fault> {
        let found = self.0.add_page(first, count, entries)?;
        Ok(found.into_iter().map(status_of).collect())
    }

    fn entry_count(&self) -> u32 {
        self.0.entry_count()
    }

    fn kind(&self, id: u32) -> Option<EntryKind> {
        self.0.kind(id)
    }

    fn file_size(&self, id: u32) -> Option<u64> {
        self.0.file_size(id)
    }

    fn is_sparse(&self, id: u32) -> bool {
        self.0.is_sparse(id)
    }

    fn describe(&self, id: u32) -> Option<(String, EntryKind, u64)> {
        let size = self.0.file_size(id).unwrap_or(0);
        Some((self.0.wire_path(id)?, self.0.kind(id)?, size))
    }

    fn path(&self, id: u32) -> String {
        self.0.path(id).unwrap_or_default()
    }

    fn part(&self, id: u32) -> Result<Option<Arc<Part>>, Fault> {
        Ok(Some(self.0.part(id)?))
    }

    fn commit_group(&self, ids: &[u32]) -> Vec<Result<Committed, Fault>> {
        committed(self.0.commit_group(ids))
    }

    fn small_part(&self, id: u32) -> Result<Option<SmallPart>, Fault> {
        Ok(Some(self.0.small_part(id)?))
    }

    fn write_small(&self, id: u32, part: &SmallPart, offset: u64, bytes: &[u8]) -> Result<(), Fault> {
        Ok(self.0.write_small(id, part, offset, bytes)?)
    }

    fn extend_small(&self, id: u32, part: &SmallPart) -> Result<(), Fault> {
        Ok(self.0.extend_small(id, part)?)
    }

    fn finish_small(&self, id: u32, part: SmallPart) -> Result<(), Fault> {
        Ok(self.0.finish_small(id, part)?)
    }

    fn drop_small(&self, id: u32, part: SmallPart) {
        self.0.drop_small(id, part);
    }

    fn commit_small(&self, ids: &[u32]) -> Vec<Result<Committed, Fault>> {
        committed(self.0.commit_small(ids))
    }

    fn commit_links(&self, ids: &[u32]) -> Vec<Result<Committed, Fault>> {
        committed(self.0.commit_links(ids))
    }

    fn link_root(&self, id: u32) -> Option<[u8; 32]> {
        self.0.link_root(id)
    }

    fn waits_for_disk(&self) -> bool {
        self.0.waits_for_disk()
    }

    fn abandon(&self, id: u32, leaving: Leaving) {
        self.0.abandon(id, kept(leaving));
    }

    fn finish_folders(&self) -> Result<Unkept, Fault> {
        let finished = self.0.finish_folders();
        match finished.errors.into_iter().next() {
            Some(error) => Err(error.into()),
            None => Ok(finished.kept.into()),
        }
    }

    /// A file system that cannot say it is asked again by every write.
    fn free_space(&self) -> u64 {
        self.0.free_space().unwrap_or(MOST)
    }

    fn dispose(&self, leaving: Leaving) {
        self.0.dispose(kept(leaving));
    }
}

/// The same word.
fn kept(leaving: Leaving) -> ultra_files::Leaving {
    match leaving {
        Leaving::Nothing => ultra_files::Leaving::Nothing,
        Leaving::Parts => ultra_files::Leaving::Parts,
    }
}

/// The same results, as the sink has them.
fn committed(results: Vec<Result<CommitInfo, FileError>>) -> Vec<Result<Committed, Fault>> {
    let info = |CommitInfo { durable, kept }| Committed {
        durable,
        unkept: kept.into(),
    };
    results.into_iter().map(|result| Ok(info(result?))).collect()
}

/// The same word: what the receiver's files found is what its control plane decides on.
fn status_of(status: Found) -> TargetStatus {
    match status {
        Found::Absent => TargetStatus::Absent,
        Found::Identical => TargetStatus::Identical,
        Found::Different => TargetStatus::Different,
        Found::InTheWay => TargetStatus::InTheWay,
        Found::Duplicate => TargetStatus::Duplicate,
        Found::Conflict => TargetStatus::Conflict,
        Found::FolderExists => TargetStatus::FolderExists,
        Found::Unexaminable => TargetStatus::Unexaminable,
        Found::UnsafeParent => TargetStatus::UnsafeParent,
        Found::CannotRename => TargetStatus::CannotRename,
        Found::Hidden => TargetStatus::Hidden,
        Found::OutsideLink => TargetStatus::OutsideLink,
        Found::Unwanted => TargetStatus::Unwanted,
        Found::BadName => TargetStatus::BadName,
        Found::NameRefused => TargetStatus::NameRefused,
        Found::SameName => TargetStatus::SameName,
        Found::Busy => TargetStatus::Busy,
        Found::NotOlder => TargetStatus::NotOlder,
    }
}
