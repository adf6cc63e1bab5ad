//! Lanes into sinks, without QUIC: what a sender may do, and what a hostile one tries.

use super::*;
use crate::blocks::block_table::{GROUP_BLOCKS, MAX_OPEN_GROUPS};
use crate::blocks::frame::HEADER_LEN;
use crate::core::words::{FileFault, Leaving};
use crate::testing::*;

fn sealed(mut header: Vec<u8>) -> Vec<u8> {
    header[17] = 1;
    header
}

/// A lane that has read its preface.
fn lane(sink: &Arc<Sink>) -> LaneReader {
    let mut lane = LaneReader::new(&CODEC);
    lane.feed(&preface(0), sink).unwrap();
    lane
}

#[test]
fn frames_cut_at_every_byte_arrive_whole() {
    let (one, two) = (Dice(1).bytes(100), Dice(2).bytes(3));
    let sealed_zeros = {
        let mut header = holes(1, 0, 1);
        header[17] = 1;
        header
    };
    let stream = [
        &preface(9)[..],
        &sealed_frame(0, &one),
        &sealed_zeros,
        &frame(2, 0, &two),
    ]
    .concat();
    for cut in 0..=stream.len() {
        let (sink, events) = discarding(&[("a", 100), ("b", 50), ("c", 3)]);
        let mut lane = LaneReader::new(&CODEC);
        for piece in [&stream[..cut], &stream[cut..]] {
            lane.feed(piece, &sink).unwrap();
        }
        let records = told(&events);
        assert_eq!(arrived(&records), [0, 1], "cut at {cut}: those that were sealed");
        assert_eq!(verified(&records), [(2, 0)], "cut at {cut}: the one that was not");
        assert!(lane.may_end(&sink));
        assert_eq!(
            lane.preface.map(|preface| (preface.lane, preface.transfer)),
            Some((9, 1))
        );
    }
}

#[test]
fn g1_a_lane_may_end_between_frames_only() {
    let (sink, _events) = discarding(&[("a", 10), ("b", 7)]);
    let pieces = [preface(0), frame(0, 0, &[1; 10]), holes(1, 0, 1)];
    let stream = pieces.concat();
    let ends: Vec<usize> = (1..=3).map(|count| pieces[..count].concat().len()).collect();
    let mut lane = LaneReader::new(&CODEC);
    assert!(!lane.may_end(&sink), "not even the preface came");
    for (at, byte) in stream.iter().enumerate() {
        lane.feed(&[*byte], &sink).unwrap();
        assert_eq!(lane.may_end(&sink), ends.contains(&(at + 1)), "after byte {at}");
    }
}

#[test]
fn a8_blocks_in_any_order_over_lanes_in_random_pieces_make_the_same_files() {
    let sizes = [3 * BLOCK + 5, 1, BLOCK, BLOCK - 1, 700_000];
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let files: Vec<Vec<u8>> = sizes.iter().map(|size| dice.bytes(*size)).collect();
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..files.len()).map(|index| format!("file-{index}")).collect();
        let manifest: Vec<(&str, u64)> = names
            .iter()
            .map(String::as_str)
            .zip(sizes.map(|size| size as u64))
            .collect();
        let (sink, events) = receiving(folder.path(), &manifest);

        let mut blocks: Vec<Vec<u8>> = (0..)
            .zip(&files)
            .flat_map(|(entry, file)| frames(entry, file))
            .collect();
        blocks.extend_from_within(..3); // duplicates
        dice.shuffle(&mut blocks);
        let mut lanes: Vec<(LaneReader, Vec<u8>)> = (0..4)
            .map(|number| (LaneReader::new(&CODEC), preface(number)))
            .collect();
        for block in blocks {
            lanes[dice.below(4)].1.extend(block);
        }
        while !lanes.is_empty() {
            let index = dice.below(lanes.len());
            let (reader, rest) = &mut lanes[index];
            let most = [1, 30, 5_000, 2 * BLOCK][dice.below(4)];
            let piece: Vec<u8> = rest.drain(..rest.len().min(1 + dice.below(most))).collect();
            reader.feed(&piece, &sink).unwrap();
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
        assert_eq!(done, all, "seed {seed}: each block verified exactly once");
        for (entry, file) in (0..).zip(&files) {
            commit(&sink, entry, file.len() as u64, root(file));
            assert!(
                std::fs::read(folder.path().join(&names[entry as usize])).unwrap() == *file,
                "seed {seed}"
            );
            assert_eq!(sink.root_of(entry), Some(root(file)));
        }
        assert_eq!(of_kind(&told(&events), "Committed").len(), files.len());
    }
}

