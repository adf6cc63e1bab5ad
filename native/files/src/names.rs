//! Many short names in one allocation: a million entries must not be a million strings.

use crate::path::check_component;

/// Most bytes of names of one transfer. Generous for real trees (each component is stored once), and a bound on what a hostile
/// manifest can make us hold.
const MAX_BYTES: usize = 256 << 20;

#[derive(Default)]
pub(crate) struct Names(String);

/// Where a name lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    start: u32,
    len: u8,
}

impl Names {
    /// Stores a plain component; `None` if it is not one, or there is no room.
    pub(crate) fn push(&mut self, name: &str) -> Option<Name> {
        check_component(name).ok()?;
        if self.0.len() + name.len() > MAX_BYTES {
            return None;
        }
        let start = u32::try_from(self.0.len()).ok()?;
        let len = u8::try_from(name.len()).ok()?;
        self.0.push_str(name);
        Some(Name { start, len })
    }

    pub(crate) fn get(&self, name: Name) -> &str {
        let start = name.start as usize;
        // A `Name` comes from `push` of the same `Names`, so it is in range; an empty name opens nothing.
        self.0.get(start..start + usize::from(name.len)).unwrap_or_default()
    }
}
