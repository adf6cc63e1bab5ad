//! Overwriting: only the file that was agreed goes, and it goes last (T5). What a disk says early counts (T7), and what is told is durable
//! is so with its mode and time (T12).

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::common::faulty::{FaultyFolder, PLAN, fail, log, sink};
use crate::common::{Place, codes, file, folder, page};
use ultra_files::{CommitInfo, ErrorClass, Existing, FileError, FileId, Leaving, Reserved, Sink, SinkOptions};

/// How a file gets its name: alone, or in a group of small ones.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Large,
    Small,
}

const WAYS: [Way; 2] = [Way::Large, Way::Small];

/// An overwriting sink that has received all of `a`, where an older `a` stands.
fn received(place: &Place, way: Way) -> Sink<FaultyFolder> {
    fs::write(place.at("a"), "the old one").expect("a file");
    let sink = sink(place, &[file("a", 5)], true);
    receive(&sink, 0, way);
    sink
}

fn receive(sink: &Sink<FaultyFolder>, entry: u32, way: Way) {
    match way {
        Way::Large => sink.part(entry).expect("a part").write_at(0, b"hello").expect("room"),
        Way::Small => {
            let part = sink.small_part(entry).expect("a part");
            sink.write_small(entry, &part, 0, b"hello").expect("room");
            sink.finish_small(entry, part).expect("it is complete");
        }
    }
}

fn commit(sink: &Sink<FaultyFolder>, entry: u32, way: Way) -> Result<CommitInfo, FileError> {
    match way {
        Way::Large => sink.commit(entry),
        Way::Small => sink.commit_small(&[entry]).pop().expect("one result"),
    }
}

/// Does something in the moment before an operation, once.
fn before(operation: &'static str, act: impl FnOnce() + 'static) {
    let mut act = Some(act);
    let watch = move |step: &'static str| {
        if step == operation
            && let Some(act) = act.take()
        {
            act();
        }
    };
    PLAN.with_borrow_mut(|plan| plan.watch = Some(Box::new(watch)));
}

/// Does something in the moment before each exchange of two names; the first one is 1.
#[cfg(unix)]
fn at_exchanges(mut act: impl FnMut(u32) + 'static) {
    let mut exchanges = 0;
    let watch = move |step: &'static str| {
        if step == "exchange" {
            exchanges += 1;
            act(exchanges);
        }
    };
    PLAN.with_borrow_mut(|plan| plan.watch = Some(Box::new(watch)));
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.at(name)).expect("a file")
}

fn swap_of(name: &str, number: u32) -> String {
    Reserved::Swap(FileId::of_version(name, number)).to_string()
}

/// Another program saves its own version of the file, as editors do.
fn save(path: PathBuf) -> impl FnOnce() {
    move || save_as(&path, "theirs")
}

fn save_as(path: &Path, contents: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, contents).expect("a file");
    fs::rename(&beside, path).expect("renamed");
}

#[test]
fn t5_the_previous_file_goes_only_when_the_new_name_is_durable() {
    for way in WAYS {
        let place = Place::new();
        let sink = received(&place, way);
        log();
        assert!(commit(&sink, 0, way).expect("a commit").durable);
        let log = log();
        let at = |step| log.iter().position(|logged| *logged == step).expect("it was done");
        assert!(at("exchange") < at("remove_file"), "{way:?}");
        if let Some(synced) = log.iter().rposition(|logged| logged.starts_with("sync")) {
            assert!(synced < at("remove_file"), "{way:?}: {log:?}");
        }
        assert_eq!(
            (place.names(), read(&place, "a")),
            (vec!["a".to_owned()], "hello".to_owned())
        );
    }
}

#[test]
fn t5_d18_a_file_that_is_saved_between_the_look_and_the_exchange_is_put_back() {
    for way in WAYS {
        let place = Place::new();
        let sink = received(&place, way);
        before("exchange", save(place.at("a")));
        let error = commit(&sink, 0, way).expect_err("it is not what was agreed");
        assert_eq!(error.class, ErrorClass::Exists);
        assert!(error.to_string().contains("changed during the transfer"), "{error}");
        assert_eq!(read(&place, "a"), "theirs", "{way:?}");
        // The complete part is where it was, under its own name.
        let ours = place.names().into_iter().find(|name| name != "a").expect("the part");
        assert!(ours.ends_with(".part"), "{ours}");
        assert_eq!(read(&place, &ours), "hello");
        sink.abandon(0, Leaving::Nothing);
        assert_eq!(place.names(), ["a"]);
    }
}

