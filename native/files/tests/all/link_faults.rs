//! Links on a disk that fails, or has none.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::faulty::{FaultyFolder, PLAN, fail, log, sink};
use crate::common::{Place, codes, file, folder, link, name_of, page, stat};
use ultra_files::{ErrorClass, FileError, Kept, Sink, SinkOptions, TargetStatus};

/// A sink with a committed file `a` and a hard link `b` to it that is not made yet.
fn with_name(place: &Place) -> Sink<FaultyFolder> {
    let sink = sink(place, &[file("a", 5), name_of("b", 0)], false);
    sink.part(0).expect("a part").write_at(0, b"hello").expect("room");
    sink.commit(0).expect("a commit");
    sink
}

fn error(sink: &Sink<FaultyFolder>, entry: u32) -> FileError {
    let mut made = sink.commit_links(&[entry]);
    made.pop().expect("a result").expect_err("an error")
}

#[test]
fn where_a_file_has_one_name_only_a_hard_link_is_a_copy_and_that_is_told() {
    for errno in [codes::EPERM, codes::EOPNOTSUPP, codes::EMLINK, codes::EXDEV] {
        let place = Place::new();
        let sink = with_name(&place);
        fail("link_into", errno, 1);
        let made = sink.commit_links(&[1]).pop().expect("a result").expect("a copy");
        assert_eq!(
            made.kept,
            Kept {
                links: false,
                ..Kept::ALL
            }
        );
        assert_eq!(fs::read(place.at("b")).expect("the copy"), b"hello");
        let [a, b] = ["a", "b"].map(|name| stat(&place.at(name)));
        assert_ne!(a.ino, b.ino);
        assert_eq!((a.mode, a.mtime), (b.mode, b.mtime));
        assert_eq!(place.names(), ["a", "b"]);
    }
}

#[test]
fn copies_in_the_place_of_hard_links_are_there_at_the_next_run() {
    let place = Place::new();
    let made = with_name(&place);
    fail("link_into", codes::EPERM, 1);
    assert!(made.commit_links(&[1])[0].is_ok());
    drop(made);
    let again = place.sink();
    let (count, bytes) = page(&[file("a", 5), name_of("b", 0)]);
    let statuses = again.add_page(0, count, &bytes).expect("a page");
    assert_eq!(statuses, [TargetStatus::Identical; 2]);
}

#[test]
fn d2_a_copy_that_does_not_fit_leaves_nothing_behind() {
    let place = Place::new();
    let sink = with_name(&place);
    fail("link_into", codes::EPERM, 1);
    fail("copy", codes::ENOSPC, 1);
    assert_eq!(error(&sink, 1).class, ErrorClass::NoSpace);
    assert_eq!(place.names(), ["a"]);
}

#[test]
fn d11_a_copy_whose_close_reports_something_gets_no_name() {
    let place = Place::new();
    let sink = with_name(&place);
    fail("link_into", codes::EPERM, 1);
    fail("close", codes::EIO, 1);
    assert_eq!(error(&sink, 1).class, ErrorClass::Io);
    assert_eq!(place.names(), ["a"]);
}

#[test]
fn a_file_system_without_symbolic_links_is_told_as_such() {
    let place = Place::new();
    let sink = sink(&place, &[link("a", "b")], false);
    fail("make_link", codes::EPERM, 1);
    assert!(
        error(&sink, 0)
            .to_string()
            .ends_with("this file system has no symbolic links")
    );
}

#[test]
fn a_link_whose_time_or_name_fails_leaves_nothing_behind() {
    if crate::common::told::on_wine() {
        return crate::common::told::skipped("wine 8 makes no symbolic links");
    }
    for (step, errno) in [
        ("set_link_mtime", codes::EIO),
        ("move_new", codes::EIO),
        ("make_link", codes::ENOSPC),
    ] {
        let place = Place::new();
        let sink = sink(&place, &[link("a", "b")], false);
        fail(step, errno, 1);
        assert_eq!(error(&sink, 0).errno, Some(errno), "{step}");
        assert!(place.names().is_empty(), "{step}");
    }
    let place = Place::new();
    let sink = with_name(&place);
    fail("move_new", codes::EIO, 1);
    assert_eq!(error(&sink, 1).errno, Some(codes::EIO));
    assert_eq!(place.names(), ["a"]);
}

