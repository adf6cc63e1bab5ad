//! The frames of a lane, `docs/protocol.md` "Lanes".

use crate::blocks::block_tree::BLOCK_LEN;

pub const PREFACE_LEN: usize = 12;
pub const HEADER_LEN: usize = 24;
/// A block's BLAKE3 chaining value behind its payload; of a sealed file its root.
pub const VALUE_LEN: usize = 32;

/// What the prefaces of all dialects begin with: a lane of another format than its connection's is told as that.
const MAGICS: [[u8; 4]; 2] = [*b"ULTL", *b"BLZ1"];

/// Highest lane number: a transfer has at most 256 lanes.
pub const MAX_LANE_NUMBER: u16 = 255;

/// Blocks above this would be beyond a file of 2^53 bytes, the largest size that is exact in every part of `ultra`.
pub const MAX_BLOCK: u64 = (1 << 53) / BLOCK_LEN;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The block's bytes follow.
    Raw = 0,
    /// Nothing follows: a run of blocks of zeros.
    Hole = 1,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    pub entry: u32,
    /// Plain bytes of the block, 1 to [`BLOCK_LEN`]; of holes the number of blocks, 1 to [`MAX_HOLE_BLOCKS`].
    pub length: u32,
    pub block: u64,
    pub encoding: Encoding,
    /// The file has one block, and its source was looked at again after the block was read: what follows the payload is the file's
    /// root, and no `seal` message comes.
    pub sealed: bool,
}

/// Most blocks that one hole frame covers, 64 GiB: bounds what a frame makes its receiver hash.
pub const MAX_HOLE_BLOCKS: u32 = 65_536;

/// The flag of a sealed frame.
const SEALED: u8 = 1;

/// What a lane says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preface {
    /// At most [`MAX_LANE_NUMBER`].
    pub lane: u16,
    /// The number of its transfer, from 1: a late lane must not meet the next transfer.
    pub transfer: u32,
}

impl FrameHeader {
    /// How many blocks it covers.
    pub fn blocks(&self) -> u64 {
        match self.encoding {
            Encoding::Raw => 1,
            Encoding::Hole => self.length.into(),
        }
    }

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
        bytes[17] = if self.sealed { SEALED } else { 0 };
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
            flags,
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
        if reserved != [0; 6] {
            return Err("a frame with reserved bytes that are not zero");
        }
        let encoding = match encoding {
            0 => Encoding::Raw,
            1 => Encoding::Hole,
            _ => return Err("a frame with an unknown encoding"),
        };
        if encoding == Encoding::Hole && (length > MAX_HOLE_BLOCKS || u64::from(length) > MAX_BLOCK - block) {
            return Err("a frame of too many holes");
        }
        let sealed = flags == SEALED;
        let may_be_sealed = block == 0 && (encoding == Encoding::Raw || length == 1);
        if flags > SEALED || (sealed && !may_be_sealed) {
            return Err("a frame with impossible flags");
        }
        Ok(Self {
            entry: u32::from_le_bytes([e0, e1, e2, e3]),
            length,
            block,
            encoding,
            sealed,
        })
    }
}

/// `magic` is that of the dialect; likewise below.
pub fn encode_preface(magic: [u8; 4], preface: Preface) -> [u8; PREFACE_LEN] {
    let [n0, n1] = preface.lane.to_le_bytes();
    let [t0, t1, t2, t3] = preface.transfer.to_le_bytes();
    let [m0, m1, m2, m3] = magic;
    [m0, m1, m2, m3, n0, n1, 0, 0, t0, t1, t2, t3]
}

pub fn decode_preface(magic: [u8; 4], bytes: &[u8; PREFACE_LEN]) -> Result<Preface, &'static str> {
    let [first @ .., n0, n1, r0, r1, t0, t1, t2, t3] = *bytes;
    if first != magic && MAGICS.contains(&first) {
        return Err("a lane of another format than its connection's");
    }
    if first != magic || [r0, r1] != [0, 0] {
        return Err("a lane without its preface");
    }
    let lane = u16::from_le_bytes([n0, n1]);
    if lane > MAX_LANE_NUMBER {
        return Err("a lane number over 255");
    }
    let transfer = u32::from_le_bytes([t0, t1, t2, t3]);
    if transfer == 0 {
        return Err("a lane of no transfer");
    }
    Ok(Preface { lane, transfer })
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

/// Where frames lie in their buffer.
#[derive(Clone, Copy)]
pub struct FramePlace {
    pub start: usize,
    pub len: usize,
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
