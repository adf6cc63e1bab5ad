//! What the receiver knows of the links of a manifest.

use std::collections::HashMap;

use crate::names::MAX_NAME_BYTES;
use crate::page::PageError;

#[derive(Default)]
pub(crate) struct LinkTable {
    /// All targets, one behind the other.
    targets: String,
    /// Where in `targets` those of entries are: the first byte and the length.
    spans: HashMap<u32, (usize, u16)>,
    /// The entries by their nodes.
    nodes: HashMap<u32, u32>,
    /// The files of which hard links are other names.
    firsts: HashMap<u32, u32>,
}

impl LinkTable {
    /// Adds a symbolic link. Targets count as names, of which there are `names` bytes besides.
    pub(crate) fn add_target(&mut self, entry: u32, node: u32, target: &str, names: usize) -> Result<(), PageError> {
        if names + self.targets.len() + target.len() > MAX_NAME_BYTES {
            return Err(PageError::TooMuch);
        }
        let reserved = (self.targets.try_reserve(target.len()))
            .and_then(|()| self.spans.try_reserve(1))
            .and_then(|()| self.nodes.try_reserve(1));
        reserved.map_err(|_| PageError::NoMemory)?;
        let len = u16::try_from(target.len()).map_err(|_| PageError::BadTarget)?;
        self.spans.insert(entry, (self.targets.len(), len));
        self.nodes.insert(node, entry);
        self.targets.push_str(target);
        Ok(())
    }

    /// Adds a hard link: another name of the file `first`.
    pub(crate) fn add_name(&mut self, entry: u32, first: u32) -> Result<(), PageError> {
        self.firsts.try_reserve(1).map_err(|_| PageError::NoMemory)?;
        self.firsts.insert(entry, first);
        Ok(())
    }

    pub(crate) fn target(&self, entry: u32) -> Option<&str> {
        let (start, len) = *self.spans.get(&entry)?;
        self.targets.get(start..start + usize::from(len))
    }

    pub(crate) fn linked_to(&self, entry: u32) -> Option<u32> {
        self.firsts.get(&entry).copied()
    }

    /// Bytes of all targets.
    pub(crate) fn target_bytes(&self) -> usize {
        self.targets.len()
    }

    /// The symbolic link at a node.
    pub(crate) fn at(&self, node: u32) -> Option<u32> {
        self.nodes.get(&node).copied()
    }
}
