//! Following symbolic links on the sender's side, for users who asked for it: what a link leads to, without leaving the argument that
//! holds it.
//!
//! The way is walked component by component on held descriptors and links are resolved here, not by the system, so that no target leads
//! outside, whatever another process does meanwhile.

use std::path::Path;
use std::sync::Arc;

use crate::links::components;
use crate::os::{Folder, NativeFolder, NodeKind};
use crate::source::open_below;

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
    /// What the target of a link in the folder `way` leads to. `None` if it is outside, not there, the argument itself or a loop.
    pub(crate) fn follow(&self, way: Vec<String>, target: &str) -> Option<Target> {
        let mut steps = Steps {
            folder: self.open(&way)?,
            way,
            left: Vec::new(),
        };
        self.enter(target, &mut steps)?;
        let mut hops = 0;
        while let Some(name) = steps.left.pop() {
            if name == ".." {
                steps.way.pop()?;
                steps.folder = self.open(&steps.way)?;
                continue;
            }
            match steps.folder.stat(&name).ok()?.kind {
                NodeKind::Link => {
                    hops += 1;
                    if hops > MAX_HOPS {
                        return None;
                    }
                    let target = String::from_utf8(steps.folder.read_link(&name).ok()?).ok()?;
                    self.enter(&target, &mut steps)?;
                }
                _ if steps.left.is_empty() => {
                    steps.way.push(name.clone());
                    let Steps { folder, way, .. } = steps;
                    return Some(Target { folder, name, way });
                }
                NodeKind::Folder => {
                    steps.folder = Arc::new(steps.folder.open_folder(&name).ok()?);
                    steps.way.push(name);
                }
                // Nothing is below a file.
                NodeKind::File | NodeKind::Special => return None,
            }
        }
        // It climbed at its end, to a folder on the way.
        let (name, above) = steps.way.split_last()?;
        Some(Target {
            folder: self.open(above)?,
            name: name.clone(),
            way: steps.way,
        })
    }

    /// Goes on with the components of a link's target. An absolute one begins at the argument.
    fn enter(&self, target: &str, steps: &mut Steps) -> Option<()> {
        let mut relative = target;
        if target.starts_with('/') {
            relative = Path::new(target).strip_prefix(self.real).ok()?.to_str()?;
            steps.way.clear();
            steps.folder = Arc::clone(self.folder);
        }
        steps.left.extend(components(relative).rev().map(str::to_owned));
        Some(())
    }

    fn open(&self, way: &[String]) -> Option<Arc<NativeFolder>> {
        open_below(self.folder, way).ok()
    }
}