#[test]
fn a_time_that_a_link_cannot_have_is_no_failure() {
    if crate::common::told::on_wine() {
        return crate::common::told::skipped("wine 8 makes no symbolic links");
    }
    let place = Place::new();
    let sink = sink(&place, &[link("a", "b")], false);
    fail("set_link_mtime", codes::ENOSYS, 1);
    let made = sink.commit_links(&[0]).pop().expect("a result").expect("a link");
    assert!(!made.kept.time && made.kept.mode);
}

#[test]
fn the_folder_of_many_links_is_synced_once_and_a_sync_that_fails_is_told() {
    if crate::common::told::on_wine() {
        return crate::common::told::skipped("wine 8 makes no symbolic links");
    }
    let place = Place::new();
    let entries = [folder("d"), link("d/a", "x"), link("d/b", "x"), link("d/c", "x")];
    let sink = sink(&place, &entries, false);
    sink.commit(0).expect("a folder");
    log();
    assert!(sink.commit_links(&[1, 2]).iter().all(Result::is_ok));
    assert_eq!(log().iter().filter(|step| **step == "sync").count(), 1);
    fail("sync", codes::EIO, 1);
    assert_eq!(error(&sink, 3).errno, Some(codes::EIO));
    assert!(sink.commit_links(&[3])[0].is_err(), "a sync is not believed later");
}

#[test]
fn no_link_is_synced_when_the_user_does_not_wait_for_the_disk() {
    if crate::common::told::on_wine() {
        return crate::common::told::skipped("wine 8 makes no symbolic links");
    }
    let place = Place::new();
    let options = SinkOptions {
        no_sync: true,
        ..SinkOptions::default()
    };
    let sink = Sink::<FaultyFolder>::open_on(&place.dir(), options).expect("a sink");
    let (count, bytes) = page(&[link("d/a", "x"), file("b", 0), name_of("d/c", 1)]);
    sink.add_page(0, count, &bytes).expect("a page");
    assert!(sink.commit_small(&[1])[0].is_ok());
    fail("link_into", codes::EPERM, 1);
    log();
    for made in sink.commit_links(&[0, 2]) {
        assert!(!made.expect("a link").durable);
    }
    assert!(!log().iter().any(|step| step.starts_with("sync")));
    assert_eq!(place.names(), ["b", "d", "d/a", "d/c"]);
}

#[test]
fn t10_links_in_many_folders_hold_few_of_them_open_and_sync_each_once() {
    if crate::common::told::on_wine() {
        return crate::common::told::skipped("wine 8 makes no symbolic links");
    }
    const FOLDERS: usize = 300;
    const MOST_HELD: usize = 64;
    /// Folders that a sink keeps open for the next entry, and what the tests beside this one have open.
    const OTHERS: usize = 32 + 64;
    let place = Place::new();
    let paths: Vec<String> = (0..FOLDERS)
        .flat_map(|folder| ["a", "b"].map(|name| format!("{folder}/{name}")))
        .collect();
    for folder in 0..FOLDERS {
        fs::create_dir(place.at(&folder.to_string())).expect("a folder");
    }
    let entries: Vec<_> = paths.iter().map(|path| link(path, "nowhere")).collect();
    let sink = sink(&place, &entries[..400], false);
    let (count, bytes) = page(&entries[400..]);
    sink.add_page(400, count, &bytes).expect("a page");
    let descriptors = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let before = descriptors();
    let most = Arc::new(AtomicUsize::new(0));
    let seen = most.clone();
    let watch = move |step: &'static str| {
        if step == "sync" {
            seen.fetch_max(descriptors(), Ordering::Relaxed);
        }
    };
    log();
    PLAN.with_borrow_mut(|plan| plan.watch = Some(Box::new(watch)));
    let numbers: Vec<u32> = (0..paths.len() as u32).collect();
    let made = sink.commit_links(&numbers);
    PLAN.with_borrow_mut(|plan| plan.watch = None);
    assert!(made.iter().all(|made| made.as_ref().is_ok_and(|info| info.durable)));
    let held = most.load(Ordering::Relaxed).saturating_sub(before);
    assert!(held <= MOST_HELD + OTHERS, "{held} descriptors");
    // A folder in which one group ends and the next begins is synced for both.
    let syncs = log().iter().filter(|step| **step == "sync").count();
    assert!(
        (FOLDERS..=FOLDERS + FOLDERS / MOST_HELD + 1).contains(&syncs),
        "{syncs} syncs"
    );
}
