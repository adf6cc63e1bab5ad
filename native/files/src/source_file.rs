//! A source file that is open for reading, and whether it is still what it was.

use std::io;

use parking_lot::Mutex;

use crate::error::{ErrorClass, FileError};
use crate::fingerprint::{Look, compare};
use crate::os::{Errors, File, NativeFile, Stat, System};
use crate::part::KEPT_BEHIND;
use crate::way::Way;

/// Bytes that are forgotten together: the system may have to ask every core for each call.
const FORGET_STEP: u64 = 8 << 20;

/// An open source file.
pub struct SourceFile {
    pub(crate) file: NativeFile,
    /// Bytes that are sent of it: those that the walk saw.
    pub(crate) size: u64,
    /// As it was at the last look; at first, when it was opened.
    pub(crate) seen: Mutex<Stat>,
    pub(crate) has_holes: bool,
    /// More bytes behind those that are sent are no change.
    pub(crate) allow_growing: bool,
    pub(crate) path: String,
    /// It is so large that the machine's other files would leave its memory for it.
    pub(crate) forgets: bool,
    /// Of a file that a peer has asked for by its name: when another one has this name, it is not sent any more.
    pub(crate) way: Option<Way>,
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

    /// Bytes that are sent of it.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fills `bytes` from `offset` on. A file that ends before has shrunk: nothing is padded.
    pub fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<(), FileError> {
        read_exactly(&self.file, offset, bytes).map_err(|(at, error)| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                return self.changed("it became shorter while it was sent");
            }
            FileError::new("read", &*self.path, &error).at(at)
        })?;
        let end = offset + bytes.len() as u64;
        if self.forgets && end.is_multiple_of(FORGET_STEP) && end >= KEPT_BEHIND + FORGET_STEP {
            self.file.forget_range(end - KEPT_BEHIND - FORGET_STEP, FORGET_STEP);
        }
        Ok(())
    }

    /// Whether the file may have holes, so that it is worth asking for them.
    pub fn may_have_holes(&self) -> bool {
        self.has_holes
    }

    /// Where data begins at or behind `offset`; the end of the file if only a hole follows.
    pub fn next_data(&self, offset: u64) -> Result<u64, FileError> {
        let size = self.size;
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
        let size = self.size;
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

    /// Compares the file with what it was at the last look, and keeps what it is now for the next one.
    ///
    /// After [`Look::Same`] everything that was read since then belongs together. After [`Look::Touched`] or [`Look::Grown`] it does if it is read
    /// again and is the same. What cannot be sent any more is an error.
    pub fn look(&self) -> Result<Look, FileError> {
        let stat = self.file.stat();
        let now = stat.map_err(|error| FileError::new("read", &*self.path, &error))?;
        let mut seen = self.seen.lock();
        let look = match compare(&seen, &now) {
            Look::Changed if self.allow_growing && now.size >= seen.size && now.size > self.size => Look::Grown,
            Look::Changed => return Err(self.changed("it changed while it was sent")),
            look => look,
        };
        if self.way.as_ref().is_some_and(|way| way.leads_elsewhere(&now)) {
            return Err(self.changed("another file has taken its name while it was sent"));
        }
        *seen = now;
        Ok(look)
    }

    /// Whether the file had no name any more at the last look: it will be gone with this descriptor.
    pub fn is_unlinked(&self) -> bool {
        self.seen.lock().links == 0
    }

    fn changed(&self, why: &'static str) -> FileError {
        FileError::rule(ErrorClass::Changed, "send", &*self.path, why)
    }
}

/// Fills `bytes` from `offset` on. An error comes with the place that could not be read; `UnexpectedEof` if the file ends before.
pub(crate) fn read_exactly(file: &NativeFile, offset: u64, bytes: &mut [u8]) -> Result<(), (u64, io::Error)> {
    let mut done = 0;
    while done < bytes.len() {
        let at = offset + done as u64;
        match file.read_some_at(at, &mut bytes[done..]) {
            Ok(0) => return Err((at, io::ErrorKind::UnexpectedEof.into())),
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((at, error)),
        }
    }
    Ok(())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::os::{Folder, NativeFolder};

    /// A file of which the system can read nothing: the memory of this process, where nothing is mapped.
    #[test]
    fn e8_a_place_that_cannot_be_read_is_named_with_its_offset() {
        let folder = NativeFolder::open(std::path::Path::new("/proc/self")).expect("a folder");
        let file = folder.open_file("mem").expect("a file");
        let seen = Mutex::new(file.stat().expect("a status"));
        let source = SourceFile {
            file,
            size: 1 << 20,
            seen,
            has_holes: false,
            allow_growing: false,
            path: "disk.img".to_owned(),
            forgets: false,
            way: None,
        };
        let error = source.read_at(8192, &mut [0; 100]).expect_err("nothing there");
        assert_eq!((error.class, error.at), (ErrorClass::Io, Some(8192)));
        assert_eq!(
            error.to_string(),
            "cannot read \"disk.img\" at byte 8192: input/output error"
        );
    }
}
