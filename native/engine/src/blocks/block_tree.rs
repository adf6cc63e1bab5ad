//! The BLAKE3 tree of a file, seen from its 1 MiB blocks.
//!
//! A block travels with its chaining value, so it can be verified alone and in any order. The values of all blocks merge into
//! the root, and the root is the ordinary BLAKE3 hash of the file: what `b3sum` prints.

use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

/// Bytes in a block. A power of two of BLAKE3's 1 KiB chunks, so that every block is one whole subtree of the file's tree.
pub const BLOCK_LEN: u64 = 1 << 20;

/// Hashes one block while its bytes arrive in pieces.
pub struct BlockHasher {
    hasher: blake3::Hasher,
    index: u64,
}

impl BlockHasher {
    /// Starts block `index`: its value depends on where in the file it lies.
    pub fn new(index: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(index * BLOCK_LEN);
        Self { hasher, index }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// The block's chaining value, and the root that a file of just this block has: `None` for any block but the first.
    ///
    /// A frame has at least one byte, so a block is never empty; an empty input gives zeros, which no block's value is.
    pub fn finish(self) -> ([u8; 32], Option<[u8; 32]>) {
        let Self { hasher, index } = self;
        if hasher.count() == 0 {
            return ([0; 32], None);
        }
        let root = (index == 0).then(|| *hasher.finalize().as_bytes());
        (hasher.finalize_non_root(), root)
    }
}

/// The root of a file of more than one block from the values of all its blocks, in order.
///
/// A file of one block or none has no inner node to merge: its root is the plain hash of its bytes, so this returns `None`.
pub fn root(blocks: &[ChainingValue]) -> Option<blake3::Hash> {
    let (left, right) = split(blocks)?;
    Some(merge_subtrees_root(&subtree(left), &subtree(right), Mode::Hash))
}

/// The value of one or more blocks that are one subtree of a larger file.
pub fn subtree(blocks: &[ChainingValue]) -> ChainingValue {
    match split(blocks) {
        None => blocks.first().copied().unwrap_or_default(),
        Some((left, right)) => merge_subtrees_non_root(&subtree(left), &subtree(right), Mode::Hash),
    }
}

/// The left side of a BLAKE3 node is the largest power of two of blocks that leaves something on the right.
fn split(blocks: &[ChainingValue]) -> Option<(&[ChainingValue], &[ChainingValue])> {
    (blocks.len() > 1).then(|| blocks.split_at(blocks.len().next_power_of_two() / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(file: &[u8]) -> Vec<ChainingValue> {
        file.chunks(BLOCK_LEN as usize)
            .enumerate()
            .map(|(index, block)| {
                let mut hasher = BlockHasher::new(index as u64);
                block.chunks(70_001).for_each(|piece| hasher.update(piece));
                hasher.finish().0
            })
            .collect()
    }

    #[test]
    fn root_of_the_blocks_is_the_hash_of_the_file() {
        for blocks in [2, 3, 4, 5, 7, 8, 9, 33] {
            for tail in [1, 1023, 1024, 1025, BLOCK_LEN as usize - 1, BLOCK_LEN as usize] {
                let len = (blocks - 1) * BLOCK_LEN as usize + tail;
                let file: Vec<u8> = (0..len).map(|i| ((i * 31) >> 3) as u8).collect();
                assert_eq!(root(&values(&file)), Some(blake3::hash(&file)), "{len} bytes");
            }
        }
    }

    #[test]
    fn equal_bytes_at_another_index_have_another_value() {
        let file = vec![7; 2 * BLOCK_LEN as usize];
        let values = values(&file);
        assert_ne!(values[0], values[1]);
    }

    #[test]
    fn a_file_of_one_block_or_none_has_no_merged_root() {
        assert_eq!(root(&values(b"one block")), None);
        assert_eq!(root(&[]), None);
    }

    #[test]
    fn a_file_of_one_block_has_the_root_of_its_hasher() {
        let mut hasher = BlockHasher::new(0);
        hasher.update(b"one block");
        assert_eq!(hasher.finish().1, Some(*blake3::hash(b"one block").as_bytes()));
        let mut second = BlockHasher::new(1);
        second.update(b"one block");
        assert_eq!(second.finish().1, None);
    }
}
