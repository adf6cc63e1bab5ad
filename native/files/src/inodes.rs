//! Files with several names: the first that the walk meets is sent, the others are hard links to it.

use std::collections::HashMap;

use crate::os::Stat;

/// Most files of several names that are remembered at once. Names of further ones are sent as files of their own.
const MAX_REMEMBERED: usize = 1 << 20;

/// The entries of files with several names, by what the system calls the file.
#[derive(Default)]
pub(crate) struct Inodes(HashMap<(u64, u64), First>);

/// The name that was met first.
struct First {
    entry: u32,
    /// Names that the walk may still meet. Those outside of what is sent never come.
    left: u64,
}

impl Inodes {
    /// The entry of a file that was met under another name.
    pub(crate) fn first(&self, stat: &Stat) -> Option<u32> {
        if stat.links < 2 {
            return None;
        }
        self.0.get(&(stat.dev, stat.ino)).map(|first| first.entry)
    }

    /// Remembers a file that was sent as `entry`, if it has other names.
    pub(crate) fn remember(&mut self, stat: &Stat, entry: u32) {
        let fits = self.0.len() < MAX_REMEMBERED && self.0.try_reserve(1).is_ok();
        if stat.links > 1 && fits {
            let left = stat.links - 1;
            self.0.insert((stat.dev, stat.ino), First { entry, left });
        }
    }

    /// One of a file's other names was sent. A file whose names are all known is forgotten.
    pub(crate) fn met(&mut self, stat: &Stat) {
        let key = (stat.dev, stat.ino);
        if let Some(first) = self.0.get_mut(&key) {
            first.left = first.left.saturating_sub(1);
            if first.left == 0 {
                self.0.remove(&key);
            }
        }
    }
}
