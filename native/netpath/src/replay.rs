//! Replays one datagram from made-up source addresses, as an attacker off the path does who has recorded it.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::args::Replay;
use crate::failure::{Context, Failure};
use crate::linux_unsafe::RawSocket;
use crate::random::Stream;

/// Between two looks at the clock.
const TICK: Duration = Duration::from_millis(2);

#[derive(Debug, Serialize)]
pub struct Replayed {
    datagrams: u64,
    seconds: f64,
}

/// Sends until stdin is closed.
pub fn run(replay: &Replay) -> Result<Replayed, Failure> {
    let payload = fs::read(&replay.file).with_context(|| format!("cannot read {}", replay.file))?;
    let socket = RawSocket::open().context("cannot open a raw socket (it takes root)")?;
    let closed = thread::spawn(|| io::copy(&mut io::stdin(), &mut io::sink()));
    let random = Stream::new(replay.seed, 0);
    let start = Instant::now();
    let mut datagrams = 0;
    while !closed.is_finished() {
        let due = (start.elapsed().as_secs_f64() * replay.per_second) as u64;
        while datagrams < due {
            let source = source(replay.to, random, datagrams);
            let packet = packet(source, replay.to, &payload)?;
            match socket.send(&packet, *replay.to.ip()) {
                // A full queue loses a datagram, as a path does.
                Err(error) if error.raw_os_error() != Some(libc::ENOBUFS) => {
                    return Err(error).context("cannot send");
                }
                _ => datagrams += 1,
            }
        }
        thread::sleep(TICK);
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok(Replayed { datagrams, seconds })
}

/// Another address for each datagram: of loopback for loopback, otherwise of the network for benchmarks (RFC 2544).
fn source(to: SocketAddrV4, random: Stream, number: u64) -> SocketAddrV4 {
    let (first, bits) = if to.ip().is_loopback() {
        // Above the addresses that programs here use.
        (Ipv4Addr::new(127, 64, 0, 0), 22)
    } else {
        (Ipv4Addr::new(198, 18, 0, 0), 17)
    };
    let draw = |n: u64, most: u32| (random.at(2 * number + n) * f64::from(most)) as u32;
    let address = u32::from(first) + draw(0, 1 << bits);
    SocketAddrV4::new(address.into(), 1024 + draw(1, 60_000) as u16)
}

/// An IPv4 packet with the datagram; the kernel fills in the header's checksum, and UDP has none.
fn packet(from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Result<Vec<u8>, Failure> {
    const IP: usize = 20;
    const UDP: usize = 8;
    const PROTOCOL: u8 = 17;
    let length = u16::try_from(IP + UDP + payload.len()).context("the datagram is too long")?;
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, PROTOCOL, 0, 0]);
    packet.extend(from.ip().octets());
    packet.extend(to.ip().octets());
    packet.extend(from.port().to_be_bytes());
    packet.extend(to.port().to_be_bytes());
    packet.extend((length - IP as u16).to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(payload);
    Ok(packet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_differ_and_stay_in_their_network() {
        let random = Stream::new(1, 0);
        for (to, first) in [("127.0.0.1:9", [127, 64]), ("10.77.0.2:9", [198, 18])] {
            let to: SocketAddrV4 = to.parse().expect("an address");
            let sources: std::collections::HashSet<_> = (0..1000).map(|n| source(to, random, n)).collect();
            assert_eq!(sources.len(), 1000);
            for source in sources {
                let [a, b, ..] = source.ip().octets();
                assert!(a == first[0] && b & 0xc0 == first[1] & 0xc0, "{source}");
                assert!(source.port() >= 1024);
            }
        }
    }

    #[test]
    fn a_packet_is_header_and_payload() {
        let (from, to) = ("1.2.3.4:5", "6.7.8.9:10");
        let packet = packet(from.parse().unwrap(), to.parse().unwrap(), b"xy").unwrap();
        let header = [0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 1, 2, 3, 4, 6, 7, 8, 9];
        assert_eq!(packet, [&header[..], &[0, 5, 0, 10, 0, 10, 0, 0], b"xy"].concat());
    }
}