#[test]
fn g3_a_verified_block_is_never_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let (sink, events) = receiving(folder.path(), &[("a", 1000)]);
    let (first, second) = (Dice(1).bytes(1000), Dice(2).bytes(1000));
    let mut one = lane(&sink);
    let mut other = lane(&sink);
    one.feed(&frame(0, 0, &first), &sink).unwrap();
    let again = [
        frame(0, 0, &second),
        sealed_frame(0, &second),
        wrong_frame(0, 0, &second),
        holes(0, 0, 1),
    ];
    for again in again {
        one.feed(&again, &sink).unwrap();
        other.feed(&again, &sink).unwrap();
    }
    commit(&sink, 0, 1000, root(&first));
    let records = told(&events);
    assert_eq!(verified(&records), [(0, 0)]);
    assert_eq!(of_kind(&records, "Mismatch"), []);
    assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), first);
}

#[test]
fn g3_a_block_that_another_lane_is_writing_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let (sink, events) = receiving(folder.path(), &[("a", 1000)]);
    let (first, second) = (Dice(1).bytes(1000), Dice(2).bytes(1000));
    let (mut slow, mut fast) = (lane(&sink), lane(&sink));
    let bytes = frame(0, 0, &first);
    slow.feed(&bytes[..600], &sink).unwrap();
    fast.feed(&frame(0, 0, &second), &sink).unwrap();
    assert!(told(&events).is_empty());
    slow.feed(&bytes[600..], &sink).unwrap();
    commit(&sink, 0, 1000, root(&first));
    assert_eq!(verified(&told(&events)), [(0, 0)]);
    assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), first);
}

#[test]
fn g2_frames_that_fit_no_file_break_the_lane() {
    let size = 2 * BLOCK as u64 + 5;
    let bad = [
        ("of an entry never offered", header(9, 5, 0, 0)),
        ("of the last possible entry", header(u32::MAX, 5, 0, 0)),
        ("of a folder", header(1, 5, 0, 0)),
        ("of an empty file", header(2, 1, 0, 0)),
        ("beyond the end", header(0, 5, 3, 0)),
        ("far beyond the end", header(0, BLOCK as u32, (1 << 33) - 1, 0)),
        ("at 2^63", header(0, 5, 1 << 63, 0)),
        ("one byte short", header(0, 4, 2, 0)),
        ("one byte long", header(0, 6, 2, 0)),
        ("a short block in the middle", header(0, 5, 1, 0)),
        ("a full block at the end", header(0, BLOCK as u32, 2, 0)),
        ("holes beyond the end", header(0, 2, 2, 1)),
        ("more holes than a frame may have", header(0, 65_537, 0, 1)),
        (
            "sealed, of a file of several blocks",
            sealed(header(0, BLOCK as u32, 0, 0)),
        ),
        ("sealed, not the first block", sealed(header(0, BLOCK as u32, 1, 0))),
        ("sealed, of two holes", sealed(header(0, 2, 0, 1))),
        ("with another flag", {
            let mut header = header(0, BLOCK as u32, 0, 0);
            header[17] = 2;
            header
        }),
        ("of no bytes", header(0, 0, 0, 0)),
        ("over 1 MiB", header(0, BLOCK as u32 + 1, 0, 0)),
        ("of an unknown encoding", header(0, BLOCK as u32, 0, 2)),
    ];
    for (what, header) in bad {
        let (sink, events) = discarding(&[("a", size), ("folder/", 0), ("empty", 0)]);
        let mut lane = lane(&sink);
        assert!(lane.feed(&header, &sink).is_err(), "{what}");
        // Nothing more is read, and no bytes of it can become a block.
        assert!(lane.feed(&frame(0, 2, b"right"), &sink).is_ok());
        assert!(!lane.may_end(&sink));
        assert!(told(&events).is_empty(), "{what}");
    }
    let (sink, _events) = discarding(&[("a", 1)]);
    assert!(LaneReader::new(&CODEC).feed(b"ULTX\0\0\0\0\x01\0\0\0", &sink).is_err());
}

