//! Packets as a tun device with `IFF_VNET_HDR` hands them over, and the pieces that travel the path.
//!
//! The kernel may hand over a *burst*: up to 64 KiB of one TCP stream or UDP flow under one header, which a network card would
//! cut up on its way out. The path must see packets of the size of its MTU, so each piece of a burst takes its own way through it
//! and may be lost on its own. Pieces of one burst that leave the path together are written as one burst again, as a network
//! card merges what it received together. Both halve the cost of a packet several times; payload is copied once, on arrival.
//!
//! Checksums of payload are never computed: pieces keep the mark "not computed yet, and not damaged" (`NEEDS_CSUM`), which
//! the receiving kernel takes as checked.

use std::rc::Rc;

/// The size of `struct virtio_net_hdr`, which stands before each packet.
pub const VNET: usize = 10;
/// What one read must have room for: the largest IP packet behind its `virtio_net_hdr`.
pub const LARGEST: usize = VNET + 65_536;

const NEEDS_CSUM: u8 = 1;
const GSO_NONE: u8 = 0;
const GSO_TCPV4: u8 = 1;
const GSO_TCPV6: u8 = 4;
const GSO_UDP: u8 = 5;

const TCP_FIN_PSH: u8 = 0x09;
const TCP_CWR: u8 = 0x80;

/// Room for the longest headers: IPv4 and TCP with all their options take 120 bytes.
const HEAD: usize = VNET + 160;

/// A packet, or several under one header.
#[derive(Debug)]
pub struct Burst {
    /// `virtio_net_hdr`, headers, payload.
    bytes: Box<[u8]>,
    split: Option<Split>,
}

#[derive(Clone, Copy, Debug)]
struct Split {
    gso_type: u8,
    ipv6: bool,
    /// Offset of the TCP or UDP header, counted like all offsets from the IP header.
    transport: usize,
    payload: usize,
    /// Bytes of payload in each piece but the last.
    size: usize,
}

/// Some pieces of one burst that follow each other.
#[derive(Clone, Debug)]
pub struct Pieces {
    pub burst: Rc<Burst>,
    pub first: usize,
    pub count: usize,
}

/// Why something that was read cannot travel: it never happens with the kernels we know, and is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl Burst {
    /// Takes what one read gave.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let split = match *bytes.get(1).ok_or(Malformed)? {
            GSO_NONE if bytes.len() > VNET => None,
            gso_type @ (GSO_TCPV4 | GSO_TCPV6 | GSO_UDP) => Some(Split::read(gso_type, bytes).ok_or(Malformed)?),
            _ => return Err(Malformed),
        };
        Ok(Self {
            bytes: bytes.into(),
            split,
        })
    }

    /// How many packets it is.
    pub fn pieces(&self) -> usize {
        self.split.map_or(1, |split| {
            (self.packet().len() - split.payload).div_ceil(split.size).max(1)
        })
    }

    /// The size of the piece as an IP packet of its own.
    pub fn piece_bytes(&self, index: usize) -> u32 {
        let bytes = match self.split {
            None => self.packet().len(),
            Some(split) => split.payload + self.payload(split, index, 1).len(),
        };
        bytes as u32
    }

    /// Whether it goes to a group: what kernels say to their neighbours unasked, no part of any measurement.
    pub fn is_multicast(&self) -> bool {
        let packet = self.packet();
        match packet[0] >> 4 {
            4 => packet.get(16).is_some_and(|byte| byte & 0xf0 == 0xe0),
            6 => packet.get(24) == Some(&0xff),
            _ => false,
        }
    }

    fn packet(&self) -> &[u8] {
        &self.bytes[VNET..]
    }

    fn payload(&self, split: Split, first: usize, count: usize) -> &[u8] {
        let packet = self.packet();
        let start = split.payload + first * split.size;
        &packet[start..(start + count * split.size).min(packet.len())]
    }
}

