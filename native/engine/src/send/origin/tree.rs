//! Files and folders that the user named.

use std::path::PathBuf;
use std::sync::Arc;

use ultra_files::{Source as Files, SourceFile, Walk};

use super::{Content, Described, Origin};
use crate::core::fault::Fault;

pub struct Tree {
    files: Arc<Files>,
    cache: Cache,
}

/// Whether reads may come from the system's memory. Not when a disk is to be measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    Allowed,
    Forgotten,
}

impl Tree {
    /// The user's arguments, and the walk over them.
    pub fn open(paths: &[PathBuf], cache: Cache) -> Result<(Self, Walk), Fault> {
        let (files, walk) = Walk::open(paths)?;
        Ok((Self { files, cache }, walk))
    }
}

impl Origin for Tree {
    fn describe(&self, id: u32) -> Option<Described> {
        let size = self.files.size(id).unwrap_or(0);
        Some((self.files.path(id)?, self.files.kind(id)?, size))
    }

    fn open(&self, id: u32) -> Result<Box<dyn Content>, Fault> {
        let file = self.files.open_entry(id)?;
        if self.cache == Cache::Forgotten {
            file.forget_cached();
        }
        Ok(Box::new(file))
    }
}

impl Content for SourceFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        Ok(SourceFile::read_at(self, offset, buffer)?)
    }

    fn check_unchanged(&self) -> Result<(), Fault> {
        Ok(SourceFile::check_unchanged(self)?)
    }
}