/// The part has the name for a moment, and what is saved then takes its place: without a second look the newest version would become our part.
#[cfg(unix)]
#[test]
fn t5_a_file_that_is_saved_again_before_it_is_put_back_loses_no_version() {
    let again: [fn(&Path); 2] = [
        |path| save_as(path, "their second"),
        // In place, into the file that was received.
        |path| fs::write(path, "their second").expect("written"),
    ];
    for (way, again) in WAYS.into_iter().flat_map(|way| again.map(|again| (way, again))) {
        let place = Place::new();
        let sink = received(&place, way);
        let path = place.at("a");
        at_exchanges(move |exchange| match exchange {
            1 => save_as(&path, "their first"),
            2 => again(&path),
            _ => {}
        });
        let error = commit(&sink, 0, way).expect_err("it is not what was agreed");
        PLAN.take();
        assert_eq!(error.class, ErrorClass::Exists);
        assert!(
            error.to_string().ends_with("`ultra clean` lists what it was before"),
            "{error}"
        );
        assert_eq!(read(&place, "a"), "their second", "{way:?}");
        assert_eq!(read(&place, &swap_of("a", 0)), "their first");
        // Nothing of it is taken for ours, now or later.
        sink.abandon(0, Leaving::Nothing);
        drop(sink);
        receive(&self::sink(&place, &[file("a", 5)], true), 0, way);
        assert_eq!(read(&place, &swap_of("a", 0)), "their first");
    }
}

#[cfg(unix)]
#[test]
fn t5_a_file_whose_name_is_removed_before_it_is_put_back_stays_as_the_previous_version() {
    for (way, is_removed) in WAYS.into_iter().flat_map(|way| [(way, true), (way, false)]) {
        let place = Place::new();
        let sink = received(&place, way);
        let path = place.at("a");
        at_exchanges(move |exchange| match exchange {
            1 => save_as(&path, "theirs"),
            2 if is_removed => fs::remove_file(&path).expect("removed"),
            _ => {}
        });
        if !is_removed {
            PLAN.with_borrow_mut(|plan| plan.errors.insert("exchange", vec![codes::EIO, 0]));
        }
        let error = commit(&sink, 0, way).expect_err("it is not what was agreed");
        PLAN.take();
        assert!(error.to_string().contains("`ultra clean` lists"), "{error}");
        assert_eq!(read(&place, &swap_of("a", 0)), "theirs", "{way:?}");
        assert_eq!(place.at("a").exists(), !is_removed);
        sink.abandon(0, Leaving::Nothing);
        assert_eq!(read(&place, &swap_of("a", 0)), "theirs", "{way:?}");
    }
}

#[test]
fn t5_d18_a_file_that_was_written_to_before_is_found_by_its_ctime() {
    for way in WAYS {
        let place = Place::new();
        let sink = received(&place, way);
        // Same size, and the time is set back.
        let time = fs::metadata(place.at("a"))
            .and_then(|file| file.modified())
            .expect("a time");
        fs::write(place.at("a"), "their bytes").expect("written");
        let file = fs::File::options().write(true).open(place.at("a")).expect("a file");
        file.set_modified(time).expect("set back");
        assert_eq!(commit(&sink, 0, way).expect_err("it changed").class, ErrorClass::Exists);
        assert_eq!(read(&place, "a"), "their bytes", "{way:?}");
    }
}

#[test]
fn t5_names_of_one_file_that_this_transfer_replaces_one_after_the_other_are_no_change() {
    for way in WAYS {
        let place = Place::new();
        fs::write(place.at("a"), "the old one").expect("a file");
        fs::hard_link(place.at("a"), place.at("b")).expect("a name");
        let sink = sink(&place, &[file("a", 5), file("b", 5)], true);
        for entry in [0, 1] {
            receive(&sink, entry, way);
        }
        for entry in [0, 1] {
            commit(&sink, entry, way).expect("a commit");
        }
        assert_eq!((read(&place, "a"), read(&place, "b")), ("hello".into(), "hello".into()));
        assert_eq!(place.names(), ["a", "b"]);
    }
}

#[test]
fn t5_a_file_that_is_gone_by_then_leaves_its_name_to_the_new_one() {
    for way in WAYS {
        for (moment, operation) in [("before the look", "stat"), ("after it", "exchange")] {
            let place = Place::new();
            let sink = received(&place, way);
            let path = place.at("a");
            before(operation, move || fs::remove_file(path).expect("gone"));
            commit(&sink, 0, way).expect(moment);
            assert_eq!(
                (place.names(), read(&place, "a")),
                (vec!["a".to_owned()], "hello".to_owned())
            );
        }
    }
}

