//! What a transfer leaves behind when it is refused, given up, or over.

use std::fs;

use crate::common::{Place, add, file, folder, receive};
use ultra_files::{ErrorClass, FileError, Leaving, Sink, SinkOptions};

fn class<T>(result: Result<T, FileError>) -> ErrorClass {
    result.err().expect("an error").class
}

#[test]
fn dispose_leaves_nothing_but_what_was_committed() {
    let place = Place::new();
    fs::create_dir(place.at("there")).expect("a folder");
    let sink = place.sink();
    let entries = [
        folder("kept"),
        file("kept/file", 1),
        folder("kept/gone"),
        file("kept/gone/deep/file", 1),
        file("there/file", 1),
        folder("empty"),
        file("gone/file", 0),
    ];
    add(&sink, &entries);
    receive(&sink, 1, b"x");
    sink.commit(5).expect("an empty folder");
    for entry in [3, 4, 6] {
        sink.part(entry).expect("a part");
    }
    sink.dispose(Leaving::Nothing);
    assert_eq!(place.names(), ["empty", "kept", "kept/file", "there"]);
    assert_eq!(class(sink.part(3)), ErrorClass::Io);
    drop(sink);
    assert_eq!(place.names(), ["empty", "kept", "kept/file", "there"]);
}

#[test]
fn dropping_a_refused_transfer_leaves_nothing() {
    if crate::common::told::on_wine() {
        return crate::common::told::skipped("the name of a removed file that is still open stays in wine 8");
    }
    let place = Place::new();
    let options = SinkOptions {
        create: true,
        ..SinkOptions::default()
    };
    let sink = Sink::open(&place.at("new"), options.clone()).expect("a sink");
    add(&sink, &[file("a/b", 1_000_000), file("c", 1)]);
    let part = sink.part(0).expect("a part");
    sink.part(1).expect("a part");
    drop(sink);
    assert!(place.names().is_empty());
    part.write_at(0, b"late").expect("written to nowhere");
    // Only the last folder of a path is made.
    assert_eq!(class(Sink::open(&place.at("new/below"), options)), ErrorClass::NotFound);
    assert!(place.names().is_empty());
}

#[test]
fn a_folder_that_was_made_stays_when_something_is_in_it_and_when_it_is_another_one_by_now() {
    if crate::common::told::on_wine() {
        return crate::common::told::skipped("the name of a removed folder that is still open stays in wine");
    }
    let place = Place::new();
    let open = || {
        let options = SinkOptions {
            create: true,
            ..SinkOptions::default()
        };
        Sink::open(&place.at("new"), options).expect("a sink")
    };
    let sink = open();
    fs::remove_dir(place.at("new")).expect("removed");
    fs::create_dir(place.at("new")).expect("another one");
    drop(sink);
    assert_eq!(place.names(), ["new"]);
    fs::remove_dir(place.at("new")).expect("removed");
    let sink = open();
    drop(open());
    assert_eq!(place.names(), ["new"], "it was there before the second one");
    fs::write(place.at("new/theirs"), "x").expect("a file");
    drop(sink);
    assert_eq!(place.names(), ["new", "new/theirs"]);
}

#[test]
fn dispose_leaves_what_others_put_into_its_folders() {
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &[file("a/b/c", 1)]);
    sink.part(0).expect("a part");
    fs::write(place.at("a/theirs"), "x").expect("a file");
    sink.dispose(Leaving::Nothing);
    assert_eq!(place.names(), ["a", "a/theirs"]);
}

#[test]
fn an_abandoned_entry_can_be_started_again() {
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &[file("a", 1)]);
    sink.part(0).expect("a part");
    sink.abandon(0, Leaving::Nothing);
    sink.abandon(0, Leaving::Nothing);
    assert!(place.names().is_empty());
    receive(&sink, 0, b"x");
    assert_eq!(place.names(), ["a"]);
}
