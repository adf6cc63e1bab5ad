//! Groups of small files on a disk that fails, and in many folders.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::common::faulty::{FaultyFolder, PLAN, fail, sink};
use crate::common::{Place, codes, file};
use ultra_files::Sink;
use ultra_files::os::Storage;

fn set_storage(storage: Storage) {
    PLAN.with_borrow_mut(|plan| plan.storage = Some(storage));
}

fn watch(watch: impl FnMut(&'static str) + 'static) {
    PLAN.with_borrow_mut(|plan| plan.watch = Some(Box::new(watch)));
}

fn write(sink: &Sink<FaultyFolder>, entry: u32) {
    let part = sink.small_part(entry).expect("a part");
    sink.write_small(entry, &part, 0, b"hello").expect("room");
    sink.finish_small(entry, part).expect("complete");
}

#[test]
fn d24_a_group_whose_sync_fails_gets_no_name_however_long_the_sync_took() {
    for took in [Duration::ZERO, Duration::from_millis(1100)] {
        let place = Place::new();
        set_storage(Storage::Whole);
        let sink = sink(&place, &[file("a", 5), file("b", 5)], false);
        write(&sink, 0);
        write(&sink, 1);
        fail("sync_all", codes::EIO, 1);
        watch(move |step| {
            if step == "sync_all" {
                std::thread::sleep(took);
            }
        });
        let results = sink.commit_small(&[0, 1]);
        PLAN.with_borrow_mut(|plan| plan.watch = None);
        assert!(results.iter().all(Result::is_err), "{took:?}");
        assert_eq!(place.names(), [""; 0], "{took:?}");
    }
}

#[test]
fn d24_files_of_another_disk_are_synced_also_where_the_sync_of_the_first_one_fails() {
    let place = Place::new();
    fs::create_dir(place.at("other")).expect("a folder");
    set_storage(Storage::Whole);
    let sink = sink(&place, &[file("a", 5), file("other/b", 5)], false);
    write(&sink, 0);
    set_storage(Storage::Each);
    write(&sink, 1);
    set_storage(Storage::Whole);
    fail("sync_all", codes::EIO, 1);
    let syncs = Arc::new(AtomicUsize::new(0));
    let seen = syncs.clone();
    watch(move |step| {
        if step == "sync_file" {
            seen.fetch_add(1, Ordering::Relaxed);
        }
    });
    let results = sink.commit_small(&[0, 1]);
    PLAN.with_borrow_mut(|plan| plan.watch = None);
    assert!(results[0].is_err() && results[1].is_ok());
    assert_eq!(syncs.load(Ordering::Relaxed), 1);
    assert_eq!(place.names(), ["other", "other/b"]);
}

#[test]
fn t10_a_group_of_files_in_many_folders_holds_few_of_them_open() {
    if cfg!(windows) {
        return crate::common::told::skipped("no disk of Windows syncs as a whole");
    }
    const FOLDERS: usize = 400;
    /// Twice what a sink keeps open for the next entry, and what the tests beside this one have open.
    const MOST: usize = 2 * (64 + 32);
    let place = Place::new();
    set_storage(Storage::Whole);
    let paths: Vec<String> = (0..FOLDERS).map(|folder| format!("{folder}/a")).collect();
    let entries: Vec<_> = paths.iter().map(|path| file(path, 5)).collect();
    let sink = sink(&place, &entries, false);
    for entry in 0..FOLDERS as u32 {
        write(&sink, entry);
    }
    let descriptors = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let most = Arc::new(AtomicUsize::new(0));
    let seen = most.clone();
    watch(move |_| {
        seen.fetch_max(descriptors(), Ordering::Relaxed);
    });
    let numbers: Vec<u32> = (0..FOLDERS as u32).collect();
    let results = sink.commit_small(&numbers);
    PLAN.with_borrow_mut(|plan| plan.watch = None);
    let wrong: Vec<_> = results
        .iter()
        .filter(|result| !result.as_ref().is_ok_and(|info| info.durable))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let most = most.load(Ordering::Relaxed);
    assert!(most <= MOST, "{most} descriptors");
}