#[test]
fn t5_previous_versions_of_killed_runs_are_never_touched() {
    for way in WAYS {
        let place = Place::new();
        let kept: Vec<String> = (0..3).map(|number| swap_of("a", number)).collect();
        for swap in &kept {
            fs::write(place.at(swap), "the only copy").expect("a file");
        }
        let sink = received(&place, way);
        commit(&sink, 0, way).expect("a commit");
        for swap in &kept {
            assert_eq!(read(&place, swap), "the only copy");
        }
        assert_eq!(place.names().len(), 4);
        // Until there is no name for a further one.
        for number in 3..8 {
            fs::write(place.at(&swap_of("a", number)), "the only copy").expect("a file");
        }
        let sink = received(&place, way);
        let error = commit(&sink, 0, way).expect_err("no name is left");
        assert!(error.to_string().contains("`ultra clean` lists them"), "{error}");
        assert_eq!(read(&place, "a"), "the old one");
    }
}

#[test]
fn t5_without_exchange_the_file_is_looked_at_just_before_it_is_replaced() {
    for way in WAYS {
        for errno in [codes::EINVAL, codes::ENOSYS] {
            for changed in [false, true] {
                let place = Place::new();
                let sink = received(&place, way);
                if changed {
                    save(place.at("a"))();
                }
                fail("exchange", errno, 1);
                log();
                let result = commit(&sink, 0, way);
                if changed {
                    assert_eq!(result.expect_err("it changed").class, ErrorClass::Exists);
                    assert_eq!(read(&place, "a"), "theirs");
                } else {
                    result.expect("a commit");
                    assert!(log().contains(&"move_over"));
                    assert_eq!(
                        (place.names(), read(&place, "a")),
                        (vec!["a".to_owned()], "hello".to_owned())
                    );
                }
                fail("exchange", errno, 0);
            }
        }
    }
}

#[test]
fn t5_d18_the_last_fallback_reserves_the_name_so_that_what_appears_meanwhile_is_kept() {
    for (moment, operation) in [("before it is reserved", "create_file"), ("after it", "move_over")] {
        let place = Place::new();
        let sink = sink(&place, &[file("a", 5)], false);
        receive(&sink, 0, Way::Large);
        fail("move_new", codes::EINVAL, 1);
        fail("link", codes::EPERM, 1);
        let path = place.at("a");
        before(operation, move || {
            // Only who replaces the reserved name by force loses; who creates it finds it taken.
            let made = fs::File::options().write(true).create_new(true).open(path);
            assert_eq!(made.is_ok(), operation == "create_file");
        });
        let result = sink.commit(0);
        PLAN.with_borrow_mut(|plan| plan.watch = None);
        if operation == "create_file" {
            assert_eq!(result.expect_err(moment).class, ErrorClass::Exists);
            assert_eq!(read(&place, "a"), "", "it is theirs");
        } else {
            result.expect(moment);
            assert_eq!(read(&place, "a"), "hello");
        }
    }
}

#[test]
fn t5_a_rename_that_fails_takes_the_reserved_name_back() {
    let place = Place::new();
    let sink = sink(&place, &[file("a", 5)], false);
    receive(&sink, 0, Way::Large);
    fail("move_new", codes::EINVAL, 1);
    fail("link", codes::EPERM, 1);
    fail("move_over", codes::EIO, 1);
    assert_eq!(sink.commit(0).expect_err("it failed").class, ErrorClass::Io);
    assert!(!place.at("a").exists());
}

#[test]
fn t12_a_folder_that_cannot_be_synced_leaves_a_complete_file_that_is_called_so_and_the_previous_one() {
    let place = Place::new();
    let sink = received(&place, Way::Large);
    fail("sync", codes::EIO, 1);
    let error = sink.commit(0).expect_err("it is not durable");
    let text = error.to_string();
    assert!(
        text.ends_with("it is complete, but may be gone after a power cut"),
        "{text}"
    );
    assert_eq!(read(&place, "a"), "hello");
    assert_eq!(read(&place, &swap_of("a", 0)), "the old one");
}

