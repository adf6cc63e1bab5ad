//! Both ends of real connections in one process, through the functions of the door.

mod common;

use common::{CloseCause, Command, Event, door, is_incoming, is_lane_opened, start};

/// The exit code for a broken protocol.
const PROTOCOL: u64 = 8;

/// What a connection ended with, when its transport did.
fn by_transport(text: &str) -> (CloseCause, String) {
    (CloseCause::Transport, text.to_owned())
}

#[test]
fn a_second_engine_is_refused() {
    let mut door = door();
    assert_eq!([start(), start()], [-22, -22]);
    let listener = door.listen(8, 8);
    let (dialer, _) = door.meet(listener);
    door.close(dialer, 0);
    door.closed(dialer);
    door.close(listener.0, 0);
}

#[test]
fn i1_a_wrong_pin_ends_the_handshake_and_the_listener_never_hears_of_it() {
    let mut door = door();
    let (listener, port, mut pin) = door.listen(8, 8);
    pin[15] ^= 1;
    let dialer = door.dial(port, &pin);
    let (cause, _, text) = door.closed(dialer);
    assert_eq!((cause, text), by_transport("bad_certificate"));
    assert!(!door.came(|event| matches!(event, Event::Connected { .. } | Event::Incoming { .. })));
    pin[15] ^= 1;
    pin[16] ^= 1; // only 16 bytes of it are in a ticket
    let dialer = door.dial(port, &pin);
    assert_eq!(door.connected(dialer)[..16], pin[..16]);
    door.close(dialer, 0);
    door.close(listener, 0);
}

#[test]
fn five_kibibytes_before_admission_close_the_connection_and_after_it_do_not() {
    let mut door = door();
    let listener = door.listen(8, 8);
    let (dialer, incoming) = door.meet(listener);
    door.send(dialer, &[7; 5 << 10]);
    let (cause, code, _) = door.closed(dialer);
    assert_eq!((cause, code), (CloseCause::Peer, PROTOCOL));
    let (cause, _, text) = door.closed(incoming);
    assert_eq!(cause, CloseCause::Own);
    assert!(text.contains("too much before its proof"));

    // Exactly the limit may come before, and more afterwards.
    let (dialer, incoming) = door.meet(listener);
    let mut received = Vec::new();
    for (len, admit) in [(4096, false), (5 << 10, true)] {
        if admit {
            door.run(Command::Admit {
                connection: incoming,
                lanes: 0,
            });
        }
        door.send(dialer, &vec![len as u8; len]);
        let wanted = received.len() + len;
        while received.len() < wanted {
            let control = door.until(
                "CONTROL",
                |event| matches!(event, Event::Control { connection, .. } if *connection == incoming),
            );
            if let Event::Control { bytes, .. } = control {
                received.extend(bytes.bytes);
            }
        }
    }
    assert_eq!(received.len(), 9 << 10);
    door.close(dialer, 5);
    let (cause, code, _) = door.closed(incoming);
    assert_eq!((cause, code), (CloseCause::Peer, 5));
    door.close(listener.0, 0);
}

#[test]
fn h5_the_ninth_unproved_dialer_of_one_address_is_refused_until_a_place_is_free() {
    let mut door = door();
    let listener = door.listen(64, 8);
    let met: Vec<(u32, u32)> = (0..8).map(|_| door.meet(listener)).collect();
    let refused = |door: &mut common::Turn| {
        let ninth = door.dial(listener.1, &listener.2);
        let (cause, _, text) = door.closed(ninth);
        assert_eq!((cause, text), by_transport("connection_refused"));
    };
    refused(&mut door);
    // A place comes back by proof ...
    door.run(Command::Admit {
        connection: met[0].1,
        lanes: 0,
    });
    door.meet(listener);
    refused(&mut door);
    // ... and by the end of a connection, once its listener has noticed.
    door.close(met[1].0, 0);
    door.closed(met[1].1);
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
    let is_opened = is_lane_opened(incoming);
    assert!(!door.came(&is_opened), "no stream without admission");
    door.admit(incoming, 2, sink);
    door.lane_opened(incoming);
    door.lane_opened(incoming);
    door.verified(sink, 4);
    assert!(!door.came(&is_opened), "two lanes were admitted");
    // QUIC lets the others through when the first two have ended.
    for lane in &lanes {
        door.run(Command::FinishLane { lane: *lane });
    }
    door.lane_opened(incoming);
    door.lane_opened(incoming);
    door.verified(sink, 4);
    for lane in lanes {
        assert!(door.lane_closed(lane).1, "finished, not reset");
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
        door.until(
            "GRANT_READ",
            |event| matches!(event, Event::GrantRead { lane: of, .. } if of == lane),
        );
    }
    door.verified(sink, 65);
    let sealed = door.until(
        "SEALED",
        |event| matches!(event, Event::Sealed { source: of, .. } if *of == source),
    );
    let Event::Sealed { size: known, root, .. } = sealed else {
        unreachable!()
    };
    assert_eq!(known, size);
    door.run(Command::Commit {
        sink,
        entry: 0,
        size,
        root,
    });
    door.until(
        "COMMITTED",
        |event| matches!(event, Event::Committed { sink: of, .. } if *of == sink),
    );
    door.dispose(&[source, sink]);
    door.close(dialer, 0);
    let (cause, code, _) = door.closed(incoming);
    assert_eq!((cause, code), (CloseCause::Peer, 0));
    for lane in lanes {
        door.lane_closed(lane);
    }
    door.close(listener.0, 0);
}

