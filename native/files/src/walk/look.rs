//! What one name stands for, and what is sent of it.

use std::io;
use std::sync::Arc;

use super::Walk;
use super::listing::Listing;
use crate::extras::Extras;
use crate::fingerprint::Fingerprint;
use crate::follow::Argument;
use crate::holes::{data_bytes, may_have_holes};
use crate::left_out::Reason;
use crate::links::{SentLinks, stays_inside};
use crate::os::{Acl, Folder, NativeFolder, NodeKind, Sizes, Stat, Time};
use crate::page::{EntryKind, Linked, MAX_TARGET_LEN, PageEntry};
use crate::path::SafePath;
use crate::source::{Added, Parent, size_of};
use crate::way::Place;

/// Times that both languages hold exactly.
const MAX_SECS: i64 = (1 << 53) - 1;

/// The ACLs that a folder may have.
pub(super) const FOLDER_ACLS: [Acl; 2] = [Acl::Access, Acl::Default];

/// Something to be sent.
pub(super) struct Item {
    pub(super) parent: Parent,
    pub(super) path: String,
    pub(super) stat: Stat,
    pub(super) content: Content,
    /// What is kept of it besides mode and time.
    pub(super) extras: Extras,
    /// Its components below the argument, where a link led to it.
    pub(super) elsewhere: Option<Vec<String>>,
}

/// What is sent of it.
pub(super) enum Content {
    File {
        /// Bytes that are not in holes.
        data: u64,
    },
    /// It can be read.
    Folder(Arc<NativeFolder>, Listing),
    Link(String),
    /// Another name of the file that this entry is.
    Again(u32),
}

impl Item {
    /// Its entry in the manifest.
    pub(super) fn entry<'a>(&'a self, path: SafePath<'a>) -> PageEntry<'a> {
        let kind = self.content.kind();
        let (data_bytes, linked) = match &self.content {
            Content::File { data } => (*data, Linked::None),
            Content::Folder(..) => (0, Linked::None),
            Content::Link(target) => (0, Linked::Target(target)),
            Content::Again(first) => (0, Linked::Entry(*first)),
        };
        PageEntry {
            kind,
            size: Some(size_of(kind, &self.stat)),
            data_bytes,
            mode: self.stat.mode,
            mtime: Time {
                secs: self.stat.mtime.secs.clamp(-MAX_SECS, MAX_SECS),
                ..self.stat.mtime
            },
            fingerprint: Fingerprint::of(&self.stat).0,
            path,
            linked,
        }
    }

    /// What the source keeps of it.
    pub(super) fn added(&self) -> Added<'_> {
        Added {
            parent: self.parent,
            kind: self.content.kind(),
            stat: &self.stat,
            target: match &self.content {
                Content::Link(target) => Some(target),
                _ => None,
            },
            elsewhere: self.elsewhere.as_deref(),
        }
    }
}

impl Content {
    pub(super) fn kind(&self) -> EntryKind {
        match self {
            Self::File { .. } => EntryKind::File,
            Self::Folder(..) => EntryKind::Folder,
            Self::Link(_) => EntryKind::Link,
            Self::Again(_) => EntryKind::HardLink,
        }
    }
}

impl Walk {
    pub(super) fn examine(
        &mut self,
        folder: &NativeFolder,
        name: &str,
        parent: Parent,
        path: &str,
    ) -> Result<Item, Reason> {
        let stat = folder.stat(name).map_err(unreadable)?;
        if stat.kind == NodeKind::Link {
            return self.examine_link(folder, name, stat, parent, path);
        }
        self.examine_node(folder, name, stat, parent, path)
    }

