//! Both ends of real connections in one process, through the functions of the door.

mod common;

use common::{Command, Event, command, door, event, start};

const PEER: u32 = 1;
const TRANSPORT: u32 = 2;
/// The exit code for a broken protocol.
const PROTOCOL: f64 = 8.0;

fn is_incoming(listener: u32) -> impl Fn(&Event) -> bool {
    move |event| event.kind == event::INCOMING && event.entry == listener
}

#[test]
fn a_second_engine_is_refused() {
    let mut door = door();
    assert_eq!([start(), start()], [-22, -22]);
    let listener = door.listen(8, 8);
    let (dialer, _) = door.meet(listener);
    door.close(dialer, 0);
    door.event(event::CLOSED, dialer);
    door.close(listener.0, 0);
}

#[test]
fn i1_a_wrong_pin_ends_the_handshake_and_the_listener_never_hears_of_it() {
    let mut door = door();
    let (listener, port, mut pin) = door.listen(8, 8);
    pin[15] ^= 1;
    let dialer = door.dial(port, &pin);
    let closed = door.event(event::CLOSED, dialer);
    assert_eq!(
        (closed.entry, door.text(&closed).as_str()),
        (TRANSPORT, "bad_certificate")
    );
    assert!(!door.came(|event| event.kind == event::CONNECTED || event.kind == event::INCOMING));
    pin[15] ^= 1;
    pin[16] ^= 1; // only 16 bytes of it are in a ticket
    let dialer = door.dial(port, &pin);
    let connected = door.event(event::CONNECTED, dialer);
    assert_eq!(connected.bytes[..16], pin[..16]);
    door.close(dialer, 0);
    door.close(listener, 0);
}

#[test]
fn five_kibibytes_before_admission_close_the_connection_and_after_it_do_not() {
    let mut door = door();
    let listener = door.listen(8, 8);
    let (dialer, incoming) = door.meet(listener);
    assert_eq!(door.send(dialer, &[7; 5 << 10]), 0);
    let closed = door.event(event::CLOSED, dialer);
    assert_eq!((closed.entry, closed.first), (PEER, PROTOCOL));
    let closed = door.event(event::CLOSED, incoming);
    assert_eq!(closed.entry, 0);
    assert!(door.text(&closed).contains("too much before its proof"));

    // Exactly the limit may come before, and more afterwards.
    let (dialer, incoming) = door.meet(listener);
    let mut received = Vec::new();
    for (len, admit) in [(4096, false), (5 << 10, true)] {
        if admit {
            door.run(Command {
                kind: command::ADMIT,
                id: incoming,
                ..Command::default()
            });
        }
        assert_eq!(door.send(dialer, &vec![len as u8; len]), 0);
        let wanted = received.len() + len;
        while received.len() < wanted {
            let control = door.event(event::CONTROL, incoming);
            received.extend(door.take(control.payload));
        }
    }
    assert_eq!(received.len(), 9 << 10);
    door.close(dialer, 5);
    let closed = door.event(event::CLOSED, incoming);
    assert_eq!((closed.entry, closed.first), (PEER, 5.0));
    door.close(listener.0, 0);
}

#[test]
fn h5_the_ninth_unproved_dialer_of_one_address_is_refused_until_a_place_is_free() {
    let mut door = door();
    let listener = door.listen(64, 8);
    let met: Vec<(u32, u32)> = (0..8).map(|_| door.meet(listener)).collect();
    let refused = |door: &mut common::Turn| {
        let ninth = door.dial(listener.1, &listener.2);
        let closed = door.event(event::CLOSED, ninth);
        assert_eq!(
            (closed.entry, door.text(&closed).as_str()),
            (TRANSPORT, "connection_refused")
        );
    };
    refused(&mut door);
    // A place comes back by proof ...
    door.run(Command {
        kind: command::ADMIT,
        id: met[0].1,
        ..Command::default()
    });
    door.meet(listener);
    refused(&mut door);
    // ... and by the end of a connection, once its listener has noticed.
    door.close(met[1].0, 0);
    door.event(event::CLOSED, met[1].1);
    door.meet(listener);
    refused(&mut door);
    for (dialer, _) in &met {
        door.close(*dialer, 0);
    }
    door.close(listener.0, 0);
}

#[test]
fn g7_a_lane_before_admission_does_not_open_and_afterwards_only_so_many() {
    let mut door = door();
    let listener = door.listen(8, 8);
    let (dialer, incoming) = door.meet(listener);
    let (source, sink) = door.memory(8 << 20);
    let lanes = door.open_lanes(dialer, source, 4, 8);
    let is_opened = |event: &Event| event.kind == event::LANE_OPENED && event.entry == incoming;
    assert!(!door.came(is_opened), "no stream without admission");
    door.admit(incoming, 2, sink);
    door.until("LANE_OPENED", is_opened);
    door.until("LANE_OPENED", is_opened);
    door.verified(sink, 4);
    assert!(!door.came(is_opened), "two lanes were admitted");
    // QUIC lets the others through when the first two have ended.
    for lane in &lanes {
        door.run(Command {
            kind: command::FINISH_LANE,
            id: *lane,
            ..Command::default()
        });
    }
    door.until("LANE_OPENED", is_opened);
    door.until("LANE_OPENED", is_opened);
    door.verified(sink, 4);
    for lane in lanes {
        assert_eq!(door.event(event::LANE_CLOSED, lane).first, 0.0, "finished, not reset");
    }
    door.dispose(&[source, sink]);
    door.close(dialer, 0);
    door.close(listener.0, 0);
}

