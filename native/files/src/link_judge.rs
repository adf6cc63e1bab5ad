//! Which symbolic links of a manifest the receiver makes. Its sender judged them too; nothing depends on that.
//!
//! A target that [stays inside](crate::links::stays_inside) by its text leads inside as long as no component of it is a link that leads
//! elsewhere. So its way is walked here on what is on the disk and what the manifest will put there, as the system would walk it; a link
//! that somebody else made ends it.

use crate::links::{MadeLinks, components, link_root, stays_inside};
use crate::os::{Folder, NodeKind, Stat};
use crate::path::SafePath;
use crate::sandbox::Found;
use crate::sink::Sink;
use crate::table::{Outcome, TargetStatus};

/// Links on the way to one target. The system follows 40: what is behind more is nowhere.
const MAX_HOPS: u32 = 64;

/// Where a target leads.
enum Leads {
    /// To something inside, to nothing or around in circles.
    Inside,
    Outside,
    /// Through a link that this manifest does not have.
    Through(String),
}

/// What a component on the way is.
enum Step {
    Folder,
    /// A link of the manifest with this target, which is there or will be.
    Ours(String),
    Foreign,
    /// Nothing, or nothing that anything could be below.
    End,
}

impl<F: Folder> Sink<F> {
    /// The status of a symbolic link that the manifest alone decides.
    pub(crate) fn link_choice(&self) -> Option<TargetStatus> {
        (self.links == MadeLinks::None).then_some(TargetStatus::Unwanted)
    }

    /// The status of a symbolic link where nothing has its name, or what is there may be replaced.
    pub(crate) fn link_or(&self, entry: u32, path: SafePath<'_>, otherwise: TargetStatus) -> TargetStatus {
        match self.leads(entry, path) {
            Leads::Inside => otherwise,
            // A link that leads inside may be of this manifest: `check_link` tells, when all of it is known.
            Leads::Through(link) if self.link_on_disk_stays_inside(&link) => otherwise,
            Leads::Outside | Leads::Through(_) => TargetStatus::OutsideLink,
        }
    }

    /// The status of a symbolic link whose name is taken.
    pub(crate) fn taken_link(&self, entry: u32, path: SafePath<'_>, stat: &Stat) -> TargetStatus {
        let there = || self.root.read_link(path);
        match stat.kind {
            NodeKind::Link if self.target(entry).is_some_and(|target| there() == Some(target)) => {
                TargetStatus::Identical
            }
            NodeKind::Link | NodeKind::File => self.link_or(entry, path, TargetStatus::Different),
            NodeKind::Folder | NodeKind::Special => TargetStatus::InTheWay,
        }
    }

    /// Why a link must not be made now, when the whole manifest is known and its files are there.
    pub(crate) fn check_link(&self, entry: u32, path: SafePath<'_>) -> Option<&'static str> {
        match self.leads(entry, path) {
            Leads::Inside => None,
            Leads::Outside => Some("it leads out of the folder"),
            Leads::Through(_) => Some("it leads through a link that is not of this transfer"),
        }
    }

    /// The root of a symbolic link: the BLAKE3 hash of its target.
    pub fn link_root(&self, entry: u32) -> Option<[u8; 32]> {
        self.read().target(entry).map(link_root)
    }

    pub(crate) fn target(&self, entry: u32) -> Option<String> {
        self.read().target(entry).map(str::to_owned)
    }

    fn leads(&self, entry: u32, path: SafePath<'_>) -> Leads {
        let Some(target) = self.target(entry) else {
            return Leads::Outside;
        };
        if self.links == MadeLinks::All {
            return Leads::Inside;
        }
        let mut way: Vec<String> = match path.parent() {
            Some(parent) => parent.components().map(str::to_owned).collect(),
            None => Vec::new(),
        };
        // Where a backslash separates, it could lead anywhere.
        if !stays_inside(&target, way.len()) || !components(&target).all(F::can_hold) {
            return Leads::Outside;
        }
        let mut left = reversed(&target);
        let mut hops = 0;
        while let Some(name) = left.pop() {
            if name == ".." {
                if way.pop().is_none() {
                    return Leads::Outside;
                }
                continue;
            }
            let depth = way.len();
            way.push(name);
            let at = way.join("/");
            match self.step(SafePath::of_components(&at)) {
                Step::Folder => {}
                Step::End => return Leads::Inside,
                Step::Foreign => return Leads::Through(at),
                Step::Ours(target) if stays_inside(&target, depth) => {
                    hops += 1;
                    if hops > MAX_HOPS {
                        return Leads::Inside;
                    }
                    way.pop();
                    left.extend(reversed(&target));
                }
                Step::Ours(_) => return Leads::Outside,
            }
        }
        Leads::Inside
    }

    fn step(&self, path: SafePath<'_>) -> Step {
        let found = self.root.look(path);
        let ours = self.planned(path);
        match found {
            Found::Nothing => ours.map_or(Step::End, |(target, _)| Step::Ours(target)),
            Found::Node(stat) => match (stat.kind, ours) {
                (NodeKind::Folder, _) => Step::Folder,
                (NodeKind::Link, Some((target, _))) if self.root.read_link(path).as_ref() == Some(&target) => {
                    Step::Ours(target)
                }
                (_, Some((target, true))) => Step::Ours(target),
                (NodeKind::Link, _) => Step::Foreign,
                (NodeKind::File | NodeKind::Special, _) => Step::End,
            },
            // What leads here was a folder a moment ago, or the system does not tell.
            Found::NoFolder | Found::Unknown => Step::Foreign,
        }
    }

    /// The target of the manifest's link at a path, and whether it will replace what is there.
    fn planned(&self, path: SafePath<'_>) -> Option<(String, bool)> {
        let table = self.read();
        let entry = table.link_at(path)?;
        let record = table.record(entry)?;
        let replaces = match record.status {
            TargetStatus::Absent | TargetStatus::Identical => false,
            TargetStatus::Different => record.outcome == Outcome::Open && self.replaces(),
            _ => return None,
        };
        Some((table.target(entry)?.to_owned(), replaces))
    }

    fn link_on_disk_stays_inside(&self, link: &str) -> bool {
        let target = self.root.read_link(SafePath::of_components(link));
        target.is_some_and(|target| stays_inside(&target, link.matches('/').count()))
    }
}

fn reversed(target: &str) -> Vec<String> {
    components(target).rev().map(str::to_owned).collect()
}
