//! The queue of events: order, merging, and that no event is missed while waiting.

use super::*;

const LONG: Duration = Duration::from_secs(60);

fn verified(entry: u32, first: u64, count: u64) -> (u32, u64, u64) {
    (entry, first, count)
}

/// The runs of verified blocks; other events as their entries, with a count of 0.
fn runs(events: Vec<Event>) -> Vec<(u32, u64, u64)> {
    let runs = events.into_iter().map(|event| match event {
        Event::Verified {
            entry, first, count, ..
        } => (entry, first, count),
        Event::Mismatch { entry, block, .. } => (entry, block, 0),
        other => panic!("{other:?}"),
    });
    runs.collect()
}

fn mismatch(block: u64) -> Event {
    Event::Mismatch {
        sink: 1,
        entry: 0,
        block,
    }
}

#[test]
fn runs_of_verified_blocks_merge_while_they_wait() {
    let queue = Queue::default();
    for block in [3, 4, 5, 9] {
        queue.verified(1, 2, block, block == 9);
    }
    assert_eq!(
        runs(queue.wait(16, LONG).unwrap()),
        [verified(2, 3, 3), verified(2, 9, 1)]
    );
}

#[test]
fn progress_is_delivered_after_lingering_and_nothing_is_lost() {
    let queue = Queue::default();
    queue.verified(1, 2, 0, false);
    assert_eq!(queue.wait(16, LONG).unwrap().len(), 1);
    assert_eq!(queue.wait(16, Duration::ZERO).unwrap().len(), 0);
    queue.tell(mismatch(1));
    queue.tell(mismatch(2));
    assert_eq!(runs(queue.wait(1, Duration::ZERO).unwrap()), [(0, 1, 0)]);
    queue.close();
    assert_eq!(runs(queue.wait(1, Duration::ZERO).unwrap()), [(0, 2, 0)]);
    assert!(queue.wait(1, LONG).is_none());
}

#[test]
fn verified_runs_and_urgent_events_keep_their_order() {
    let queue = Queue::default();
    queue.verified(1, 2, 0, false);
    queue.tell(mismatch(7));
    queue.verified(1, 2, 1, false);
    queue.verified(1, 3, 2, false);
    queue.verified(1, 2, 2, false);
    queue.tell(mismatch(8));
    queue.verified(1, 2, 3, true);
    let mut seen = Vec::new();
    // A few at a time: what is left is ready at once.
    while seen.len() < 7 {
        seen.extend(runs(queue.wait(2, LONG).unwrap()));
    }
    let expected = [
        verified(2, 0, 1),
        (0, 7, 0),
        verified(2, 1, 1),
        verified(3, 2, 1),
        verified(2, 2, 1),
        (0, 8, 0),
        verified(2, 3, 1),
    ];
    assert_eq!(seen, expected);
    assert!(queue.wait(1, Duration::ZERO).unwrap().is_empty());
}

#[test]
fn no_event_is_missed_while_waiting_and_each_thread_keeps_its_order() {
    const THREADS: u32 = 4;
    const EACH: u64 = 20_000;
    let queue = Queue::default();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let queue = &queue;
            scope.spawn(move || {
                for number in 0..EACH {
                    match number % 5 {
                        0 => queue.tell(Event::Mismatch {
                            sink: 0,
                            entry: thread,
                            block: number,
                        }),
                        _ => queue.verified(0, thread, number, number % 7 == 0),
                    }
                    if number % 1_000 == 0 {
                        std::thread::sleep(Duration::from_millis(1)); // lets the queue run empty
                    }
                }
            });
        }
        let mut next = [0; THREADS as usize];
        while next != [EACH; THREADS as usize] {
            // Long, so that a wake-up that is lost shows as a test that takes minutes.
            let events = queue.wait(100, LONG).unwrap();
            assert!(!events.is_empty());
            for (entry, first, count) in runs(events) {
                let next = &mut next[entry as usize];
                assert_eq!(first, *next);
                *next += count.max(1);
            }
        }
    });
    assert!(start.elapsed() < Duration::from_secs(50));
}
