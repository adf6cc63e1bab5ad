//! What a peer asks for of folders that are shared: paths and patterns below them, found without following any link.
//!
//! A peer learns nothing of what is elsewhere: whatever leads out of the folders, or through a link, is not there. The folders are held open
//! by the source that was made of them, so that nobody can put others in their place.

use std::path::Path;
use std::sync::Arc;

use crate::error::{ErrorClass, FileError};
use crate::left_out::{LeftOut, Reason};
use crate::os::{Folder, NativeFolder, NodeKind};
use crate::path::check_component;
use crate::pattern::{is_pattern, matches};
use crate::source::{Base, Source};
use crate::way::Place;

/// Things that one request may come to, and folders among them, which are held open.
const MOST_FOUND: usize = 65_536;
const MOST_FOLDERS: usize = 1000;

/// Names that patterns may be compared with: a bound on what a request makes this side read.
const MOST_LOOKS: usize = 1_000_000;

pub struct Requests {
    shares: Arc<Source>,
    paths: Vec<String>,
    literal: usize,
    naming: Naming,
}

/// What a thing that was found is called.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Naming {
    /// By its last name, under which it arrives.
    #[default]
    Last,
    /// By the path that asks for it alone: what a list of names is for.
    Path,
}

/// What a request has found so far.
#[derive(Default)]
struct Found {
    naming: Naming,
    bases: Vec<Base>,
    folders: usize,
    looks: usize,
}

/// What is to be found in a folder, outermost first; the first so many of the components are names, whatever they look like.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    components: &'a [&'a str],
    literal: usize,
}

/// Something to be found: a name in a folder, and what is to be found in it.
struct Step<'a> {
    folder: Arc<NativeFolder>,
    real: Arc<Path>,
    /// What the folder itself is asked for by.
    above: Arc<str>,
    name: String,
    rest: Wanted<'a>,
}

impl Requests {
    pub fn new(shares: Arc<Source>, paths: Vec<String>) -> Self {
        Self {
            shares,
            paths,
            literal: 0,
            naming: Naming::default(),
        }
    }

    /// The first so many components of each path are names and no patterns: a right that was given for a name must not open what fits it.
    #[must_use]
    pub fn with_literal(self, literal: usize) -> Self {
        Self { literal, ..self }
    }

    #[must_use]
    pub fn with_naming(self, naming: Naming) -> Self {
        Self { naming, ..self }
    }

    /// What there is; what there is not is counted as left out.
    pub(crate) fn find(self, left_out: &mut LeftOut) -> Result<Vec<Base>, FileError> {
        let mut found = Found {
            naming: self.naming,
            ..Found::default()
        };
        for path in self.paths {
            let before = found.bases.len();
            find_path(self.shares.bases(), &path, self.literal, &mut found)?;
            if found.bases.len() == before {
                left_out.add(Reason::NotFound, path);
            }
        }
        let mut names = std::collections::HashSet::new();
        for base in &found.bases {
            if !names.insert(base.name.as_str()) {
                let why = "several things of this name were asked for, and each would arrive under it; ask for them one by one";
                return Err(too_much(&base.name, why));
            }
        }
        Ok(found.bases)
    }
}

fn find_path(shares: &[Base], path: &str, literal: usize, found: &mut Found) -> Result<(), FileError> {
    let components: Vec<_> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    let wanted = Wanted {
        components: &components,
        literal,
    };
    let Some((first, rest)) = wanted.split() else {
        return Ok(());
    };
    if components.iter().any(|component| matches!(*component, "" | "." | "..")) {
        return Ok(());
    }
    let is_literal = literal > 0 || shares.iter().any(|share| share.name == first);
    for share in shares {
        let is_meant = share.name == first || (!is_literal && matches(first, &share.name));
        let Place::Folder { folder, real } = &share.place else {
            continue;
        };
        if !is_meant || is_deleted(folder) {
            continue;
        }
        if rest.components.is_empty() {
            found.add("", share.name.clone(), share.place.clone())?;
        } else {
            find_below(folder, real, &share.name, rest, found)?;
        }
    }
    Ok(())
}

/// A folder that is held can be deleted all the same; read then, it looks empty.
fn is_deleted(folder: &NativeFolder) -> bool {
    folder.stat_self().is_ok_and(|stat| stat.links == 0)
}

