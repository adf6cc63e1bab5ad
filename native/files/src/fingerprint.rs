//! Whether a source file is still the one that was looked at before.
//!
//! What a file holds cannot change without its size, its mtime or its ctime. The first two may also be set by programs, the ctime by none: it moves
//! with every write, and as well with what leaves the contents alone (`chmod`, another name, a new name, attributes). So a file of which the ctime alone
//! has moved is neither the same nor another one: who wants to know has to read it again.

use crate::os::{Stat, Time};

/// 16 bytes that stand for a file as it was: inode, size and mtime in the first half, the ctime in the second.
///
/// The device is not in it. Its number is the system's for this start only, and a resume has to work after the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) [u8; 16]);

const HALF: usize = 8;

/// What a later look at a file found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing was done to it.
    Same,
    /// Only the ctime has moved: the contents are the same, or somebody changed them and set the mtime back.
    Touched,
    /// It is longer, which its user has allowed: it may hold the same as before up to its former size.
    Grown,
    /// It is another file, or its contents have changed.
    Changed,
}

impl Fingerprint {
    pub(crate) fn of(stat: &Stat) -> Self {
        let mut contents = blake3::Hasher::new();
        for number in [stat.ino, stat.size, moment(stat.mtime)] {
            contents.update(&number.to_le_bytes());
        }
        let mut bytes = [0; 2 * HALF];
        let (first, second) = bytes.split_at_mut(HALF);
        first.copy_from_slice(&contents.finalize().as_bytes()[..HALF]);
        second.copy_from_slice(&moment(stat.ctime).to_le_bytes());
        Self(bytes)
    }

    /// Compares a file with what it was.
    pub(crate) fn look(&self, now: &Self) -> Look {
        if self == now {
            Look::Same
        } else if self.0[..HALF] == now.0[..HALF] {
            Look::Touched
        } else {
            Look::Changed
        }
    }
}

/// Compares an open file with what it was.
pub(crate) fn compare(then: &Stat, now: &Stat) -> Look {
    let is_same_file = then.dev == now.dev && then.ino == now.ino;
    if !is_same_file || then.size != now.size || then.mtime != now.mtime {
        Look::Changed
    } else if then.ctime == now.ctime {
        Look::Same
    } else {
        Look::Touched
    }
}

/// A time as one number, which no other time of 500 years has. (Nanoseconds take 30 bits.)
fn moment(time: Time) -> u64 {
    time.secs.cast_unsigned() << 30 | u64::from(time.nanos)
}
