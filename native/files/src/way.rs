//! Where a file is found, and whether its name still leads to it.

use std::path::Path;
use std::sync::Arc;

use crate::below::open_below;
use crate::os::{Errors, Folder, NativeFolder, Stat, System};

/// Where an argument is, held by descriptor: renaming what leads to it changes nothing.
#[derive(Clone)]
pub(crate) enum Place {
    Folder {
        folder: Arc<NativeFolder>,
        /// Its path without links.
        real: Arc<Path>,
    },
    /// A file by its real name in its folder. The file itself is opened when it is sent: there may be thousands.
    File { folder: Arc<NativeFolder>, name: String },
}

/// Who has named what is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// This machine's user: the files that had the names at the start are sent, whatever gets the names later.
    Given,
    /// A peer, which knows names alone: a file of which another one has taken the name is not what it wants any more.
    Requested,
}

/// How a file is found: the argument, and the components below it.
pub(crate) struct Way {
    base: Place,
    below: Vec<String>,
}

impl Way {
    /// What to look at again, where it matters.
    pub(crate) fn watched(purpose: Purpose, place: Option<(Place, Vec<String>)>) -> Option<Self> {
        match purpose {
            Purpose::Given => None,
            Purpose::Requested => place.map(|(base, below)| Self { base, below }),
        }
    }

    /// Whether another file is found now. Where nothing is found, or nothing can be looked for, none has taken its place.
    pub(crate) fn leads_elsewhere(&self, file: &Stat) -> bool {
        let found = match (&self.base, self.below.split_last()) {
            (Place::File { folder, name }, _) => folder.stat(name),
            (Place::Folder { folder, .. }, Some((name, way))) => {
                open_below(folder, way).and_then(|folder| folder.stat(name))
            }
            // The argument itself, which is held.
            (Place::Folder { .. }, None) => return false,
        };
        match found {
            Ok(found) => (found.dev, found.ino) != (file.dev, file.ino),
            // A folder on the way has become a file or a link.
            Err(error) => System::is_no_folder(&error),
        }
    }
}
