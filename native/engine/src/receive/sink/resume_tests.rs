use std::fs::OpenOptions;
use std::path::Path;

use ultra_files::SinkOptions;

use super::*;
use crate::core::words::Leaving;
use crate::receive::reader::LaneReader;
use crate::receive::target::folder::Folder;
use crate::testing::*;

const NAME: &str = "long";

fn content() -> Vec<u8> {
    Dice(5).bytes(6 * BLOCK + 99)
}

fn open(folder: &Path) -> (Arc<Sink>, Arc<Told>) {
    let target = ultra_files::Sink::open(folder, SinkOptions::default()).unwrap();
    let told = Arc::new(Told::default());
    let sink = Sink::new(SINK, Arc::new(Folder::of(target)), told.clone());
    sink.attach(1);
    add_page(&sink, &[(NAME, content().len() as u64)]);
    (sink, told)
}

fn feed(sink: &Arc<Sink>, blocks: &[usize]) {
    let mut reader = LaneReader::new(&CODEC);
    reader.feed(&preface(0), sink).unwrap();
    let frames = frames(0, &content());
    for block in blocks {
        reader.feed(&frames[*block], sink).unwrap();
    }
}

/// A run that receives some blocks; without its mark it ended in a crash.
fn run(folder: &Path, blocks: &[usize], has_mark: bool) {
    let (sink, _) = open(folder);
    assert!(sink.expect(0, 0, 7));
    feed(&sink, blocks);
    let journal = ours(folder, ".journal");
    let without = std::fs::read(&journal).unwrap();
    sink.target.dispose(Leaving::Parts);
    drop(sink);
    if !has_mark {
        std::fs::write(journal, without).unwrap();
    }
}

fn ours(folder: &Path, ending: &str) -> std::path::PathBuf {
    folder.join(names(folder).into_iter().find(|name| name.ends_with(ending)).unwrap())
}

/// What is told when the run is taken up: held blocks, whether they are certain, and what follows when all was read again.
fn taken_up(sink: &Arc<Sink>, told: &Told) -> (Vec<u64>, bool, Vec<u64>, Vec<u64>) {
    let rereads = Workers::new("test", 1, |text| panic!("{text}"));
    let uncertain = sink.take_up();
    sink.begin_rereads(uncertain, &rereads);
    let (done, wait) = std::sync::mpsc::channel();
    rereads.run(move || done.send(()).unwrap());
    wait.recv().unwrap();
    let (mut held, mut is_clean, mut stale) = (Vec::new(), false, Vec::new());
    let events = crate::testing::told(told);
    for event in &events {
        match event {
            Event::Held { first, values, .. } => held.extend(*first..*first + values.len() as u64 / 32),
            Event::TakenUp { is_clean: clean, .. } => is_clean = *clean,
            Event::Stale { block, .. } => stale.push(*block),
            _ => {}
        }
    }
    let found = verified(&events).into_iter().map(|(_, block)| block).collect();
    (held, is_clean, found, stale)
}

fn finish(sink: &Arc<Sink>, told: &Told, folder: &Path, missing: &[usize]) {
    for block in missing {
        assert!(sink.expect(0, *block as u64, 1));
    }
    feed(sink, missing);
    sink.queue_commit(0, content().len() as u64, root(&content()));
    sink.commit_queued();
    assert_eq!(of_kind(&crate::testing::told(told), "Committed").len(), 1);
    assert_eq!(names(folder), [NAME]);
    assert_eq!(std::fs::read(folder.join(NAME)).unwrap(), content());
}

#[test]
fn what_was_left_in_good_order_counts_at_once_and_only_the_rest_comes() {
    let place = tempfile::tempdir().unwrap();
    run(place.path(), &[0, 1, 4], true);
    let (sink, told) = open(place.path());
    assert_eq!(taken_up(&sink, &told), (vec![0, 1, 4], true, vec![], vec![]));
    finish(&sink, &told, place.path(), &[2, 3, 5, 6]);
}

#[test]
fn d25_behind_a_crash_only_what_was_recorded_is_read_again() {
    let place = tempfile::tempdir().unwrap();
    run(place.path(), &[6, 1, 2], false);
    let (sink, told) = open(place.path());
    assert_eq!(taken_up(&sink, &told), (vec![1, 2, 6], false, vec![1, 2, 6], vec![]));
    finish(&sink, &told, place.path(), &[0, 3, 4, 5]);
}

#[test]
fn d26_d29_a_flipped_bit_and_zeros_are_found_and_their_blocks_come_again() {
    let place = tempfile::tempdir().unwrap();
    run(place.path(), &[0, 1, 2, 3], true);
    let part = OpenOptions::new()
        .write(true)
        .open(ours(place.path(), ".part"))
        .unwrap();
    write_at(&part, &[content()[BLOCK + 7] ^ 1], BLOCK as u64 + 7);
    write_at(&part, &[0; BLOCK], 3 * BLOCK as u64);
    let (sink, told) = open(place.path());
    assert_eq!(
        taken_up(&sink, &told),
        (vec![0, 1, 2, 3], false, vec![0, 2], vec![1, 3])
    );
    finish(&sink, &told, place.path(), &[1, 3, 4, 5, 6]);
}

#[test]
fn blocks_of_held_values_are_not_written_over_and_a_run_that_ends_reads_nothing_more() {
    let place = tempfile::tempdir().unwrap();
    run(place.path(), &[0, 1], true);
    let (sink, told) = open(place.path());
    taken_up(&sink, &told);
    feed(&sink, &[0, 1]);
    assert_eq!(verified(&crate::testing::told(&told)), []);
    sink.target.dispose(Leaving::Parts);
    drop(sink);
    let part = OpenOptions::new()
        .write(true)
        .open(ours(place.path(), ".part"))
        .unwrap();
    write_at(&part, &[0], 0);
    let (sink, told) = open(place.path());
    sink.close();
    assert_eq!(taken_up(&sink, &told), (vec![0, 1], false, vec![], vec![]));
}
