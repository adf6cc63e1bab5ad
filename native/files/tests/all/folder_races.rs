//! A folder that somebody else makes in the moment in which it is made.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::common::faulty::{FaultyFolder, PLAN, fail, log};
use crate::common::{Place, codes, file, folder, page};
use ultra_files::{Sink, SinkOptions};

/// A sink with a folder of two files, of which nothing was made.
fn sink(place: &Place, no_sync: bool) -> Sink<FaultyFolder> {
    let options = SinkOptions {
        no_sync,
        ..SinkOptions::default()
    };
    let sink = Sink::open_on(&place.dir(), options).expect("a sink");
    let (count, bytes) = page(&[folder("d"), file("d/a", 1), file("d/b", 1)]);
    sink.add_page(0, count, &bytes).expect("a page");
    log();
    sink
}

/// Does something once, just before the first call of an operation.
fn before(operation: &'static str, act: impl Fn() + 'static) {
    let is_done = Cell::new(false);
    let watch = move |called: &'static str| {
        if called == operation && !is_done.replace(true) {
            act();
        }
    };
    PLAN.with_borrow_mut(|plan| plan.watch = Some(Box::new(watch)));
}

fn make_it(path: PathBuf) -> impl Fn() {
    move || fs::create_dir(&path).expect("a folder")
}

fn syncs() -> usize {
    log().iter().filter(|step| step.starts_with("sync")).count()
}

#[test]
fn a_folder_of_another_process_becomes_durable_at_once() {
    let place = Place::new();
    let sink = sink(&place, false);
    before("create_folder", make_it(place.dir().join("d")));
    sink.part(1).expect("a part");
    assert_eq!(syncs(), 1);
}

#[test]
fn t47_without_syncs_a_folder_of_another_process_does_not_wait_for_the_disk() {
    let place = Place::new();
    let sink = sink(&place, true);
    before("create_folder", make_it(place.dir().join("d")));
    sink.part(1).expect("a part");
    assert_eq!(syncs(), 0);
}

#[test]
fn t47_a_folder_of_another_thread_is_taken_as_it_is() {
    let place = Place::new();
    let sink = Arc::new(sink(&place, false));
    let other = Arc::clone(&sink);
    before("open_folder", move || {
        std::thread::scope(|scope| {
            scope.spawn(|| other.part(2).expect("a part"));
        });
    });
    // This thread looked before the other one made it.
    fail("open_folder", codes::ENOENT, 1);
    sink.part(1).expect("a part");
    let log = log();
    // It holds the sink, which uses the plan.
    drop(PLAN.take());
    assert!(!log.contains(&"create_folder") && !log.contains(&"sync"), "{log:?}");
}