    /// What is sent of anything but a link.
    fn examine_node(
        &mut self,
        folder: &NativeFolder,
        name: &str,
        stat: Stat,
        parent: Parent,
        path: &str,
    ) -> Result<Item, Reason> {
        let item = |stat, content, extras| Item {
            parent,
            path: path.to_owned(),
            stat,
            content,
            extras,
            elsewhere: None,
        };
        match stat.kind {
            // What a link led to is a link since.
            NodeKind::Link => Err(Reason::Vanished),
            NodeKind::Special => Err(Reason::Special),
            NodeKind::File => {
                if self.options.hardlinks
                    && let Some(first) = self.inodes.first(&stat)
                {
                    return Ok(item(stat, Content::Again(first), Extras::default()));
                }
                let sizes = match stat.size == 0 && stat.blocks == 0 {
                    true => self.sizes(folder, name, &stat)?,
                    false => Sizes::Told,
                };
                if sizes == Sizes::Made {
                    return Err(Reason::Unsized);
                }
                // A file that all users may read needs no second call.
                if stat.mode & 0o444 != 0o444 {
                    folder.may_read(name).map_err(unreadable)?;
                }
                if sizes == Sizes::Unknown && folder.holds_something(name).map_err(unreadable)? {
                    return Err(Reason::Unsized);
                }
                let (data, extras) = self.opened(folder, name, &stat)?;
                Ok(item(stat, Content::File { data }, extras))
            }
            NodeKind::Folder => {
                let child = folder.open_folder(name).map_err(unreadable)?;
                // What was opened counts: the name may stand for another folder since.
                let stat = child.stat_self().map_err(unreadable)?;
                let listing = self.list(&child, path).map_err(unreadable)?;
                let extras = self.keeper.of_open(&stat, &child, &FOLDER_ACLS);
                Ok(item(stat, Content::Folder(Arc::new(child), listing), extras))
            }
        }
    }

    /// What the size 0 says of a file. One file tells it for all that follow on its file system.
    fn sizes(&mut self, folder: &NativeFolder, name: &str, stat: &Stat) -> Result<Sizes, Reason> {
        match self.sizes {
            Some((dev, sizes)) if dev == stat.dev => Ok(sizes),
            _ => {
                let sizes = folder.sizes(name).map_err(unreadable)?;
                self.sizes = Some((stat.dev, sizes));
                Ok(sizes)
            }
        }
    }

    /// What only an open file tells: the bytes that are not in holes, and what is kept of it. Most files need not be opened for that.
    fn opened(&mut self, folder: &NativeFolder, name: &str, stat: &Stat) -> Result<(u64, Extras), Reason> {
        let sparse = may_have_holes(stat);
        if !sparse && !self.keeper.opens() {
            return Ok((stat.size, self.keeper.of_closed(stat)));
        }
        let file = folder.open_file(name).map_err(unreadable)?;
        let data = match sparse {
            // A file system that does not tell has none to tell of.
            true => data_bytes(&file, stat.size).unwrap_or(stat.size),
            false => stat.size,
        };
        Ok((data, self.keeper.of_open(stat, &file, &[Acl::Access])))
    }

    /// A link in a folder: sent as it is, or what it leads to.
    fn examine_link(
        &mut self,
        folder: &NativeFolder,
        name: &str,
        stat: Stat,
        parent: Parent,
        path: &str,
    ) -> Result<Item, Reason> {
        let Parent::Entry(above) = parent else {
            // It was a file when the user asked for it.
            return Err(Reason::Vanished);
        };
        if self.options.links == SentLinks::None {
            return Err(Reason::Chosen);
        }
        let target = folder.read_link(name).map_err(unreadable)?;
        let target = String::from_utf8(target).map_err(|_| Reason::LinkTarget)?;
        let depth = path.matches('/').count();
        let sendable = (1..=MAX_TARGET_LEN).contains(&target.len());
        let inside = || self.options.links == SentLinks::All || stays_inside(&target, depth);
        match self.options.links {
            SentLinks::Follow => self.follow(above, parent, path, &target),
            _ if sendable && inside() => Ok(Item {
                parent,
                path: path.to_owned(),
                stat,
                content: Content::Link(target),
                extras: self.keeper.of_closed(&stat),
                elsewhere: None,
            }),
            _ if sendable => Err(Reason::Link),
            _ => Err(Reason::LinkTarget),
        }
    }

    /// What a link in the folder `above` leads to, as if it stood there.
    fn follow(&mut self, above: u32, parent: Parent, path: &str, target: &str) -> Result<Item, Reason> {
        let (place, way) = self.source.place_of(above).ok_or(Reason::Vanished)?;
        let Place::Folder { folder, real } = &place else {
            return Err(Reason::Vanished);
        };
        let argument = Argument { folder, real };
        let found = argument.follow(way, target)?;
        let stat = found.folder.stat(&found.name).map_err(unreadable)?;
        let item = self.examine_node(&found.folder, &found.name, stat, parent, path)?;
        let node = (item.stat.dev, item.stat.ino);
        if item.content.kind() == EntryKind::Folder && self.levels.iter().any(|level| level.node == node) {
            // It leads back to a folder on the way to it: the walk would go around in circles.
            return Err(Reason::LinkNowhere);
        }
        Ok(Item {
            elsewhere: Some(found.way),
            ..item
        })
    }
}

fn unreadable(error: io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::NotFound => Reason::Vanished,
        _ => Reason::Unreadable,
    }
}