#[test]
fn t2_a_file_of_any_size_may_be_announced_and_costs_what_comes_of_it() {
    let size = (1 << 53) - 1;
    let last = size / BLOCK as u64;
    let (sink, events) = discarding(&[("a", size)]);
    let mut lane = lane(&sink);
    for block in [0, 1, 1 << 32, last] {
        lane.feed(&holes(0, block, 1), &sink).unwrap();
        lane.feed(&holes(0, block, 1), &sink).unwrap();
    }
    let all = [(0, 0), (0, 1), (0, 1 << 32), (0, last)];
    assert_eq!(verified(&told(&events)), all, "each once");
    commit(&sink, 0, size, [0; 32]);
    assert_eq!(
        of_kind(&told(&events), "EntryFailed"),
        [(0, FileFault::Integrity as u64)]
    );
}

#[test]
fn t2_a_sender_that_begins_everything_and_ends_nothing_breaks_the_protocol() {
    let size = 1 << 52;
    let (sink, _events) = discarding(&[("a", size), ("b", size)]);
    let mut claims: Vec<_> = (0..MAX_OPEN_GROUPS as u64)
        .map(|at| sink.claim((at % 2) as u32, at * GROUP_BLOCKS, size).unwrap().unwrap())
        .collect();
    assert!(sink.claim(0, 1 << 31, size).is_err());
    assert!(sink.claim(0, 1, size).unwrap().is_some(), "in a group that is open");
    claims.truncate(10);
    assert!(
        sink.claim(0, 1 << 31, size).unwrap().is_some(),
        "room came back with the claims"
    );
}

#[test]
fn a_block_that_nobody_asked_for_is_consumed_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let size = 2 * BLOCK as u64;
    let (sink, events) = receiving(folder.path(), &[]);
    add_page(&sink, &[("a", size), ("b", 5)]);
    assert!(sink.expect(0, 1, 1));
    assert!(
        !sink.expect(0, 1, 2) && !sink.expect(7, 0, 1) && !sink.expect(0, u64::MAX, 2),
        "beyond what there is"
    );
    let mut lane = lane(&sink);
    lane.feed(&frame(0, 0, &vec![3; BLOCK]), &sink).unwrap();
    lane.feed(&frame(1, 0, b"12345"), &sink).unwrap();
    assert!(told(&events).is_empty());
    assert_eq!(names(folder.path()), [""; 0], "not even a part file");
    lane.feed(&frame(0, 1, &vec![3; BLOCK]), &sink).unwrap();
    assert_eq!(verified(&told(&events)), [(0, 1)]);
}

#[test]
fn a_wrong_value_is_told_each_time_and_the_block_may_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = Dice(5).bytes(BLOCK + 100);
    let (sink, events) = receiving(folder.path(), &[("a", file.len() as u64)]);
    let mut lane = lane(&sink);
    let blocks = frames(0, &file);
    lane.feed(&blocks[0], &sink).unwrap();
    for _ in 0..3 {
        lane.feed(&wrong_frame(0, 1, &[9; 100]), &sink).unwrap();
    }
    let records = told(&events);
    assert_eq!(of_kind(&records, "Mismatch"), [(0, 1); 3]);
    assert_eq!(verified(&records), [(0, 0)]);
    lane.feed(&blocks[1], &sink).unwrap();
    commit(&sink, 0, file.len() as u64, root(&file));
    let records = told(&events);
    assert_eq!(verified(&records), [(0, 1)]);
    assert_eq!(of_kind(&records, "Committed").len(), 1);
    assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), file);
}

