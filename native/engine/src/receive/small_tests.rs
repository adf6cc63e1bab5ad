//! Sealed frames of small files, and runs of entries.

use super::*;
use crate::core::event::Event;
use crate::core::words::FileFault;
use crate::testing::*;

/// A lane that has read its preface.
fn lane(sink: &Arc<Sink>) -> LaneReader {
    let mut lane = LaneReader::new(&CODEC);
    lane.feed(&preface(0), sink).unwrap();
    lane
}

#[test]
fn a_sealed_frame_with_another_root_is_told_and_may_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let (sink, events) = receiving(folder.path(), &[("a", 100)]);
    let mut lie = sealed_frame(0, &[1; 100]);
    lie[50] ^= 1;
    let mut lane = lane(&sink);
    lane.feed(&lie, &sink).unwrap();
    let records = told(&events);
    assert_eq!(of_kind(&records, "Mismatch"), [(0, 0)]);
    assert_eq!(arrived(&records), [0; 0]);
    assert_eq!(names(folder.path()), [""; 0], "not even a part file");
    lane.feed(&sealed_frame(0, &[1; 100]), &sink).unwrap();
    assert_eq!(arrived(&told(&events)), [0]);
}

#[test]
fn the_value_of_a_block_is_no_seal() {
    let (sink, events) = discarding(&[("a", 100)]);
    let mut frame = frame(0, 0, &[1; 100]);
    frame[17] = 1;
    lane(&sink).feed(&frame, &sink).unwrap();
    assert_eq!(of_kind(&told(&events), "Mismatch"), [(0, 0)]);
}

#[test]
fn a_lane_of_a_later_transfer_breaks_the_protocol_and_one_of_an_earlier_reaches_nothing() {
    let (sink, events) = discarding(&[("a", 100)]);
    let mut later = preface(0);
    later[8] = 2;
    assert!(LaneReader::new(&CODEC).feed(&later, &sink).is_err());
    let mut late = lane(&sink);
    let bytes = sealed_frame(0, &[1; 100]);
    sink.attach(2);
    late.feed(&bytes, &sink).unwrap();
    let mut later_still = LaneReader::new(&CODEC);
    later_still.feed(&[preface(0), bytes.clone()].concat(), &sink).unwrap();
    assert_eq!(arrived(&told(&events)), [0; 0]);
    let mut right = LaneReader::new(&CODEC);
    right.feed(&[later, bytes].concat(), &sink).unwrap();
    assert_eq!(arrived(&told(&events)), [0]);
}

#[test]
fn a_lane_that_its_transfer_leaves_inside_a_frame_lets_its_claim_go_and_may_end() {
    let (sink, events) = discarding(&[("a", 100)]);
    let (next, _) = discarding(&[("b", 100)]);
    next.attach(2);
    let frame = sealed_frame(0, &[1; 100]);
    let mut late = lane(&sink);
    late.feed(&frame[..50], &sink).unwrap();
    let mut other = lane(&sink);
    other.feed(&frame, &sink).unwrap();
    assert_eq!(arrived(&told(&events)), [0; 0], "the first lane has the claim");
    assert!(!late.may_end(&sink));
    late.feed(&frame[50..], &next).unwrap();
    assert!(
        late.may_end(&next),
        "an honest lane ends with its transfer, wherever its last frame is"
    );
    other.feed(&frame, &sink).unwrap();
    assert_eq!(arrived(&told(&events)), [0], "the claim is free");
}

#[test]
fn runs_of_small_files_empty_files_and_folders_are_committed_together() {
    let folder = tempfile::tempdir().unwrap();
    let names_of: Vec<String> = (0..300).map(|entry| format!("f/{entry:03}")).collect();
    let mut offered = vec![("f/", 0)];
    offered.extend(names_of.iter().map(|name| (name.as_str(), 3)));
    offered.push(("f/empty", 0));
    let (sink, events) = receiving(folder.path(), &offered);
    let mut lane = lane(&sink);
    for entry in 1..=300 {
        lane.feed(&sealed_frame(entry, b"abc"), &sink).unwrap();
    }
    assert_eq!(arrived(&told(&events)), (1..=300).collect::<Vec<_>>());
    assert!(sink.queue_entries(0, 200) && sink.queue_entries(200, 102));
    assert!(
        !sink.queue_entries(0, 303) && !sink.queue_entries(u32::MAX, 2),
        "beyond what there is"
    );
    sink.commit_group();
    let committed: Vec<_> = told(&events)
        .iter()
        .filter_map(|event| match event {
            Event::Committed { first, count, .. } => Some((*first, *count)),
            _ => None,
        })
        .collect();
    assert_eq!(committed, [(0, 302)], "one run");
    assert_eq!(names(&folder.path().join("f")).len(), 301);
    assert_eq!(sink.root_of(7), Some(root(b"abc")));
    assert_eq!(sink.root_of(301), Some(root(b"")));
}

#[test]
fn g1_what_has_not_arrived_is_not_committed() {
    let folder = tempfile::tempdir().unwrap();
    let (sink, events) = receiving(folder.path(), &[("a", 3), ("b", 3), ("c", 2 * BLOCK as u64)]);
    lane(&sink).feed(&frame(0, 0, b"abc"), &sink).unwrap();
    assert!(sink.queue_entries(0, 3));
    sink.commit_group();
    let failed = of_kind(&told(&events), "EntryFailed");
    let integrity = FileFault::Integrity as u64;
    assert_eq!(failed, [(0, integrity), (1, integrity), (2, integrity)]);
    assert!(!folder.path().join("a").exists());
}

#[test]
#[cfg(unix)]
fn t31_pages_of_zeros_inside_of_blocks_stay_holes() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let mut file = vec![0; 2 * BLOCK];
    for at in [5000, 700_000, BLOCK + 9] {
        file[at] = 1;
    }
    let sink = ultra_files::Sink::open(folder.path(), Default::default()).unwrap();
    let events = Arc::new(Told::default());
    let sink = Sink::new(
        SINK,
        Arc::new(crate::receive::target::folder::Folder::of(sink)),
        events.clone(),
    );
    sink.attach(1);
    add_sparse_page(&sink, "a", file.len() as u64);
    assert!(sink.expect(0, 0, 2));
    let mut lane = lane(&sink);
    for piece in frames(0, &file).concat().chunks(50_001) {
        lane.feed(piece, &sink).unwrap();
    }
    sink.queue_commit(0, file.len() as u64, root(&file));
    sink.commit_queued();
    assert_eq!(of_kind(&told(&events), "Committed").len(), 1);
    let path = folder.path().join("a");
    assert!(std::fs::read(&path).unwrap() == file);
    // Three pages hold data, and the borders of pieces may have made some more.
    assert!(std::fs::metadata(&path).unwrap().blocks() * 512 < BLOCK as u64);
}
