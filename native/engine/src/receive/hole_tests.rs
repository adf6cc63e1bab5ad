//! Runs of holes into a sink.

use super::tests::commit;
use super::*;
use crate::testing::*;

/// A lane that has read its preface.
fn lane(sink: &Arc<Sink>) -> LaneReader {
    let mut lane = LaneReader::new(&CODEC);
    lane.feed(&preface(0), sink).unwrap();
    lane
}

#[test]
fn holes_are_zeros_also_where_a_wrong_block_left_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let size = 3 * BLOCK + 10;
    let (sink, events) = receiving(folder.path(), &[("a", size as u64)]);
    let mut lane = lane(&sink);
    for block in 0..4 {
        let len = if block == 3 { 10 } else { BLOCK };
        if block == 1 || block == 3 {
            lane.feed(&wrong_frame(0, block, &vec![0xee; len]), &sink).unwrap();
        }
        lane.feed(&holes(0, block, 1), &sink).unwrap();
    }
    commit(&sink, 0, size as u64, root(&vec![0; size]));
    let records = told(&events);
    assert_eq!(of_kind(&records, "Mismatch"), [(0, 1), (0, 3)]);
    assert_eq!(of_kind(&records, "Committed").len(), 1);
    assert!(std::fs::read(folder.path().join("a")).unwrap() == vec![0; size]);
}

#[test]
fn t31_a_long_run_of_holes_takes_what_is_missing_of_it_also_where_wrong_blocks_left_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let count = ZEROS_AT_ONCE as u64 + 20;
    let size = (count - 1) * BLOCK as u64 + 10;
    let (sink, events) = receiving(folder.path(), &[("a", size)]);
    let mut lane = lane(&sink);
    let data = Dice(4).bytes(BLOCK);
    lane.feed(&frame(0, 3, &data), &sink).unwrap();
    lane.feed(&holes(0, 17, 1), &sink).unwrap();
    for block in [16, 260] {
        lane.feed(&wrong_frame(0, block, &vec![0xee; BLOCK]), &sink).unwrap();
    }
    lane.feed(&holes(0, 0, count as u32), &sink).unwrap();
    let mut expected = vec![0; size as usize];
    expected[3 * BLOCK..4 * BLOCK].copy_from_slice(&data);
    commit(&sink, 0, size, root(&expected));
    let records = told(&events);
    let mut blocks: Vec<_> = verified(&records).into_iter().map(|(_, block)| block).collect();
    blocks.sort_unstable();
    assert_eq!(blocks, (0..count).collect::<Vec<_>>(), "each once");
    assert_eq!(of_kind(&records, "Committed").len(), 1);
    assert!(std::fs::read(folder.path().join("a")).unwrap() == expected);
}

#[test]
#[cfg(target_os = "linux")]
fn t31_holes_stay_holes_also_where_wrong_blocks_left_bytes() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let (sink, events) = receiving(folder.path(), &[]);
    let size = 64 * BLOCK as u64;
    add_sparse_page(&sink, "a", size);
    assert!(sink.expect(0, 0, 64));
    let mut lane = lane(&sink);
    for block in 8..40 {
        lane.feed(&wrong_frame(0, block, &vec![0xee; BLOCK]), &sink).unwrap();
    }
    // A block with a piece of data, behind one that left bytes there.
    let mut block = vec![0; BLOCK];
    block[700_000..700_100].fill(7);
    lane.feed(&frame(0, 20, &block), &sink).unwrap();
    lane.feed(&holes(0, 0, 64), &sink).unwrap();
    let mut expected = vec![0; size as usize];
    expected[20 * BLOCK..21 * BLOCK].copy_from_slice(&block);
    commit(&sink, 0, size, root(&expected));
    assert_eq!(of_kind(&told(&events), "Committed").len(), 1);
    let path = folder.path().join("a");
    assert!(std::fs::read(&path).unwrap() == expected);
    assert!(std::fs::metadata(&path).unwrap().blocks() * 512 < BLOCK as u64);
}

#[test]
fn d22_a_file_of_holes_alone_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let size = BLOCK + 10;
    let (sink, events) = receiving(folder.path(), &[("a", size as u64)]);
    lane(&sink).feed(&holes(0, 0, 2), &sink).unwrap();
    commit(&sink, 0, size as u64, root(&vec![0; size]));
    assert_eq!(of_kind(&told(&events), "Committed").len(), 1);
    assert!(std::fs::read(folder.path().join("a")).unwrap() == vec![0; size]);
}
