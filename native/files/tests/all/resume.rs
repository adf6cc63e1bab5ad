//! What an interrupted run leaves, and what the next one makes of it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, symlink};

#[cfg(unix)]
use crate::common::fifo;
use crate::common::{MTIME, Place, add, file, overwrite};
use ultra_files::{
    FileId, JOURNAL_BLOCK_LEN as BLOCK, Leaving, PageEntry, Reserved, Restart, Sink, SinkOptions, TakenUp,
};

pub const SIZE: u64 = 4 * BLOCK + 77;
const NAME: &str = "movie.mkv";

/// The number of the status of a file that another process receives.
const BUSY: u8 = 16;

fn block(number: u64) -> Vec<u8> {
    let len = (SIZE - number * BLOCK).min(BLOCK);
    (0..len).map(|at| (at * 7 + number) as u8).collect()
}

fn value(number: u64) -> [u8; 32] {
    *blake3::hash(&block(number)).as_bytes()
}

pub fn receive_blocks(sink: &Sink, entry: u32, numbers: &[u64]) {
    let part = sink.part(entry).expect("a part");
    for number in numbers {
        part.write_at(number * BLOCK, &block(*number)).expect("written");
        part.note(*number, value(*number));
    }
}

fn part_at(place: &Place) -> std::path::PathBuf {
    place.at(&Reserved::Part(FileId::of(NAME)).to_string())
}

fn journal_at(place: &Place) -> std::path::PathBuf {
    place.at(&Reserved::Journal(FileId::of(NAME)).to_string())
}

/// A run that receives some blocks and ends in good order.
fn interrupted(place: &Place, numbers: &[u64], leaving: Leaving) {
    let sink = place.sink();
    add(&sink, &[file(NAME, SIZE)]);
    receive_blocks(&sink, 0, numbers);
    sink.dispose(leaving);
}

/// The same for one that is killed: its journal has no mark at its end.
fn killed(place: &Place, numbers: &[u64]) {
    let (sink, _) = again(place);
    receive_blocks(&sink, 0, numbers);
    let journal = fs::read(journal_at(place)).expect("a journal");
    sink.dispose(Leaving::Parts);
    fs::write(journal_at(place), journal).expect("a journal");
}

fn again(place: &Place) -> (Sink, Vec<TakenUp>) {
    let sink = place.sink();
    add(&sink, &[file(NAME, SIZE)]);
    let taken = sink.taken_up();
    (sink, taken)
}

fn why(taken: &[TakenUp]) -> Restart {
    match taken {
        [TakenUp::Anew { why, .. }] => *why,
        other => panic!("{other:?}"),
    }
}

fn blocks_of(taken: &[TakenUp]) -> (Vec<u64>, bool) {
    match taken {
        [TakenUp::Part { blocks, is_clean, .. }] => {
            assert!(blocks.iter().all(|(number, told)| *told == value(*number)));
            (blocks.iter().map(|(number, _)| *number).collect(), *is_clean)
        }
        other => panic!("{other:?}"),
    }
}

#[cfg(unix)]
#[test]
fn a_clean_interruption_is_taken_up_without_reading_anything_again() {
    let place = Place::new();
    interrupted(&place, &[0, 3], Leaving::Parts);
    assert_eq!(place.names().len(), 2, "{:?}", place.names());
    assert_eq!(
        fs::metadata(journal_at(&place)).expect("a journal").mode() & 0o777,
        0o600
    );
    let (sink, taken) = again(&place);
    assert_eq!(blocks_of(&taken), (vec![0, 3], true));
    let TakenUp::Part { occupied, .. } = &taken[0] else {
        unreachable!()
    };
    assert!((2 * BLOCK..=SIZE).contains(occupied), "{occupied}");
    receive_blocks(&sink, 0, &[1, 2, 4]);
    sink.commit(0).expect("a commit");
    drop(sink);
    assert_eq!(place.names(), [NAME]);
    let contents: Vec<u8> = (0..5).flat_map(block).collect();
    assert_eq!(fs::read(place.at(NAME)).expect("a file"), contents);
}

#[test]
fn a_second_interruption_keeps_what_both_runs_received_and_a_first_write_ends_the_good_order() {
    let place = Place::new();
    interrupted(&place, &[0], Leaving::Parts);
    let (sink, _) = again(&place);
    receive_blocks(&sink, 0, &[1]);
    sink.dispose(Leaving::Parts);
    assert_eq!(blocks_of(&again(&place).1), (vec![0, 1], true));
    // Looked at, and not taken up: nothing has changed.
    assert_eq!(blocks_of(&again(&place).1), (vec![0, 1], true));
    killed(&place, &[3]);
    assert_eq!(blocks_of(&again(&place).1), (vec![0, 1, 3], false));
    // Taken up and killed before it wrote anything.
    interrupted(&place, &[], Leaving::Parts);
    killed(&place, &[]);
    assert_eq!(blocks_of(&again(&place).1), (vec![0, 1, 3], false));
}

