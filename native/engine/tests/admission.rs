//! Unauthenticated dialers of a real listener: which of them get in. A program of its own, as handshakes are counted for the whole library.

mod common;

use std::net::UdpSocket;
use std::time::Duration;

use common::{CloseCause, Event, Turn, door, is_incoming};

/// The exit code of a network failure: a dialer that gets it may try again.
const NETWORK: u64 = 5;
/// The listener demands proof of addresses from so many handshakes on (`common`).
const MOST_UNVALIDATED: usize = 16;

/// The first datagram of a dialer, as an attacker records it.
fn first_datagram(door: &mut Turn) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let dialer = door.dial(socket.local_addr().unwrap().port(), &[0; 32]);
    let mut datagram = vec![0; 65_536];
    let length = socket.recv(&mut datagram).unwrap();
    datagram.truncate(length);
    door.close(dialer, 0);
    door.closed(dialer);
    datagram
}

#[derive(Debug, PartialEq)]
enum Answer {
    Handshake,
    Retry,
}

/// Sends a datagram from a fresh port of `source` and takes the answer. The socket keeps its port: from the same port the datagram would
/// be a repeat for the connection that it began, and answered a second later.
fn replay(datagram: &[u8], source: &str, port: u16) -> (Answer, UdpSocket) {
    let socket = UdpSocket::bind((source, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.send_to(datagram, ("127.0.0.1", port)).unwrap();
    let mut answer = [0; 65_536];
    let length = socket.recv(&mut answer).expect("the listener answers");
    // RFC 9000 17.2: a long header of the type Retry.
    if answer[0] & 0xf0 != 0xf0 {
        return (Answer::Handshake, socket);
    }
    assert!(length < 200, "an answer of {length} bytes to {}", datagram.len());
    (Answer::Retry, socket)
}

#[test]
fn t4_replayed_first_datagrams_take_sixteen_handshakes_and_no_place_of_an_honest_dialer() {
    let mut door = door();
    let listener = door.listen(64, 8);
    // Handshakes last longer than this test, so that counts are exact.
    door.set_handshake_timeout(listener.0, 120_000);
    let datagram = first_datagram(&mut door);
    // The first ones as if from the honest dialer's own address.
    let sources = |number: usize| {
        if number < 20 {
            "127.0.0.1".to_owned()
        } else {
            format!("127.64.0.{number}")
        }
    };
    let (answers, _sockets): (Vec<Answer>, Vec<UdpSocket>) = (0..200)
        .map(|number| replay(&datagram, &sources(number), listener.1))
        .unzip();
    let handshakes = answers
        .iter()
        .take_while(|answer| **answer == Answer::Handshake)
        .count();
    let retries = answers.iter().filter(|answer| **answer == Answer::Retry).count();
    assert_eq!((handshakes, retries), (MOST_UNVALIDATED, 200 - MOST_UNVALIDATED));
    // Eight at once are what one address may have.
    let honest: Vec<(u32, u32)> = (0..8).map(|_| door.meet(listener)).collect();
    door.send(honest[0].0, b"hello");
    assert_eq!(door.control(honest[0].1), b"hello");
    for (dialer, _) in &honest {
        door.close(*dialer, 0);
    }
    door.close(listener.0, 0);
}

#[test]
fn t4_when_all_places_are_taken_the_oldest_dialer_of_the_largest_network_makes_room() {
    let mut door = door();
    let listener = door.listen(2, 8);
    let met: Vec<(u32, u32)> = (0..3).map(|_| door.meet(listener)).collect();
    let (cause, _, text) = door.closed(met[0].1);
    assert_eq!(cause, CloseCause::Own);
    assert!(text.contains("another dialer"));
    let (cause, code, _) = door.closed(met[0].0);
    assert_eq!((cause, code), (CloseCause::Peer, NETWORK));
    for (dialer, incoming) in &met[1..] {
        door.send(*dialer, b"still here");
        assert_eq!(door.control(*incoming), b"still here");
        door.close(*dialer, 0);
    }
    door.close(listener.0, 0);
}

#[test]
fn h5_of_a_crowd_from_one_address_eight_get_in_and_the_others_may_try_again() {
    let mut door = door();
    let listener = door.listen(64, 8);
    let dialers: Vec<u32> = (0..30).map(|_| door.dial(listener.1, &listener.2)).collect();
    let mut turned_away = Vec::new();
    while turned_away.len() < 22 {
        let closed = door.until(
            "CLOSED",
            |event| matches!(event, Event::Closed { connection, .. } if dialers.contains(connection)),
        );
        let Event::Closed {
            connection,
            cause,
            code,
            text,
        } = closed
        else {
            unreachable!()
        };
        let is_turned_away = match cause {
            CloseCause::Peer => code == NETWORK,
            CloseCause::Transport => text == "connection_refused" || text == "user_canceled",
            CloseCause::Own => false,
        };
        assert!(is_turned_away, "{cause:?} {code} {text}");
        turned_away.push(connection);
    }
    for _ in 0..8 {
        door.until("INCOMING", is_incoming(listener.0));
    }
    assert!(!door.came(is_incoming(listener.0)));
    for dialer in dialers.iter().filter(|dialer| !turned_away.contains(dialer)) {
        door.close(*dialer, 0);
    }
    door.close(listener.0, 0);
}
