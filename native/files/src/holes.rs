//! Holes in files: parts that hold zeros and occupy nothing. They stay holes at the receiver and do not travel (T31).

use std::io;

use crate::os::{File, Stat};

/// Smallest file that is looked into: a hole travels as a hole where it covers a block of 1 MiB, or all of a smaller file. File systems
/// that compress or pack make every small file look sparse, and opening each costs more than what it may save.
const MIN_SIZE: u64 = 64 << 10;

/// Most stretches of data that are counted: the rest of a file in more pieces counts as data.
const MAX_STRETCHES: u32 = 65_536;

/// Bytes of one unit of [`Stat::blocks`].
const UNIT: u64 = 512;

/// Whether a file may have holes worth looking for. Compression looks the same.
pub(crate) fn may_have_holes(stat: &Stat) -> bool {
    stat.size >= MIN_SIZE && stat.blocks.saturating_mul(UNIT) < stat.size
}

/// The bytes of a file that are not in holes, at most its `size`.
pub(crate) fn data_bytes<F: File>(file: &F, size: u64) -> io::Result<u64> {
    let mut data = 0;
    let mut at = 0;
    for _ in 0..MAX_STRETCHES {
        if at >= size {
            return Ok(data);
        }
        let Some(begin) = file.next_data(at)?.filter(|begin| *begin < size) else {
            return Ok(data);
        };
        // One byte further at least, whatever a strange file system says: the loop ends.
        let end = file.next_hole(begin)?.min(size).max(begin + 1);
        data += end - begin;
        at = end;
    }
    Ok(data + (size - at))
}