#[test]
fn a_value_of_another_place_in_the_file_is_wrong() {
    let (sink, events) = discarding(&[("a", 2 * BLOCK as u64)]);
    let bytes = vec![4; BLOCK];
    let moved = [&header(0, BLOCK as u32, 1, 0)[..], &bytes, &value(0, &bytes)].concat();
    lane(&sink).feed(&moved, &sink).unwrap();
    assert_eq!(of_kind(&told(&events), "Mismatch"), [(0, 1)]);
}

#[test]
fn a_lane_that_dies_inside_a_block_gives_its_claim_back_only_then() {
    let folder = tempfile::tempdir().unwrap();
    let (sink, events) = receiving(folder.path(), &[("a", 1000)]);
    for cut in [HEADER_LEN, HEADER_LEN + 1, HEADER_LEN + 1000, HEADER_LEN + 1000 + 31] {
        let mut dying = lane(&sink);
        dying.feed(&frame(0, 0, &[0xee; 1000])[..cut], &sink).unwrap();
        assert!(
            matches!(sink.claim(0, 0, 1000), Ok(None)),
            "claimed while the lane lives"
        );
        drop(dying);
    }
    assert!(told(&events).is_empty());
    lane(&sink).feed(&holes(0, 0, 1), &sink).unwrap();
    commit(&sink, 0, 1000, root(&[0; 1000]));
    assert_eq!(of_kind(&told(&events), "Committed").len(), 1);
    assert_eq!(
        std::fs::read(folder.path().join("a")).unwrap(),
        [0; 1000],
        "its bytes are gone"
    );
}

#[test]
fn g5_a_broken_lane_gives_its_claim_back_at_once() {
    let (sink, events) = discarding(&[("a", 10)]);
    let mut broken = lane(&sink);
    broken.feed(&header(0, 10, 0, 0), &sink).unwrap();
    broken.feed(&[1; 10 + 32], &sink).unwrap();
    assert!(broken.feed(&header(8, 10, 0, 0), &sink).is_err());
    lane(&sink).feed(&frame(0, 0, &[2; 10]), &sink).unwrap();
    assert_eq!(verified(&told(&events)), [(0, 0)]);
}

pub fn commit(sink: &Sink, entry: u32, size: u64, root: [u8; 32]) {
    sink.queue_commit(entry, size, root);
    sink.commit_queued();
}

/// What became of a commit: the class of the failure, and the names in the folder.
fn refused(deliver: &[Vec<u8>], size: u64, root: [u8; 32]) {
    let folder = tempfile::tempdir().unwrap();
    let (sink, events) = receiving(folder.path(), &[("a", 2 * BLOCK as u64)]);
    lane(&sink).feed(&deliver.concat(), &sink).unwrap();
    commit(&sink, 0, size, root);
    let records = told(&events);
    assert_eq!(of_kind(&records, "EntryFailed"), [(0, FileFault::Integrity as u64)]);
    assert_eq!(of_kind(&records, "Committed"), []);
    assert_eq!(names(folder.path()), [""; 0], "no final name and no part file");
    assert_eq!(sink.root_of(0), None);
}

#[test]
fn g1_g5_a_file_that_is_not_what_its_sender_sealed_gets_no_name() {
    let file = Dice(3).bytes(2 * BLOCK);
    let (blocks, size) = (frames(0, &file), file.len() as u64);
    refused(&blocks, size, [1; 32]);
    refused(&blocks, size - 1, root(&file[..2 * BLOCK - 1]));
    refused(&blocks, size + 1, root(&file));
    refused(&blocks[..1], size, root(&file));
    refused(&[], size, root(&file));
    refused(
        &[wrong_frame(0, 0, &file[..BLOCK]), blocks[1].clone()],
        size,
        root(&file),
    );
}

#[test]
fn a2_files_of_no_block_of_one_and_of_a_whole_number_have_their_root() {
    for size in [0, 1, 1024, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 5 * BLOCK] {
        let folder = tempfile::tempdir().unwrap();
        let file = Dice(size as u64).bytes(size);
        let (sink, events) = receiving(folder.path(), &[("a", size as u64)]);
        lane(&sink).feed(&frames(0, &file).concat(), &sink).unwrap();
        commit(&sink, 0, size as u64, root(&file));
        assert_eq!(of_kind(&told(&events), "Committed").len(), 1, "{size} bytes");
        assert!(std::fs::read(folder.path().join("a")).unwrap() == file, "{size} bytes");
    }
}

