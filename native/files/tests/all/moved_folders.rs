//! Folders that are moved while a transfer holds them open: what is put into them goes with them, so the transfer fails at its end.
#![cfg(unix)]

use std::fs;

use crate::common::{Place, add, file, folder, receive};
use ultra_files::{ErrorClass, Sink, SinkOptions};

/// What becomes of a tree whose folder, or the one that receives it, is moved before its last file is committed.
fn errors_after(moves: impl FnOnce(&Place)) -> Vec<String> {
    let place = Place::new();
    fs::create_dir(place.at("into")).expect("a folder");
    let sink = Sink::open(&place.at("into"), SinkOptions::default()).expect("a sink");
    add(
        &sink,
        &[folder("d"), folder("d/sub"), file("d/sub/a", 5), file("d/sub/b", 5)],
    );
    receive(&sink, 2, b"hello");
    sink.commit(0).expect("a folder");
    sink.commit(1).expect("a folder");
    moves(&place);
    receive(&sink, 3, b"hello");
    let finished = sink.finish_folders();
    assert!(finished.errors.iter().all(|error| error.class == ErrorClass::NotFound));
    finished.errors.iter().map(ToString::to_string).collect()
}

#[test]
fn d6_a_folder_that_stays_is_finished() {
    assert_eq!(errors_after(|_| {}), [""; 0]);
}

#[test]
fn d6_a_root_that_is_moved_or_replaced_is_no_success() {
    for is_replaced in [false, true] {
        let errors = errors_after(|place| {
            fs::rename(place.at("into"), place.at("elsewhere")).expect("moved");
            if is_replaced {
                fs::create_dir(place.at("into")).expect("another one");
            }
        });
        assert!(
            errors.len() == 1 && errors[0].contains("into\": it was moved, removed or replaced during the transfer"),
            "{errors:?}"
        );
    }
}

#[test]
fn d6_a_folder_of_the_transfer_that_is_moved_or_replaced_is_no_success() {
    for is_replaced in [false, true] {
        let errors = errors_after(|place| {
            fs::rename(place.at("into/d/sub"), place.at("into/elsewhere")).expect("moved");
            if is_replaced {
                fs::create_dir(place.at("into/d/sub")).expect("another one");
            }
        });
        assert!(
            errors.len() == 1 && errors[0].contains("d/sub\": it was moved, removed or replaced during the transfer"),
            "{errors:?}"
        );
    }
}

#[test]
fn d6_of_folders_that_went_together_the_one_that_was_moved_is_named() {
    let errors = errors_after(|place| fs::rename(place.at("into/d"), place.at("into/elsewhere")).expect("moved"));
    assert!(
        errors.len() == 1 && errors[0].contains("\"d\": it was moved"),
        "{errors:?}"
    );
}
