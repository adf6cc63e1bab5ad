//! What is special to Windows, on the real thing (or on wine, which lacks some of it).
#![cfg(windows)]

use std::fs::{self, OpenOptions};

use crate::common::{MTIME, Place, add, file, receive};
use ultra_files::TargetStatus;
use ultra_files::os::{File, Folder, NativeFolder, NodeKind, Time};

fn top(place: &Place) -> NativeFolder {
    NativeFolder::open(&place.dir()).expect("a folder")
}

#[test]
fn the_kernel_gets_no_name_that_leads_elsewhere() {
    let place = Place::new();
    let folder = top(&place);
    folder.create_folder("sub").expect("a folder");
    let sub = folder.open_folder("sub").expect("a folder");
    for name in [
        "..",
        ".",
        "",
        r"..\..\out\canary",
        "../out",
        r"\out",
        "a:b",
        "C:x",
        r"\\server\share",
        r"\??\C:\x",
    ] {
        assert!(sub.create_file(name).is_err(), "create {name:?}");
        assert!(sub.open_file(name).is_err(), "open {name:?}");
        assert!(sub.open_folder(name).is_err(), "enter {name:?}");
        assert!(sub.stat(name).is_err(), "look at {name:?}");
        assert!(sub.remove_file(name).is_err(), "remove {name:?}");
        assert!(sub.create_folder(name).is_err(), "make {name:?}");
    }
    sub.create_file("x").expect("a file");
    for name in [r"..\x", "../x", r"..\..\out\x", "y:z", "C:y"] {
        assert!(sub.move_new("x", name).is_err(), "{name:?}");
        assert!(sub.move_over("x", name).is_err(), "{name:?}");
        assert!(sub.link("x", name).is_err(), "{name:?}");
        assert!(sub.exchange("x", name).is_err(), "{name:?}");
    }
    assert_eq!(place.names(), ["sub", "sub/x"]);
    place.assert_canary_untouched();
}

#[test]
fn a_name_is_given_only_if_it_is_free() {
    let place = Place::new();
    let folder = top(&place);
    for (name, bytes) in [("a", "a"), ("b", "b")] {
        fs::write(place.at(name), bytes).expect("a file");
    }
    let taken = folder.move_new("a", "b").expect_err("taken");
    assert_eq!(taken.kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(place.at("b")).expect("b"), b"b");
    folder.move_new("a", "c").expect("free");
    folder.move_over("c", "b").expect("replaced");
    assert_eq!(place.names(), ["b"]);
    assert_eq!(fs::read(place.at("b")).expect("b"), b"a");
}

#[test]
fn files_change_places_and_one_that_another_program_writes_to_does_not() {
    let place = Place::new();
    let folder = top(&place);
    for (name, bytes) in [("new", "new"), ("old", "old")] {
        fs::write(place.at(name), bytes).expect("a file");
    }
    folder.exchange("new", "old").expect("exchanged");
    assert_eq!(fs::read(place.at("old")).expect("old"), b"new");
    assert_eq!(fs::read(place.at("new")).expect("new"), b"old");
    let writer = OpenOptions::new().write(true).open(place.at("old")).expect("open");
    assert!(folder.exchange("new", "old").is_err(), "it is written to");
    drop(writer);
    assert_eq!(place.names(), ["new", "old"]);
    folder.exchange("new", "old").expect("exchanged back");
    assert_eq!(fs::read(place.at("old")).expect("old"), b"old");
}

#[test]
fn a_lock_keeps_another_handle_out_and_lets_it_read() {
    let place = Place::new();
    let folder = top(&place);
    let first = folder.create_to_append("j").expect("a file");
    first.append(b"abc").expect("room");
    first.append(b"def").expect("room");
    assert!(first.try_lock().expect("locked"));
    let second = folder.open_to_append("j").expect("open");
    assert!(!second.try_lock().expect("busy"));
    let mut bytes = [0; 6];
    second.read_all_at(0, &mut bytes).expect("readable");
    assert_eq!(&bytes, b"abcdef");
    drop(first);
    assert!(second.try_lock().expect("free"));
}

