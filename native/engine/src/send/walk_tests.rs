//! The pace of a walk.

use std::collections::VecDeque;
use std::time::Duration;

use super::*;
use crate::send::origin::tree::{Cache, Tree};
use crate::testing::{Told, on_wine, skipped, told};

/// Enough entries for more pages than may wait: a page has at most 512.
const FILES: usize = (UNTAKEN + 4) * 512;

#[test]
fn a_walk_stops_at_so_many_untaken_pages_and_goes_on_with_each_one_taken() {
    if on_wine() {
        return skipped("wine looks through a whole folder for each new name: minutes for so many");
    }
    let folder = tempfile::tempdir().unwrap();
    for index in 0..FILES {
        std::fs::write(folder.path().join(format!("{index:05}")), b"").unwrap();
    }
    let events = Arc::new(Told::default());
    let (_tree, walk) = Tree::open(
        &[folder.path().to_owned()],
        Cache::Allowed,
        ultra_files::WalkOptions::default(),
    )
    .ok()
    .unwrap();
    let pace = Arc::new(Pace::default());
    let thread = std::thread::spawn({
        let (pace, events) = (pace.clone(), events.clone());
        move || run(3, walk, &pace, &*events)
    });
    let mut pages: VecDeque<Event> = VecDeque::new();
    while pages.len() < UNTAKEN {
        pages.extend(events.wait());
    }
    std::thread::sleep(Duration::from_millis(100));
    assert!(told(&events).is_empty(), "it waits");
    let mut entries = 0;
    loop {
        match pages.pop_front().unwrap() {
            Event::Page { first, count, take, .. } => {
                assert_eq!(first, entries, "pages come in order");
                entries += count;
                take.0.on_take.unwrap()();
            }
            Event::WalkEnd { entries, files, .. } => {
                assert_eq!((entries as usize, files as usize), (FILES + 1, FILES));
                break;
            }
            other => panic!("{other:?}"),
        }
        while pages.is_empty() {
            pages.extend(events.wait());
        }
        pages.extend(told(&events));
        assert!(pages.len() <= UNTAKEN + 1);
    }
    thread.join().unwrap();
}

#[test]
fn a_disposed_walk_ends_while_it_waits() {
    let pace = Arc::new(Pace::default());
    for _ in 0..UNTAKEN {
        assert!(pace.enter());
    }
    let waiting = std::thread::spawn({
        let pace = pace.clone();
        move || pace.enter()
    });
    std::thread::sleep(Duration::from_millis(50));
    assert!(!waiting.is_finished());
    pace.stop();
    assert!(!waiting.join().unwrap());
}
