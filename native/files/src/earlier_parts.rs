//! What a sink knows of earlier runs of its entries, until their turn comes.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::earlier::{Earlier, Restart};
use crate::os::Folder;

/// What earlier runs left of the entries of a manifest.
pub(crate) struct EarlierParts<F: Folder> {
    /// Those that were found and not begun.
    pub(crate) found: Mutex<HashMap<u32, Earlier<F>>>,
    /// What the pages brought that was not told.
    pub(crate) told: Mutex<Vec<TakenUp>>,
    /// Folders that were there before, in which files are created: empty for the root.
    pub(crate) folders: Mutex<BTreeSet<String>>,
    /// Nothing is taken up.
    pub(crate) discards: bool,
    /// Nothing is looked for, and nothing is left: parts have names that no later run knows, and no journals.
    pub(crate) is_off: AtomicBool,
    /// How often a file is looked at again that another transfer has, over all files of this one.
    patience: AtomicU32,
}

/// A transfer that has just ended, in this process or one that was killed, lets go of its files in the next moments: a sender that was started
/// again would else be told that another `ultra` receives them. One second in all, as others really receive files for longer.
const TRIES: u32 = 100;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// Whether another transfer has a file in hand.
pub(crate) enum InUse {
    No,
    Yes,
    /// It was when this was asked first. The file may be there now.
    NoLonger,
}

/// What was found of an entry when its page came.
#[derive(Debug, PartialEq, Eq)]
pub enum TakenUp {
    Part {
        entry: u32,
        /// Verified blocks and their values, ascending. With `is_clean` they are in the part; otherwise they have to be read again.
        blocks: Vec<(u64, [u8; 32])>,
        is_clean: bool,
        /// Bytes that the part occupies on the disk.
        occupied: u64,
    },
    /// It begins anew; what the old part occupies becomes free.
    Anew { entry: u32, why: Restart, occupied: u64 },
}

/// Parts in the folders of a transfer that it knows nothing of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    pub parts: u32,
    /// Bytes that they occupy on the disk.
    pub occupied: u64,
}

impl<F: Folder> EarlierParts<F> {
    pub(crate) fn new(discards: bool) -> Self {
        Self {
            found: Mutex::default(),
            told: Mutex::default(),
            folders: Mutex::default(),
            discards,
            is_off: AtomicBool::new(false),
            patience: AtomicU32::new(TRIES),
        }
    }

    /// Waits a moment for a file that another transfer has; `false`: it was waited for long enough.
    pub(crate) fn waits(&self) -> bool {
        let left = self
            .patience
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left.is_ok() {
            std::thread::sleep(BETWEEN_TRIES);
        }
        left.is_ok()
    }

    /// What was found is left as it is.
    pub(crate) fn close(&self) {
        self.found.lock().clear();
    }
}
