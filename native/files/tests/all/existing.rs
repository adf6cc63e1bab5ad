//! What becomes of files that are there and differ: kept, replaced when older, kept under another name, or out of the way of what arrives.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::common::faulty::{FaultyFolder, fail};
use crate::common::{Place, add, codes, file, folder, page, receive};
use ultra_files::{ErrorClass, Existing, JOURNAL_BLOCK_LEN, Leaving, Sink, SinkOptions, TakenUp};

const ABSENT: u8 = 0;
const IDENTICAL: u8 = 1;
const DIFFERENT: u8 = 2;
const NOT_OLDER: u8 = 17;

fn options(existing: Existing) -> SinkOptions {
    SinkOptions {
        existing,
        ..SinkOptions::default()
    }
}

fn sink(place: &Place, existing: Existing) -> Sink {
    place.sink_with(options(existing))
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.at(name)).expect("a file")
}

/// Sets the time of a file so many seconds before or behind that of the entries of these tests.
fn set_time(place: &Place, name: &str, entry: &ultra_files::PageEntry<'_>, seconds: i64) {
    let at = entry.mtime.secs + seconds;
    let since = Duration::new(at.unsigned_abs(), entry.mtime.nanos);
    let file = fs::File::options().write(true).open(place.at(name)).expect("a file");
    file.set_modified(SystemTime::UNIX_EPOCH + since).expect("its time");
}

#[test]
fn update_replaces_what_is_older_and_leaves_what_is_not() {
    let place = Place::new();
    let entries = [file("older", 5), file("newer", 5), file("as old", 5), file("none", 5)];
    for (name, seconds) in [("older", -1), ("newer", 1), ("as old", 0)] {
        fs::write(place.at(name), "there").expect("a file");
        set_time(&place, name, &entries[0], seconds);
    }
    // (Of this size and time it would be the same file.)
    fs::write(place.at("as old"), "longer").expect("a file");
    set_time(&place, "as old", &entries[0], 0);
    let sink = sink(&place, Existing::Update);
    assert_eq!(add(&sink, &entries), [DIFFERENT, NOT_OLDER, NOT_OLDER, ABSENT]);
    receive(&sink, 0, b"hello");
    receive(&sink, 3, b"hello");
    assert_eq!(sink.part(1).err().expect("it stays").class, ErrorClass::Exists);
    assert_eq!(
        (read(&place, "older"), read(&place, "newer")),
        ("hello".into(), "there".into())
    );
    drop(sink);
    assert_eq!(place.names(), ["as old", "newer", "none", "older"]);
}

#[test]
fn rename_gives_what_arrives_the_first_free_number_and_leaves_what_is_there() {
    let place = Place::new();
    for name in ["a.txt", "a (1).txt"] {
        fs::write(place.at(name), "there").expect("a file");
    }
    let sink = sink(&place, Existing::Rename);
    assert_eq!(add(&sink, &[file("a.txt", 6), file("b", 6)]), [ABSENT, ABSENT]);
    assert_eq!(sink.path(0).as_deref(), Some("a (2).txt"));
    assert_eq!(
        sink.wire_path(0).as_deref(),
        Some("a.txt"),
        "the root is made of what its sender calls it"
    );
    receive(&sink, 0, b"arrive");
    let small = sink.small_part(1).expect("a part");
    sink.write_small(1, &small, 0, b"arrive").expect("room");
    sink.finish_small(1, small).expect("complete");
    assert!(sink.commit_small(&[1])[0].is_ok());
    drop(sink);
    assert_eq!(place.names(), ["a (1).txt", "a (2).txt", "a.txt", "b"]);
    assert_eq!(
        (read(&place, "a.txt"), read(&place, "a (2).txt")),
        ("there".into(), "arrive".into())
    );
    // The same again: it is there already.
    let again = self::sink(&place, Existing::Rename);
    assert_eq!(add(&again, &[file("a.txt", 6)]), [IDENTICAL]);
    assert_eq!(again.path(0).as_deref(), Some("a (2).txt"));
}

