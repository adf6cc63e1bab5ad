//! Lanes of the older format into sinks: pieces without values, and what a hostile sender tries with them.

use super::*;
use crate::blocks::blazing1::Blazing1;
use crate::core::event::Event;
use crate::core::words::FileFault;
use crate::testing::*;

fn preface(stream: u8) -> Vec<u8> {
    [&b"BLZ1"[..], &[stream, 0, 0, 0, 1, 0, 0, 0]].concat()
}

fn piece_header(entry: u32, length: u32, offset: u64) -> Vec<u8> {
    [&entry.to_le_bytes()[..], &length.to_le_bytes(), &offset.to_le_bytes()].concat()
}

fn piece(entry: u32, block: u64, bytes: &[u8]) -> Vec<u8> {
    [
        &piece_header(entry, bytes.len() as u32, block * BLOCK as u64)[..],
        bytes,
    ]
    .concat()
}

/// A lane that has read its preface.
fn lane(sink: &Arc<Sink>) -> LaneReader {
    let mut lane = LaneReader::new(&Blazing1);
    lane.feed(&preface(0), sink).unwrap();
    lane
}

fn commit(sink: &Sink, entry: u32, size: u64, root: [u8; 32]) {
    sink.queue_commit(entry, size, root);
    sink.commit_queued();
}

#[test]
fn pieces_in_any_order_over_lanes_in_random_parts_make_the_same_files() {
    let sizes = [3 * BLOCK + 5, 1, BLOCK, BLOCK - 1, 700_000];
    for seed in 0..8 {
        let mut dice = Dice(seed);
        let mut files: Vec<Vec<u8>> = sizes.iter().map(|size| dice.bytes(*size)).collect();
        // Zeros travel as bytes.
        files[0][BLOCK..2 * BLOCK].fill(0);
        let folder = tempfile::tempdir().unwrap();
        let names = ["a", "b", "c", "d", "e"];
        let manifest: Vec<(&str, u64)> = names.into_iter().zip(sizes.map(|size| size as u64)).collect();
        let (sink, events) = receiving(folder.path(), &manifest);
        let mut pieces: Vec<Vec<u8>> = Vec::new();
        for (entry, file) in (0..).zip(&files) {
            pieces.extend(
                (0..)
                    .zip(file.chunks(BLOCK))
                    .map(|(block, bytes)| piece(entry, block, bytes)),
            );
        }
        pieces.extend_from_within(..3); // duplicates
        dice.shuffle(&mut pieces);
        let mut lanes: Vec<(LaneReader, Vec<u8>)> = (0..16)
            .map(|number| (LaneReader::new(&Blazing1), preface(number)))
            .collect();
        for piece in pieces {
            lanes[dice.below(16)].1.extend(piece);
        }
        while !lanes.is_empty() {
            let index = dice.below(lanes.len());
            let (reader, rest) = &mut lanes[index];
            let most = [1, 30, 5_000, 2 * BLOCK][dice.below(4)];
            let part: Vec<u8> = rest.drain(..rest.len().min(1 + dice.below(most))).collect();
            reader.feed(&part, &sink).unwrap();
            if rest.is_empty() {
                assert!(reader.may_end(&sink));
                lanes.swap_remove(index);
            }
        }
        let mut done = verified(&told(&events));
        done.sort_unstable();
        let all: Vec<(u32, u64)> = (0..)
            .zip(sizes)
            .flat_map(|(entry, size)| (0..size.div_ceil(BLOCK) as u64).map(move |block| (entry, block)))
            .collect();
        assert_eq!(done, all, "seed {seed}: each block once");
        for (entry, file) in (0..).zip(&files) {
            commit(&sink, entry, file.len() as u64, root(file));
            assert!(std::fs::read(folder.path().join(names[entry as usize])).unwrap() == *file);
        }
        assert_eq!(of_kind(&told(&events), "Committed").len(), files.len());
    }
}

#[test]
fn a_piece_may_bring_anything_and_a_file_that_is_not_its_seal_gets_no_name() {
    for size in [5, 2 * BLOCK + 5] {
        let folder = tempfile::tempdir().unwrap();
        let (sink, events) = receiving(folder.path(), &[("a", size as u64)]);
        let honest = Dice(1).bytes(size);
        let mut damaged = honest.clone();
        damaged[3] ^= 1;
        let mut lane = lane(&sink);
        for (block, bytes) in (0..).zip(damaged.chunks(BLOCK)) {
            lane.feed(&piece(0, block, bytes), &sink).unwrap();
        }
        assert_eq!(
            verified(&told(&events)).len(),
            size.div_ceil(BLOCK),
            "nobody can tell yet"
        );
        commit(&sink, 0, size as u64, root(&honest));
        assert_eq!(
            of_kind(&told(&events), "EntryFailed"),
            [(0, FileFault::Integrity as u64)]
        );
        assert_eq!(names(folder.path()), [""; 0], "neither a name nor a part");
    }
}

