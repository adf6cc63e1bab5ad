//! What a source reads is what a sink takes; and files that change meanwhile.

use std::path::Path;

use super::*;
use crate::receive::reader::LaneReader;
use crate::send::origin::tree::{Cache, Tree};
use crate::testing::*;

/// A source of one folder, walked to its end: its files are entries 1, 2 ... in the order of their names.
fn source(folder: &Path) -> (Arc<Source>, Arc<Told>) {
    let events = Arc::new(Told::default());
    let (origin, mut walk) = Tree::open(&[folder.to_owned()], Cache::Allowed).ok().unwrap();
    let source = Source::new(5, Box::new(origin), events.clone());
    while walk.next_page().ok().unwrap().is_some() {}
    (source, events)
}

/// The bytes of a block's frame.
fn read(source: &Source, entry: u32, block: u64) -> Option<Vec<u8>> {
    let mut buffer = vec![0xa5; FRAME_ROOM];
    let place = source.read_frame(&CODEC, entry, block, &mut buffer)?;
    Some(buffer[place.start..place.start + place.len].to_vec())
}

#[test]
fn what_a_source_reads_a_lane_verifies_and_zeros_become_holes() {
    let from = tempfile::tempdir().unwrap();
    let mut zeros_inside = Dice(1).bytes(3 * BLOCK + 9);
    zeros_inside[BLOCK..2 * BLOCK].fill(0);
    let mut almost_zero = vec![0; BLOCK];
    almost_zero[BLOCK - 1] = 1;
    let files = [
        ("a", zeros_inside),
        ("b", vec![0; 77]),
        ("c", almost_zero),
        ("d", Dice(2).bytes(1)),
    ];
    for (name, bytes) in &files {
        std::fs::write(from.path().join(name), bytes).unwrap();
    }
    let (source, events) = source(from.path());
    let to = tempfile::tempdir().unwrap();
    let mut manifest = vec![("top/".to_owned(), 0)];
    manifest.extend(
        files
            .iter()
            .map(|(name, bytes)| (format!("top/{name}"), bytes.len() as u64)),
    );
    let manifest: Vec<(&str, u64)> = manifest.iter().map(|(name, size)| (name.as_str(), *size)).collect();
    let (sink, received) = receiving(to.path(), &manifest);
    let mut lane = LaneReader::new(&CODEC);
    lane.feed(&preface(0), &sink).unwrap();
    for (entry, (name, bytes)) in (1..).zip(&files) {
        for (block, piece) in (0..).zip(bytes.chunks(BLOCK)) {
            let frame = read(&source, entry, block).unwrap();
            let is_hole = piece.iter().all(|byte| *byte == 0);
            let expected = if is_hole {
                hole(entry, block, piece.len())
            } else {
                crate::testing::frame(entry, block, piece)
            };
            assert!(frame == expected, "block {block} of {name}");
            lane.feed(&frame, &sink).unwrap();
        }
        source.seal(entry);
        sink.queue_commit(entry, bytes.len() as u64, root(bytes));
        sink.commit_queued();
        assert!(std::fs::read(to.path().join("top").join(name)).unwrap() == *bytes);
    }
    let expected: Vec<[u8; 32]> = files.iter().map(|(_, bytes)| root(bytes)).collect();
    assert_eq!(sealed(&told(&events)), expected);
    assert_eq!(of_kind(&told(&received), "EntryFailed"), []);
}

#[test]
fn e2_a_file_that_became_shorter_fails_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, Dice(1).bytes(3 * BLOCK)).unwrap();
    let (source, events) = source(folder.path());
    assert!(read(&source, 1, 0).is_some());
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(BLOCK as u64 + 5)
        .unwrap();
    for block in [1, 2, 1] {
        assert!(read(&source, 1, block).is_none());
    }
    let records = told(&events);
    assert_eq!(of_kind(&records, "ReadFailed").len(), 1);
    source.seal(1);
    assert_eq!(of_kind(&told(&events), "SealFailed").len(), 1);
}

#[test]
fn e4_a_file_that_changed_is_not_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, Dice(1).bytes(100)).unwrap();
    let (source, events) = source(folder.path());
    assert!(read(&source, 1, 0).is_some());
    std::thread::sleep(std::time::Duration::from_millis(20));
    std::fs::write(&path, Dice(2).bytes(100)).unwrap();
    source.seal(1);
    let failed = of_kind(&told(&events), "SealFailed");
    assert_eq!(failed, [(1, FileFault::Changed as u64)]);
    assert_eq!(source.root_of(1), None);
}

#[test]
fn e5_a_file_that_is_gone_or_was_never_offered_fails_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, b"here").unwrap();
    let (source, events) = source(folder.path());
    std::fs::remove_file(&path).unwrap();
    for _ in 0..3 {
        assert!(read(&source, 1, 0).is_none());
        assert!(read(&source, 50, 0).is_none());
    }
    let failed = of_kind(&told(&events), "ReadFailed");
    assert_eq!(
        failed,
        [(1, FileFault::NotFound as u64), (50, FileFault::NotFound as u64)]
    );
}

#[test]
fn a_file_that_was_not_read_whole_is_not_sealed_unless_the_receiver_held_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let (long, short) = (Dice(1).bytes(2 * BLOCK + 1), Dice(2).bytes(9));
    std::fs::write(folder.path().join("a"), &long).unwrap();
    std::fs::write(folder.path().join("b"), &short).unwrap();
    let (source, events) = source(folder.path());
    assert!(read(&source, 1, 1).is_some());
    source.seal(1);
    assert_eq!(
        of_kind(&told(&events), "SealFailed"),
        [(1, FileFault::Integrity as u64)]
    );

    assert!(read(&source, 1, 1).is_some());
    assert!(source.hold(1, 0, &[value(0, &long[..BLOCK])]).is_ok());
    assert!(source.hold(1, 2, &[value(2, &long[2 * BLOCK..])]).is_ok());
    assert!(source.hold(1, 2, &[[0; 32]; 2]).is_err(), "beyond the end");
    assert!(source.hold(1, u64::MAX, &[[0; 32]; 2]).is_err());
    source.seal(1);
    assert!(source.hold(2, 0, &[[9; 32]]).is_ok());
    source.seal(2);
    let events = told(&events);
    assert!(events.iter().all(|event| name_of(event) == "Sealed"));
    // The root of a single block needs its bytes: a value that the receiver made up changes nothing.
    assert_eq!(sealed(&events), [root(&long), root(&short)]);
}

#[test]
fn blocks_beyond_the_end_and_small_buffers_fail() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), b"bytes").unwrap();
    std::fs::write(folder.path().join("b"), b"bytes").unwrap();
    let (source, events) = source(folder.path());
    assert!(read(&source, 1, 1).is_none());
    assert!(source.read_frame(&CODEC, 2, 0, &mut [0; 100]).is_none());
    assert_eq!(of_kind(&told(&events), "ReadFailed").len(), 2);
}
