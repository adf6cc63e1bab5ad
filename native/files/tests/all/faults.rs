//! The receiver's side on a disk that fails: the real system with faults in front of it.

use std::fs;

use crate::common::faulty::{FaultyFolder, PLAN, fail, log, sink};
use crate::common::{Place, codes, file, folder, link, page};
use ultra_files::os::{File, Folder};
use ultra_files::{CommitInfo, ErrorClass, FileError, FinishedFolders, Kept, Sink, SinkOptions, TargetStatus};

/// A sink with one whole file of 5 bytes, not committed.
fn received(place: &Place) -> Sink<FaultyFolder> {
    let sink = sink(place, &[file("a", 5)], false);
    sink.part(0).expect("a part").write_at(0, b"hello").expect("room");
    sink
}

fn class<T>(result: Result<T, FileError>) -> ErrorClass {
    result.err().expect("an error").class
}

#[test]
fn a_commit_makes_contents_durable_before_names_and_names_before_success() {
    let place = Place::new();
    let sink = sink(&place, &[folder("d"), file("d/a", 5)], false);
    sink.part(1).expect("a part").write_at(0, b"hello").expect("room");
    log();
    sink.commit(1).expect("a commit");
    let wanted = [
        "set_size",
        "set_mode",
        "set_mtime",
        "start_sync",
        "duplicate",
        "sync_file",
        // A copy, so that the part is there if it gets no name.
        "close",
        "move_new",
        // The new folder's name in its parent, then the file's in the folder.
        "sync",
        "sync",
    ];
    assert_eq!(log(), wanted);
    sink.commit(0).expect("a commit");
    assert_eq!(log(), [""; 0], "the folder's name was durable already");
}

#[test]
fn a_group_syncs_all_contents_before_the_first_name_and_its_folder_once() {
    let place = Place::new();
    let names = ["a", "b", "c"];
    let sink = sink(&place, &names.map(|name| file(name, 0)), false);
    log();
    let results = sink.commit_group(&[2, 0, 1, 0]);
    assert!(results.len() == 4 && results.iter().all(Result::is_ok));
    let log = log();
    let at = |step| log.iter().position(|logged| *logged == step);
    let last = |step| log.iter().rposition(|logged| *logged == step);
    assert!(last("sync_file") < at("move_new"));
    assert_eq!(log.iter().filter(|step| **step == "sync").count(), 1);
    assert_eq!(place.names(), names);
}

#[test]
fn d2_a_full_disk_while_writing_is_told_as_such() {
    let place = Place::new();
    let sink = received(&place);
    fail("write", codes::ENOSPC, 1);
    let part = sink.part(0).expect("the part");
    assert_eq!(class(part.write_at(0, b"x")), ErrorClass::NoSpace);
    part.write_at(0, b"hello").expect("room again");
    sink.commit(0).expect("a commit");
}

#[test]
fn d5_a_read_only_file_system_is_refused_at_once() {
    let place = Place::new();
    fail("may_create", codes::EROFS, 1);
    let opened = Sink::<FaultyFolder>::open_on(&place.dir(), SinkOptions::default());
    assert_eq!(class(opened), ErrorClass::ReadOnly);
}

#[test]
fn d9_short_writes_and_interruptions_lose_nothing() {
    let place = Place::new();
    let sink = sink(&place, &[file("a", 1000)], false);
    let bytes: Vec<u8> = (0..1000).map(|i| (i % 251) as u8).collect();
    PLAN.with_borrow_mut(|plan| {
        plan.write_len = Some(7);
        // (Windows interrupts nothing, and no disk of it says that it would block.)
        if cfg!(unix) {
            let errors = vec![codes::EINTR, codes::EAGAIN, codes::EINTR, codes::EAGAIN];
            plan.errors.insert("write", errors);
        }
    });
    let part = sink.part(0).expect("a part");
    part.write_at(0, &bytes).expect("room");
    sink.commit(0).expect("a commit");
    assert_eq!(fs::read(place.at("a")).expect("a file"), bytes);
    if cfg!(unix) {
        fail("read", codes::EINTR, 3);
    }
    let mut back = vec![0; 1000];
    let folder = FaultyFolder::open(&place.dir()).expect("a folder");
    let file = folder.open_file("a").expect("a file");
    file.read_all_at(0, &mut back).expect("what was written");
    assert_eq!(back, bytes);
}

