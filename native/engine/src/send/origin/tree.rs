//! Files and folders that the user named.

use std::path::PathBuf;
use std::sync::Arc;

use ultra_files::{Look, Requests, Source as Files, SourceFile, Walk, WalkOptions};

use super::{Content, Described, Origin, small_len_of};
use crate::blocks::block_tree::BLOCK_LEN;
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
    pub fn open(paths: &[PathBuf], cache: Cache, options: WalkOptions) -> Result<(Self, Walk), Fault> {
        let (files, walk) = Walk::open_with(paths, options)?;
        Ok((Self { files, cache }, walk))
    }

    /// What a peer asks for, and the walk that looks for it.
    pub fn requested(requests: Requests, options: WalkOptions) -> (Self, Walk) {
        let (files, walk) = Walk::of_requests(requests, options);
        (Self::of(files), walk)
    }

    /// What was walked already.
    pub fn of(files: Arc<Files>) -> Self {
        Self {
            files,
            cache: Cache::Allowed,
        }
    }
}

impl Origin for Tree {
    fn describe(&self, id: u32) -> Option<Described> {
        let size = self.files.file_size(id).unwrap_or(0);
        Some((self.files.path(id)?, self.files.kind(id)?, size))
    }

    fn open(&self, id: u32) -> Result<Box<dyn Content>, Fault> {
        let file = self.files.open_entry(id)?;
        if self.cache == Cache::Forgotten {
            file.forget_cached();
        }
        Ok(Box::new(file))
    }

    fn files(&self) -> Option<Arc<Files>> {
        Some(self.files.clone())
    }

    fn link_root(&self, id: u32) -> Option<[u8; 32]> {
        self.files.link_root(id)
    }

    fn small_len(&self, id: u32) -> Option<usize> {
        small_len_of(self.files.file_size(id)?)
    }

    fn read_small(&self, id: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        if self.cache == Cache::Forgotten {
            let file = self.files.open_entry(id)?;
            file.forget_cached();
        }
        Ok(self.files.read_whole(id, buffer)?)
    }
}

impl Content for SourceFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        Ok(SourceFile::read_at(self, offset, buffer)?)
    }

    fn hole_blocks(&self, offset: u64) -> Result<u64, Fault> {
        if !self.may_have_holes() {
            return Ok(0);
        }
        let (data, size) = (self.next_data(offset)?, self.size());
        // A hole at the end takes the last block, whatever its length.
        let end = if data >= size {
            size.next_multiple_of(BLOCK_LEN)
        } else {
            data
        };
        Ok(end.saturating_sub(offset) / BLOCK_LEN)
    }

    fn look(&self) -> Result<Look, Fault> {
        Ok(SourceFile::look(self)?)
    }

    fn is_unlinked(&self) -> bool {
        SourceFile::is_unlinked(self)
    }
}
