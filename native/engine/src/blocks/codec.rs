//! How frames lie in a lane. Each dialect has one codec, in a file of its own; the rest of the engine knows the parts of a frame only.

use super::frame::{FrameHeader, Preface, VALUE_LEN};

/// Most bytes that a codec puts in front of a payload.
pub const HEADER_ROOM: usize = 4096;

pub trait LaneCodec: Send + Sync {
    /// What a lane begins with.
    fn preface(&self, preface: Preface) -> Box<[u8]>;
    /// Bytes of a header.
    fn header_len(&self) -> usize;
    /// Writes a header to the end of `before`, which has at least that much room; returns its length.
    fn put_header(&self, header: &FrameHeader, before: &mut [u8]) -> usize;
    /// Writes a block's value to the start of `after`, which has room for [`VALUE_LEN`]; returns its length.
    fn put_value(&self, value: &[u8; VALUE_LEN], after: &mut [u8]) -> usize;
    /// Whether every byte travels as it is: without values, without seals, holes or packs of small files, and with the writes to a file one
    /// after the other.
    fn is_plain(&self) -> bool;
    /// A decoder for one lane.
    fn decoder(&self) -> Box<dyn LaneDecoder>;
}

/// Takes the bytes of one lane apart. They come in pieces of any size.
pub trait LaneDecoder: Send {
    /// Takes the next part from the front of `bytes`. `None`: all of them are used up. After an `Err`, which says what is wrong with the
    /// lane, the decoder must not be asked again.
    fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Option<Part<'a>>, &'static str>;
    /// Whether the lane may end here.
    fn is_between_frames(&self) -> bool;
}

/// In the order in which they come: one preface, then for each frame its header, its payload in pieces, its value, or its end in a dialect
/// without values. Holes have a header alone.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    Preface(Preface),
    Header(FrameHeader),
    Payload(&'a [u8]),
    Value([u8; VALUE_LEN]),
    End,
}
