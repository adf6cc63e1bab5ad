//! Holes of files: they are not read, and a run of them is one frame.

use std::ops::Range;
use std::time::Instant;

use super::{PAYLOAD_AT, Source, SourceEntry, State};
use crate::blocks::block_tree::BLOCK_LEN;
use crate::blocks::codec::LaneCodec;
use crate::blocks::frame::{Encoding, FrameHeader, FramePlace, MAX_HOLE_BLOCKS, VALUE_LEN, block_count};
use crate::blocks::zeros::{ZEROS_AT_ONCE, root_of_zeros, values_of_zeros};
use crate::core::fault::Fault;
use crate::core::stats::lap;

impl Source {
    /// How many blocks from this one on are holes. 0 also for a file that cannot be read, which reading tells.
    pub fn hole_blocks(&self, id: u32, block: u64) -> u64 {
        let Ok(entry) = self.entry(id) else { return 0 };
        let holes = self
            .content_of(&entry)
            .and_then(|content| content.hole_blocks(block.saturating_mul(BLOCK_LEN)));
        holes.unwrap_or(0).min(MAX_HOLE_BLOCKS.into())
    }

    /// Puts the frame of some holes into `buffer`, and keeps their values; otherwise as [`Source::read_frame`].
    pub fn hole_frame(
        &self,
        codec: &dyn LaneCodec,
        id: u32,
        holes: Range<u64>,
        buffer: &mut [u8],
    ) -> Option<FramePlace> {
        let entry = self.entry(id).ok()?;
        if entry.values.lock().state == State::Failed {
            return None;
        }
        let start = Instant::now();
        let completes = match self.keep_zeros(&entry, holes.clone()) {
            Ok(completes) => completes,
            Err(fault) => {
                self.tell_failed(&entry, &fault);
                return None;
            }
        };
        lap(&self.counters.hash_time, start);
        let header = FrameHeader {
            entry: id,
            length: (holes.end - holes.start) as u32,
            block: holes.start,
            encoding: Encoding::Hole,
            sealed: false,
        };
        let len = codec.put_header(&header, &mut buffer[..PAYLOAD_AT]);
        if completes {
            self.seal(&entry);
        }
        let start = PAYLOAD_AT - len;
        Some(FramePlace { start, len })
    }

    /// Keeps the values of holes, as [`Source::keep`].
    fn keep_zeros(&self, entry: &SourceEntry, holes: Range<u64>) -> Result<bool, Fault> {
        let root = (block_count(entry.size) == 1).then(|| root_of_zeros(entry.size));
        let mut completes = false;
        let mut values = [[0; VALUE_LEN]; ZEROS_AT_ONCE];
        let mut next = holes.start;
        while next < holes.end {
            let blocks: Vec<u64> = (next..holes.end).take(ZEROS_AT_ONCE).collect();
            next += blocks.len() as u64;
            let values = &mut values[..blocks.len()];
            values_of_zeros(entry.size, &blocks, values);
            for (block, value) in blocks.iter().zip(values) {
                completes |= self.keep(entry, *block, *value, root)?;
            }
        }
        Ok(completes)
    }
}
