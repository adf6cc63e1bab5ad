//! Records: bytes by the text of `docs/engine.md`, and back.

use super::*;
use crate::core::words::{LeftOut, LeftOutReason, Unkept};

fn written(event: Event) -> ([u8; RECORD_LEN], Option<Payload>) {
    let mut record = [0xee; RECORD_LEN];
    let mut stored = None;
    write_event(event, &mut record, |payload| {
        stored = Some(payload);
        9
    });
    (record, stored)
}

/// A record of these pieces, filled up with zeros.
fn record(pieces: &[&[u8]]) -> [u8; RECORD_LEN] {
    let mut bytes = pieces.concat();
    bytes.resize(RECORD_LEN, 0);
    bytes.try_into().unwrap()
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn an_event_lies_as_the_page_says() {
    let (bytes, payload) = written(Event::Sealed {
        source: 5,
        entry: 3,
        size: 1 << 52,
        root: [7; 32],
        unlinked: true,
    });
    let size = ((1u64 << 52) as f64).to_le_bytes();
    assert_eq!(bytes, record(&[&words(&[13, 0, 5, 3]), &size, &[7; 32], &words(&[1])]));
    assert!(payload.is_none());
    let (bytes, payload) = written(Event::GrantRead {
        lane: 7,
        grant: 4,
        entry: 3,
        end: 2,
    });
    assert_eq!(bytes, record(&[&words(&[8, 0, 7, 4, 3, 0]), &2f64.to_le_bytes()]));
    assert!(payload.is_none());
}

#[test]
fn texts_travel_joined_and_none_of_them_can_begin_another() {
    let event = |alpn: &str, remote: &str| Event::Incoming {
        listener: 1,
        connection: 2,
        alpn: alpn.to_owned(),
        remote: remote.to_owned(),
    };
    let (bytes, payload) = written(event("ultra/1", "1.2.3.4:5"));
    assert_eq!(bytes, record(&[&words(&[2, 9, 1, 2])]));
    assert_eq!(payload.unwrap().bytes, b"ultra/1\x001.2.3.4:5");
    let (_, payload) = written(event("a\0b", ""));
    assert_eq!(payload.unwrap().bytes, "a\u{fffd}b\0".as_bytes());
    let (bytes, payload) = written(Event::Fault { text: String::new() });
    assert_eq!(bytes, record(&[&words(&[24, 0])]));
    assert!(payload.is_none(), "nothing to take");
}

#[test]
fn a_payload_with_something_to_do_is_stored_also_when_it_is_empty() {
    let bytes = Payload {
        bytes: Vec::new(),
        on_take: Some(Box::new(|| {})),
    };
    let (_, payload) = written(Event::Control { connection: 1, bytes });
    assert!(payload.unwrap().on_take.is_some());
}

#[test]
fn an_event_reads_back_as_written() {
    let (bytes, payload) = written(Event::WalkEnd {
        source: 5,
        entries: 3,
        files: 2,
        size: 1 << 53,
        unkept: Unkept {
            acl: true,
            ..Unkept::default()
        },
        left_out: LeftOut {
            counts: vec![(LeftOutReason::Link, u32::MAX), (LeftOutReason::Special, 1)],
            names: vec![(LeftOutReason::Link, "a\tb".to_owned())],
        },
    });
    match read_event(&bytes, |_| payload.unwrap().bytes) {
        Some(Event::WalkEnd {
            source: 5,
            entries: 3,
            files: 2,
            size,
            unkept,
            left_out,
        }) => {
            assert!(unkept.acl && !unkept.owner);
            assert_eq!(size, 1 << 53);
            let counts = [(LeftOutReason::Link, u32::MAX), (LeftOutReason::Special, 1)];
            assert_eq!(left_out.counts, counts);
            assert_eq!(left_out.names, [(LeftOutReason::Link, "a\tb".to_owned())]);
        }
        other => panic!("{other:?}"),
    }
    let (bytes, payload) = written(Event::WalkEnd {
        source: 5,
        entries: 0,
        files: 0,
        size: 0,
        unkept: Unkept::default(),
        left_out: LeftOut::default(),
    });
    assert!(payload.is_none(), "nothing was left out");
    assert!(
        matches!(read_event(&bytes, |_| Vec::new()), Some(Event::WalkEnd { left_out, .. }) if left_out.counts.is_empty())
    );
    assert!(read_event(&[0xee; RECORD_LEN], |_| Vec::new()).is_none());
}

/// What a batch of these bytes holds: names of commands, and where it is broken.
fn commands(bytes: &[u8]) -> Vec<String> {
    Batch::new(bytes)
        .map(|request| match request {
            None => "broken".to_owned(),
            Some(Request::Command(command)) => format!("{command:?}"),
            Some(Request::Question(question)) => format!("{question:?}?"),
        })
        .collect()
}

#[test]
fn commands_follow_each_other_with_their_payloads() {
    let send = |bytes: &[u8]| [&record(&[&words(&[13, bytes.len() as u32, 2])])[..], bytes].concat();
    let padded = |bytes: &[u8]| {
        let mut all = send(bytes);
        all.resize(all.len().next_multiple_of(8), 0);
        all
    };
    let abandon = record(&[&words(&[10, 0, 5, 3])]);
    let batch = [
        &padded(b"abc")[..],
        &abandon,
        &padded(b""),
        &padded(b"12345678"),
        &abandon,
    ]
    .concat();
    assert_eq!(
        commands(&batch),
        [
            "Send { connection: 2, bytes: [97, 98, 99] }",
            "Abandon { sink: 5, entry: 3, leaving: Nothing }",
            "Send { connection: 2, bytes: [] }",
            "Send { connection: 2, bytes: [49, 50, 51, 52, 53, 54, 55, 56] }",
            "Abandon { sink: 5, entry: 3, leaving: Nothing }",
        ]
    );
    assert_eq!(commands(&[]), [""; 0]);
    // Cut anywhere, it ends with what is broken.
    for cut in 1..batch.len() {
        let found = commands(&batch[..cut]);
        let whole = [0, 72, 136, 200, 272].contains(&cut);
        assert_eq!(
            found.last().is_some_and(|last| last == "broken"),
            !whole,
            "cut at {cut}"
        );
    }
    assert_eq!(commands(&send(b"abc")), ["broken"], "the padding belongs to it");
}

#[test]
fn questions_may_stand_between_commands() {
    let name = record(&[&words(&[66, 0, 5, 3])]);
    let abandon = record(&[&words(&[10, 0, 5, 3])]);
    assert_eq!(
        commands(&[name, abandon].concat()),
        [
            "Name { transfer: 5, entry: 3 }?",
            "Abandon { sink: 5, entry: 3, leaving: Nothing }"
        ]
    );
}

#[test]
fn what_is_no_command_is_one_broken_item_and_the_next_one_is_read() {
    let abandon = record(&[&words(&[10, 0, 5, 3])]);
    let unknown = record(&[&words(&[99, 0])]);
    assert_eq!(
        commands(&[unknown, abandon].concat()),
        ["broken", "Abandon { sink: 5, entry: 3, leaving: Nothing }"]
    );
    let with_payload = [&record(&[&words(&[10, 8, 5, 3])])[..], b"what now"].concat();
    assert_eq!(commands(&with_payload), ["broken"], "SEAL has no payload");
    for first in [-1.0, 0.5, f64::NAN, f64::INFINITY, 1e16] {
        let expect = record(&[&words(&[6, 0, 6, 3]), &f64::to_le_bytes(first), &1f64.to_le_bytes()]);
        assert_eq!(commands(&expect), ["broken"], "{first}");
    }
    let admit = record(&[&words(&[1, 0, 2, 70_000])]);
    assert_eq!(commands(&admit), ["broken"], "more lanes than a u16 holds");
    let resolve = [&record(&[&words(&[16, 2, 1])])[..], &[0xff, b'a', 0, 0, 0, 0, 0, 0]].concat();
    assert_eq!(commands(&resolve), ["broken"], "no UTF-8");
    let huge = record(&[&words(&[13, u32::MAX, 2])]);
    assert_eq!(
        commands(&[huge, abandon].concat()),
        ["broken"],
        "a length beyond the batch"
    );
}

#[test]
fn only_whole_numbers_in_range_pass() {
    assert_eq!(whole(5.0), Some(5));
    assert_eq!(whole(9_007_199_254_740_992.0), Some(1 << 53));
    for bad in [-1.0, 0.5, f64::NAN, f64::INFINITY, 1e16] {
        assert_eq!(whole(bad), None, "{bad}");
    }
}
