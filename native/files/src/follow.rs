//! Following symbolic links on the sender's side, for users who asked for it: what a link leads to, without leaving the argument that
//! holds it.
//!
//! The way is walked component by component on held descriptors and links are resolved here, not by the system, so that no target leads
//! outside, whatever another process does meanwhile.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::below::open_below;
use crate::left_out::Reason;
use crate::links::components;
use crate::os::{Errors, Folder, NativeFolder, NodeKind, System};

/// Links on the way to one target: as many as Linux follows.
const MAX_HOPS: u32 = 40;

/// Where a link leads.
pub(crate) struct Target {
    /// The folder that holds it.
    pub(crate) folder: Arc<NativeFolder>,
    pub(crate) name: String,
    /// Its components below the argument. None of them is a link.
    pub(crate) way: Vec<String>,
}

/// The argument that a link lies in.
pub(crate) struct Argument<'a> {
    pub(crate) folder: &'a Arc<NativeFolder>,
    /// Its path without links, by which absolute targets are known to lead into it.
    pub(crate) real: &'a Path,
}

/// A place on the way, and what is left of it.
struct Steps {
    folder: Arc<NativeFolder>,
    /// The folder's components below the argument.
    way: Vec<String>,
    /// Components to go, the next one last.
    left: Vec<String>,
}

impl Argument<'_> {
    /// What the target of a link in the folder `way` leads to. [`Reason::Link`] if it is outside, [`Reason::LinkNowhere`] if it is not there,
    /// the argument itself or a loop.
    pub(crate) fn follow(&self, way: Vec<String>, target: &str) -> Result<Target, Reason> {
        let mut steps = Steps {
            folder: self.open(&way)?,
            way,
            left: Vec::new(),
        };
        self.enter(target, &mut steps)?;
        let mut hops = 0;
        while let Some(name) = steps.left.pop() {
            if name == ".." {
                steps.way.pop().ok_or(Reason::Link)?;
                steps.folder = self.open(&steps.way)?;
                continue;
            }
            match steps.folder.stat(&name).map_err(unreached)?.kind {
                NodeKind::Link => {
                    hops += 1;
                    if hops > MAX_HOPS {
                        return Err(Reason::LinkNowhere);
                    }
                    let target = steps.folder.read_link(&name).map_err(unreached)?;
                    let target = String::from_utf8(target).map_err(|_| Reason::LinkTarget)?;
                    self.enter(&target, &mut steps)?;
                }
                _ if steps.left.is_empty() => {
                    steps.way.push(name.clone());
                    let Steps { folder, way, .. } = steps;
                    return Ok(Target { folder, name, way });
                }
                NodeKind::Folder => {
                    steps.folder = Arc::new(steps.folder.open_folder(&name).map_err(unreached)?);
                    steps.way.push(name);
                }
                // Nothing is below a file.
                NodeKind::File | NodeKind::Special => return Err(Reason::LinkNowhere),
            }
        }
        // It climbed at its end, to a folder on the way.
        let (name, above) = steps.way.split_last().ok_or(Reason::LinkNowhere)?;
        Ok(Target {
            folder: self.open(above)?,
            name: name.clone(),
            way: steps.way,
        })
    }

    /// Goes on with the components of a link's target. An absolute one begins at the argument.
    fn enter(&self, target: &str, steps: &mut Steps) -> Result<(), Reason> {
        let mut relative = target;
        if target.starts_with('/') {
            let inside = Path::new(target).strip_prefix(self.real).ok();
            relative = inside.and_then(Path::to_str).ok_or(Reason::Link)?;
            steps.way.clear();
            steps.folder = Arc::clone(self.folder);
        }
        steps.left.extend(components(relative).rev().map(str::to_owned));
        Ok(())
    }

    fn open(&self, way: &[String]) -> Result<Arc<NativeFolder>, Reason> {
        open_below(self.folder, way).map_err(unreached)
    }
}

/// Why a component on the way does not lead on.
fn unreached(error: io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::NotFound => Reason::LinkNowhere,
        // It was a folder a moment ago.
        _ if System::is_no_folder(&error) => Reason::LinkNowhere,
        _ => Reason::Unreadable,
    }
}
