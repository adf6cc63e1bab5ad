//! Names on disks that do not take every name (T25): a disk that behaves like exFAT, and the real one.

use std::fs;

use crate::common::faulty::{FaultyFolder, PLAN, log};
use crate::common::told::skipped;
use crate::common::{Place, file, folder, link, names_below, page};
use ultra_files::TargetStatus::{Absent, BadName, Different, FolderExists, NameRefused, SameName};
use ultra_files::os::Folder;
use ultra_files::{ErrorClass, Existing, Sink, SinkOptions, TargetStatus};

fn exfat(place: &Place, options: SinkOptions) -> Sink<FaultyFolder> {
    PLAN.with_borrow_mut(|plan| plan.is_exfat = true);
    Sink::open_on(&place.dir(), options).expect("a sink")
}

fn statuses(sink: &Sink<FaultyFolder>, entries: &[ultra_files::PageEntry<'_>]) -> Vec<TargetStatus> {
    let (count, bytes) = page(entries);
    sink.add_page(sink.entry_count(), count, &bytes).expect("a plain page")
}

fn receive(sink: &Sink<FaultyFolder>, entry: u32) {
    sink.part(entry).expect("a part").write_at(0, b"x").expect("room");
    sink.commit(entry).expect("a commit");
}

#[test]
fn t25_a_name_that_the_disk_does_not_take_is_found_before_anything_is_asked_for() {
    if cfg!(windows) {
        return crate::common::told::skipped("Windows's own rules refuse these names before the disk is asked");
    }
    let place = Place::new();
    fs::create_dir(place.at("there")).expect("a folder");
    let sink = exfat(&place, SinkOptions::default());
    let entries = [
        folder("new"),
        file("new/big: part 1.bin", 1),
        file("new/fine", 1),
        folder("new/ab:c"),
        file("new/ab:c/below", 1),
        folder("new/ab:c/further"),
        folder("there"),
        file("there/also: here", 1),
        link("li:nk", "new"),
    ];
    let found = statuses(&sink, &entries);
    let refused = NameRefused;
    assert_eq!(
        found,
        [
            Absent,
            refused,
            Absent,
            refused,
            refused,
            refused,
            FolderExists,
            refused,
            refused
        ]
    );
    for entry in [1, 4, 7] {
        let error = sink.part(entry).err().expect("a refusal");
        assert_eq!(error.class, ErrorClass::Unsendable);
        assert!(
            error.to_string().contains("this disk does not take the name"),
            "{error}"
        );
    }
    receive(&sink, 2);
    assert_eq!(
        place.names(),
        ["new", "new/fine", "there"],
        "nothing of the trials stays"
    );
}

#[test]
fn f10_t25_of_two_names_that_are_one_on_this_disk_the_later_one_is_left_out_alone() {
    let place = Place::new();
    let sink = exfat(&place, SinkOptions::default());
    let first = [
        folder("tree"),
        file("tree/README", 1),
        file("tree/Readme", 1),
        folder("tree/Sub"),
        file("tree/Sub/x", 1),
        folder("tree/sub"),
        file("tree/sub/x", 1),
        file("tree/other", 1),
    ];
    let found = statuses(&sink, &first);
    assert_eq!(
        found,
        [Absent, Absent, SameName, Absent, Absent, SameName, SameName, Absent]
    );
    // Also of another page, and without an entry for the folder.
    assert_eq!(
        statuses(&sink, &[file("TREE/y", 1), file("tree/OTHER", 1)]),
        [SameName; 2]
    );
    for entry in [1, 4, 7] {
        receive(&sink, entry);
    }
    assert_eq!(
        place.names(),
        ["tree", "tree/README", "tree/Sub", "tree/Sub/x", "tree/other"]
    );
}

#[test]
fn t25_a_name_that_differs_only_in_case_from_one_that_is_there_is_neither_taken_nor_replaced() {
    for overwrite in [false, true] {
        let place = Place::new();
        fs::create_dir(place.at("docs")).expect("a folder");
        fs::write(place.at("docs/README"), "theirs").expect("a file");
        fs::write(place.at("docs/same"), "theirs").expect("a file");
        let options = SinkOptions {
            existing: if overwrite { Existing::Replace } else { Existing::Keep },
            ..SinkOptions::default()
        };
        let sink = exfat(&place, options);
        let entries = [
            folder("Docs"),
            file("Docs/readme", 1),
            file("Docs/same", 1),
            file("Docs/new", 1),
        ];
        // A folder of another spelling is as good.
        assert_eq!(statuses(&sink, &entries), [FolderExists, SameName, Different, Absent]);
        assert_eq!(sink.part(1).err().expect("a refusal").class, ErrorClass::Exists);
        receive(&sink, 3);
        assert_eq!(fs::read(place.at("docs/README")).expect("a file"), b"theirs");
        assert_eq!(place.names(), ["docs", "docs/README", "docs/new", "docs/same"]);
    }
}

#[test]
fn t25_a_refused_transfer_leaves_nothing_of_the_trials() {
    let place = Place::new();
    fs::create_dir(place.at("there")).expect("a folder");
    let sink = exfat(&place, SinkOptions::default());
    statuses(&sink, &[file("a", 1), folder("there"), file("there/b/c/d", 1)]);
    let tried = names_below(&place.dir());
    assert!(tried.iter().any(|name| name.ends_with(".part/b/c/d")), "{tried:?}");
    drop(sink);
    assert_eq!(names_below(&place.dir()), ["there"]);
}

#[test]
fn t25_what_is_in_the_folder_of_the_trials_but_was_not_tried_is_not_removed() {
    let place = Place::new();
    let sink = exfat(&place, SinkOptions::default());
    statuses(&sink, &[file("a", 1)]);
    let trials = names_below(&place.dir())
        .into_iter()
        .find(|name| name.ends_with(".part"))
        .expect("a folder");
    let theirs = format!("{trials}/theirs");
    fs::write(place.at(&theirs), "precious").expect("a file");
    drop(sink);
    assert_eq!(fs::read(place.at(&theirs)).expect("a file"), b"precious");
}

#[test]
fn t25_a_disk_that_takes_every_name_is_not_asked() {
    let place = Place::new();
    let folder_on_disk = FaultyFolder::open(&place.dir()).expect("a folder");
    if cfg!(windows) || !folder_on_disk.takes_every_name() {
        skipped("this disk has rules of its own for names");
        return;
    }
    let sink = Sink::<FaultyFolder>::open_on(&place.dir(), SinkOptions::default()).expect("a sink");
    log();
    let entries = [folder("d"), file("d/AB: c", 1), file("d/ab: c", 1), file("e", 1)];
    assert_eq!(statuses(&sink, &entries), [Absent; 4]);
    assert!(log().iter().all(|step| ["stat", "open_folder"].contains(step)));
    assert!(place.names().is_empty());
    PLAN.with_borrow_mut(|plan| plan.can_hold = Some(|name| !name.contains('\\')));
    assert_eq!(statuses(&sink, &[file(r"f\g", 1)]), [BadName]);
}
