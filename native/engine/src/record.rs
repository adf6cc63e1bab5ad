//! One record: the shape of every command and every event at the door.

use ultra_files::Kept;

use crate::layout::{EventKind, RECORD_LEN, offset};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    pub kind: u32,
    pub id: u32,
    pub entry: u32,
    pub payload: u32,
    pub first: f64,
    pub count: f64,
    pub bytes: [u8; 32],
}

impl Record {
    pub fn event(kind: EventKind, id: u32) -> Self {
        Self {
            kind: kind as u32,
            id,
            entry: 0,
            payload: 0,
            first: 0.0,
            count: 0.0,
            bytes: [0; 32],
        }
    }

    pub fn entry(mut self, entry: u32) -> Self {
        self.entry = entry;
        self
    }

    pub fn payload(mut self, payload: u32) -> Self {
        self.payload = payload;
        self
    }

    pub fn first(mut self, first: u64) -> Self {
        self.first = first as f64;
        self
    }

    pub fn count(mut self, count: u64) -> Self {
        self.count = count as f64;
        self
    }

    pub fn bytes(mut self, bytes: [u8; 32]) -> Self {
        self.bytes = bytes;
        self
    }

    pub fn write(&self, out: &mut [u8; RECORD_LEN]) {
        out[offset::KIND..offset::ID].copy_from_slice(&self.kind.to_le_bytes());
        out[offset::ID..offset::ENTRY].copy_from_slice(&self.id.to_le_bytes());
        out[offset::ENTRY..offset::PAYLOAD].copy_from_slice(&self.entry.to_le_bytes());
        out[offset::PAYLOAD..offset::FIRST].copy_from_slice(&self.payload.to_le_bytes());
        out[offset::FIRST..offset::COUNT].copy_from_slice(&self.first.to_le_bytes());
        out[offset::COUNT..offset::BYTES].copy_from_slice(&self.count.to_le_bytes());
        out[offset::BYTES..].copy_from_slice(&self.bytes);
    }

    pub fn read(record: &[u8; RECORD_LEN]) -> Self {
        let word = |at: usize| {
            let mut word = [0; 4];
            word.copy_from_slice(&record[at..at + 4]);
            u32::from_le_bytes(word)
        };
        let float = |at: usize| {
            let mut float = [0; 8];
            float.copy_from_slice(&record[at..at + 8]);
            f64::from_le_bytes(float)
        };
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&record[offset::BYTES..]);
        Self {
            kind: word(offset::KIND),
            id: word(offset::ID),
            entry: word(offset::ENTRY),
            payload: word(offset::PAYLOAD),
            first: float(offset::FIRST),
            count: float(offset::COUNT),
            bytes,
        }
    }
}

/// What a file system did not keep, as COMMITTED and FOLDERS_FINISHED have it: 1 the mode, 2 the time.
pub fn lost_bits(kept: Kept) -> u64 {
    u64::from(!kept.mode) | u64::from(!kept.time) << 1
}

/// A block number, count or size that came through the door: a whole number from 0 to 2^53.
pub fn whole(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    ((0.0..=EXACT).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_as_written() {
        let record = Record::event(EventKind::Verified, 7)
            .entry(8)
            .payload(9)
            .first(1 << 40)
            .count(3)
            .bytes([5; 32]);
        let mut bytes = [0; RECORD_LEN];
        record.write(&mut bytes);
        assert_eq!(Record::read(&bytes), record);
    }

    #[test]
    fn only_whole_numbers_in_range_pass() {
        assert_eq!(whole(5.0), Some(5));
        for bad in [-1.0, 0.5, f64::NAN, f64::INFINITY, 1e16] {
            assert_eq!(whole(bad), None, "{bad}");
        }
    }
}
