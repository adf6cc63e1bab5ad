//! Takes a lane's bytes apart, block by block, straight from QUIC's receive buffers to the part file.

use std::sync::Arc;
use std::time::Instant;

use super::sink::{Claim, Claimed, Sink, SmallClaim};
use crate::blocks::block_tree::{BLOCK_LEN, BlockHasher};
use crate::blocks::codec::{LaneCodec, LaneDecoder, Part};
use crate::blocks::frame::{Encoding, FrameHeader, Preface, VALUE_LEN, block_len};
use crate::blocks::zeros::{ZEROS_AT_ONCE, root_of_zeros, values_of_zeros, zeros};
use crate::core::stats::{add, lap};

/// The reader of one lane. What is incomplete is kept here, never in a shared place.
pub struct LaneReader {
    /// `None` after an error: nothing more is read.
    decoder: Option<Box<dyn LaneDecoder>>,
    /// From a header to its value.
    frame: Option<Frame>,
    /// What the lane says of itself, once it has.
    pub preface: Option<Preface>,
    /// Writes to a file wait for each other, and blocks come without values.
    is_plain: bool,
    /// Files of one block that have arrived one after the other and were not told: first entry and count.
    arrived: Option<(u32, u32)>,
}

/// A frame being received.
struct Frame {
    header: FrameHeader,
    /// Payload bytes that came.
    taken: u64,
    wanted: Wanted,
}

/// What is done with a frame's bytes.
enum Wanted {
    /// They are consumed and dropped.
    No,
    Block {
        claim: Claim,
        hasher: Box<BlockHasher>,
    },
    Small {
        claim: SmallClaim,
        hash: SmallHash,
    },
}

/// The hash of a small file while its bytes come.
enum SmallHash {
    /// No byte has come.
    Empty,
    /// All bytes came at once.
    Whole([u8; 32]),
    /// They come in pieces.
    Pieces(Box<blake3::Hasher>),
}

impl LaneReader {
    pub fn new(codec: &dyn LaneCodec) -> Self {
        Self {
            decoder: Some(codec.decoder()),
            frame: None,
            preface: None,
            is_plain: codec.is_plain(),
            arrived: None,
        }
    }

    /// Whether the lane may end here: between frames, and anywhere if its transfer is over, as its frames are no longer looked at.
    pub fn may_end(&self, sink: &Sink) -> bool {
        self.is_late(sink) || self.decoder.as_ref().is_some_and(|decoder| decoder.is_between_frames())
    }

