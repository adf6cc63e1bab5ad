//! What a process leaves for one that is started after it: a small file for this user alone, which one process has at a time.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{ErrorClass, FileError};
use crate::os::{StateFiles, System};

/// Locked while it is open: the system gives the lock back when the process ends, however that comes.
#[derive(Debug)]
pub struct StateFile {
    file: File,
    path: PathBuf,
}

const OPEN: &str = "open the state in";
const WRITE: &str = "write the state to";
const REMOVE: &str = "remove the state in";

/// The ending of what is kept of a transfer.
const STATE: &str = "state";

/// The endings of files of state, and how long one of them counts; others in the folder are nobody's business. What a listener has confirmed
/// is no key, and has to outlast the patience of those who send it again.
const ENDINGS: [(&str, Duration); 2] = [
    (STATE, Duration::from_hours(24)),
    ("confirmed", Duration::from_hours(24 * 30)),
];

/// How often a file is opened that another process removes at the same time.
const TRIES: usize = 5;

impl StateFile {
    /// Takes a file over that an earlier process has left.
    pub fn take(path: &Path) -> Result<Self, FileError> {
        Self::open(path, false)
    }

    /// Makes the file, and its folder, where they are missing.
    pub fn make(path: &Path) -> Result<Self, FileError> {
        if let Some(folder) = path.parent() {
            System::make_private(folder).map_err(|error| failed(OPEN, path, &error))?;
        }
        Self::open(path, true)
    }

    /// At most `most` bytes of it.
    pub fn read(&mut self, most: usize) -> Result<Vec<u8>, FileError> {
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        let read = self
            .file
            .seek(SeekFrom::Start(0))
            .and_then(|_| (&self.file).take(limit).read_to_end(&mut bytes));
        read.map_err(|error| failed(OPEN, &self.path, &error))?;
        Ok(bytes)
    }

    /// Replaces all of it. A process that dies in between leaves what no reader takes for a whole one: the contents have a check.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let len = bytes.len() as u64;
        let written = self
            .file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(bytes))
            .and_then(|()| self.file.metadata())
            // Some file systems refuse it; a new file needs none.
            .and_then(|now| {
                if now.len() > len {
                    self.file.set_len(len)
                } else {
                    Ok(())
                }
            });
        written.map_err(|error| failed(WRITE, &self.path, &error))
    }

    /// Adds to its end, and waits until the disk has it. A process that dies in between leaves a part of the last bytes: each record has a check.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let written = self
            .file
            .seek(SeekFrom::End(0))
            .and_then(|_| self.file.write_all(bytes))
            .and_then(|()| self.file.sync_data());
        written.map_err(|error| failed(WRITE, &self.path, &error))
    }

    pub fn remove(self) -> Result<(), FileError> {
        std::fs::remove_file(&self.path).map_err(|error| failed(REMOVE, &self.path, &error))
    }

    /// Removes the files of a folder that nobody has and nobody wrote for as long as they count.
    pub fn sweep(folder: &Path) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let age = entry
                .metadata()
                .and_then(|status| status.modified())
                .map(|at| at.elapsed());
            let path = entry.path();
            let counts = ENDINGS
                .iter()
                .find(|(ending, _)| path.extension().is_some_and(|own| own == *ending));
            if let Some((_, longest)) = counts
                && age.is_ok_and(|age| age.is_ok_and(|age| age > *longest))
                && let Ok(file) = Self::take(&path)
            {
                // It will be tried again.
                let _ = file.remove();
            }
        }
    }

    /// Removes the files of state beside this path whose names begin as it does. What a process has stays.
    pub fn remove_alike(path: &Path) {
        let (Some(folder), Some(start)) = (path.parent(), path.file_name()) else {
            return;
        };
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_alike = name.as_encoded_bytes().starts_with(start.as_encoded_bytes());
            let path = entry.path();
            if is_alike
                && path.extension().is_some_and(|own| own == STATE)
                && let Ok(file) = Self::take(&path)
            {
                // What cannot be removed is swept away another time.
                let _ = file.remove();
            }
        }
    }

    fn open(path: &Path, create: bool) -> Result<Self, FileError> {
        for _ in 0..TRIES {
            let file = System::open_state(path, create).map_err(|error| failed(OPEN, path, &error))?;
            if !System::is_private(&file).map_err(|error| failed(OPEN, path, &error))? {
                return Err(rule(
                    ErrorClass::Permission,
                    path,
                    "it is no file that only you can read",
                ));
            }
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(rule(ErrorClass::Exists, path, "another ultra uses it")),
                Err(TryLockError::Error(error)) => return Err(failed(OPEN, path, &error)),
            }
            // The process that had it before may have removed it in between.
            if System::is_at(&file, path).unwrap_or(false) {
                return Ok(Self {
                    file,
                    path: path.to_owned(),
                });
            }
        }
        Err(rule(ErrorClass::Exists, path, "another ultra uses it"))
    }
}

fn failed(doing: &'static str, path: &Path, error: &io::Error) -> FileError {
    FileError::new(doing, path.to_string_lossy(), error)
}

fn rule(class: ErrorClass, path: &Path, why: &'static str) -> FileError {
    FileError::rule(class, OPEN, path.to_string_lossy(), why)
}