#[test]
fn files_that_wait_are_committed_together_and_one_that_is_wrong_stops_none() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<String> = (0..100).map(|entry| format!("{entry:02}")).collect();
    let offered: Vec<(&str, u64)> = files.iter().map(|name| (name.as_str(), 2)).collect();
    let (sink, events) = receiving(folder.path(), &offered);
    for (entry, name) in (0..).zip(&files) {
        lane(&sink).feed(&frame(entry, 0, name.as_bytes()), &sink).unwrap();
        let sealed = if entry == 40 { "no" } else { name };
        sink.queue_commit(entry, 2, root(sealed.as_bytes()));
    }
    let mut ends = Vec::new();
    let mut calls = 0;
    while ends.len() < 100 {
        sink.commit_queued();
        calls += 1;
        let records = told(&events);
        ends.extend(of_kind(&records, "Committed"));
        ends.extend(of_kind(&records, "EntryFailed"));
    }
    assert_eq!(calls, 2);
    ends.sort_unstable();
    let expected = (0..100).map(|entry| match entry {
        40 => (40, FileFault::Integrity as u64),
        entry => (entry, 1), // durable
    });
    assert_eq!(ends, expected.collect::<Vec<_>>());
    let mut named = names(folder.path());
    named.sort();
    assert_eq!(named, files.into_iter().filter(|name| name != "40").collect::<Vec<_>>());
}

#[test]
fn an_abandoned_entry_takes_nothing_more_and_a_second_commit_takes_nothing_away() {
    if on_wine() {
        return skipped("the name of a removed file that is still open stays in wine 8");
    }
    let folder = tempfile::tempdir().unwrap();
    let (sink, events) = receiving(folder.path(), &[("a", 4), ("b", 4)]);
    let mut late = lane(&sink);
    late.feed(&frame(0, 0, b"aaaa")[..HEADER_LEN + 2], &sink).unwrap();
    sink.abandon(0, Leaving::Nothing);
    assert_eq!(names(folder.path()), [""; 0]);
    late.feed(&frame(0, 0, b"aaaa")[HEADER_LEN + 2..], &sink).unwrap();
    late.feed(&frame(0, 0, b"aaaa"), &sink).unwrap();
    assert_eq!(verified(&told(&events)), []);
    late.feed(&frame(1, 0, b"bbbb"), &sink).unwrap();
    commit(&sink, 1, 4, root(b"bbbb"));
    commit(&sink, 1, 4, root(b"bbbb"));
    assert_eq!(names(folder.path()), ["b"]);
    assert_eq!(std::fs::read(folder.path().join("b")).unwrap(), b"bbbb");
}

/// Needs root, for a file system of its own; without it the test says that it was skipped.
#[test]
#[cfg(target_os = "linux")]
fn d2_a_full_disk_is_told_once_and_smaller_files_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let run = |program: &str, args: &[&str]| {
        let status = std::process::Command::new(program)
            .args(args)
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    if !run("mount", &["-t", "tmpfs", "-o", "size=2m", "tmpfs"]) {
        skipped("it takes root, to mount a tmpfs");
        return;
    }
    let (sink, events) = receiving(folder.path(), &[("big", 4 * BLOCK as u64), ("small", 100)]);
    let mut lane = lane(&sink);
    for block in 0..4 {
        lane.feed(&frame(0, block, &vec![1; BLOCK]), &sink).unwrap();
    }
    let mut records = told(&events);
    assert_eq!(of_kind(&records, "EntryFailed"), [(0, FileFault::NoSpace as u64)]);
    sink.abandon(0, Leaving::Nothing);
    lane.feed(&frame(1, 0, &[2; 100]), &sink).unwrap();
    records.extend(told(&events));
    let names = names(folder.path()).len();
    drop((lane, sink));
    assert!(run("umount", &["-l"]));
    assert_eq!(of_kind(&records, "EntryFailed"), [(0, FileFault::NoSpace as u64)]);
    assert!(verified(&records).contains(&(1, 0)));
    assert_eq!(names, 1, "only the small one has a part file");
}
