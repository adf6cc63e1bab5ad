//! The values of a file's blocks, in memory that grows with the blocks that came and never with the size that a peer stated.
//!
//! Blocks are kept in groups of [`GROUP_BLOCKS`]. A group whose values are all known is one subtree of the file's BLAKE3 tree, so its
//! values merge to one: a terabyte that arrived costs 2 MB.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use blake3::hazmat::{ChainingValue, Mode, merge_subtrees_non_root, merge_subtrees_root};

use crate::blocks::block_tree::{root, subtree};
use crate::core::fault::Fault;
use crate::core::words::FileFault;

/// Blocks of a group: a power of two, so that every whole group is one subtree, and the bits of a `u32`.
pub const GROUP_BLOCKS: u64 = 32;

/// Most groups of a sink that are begun and not whole. An honest sender has some for each lane; each costs 1 KiB here.
pub const MAX_OPEN_GROUPS: usize = 65_536;

/// The values of one file's blocks.
pub struct BlockTable {
    blocks: u64,
    groups: HashMap<u64, Group>,
    known: u64,
    /// The first block's own root: the root of a file of one block.
    single: Option<[u8; 32]>,
    open: OpenGroups,
}

enum Group {
    /// From the first claim or value in it. Leads to `Whole`.
    Open {
        claimed: u32,
        known: u32,
        values: Vec<ChainingValue>,
    },
    /// All its values are known, and merged. If it is the only group of several blocks, this is the file's root.
    Whole(ChainingValue),
}

/// Counts the open groups of all tables that share it.
#[derive(Clone)]
pub struct OpenGroups {
    count: Arc<AtomicUsize>,
    most: usize,
}

/// What became of a value that a block was read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The block's first value.
    New,
    /// The value that the block had before.
    Same,
    /// Another value than before, which stands.
    Other,
    /// The block's group is whole, and of its values only one is left: [`BlockTable::is_group`] compares all of them.
    Merged,
}

/// Why a block cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// [`MAX_OPEN_GROUPS`] are open.
    Groups,
    /// The system has no memory.
    Memory,
}

impl BlockTable {
    pub fn new(blocks: u64, open: OpenGroups) -> Self {
        Self {
            blocks,
            groups: HashMap::new(),
            known: 0,
            single: None,
            open,
        }
    }