#[test]
fn times_are_kept_to_100_ns_and_such_a_file_is_identical_the_next_time() {
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &[file("a", 3)]);
    receive(&sink, 0, b"abc");
    let stat = top(&place).stat("a").expect("a status");
    let kept = Time {
        nanos: MTIME.nanos / 100 * 100,
        ..MTIME
    };
    assert_eq!(stat.mtime, kept);
    let again = place.sink();
    assert_eq!(add(&again, &[file("a", 3)]), [TargetStatus::Identical as u8]);
}

#[test]
fn read_only_is_what_stays_of_a_mode_and_no_obstacle() {
    let place = Place::new();
    let sink = place.sink();
    let mut entry = file("a", 3);
    entry.mode = 0o444;
    add(&sink, &[entry]);
    receive(&sink, 0, b"abc");
    let folder = top(&place);
    assert_eq!(folder.stat("a").expect("a status").mode, 0o444);
    let newer = place.overwriting();
    add(&newer, &[file("a", 4)]);
    receive(&newer, 0, b"abcd");
    assert_eq!(fs::read(place.at("a")).expect("a"), b"abcd");
    folder.remove_file("a").expect("removed");
    assert!(place.names().is_empty());
}

#[test]
fn paths_longer_than_260_letters_are_as_good() {
    let place = Place::new();
    let sink = place.sink();
    let deep = vec!["abcdefghijklmnopqrstuvwxyz0123456789"; 20].join("/");
    add(&sink, &[file(&deep, 3)]);
    receive(&sink, 0, b"abc");
    let mut folder = top(&place);
    let mut components: Vec<&str> = deep.split('/').collect();
    let name = components.pop().expect("a name");
    for component in components {
        folder = folder.open_folder(component).expect("a folder");
    }
    assert_eq!(folder.stat(name).expect("a status").size, 3);
}

#[test]
fn a_listing_of_many_names_is_whole() {
    let place = Place::new();
    let mut wanted: Vec<String> = (0..2000)
        .map(|number| format!("file {number:04} \u{e9}\u{1f600}"))
        .collect();
    for name in &wanted {
        fs::write(place.at(name), "").expect("a file");
    }
    let mut names = Vec::new();
    top(&place)
        .list(&mut |name| names.push(String::from_utf8(name.to_vec()).expect("text")))
        .expect("listed");
    names.sort();
    wanted.sort();
    assert_eq!(names, wanted);
}

#[test]
fn folders_and_files_are_told_apart_and_not_opened_as_each_other() {
    let place = Place::new();
    let folder = top(&place);
    fs::create_dir(place.at("d")).expect("a folder");
    fs::write(place.at("f"), "x").expect("a file");
    assert_eq!(folder.stat("d").expect("a status").kind, NodeKind::Folder);
    assert_eq!(folder.stat("f").expect("a status").kind, NodeKind::File);
    let no_folder = folder.open_folder("f").err().expect("no folder");
    assert!(
        <ultra_files::os::System as ultra_files::os::Errors>::is_no_folder(&no_folder),
        "{no_folder}"
    );
    assert!(folder.open_file("d").is_err());
    assert!(folder.remove_file("d").is_err());
    folder.remove_folder("d").expect("removed");
    assert_eq!(place.names(), ["f"]);
}

#[test]
fn a_second_name_is_one_of_the_same_file() {
    let place = Place::new();
    let folder = top(&place);
    fs::write(place.at("a"), "x").expect("a file");
    folder.link("a", "b").expect("a link");
    let (a, b) = (folder.stat("a").expect("a"), folder.stat("b").expect("b"));
    assert_eq!((a.dev, a.ino, a.links), (b.dev, b.ino, 2));
    assert!(folder.link("a", "b").is_err(), "taken");
}
