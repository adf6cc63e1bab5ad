//! The pace of a walk.

use std::time::Duration;

use super::*;
use crate::testing::told;

/// Enough entries for more pages than may wait: a page has at most 512.
const FILES: usize = 12 * 512;

#[test]
fn a_walk_stops_at_eight_untaken_pages_and_goes_on_with_each_one_taken() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..FILES {
        std::fs::write(folder.path().join(format!("{index:05}")), b"").unwrap();
    }
    let events = Arc::new(Events::default());
    let (_source, walk) = Source::files(
        3,
        &[folder.path().to_owned()],
        crate::source::Cache::Allowed,
        events.clone(),
    )
    .ok()
    .unwrap();
    let pace = Arc::new(Pace::default());
    let thread = std::thread::spawn({
        let (pace, events) = (pace.clone(), events.clone());
        move || run(3, walk, &pace, &events)
    });
    let mut records = Vec::new();
    while records.len() < UNTAKEN {
        records.extend(events.wait(64, Duration::from_secs(10)).unwrap());
    }
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(told(&events), [], "it waits");
    let mut entries = 0;
    let mut taken = 0;
    loop {
        let record = records[taken];
        let payload = events.take(record.payload, usize::MAX).ok().unwrap();
        if record.kind == EventKind::WalkEnd as u32 {
            assert_eq!((record.entry as usize, record.first as usize), (FILES + 1, FILES));
            break;
        }
        assert_eq!(record.entry, entries, "pages come in order");
        entries += record.first as u32;
        taken += 1;
        payload.on_take.unwrap()();
        while records.len() <= taken {
            records.extend(events.wait(64, Duration::from_secs(10)).unwrap());
        }
        assert!(records.len() - taken <= UNTAKEN + 1);
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