    /// How many blocks the file has.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    pub fn is_complete(&self) -> bool {
        self.known == self.blocks
    }

    /// Whether the root needs the bytes of the only block, of which just the value is known.
    pub fn lacks_single(&self) -> bool {
        self.blocks == 1 && self.single.is_none()
    }

    /// Reserves a block for one writer. `Ok(false)`: it is known, reserved, or beyond the end.
    pub fn claim(&mut self, block: u64) -> Result<bool, Full> {
        if block >= self.blocks {
            return Ok(false);
        }
        let bit = bit_of(block);
        Ok(match self.group_mut(block)? {
            Group::Open { claimed, known, .. } if (*claimed | *known) & bit == 0 => {
                *claimed |= bit;
                true
            }
            _ => false,
        })
    }

    /// Ends a claim without a value.
    pub fn release(&mut self, block: u64) {
        let number = block / GROUP_BLOCKS;
        if let Some(Group::Open { claimed, known, .. }) = self.groups.get_mut(&number) {
            *claimed &= !bit_of(block);
            if *claimed | *known == 0 {
                self.groups.remove(&number);
                self.open.give(1);
            }
        }
    }

    /// Keeps a block's value, and the root that a file of just this block has. The first value of a whole group stands.
    pub fn set(&mut self, block: u64, value: ChainingValue, single: Option<[u8; 32]>) -> Result<(), Full> {
        if block >= self.blocks {
            return Ok(());
        }
        self.single = self.single.or(single);
        let is_only = self.blocks <= GROUP_BLOCKS;
        let bit = bit_of(block);
        let Group::Open { claimed, known, values } = self.group_mut(block)? else {
            return Ok(());
        };
        *claimed &= !bit;
        let is_new = *known & bit == 0;
        *known |= bit;
        let place = (block % GROUP_BLOCKS) as usize;
        if let Some(kept) = values.get_mut(place) {
            *kept = value;
        }
        let whole = (known.count_ones() as usize == values.len()).then(|| merged(values, is_only));
        self.known += u64::from(is_new);
        if let Some(value) = whole {
            self.groups.insert(block / GROUP_BLOCKS, Group::Whole(value));
            self.open.give(1);
        }
        Ok(())
    }

    /// Keeps the value of a block that was read, unless the block has one: a second read must find the bytes of the first.
    pub fn keep(&mut self, block: u64, value: ChainingValue, single: Option<[u8; 32]>) -> Result<Kept, Full> {
        let place = (block % GROUP_BLOCKS) as usize;
        let is_alone = self.group_blocks(block).count() == 1;
        let known = match self.groups.get_mut(&(block / GROUP_BLOCKS)) {
            Some(Group::Whole(_)) if !is_alone => return Ok(Kept::Merged),
            // The receiver stated the value of a file's only block; what was read counts.
            Some(Group::Whole(kept)) if self.blocks == 1 && self.single.is_none() => {
                *kept = value;
                self.single = single;
                return Ok(Kept::Same);
            }
            Some(Group::Whole(kept)) => Some(*kept),
            Some(Group::Open { known, values, .. }) if *known & bit_of(block) != 0 => values.get(place).copied(),
            _ => None,
        };
        match known {
            Some(known) if known == value => Ok(Kept::Same),
            Some(_) => Ok(Kept::Other),
            None => {
                self.set(block, value, single)?;
                Ok(Kept::New)
            }
        }
    }

    /// The blocks of a block's group.
    pub fn group_blocks(&self, block: u64) -> std::ops::Range<u64> {
        let first = block - block % GROUP_BLOCKS;
        first..(first + GROUP_BLOCKS).min(self.blocks)
    }

    /// Whether a whole group has these values, in the order of its blocks.
    pub fn is_group(&self, block: u64, values: &[ChainingValue]) -> bool {
        let is_only = self.blocks <= GROUP_BLOCKS;
        self.whole(block / GROUP_BLOCKS) == Some(merged(values, is_only))
    }

    /// The root of the whole file: what `b3sum` prints. `None` while blocks are missing.
    pub fn root(&self) -> Option<[u8; 32]> {
        let groups = self.blocks.div_ceil(GROUP_BLOCKS);
        match (self.blocks, groups) {
            _ if !self.is_complete() => None,
            (0, _) => Some(*blake3::hash(b"").as_bytes()),
            (1, _) => self.single,
            (_, 1) => self.whole(0),
            _ => {
                let left = left_of(groups);
                let (left, right) = (self.merged(0, left)?, self.merged(left, groups - left)?);
                Some(*merge_subtrees_root(&left, &right, Mode::Hash).as_bytes())
            }
        }
    }

    /// The value of `count` groups from `first` on, which are one subtree.
    fn merged(&self, first: u64, count: u64) -> Option<ChainingValue> {
        if count == 1 {
            return self.whole(first);
        }
        let left = left_of(count);
        let (left, right) = (self.merged(first, left)?, self.merged(first + left, count - left)?);
        Some(merge_subtrees_non_root(&left, &right, Mode::Hash))
    }

    fn whole(&self, group: u64) -> Option<ChainingValue> {
        match self.groups.get(&group)? {
            Group::Whole(value) => Some(*value),
            Group::Open { .. } => None,
        }
    }

    /// The group of a block, begun if there is none.
    fn group_mut(&mut self, block: u64) -> Result<&mut Group, Full> {
        use std::collections::hash_map::Entry;
        let number = block / GROUP_BLOCKS;
        self.groups.try_reserve(1).map_err(|_| Full::Memory)?;
        Ok(match self.groups.entry(number) {
            Entry::Occupied(group) => group.into_mut(),
            Entry::Vacant(place) => {
                let len = (self.blocks - number * GROUP_BLOCKS).min(GROUP_BLOCKS) as usize;
                let mut values = Vec::new();
                values.try_reserve_exact(len).map_err(|_| Full::Memory)?;
                values.resize(len, [0; 32]);
                if !self.open.take() {
                    return Err(Full::Groups);
                }
                place.insert(Group::Open {
                    claimed: 0,
                    known: 0,
                    values,
                })
            }
        })
    }
}

impl Drop for BlockTable {
    fn drop(&mut self) {
        let open = self.groups.values().filter(|group| matches!(group, Group::Open { .. }));
        self.open.give(open.count());
    }
}

impl OpenGroups {
    /// At most [`MAX_OPEN_GROUPS`].
    pub fn bounded() -> Self {
        Self::of(MAX_OPEN_GROUPS)
    }

    /// For a sender's own files, of which it chooses the order itself.
    pub fn unbounded() -> Self {
        Self::of(usize::MAX)
    }

    fn of(most: usize) -> Self {
        Self {
            count: Arc::default(),
            most,
        }
    }

    fn take(&self) -> bool {
        let taken = self.count.fetch_add(1, Ordering::Relaxed) < self.most;
        if !taken {
            self.give(1);
        }
        taken
    }

    fn give(&self, count: usize) {
        self.count.fetch_sub(count, Ordering::Relaxed);
    }
}

impl Full {
    pub fn text(self) -> &'static str {
        match self {
            Self::Groups => "frames that begin more groups of 32 blocks than may be open",
            Self::Memory => "there is not enough memory for its blocks",
        }
    }
}

fn bit_of(block: u64) -> u32 {
    1 << (block % GROUP_BLOCKS)
}

/// The value of a group; the root if it is all of a file.
fn merged(values: &[ChainingValue], is_only: bool) -> ChainingValue {
    match root(values) {
        Some(root) if is_only => *root.as_bytes(),
        _ => subtree(values),
    }
}

/// The left side of a BLAKE3 node is the largest power of two that leaves something on the right.
fn left_of(count: u64) -> u64 {
    count.next_power_of_two() / 2
}

/// The failure of a file for whose values there is no room.
pub fn no_room(full: Full) -> Fault {
    Fault::new(FileFault::NoMemory, full.text())
}

#[cfg(test)]
#[path = "block_table_tests.rs"]
mod tests;