#[test]
fn d29_a_part_that_was_changed_behind_the_mark_is_read_again() {
    let place = Place::new();
    interrupted(&place, &[0, 1], Leaving::Parts);
    overwrite(&part_at(&place), 5, &[0; 100]);
    assert_eq!(blocks_of(&again(&place).1), (vec![0, 1], false));
}

#[test]
fn d27_torn_truncated_and_foreign_journals_restart_the_file_or_cost_their_records() {
    let restart = |change: &dyn Fn(&Place)| {
        let place = Place::new();
        interrupted(&place, &[0, 1], Leaving::Parts);
        change(&place);
        let (sink, taken) = again(&place);
        let why = why(&taken);
        receive_blocks(&sink, 0, &[0, 1, 2, 3, 4]);
        sink.commit(0).expect("a commit");
        drop(sink);
        assert_eq!(place.names(), [NAME], "{why:?}");
        why
    };
    let write = |place: &Place, bytes: &[u8]| fs::write(journal_at(place), bytes).expect("a journal");
    assert_eq!(restart(&|place| write(place, b"")), Restart::BrokenJournal);
    assert_eq!(restart(&|place| write(place, &[7; 500])), Restart::BrokenJournal);
    assert_eq!(
        restart(&|place| fs::remove_file(part_at(place)).expect("removed")),
        Restart::OtherPart
    );
    assert_eq!(
        restart(&|place| {
            fs::rename(part_at(place), place.at("other")).expect("renamed");
            fs::copy(place.at("other"), part_at(place)).expect("copied");
            fs::remove_file(place.at("other")).expect("removed");
        }),
        Restart::OtherPart
    );
    // A torn tail costs its record, and the next one stands in its place again.
    let place = Place::new();
    interrupted(&place, &[0, 1], Leaving::Parts);
    let journal = fs::read(journal_at(&place)).expect("a journal");
    fs::write(journal_at(&place), &journal[..journal.len() - 48 - 10]).expect("torn");
    let (sink, taken) = again(&place);
    assert_eq!(blocks_of(&taken), (vec![0], false));
    receive_blocks(&sink, 0, &[2]);
    sink.dispose(Leaving::Parts);
    assert_eq!(blocks_of(&again(&place).1), (vec![0, 2], true));
}

#[test]
fn e11_a_changed_source_restarts_the_file_and_so_does_the_users_wish() {
    let place = Place::new();
    interrupted(&place, &[0, 1], Leaving::Parts);
    let changed = PageEntry {
        fingerprint: [8; 16],
        ..file(NAME, SIZE)
    };
    let sink = place.sink();
    add(&sink, &[changed]);
    assert_eq!(why(&sink.taken_up()), Restart::SourceChanged);
    drop(sink);
    // Not begun, so not lost either.
    assert_eq!(blocks_of(&again(&place).1), (vec![0, 1], true));
    let restarting = place.sink_with(SinkOptions {
        restart: true,
        ..SinkOptions::default()
    });
    add(&restarting, &[file(NAME, SIZE)]);
    assert_eq!(why(&restarting.taken_up()), Restart::Chosen);
    receive_blocks(&restarting, 0, &[0, 1, 2, 3, 4]);
    restarting.commit(0).expect("a commit");
    drop(restarting);
    assert_eq!(place.names(), [NAME]);
}

#[test]
fn d28_a_part_that_grew_is_cut_and_one_that_shrank_has_only_what_is_left() {
    let place = Place::new();
    interrupted(&place, &[0, 3, 4], Leaving::Parts);
    let part = OpenOptions::new().write(true).open(part_at(&place)).expect("the part");
    part.set_len(SIZE + 12345).expect("longer");
    let (sink, taken) = again(&place);
    assert_eq!(blocks_of(&taken), (vec![0, 3, 4], false));
    receive_blocks(&sink, 0, &[1, 2]);
    sink.commit(0).expect("a commit");
    assert_eq!(fs::metadata(place.at(NAME)).expect("a file").len(), SIZE);
    drop((sink, part));
    fs::remove_file(place.at(NAME)).expect("removed");

    interrupted(&place, &[0, 3, 4], Leaving::Parts);
    let part = OpenOptions::new().write(true).open(part_at(&place)).expect("the part");
    part.set_len(3 * BLOCK + 5).expect("shorter");
    assert_eq!(blocks_of(&again(&place).1), (vec![0], false));
}

#[test]
fn a_complete_part_has_one_block_left_to_ask_for() {
    let place = Place::new();
    interrupted(&place, &[0, 1, 2, 3, 4], Leaving::Parts);
    assert_eq!(blocks_of(&again(&place).1), (vec![0, 1, 2, 3], true));
}

#[test]
fn d30_a_file_that_another_process_receives_is_refused_whoever_comes_first() {
    let place = Place::new();
    let one = place.sink();
    add(&one, &[file(NAME, SIZE)]);
    receive_blocks(&one, 0, &[0]);
    // It comes while the first one writes.
    let other = place.sink();
    assert_eq!(add(&other, &[file(NAME, SIZE)]), [BUSY]);
    assert!(other.part(0).is_err());
    drop(other);
    // It has looked before the first one began.
    let place = Place::new();
    let (one, other) = (place.sink(), place.sink());
    add(&one, &[file(NAME, SIZE)]);
    add(&other, &[file(NAME, SIZE)]);
    receive_blocks(&one, 0, &[0, 1, 2, 3, 4]);
    let error = other.part(0).err().expect("an error");
    assert!(
        error.to_string().contains("another ultra is receiving this file"),
        "{error}"
    );
    other.abandon(0, Leaving::Nothing);
    drop(other);
    one.commit(0).expect("a commit");
    drop(one);
    assert_eq!(place.names(), [NAME]);
    assert_eq!(fs::metadata(place.at(NAME)).expect("a file").len(), SIZE);
}