#[test]
fn a_file_crosses_over_four_lanes_and_both_roots_agree() {
    let mut door = door();
    let listener = door.listen(8, 8);
    let (dialer, incoming) = door.meet(listener);
    let size = (64 << 20) + 12_345;
    let (source, sink) = door.memory(size);
    door.admit(incoming, 4, sink);
    let lanes = door.open_lanes(dialer, source, 4, 65);
    for lane in &lanes {
        door.event(event::GRANT_READ, *lane);
    }
    door.verified(sink, 65);
    door.run(Command {
        kind: command::SEAL,
        id: source,
        ..Command::default()
    });
    let sealed = door.event(event::SEALED, source);
    assert_eq!(sealed.first, size as f64);
    door.run(Command {
        kind: command::COMMIT,
        id: sink,
        first: size,
        bytes: sealed.bytes,
        ..Command::default()
    });
    door.event(event::COMMITTED, sink);
    door.dispose(&[source, sink]);
    door.close(dialer, 0);
    let closed = door.event(event::CLOSED, incoming);
    assert_eq!((closed.entry, closed.first), (PEER, 0.0));
    for lane in lanes {
        door.event(event::LANE_CLOSED, lane);
    }
    door.close(listener.0, 0);
}

#[test]
fn addresses_that_cannot_be_dialed_are_refused_without_harm() {
    let mut door = door();
    for _ in 0..50 {
        for address in ["127.0.0.1:0", "[::1]:0", "nowhere:1", "127.0.0.1", ""] {
            assert!(door.connect(address, &[0; 32]) < 0, "{address}");
        }
    }
    assert!(!door.came(|_| true), "no event of a connection that never was");
    let listener = door.listen(8, 8);
    let (dialer, _) = door.meet(listener);
    door.close(dialer, 0);
    door.close(listener.0, 0);
}

#[test]
fn connections_that_end_in_the_middle_end_in_order_and_leave_nothing_behind() {
    // 200 MB and 50 rounds for a long run (ULTRA_STRESS=50).
    let rounds: u64 = std::env::var("ULTRA_STRESS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(6);
    let mut door = door();
    let listener = door.listen(8, 8);
    for round in 0..rounds {
        let (dialer, incoming) = door.meet(listener);
        // Another connection in the same engine, whose callbacks go on meanwhile.
        let (other_dialer, other_incoming) = door.meet(listener);
        let (source, sink) = door.memory(200 << 20);
        let (other_source, other_sink) = door.memory(20 << 20);
        door.admit(incoming, 8, sink);
        door.admit(other_incoming, 2, other_sink);
        let lanes = door.open_lanes(dialer, source, 8, 200);
        let others = door.open_lanes(other_dialer, other_source, 2, 20);
        if round % 4 != 3 {
            door.event(event::VERIFIED, sink);
        }
        match round % 3 {
            0 => door.close(dialer, 3),
            1 => door.close(incoming, 3),
            _ => {
                door.close(dialer, 3);
                door.close(incoming, 3);
            }
        }
        // More is asked of what is already closing.
        let late = door.open_lanes(dialer, source, 2, 200);
        door.send(dialer, b"too late");
        door.send(incoming, b"too late");
        door.event(event::CLOSED, dialer);
        door.event(event::CLOSED, incoming);
        for lane in &lanes {
            let closed = door.event(event::LANE_CLOSED, *lane);
            assert_eq!(closed.entry, dialer);
        }
        door.verified(other_sink, 20);
        let ended = |event: &Event| event.kind == event::CLOSED && (event.id == dialer || event.id == incoming);
        assert!(!door.came(ended), "told once");
        for lane in late {
            // Refused, or opened and then closed.
            let told = door
                .waiting
                .iter()
                .filter(|event| event.id == lane)
                .map(|event| event.kind);
            let told: Vec<u32> = told
                .filter(|kind| [event::LANE_OPENED, event::LANE_CLOSED].contains(kind))
                .collect();
            assert!(
                told.is_empty() || told == [event::LANE_OPENED, event::LANE_CLOSED],
                "lane {lane}: {told:?}"
            );
        }
        door.close(other_dialer, 0);
        door.event(event::CLOSED, other_incoming);
        for lane in others {
            door.event(event::LANE_CLOSED, lane);
        }
        door.dispose(&[source, sink, other_source, other_sink]);
        door.waiting.clear();
    }
    door.close(listener.0, 0);
}

#[test]
fn a_listener_may_close_while_dialers_arrive() {
    let mut door = door();
    for _ in 0..10 {
        let (listener, port, pin) = door.listen(64, 64);
        let dialers: Vec<u32> = (0..6).map(|_| door.dial(port, &pin)).collect();
        door.until("INCOMING", is_incoming(listener));
        door.close(listener, 0);
        for dialer in &dialers {
            door.close(*dialer, 0);
        }
        for dialer in dialers {
            door.event(event::CLOSED, dialer);
        }
    }
}
