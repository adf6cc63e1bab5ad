//! Many short names in one allocation: a million entries must not be a million strings.

use crate::page::PageError;
use crate::path::check_component;

/// Most bytes of names of one transfer: `MAX_NAME_BYTES` of `docs/protocol.md`. Two million entries with the longest of names fit, as each
/// component is stored once; and it bounds what a hostile manifest can make us hold.
pub const MAX_NAME_BYTES: usize = 512 << 20;

#[derive(Default)]
pub(crate) struct Names(String);

/// Where a name lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    start: u32,
    len: u8,
}

impl Names {
    /// Stores a plain component.
    pub(crate) fn push(&mut self, name: &str) -> Result<Name, PageError> {
        check_component(name).map_err(PageError::BadPath)?;
        if self.0.len() + name.len() > MAX_NAME_BYTES {
            return Err(PageError::TooMuch);
        }
        let start = u32::try_from(self.0.len()).map_err(|_| PageError::TooMuch)?;
        let len = u8::try_from(name.len()).map_err(|_| PageError::TooMuch)?;
        self.0.try_reserve(name.len()).map_err(|_| PageError::NoMemory)?;
        self.0.push_str(name);
        Ok(Name { start, len })
    }

    /// Bytes of all names.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, name: Name) -> &str {
        let start = name.start as usize;
        // A `Name` comes from `push` of the same `Names`, so it is in range; an empty name opens nothing.
        self.0.get(start..start + usize::from(name.len)).unwrap_or_default()
    }
}
