//! Lanes of `ultra/2`, `docs/protocol.md` "Lanes".

use super::codec::{LaneCodec, LaneDecoder, Part};
use super::frame::{self, Encoding, FrameHeader, HEADER_LEN, PREFACE_LEN, Preface, VALUE_LEN};
use super::partial::Partial;

pub struct Ultra2;

pub const MAGIC: [u8; 4] = *b"ULTL";

impl LaneCodec for Ultra2 {
    fn preface(&self, preface: Preface) -> Box<[u8]> {
        Box::new(frame::encode_preface(MAGIC, preface))
    }

    fn header_len(&self) -> usize {
        HEADER_LEN
    }

    fn put_header(&self, header: &FrameHeader, before: &mut [u8]) -> usize {
        let start = before.len() - HEADER_LEN;
        before[start..].copy_from_slice(&header.encode());
        HEADER_LEN
    }

    fn put_value(&self, value: &[u8; VALUE_LEN], after: &mut [u8]) -> usize {
        after[..VALUE_LEN].copy_from_slice(value);
        VALUE_LEN
    }

    fn is_plain(&self) -> bool {
        false
    }

    fn decoder(&self) -> Box<dyn LaneDecoder> {
        Box::new(Decoder::Preface(Partial::new()))
    }
}

/// Where in the lane the next byte belongs.
enum Decoder {
    /// From the start; leads to `Header`.
    Preface(Partial<PREFACE_LEN>),
    /// From `Preface` and after each frame; leads to `Payload`, or for holes to itself.
    Header(Partial<HEADER_LEN>),
    /// From `Header`; leads to `Value` when all payload bytes came.
    Payload { left: usize },
    /// From `Payload`; leads to `Header`.
    Value(Partial<VALUE_LEN>),
}

impl LaneDecoder for Decoder {
    fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Option<Part<'a>>, &'static str> {
        if bytes.is_empty() {
            return Ok(None);
        }
        match self {
            Self::Preface(partial) => {
                let Some(preface) = partial.fill(bytes) else {
                    return Ok(None);
                };
                let preface = frame::decode_preface(MAGIC, &preface)?;
                *self = Self::Header(Partial::new());
                Ok(Some(Part::Preface(preface)))
            }
            Self::Header(partial) => {
                let Some(header) = partial.fill(bytes) else {
                    return Ok(None);
                };
                let header = FrameHeader::decode(&header)?;
                *self = match header.encoding {
                    Encoding::Raw => Self::payload(header.payload_len()),
                    Encoding::Hole => Self::Header(Partial::new()),
                };
                Ok(Some(Part::Header(header)))
            }
            Self::Payload { left } => {
                let (now, rest) = bytes.split_at((*left).min(bytes.len()));
                *bytes = rest;
                *self = Self::payload(*left - now.len());
                Ok(Some(Part::Payload(now)))
            }
            Self::Value(partial) => {
                let Some(value) = partial.fill(bytes) else {
                    return Ok(None);
                };
                *self = Self::Header(Partial::new());
                Ok(Some(Part::Value(value)))
            }
        }
    }

    fn is_between_frames(&self) -> bool {
        matches!(self, Self::Header(partial) if partial.is_empty())
    }
}

impl Decoder {
    /// The state with so many bytes of a payload to come.
    fn payload(left: usize) -> Self {
        match left {
            0 => Self::Value(Partial::new()),
            left => Self::Payload { left },
        }
    }
}

#[cfg(test)]
#[path = "ultra2_tests.rs"]
mod tests;
