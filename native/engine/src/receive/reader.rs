//! Takes a lane's bytes apart, block by block, straight from QUIC's receive buffers to the part file.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::sink::{Claim, Sink};
use crate::blocks::block_tree::{BLOCK_LEN, BlockHasher};
use crate::blocks::codec::{LaneCodec, LaneDecoder, Part};
use crate::blocks::frame::{Encoding, FrameHeader, VALUE_LEN};
use crate::core::stats::{add, lap};

/// Zeros to hash, and to write where a hole must cover what an earlier wrong block left.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// The reader of one lane. What is incomplete is kept here, never in a shared place.
pub struct LaneReader {
    /// `None` after an error: nothing more is read.
    decoder: Option<Box<dyn LaneDecoder>>,
    /// From a header to its value.
    frame: Option<Frame>,
    /// The number the lane gave itself.
    pub number: Option<u16>,
}

/// A frame being received.
struct Frame {
    header: FrameHeader,
    /// Payload bytes that came.
    taken: u64,
    /// `None`: the block is not wanted; its bytes are consumed and dropped.
    wanted: Option<Wanted>,
}

struct Wanted {
    claim: Claim,
    hasher: BlockHasher,
}

impl LaneReader {
    pub fn new(codec: &dyn LaneCodec) -> Self {
        Self {
            decoder: Some(codec.decoder()),
            frame: None,
            number: None,
        }
    }

    /// Whether the lane may end here: FIN is allowed between frames only.
    pub fn between_frames(&self) -> bool {
        self.decoder.as_ref().is_some_and(|decoder| decoder.is_between_frames())
    }

    /// Consumes bytes. `Err`: the peer broke the format.
    pub fn feed(&mut self, bytes: &[u8], sink: &Arc<Sink>) -> Result<(), &'static str> {
        let result = self.read(bytes, sink);
        if result.is_err() {
            self.decoder = None;
            self.frame = None;
        }
        result
    }

    fn read(&mut self, mut bytes: &[u8], sink: &Arc<Sink>) -> Result<(), &'static str> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        while let Some(part) = decoder.next(&mut bytes)? {
            match part {
                Part::Preface(number) => self.number = Some(number),
                Part::Header(header) => self.frame = Some(Frame::begin(header, sink)?),
                Part::Payload(bytes) => {
                    if let Some(frame) = &mut self.frame {
                        frame.take(bytes, sink);
                    }
                }
                Part::Value(value) => {
                    if let Some(frame) = self.frame.take() {
                        frame.end(&value, sink);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Frame {
    /// Claims the block that a header announces.
    fn begin(header: FrameHeader, sink: &Arc<Sink>) -> Result<Self, &'static str> {
        let claim = sink.claim(header.entry, header.block, header.length)?;
        let wanted = claim.map(|claim| Wanted {
            claim,
            hasher: BlockHasher::new(header.block),
        });
        let mut frame = Self {
            header,
            taken: 0,
            wanted,
        };
        match header.encoding {
            Encoding::Raw => {}
            Encoding::Hole => frame.take_hole(),
        }
        Ok(frame)
    }

    fn end(self, value: &[u8; VALUE_LEN], sink: &Sink) {
        match self.wanted {
            Some(wanted) => wanted.judge(value),
            None => add(&sink.counters.dropped_blocks, 1),
        }
    }

    /// Hashes and writes a piece of the payload. A failed write gives the block up; the rest of it is dropped.
    fn take(&mut self, bytes: &[u8], sink: &Sink) {
        let offset = self.taken;
        self.taken += bytes.len() as u64;
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

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