#[cfg(unix)]
#[test]
fn d17_names_that_others_planted_are_not_written_to() {
    type Plant<'a> = (&'a str, &'a dyn Fn(&std::path::Path, &Place));
    let plants: [Plant<'_>; 5] = [
        ("link", &|path, place| {
            symlink(place.outside().join("canary"), path).expect("a link")
        }),
        ("fifo", &|path, _| fifo(path)),
        ("folder", &|path, _| fs::create_dir(path).expect("a folder")),
        ("second name", &|path, place| {
            fs::hard_link(place.outside().join("canary"), path).expect("a name")
        }),
        ("nothing", &|_, _| {}),
    ];
    for (what, plant) in plants {
        for at in [part_at, journal_at] {
            let place = Place::new();
            plant(&at(&place), &place);
            let before = place.names();
            let (sink, taken) = again(&place);
            assert!(
                taken.iter().all(|taken| matches!(taken, TakenUp::Anew { .. })),
                "{what}: {taken:?}"
            );
            receive_blocks(&sink, 0, &[0, 1, 2, 3, 4]);
            sink.commit(0).expect(what);
            drop(sink);
            assert_eq!(
                fs::read_to_string(place.outside().join("canary")).expect("alive"),
                "alive"
            );
            assert_eq!(fs::metadata(place.at(NAME)).expect(what).len(), SIZE);
            let mut expected = before;
            expected.push(NAME.to_owned());
            assert_eq!(place.names(), expected, "{what}");
        }
    }
}

#[test]
fn what_a_crash_leaves_behind_a_commit_is_removed() {
    let place = Place::new();
    interrupted(&place, &[0, 1], Leaving::Parts);
    let contents: Vec<u8> = (0..5).flat_map(block).collect();
    fs::write(place.at(NAME), contents).expect("a file");
    let time = std::time::UNIX_EPOCH + std::time::Duration::new(MTIME.secs as u64, MTIME.nanos);
    File::options()
        .write(true)
        .open(place.at(NAME))
        .and_then(|file| file.set_modified(time))
        .expect("a time");
    fs::remove_file(part_at(&place)).expect("removed");
    let (_sink, taken) = again(&place);
    assert_eq!(taken, []);
    assert_eq!(place.names(), [NAME]);
}

#[test]
fn a_refusal_removes_what_this_run_made_and_leaves_what_an_earlier_one_did() {
    let place = Place::new();
    interrupted(&place, &[0, 1], Leaving::Nothing);
    assert!(place.names().is_empty(), "{:?}", place.names());
    interrupted(&place, &[0, 1], Leaving::Parts);
    interrupted_again(&place, &[2]);
    assert_eq!(blocks_of(&again(&place).1), (vec![0, 1, 2], true));
    // What fails goes, whoever made it.
    let (sink, _) = again(&place);
    sink.abandon(0, Leaving::Nothing);
    drop(sink);
    assert!(place.names().is_empty(), "{:?}", place.names());
}

fn interrupted_again(place: &Place, numbers: &[u64]) {
    let (sink, _) = again(place);
    receive_blocks(&sink, 0, numbers);
    sink.dispose(Leaving::Nothing);
}
#[test]
fn t45_parts_of_other_transfers_are_counted_unless_they_are_in_use() {
    let place = Place::new();
    interrupted(&place, &[0, 1], Leaving::Parts);
    let busy = place.sink();
    add(&busy, &[file("busy", SIZE)]);
    receive_blocks(&busy, 0, &[0]);
    let sink = place.sink();
    add(&sink, &[file("new", SIZE)]);
    receive_blocks(&sink, 0, &[0, 1, 2, 3, 4]);
    sink.commit(0).expect("a commit");
    let left = sink.leftovers();
    assert_eq!(left.parts, 1);
    assert!(left.occupied >= 2 * BLOCK);
    assert_eq!(sink.leftovers().parts, 0);
}

#[test]
fn a_journal_of_a_full_disk_says_no_more_and_what_it_says_is_true() {
    let place = Place::new();
    let (sink, _) = again(&place);
    receive_blocks(&sink, 0, &[0]);
    // Whatever fails in the middle of a record: nothing is appended behind a torn one.
    let mut journal = OpenOptions::new()
        .append(true)
        .open(journal_at(&place))
        .expect("a journal");
    journal.write_all(&[1, 2, 3]).expect("torn");
    receive_blocks(&sink, 0, &[1]);
    sink.dispose(Leaving::Parts);
    let (blocks, is_clean) = blocks_of(&again(&place).1);
    assert_eq!((blocks, is_clean), (vec![0], false));
}