impl Split {
    fn read(gso_type: u8, bytes: &[u8]) -> Option<Self> {
        let packet = &bytes[VNET..];
        let size = usize::from(u16::from_ne_bytes([bytes[4], bytes[5]]));
        let transport = usize::from(u16::from_ne_bytes([bytes[6], bytes[7]]));
        let ipv6 = packet.first()? >> 4 == 6;
        let headers = match gso_type {
            GSO_UDP => 8,
            _ => usize::from(packet.get(transport + 12)? >> 4) * 4,
        };
        let payload = transport + headers;
        let shortest = if ipv6 { 40 } else { 20 };
        let whole = bytes[0] & NEEDS_CSUM != 0 && size > 0 && transport >= shortest && headers >= 8;
        (whole && VNET + payload <= HEAD && payload < packet.len()).then_some(Self {
            gso_type,
            ipv6,
            transport,
            payload,
            size,
        })
    }
}

impl Pieces {
    /// Takes the piece in when it is the next one of the same burst.
    pub fn join(&mut self, next: &Self) -> bool {
        let follows = Rc::ptr_eq(&self.burst, &next.burst) && self.first + self.count == next.first;
        if follows {
            self.count += next.count;
        }
        follows
    }

    /// What to write to the other tun device, as two parts: the first one is put into `head` unless it can be used as it is.
    pub fn frame<'a>(&'a self, head: &'a mut Head) -> (&'a [u8], &'a [u8]) {
        let bytes = &self.burst.bytes;
        let Some(split) = self.burst.split else {
            return bytes.split_at(VNET);
        };
        let payload = self.burst.payload(split, self.first, self.count);
        let length = VNET + split.payload;
        let head = &mut head.0[..length];
        head.copy_from_slice(&bytes[..length]);
        let (vnet, headers) = head.split_at_mut(VNET);
        if self.count == 1 {
            vnet[1] = GSO_NONE;
            vnet[4..6].fill(0);
        }
        vnet[2..4].copy_from_slice(&(split.payload as u16).to_ne_bytes());
        split.address(headers, payload.len(), self.first);
        split.number(
            headers,
            payload.len(),
            self.first,
            self.first + self.count == self.burst.pieces(),
        );
        (head, payload)
    }
}

/// Room for the headers of a frame.
#[derive(Debug)]
pub struct Head([u8; HEAD]);

impl Head {
    pub const fn new() -> Self {
        Self([0; HEAD])
    }
}

impl Split {
    /// Adjusts the IP header.
    fn address(&self, headers: &mut [u8], payload: usize, first: usize) {
        let total = self.payload + payload;
        if self.ipv6 {
            put16(headers, 4, (total - 40) as u16);
            return;
        }
        put16(headers, 2, total as u16);
        put16(headers, 4, get16(headers, 4).wrapping_add(first as u16));
        put16(headers, 10, 0);
        let length = usize::from(headers[0] & 0xf) * 4;
        let checksum = !fold(sum(&headers[..length.min(self.transport)]));
        put16(headers, 10, checksum);
    }

    /// Adjusts the TCP or UDP header.
    fn number(&self, headers: &mut [u8], payload: usize, first: usize, last: bool) {
        let length = self.payload - self.transport + payload;
        let addresses = if self.ipv6 { 8..40 } else { 12..20 };
        let protocol = if self.gso_type == GSO_UDP { 17 } else { 6 };
        // With `NEEDS_CSUM` the field holds the sum over the pseudo header alone, and not complemented.
        let checksum = fold(sum(&headers[addresses]) + protocol + length as u64);
        let transport = &mut headers[self.transport..];
        if self.gso_type == GSO_UDP {
            put16(transport, 4, length as u16);
            put16(transport, 6, checksum);
            return;
        }
        let sequence = u32::from_be_bytes([transport[4], transport[5], transport[6], transport[7]]);
        let sequence = sequence.wrapping_add((first * self.size) as u32);
        transport[4..8].copy_from_slice(&sequence.to_be_bytes());
        if !last {
            transport[13] &= !TCP_FIN_PSH;
        }
        if first > 0 {
            transport[13] &= !TCP_CWR;
        }
        put16(transport, 16, checksum);
    }
}

