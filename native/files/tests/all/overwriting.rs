//! What has the name of a file that arrives: what came meanwhile stays, and other names of what is replaced.

use std::fs;

use crate::common::{Place, add, file, receive};
use ultra_files::ErrorClass;

#[test]
fn d18_a_file_that_appears_during_the_transfer_is_kept_and_so_is_the_part() {
    let place = Place::new();
    for sink in [place.sink(), place.overwriting()] {
        add(&sink, &[file("a", 3)]);
        let part = sink.part(0).expect("a part");
        part.write_at(0, b"new").expect("room");
        fs::write(place.at("a"), "theirs").expect("a file");
        let error = sink.commit(0).expect_err("a refusal");
        assert_eq!(error.class, ErrorClass::Exists);
        assert!(error.to_string().contains("appeared"), "{error}");
        assert_eq!(fs::read(place.at("a")).expect("a file"), b"theirs");
        assert_eq!(fs::read(place.at(part.name())).expect("the part"), b"new");
        fs::remove_file(place.at("a")).expect("gone");
        sink.commit(0).expect("room now");
        fs::remove_file(place.at("a")).expect("gone");
    }
}

#[test]
fn d18_an_overwrite_hits_only_the_file_that_was_seen() {
    let place = Place::new();
    fs::write(place.at("a"), "old").expect("a file");
    let sink = place.overwriting();
    assert_eq!(add(&sink, &[file("a", 3)]), [2]);
    sink.part(0).expect("a part").write_at(0, b"new").expect("room");
    fs::write(place.at("b"), "precious").expect("a file");
    fs::rename(place.at("b"), place.at("a")).expect("renamed");
    assert_eq!(sink.commit(0).expect_err("a refusal").class, ErrorClass::Exists);
    assert_eq!(fs::read(place.at("a")).expect("a file"), b"precious");
}

#[test]
fn d21_other_names_of_an_overwritten_file_keep_the_old_content() {
    let place = Place::new();
    fs::write(place.at("a"), "old").expect("a file");
    fs::hard_link(place.at("a"), place.at("b")).expect("a second name");
    let sink = place.overwriting();
    assert_eq!(add(&sink, &[file("a", 3)]), [2]);
    receive(&sink, 0, b"new");
    assert_eq!(fs::read(place.at("a")).expect("a file"), b"new");
    assert_eq!(fs::read(place.at("b")).expect("a file"), b"old");
}
