//! A source file that is open for reading, and whether it is still what it was.

use crate::error::{ErrorClass, FileError};
use crate::holes::may_have_holes;
use crate::os::{Errors, File, NativeFile, Stat, System};
use crate::part::KEPT_BEHIND;

/// Bytes that are forgotten together: the system may have to ask every core for each call.
const FORGET_STEP: u64 = 8 << 20;

/// An open source file, as it was when it was opened.
pub struct SourceFile {
    pub(crate) file: NativeFile,
    pub(crate) opened: Stat,
    pub(crate) path: String,
    /// It is so large that the machine's other files would leave its memory for it.
    pub(crate) forgets: bool,
}

impl Drop for SourceFile {
    fn drop(&mut self) {
        if self.forgets {
            self.file.forget_cached();
        }
    }
}

impl SourceFile {
    /// Makes reads come from the disk and not from memory, as far as the system does that: for measurements.
    pub fn forget_cached(&self) {
        self.file.forget_cached();
    }

    /// Bytes of the file, as it was opened.
    pub fn size(&self) -> u64 {
        self.opened.size
    }

    /// Fills `bytes` from `offset` on. A file that ends before has shrunk: nothing is padded.
    pub fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<(), FileError> {
        self.file.read_all_at(offset, bytes).map_err(|error| {
            if error.kind() == std::io::ErrorKind::UnexpectedEof {
                return self.changed("it became shorter while it was sent");
            }
            FileError::new("read", &*self.path, &error)
        })?;
        let end = offset + bytes.len() as u64;
        if self.forgets && end.is_multiple_of(FORGET_STEP) && end >= KEPT_BEHIND + FORGET_STEP {
            self.file.forget_range(end - KEPT_BEHIND - FORGET_STEP, FORGET_STEP);
        }
        Ok(())
    }

    /// Whether the file may have holes, so that it is worth asking for them.
    pub fn may_have_holes(&self) -> bool {
        may_have_holes(&self.opened)
    }

    /// Where data begins at or behind `offset`; the end of the file if only a hole follows.
    pub fn next_data(&self, offset: u64) -> Result<u64, FileError> {
        let size = self.opened.size;
        if offset >= size {
            return Ok(size);
        }
        match self.file.next_data(offset) {
            Ok(data) => Ok(data.map_or(size, |data| data.min(size))),
            // A file system without such a call has no holes to tell of.
            Err(error) if System::is_unsupported(&error) => Ok(offset),
            Err(error) => Err(FileError::new("read", &*self.path, &error)),
        }
    }

    /// Where a hole begins at or behind `offset`: at the end of the file at the latest.
    pub fn next_hole(&self, offset: u64) -> Result<u64, FileError> {
        let size = self.opened.size;
        if offset >= size {
            return Ok(size);
        }
        match self.file.next_hole(offset) {
            Ok(hole) => Ok(hole.min(size)),
            Err(error) if System::is_unsupported(&error) => Ok(size),
            // It became shorter, which reading it tells.
            Err(error) if System::is_behind_end(&error) => Ok(size),
            Err(error) => Err(FileError::new("read", &*self.path, &error)),
        }
    }

    /// Whether the file is still the one that was opened: everything read from it belongs together.
    pub fn check_unchanged(&self) -> Result<(), FileError> {
        let stat = self.file.stat();
        let now = stat.map_err(|error| FileError::new("read", &*self.path, &error))?;
        let same = now.size == self.opened.size && now.mtime == self.opened.mtime;
        // Losing its last name changes the ctime, but no byte.
        let unlinked = now.links == 0 && self.opened.links > 0;
        if same && (now.ctime == self.opened.ctime || unlinked) {
            return Ok(());
        }
        Err(self.changed("it changed while it was sent"))
    }

    fn changed(&self, why: &'static str) -> FileError {
        FileError::rule(ErrorClass::Changed, "send", &*self.path, why)
    }
}
