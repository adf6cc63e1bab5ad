//! What stays of a file that the disk failed while others of its transfer went on (promise 3).

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;

use crate::common::faulty::{FaultyFolder, fail, sink};
use crate::common::{Place, add, codes, file, folder};
use ultra_files::{ErrorClass, JOURNAL_BLOCK_LEN as BLOCK, Leaving, PageEntry, Sink, TakenUp};

const SIZE: u64 = 3 * BLOCK + 7;

fn block(number: u64) -> Vec<u8> {
    let len = (SIZE - number * BLOCK).min(BLOCK);
    (0..len).map(|at| (at * 5 + number) as u8).collect()
}

fn movie() -> PageEntry<'static> {
    PageEntry {
        mode: 0o444,
        ..file("movie", SIZE)
    }
}

/// A sink that has received some blocks of a file.
fn received(place: &Place, numbers: &[u64]) -> Sink<FaultyFolder> {
    let sink = sink(place, &[movie()], false);
    let part = sink.part(0).expect("a part");
    for number in numbers {
        part.write_at(number * BLOCK, &block(*number)).expect("room");
        part.note(*number, *blake3::hash(&block(*number)).as_bytes());
    }
    drop(part);
    sink
}

/// What the next run finds: the blocks, and whether they need not be read again.
fn found(place: &Place) -> Vec<(Vec<u64>, bool)> {
    let next = place.sink();
    add(&next, &[movie()]);
    let taken = next.taken_up().into_iter().map(|taken| match taken {
        TakenUp::Part { blocks, is_clean, .. } => (blocks.into_iter().map(|(number, _)| number).collect(), is_clean),
        TakenUp::Anew { why, .. } => panic!("{why:?}"),
    });
    taken.collect()
}

#[test]
fn d8_what_was_verified_of_a_file_that_cannot_be_written_stays_and_is_not_read_again() {
    let place = Place::new();
    let sink = received(&place, &[0, 2]);
    fail("write", codes::EIO, 1);
    let part = sink.part(0).expect("the part");
    assert_eq!(part.write_at(BLOCK, b"x").expect_err("it fails").class, ErrorClass::Io);
    drop(part);
    sink.abandon(0, Leaving::Parts);
    let error = sink.part(0).err().expect("this run is done with it");
    assert!(error.to_string().contains("a later run goes on with it"), "{error}");
    // The transfer as a whole ends as one that leaves nothing: others have arrived.
    drop(sink);
    assert_eq!(found(&place), [(vec![0, 2], true)]);
}

#[test]
fn d15_d18_a_complete_part_that_gets_no_name_stays_can_be_opened_again_and_is_named() {
    for (operation, errno) in [("move_new", codes::EBUSY), ("move_new", codes::EEXIST)] {
        let place = Place::new();
        let sink = received(&place, &[0, 1, 2, 3]);
        fail(operation, errno, 1);
        let error = sink.commit(0).expect_err("it gets no name");
        let part = place
            .names()
            .into_iter()
            .find(|name| name.ends_with(".part"))
            .expect("the part");
        assert!(
            error
                .to_string()
                .ends_with(&format!("; what has arrived stays as \"{part}\"")),
            "{error}"
        );
        sink.abandon(0, Leaving::Parts);
        drop(sink);
        #[cfg(unix)]
        {
            let mode = fs::metadata(place.at(&part)).expect("the part").permissions().mode();
            assert_eq!(
                mode & 0o777,
                0o600,
                "another user than root could not open it otherwise"
            );
        }
        assert_eq!(
            found(&place),
            [(vec![0, 1, 2], true)],
            "all but one, so that there is something to ask for"
        );
    }
}

#[test]
fn d10_d11_t7_nothing_stays_of_a_file_that_the_disk_failed_to_keep() {
    // Before the end, at the end, and while the part is left.
    for operation in ["start_sync", "sync_file", "close"] {
        let place = Place::new();
        let sink = received(&place, &[0, 1]);
        fail(operation, codes::EIO, 1);
        // The second sync succeeds, over what is gone.
        let begun = sink.part(0).expect("the part").sync_range(0, BLOCK);
        assert_eq!(begun.is_err(), operation == "start_sync");
        sink.abandon(0, Leaving::Parts);
        drop(sink);
        assert!(place.names().is_empty(), "{operation}: {:?}", place.names());
    }
}

#[test]
fn a_file_that_its_sender_failed_leaves_nothing_whoever_began_it() {
    let place = Place::new();
    let sink = received(&place, &[0]);
    sink.dispose(Leaving::Parts);
    let sink = received(&place, &[]);
    sink.abandon(0, Leaving::Nothing);
    drop(sink);
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn what_was_found_and_not_begun_stays_as_it_was() {
    let place = Place::new();
    received(&place, &[0, 1]).dispose(Leaving::Parts);
    let sink = place.sink();
    add(&sink, &[movie()]);
    sink.abandon(0, Leaving::Parts);
    // A frame that was on its way would begin it anew.
    assert!(sink.part(0).is_err());
    drop(sink);
    assert_eq!(found(&place), [(vec![0, 1], true)]);
}

#[test]
fn t20_folders_count_as_made_by_the_transfer_as_long_as_something_of_it_is_left() {
    let place = Place::new();
    let entries = [folder(".git"), file(".git/.pack", SIZE)];
    let open = || {
        let sink = place.sink_with(ultra_files::SinkOptions {
            hidden: true,
            ..Default::default()
        });
        sink.begin(b"a transfer");
        add(&sink, &entries);
        sink
    };
    let sink = open();
    sink.commit(0).expect("a folder");
    sink.part(1).expect("a part").note(0, [1; 32]);
    sink.abandon(1, Leaving::Parts);
    assert!(sink.finish_folders().errors.is_empty());
    drop(sink);
    assert!(
        place.names().iter().any(|name| name.ends_with(".run")),
        "{:?}",
        place.names()
    );
    // The next one has all of it, and nothing stays.
    let sink = open();
    sink.abandon(1, Leaving::Nothing);
    sink.finish_folders();
    drop(sink);
    assert_eq!(place.names(), [".git"]);
    assert!(fs::metadata(place.at(".git")).expect("the folder").is_dir());
}
