//! A file while it is incomplete: a temporary name in its final folder.

use std::io;
use std::sync::Arc;

use crate::error::{ErrorClass, FileError};
use crate::os::{Errors, File, Folder, NativeFolder, Process, System, Time};
use crate::reserved::Reserved;

/// From this size on a file leaves the system's memory behind its transfer.
pub(crate) const LARGE: u64 = 256 << 20;

/// Bytes behind the place of work that stay in memory: their write-back was begun and may still go on.
pub(crate) const KEPT_BEHIND: u64 = 64 << 20;

/// Names to try. With 128 random bits the first is free unless an attacker plants names, and the next cannot be planted.
const ATTEMPTS: u32 = 8;

/// An open part file. Several threads may write to it at once.
pub struct Part<F: Folder = NativeFolder> {
    folder: Arc<F>,
    file: F::File,
    name: String,
    /// The path it will have, for messages.
    path: String,
    size: Option<u64>,
    /// It is so large that the machine's other files would leave its memory for it.
    forgets: bool,
}

/// What a file system kept of a file besides its contents. CIFS, Android's shared storage and many network disks refuse modes or
/// times; the contents are worth having without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    pub mode: bool,
    pub time: bool,
    /// Names of one file are names of one file; `false` where a copy had to do.
    pub links: bool,
    /// Owner and group, extended attributes, ACLs: always `true` where the user did not want them.
    pub owner: bool,
    pub xattrs: bool,
    pub acl: bool,
}

impl Kept {
    pub const ALL: Self = Self {
        mode: true,
        time: true,
        links: true,
        owner: true,
        xattrs: true,
        acl: true,
    };

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            mode: self.mode && other.mode,
            time: self.time && other.time,
            links: self.links && other.links,
            owner: self.owner && other.owner,
            xattrs: self.xattrs && other.xattrs,
            acl: self.acl && other.acl,
        }
    }
}

/// Whether the file system kept what it was given; `false` where it refuses such things.
pub(crate) fn kept(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Err(error) if System::is_refused(&error) => Ok(false),
        result => result.map(|()| true),
    }
}

/// Whether a sync of a folder did something; file systems that cannot do it say EINVAL.
pub(crate) fn durable(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if System::is_unsupported(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Starts writing a range to the disk. A failure is one of a write: a sync that follows need not tell it again.
pub(crate) fn begin_sync(file: &impl File, offset: u64, len: u64) -> io::Result<()> {
    match file.start_sync(offset, len) {
        Err(error) if System::is_unsupported(&error) => Ok(()),
        result => result,
    }
}

impl<F: Folder> Part<F> {
    /// Creates the part of the file `path` in its folder and reserves `size` bytes for it, unless it is to have holes.
    pub(crate) fn create(folder: Arc<F>, path: String, size: Option<u64>, sparse: bool) -> Result<Self, FileError> {
        let fail = |error: &io::Error| FileError::new("create a part file for", path.clone(), error);
        for attempt in 1.. {
            let name = random_name().map_err(|error| fail(&error))?;
            match folder.create_file(&name) {
                Ok(file) => {
                    let forgets = size.is_some_and(|size| size >= LARGE) && !file.is_in_memory();
                    let part = Self {
                        folder,
                        file,
                        name,
                        path,
                        size,
                        forgets,
                    };
                    return part.reserved(sparse);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => {}
                Err(error) => return Err(fail(&error)),
            }
        }
        Err(fail(&io::ErrorKind::AlreadyExists.into()))
    }

    /// Reserves the space, so that a full disk shows now and not after hours. Without it the part goes.
    fn reserved(self, sparse: bool) -> Result<Self, FileError> {
        let size = self.size.unwrap_or(0);
        if size == 0 {
            return Ok(self);
        }
        let mut result = match sparse {
            true => self.file.set_size(size),
            false => self.file.allocate(size),
        };
        if result.as_ref().is_err_and(System::is_refused) {
            result = self.file.set_size(size);
        }
        // Where a file cannot be grown, it grows with what is written.
        if result.as_ref().is_err_and(System::is_refused) {
            result = Ok(());
        }
        match result {
            Ok(()) => Ok(self),
            Err(error) => {
                // Whatever it reserved before it failed goes with the name.
                let _ = self.remove();
                Err(self.error("reserve space for", &error))
            }
        }
    }

    /// Writes all of `bytes`.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        let end = offset.checked_add(bytes.len() as u64);
        if end.is_none() || self.size.is_some_and(|size| end > Some(size)) {
            let why = "it would become longer than announced";
            return Err(FileError::rule(ErrorClass::Io, "write", &*self.path, why));
        }
        self.file
            .write_all_at(offset, bytes)
            .map_err(|error| self.error("write", &error))
    }

    /// Starts writing a range to the disk, so that the sync at the end is short.
    pub fn sync_range(&self, offset: u64, len: u64) -> Result<(), FileError> {
        begin_sync(&self.file, offset, len).map_err(|error| self.error("make durable", &error))?;
        if self.forgets && offset >= KEPT_BEHIND {
            self.file.forget_range(offset - KEPT_BEHIND, len);
        }
        Ok(())
    }

    /// The temporary name in the final folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn file(&self) -> &F::File {
        &self.file
    }

    pub(crate) fn folder(&self) -> &Arc<F> {
        &self.folder
    }

    /// Gives the file its exact size and, as far as the file system keeps them, its mode and time. The contents are not durable yet.
    pub(crate) fn finish(&self, size: u64, mode: u16, mtime: Time) -> Result<Kept, FileError> {
        self.set_final_size(size)
            .map_err(|error| self.error("set the size of", &error))?;
        let mode = kept(self.file.set_mode(mode)).map_err(|error| self.error("set the mode of", &error))?;
        let time = kept(self.file.set_mtime(mtime)).map_err(|error| self.error("set the time of", &error))?;
        Ok(Kept {
            mode,
            time,
            ..Kept::ALL
        })
    }

    fn set_final_size(&self, size: u64) -> io::Result<()> {
        let refused = match self.file.set_size(size) {
            Err(error) if System::is_refused(&error) => error,
            result => return result,
        };
        match self.file.stat()?.size {
            now if now == size => Ok(()),
            // It ends in a hole. Nothing was ever written that far, so the byte overwrites nothing.
            now if now < size => self.file.write_all_at(size - 1, &[0]),
            _ => Err(refused),
        }
    }

    /// Fills the file with the first `len` bytes of another one.
    pub(crate) fn copy_from(&self, other: &F::File, len: u64) -> Result<(), FileError> {
        let copied = self.file.copy_from(other, len);
        copied.map_err(|error| self.error("write", &error))
    }

    pub(crate) fn sync(&self) -> Result<(), FileError> {
        self.file.sync().map_err(|error| self.error("make durable", &error))?;
        if self.forgets {
            self.file.forget_cached();
        }
        Ok(())
    }

    pub(crate) fn remove(&self) -> io::Result<()> {
        self.folder.remove_file(&self.name)
    }

    fn error(&self, doing: &'static str, error: &io::Error) -> FileError {
        FileError::new(doing, &*self.path, error)
    }
}

pub(crate) fn random_name() -> io::Result<String> {
    let random = System::random()?;
    Ok(Reserved::Nameless(random).to_string())
}