#[test]
fn d10_a_failed_sync_is_final_and_leaves_neither_file_nor_part() {
    let place = Place::new();
    let sink = received(&place);
    fail("sync_file", codes::EIO, 1);
    assert_eq!(class(sink.commit(0)), ErrorClass::Io);
    assert!(place.names().is_empty());
    log();
    assert_eq!(class(sink.commit(0)), ErrorClass::Io);
    assert_eq!(class(sink.part(0)), ErrorClass::Io);
    assert_eq!(log(), [""; 0], "nothing is tried again");
}

/// A sink with entry 0, a file of 5 bytes.
fn unsynced(place: &Place, no_sync: bool) -> Sink<FaultyFolder> {
    let options = SinkOptions {
        no_sync,
        ..SinkOptions::default()
    };
    let sink = Sink::open_on(&place.dir(), options).expect("a sink");
    let (count, bytes) = page(&[file("a", 5)]);
    sink.add_page(0, count, &bytes).expect("a plain page");
    sink
}

#[test]
fn d11_what_a_close_reports_is_final_whether_or_not_anything_is_synced() {
    for no_sync in [false, true] {
        // Also a quota of a server, which many tell no earlier.
        for (errno, wanted) in [(codes::EIO, ErrorClass::Io), (codes::EDQUOT, ErrorClass::NoSpace)] {
            let place = Place::new();
            let sink = unsynced(&place, no_sync);
            sink.part(0).expect("a part").write_at(0, b"hello").expect("room");
            fail("close", errno, 1);
            let error = sink.commit(0).expect_err("an error");
            assert_eq!((error.class, error.doing), (wanted, "close"));
            assert!(place.names().is_empty());
            log();
            assert_eq!(class(sink.commit(0)), ErrorClass::Io);
            assert_eq!(log(), [""; 0], "nothing is tried again");
        }
    }
}

#[test]
fn d11_a_small_file_whose_close_reports_something_gets_no_name() {
    for no_sync in [false, true] {
        let place = Place::new();
        let sink = unsynced(&place, no_sync);
        let part = sink.small_part(0).expect("a part");
        sink.write_small(0, &part, 0, b"hello").expect("room");
        fail("close", codes::EIO, 1);
        assert_eq!(class(sink.finish_small(0, part)), ErrorClass::Io);
        assert!(place.names().is_empty());
        assert_eq!(class(sink.commit_small(&[0]).pop().expect("a result")), ErrorClass::Io);
        assert!(place.names().is_empty());
    }
}

#[test]
fn d12_without_a_descriptor_to_spare_a_complete_part_stays() {
    let place = Place::new();
    let sink = received(&place);
    fail("duplicate", codes::EMFILE, 1);
    assert_eq!(class(sink.commit(0)), ErrorClass::Io);
    sink.commit(0).expect("there is one again");
    assert_eq!(place.names(), ["a"]);
}

#[test]
fn d10_a_failed_sync_of_the_folder_is_an_error_too() {
    let place = Place::new();
    let sink = received(&place);
    fail("sync", codes::EIO, 1);
    assert_eq!(class(sink.commit(0)), ErrorClass::Io);
    assert_eq!(class(sink.commit(0)), ErrorClass::Io);
}

#[test]
fn a_folder_that_cannot_be_synced_is_told_apart_from_durable() {
    let place = Place::new();
    let sink = received(&place);
    fail("sync", codes::EINVAL, 1);
    assert!(!sink.commit(0).expect("a commit").durable);
}

#[test]
fn d14_without_fallocate_the_part_is_sized() {
    for errno in [codes::EOPNOTSUPP, codes::ENOSYS, codes::EINVAL] {
        let place = Place::new();
        let sink = sink(&place, &[file("a", 100_000)], false);
        fail("allocate", errno, 1);
        let part = sink.part(0).expect("a part");
        let metadata = fs::metadata(place.at(part.name())).expect("the part");
        assert_eq!(metadata.len(), 100_000);
    }
}