#[test]
fn counters_belong_to_one_transfer_and_go_with_it() {
    /// Where they stand in `STATS`.
    const READ_BYTES: usize = 0;
    const RECEIVED_BYTES: usize = 6;
    const VERIFIED_BLOCKS: usize = 10;
    let mut door = door();
    let listener = door.listen(8, 8);
    let mut transfers = Vec::new();
    for blocks in [3u64, 5] {
        let (dialer, incoming) = door.meet(listener);
        let (source, sink) = door.memory(blocks << 20);
        door.admit(incoming, 2, sink);
        door.open_lanes(dialer, source, 2, blocks);
        transfers.push((blocks, dialer, source, sink));
    }
    for (blocks, dialer, source, sink) in transfers {
        door.verified(sink, blocks);
        let bytes = (blocks << 20) as f64;
        let (sent, received) = (door.measure(source).unwrap(), door.measure(sink).unwrap());
        assert_eq!((sent[READ_BYTES], sent[VERIFIED_BLOCKS]), (bytes, 0.0));
        assert_eq!((received[READ_BYTES], received[VERIFIED_BLOCKS]), (0.0, blocks as f64));
        assert!(received[RECEIVED_BYTES] > bytes && received[RECEIVED_BYTES] < bytes + 4096.0);
        door.dispose(&[source, sink]);
        assert_eq!([door.measure(source), door.measure(sink)], [Err(-2), Err(-2)]);
        door.close(dialer, 0);
    }
    door.close(listener.0, 0);
}

#[test]
fn a_rate_may_change_while_its_transfer_waits_for_it() {
    let mut door = door();
    let listener = door.listen(8, 8);
    let (dialer, incoming) = door.meet(listener);
    let (source, sink) = door.memory(8 << 20);
    let limit = |bytes_per_second: f64| Command::LimitRate {
        source,
        bytes_per_second,
    };
    for wrong in [-1.0, 0.5, f64::NAN, f64::INFINITY] {
        assert_eq!(door.submit(limit(wrong)), -22, "{wrong}");
    }
    // A block takes twelve days.
    door.run(limit(1.0));
    door.admit(incoming, 2, sink);
    door.open_lanes(dialer, source, 2, 8);
    door.until(
        "LANE_OPENED",
        |event| matches!(event, Event::LaneOpened { connection, .. } if *connection == dialer),
    );
    door.run(limit(0.0));
    door.verified(sink, 8);
    door.dispose(&[source, sink]);
    door.close(dialer, 0);
    door.close(listener.0, 0);
}

#[test]
fn the_end_of_a_lane_that_comes_while_its_last_bytes_wait_is_told() {
    let mut door = door();
    let listener = door.listen(8, 8);
    let (dialer, incoming) = door.meet(listener);
    let (source, sink) = door.memory(1 << 20);
    door.run(Command::Admit {
        connection: incoming,
        lanes: 1,
    });
    // Only the preface comes, and it waits for a sink.
    let lanes = door.open_lanes(dialer, source, 1, 0);
    let lane = door.lane_opened(incoming);
    door.run(Command::FinishLane { lane: lanes[0] });
    let is_closed = |event: &Event| matches!(event, Event::LaneClosed { lane: of, .. } if *of == lane);
    assert!(!door.came(is_closed), "its bytes still wait");
    door.run(Command::Attach {
        connection: incoming,
        sink,
        transfer: 1,
    });
    assert_eq!(door.lane_closed(lane), (incoming, true), "finished, not reset");
    assert_eq!(door.lane_closed(lanes[0]), (dialer, true));
    door.dispose(&[source, sink]);
    door.close(dialer, 0);
    door.close(listener.0, 0);
}

#[test]
fn frames_of_one_lane_stay_whole_when_two_readers_send_them_in_parts() {
    let mut door = door();
    let listener = door.listen(8, 8);
    let (dialer, incoming) = door.meet(listener);
    let (source, sink) = door.memory(4 << 20);
    door.run(Command::LimitRate {
        source,
        bytes_per_second: 16e6,
    });
    door.admit(incoming, 1, sink);
    door.open_lanes(dialer, source, 1, 4);
    door.verified(sink, 4);
    door.dispose(&[source, sink]);
    door.close(dialer, 0);
    door.close(listener.0, 0);
}

#[test]
fn addresses_that_cannot_be_dialed_are_refused_without_harm() {
    let mut door = door();
    door.settle();
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
            door.until(
                "VERIFIED",
                |event| matches!(event, Event::Verified { sink: of, .. } if *of == sink),
            );
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
        door.closed(dialer);
        door.closed(incoming);
        for lane in &lanes {
            assert_eq!(door.lane_closed(*lane).0, dialer);
        }
        door.verified(other_sink, 20);
        let ended = |event: &Event| matches!(event, Event::Closed { connection, .. } if [dialer, incoming].contains(connection));
        assert!(!door.came(ended), "told once");
        for lane in late {
            // Refused, or opened and then closed.
            let told = door.waiting.iter().filter_map(|event| match event {
                Event::LaneOpened { lane: of, .. } if *of == lane => Some("opened"),
                Event::LaneClosed { lane: of, .. } if *of == lane => Some("closed"),
                _ => None,
            });
            let told: Vec<&str> = told.collect();
            assert!(told.is_empty() || told == ["opened", "closed"], "lane {lane}: {told:?}");
        }
        door.close(other_dialer, 0);
        door.closed(other_incoming);
        for lane in others {
            door.lane_closed(lane);
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
            door.closed(dialer);
        }
    }
}
