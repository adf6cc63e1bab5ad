//! Packs: files of one block travel back to back in one send buffer, each sealed in its frame.

use std::time::{Duration, Instant};

use super::source::Source;
use crate::blocks::block_table::{Full, no_room};
use crate::blocks::codec::LaneCodec;
use crate::blocks::frame::{Encoding, FrameHeader, FramePlace, VALUE_LEN};
use crate::blocks::zeros::is_zeros;
use crate::core::fault::Fault;
use crate::core::stats::add;

/// Most files of a pack: bounds how long one reader works before the network gets something.
const MAX_PACK_FILES: usize = 512;

/// Gives the entries of a pack: the next file of one block, and its length, if its frame has that much room.
pub type NextSmall<'a> = dyn FnMut(usize) -> Option<(u32, usize)> + 'a;

impl Source {
    /// Reads files of one block, hashes them, and puts their sealed frames back to back into `buffer`. A file that cannot be read, or has
    /// changed, is reported and left out.
    pub fn read_pack(&self, codec: &dyn LaneCodec, next: &mut NextSmall<'_>, buffer: &mut [u8]) -> FramePlace {
        let mut len = 0;
        let (mut reading, mut hashing, mut bytes) = (Duration::ZERO, Duration::ZERO, 0);
        let mut now = Instant::now();
        for _ in 0..MAX_PACK_FILES {
            let overhead = codec.header_len() + VALUE_LEN;
            let room = buffer.len() - len;
            let Some((id, size)) = next(room.saturating_sub(overhead)) else {
                break;
            };
            let Some(place) = buffer.get_mut(len..len + overhead + size) else {
                break;
            };
            let (before, payload) = place.split_at_mut(codec.header_len());
            let read = self.origin.read_small(id, &mut payload[..size]);
            let then = Instant::now();
            reading += then - now;
            let packed = read.and_then(|()| self.seal_small(id, &payload[..size]));
            now = Instant::now();
            hashing += now - then;
            bytes += size as u64;
            match packed {
                Ok((header, root)) => {
                    codec.put_header(&header, before);
                    let kept = header.payload_len();
                    let value = match header.encoding {
                        Encoding::Raw => codec.put_value(&root, &mut payload[kept..]),
                        Encoding::Hole => 0,
                    };
                    len += codec.header_len() + kept + value;
                }
                Err(fault) => self.tell_fault(id, &fault),
            }
        }
        add(&self.counters.read_time, nanos(reading));
        add(&self.counters.hash_time, nanos(hashing));
        add(&self.counters.read_bytes, bytes);
        FramePlace { start: 0, len }
    }

    /// The header of a small file's frame, and the file's root, which must be the one that it was sent with before.
    fn seal_small(&self, id: u32, payload: &[u8]) -> Result<(FrameHeader, [u8; 32]), Fault> {
        let root = *blake3::hash(payload).as_bytes();
        match self.roots.get(id) {
            None => self.roots.set(id, root).map_err(|_| no_room(Full::Memory))?,
            Some(sent) if sent == root => {}
            Some(_) => return Err(self.changed(id)),
        }
        let zeros = is_zeros(payload);
        let header = FrameHeader {
            entry: id,
            length: if zeros { 1 } else { payload.len() as u32 },
            block: 0,
            encoding: if zeros { Encoding::Hole } else { Encoding::Raw },
            sealed: true,
        };
        Ok((header, root))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
