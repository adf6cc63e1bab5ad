//! The names that are `ultra`'s own in the folders it receives into, and what each of them says.
//!
//! They begin with `.ultra-`, which no name on the wire may. Those of one file differ in their ending alone: their id follows from the
//! file's final name, so that a later run finds what an earlier one left.

use std::fmt;

use crate::path::RESERVED_PREFIX;

/// Previous versions of one file that may stand beside it: each is from a run that was killed in the middle of a commit.
pub(crate) const MOST_SWAPS: u32 = 8;

/// Says of which final name a part, a journal or a previous version is: the first 8 bytes of the BLAKE3 of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId(u64);

/// Says which run made a small file's part: random, and in the header of the run's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

/// A name of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// `.ultra-ID.part`: a file of more than one block that is not complete.
    Part(FileId),
    /// `.ultra-ID.journal`: which blocks of that part are verified.
    Journal(FileId),
    /// `.ultra-ID.swap`: the file that had the name before, while it is replaced.
    Swap(FileId),
    /// `.ultra-RUN-ENTRY.part`: a small file that is not committed.
    SmallPart(RunId, u32),
    /// `.ultra-ID.run`: the record of a transfer into this folder. The id is that of the transfer.
    Run(u64),
    /// `.ultra-RANDOM.part`, of 32 digits: a part that no run takes up.
    Nameless(u128),
}

impl FileId {
    /// `name` is the last component of the final path.
    pub fn of(name: &str) -> Self {
        Self(id_of(name.as_bytes()))
    }

    /// The id of a previous version of a file, where others are there already: no name holds a NUL, so it is no other file's id.
    pub fn of_version(name: &str, number: u32) -> Self {
        match number {
            0 => Self::of(name),
            _ => Self::of(&format!("{name}\0{number}")),
        }
    }
}

impl Reserved {
    /// The record of a transfer that is called so, whatever its name is made of.
    pub fn record_of(transfer: &[u8]) -> Self {
        Self::Run(id_of(transfer))
    }

    /// What a name says; `None`: it is not one of ours.
    pub fn parse(name: &str) -> Option<Self> {
        let (stem, ending) = name.strip_prefix(RESERVED_PREFIX)?.rsplit_once('.')?;
        let parsed = match (ending, stem.split_once('-')) {
            ("part", Some((run, entry))) => Self::SmallPart(RunId(digits(run)?), u32::from_str_radix(entry, 16).ok()?),
            ("part", None) if stem.len() == 32 => Self::Nameless(u128::from_str_radix(stem, 16).ok()?),
            ("part", None) => Self::Part(FileId(digits(stem)?)),
            ("journal", None) => Self::Journal(FileId(digits(stem)?)),
            ("swap", None) => Self::Swap(FileId(digits(stem)?)),
            ("run", None) => Self::Run(digits(stem)?),
            _ => return None,
        };
        // Other spellings of the same number (upper case, a sign) are not ours.
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for Reserved {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(RESERVED_PREFIX)?;
        match self {
            Self::Part(FileId(id)) => write!(out, "{id:016x}.part"),
            Self::Journal(FileId(id)) => write!(out, "{id:016x}.journal"),
            Self::Swap(FileId(id)) => write!(out, "{id:016x}.swap"),
            Self::SmallPart(RunId(run), entry) => write!(out, "{run:016x}-{entry:x}.part"),
            Self::Run(id) => write!(out, "{id:016x}.run"),
            Self::Nameless(random) => write!(out, "{random:032x}.part"),
        }
    }
}

fn id_of(bytes: &[u8]) -> u64 {
    let hash = blake3::hash(bytes);
    u64::from_be_bytes(hash.as_bytes().first_chunk().copied().unwrap_or_default())
}

fn digits(text: &str) -> Option<u64> {
    (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_as_what_it_was_made_from() {
        let id = FileId::of("movie.mkv");
        for reserved in [
            Reserved::Part(id),
            Reserved::Journal(id),
            Reserved::Swap(id),
            Reserved::SmallPart(RunId(u64::MAX), 0),
            Reserved::SmallPart(RunId(0), u32::MAX),
            Reserved::Run(7),
            Reserved::Nameless(1 << 100),
        ] {
            assert_eq!(Reserved::parse(&reserved.to_string()), Some(reserved));
        }
    }

    #[test]
    fn names_that_only_look_like_ours_are_not() {
        let names = [
            ".ultra-.part",
            ".ultra-0123456789ABCDEF.part",
            ".ultra-+123456789abcdef.part",
            ".ultra-0123456789abcdef.part2",
            ".ultra-0123456789abcdef-00.part",
            ".ultra-0123456789abcdef-.part",
            ".ultra-0123456789abcdef.swap.part",
            "ultra-0123456789abcdef.part",
            ".ultra-0123456789abcdef",
        ];
        for name in names {
            assert_eq!(Reserved::parse(name), None, "{name}");
        }
    }
}
