//! The queue of events: order, merging, and that nobody sleeps through an event.

use super::*;

#[test]
fn runs_of_verified_blocks_merge_while_they_wait() {
    let events = Events::default();
    for block in [3, 4, 5, 9] {
        events.push_verified(1, 2, block, block == 9);
    }
    let records = events.wait(16, Duration::from_secs(60)).unwrap();
    let runs: Vec<_> = records.iter().map(|record| (record.first, record.count)).collect();
    assert_eq!(runs, [(3.0, 3.0), (9.0, 1.0)]);
}

#[test]
fn progress_is_delivered_after_lingering_and_nothing_is_lost() {
    let events = Events::default();
    events.push_verified(1, 2, 0, false);
    assert_eq!(events.wait(16, Duration::from_secs(60)).unwrap().len(), 1);
    assert_eq!(events.wait(16, Duration::ZERO).unwrap().len(), 0);
    events.push(Record::event(EventKind::Disposed, 1));
    events.push(Record::event(EventKind::Disposed, 2));
    assert_eq!(events.wait(1, Duration::ZERO).unwrap()[0].id, 1);
    events.close();
    assert_eq!(events.wait(1, Duration::ZERO).unwrap()[0].id, 2);
    assert!(events.wait(1, Duration::from_secs(60)).is_none());
}

#[test]
fn a_payload_is_taken_once_and_only_whole() {
    let events = Events::default();
    events.push_text(Record::event(EventKind::Fault, 0), "hello");
    let id = events.wait(1, Duration::ZERO).unwrap()[0].payload;
    assert_eq!(events.take(id, 4).err(), Some(TakeError::TooLong));
    assert_eq!(
        events.take(id, 5).ok().map(|payload| payload.bytes),
        Some(b"hello".to_vec())
    );
    assert_eq!(events.take(id, 5).err(), Some(TakeError::Unknown));
}

#[test]
fn verified_runs_and_urgent_events_keep_their_order() {
    let events = Events::default();
    events.push_verified(1, 2, 0, false);
    events.push(Record::event(EventKind::Mismatch, 1));
    events.push_verified(1, 2, 1, false);
    events.push_verified(1, 3, 2, false);
    events.push_verified(1, 2, 2, false);
    events.push(Record::event(EventKind::Committed, 1));
    events.push_verified(1, 2, 3, true);
    let mut seen = Vec::new();
    // A few at a time: what is left is ready at once.
    while seen.len() < 7 {
        let records = events.wait(2, Duration::from_secs(60)).unwrap();
        seen.extend(
            records
                .iter()
                .map(|record| (record.kind, record.entry, record.first as u64)),
        );
    }
    let verified = EventKind::Verified as u32;
    let expected = [
        (verified, 2, 0),
        (EventKind::Mismatch as u32, 0, 0),
        (verified, 2, 1),
        (verified, 3, 2),
        (verified, 2, 2),
        (EventKind::Committed as u32, 0, 0),
        (verified, 2, 3),
    ];
    assert_eq!(seen, expected);
    assert_eq!(events.wait(1, Duration::ZERO), Some(vec![]));
}

#[test]
fn nobody_sleeps_through_an_event_and_each_thread_keeps_its_order() {
    const THREADS: u32 = 4;
    const EACH: u64 = 20_000;
    let events = Events::default();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let events = &events;
            scope.spawn(move || {
                for number in 0..EACH {
                    match number % 5 {
                        0 => events.push(
                            Record::event(EventKind::Committed, 0)
                                .entry(thread)
                                .first(number)
                                .count(1),
                        ),
                        1 if number % 50 == 1 => {
                            events.push_with(
                                Record::event(EventKind::Sealed, 0).entry(thread).first(number).count(1),
                                vec![1],
                            );
                        }
                        _ => events.push_verified(0, thread, number, number % 7 == 0),
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
            let records = events.wait(100, Duration::from_secs(60)).unwrap();
            assert!(!records.is_empty());
            for record in records {
                let next = &mut next[record.entry as usize];
                assert_eq!(record.first as u64, *next);
                *next += record.count as u64;
                if record.payload != 0 {
                    assert!(events.take(record.payload, 1).is_ok());
                }
            }
        }
    });
    assert!(start.elapsed() < Duration::from_secs(50));
    assert!(events.payloads.lock().unwrap().is_empty());
}