#[test]
fn g2_pieces_that_fit_no_file_break_the_lane() {
    let size = 2 * BLOCK as u64 + 5;
    let mib = BLOCK as u64;
    let bad = [
        ("of an entry never offered", piece_header(9, 5, 0)),
        ("of the last possible entry", piece_header(u32::MAX, 5, 0)),
        ("of a folder", piece_header(1, 5, 0)),
        ("of an empty file", piece_header(2, 1, 0)),
        ("beyond the end", piece_header(0, 5, 3 * mib)),
        ("beyond the largest file", piece_header(0, 5, 1 << 53)),
        ("at 2^63", piece_header(0, 5, 1 << 63)),
        ("at the last offset", piece_header(0, 5, u64::MAX - mib + 1)),
        ("one byte short", piece_header(0, 4, 2 * mib)),
        ("one byte too long", piece_header(0, 6, 2 * mib)),
        ("a short one in the middle", piece_header(0, 5, mib)),
        ("over the file's end", piece_header(0, BLOCK as u32, 2 * mib)),
        ("over the one behind it", piece_header(0, BLOCK as u32, 1)),
        ("over two others by half", piece_header(0, BLOCK as u32, mib / 2)),
        ("of no bytes", piece_header(0, 0, 0)),
        ("over 1 MiB", piece_header(0, BLOCK as u32 + 1, 0)),
        ("of 4 GiB", piece_header(0, u32::MAX, 0)),
    ];
    for (what, header) in bad {
        let (sink, events) = discarding(&[("a", size), ("folder/", 0), ("empty", 0)]);
        let mut lane = lane(&sink);
        assert!(lane.feed(&header, &sink).is_err(), "{what}");
        // Nothing more is read, and no bytes of it can become a block.
        assert!(lane.feed(&piece(0, 2, b"right"), &sink).is_ok());
        assert!(!lane.may_end(&sink));
        assert!(told(&events).is_empty(), "{what}");
    }
}

#[test]
fn g3_a_piece_that_comes_again_or_that_another_lane_writes_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let size = BLOCK as u64 + 1000;
    let (sink, events) = receiving(folder.path(), &[("a", size), ("b", 7)]);
    let (first, second) = (Dice(1).bytes(size as usize), Dice(2).bytes(size as usize));
    let (mut one, mut other) = (lane(&sink), lane(&sink));
    let whole = piece(0, 0, &first[..BLOCK]);
    one.feed(&whole[..700], &sink).unwrap();
    other.feed(&piece(0, 0, &second[..BLOCK]), &sink).unwrap();
    assert!(told(&events).is_empty(), "the first lane has the claim");
    one.feed(&whole[700..], &sink).unwrap();
    one.feed(&piece(0, 1, &first[BLOCK..]), &sink).unwrap();
    one.feed(&piece(1, 0, b"content"), &sink).unwrap();
    for again in [
        piece(0, 0, &second[..BLOCK]),
        piece(0, 1, &second[BLOCK..]),
        piece(1, 0, b"another"),
    ] {
        one.feed(&again, &sink).unwrap();
        other.feed(&again, &sink).unwrap();
    }
    assert_eq!(verified(&told(&events)), [(0, 0), (0, 1), (1, 0)]);
    commit(&sink, 0, size, root(&first));
    commit(&sink, 1, 7, root(b"content"));
    assert!(std::fs::read(folder.path().join("a")).unwrap() == first);
    assert_eq!(std::fs::read(folder.path().join("b")).unwrap(), b"content");
}

#[test]
fn a_piece_that_nobody_asked_for_is_consumed_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let (sink, events) = receiving(folder.path(), &[]);
    add_page(&sink, &[("a", 2 * BLOCK as u64), ("b", 5)]);
    let mut lane = lane(&sink);
    lane.feed(&piece(0, 0, &vec![3; BLOCK]), &sink).unwrap();
    lane.feed(&piece(1, 0, b"12345"), &sink).unwrap();
    assert!(lane.may_end(&sink) && told(&events).is_empty());
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_lane_that_dies_in_a_piece_gives_its_claim_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = Dice(4).bytes(2 * BLOCK);
    let (sink, events) = receiving(folder.path(), &[("a", file.len() as u64)]);
    let mut dying = lane(&sink);
    dying.feed(&piece(0, 0, &vec![9; BLOCK])[..5000], &sink).unwrap();
    assert!(!dying.may_end(&sink));
    drop(dying);
    let mut lane = lane(&sink);
    for (block, bytes) in (0..).zip(file.chunks(BLOCK)) {
        lane.feed(&piece(0, block, bytes), &sink).unwrap();
    }
    commit(&sink, 0, file.len() as u64, root(&file));
    assert_eq!(verified(&told(&events)), [(0, 0), (0, 1)]);
    assert!(std::fs::read(folder.path().join("a")).unwrap() == file);
}

#[test]
fn a_group_does_not_linger_when_the_last_small_file_joins_none() {
    // A busy disk may make one of the tries slow; lingering makes each of them slow.
    let is_prompt = (0..5).any(|_| {
        let folder = tempfile::tempdir().unwrap();
        let (sink, events) = receiving(folder.path(), &[("f/", 0), ("f/empty", 0), ("f/a", 3)]);
        assert!(sink.queue_entries(0, 2));
        let began = std::time::Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| sink.commit_group());
            lane(&sink).feed(&piece(2, 0, b"abc"), &sink).unwrap();
        });
        let took = began.elapsed();
        let records = told(&events);
        let is_committed = records
            .iter()
            .any(|event| matches!(event, Event::Committed { first: 0, count: 2, .. }));
        assert!(is_committed);
        took < std::time::Duration::from_secs(1)
    });
    assert!(is_prompt);
}
