//! The journal of a part file, as bytes: which blocks are verified, with their values. Pure; `earlier.rs` and `part.rs` keep it on the disk.
//!
//! It is only ever appended to. A record that is torn or damaged costs its block and nothing else: each has a check of its own, which
//! covers the header, so that records of another journal are none.

use std::collections::TryReserveError;

use crate::os::{Stat, Time};

/// Bytes of a block: what a record stands for.
pub const JOURNAL_BLOCK_LEN: u64 = 1 << 20;

/// Bytes of the header, and of each record behind it.
pub(crate) const HEADER_LEN: usize = 56;
pub(crate) const RECORD_LEN: usize = 48;

const MAGIC: [u8; 8] = *b"ULTRAJNL";
const VERSION: u32 = 1;

/// In the place of a block's number: what is no block.
const CLEAN: u64 = u64::MAX;
const OPENED: u64 = u64::MAX - 1;

/// What a part is a part of. A journal with another header is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) size: u64,
    /// The source's, as its sender states it.
    pub(crate) fingerprint: [u8; 16],
    /// The inode of the part: a file that was put in its place is another one. (Numbers of devices change when a system starts anew.)
    pub(crate) inode: u64,
}

/// What the first bytes of a journal are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    Header(Header),
    /// Another version of `ultra` wrote it, or its blocks are of another size.
    OtherVersion,
    /// No header, or a damaged one.
    Broken,
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// The block is in the part and had this value.
    Block(u64, [u8; 32]),
    /// The part is durable, and this is what it looked like. Counts only as the last record of all.
    Clean(Look),
    /// A run has taken the part up and may write to it.
    Opened,
}

/// What changes when a file is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    size: u64,
    mtime: Time,
    ctime: Time,
}

/// What a journal says, read piece by piece.
pub(crate) struct Reading {
    header: Header,
    /// Ascending once [`Reading::finish`] was called.
    blocks: Vec<(u64, [u8; 32])>,
    last: Option<Record>,
}

/// What a journal says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// Blocks and their values, ascending, each once.
    pub(crate) blocks: Vec<(u64, [u8; 32])>,
    /// What the part looked like when it was left in good order.
    pub(crate) clean: Option<Look>,
}

impl Look {
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            size: stat.size,
            mtime: stat.mtime,
            ctime: stat.ctime,
        }
    }
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        let fields: [&[u8]; 6] = [
            &MAGIC,
            &VERSION.to_le_bytes(),
            &(JOURNAL_BLOCK_LEN as u32).to_le_bytes(),
            &self.size.to_le_bytes(),
            &self.fingerprint,
            &self.inode.to_le_bytes(),
        ];
        put(&mut bytes, &fields);
        let check = check(&[bytes.get(..HEADER_LEN - 8).unwrap_or_default()]);
        put_at(&mut bytes, HEADER_LEN - 8, &check);
        bytes
    }

    /// Blocks of the file.
    pub(crate) fn blocks(&self) -> u64 {
        self.size.div_ceil(JOURNAL_BLOCK_LEN)
    }
}

/// Reads a header.
pub(crate) fn begin(bytes: &[u8]) -> Begin {
    let Some(bytes) = bytes.first_chunk::<HEADER_LEN>() else {
        return Begin::Broken;
    };
    let (fields, stated) = bytes.split_at(HEADER_LEN - 8);
    if fields.get(..8) != Some(&MAGIC) || stated != check(&[fields]) {
        return Begin::Broken;
    }
    if number32(bytes, 8) != VERSION || u64::from(number32(bytes, 12)) != JOURNAL_BLOCK_LEN {
        return Begin::OtherVersion;
    }
    Begin::Header(Header {
        size: number(bytes, 16),
        fingerprint: array(bytes, 24),
        inode: number(bytes, 40),
    })
}

impl Record {
    pub(crate) fn encode(&self, header: &Header) -> [u8; RECORD_LEN] {
        let (number, value) = match self {
            Self::Block(block, value) => (*block, *value),
            Self::Opened => (OPENED, [0; 32]),
            Self::Clean(look) => {
                let mut value = [0; 32];
                let fields: [&[u8]; 5] = [
                    &look.size.to_le_bytes(),
                    &look.mtime.secs.to_le_bytes(),
                    &look.mtime.nanos.to_le_bytes(),
                    &look.ctime.nanos.to_le_bytes(),
                    &look.ctime.secs.to_le_bytes(),
                ];
                put(&mut value, &fields);
                (CLEAN, value)
            }
        };
        let mut bytes = [0; RECORD_LEN];
        put(&mut bytes, &[&number.to_le_bytes(), &value]);
        let check = check(&[bytes.get(..RECORD_LEN - 8).unwrap_or_default(), &header.encode()]);
        put_at(&mut bytes, RECORD_LEN - 8, &check);
        bytes
    }

    /// `None` for a damaged record, and for a block that the file does not have.
    fn decode(bytes: &[u8; RECORD_LEN], header: &Header, encoded: &[u8; HEADER_LEN]) -> Option<Self> {
        let (fields, stated) = bytes.split_at(RECORD_LEN - 8);
        if stated != check(&[fields, encoded]) {
            return None;
        }
        let value: [u8; 32] = array(bytes, 8);
        match number(bytes, 0) {
            OPENED => Some(Self::Opened),
            CLEAN => Some(Self::Clean(Look {
                size: number(&value, 0),
                mtime: Time {
                    secs: number(&value, 8) as i64,
                    nanos: number32(&value, 16),
                },
                ctime: Time {
                    secs: number(&value, 24) as i64,
                    nanos: number32(&value, 20),
                },
            })),
            block => (block < header.blocks()).then_some(Self::Block(block, value)),
        }
    }
}

impl Reading {
    pub(crate) fn new(header: Header) -> Self {
        Self {
            header,
            blocks: Vec::new(),
            last: None,
        }
    }

    /// Takes the next bytes behind the header, a whole number of records but for the last ones. An error: there is no memory for them.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), TryReserveError> {
        let encoded = self.header.encode();
        for bytes in bytes.chunks(RECORD_LEN) {
            let whole = <&[u8; RECORD_LEN]>::try_from(bytes).ok();
            self.last = whole.and_then(|bytes| Record::decode(bytes, &self.header, &encoded));
            if let Some(Record::Block(block, value)) = self.last {
                self.blocks.try_reserve(1)?;
                self.blocks.push((block, value));
            }
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Said {
        // Stable: of several records of a block the last one counts.
        self.blocks.reverse();
        self.blocks.sort_by_key(|(block, _)| *block);
        self.blocks.dedup_by_key(|(block, _)| *block);
        Said {
            blocks: self.blocks,
            clean: match self.last {
                Some(Record::Clean(look)) => Some(look),
                _ => None,
            },
        }
    }
}

fn check(parts: &[&[u8]]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    array(hasher.finalize().as_bytes(), 0)
}

fn put(bytes: &mut [u8], fields: &[&[u8]]) {
    let mut at = 0;
    for field in fields {
        put_at(bytes, at, field);
        at += field.len();
    }
}

fn put_at(bytes: &mut [u8], at: usize, field: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + field.len()) {
        place.copy_from_slice(field);
    }
}

fn array<const LEN: usize>(bytes: &[u8], at: usize) -> [u8; LEN] {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    found.copied().unwrap_or([0; LEN])
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

fn number32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