#[test]
fn rename_goes_on_with_a_part_from_before_a_file_took_the_name() {
    let size = JOURNAL_BLOCK_LEN + 5;
    let place = Place::new();
    let interrupted = sink(&place, Existing::Rename);
    add(&interrupted, &[file("a.txt", size)]);
    let part = interrupted.part(0).expect("a part");
    let block = vec![1; JOURNAL_BLOCK_LEN as usize];
    part.write_at(0, &block).expect("room");
    part.note(0, *blake3::hash(&block).as_bytes());
    drop(part);
    interrupted.dispose(Leaving::Parts);
    fs::write(place.at("a.txt"), "there").expect("a file");
    // Whatever becomes of that run, the next one finds it again.
    for is_last in [false, true] {
        let next = sink(&place, Existing::Rename);
        assert_eq!(add(&next, &[file("a.txt", size)]), [ABSENT]);
        let taken = next.taken_up();
        assert!(
            matches!(&taken[..], [TakenUp::Part { entry: 0, blocks, is_clean: true, .. }] if blocks.len() == 1),
            "{taken:?}"
        );
        let part = next.part(0).expect("a part");
        if is_last {
            part.write_at(JOURNAL_BLOCK_LEN, b"tail!").expect("room");
            drop(part);
            next.commit(0).expect("a commit");
        } else {
            drop(part);
            next.dispose(Leaving::Parts);
        }
    }
    assert_eq!(place.names(), ["a (1).txt", "a.txt"]);
    assert_eq!(
        fs::read(place.at("a (1).txt")).expect("a file"),
        [&block[..], b"tail!"].concat()
    );
}

#[test]
fn rename_takes_no_name_that_the_manifest_has_and_the_manifest_none_that_was_taken() {
    let place = Place::new();
    fs::create_dir(place.at("d")).expect("a folder");
    fs::write(place.at("d/a"), "there").expect("a file");
    let sink = sink(&place, Existing::Rename);
    // On a later page, which nobody knows when the number is chosen.
    add(&sink, &[folder("d"), file("d/a (1)", 6), file("d/a", 6)]);
    add(&sink, &[file("d/a (2)", 6)]);
    let paths: Vec<_> = (0..4).filter_map(|entry| sink.path(entry)).collect();
    assert_eq!(paths, ["d", "d/a (1)", "d/a (2)", "d/a (2) (1)"]);
    for entry in 1..4 {
        receive(&sink, entry, b"arrive");
    }
    drop(sink);
    assert_eq!(place.names(), ["d", "d/a", "d/a (1)", "d/a (2)", "d/a (2) (1)"]);
}

#[test]
fn rename_does_nothing_about_folders_and_what_is_in_the_way_of_them() {
    let place = Place::new();
    fs::create_dir(place.at("a")).expect("a folder");
    fs::write(place.at("d"), "there").expect("a file");
    let sink = sink(&place, Existing::Rename);
    let in_the_way = 3;
    assert_eq!(add(&sink, &[file("a", 6), folder("d")]), [in_the_way, in_the_way]);
    assert_eq!(sink.path(0).as_deref(), Some("a"));
}

#[test]
fn backup_keeps_each_file_that_was_there_under_the_first_free_number() {
    let place = Place::new();
    fs::write(place.at("a"), "the first").expect("a file");
    for text in ["second", "third!"] {
        let sink = sink(&place, Existing::Backup);
        let mut entry = file("a", 6);
        entry.mtime.secs += i64::from(text == "third!");
        assert_eq!(add(&sink, &[entry]), [DIFFERENT]);
        receive(&sink, 0, text.as_bytes());
        drop(sink);
        assert_eq!(read(&place, "a"), text);
    }
    assert_eq!(place.names(), ["a", "a.~1~", "a.~2~"]);
    assert_eq!(
        (read(&place, "a.~1~"), read(&place, "a.~2~")),
        ("the first".into(), "second".into())
    );
}

#[test]
fn a_backup_that_cannot_be_made_leaves_the_file_that_was_there() {
    let place = Place::new();
    // With the number it is longer than a name may be.
    let name = "n".repeat(253);
    fs::write(place.at(&name), "there").expect("a file");
    let sink = sink(&place, Existing::Backup);
    add(&sink, &[file(&name, 6)]);
    sink.part(0).expect("a part").write_at(0, b"arrive").expect("room");
    sink.commit(0).expect_err("no backup");
    assert_eq!(read(&place, &name), "there");
    drop(sink);
    assert_eq!(place.names(), [name]);
}

#[test]
fn a_file_system_without_exchange_keeps_a_backup_as_well() {
    for missing in ["exchange", "move-new"] {
        let place = Place::new();
        fs::write(place.at("a"), "there").expect("a file");
        let sink: Sink<FaultyFolder> = Sink::open_on(&place.dir(), options(Existing::Backup)).expect("a sink");
        let (count, bytes) = page(&[file("a", 6)]);
        sink.add_page(0, count, &bytes).expect("a page");
        sink.part(0).expect("a part").write_at(0, b"arrive").expect("room");
        fail(missing, codes::EINVAL, 100);
        sink.commit(0).expect("a commit");
        drop(sink);
        assert_eq!(place.names(), ["a", "a.~1~"], "{missing}");
        assert_eq!(
            (read(&place, "a"), read(&place, "a.~1~")),
            ("arrive".into(), "there".into())
        );
    }
}
