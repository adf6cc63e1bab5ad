//! Lanes of `blazing/1`, `docs/protocol.md` "The older format": pieces of 1 MiB at fixed offsets, each a header and its bytes.

use super::block_tree::BLOCK_LEN;
use super::codec::{LaneCodec, LaneDecoder, Part};
use super::frame::{self, Encoding, FrameHeader, MAX_BLOCK, PREFACE_LEN, Preface, VALUE_LEN};
use super::partial::Partial;

pub struct Blazing1;

const MAGIC: [u8; 4] = *b"BLZ1";

/// Entry, length, offset in the file.
pub const PIECE_HEADER_LEN: usize = 16;

/// The older format has 16 streams, no more.
const MAX_STREAM_NUMBER: u16 = 15;

impl LaneCodec for Blazing1 {
    fn preface(&self, preface: Preface) -> Box<[u8]> {
        Box::new(frame::encode_preface(MAGIC, preface))
    }

    fn header_len(&self) -> usize {
        PIECE_HEADER_LEN
    }

    fn put_header(&self, header: &FrameHeader, before: &mut [u8]) -> usize {
        let start = before.len() - PIECE_HEADER_LEN;
        before[start..].copy_from_slice(&encode_header(header));
        PIECE_HEADER_LEN
    }

    /// A piece has no value: its receiver computes it.
    fn put_value(&self, _value: &[u8; VALUE_LEN], _after: &mut [u8]) -> usize {
        0
    }

    fn is_plain(&self) -> bool {
        true
    }

    fn decoder(&self) -> Box<dyn LaneDecoder> {
        Box::new(Decoder::Preface(Partial::new()))
    }
}

/// The header of a piece that stands for a block as it is.
pub fn encode_header(header: &FrameHeader) -> [u8; PIECE_HEADER_LEN] {
    let mut bytes = [0; PIECE_HEADER_LEN];
    bytes[0..4].copy_from_slice(&header.entry.to_le_bytes());
    bytes[4..8].copy_from_slice(&header.length.to_le_bytes());
    bytes[8..16].copy_from_slice(&(header.block * BLOCK_LEN).to_le_bytes());
    bytes
}

/// `Err` says what is wrong, for the line that ends the connection. What fits the file is for the sink to say.
pub fn decode_header(bytes: &[u8; PIECE_HEADER_LEN]) -> Result<FrameHeader, &'static str> {
    let [e0, e1, e2, e3, l0, l1, l2, l3, offset @ ..] = *bytes;
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    let offset = u64::from_le_bytes(offset);
    if length == 0 || u64::from(length) > BLOCK_LEN {
        return Err("a piece with an impossible length");
    }
    // Pieces lie side by side, so that none overlaps another one but itself.
    if !offset.is_multiple_of(BLOCK_LEN) || offset / BLOCK_LEN >= MAX_BLOCK {
        return Err("a piece with an impossible offset");
    }
    Ok(FrameHeader {
        entry: u32::from_le_bytes([e0, e1, e2, e3]),
        length,
        block: offset / BLOCK_LEN,
        encoding: Encoding::Raw,
        sealed: false,
    })
}

pub fn decode_preface(bytes: &[u8; PREFACE_LEN]) -> Result<Preface, &'static str> {
    let preface = frame::decode_preface(MAGIC, bytes)?;
    if preface.lane > MAX_STREAM_NUMBER {
        return Err("a stream number over 15");
    }
    Ok(preface)
}

/// Where in the lane the next byte belongs.
enum Decoder {
    /// From the start; leads to `Header`.
    Preface(Partial<PREFACE_LEN>),
    /// From `Preface` and `End`; leads to `Payload`.
    Header(Partial<PIECE_HEADER_LEN>),
    /// From `Header`; leads to `End` when all bytes of the piece came.
    Payload { left: usize },
    /// From `Payload`, before the next byte is looked at; leads to `Header`.
    End,
}

impl LaneDecoder for Decoder {
    fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Option<Part<'a>>, &'static str> {
        // The end of a piece takes no byte, so it is told though none is left.
        if matches!(self, Self::End) {
            *self = Self::Header(Partial::new());
            return Ok(Some(Part::End));
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        match self {
            Self::Preface(partial) => {
                let Some(preface) = partial.fill(bytes) else {
                    return Ok(None);
                };
                let preface = decode_preface(&preface)?;
                *self = Self::Header(Partial::new());
                Ok(Some(Part::Preface(preface)))
            }
            Self::Header(partial) => {
                let Some(header) = partial.fill(bytes) else {
                    return Ok(None);
                };
                let header = decode_header(&header)?;
                let left = header.payload_len();
                *self = Self::Payload { left };
                Ok(Some(Part::Header(header)))
            }
            Self::Payload { left } => {
                let (now, rest) = bytes.split_at((*left).min(bytes.len()));
                *bytes = rest;
                *left -= now.len();
                if *left == 0 {
                    *self = Self::End;
                }
                Ok(Some(Part::Payload(now)))
            }
            // Told above.
            Self::End => Ok(None),
        }
    }

    fn is_between_frames(&self) -> bool {
        match self {
            Self::Header(partial) => partial.is_empty(),
            Self::End => true,
            Self::Preface(_) | Self::Payload { .. } => false,
        }
    }
}

#[cfg(test)]
#[path = "blazing1_tests.rs"]
mod tests;
