//! What `--preserve` carries, as the receiver keeps it until the entry is committed.

use std::collections::HashMap;

use crate::extras::{Extras, Preserve, extras_of};
use crate::names::MAX_NAME_BYTES;
use crate::page::PageError;

#[derive(Default)]
pub(crate) struct ExtraTable {
    preserve: Preserve,
    bytes: Vec<u8>,
    /// Where in `bytes` those of entries are: the first byte and the length.
    spans: HashMap<u32, (usize, u16)>,
    /// Those that were added last: most entries of a tree have the same owner and nothing else.
    last: (usize, u16),
}

impl ExtraTable {
    pub(crate) fn new(preserve: Preserve) -> Self {
        Self {
            preserve,
            ..Self::default()
        }
    }

    /// Adds what the user wants of the fields in an extension. They count as names, of which there are `names` bytes besides.
    pub(crate) fn add(&mut self, entry: u32, extension: &[u8], names: usize) -> Result<(), PageError> {
        if !self.preserve.anything() {
            return Ok(());
        }
        let mut wanted = Extras::default();
        for extra in extras_of(extension).filter(|extra| self.preserve.wants(extra)) {
            // A sender of ours adds no more than fits.
            if !wanted.push(&extra) {
                return Err(PageError::BadExtension);
            }
        }
        let bytes = wanted.bytes();
        let Some(len) = u16::try_from(bytes.len()).ok().filter(|len| *len > 0) else {
            return Ok(());
        };
        self.spans.try_reserve(1).map_err(|_| PageError::NoMemory)?;
        if self.at(self.last) != bytes {
            if names + self.bytes.len() + bytes.len() > MAX_NAME_BYTES {
                return Err(PageError::TooMuch);
            }
            self.bytes.try_reserve(bytes.len()).map_err(|_| PageError::NoMemory)?;
            self.last = (self.bytes.len(), len);
            self.bytes.extend_from_slice(bytes);
        }
        self.spans.insert(entry, self.last);
        Ok(())
    }

    /// The fields of an entry.
    pub(crate) fn get(&self, entry: u32) -> &[u8] {
        self.spans.get(&entry).map_or(&[], |span| self.at(*span))
    }

    fn at(&self, (start, len): (usize, u16)) -> &[u8] {
        self.bytes.get(start..start + usize::from(len)).unwrap_or_default()
    }
}
