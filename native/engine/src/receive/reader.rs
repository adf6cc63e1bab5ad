//! Takes a lane's bytes apart, block by block, straight from QUIC's receive buffers to the part file.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::sink::{Claim, Sink};
use crate::blocks::block_tree::{BLOCK_LEN, BlockHasher};
use crate::blocks::frame::{self, Encoding, FrameHeader, HEADER_LEN, PREFACE_LEN, VALUE_LEN};
use crate::core::stats::{add, lap};

/// Zeros to hash, and to write where a hole must cover what an earlier wrong block left.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// The reader of one lane. Bytes come in pieces of any size; what is incomplete is kept here, never in a shared place.
pub struct LaneReader {
    state: State,
    /// The number the lane gave itself.
    pub number: Option<u16>,
}

/// Where in the lane the next byte belongs.
enum State {
    /// From the start; leads to `Header`.
    Preface(Partial<PREFACE_LEN>),
    /// From `Preface` and after each frame; leads to `Payload`, or for a hole to `Value`.
    Header(Partial<HEADER_LEN>),
    /// From `Header`; leads to `Value` when all payload bytes came.
    Payload { frame: Frame, left: usize },
    /// From `Payload`; leads to `Header`.
    Value { frame: Frame, value: Partial<VALUE_LEN> },
    /// After an error: nothing more is read.
    Broken,
}

/// A frame being received.
struct Frame {
    header: FrameHeader,
    /// `None`: the block is not wanted; its bytes are consumed and dropped.
    wanted: Option<Wanted>,
}

struct Wanted {
    claim: Claim,
    hasher: BlockHasher,
}

impl LaneReader {
    pub fn new() -> Self {
        Self {
            state: State::Preface(Partial::new()),
            number: None,
        }
    }

    /// Whether the lane may end here: FIN is allowed between frames only.
    pub fn between_frames(&self) -> bool {
        matches!(&self.state, State::Header(partial) if partial.is_empty())
    }

    /// Consumes bytes. `Err`: the peer broke the format.
    pub fn feed(&mut self, mut bytes: &[u8], sink: &Arc<Sink>) -> Result<(), &'static str> {
        while !bytes.is_empty() {
            bytes = match self.step(bytes, sink) {
                Ok(rest) => rest,
                Err(fault) => {
                    self.state = State::Broken;
                    return Err(fault);
                }
            };
        }
        Ok(())
    }

    /// Takes as many bytes as one state can use; returns the rest.
    fn step<'a>(&mut self, bytes: &'a [u8], sink: &Arc<Sink>) -> Result<&'a [u8], &'static str> {
        match &mut self.state {
            State::Preface(partial) => {
                let rest = partial.fill(bytes);
                if let Some(preface) = partial.complete() {
                    self.number = Some(frame::decode_preface(preface)?);
                    self.state = State::Header(Partial::new());
                }
                Ok(rest)
            }
            State::Header(partial) => {
                let rest = partial.fill(bytes);
                if let Some(header) = partial.complete() {
                    self.state = begin(FrameHeader::decode(header)?, sink)?;
                }
                Ok(rest)
            }
            State::Payload { frame, left } => {
                let (now, rest) = bytes.split_at((*left).min(bytes.len()));
                let offset = frame.header.payload_len() - *left;
                frame.take(offset as u64, now, sink);
                *left -= now.len();
                if *left == 0 {
                    self.end_payload();
                }
                Ok(rest)
            }
            State::Value { value, .. } => {
                let rest = value.fill(bytes);
                if value.complete().is_some() {
                    self.end_frame(sink);
                }
                Ok(rest)
            }
            State::Broken => Ok(&[]),
        }
    }

    fn end_payload(&mut self) {
        if let State::Payload { frame, .. } = std::mem::replace(&mut self.state, State::Broken) {
            self.state = State::Value {
                frame,
                value: Partial::new(),
            };
        }
    }

    fn end_frame(&mut self, sink: &Sink) {
        let state = std::mem::replace(&mut self.state, State::Header(Partial::new()));
        if let State::Value { frame, value } = state {
            match frame.wanted {
                Some(wanted) => wanted.judge(&value.bytes),
                None => add(&sink.counters.dropped_blocks, 1),
            }
        }
    }
}

/// From a header to the state that follows it.
fn begin(header: FrameHeader, sink: &Arc<Sink>) -> Result<State, &'static str> {
    let claim = sink.claim(header.entry, header.block, header.length)?;
    let wanted = claim.map(|claim| Wanted {
        claim,
        hasher: BlockHasher::new(header.block),
    });
    let mut frame = Frame { header, wanted };
    Ok(match header.encoding {
        Encoding::Raw => State::Payload {
            left: header.payload_len(),
            frame,
        },
        Encoding::Hole => {
            frame.take_hole();
            State::Value {
                frame,
                value: Partial::new(),
            }
        }
    })
}

impl Frame {
    /// Hashes and writes a piece of the payload. A failed write gives the block up; the rest of it is dropped.
    fn take(&mut self, offset: u64, bytes: &[u8], sink: &Sink) {
        let Some(wanted) = &mut self.wanted else { return };
        let start = Instant::now();
        wanted.hasher.update(bytes);
        let hashed = lap(&sink.counters.receive_hash_time, start);
        let at = self.header.block * BLOCK_LEN + offset;
        let written = wanted.claim.entry().write_at(at, bytes);
        lap(&sink.counters.write_time, hashed);
        if !written {
            self.wanted = None;
        }
    }

    fn take_hole(&mut self) {
        let Some(wanted) = &mut self.wanted else { return };
        if !wanted.claim.entry().open() {
            self.wanted = None;
            return;
        }
        let must_write = wanted.claim.entry().dirty.load(Ordering::Relaxed);
        let mut offset = 0;
        while offset < self.header.length as usize {
            let piece = &ZEROS[..ZEROS.len().min(self.header.length as usize - offset)];
            wanted.hasher.update(piece);
            let at = self.header.block * BLOCK_LEN + offset as u64;
            if must_write && !wanted.claim.entry().write_at(at, piece) {
                self.wanted = None;
                return;
            }
            offset += piece.len();
        }
    }
}

impl Wanted {
    /// Compares what came with what the sender says it read.
    fn judge(self, value: &[u8; VALUE_LEN]) {
        let (actual, root) = self.hasher.finish();
        if actual == *value {
            self.claim.verified(actual, root);
        } else {
            self.claim.mismatched();
        }
    }
}

/// A fixed number of bytes that may come in pieces.
struct Partial<const N: usize> {
    bytes: [u8; N],
    have: usize,
}

impl<const N: usize> Partial<N> {
    fn new() -> Self {
        Self { bytes: [0; N], have: 0 }
    }

    fn is_empty(&self) -> bool {
        self.have == 0
    }

    /// Takes what is still missing; returns the rest.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (now, rest) = bytes.split_at((N - self.have).min(bytes.len()));
        self.bytes[self.have..self.have + now.len()].copy_from_slice(now);
        self.have += now.len();
        rest
    }

    fn complete(&self) -> Option<&[u8; N]> {
        (self.have == N).then_some(&self.bytes)
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
