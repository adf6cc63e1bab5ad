//! One file whose bytes are held in memory: the text of a clipboard.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ultra_files::os::Time;
use ultra_files::{EntryKind, Linked, Look, Page, PageBuilder, PageEntry, SafePath};

use super::{Content, Described, Origin, small_len_of};
use crate::core::fault::Fault;
use crate::core::words::FileFault;

/// Clipboards hold passwords: what becomes a file of it is its owner's alone.
const MODE: u16 = 0o600;

pub struct Held {
    name: String,
    bytes: Arc<[u8]>,
}

impl Held {
    /// `None` without bytes, or when the name cannot travel.
    pub fn new(name: &str, bytes: Option<Arc<[u8]>>) -> Option<Self> {
        Some(Self {
            name: SafePath::parse(name.as_bytes()).map(|_| name.to_owned()).ok()?,
            bytes: bytes?,
        })
    }

    /// The manifest.
    pub fn page(&self) -> Option<Page> {
        let size = self.bytes.len() as u64;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut fingerprint = [0; 16];
        // What an earlier run received of the same text is gone on with, of another text not.
        fingerprint.copy_from_slice(blake3::hash(&self.bytes).as_bytes().first_chunk::<16>()?);
        let entry = PageEntry {
            kind: EntryKind::File,
            size: Some(size),
            data_bytes: size,
            mode: MODE,
            mtime: Time {
                secs: i64::try_from(now.as_secs()).ok()?,
                nanos: 0,
            },
            fingerprint,
            path: SafePath::parse(self.name.as_bytes()).ok()?,
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
            size,
        })
    }
}

impl Origin for Held {
    fn describe(&self, id: u32) -> Option<Described> {
        (id == 0).then(|| (self.name.clone(), EntryKind::File, self.bytes.len() as u64))
    }

    fn open(&self, _id: u32) -> Result<Box<dyn Content>, Fault> {
        Ok(Box::new(Bytes(self.bytes.clone())))
    }

    fn link_root(&self, _id: u32) -> Option<[u8; 32]> {
        None
    }

    fn small_len(&self, id: u32) -> Option<usize> {
        (id == 0).then(|| small_len_of(self.bytes.len() as u64)).flatten()
    }

    fn read_small(&self, _id: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        Bytes(self.bytes.clone()).read_at(0, buffer)
    }
}

struct Bytes(Arc<[u8]>);

impl Content for Bytes {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        let start = usize::try_from(offset).ok();
        let end = start.and_then(|start| start.checked_add(buffer.len()));
        let range = start.zip(end).and_then(|(start, end)| self.0.get(start..end));
        let bytes = range.ok_or_else(|| Fault::new(FileFault::Changed, "the text is shorter"))?;
        buffer.copy_from_slice(bytes);
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