fn get16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn put16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// The sum of RFC 1071, not folded; `bytes` are even in number, as all headers are.
fn sum(bytes: &[u8]) -> u64 {
    bytes
        .chunks_exact(2)
        .map(|pair| u64::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum()
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A burst of IPv4 with the payload 0, 1, 2 ... under headers of `transport`.
    fn burst(gso_type: u8, protocol: u8, transport: &[u8], payload: usize, size: u16) -> Rc<Burst> {
        let mut bytes = vec![0; VNET];
        bytes[0] = NEEDS_CSUM;
        bytes[1] = gso_type;
        bytes[4..6].copy_from_slice(&size.to_ne_bytes());
        bytes[6..8].copy_from_slice(&20_u16.to_ne_bytes());
        let total = (20 + transport.len() + payload) as u16;
        bytes.extend([
            0x45,
            0,
            (total >> 8) as u8,
            total as u8,
            0,
            9,
            0x40,
            0,
            64,
            protocol,
            0,
            0,
            10,
            77,
            0,
            1,
            10,
            77,
            0,
            2,
        ]);
        bytes.extend(transport);
        bytes.extend((0..payload).map(|n| n as u8));
        Rc::new(Burst::read(&bytes).expect("a whole burst"))
    }

    fn tcp(payload: usize) -> Rc<Burst> {
        // Sequence 0xffff_fff0, flags CWR, ACK, PSH and FIN.
        let header = [
            0, 1, 0, 2, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 7, 0x50, 0x99, 1, 0, 0, 0, 0, 0,
        ];
        burst(GSO_TCPV4, 6, &header, payload, 1460)
    }

    fn frame(pieces: &Pieces) -> Vec<u8> {
        let mut head = Head::new();
        let (head, payload) = pieces.frame(&mut head);
        [head, payload].concat()
    }

    fn piece(burst: &Rc<Burst>, first: usize) -> Pieces {
        Pieces {
            burst: Rc::clone(burst),
            first,
            count: 1,
        }
    }

    #[test]
    fn a_packet_that_is_no_burst_passes_unchanged() {
        let mut bytes = vec![0; VNET];
        bytes.extend([0x45, 0, 0, 21, 0, 0, 0, 0, 64, 17, 0, 0, 10, 77, 0, 1, 10, 77, 0, 2, 42]);
        let burst = Rc::new(Burst::read(&bytes).expect("a packet"));
        assert_eq!((burst.pieces(), burst.piece_bytes(0)), (1, 21));
        assert_eq!(frame(&piece(&burst, 0)), bytes);
    }

    #[test]
    fn tcp_is_cut_into_packets_with_numbers_lengths_and_flags_of_their_own() {
        let burst = tcp(3000);
        assert_eq!(burst.pieces(), 3);
        assert_eq!([0, 1, 2].map(|index| burst.piece_bytes(index)), [1500, 1500, 120]);
        let frames = [0, 1, 2].map(|first| frame(&piece(&burst, first)));
        let sequences = frames
            .each_ref()
            .map(|frame| u32::from_be_bytes([frame[34], frame[35], frame[36], frame[37]]));
        assert_eq!(sequences, [0xffff_fff0, 1444, 2904]);
        assert_eq!(frames.each_ref().map(|frame| frame[VNET + 33]), [0x90, 0x10, 0x19]);
        assert_eq!(frames.each_ref().map(|frame| get16(frame, VNET + 4)), [9, 10, 11]);
        for (index, frame) in frames.iter().enumerate() {
            assert_eq!(frame.len(), VNET + burst.piece_bytes(index) as usize);
            assert_eq!(usize::from(get16(frame, VNET + 2)), frame.len() - VNET);
            assert_eq!((frame[0], frame[1]), (NEEDS_CSUM, GSO_NONE));
            assert_eq!(fold(sum(&frame[VNET..VNET + 20])), 0xffff, "checksum of the IP header");
            assert_eq!(frame[VNET + 40], (index * 1460) as u8);
        }
    }

    #[test]
    fn pieces_that_stay_together_are_one_burst_again() {
        let burst = tcp(3000);
        let mut run = piece(&burst, 0);
        assert!(run.join(&piece(&burst, 1)));
        assert!(run.join(&piece(&burst, 2)));
        let all = frame(&run);
        let original = &burst.bytes;
        assert_eq!(all[..2], original[..2]);
        assert_eq!(all[4..VNET + 10], original[4..VNET + 10]);
        assert_eq!(all[VNET + 20..VNET + 36], original[VNET + 20..VNET + 36]);
        assert_eq!(all[VNET + 40..], original[VNET + 40..]);
    }

    #[test]
    fn pieces_join_only_across_no_gap_and_within_their_burst() {
        let (burst, other) = (tcp(6000), tcp(6000));
        assert!(!piece(&burst, 0).join(&piece(&burst, 2)));
        assert!(!piece(&burst, 0).join(&piece(&other, 1)));
        assert!(!piece(&burst, 1).join(&piece(&burst, 0)));
    }

    #[test]
    fn udp_is_cut_with_lengths_and_sums_of_the_pseudo_header() {
        let burst = burst(GSO_UDP, 17, &[0, 1, 0, 2, 0, 0, 0, 0], 1472 + 100, 1472);
        let frames = [0, 1].map(|first| frame(&piece(&burst, first)));
        assert_eq!(frames.each_ref().map(|frame| get16(frame, VNET + 24)), [1480, 108]);
        // 10.77.0.1 + 10.77.0.2 + protocol 17 + length
        let addresses = 2 * (0x0a4d) + 1 + 2 + 17;
        assert_eq!(
            frames.each_ref().map(|frame| get16(frame, VNET + 26)),
            [addresses + 1480, addresses + 108]
        );
    }

    #[test]
    fn what_cannot_be_a_burst_is_refused() {
        let good = tcp(3000).bytes.to_vec();
        let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = good.clone();
            change(&mut bytes);
            Burst::read(&bytes).map(|_| ())
        };
        assert_eq!(damaged(&|_| ()), Ok(()));
        assert_eq!(damaged(&|bytes| bytes.truncate(0)), Err(Malformed));
        assert_eq!(damaged(&|bytes| bytes.truncate(VNET)), Err(Malformed));
        assert_eq!(damaged(&|bytes| bytes.truncate(VNET + 25)), Err(Malformed));
        assert_eq!(damaged(&|bytes| bytes[0] = 0), Err(Malformed), "without NEEDS_CSUM");
        assert_eq!(damaged(&|bytes| bytes[1] = 3), Err(Malformed), "UDP fragmentation");
        assert_eq!(damaged(&|bytes| bytes[4..6].fill(0)), Err(Malformed), "no size");
        assert_eq!(
            damaged(&|bytes| bytes[6..8].fill(0xff)),
            Err(Malformed),
            "no transport header"
        );
        assert_eq!(damaged(&|bytes| bytes[VNET + 32] = 0), Err(Malformed), "no TCP header");
    }

    #[test]
    fn multicast_is_known_in_both_versions() {
        let packet = |packet: &[u8]| {
            Burst::read(&[&[0; VNET], packet].concat())
                .expect("a packet")
                .is_multicast()
        };
        let mut v4 = [0; 20];
        (v4[0], v4[16]) = (0x45, 224);
        let mut v6 = [0; 40];
        (v6[0], v6[24]) = (0x60, 0xff);
        assert!(packet(&v4) && packet(&v6));
        (v4[16], v6[24]) = (10, 0xfd);
        assert!(!packet(&v4) && !packet(&v6));
    }
}