#[test]
fn d14_a_full_disk_or_quota_leaves_no_part() {
    for errno in [codes::ENOSPC, codes::EDQUOT] {
        let place = Place::new();
        let sink = sink(&place, &[file("a", 100_000)], false);
        fail("allocate", errno, 1);
        assert_eq!(class(sink.part(0)), ErrorClass::NoSpace);
        assert!(place.names().is_empty());
        sink.part(0).expect("room again");
    }
}

#[test]
fn d15_a_failed_rename_keeps_the_part() {
    for errno in [codes::EXDEV, codes::EBUSY, codes::EACCES] {
        let place = Place::new();
        let sink = received(&place);
        fail("move_new", errno, 1);
        assert!(sink.commit(0).is_err());
        assert_eq!(place.names().len(), 1);
        sink.commit(0).expect("a commit");
        assert_eq!(place.names(), ["a"]);
    }
}

#[test]
fn d18_without_renameat2_nothing_is_replaced_either() {
    // By a second name, and where there are no second names by looking first.
    for (link, renamed) in [(0, "link"), (codes::EPERM, "move_over")] {
        for appeared in [false, true] {
            let place = Place::new();
            let sink = received(&place);
            if appeared {
                fs::write(place.at("a"), "theirs").expect("a file");
            }
            fail("move_new", codes::EINVAL, 1);
            fail("link", link, usize::from(link != 0));
            log();
            let result = sink.commit(0);
            if appeared {
                assert_eq!(class(result), ErrorClass::Exists);
                assert_eq!(fs::read(place.at("a")).expect("a file"), b"theirs");
            } else {
                result.expect("a commit");
                assert!(log().contains(&renamed));
                assert_eq!(place.names(), ["a"]);
                assert_eq!(fs::read(place.at("a")).expect("a file"), b"hello");
            }
        }
    }
}

#[test]
fn d20_a_taken_part_name_gives_way_to_another() {
    let place = Place::new();
    let sink = sink(&place, &[file("a", 1), file("b", 1)], false);
    fail("create_file", codes::EEXIST, 3);
    sink.part(0).expect("a part");
    fail("create_file", codes::EEXIST, 100);
    assert_eq!(class(sink.part(1)), ErrorClass::Exists);
}

#[test]
fn what_cannot_be_looked_at_is_told_and_not_written_over() {
    let place = Place::new();
    let options = SinkOptions::default();
    let sink = Sink::<FaultyFolder>::open_on(&place.dir(), options).expect("a sink");
    fail("stat", codes::EIO, 1);
    let (count, bytes) = page(&[file("a", 1)]);
    assert_eq!(sink.add_page(0, count, &bytes), Ok(vec![TargetStatus::Unexaminable]));
    assert_eq!(class(sink.part(0)), ErrorClass::Io);
}

/// What CIFS, Android's shared storage and some servers say to what they do not keep.
const REFUSALS: [i32; 4] = [codes::EPERM, codes::ENOSYS, codes::EOPNOTSUPP, codes::EACCES];

#[test]
fn t23_a_file_system_that_refuses_modes_and_times_gets_the_contents() {
    for errno in REFUSALS {
        for (refused, kept) in [
            (
                "set_mode",
                Kept {
                    mode: false,
                    ..Kept::ALL
                },
            ),
            (
                "set_mtime",
                Kept {
                    time: false,
                    ..Kept::ALL
                },
            ),
        ] {
            let place = Place::new();
            let sink = received(&place);
            fail(refused, errno, 1);
            let info = sink.commit(0).expect("a commit");
            assert_eq!(info, CommitInfo { durable: true, kept });
            assert_eq!(sink.commit(0).expect("the same again"), info);
            assert_eq!(fs::read(place.at("a")).expect("a file"), b"hello");
        }
    }
}

