//! Files of which the ctime alone moved while they were sent, or that have grown where that is allowed: they are read again, and sealed if their
//! bytes are those that were sent. Backups that make hard links (`cp -al`) touch every file in this way, and so does a log that is written.

use ultra_files::Look;

use super::source::{Source, SourceEntry};
use crate::blocks::block_tree::BLOCK_LEN;
use crate::blocks::frame::block_len;
use crate::core::fault::Fault;

/// How often a file is read again that is touched each time meanwhile.
const MOST_REREADS: usize = 8;

impl Source {
    /// The root of a file whose bytes are still those that were sent.
    pub(super) fn reread_root(&self, entry: &SourceEntry) -> Result<[u8; 32], Fault> {
        let content = self.content_of(entry)?;
        let sent = self.sealed_root(entry)?;
        for _ in 0..MOST_REREADS {
            if self.root_now(entry)? != Some(sent) {
                return Err(self.changed(entry.id));
            }
            match content.look()? {
                // What was compared is what the file held at one moment; what is behind the end is not sent.
                Look::Same | Look::Grown => return Ok(sent),
                Look::Touched | Look::Changed => {}
            }
        }
        Err(self.changed(entry.id))
    }

    /// The root of what the file holds now; nothing when its entry is over, and nobody waits for it.
    fn root_now(&self, entry: &SourceEntry) -> Result<Option<[u8; 32]>, Fault> {
        let content = self.content_of(entry)?;
        let mut hasher = blake3::Hasher::new();
        let mut bytes = vec![0; BLOCK_LEN as usize];
        let mut offset = 0;
        while offset < entry.size {
            if entry.is_over() {
                return Ok(None);
            }
            let length = block_len(entry.size, offset / BLOCK_LEN) as usize;
            content.read_at(offset, &mut bytes[..length])?;
            hasher.update(&bytes[..length]);
            offset += length as u64;
        }
        Ok(Some(*hasher.finalize().as_bytes()))
    }
}

#[cfg(test)]
#[path = "reread_tests.rs"]
mod tests;
