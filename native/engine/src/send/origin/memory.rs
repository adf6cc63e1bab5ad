//! One file whose bytes need no disk. For measurements.

use ultra_files::os::Time;
use ultra_files::{EntryKind, Linked, Look, Page, PageBuilder, PageEntry, SafePath};

use super::{Content, Described, Origin, small_len_of};
use crate::core::fault::Fault;

/// The name of the only entry: it is never written to a disk.
const NAME: &str = "memory";

pub struct Memory {
    pub size: u64,
}

impl Memory {
    /// The manifest.
    pub fn page(&self) -> Option<Page> {
        let entry = PageEntry {
            kind: EntryKind::File,
            size: Some(self.size),
            data_bytes: self.size,
            mode: 0o600,
            mtime: Time { secs: 0, nanos: 0 },
            fingerprint: [0; 16],
            path: SafePath::parse(NAME.as_bytes()).ok()?,
            linked: Linked::None,
        };
        let mut builder = PageBuilder::new();
        if !builder.push(&entry) {
            return None;
        }
        let (count, bytes) = builder.take();
        Some(Page {
            first: 0,
            count,
            bytes,
            files: 1,
            size: self.size,
        })
    }
}

impl Origin for Memory {
    fn describe(&self, id: u32) -> Option<Described> {
        (id == 0).then(|| (NAME.to_owned(), EntryKind::File, self.size))
    }

    fn open(&self, _id: u32) -> Result<Box<dyn Content>, Fault> {
        Ok(Box::new(Filled))
    }

    fn link_root(&self, _id: u32) -> Option<[u8; 32]> {
        None
    }

    fn small_len(&self, id: u32) -> Option<usize> {
        (id == 0).then(|| small_len_of(self.size)).flatten()
    }

    fn read_small(&self, _id: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        buffer.fill(FILL);
        Ok(())
    }
}

/// Each byte of it: not zero, so that bytes travel and not holes.
const FILL: u8 = 0xa5;

struct Filled;

impl Content for Filled {
    /// Fills the buffer, although any bytes would do to measure a path: blocks are read again after a lost connection, and must then be
    /// what they were. Buffers come from a pool that all sources share.
    fn read_at(&self, _offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        buffer.fill(FILL);
        Ok(())
    }

    fn hole_blocks(&self, _offset: u64) -> Result<u64, Fault> {
        Ok(0)
    }

    fn look(&self) -> Result<Look, Fault> {
        Ok(Look::Same)
    }

    fn is_unlinked(&self) -> bool {
        false
    }
}
