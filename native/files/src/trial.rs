//! Final names are tried on disks that do not take every name, before anything is sent for them (T25).
//!
//! Some disks refuse names (exFAT a colon), and some take two names for one (upper and lower case, ways to write an accent). Which ones, only
//! creating tells. So each name is created once in a folder of ours beside its place, which nothing else looks into and which goes before the
//! first file gets its name. Where the disk takes all names as they are, as nearly all of Linux's do, nothing is tried.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::sync::Arc;

use crate::os::{Errors, Folder, NodeKind, System};
use crate::part::random_name;
use crate::path::{MAX_DEPTH, SafePath};
use crate::sandbox::Root;
use crate::table::TargetStatus;

/// The names of one transfer.
pub(crate) struct Trials {
    /// What the folders are called in which names are tried.
    name: String,
    /// The folders of the target that have one; `""`: the root.
    places: BTreeSet<String>,
    /// The folders that were tried and made, by their final paths.
    made: HashSet<String>,
    /// The folder that was looked at last.
    last: Option<Place>,
    /// Nothing is tried any more.
    over: bool,
}

/// A folder into which something is to come.
struct Place {
    /// Its final path; `""`: the root.
    path: String,
    /// The folder that it is, or the nearest one that is there: where its names are tried. `None`: it takes every name.
    holder: Option<String>,
    /// The names in it, where it is there.
    names: Option<HashSet<Vec<u8>>>,
}

impl Trials {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            name: random_name()?,
            places: BTreeSet::new(),
            made: HashSet::new(),
            last: None,
            over: false,
        })
    }

    /// Whether the disk takes all names in the folder of `path` as they are.
    pub(crate) fn takes_every_name<F: Folder>(&mut self, root: &Root<F>, path: SafePath<'_>) -> bool {
        self.place(root, path).holder.is_none()
    }

    /// What the disk says of a name of which it has nothing yet.
    pub(crate) fn new_name<F: Folder>(&mut self, root: &Root<F>, path: SafePath<'_>, is_folder: bool) -> TargetStatus {
        let Some(holder) = self.place(root, path).holder.clone() else {
            return TargetStatus::Absent;
        };
        if self.over {
            return TargetStatus::Absent;
        }
        match self.try_below(root, &holder, path, is_folder) {
            Ok(()) => TargetStatus::Absent,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => TargetStatus::SameName,
            Err(error) if System::is_bad_name(&error) => TargetStatus::NameRefused,
            // Of another trouble the file itself will tell.
            Err(_) => TargetStatus::Absent,
        }
    }

    /// Whether what the disk finds under a name is called so, and not otherwise in its own list.
    pub(crate) fn is_spelled_so<F: Folder>(&mut self, root: &Root<F>, path: SafePath<'_>) -> bool {
        let name = path.name().as_bytes();
        let place = self.place(root, path);
        place.holder.is_none() || place.names.as_ref().is_none_or(|names| names.contains(name))
    }

    /// The folder of a path.
    fn place<F: Folder>(&mut self, root: &Root<F>, path: SafePath<'_>) -> &Place {
        let parent = path.parent();
        let shown = parent.map_or("", |parent| parent.as_str());
        let place = match self.last.take() {
            Some(place) if place.path == shown => place,
            _ => find_place(root, parent),
        };
        self.last.insert(place)
    }

    fn try_below<F: Folder>(
        &mut self,
        root: &Root<F>,
        holder: &str,
        path: SafePath<'_>,
        is_folder: bool,
    ) -> io::Result<()> {
        let base = root.descend((!holder.is_empty()).then(|| SafePath::of_components(holder)), false);
        let base = base.map_err(|blocked| blocked.error)?;
        if !self.places.contains(holder) {
            // Noted first, so that it goes in any case.
            self.places.insert(holder.to_owned());
            match base.create_folder(&self.name) {
                // Under another spelling of the holder.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                result => result?,
            }
        }
        let mut folder = base.open_folder(&self.name)?;
        let known = if holder.is_empty() {
            0
        } else {
            holder.split('/').count()
        };
        let last = path.components().count() - 1;
        for (depth, name) in path.components().enumerate().skip(known) {
            if depth == last && !is_folder {
                return folder.create_file(name).map(|_| ());
            }
            let at = path.prefix(depth + 1);
            if !self.made.contains(at) {
                folder.create_folder(name)?;
                self.made.insert(at.to_owned());
            } else if depth == last {
                // Something below it came first.
                return Ok(());
            }
            folder = folder.open_folder(name)?;
        }
        Ok(())
    }

    /// Removes what trying has made. What comes later is not tried.
    pub(crate) fn end<F: Folder>(&mut self, root: &Root<F>) {
        self.over = true;
        for holder in std::mem::take(&mut self.places) {
            let path = (!holder.is_empty()).then(|| SafePath::of_components(&holder));
            if let Ok(folder) = root.descend(path, false) {
                // What cannot be removed stays, and `ultra clean` names it.
                let _ = remove_tried(&*folder, &self.name, MAX_DEPTH);
            }
        }
        self.made = HashSet::new();
    }
}

fn find_place<F: Folder>(root: &Root<F>, parent: Option<SafePath<'_>>) -> Place {
    let path = parent.map_or("", |parent| parent.as_str()).to_owned();
    let (folder, holder): (Option<Arc<F>>, &str) = match root.descend(parent, false) {
        Ok(folder) => (Some(folder), &path),
        // Blocked by what is missing, or by what the status of the entry tells.
        Err(blocked) => {
            let above = parent.filter(|_| blocked.depth > 0);
            let above = above.map_or("", |parent| parent.prefix(blocked.depth));
            let nearest = (!above.is_empty()).then(|| SafePath::of_components(above));
            (root.descend(nearest, false).ok(), above)
        }
    };
    let Some(folder) = folder.filter(|folder| !folder.takes_every_name()) else {
        let (holder, names) = (None, None);
        return Place { path, holder, names };
    };
    let names = (holder == path).then(|| names_in(&*folder)).flatten();
    let holder = Some(holder.to_owned());
    Place { path, holder, names }
}

fn names_in(folder: &impl Folder) -> Option<HashSet<Vec<u8>>> {
    let mut names = HashSet::new();
    let listed = folder.list(&mut |name| {
        names.insert(name.to_vec());
    });
    listed.ok().map(|()| names)
}

/// Removes a folder in which names were tried: folders and empty files, and nothing else. An error: something of it stays.
pub(crate) fn remove_tried<F: Folder>(holder: &F, name: &str, levels: usize) -> io::Result<()> {
    let folder = holder.open_folder(name)?;
    let mut names = Vec::new();
    folder.list(&mut |name| names.push(String::from_utf8(name.to_vec())))?;
    for name in names {
        let name = name.map_err(|_| io::ErrorKind::InvalidData)?;
        let stat = folder.stat(&name)?;
        match stat.kind {
            NodeKind::File if stat.size == 0 => folder.remove_file(&name)?,
            NodeKind::Folder if levels > 0 => remove_tried(&folder, &name, levels - 1)?,
            _ => return Err(io::ErrorKind::DirectoryNotEmpty.into()),
        }
    }
    holder.remove_folder(name)
}
