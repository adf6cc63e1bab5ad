//! What `ultra clean` does with the folders of a run whose record it removes. They have the private mode in which they were made, and no later run
//! knows that it may change that.

use crate::os::{Folder, Process, Stat, System};
use crate::path::SafePath;
use crate::run_record::{MadeFolder, PRIVATE};

/// Removes those that are empty, and gives the others the mode that a new folder has here. Those that have another mode by now, or are others'
/// folders, stay as they are, and so does what cannot be changed, and what may be another folder because the system does not say when it was made.
pub(crate) fn let_go(root: &impl Folder, made: &[MadeFolder]) {
    // What was made later lies deeper.
    for folder in made.iter().rev() {
        let_go_of(root, folder);
    }
}

fn let_go_of<F: Folder>(root: &F, made: &MadeFolder) -> Option<()> {
    let path = SafePath::parse(made.path.as_bytes()).ok()?;
    let mut parents = Vec::new();
    for name in path.parent().into_iter().flat_map(|path| path.components()) {
        let next = parents.last().unwrap_or(root).open_folder(name).ok()?;
        parents.push(next);
    }
    let parent = parents.last().unwrap_or(root);
    let folder = parent.open_folder(path.name()).ok()?;
    let stat = folder.stat_self().ok().filter(is_private)?;
    // One that is not empty does not go.
    if !made.can_be(&folder, &stat, false) || parent.remove_folder(path.name()).is_ok() || made.inode.is_none() {
        return None;
    }
    let mode = 0o777 & folder.default_mode().unwrap_or(!System::umask());
    folder.set_mode(mode).ok()
}

/// It is as a transfer of this user makes folders.
fn is_private(stat: &Stat) -> bool {
    stat.uid == System::user() && stat.mode == PRIVATE
}