/// Depth first, and in the order of the names. A folder is open as long as something is to be found in it.
fn find_below(
    folder: &Arc<NativeFolder>,
    real: &Arc<Path>,
    path: &str,
    wanted: Wanted<'_>,
    found: &mut Found,
) -> Result<(), FileError> {
    let mut steps = Vec::new();
    found.names(folder, real, &path.into(), wanted, &mut steps)?;
    while let Some(step) = steps.pop() {
        let Ok(stat) = step.folder.stat(&step.name) else {
            continue;
        };
        match stat.kind {
            NodeKind::Folder => {
                // A link or anything else that has taken its place meanwhile is not opened.
                let Ok(child) = step.folder.open_folder(&step.name) else {
                    continue;
                };
                let (folder, real) = (Arc::new(child), step.real.join(&step.name).into());
                if step.rest.components.is_empty() {
                    found.add(&step.above, step.name, Place::Folder { folder, real })?;
                } else {
                    let path = join(&step.above, &step.name).into();
                    found.names(&folder, &real, &path, step.rest, &mut steps)?;
                }
            }
            NodeKind::File if step.rest.components.is_empty() => {
                let name = step.name.clone();
                found.add(
                    &step.above,
                    step.name,
                    Place::File {
                        folder: step.folder,
                        name,
                    },
                )?;
            }
            NodeKind::File | NodeKind::Link | NodeKind::Special => {}
        }
    }
    Ok(())
}

impl<'a> Wanted<'a> {
    fn split(self) -> Option<(&'a str, Self)> {
        let (first, components) = self.components.split_first()?;
        let literal = self.literal.saturating_sub(1);
        Some((first, Self { components, literal }))
    }
}

impl Found {
    /// Takes a thing into the answer; `above` is what the folder that it lies in is asked for by.
    fn add(&mut self, above: &str, name: String, place: Place) -> Result<(), FileError> {
        self.folders += usize::from(matches!(place, Place::Folder { .. }));
        if self.bases.len() == MOST_FOUND || self.folders > MOST_FOLDERS {
            return Err(too_much(
                &name,
                "too many things match; ask for the folder that they are in",
            ));
        }
        let name = match self.naming {
            Naming::Last => name,
            Naming::Path => join(above, &name),
        };
        self.bases.push(Base { name, place });
        Ok(())
    }

    /// The names in a folder that the first component means, the last one first: the name itself where it is there, or those that fit the pattern.
    fn names<'a>(
        &mut self,
        folder: &Arc<NativeFolder>,
        real: &Arc<Path>,
        above: &Arc<str>,
        wanted: Wanted<'a>,
        steps: &mut Vec<Step<'a>>,
    ) -> Result<(), FileError> {
        let Some((first, rest)) = wanted.split() else {
            return Ok(());
        };
        let step = |name: String| Step {
            folder: Arc::clone(folder),
            real: Arc::clone(real),
            above: Arc::clone(above),
            name,
            rest,
        };
        if check_component(first).is_ok() && folder.stat(first).is_ok() {
            steps.push(step(first.to_owned()));
            return Ok(());
        }
        if wanted.literal > 0 || !is_pattern(first) {
            return Ok(());
        }
        let mut names = Vec::new();
        let looks = &mut self.looks;
        let listed = folder.list(&mut |name| {
            *looks += 1;
            let Ok(name) = std::str::from_utf8(name) else { return };
            if *looks <= MOST_LOOKS && matches(first, name) && check_component(name).is_ok() {
                names.push(name.to_owned());
            }
        });
        if self.looks > MOST_LOOKS {
            return Err(too_much(first, "the pattern meets too many names; ask for folders"));
        }
        // A folder that cannot be read holds nothing for a peer.
        if listed.is_ok() {
            names.sort_unstable_by(|a, b| b.cmp(a));
            steps.extend(names.into_iter().map(step));
        }
        Ok(())
    }
}

/// The path of a name in a folder; a shared folder lies in none.
fn join(above: &str, name: &str) -> String {
    if above.is_empty() {
        name.to_owned()
    } else {
        format!("{above}/{name}")
    }
}

fn too_much(name: &str, why: &'static str) -> FileError {
    FileError::rule(ErrorClass::TooMuch, "send", name, why)
}
