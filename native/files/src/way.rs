//! Whether the name of an open file still leads to it.

use crate::below::open_below;
use crate::os::{Errors, Folder, Stat, System};
use crate::source::Place;

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