    /// Consumes bytes. `Err`: the peer broke the format.
    pub fn feed(&mut self, bytes: &[u8], sink: &Arc<Sink>) -> Result<(), &'static str> {
        if self.is_late(sink) {
            // What it had claimed is the earlier sink's.
            self.frame = None;
            return Ok(());
        }
        let result = self.read(bytes, sink);
        self.tell_arrived(sink);
        if result.is_err() {
            self.decoder = None;
            self.frame = None;
        }
        result
    }

    /// Whether the lane belongs to a transfer that is over on its link: nothing of it reaches the next one.
    fn is_late(&self, sink: &Sink) -> bool {
        self.preface.is_some_and(|preface| preface.transfer < sink.transfer())
    }

    fn read(&mut self, mut bytes: &[u8], sink: &Arc<Sink>) -> Result<(), &'static str> {
        while let Some(decoder) = &mut self.decoder
            && let Some(part) = decoder.next(&mut bytes)?
        {
            match part {
                Part::Preface(preface) => {
                    self.preface = Some(preface);
                    if preface.transfer > sink.transfer() {
                        return Err("a lane of a transfer that was not offered");
                    }
                    if self.is_late(sink) {
                        return Ok(());
                    }
                }
                Part::Header(header) => match header.encoding {
                    Encoding::Raw => self.frame = Some(Frame::begin(header, sink)?),
                    Encoding::Hole => self.holes(header, sink)?,
                },
                Part::Payload(bytes) => {
                    if let Some(frame) = &mut self.frame {
                        frame.take(bytes, sink, self.is_plain);
                    }
                }
                Part::Value(value) => {
                    if let Some(frame) = self.frame.take()
                        && let Some(entry) = frame.end(&value, sink)
                    {
                        self.has_arrived(entry, sink);
                    }
                }
                Part::End => {
                    if let Some(frame) = self.frame.take() {
                        frame.end_unseen(sink);
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes a run of blocks of zeros.
    fn holes(&mut self, header: FrameHeader, sink: &Arc<Sink>) -> Result<(), &'static str> {
        let size = sink.check(&header)?;
        let mut claims = Vec::new();
        for block in header.block..header.block + header.blocks() {
            match sink.claim(header.entry, block, size)? {
                None => add(&sink.counters.dropped_blocks, 1),
                Some(Claimed::Block(claim)) => claims.push(claim),
                Some(Claimed::Small(mut claim)) => {
                    let root = root_of_zeros(claim.len());
                    if claim.fill() && claim.complete(root, header.sealed) {
                        self.has_arrived(header.entry, sink);
                    }
                }
            }
            if claims.len() == ZEROS_AT_ONCE {
                take_holes(std::mem::take(&mut claims), size, sink);
            }
        }
        take_holes(claims, size, sink);
        Ok(())
    }

    fn has_arrived(&mut self, entry: u32, sink: &Sink) {
        if let Some((first, count)) = &mut self.arrived
            && *first + *count == entry
        {
            *count += 1;
            return;
        }
        self.tell_arrived(sink);
        self.arrived = Some((entry, 1));
    }

    fn tell_arrived(&mut self, sink: &Sink) {
        if let Some((first, count)) = self.arrived.take() {
            sink.tell_arrived(first, count);
        }
    }
}

impl Frame {
    /// Claims the block that a header announces.
    fn begin(header: FrameHeader, sink: &Arc<Sink>) -> Result<Self, &'static str> {
        let size = sink.check(&header)?;
        let wanted = match sink.claim(header.entry, header.block, size)? {
            None => Wanted::No,
            Some(Claimed::Block(claim)) => Wanted::Block {
                claim,
                hasher: Box::new(BlockHasher::new(header.block)),
            },
            Some(Claimed::Small(claim)) => Wanted::Small {
                claim,
                hash: SmallHash::Empty,
            },
        };
        Ok(Self {
            header,
            taken: 0,
            wanted,
        })
    }

    /// Compares what came with what the sender says it read. A file of one block that has arrived with its seal is returned.
    fn end(self, value: &[u8; VALUE_LEN], sink: &Sink) -> Option<u32> {
        match self.wanted {
            Wanted::No => add(&sink.counters.dropped_blocks, 1),
            Wanted::Block { claim, hasher } => {
                let (actual, root) = hasher.finish();
                if actual == *value {
                    claim.verified(actual, root);
                } else {
                    claim.mismatched();
                }
            }
            Wanted::Small { claim, hash } => {
                let (root, actual) = hash.finish(self.header.sealed);
                if actual != *value {
                    claim.mismatched();
                } else if claim.complete(root, self.header.sealed) {
                    return Some(self.header.entry);
                }
            }
        }
        None
    }

    /// Takes what came as what the sender read: in a dialect without values only the seal of the whole file tells.
    fn end_unseen(self, sink: &Sink) {
        match self.wanted {
            Wanted::No => add(&sink.counters.dropped_blocks, 1),
            Wanted::Block { claim, hasher } => {
                let (value, root) = hasher.finish();
                claim.verified(value, root);
            }
            Wanted::Small { claim, hash } => {
                let (root, _) = hash.finish(false);
                claim.complete(root, false);
            }
        }
    }

    /// Hashes and writes a piece of the payload. A failed write gives the block up; the rest of it is dropped.
    fn take(&mut self, bytes: &[u8], sink: &Sink, in_turn: bool) {
        let offset = self.taken;
        self.taken += bytes.len() as u64;
        let start = Instant::now();
        let written = match &mut self.wanted {
            Wanted::No => return,
            Wanted::Block { claim, hasher } => {
                hasher.update(bytes);
                let hashed = lap(&sink.counters.receive_hash_time, start);
                let at = self.header.block * BLOCK_LEN + offset;
                let written = claim.write_at(at, bytes, in_turn);
                lap(&sink.counters.write_time, hashed);
                written
            }
            Wanted::Small { claim, hash } => {
                // An unsealed frame needs the other kind of value, too.
                hash.update(bytes, self.header.sealed && bytes.len() as u64 == claim.len());
                let hashed = lap(&sink.counters.receive_hash_time, start);
                let written = claim.write(offset, bytes);
                lap(&sink.counters.write_time, hashed);
                written
            }
        };
        if !written {
            self.wanted = Wanted::No;
        }
    }
}

impl SmallHash {
    fn update(&mut self, bytes: &[u8], whole: bool) {
        match self {
            Self::Empty if whole => *self = Self::Whole(*blake3::hash(bytes).as_bytes()),
            Self::Empty | Self::Whole(_) => {
                let mut hasher = Box::new(blake3::Hasher::new());
                hasher.update(bytes);
                *self = Self::Pieces(hasher);
            }
            Self::Pieces(hasher) => {
                hasher.update(bytes);
            }
        }
    }

    /// The root, and what stands behind the payload of a right frame.
    fn finish(self, sealed: bool) -> ([u8; 32], [u8; 32]) {
        use blake3::hazmat::HasherExt;
        match self {
            Self::Empty => ([0; 32], [0; 32]),
            Self::Whole(root) => (root, root),
            Self::Pieces(hasher) => {
                let root = *hasher.finalize().as_bytes();
                (root, if sealed { root } else { hasher.finalize_non_root() })
            }
        }
    }
}

/// Takes some blocks of zeros, at most [`ZEROS_AT_ONCE`].
fn take_holes(mut claims: Vec<Claim>, size: u64, sink: &Sink) {
    let start = Instant::now();
    claims.retain(|claim| fill(claim, size));
    let blocks: Vec<u64> = claims.iter().map(Claim::block).collect();
    let mut values = vec![[0; VALUE_LEN]; blocks.len()];
    values_of_zeros(size, &blocks, &mut values);
    lap(&sink.counters.receive_hash_time, start);
    for (claim, value) in claims.into_iter().zip(values) {
        claim.verified(value, None);
    }
}

/// Makes a block zeros. `false`: its file has failed.
fn fill(claim: &Claim, size: u64) -> bool {
    let (entry, block) = (claim.entry(), claim.block());
    if !entry.open() {
        return false;
    }
    // Zeros cover what an earlier wrong block left.
    claim.is_blank() || claim.write_at(block * BLOCK_LEN, zeros(block_len(size, block) as usize), false)
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "small_tests.rs"]
mod small_tests;

#[cfg(test)]
#[path = "hole_tests.rs"]
mod hole_tests;

#[cfg(test)]
#[path = "plain_tests.rs"]
mod plain_tests;