#[cfg(unix)]
#[test]
fn t12_mode_and_time_are_set_before_the_sync_that_makes_them_durable() {
    let place = Place::new();
    let sink = received(&place, Way::Large);
    log();
    sink.commit(0).expect("a commit");
    let log = log();
    let at = |step| log.iter().position(|logged| *logged == step).expect("it was done");
    assert!(at("set_mode") < at("sync_file") && at("set_mtime") < at("sync_file"));
    assert!(at("sync_file") < at("exchange"));
    assert_eq!(
        fs::metadata(place.at("a")).expect("a file").permissions().mode() & 0o777,
        0o644
    );
}

#[test]
fn t12_a_new_folder_that_cannot_be_noted_is_taken_back() {
    let place = Place::new();
    let sink = sink(&place, &[folder("d"), file("d/a", 5)], false);
    // The first look finds nothing, the second one comes after mkdir.
    PLAN.with_borrow_mut(|plan| plan.errors.insert("open_folder", vec![codes::EMFILE, codes::ENOENT]));
    assert!(sink.part(1).is_err());
    assert!(place.names().is_empty());
    receive(&sink, 1, Way::Large);
    assert!(sink.commit(1).expect("a commit").durable);
}

#[test]
fn t12_a_folder_that_another_program_makes_at_the_same_time_is_durable_before_what_is_in_it() {
    let place = Place::new();
    let sink = sink(&place, &[folder("d"), file("d/a", 5)], false);
    let path = place.at("d");
    before("create_folder", move || fs::create_dir(path).expect("a folder"));
    log();
    receive(&sink, 1, Way::Large);
    assert!(log().contains(&"sync"));
    sink.commit(1).expect("a commit");
}

#[test]
fn t7_what_the_disk_says_to_the_head_start_of_a_sync_is_the_end_of_the_file() {
    for errno in [codes::EIO, codes::ENOSPC] {
        let place = Place::new();
        let large = sink(&place, &[file("a", 5)], false);
        receive(&large, 0, Way::Large);
        fail("start_sync", errno, 1);
        assert!(large.commit(0).is_err());
        assert!(place.names().is_empty());
        // A later sync would not tell it again.
        assert!(large.commit(0).is_err());
        fail("start_sync", errno, 1);
        let part = large.part(0);
        assert!(part.is_err(), "it is lost");
        let place = Place::new();
        let small = sink(&place, &[file("a", 5)], false);
        let part = small.small_part(0).expect("a part");
        small.write_small(0, &part, 0, b"hello").expect("room");
        fail("start_sync", errno, 1);
        let finished = small.finish_small(0, part);
        // In memory there is no head start.
        if log().contains(&"start_sync") {
            assert!(finished.is_err());
            assert!(place.names().is_empty());
        }
        fail("start_sync", errno, 0);
    }
}

#[test]
fn t7_a_file_system_without_a_head_start_is_none_the_worse() {
    for errno in [codes::EINVAL, codes::ENOSYS, codes::EOPNOTSUPP] {
        let place = Place::new();
        let sink = sink(&place, &[file("a", 5)], false);
        receive(&sink, 0, Way::Large);
        fail("start_sync", errno, 2);
        assert!(sink.commit(0).expect("a commit").durable);
        fail("start_sync", errno, 0);
    }
}

#[cfg(unix)]
#[test]
fn t5_who_has_the_previous_file_open_goes_on_with_it_and_the_new_one_is_another() {
    // As with any rename.
    let place = Place::new();
    let sink = received(&place, Way::Large);
    let open = fs::File::open(place.at("a")).expect("a file");
    sink.commit(0).expect("a commit");
    assert_ne!(
        open.metadata().expect("open").ino(),
        fs::metadata(place.at("a")).expect("a file").ino()
    );
    assert_eq!(std::io::read_to_string(open).expect("readable"), "the old one");
}

#[test]
fn t5_no_sync_replaces_as_safely_and_leaves_nothing() {
    let place = Place::new();
    fs::write(place.at("a"), "the old one").expect("a file");
    let options = SinkOptions {
        existing: Existing::Replace,
        no_sync: true,
        ..SinkOptions::default()
    };
    let sink = Sink::<FaultyFolder>::open_on(&place.dir(), options).expect("a sink");
    let (count, bytes) = page(&[file("a", 5)]);
    sink.add_page(0, count, &bytes).expect("a page");
    receive(&sink, 0, Way::Small);
    log();
    commit(&sink, 0, Way::Small).expect("a commit");
    assert!(!log().iter().any(|step| step.starts_with("sync")));
    assert_eq!(
        (place.names(), read(&place, "a")),
        (vec!["a".to_owned()], "hello".to_owned())
    );
}
