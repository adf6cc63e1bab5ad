//! The frames of a lane, `docs/protocol.md` "Lanes".

use crate::blocks::block_tree::BLOCK_LEN;

pub const PREFACE_LEN: usize = 8;
pub const HEADER_LEN: usize = 24;
/// A block's BLAKE3 chaining value behind its payload.
pub const VALUE_LEN: usize = 32;

const MAGIC: [u8; 4] = *b"ULTL";

/// Highest lane number: a transfer has at most 256 lanes.
pub const MAX_LANE_NUMBER: u16 = 255;

/// Blocks above this would be beyond a file of 2^53 bytes, the largest size that is exact in every part of `ultra`.
const MAX_BLOCK: u64 = (1 << 53) / BLOCK_LEN;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The block's bytes follow.
    Raw = 0,
    /// Nothing follows: the block is zeros.
    Hole = 1,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    pub entry: u32,
    /// Plain bytes of the block, 1 to [`BLOCK_LEN`].
    pub length: u32,
    pub block: u64,
    pub encoding: Encoding,
}

impl FrameHeader {
    /// How many payload bytes follow the header.
    pub fn payload_len(&self) -> usize {
        match self.encoding {
            Encoding::Raw => self.length as usize,
            Encoding::Hole => 0,
        }
    }

    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0..4].copy_from_slice(&self.entry.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.length.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.block.to_le_bytes());
        bytes[16] = self.encoding as u8;
        bytes
    }

    /// `Err` says what is wrong, for the line that ends the connection.
    pub fn decode(bytes: &[u8; HEADER_LEN]) -> Result<Self, &'static str> {
        let [
            e0,
            e1,
            e2,
            e3,
            l0,
            l1,
            l2,
            l3,
            b0,
            b1,
            b2,
            b3,
            b4,
            b5,
            b6,
            b7,
            encoding,
            reserved @ ..,
        ] = *bytes;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        let block = u64::from_le_bytes([b0, b1, b2, b3, b4, b5, b6, b7]);
        if length == 0 || u64::from(length) > BLOCK_LEN {
            return Err("a frame with an impossible length");
        }
        if block >= MAX_BLOCK {
            return Err("a frame with an impossible block number");
        }
        if reserved != [0; 7] {
            return Err("a frame with reserved bytes that are not zero");
        }
        let encoding = match encoding {
            0 => Encoding::Raw,
            1 => Encoding::Hole,
            _ => return Err("a frame with an unknown encoding"),
        };
        Ok(Self {
            entry: u32::from_le_bytes([e0, e1, e2, e3]),
            length,
            block,
            encoding,
        })
    }
}

pub fn encode_preface(number: u16) -> [u8; PREFACE_LEN] {
    let [n0, n1] = number.to_le_bytes();
    let [m0, m1, m2, m3] = MAGIC;
    [m0, m1, m2, m3, n0, n1, 0, 0]
}

/// The lane's number.
pub fn decode_preface(bytes: &[u8; PREFACE_LEN]) -> Result<u16, &'static str> {
    let [magic @ .., n0, n1, r0, r1] = *bytes;
    if magic != MAGIC || [r0, r1] != [0, 0] {
        return Err("a lane without its preface");
    }
    let number = u16::from_le_bytes([n0, n1]);
    if number > MAX_LANE_NUMBER {
        Err("a lane number over 255")
    } else {
        Ok(number)
    }
}

/// Blocks in a file of `size` bytes.
pub fn block_count(size: u64) -> u64 {
    size.div_ceil(BLOCK_LEN)
}

/// The bytes that block `block` of a file of `size` bytes has; 0 beyond its end.
pub fn block_len(size: u64, block: u64) -> u32 {
    let rest = block
        .checked_mul(BLOCK_LEN)
        .map_or(0, |start| size.saturating_sub(start));
    rest.min(BLOCK_LEN) as u32
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
