//! Tables of blocks: the root whatever the order, and memory by what came.

use super::*;
use crate::blocks::block_tree::BlockHasher;
use crate::testing::Dice;

fn table(blocks: u64) -> BlockTable {
    BlockTable::new(blocks, OpenGroups::bounded())
}

fn open(table: &BlockTable) -> usize {
    table.open.count.load(Ordering::Relaxed)
}

#[test]
fn the_root_is_that_of_the_plain_tree_whatever_the_order_of_the_blocks() {
    let mut dice = Dice(4);
    for blocks in [2, 3, 31, 32, 33, 63, 64, 65, 96, 97, 129, 1000, 4097] {
        let values: Vec<ChainingValue> = (0..blocks)
            .map(|_| std::array::from_fn(|_| dice.next() as u8))
            .collect();
        let mut order: Vec<usize> = (0..blocks).collect();
        dice.shuffle(&mut order);
        let mut table = table(blocks as u64);
        for block in order {
            assert_eq!(table.root(), None);
            assert_eq!(table.claim(block as u64), Ok(true));
            assert_eq!(table.set(block as u64, values[block], None), Ok(()));
        }
        assert!(table.is_complete());
        assert_eq!(
            table.root().map(blake3::Hash::from_bytes),
            root(&values),
            "{blocks} blocks"
        );
        assert_eq!(open(&table), 0, "a whole group is merged");
    }
}

#[test]
fn a_file_of_one_block_or_none_has_the_plain_hash() {
    assert_eq!(table(0).root(), Some(*blake3::hash(b"").as_bytes()));
    let mut table = table(1);
    let mut hasher = BlockHasher::new(0);
    hasher.update(b"one block");
    let (value, single) = hasher.finish();
    assert_eq!(table.set(0, value, None), Ok(()));
    assert!(table.is_complete() && table.lacks_single());
    assert_eq!(table.root(), None);
    assert_eq!(table.set(0, value, single), Ok(()));
    assert_eq!(table.root(), Some(*blake3::hash(b"one block").as_bytes()));
}

#[test]
fn a_block_is_claimed_once_until_it_is_released_and_never_once_it_is_known() {
    let mut table = table(70);
    for (groups, block) in [(0, 0), (1, 32), (2, 69), (3, 31)] {
        assert_eq!(table.claim(block), Ok(true));
        assert_eq!(table.claim(block), Ok(false));
        table.release(block);
        assert_eq!(open(&table), groups, "a group in which nothing is left is none");
        assert_eq!(table.claim(block), Ok(true));
        assert_eq!(table.set(block, [1; 32], None), Ok(()));
        assert_eq!(table.claim(block), Ok(false));
        table.release(block);
        assert_eq!(table.claim(block), Ok(false));
    }
    assert_eq!(table.claim(70), Ok(false));
    assert_eq!(table.claim(u64::MAX), Ok(false));
    assert_eq!(open(&table), 3);
}

#[test]
fn a_value_that_comes_again_counts_once() {
    let mut table = table(2);
    for _ in 0..2 {
        assert_eq!(table.set(0, [1; 32], None), Ok(()));
        assert!(!table.is_complete());
    }
    assert_eq!(table.set(1, [2; 32], None), Ok(()));
    assert_eq!(table.set(1, [3; 32], None), Ok(()));
    assert!(table.is_complete());
    assert_eq!(table.set(2, [3; 32], None), Ok(()), "beyond the end it is nothing");
    assert_eq!(table.root().map(blake3::Hash::from_bytes), root(&[[1; 32], [2; 32]]));
}

#[test]
fn t2_a_table_costs_what_came_and_not_the_size_that_was_stated() {
    let mut table = table(1 << 33);
    assert_eq!(table.groups.capacity(), 0);
    for block in [0, (1 << 33) - 1, 1 << 32] {
        assert_eq!(table.claim(block), Ok(true));
    }
    assert!(table.groups.capacity() < 10);
    assert_eq!(open(&table), 3);
}

#[test]
fn t2_groups_that_are_begun_are_bounded_over_all_files_and_room_comes_back() {
    let open = OpenGroups::bounded();
    let mut tables: Vec<_> = (0..2).map(|_| BlockTable::new(1 << 33, open.clone())).collect();
    for at in 0..MAX_OPEN_GROUPS as u64 {
        let block = at * GROUP_BLOCKS;
        assert_eq!(tables[(at % 2) as usize].claim(block), Ok(true));
    }
    assert_eq!(tables[1].claim(1 << 32), Err(Full::Groups));
    assert_eq!(tables[0].claim(1), Ok(true), "in a group that is open already");
    tables[0].release(1);
    tables[0].release(0);
    assert_eq!(tables[1].claim(1 << 32), Ok(true));
    drop(tables.pop());
    assert_eq!(open.count.load(Ordering::Relaxed), MAX_OPEN_GROUPS / 2 - 1);
    drop(tables);
    assert_eq!(open.count.load(Ordering::Relaxed), 0);
}
