//! The values of blocks of zeros: holes have no bytes, but values, which depend on where they lie.
//!
//! Hashing is all that a hole costs, and a file may have terabytes of them. So all cores share it.

use std::num::NonZero;
use std::sync::OnceLock;
use std::thread;

use blake3::hazmat::ChainingValue;
use parking_lot::Mutex;

use crate::blocks::block_tree::{BLOCK_LEN, BlockHasher};
use crate::blocks::frame::block_len;

/// Most blocks whose values are asked for at once: bounds the memory for them, and the claims on them. Enough for many cores.
pub const ZEROS_AT_ONCE: usize = 256;

/// Zeros to hash, and to write where a hole has to cover bytes.
static ZEROS: [u8; BLOCK_LEN as usize] = [0; BLOCK_LEN as usize];

/// Blocks that a thread takes at a time: some milliseconds of work.
const PIECE: usize = 16;

/// Sets `values` to those of blocks of zeros of a file of `size` bytes. Other threads help; it returns when all is done.
pub fn values_of_zeros(size: u64, blocks: &[u64], values: &mut [ChainingValue]) {
    let pieces = blocks.chunks(PIECE).zip(values.chunks_mut(PIECE));
    let helpers = pieces.len().min(cores()).saturating_sub(1);
    let pieces = Mutex::new(pieces);
    let work = || {
        loop {
            let piece = pieces.lock().next();
            let Some((blocks, values)) = piece else { return };
            hash(size, blocks, values);
        }
    };
    thread::scope(|scope| {
        for _ in 0..helpers {
            // A system without room for another thread leaves more for those that there are.
            let started = thread::Builder::new()
                .name("ultra-zeros".to_owned())
                .spawn_scoped(scope, work);
            if started.is_err() {
                break;
            }
        }
        work();
    });
}

/// The root of a file of one block of zeros.
pub fn root_of_zeros(size: u64) -> [u8; 32] {
    *blake3::hash(zeros(size as usize)).as_bytes()
}

/// At most a block of zeros.
pub fn zeros(len: usize) -> &'static [u8] {
    ZEROS.get(..len).unwrap_or(&ZEROS)
}

/// Whether all bytes are zero. The comparison of a slice with itself shifted by one is a memcmp, which ends at the first difference.
pub fn is_zeros(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0) && bytes[1..] == bytes[..bytes.len() - 1]
}

/// A piece of the work of one thread.
fn hash(size: u64, blocks: &[u64], values: &mut [ChainingValue]) {
    for (block, value) in blocks.iter().zip(values) {
        let mut hasher = BlockHasher::new(*block);
        hasher.update(zeros(block_len(size, *block) as usize));
        (*value, _) = hasher.finish();
    }
}

fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::block_tree::root;

    fn hashed(index: u64, len: usize) -> ChainingValue {
        let mut hasher = BlockHasher::new(index);
        hasher.update(&vec![0; len]);
        hasher.finish().0
    }

    #[test]
    fn t31_blocks_of_zeros_have_the_values_of_their_bytes_wherever_they_lie() {
        let last = (1 << 33) - 1;
        let size = last * BLOCK_LEN + 5;
        // Not in order, over the border of 32 bits of chunks, with the short last block; more than a piece and no multiple of it.
        let near = |middle: u64| middle - 9..middle + 9;
        let mut blocks: Vec<u64> = near(1 << 22).chain(0..16).chain(near(last - 9)).collect();
        blocks.extend([last, 7]);
        for count in [0, 1, 15, 16, 17, blocks.len()] {
            let blocks = &blocks[blocks.len() - count..];
            let mut values = vec![[0; 32]; count];
            values_of_zeros(size, blocks, &mut values);
            for (block, value) in blocks.iter().zip(&values) {
                assert_eq!(
                    *value,
                    hashed(*block, block_len(size, *block) as usize),
                    "block {block}"
                );
            }
        }
    }

    #[test]
    fn t31_the_values_of_a_file_of_zeros_make_its_root() {
        let size = 40 * BLOCK_LEN + 1;
        let blocks: Vec<u64> = (0..41).collect();
        let mut values = vec![[0; 32]; 41];
        values_of_zeros(size, &blocks, &mut values);
        assert_eq!(root(&values), Some(blake3::hash(&vec![0; size as usize])));
        assert_eq!(root_of_zeros(5), *blake3::hash(&[0; 5]).as_bytes());
    }
}