#[test]
fn t23_modes_and_times_of_folders_are_no_condition_either() {
    for (refused, kept) in [
        (
            "set_folder_mode",
            Kept {
                mode: false,
                ..Kept::ALL
            },
        ),
        (
            "set_folder_mtime",
            Kept {
                time: false,
                ..Kept::ALL
            },
        ),
    ] {
        let place = Place::new();
        let sink = sink(&place, &[folder("d"), folder("e")], false);
        for entry in [0, 1] {
            sink.commit(entry).expect("a commit");
        }
        fail(refused, codes::EPERM, 1);
        let errors = Vec::new();
        assert_eq!(sink.finish_folders(), FinishedFolders { errors, kept });
    }
}

#[test]
fn t23_where_modes_and_times_are_kept_nothing_else_is_said_and_other_errors_stay_errors() {
    let place = Place::new();
    let honest = received(&place);
    assert_eq!(honest.commit(0).expect("a commit").kept, Kept::ALL);
    assert_eq!(honest.finish_folders().kept, Kept::ALL);
    for operation in ["set_mode", "set_mtime", "set_size"] {
        let place = Place::new();
        let sink = received(&place);
        fail(operation, codes::EIO, 1);
        assert_eq!(class(sink.commit(0)), ErrorClass::Io, "{operation}");
    }
}

#[test]
fn t23_where_a_file_cannot_be_grown_it_grows_with_what_is_written() {
    for errno in REFUSALS {
        let place = Place::new();
        // The second file ends in a hole: its last bytes are never written.
        let sink = sink(&place, &[file("whole", 5), file("hole", 100)], false);
        for operation in ["allocate", "set_size"] {
            fail(operation, errno, 100);
        }
        for entry in [0, 1] {
            let part = sink.part(entry).expect("a part");
            part.write_at(0, b"hello").expect("room");
            sink.commit(entry).expect("a commit");
        }
        assert_eq!(fs::read(place.at("whole")).expect("a file"), b"hello");
        let hole = fs::read(place.at("hole")).expect("a file");
        assert_eq!(hole, [&b"hello"[..], &[0; 95]].concat());
    }
}

#[test]
fn an_overwrite_replaces_in_one_step() {
    let place = Place::new();
    fs::write(place.at("a"), "old").expect("a file");
    let sink = sink(&place, &[file("a", 5)], true);
    sink.part(0).expect("a part").write_at(0, b"hello").expect("room");
    log();
    sink.commit(0).expect("a commit");
    let log = log();
    let changes: Vec<_> = log
        .into_iter()
        .filter(|step| step.contains("move") || *step == "exchange")
        .collect();
    // The part gets the name that the previous file will have; that goes when the new name is durable.
    assert_eq!(changes, ["move_new", "exchange", "remove_file"]);
    assert_eq!(fs::read(place.at("a")).expect("a file"), b"hello");
    assert_eq!(place.names(), ["a"]);
}

#[test]
fn f3_t29_a_system_that_takes_a_backslash_for_a_separator_leaves_the_name_out() {
    let place = Place::new();
    PLAN.with_borrow_mut(|plan| plan.can_hold = Some(|name| !name.contains('\\')));
    let sink = Sink::<FaultyFolder>::open_on(&place.dir(), SinkOptions::default()).expect("a sink");
    let entries = [
        file(r"a\..\..\x", 1),
        folder(r"\\?\C:"),
        file(r"ok/\", 0),
        file("ok/a", 0),
        link("l", r"..\..\x"),
    ];
    let (count, bytes) = page(&entries);
    let statuses = sink.add_page(0, count, &bytes).expect("a plain page");
    let bad = TargetStatus::BadName;
    assert_eq!(
        statuses,
        [bad, bad, bad, TargetStatus::Absent, TargetStatus::OutsideLink]
    );
    for entry in [0, 1, 2] {
        assert_eq!(class(sink.commit(entry)), ErrorClass::Unsendable);
        assert!(sink.part(entry).is_err());
    }
    sink.commit(3).expect("a commit");
    assert_eq!(place.names(), ["ok", "ok/a"]);
    place.assert_canary_untouched();
}
