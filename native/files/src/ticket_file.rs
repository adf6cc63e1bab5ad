//! The file or pipe in which a ticket travels: a few bytes that are read and written where any program of the user could.
//!
//! Links are followed on reading, because `/dev/stdin` and `/proc/self/fd/3` are links. What a mode means is decided above.

use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use crate::error::{ErrorClass, FileError};
use crate::os::{Guard, Process, System, TicketFiles, TicketPlace};

/// What was read, and who else may touch it.
#[derive(Debug, PartialEq, Eq)]
pub struct TicketRead {
    /// At most as many bytes as were asked for, and one more, which tells that there are more.
    pub bytes: Vec<u8>,
    pub guard: Guard,
}

const READ: &str = "read the ticket from";
const WRITE: &str = "write the ticket to";

/// Reads up to `most` bytes and one more. Blocks like any reader of a pipe.
pub fn read_ticket(path: &Path, most: usize) -> Result<TicketRead, FileError> {
    let failed = |error: &io::Error| FileError::new(READ, shown(path), error);
    let file = System::open(path).map_err(|error| failed(&error))?;
    let status = file.metadata().map_err(|error| failed(&error))?;
    let guard = match System::place(&file, &status) {
        TicketPlace::File => System::guard(&file, &status),
        TicketPlace::Pipe => Guard::Stream,
        TicketPlace::Device | TicketPlace::Other => return Err(rule(READ, path, "it is no regular file and no pipe")),
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(&error))?;
    Ok(TicketRead { bytes, guard })
}

/// Writes a ticket that only its owner can read.
///
/// A regular file appears complete, and replaces one that exists and holds a ticket or nothing, also when that is a link: then the link is
/// replaced, not what it points to. Anything else in a file is somebody's, and stays. A pipe, a terminal and an open descriptor of this process (`/dev/stdout`, `/proc/self/fd/3`) are written into.
pub fn write_ticket(path: &Path, bytes: &[u8]) -> Result<Guard, FileError> {
    let failed = |error: &io::Error| FileError::new(WRITE, shown(path), error);
    if System::is_descriptor(path) {
        return write_into(path, bytes);
    }
    match System::place_at(path) {
        Ok(TicketPlace::Pipe | TicketPlace::Device) => write_into(path, bytes),
        Ok(TicketPlace::Other) => Err(rule(WRITE, path, "it is no regular file and no pipe")),
        Ok(TicketPlace::File) => match holds_a_ticket(path) {
            Ok(true) => write_beside(path, bytes).map_err(|error| failed(&error)),
            Ok(false) => Err(rule(
                WRITE,
                path,
                "it holds something else than a ticket; remove it, or name another file",
            )),
            Err(error) => Err(failed(&error)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write_beside(path, bytes).map_err(|error| failed(&error))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// Whether a file may be replaced: it is a link, empty, or holds one word that begins as tickets of any version do.
fn holds_a_ticket(path: &Path) -> io::Result<bool> {
    const LONGEST: u64 = 4096;
    // What a link leads to stays as it is.
    if std::fs::symlink_metadata(path)?.is_symlink() {
        return Ok(true);
    }
    let mut found = Vec::new();
    System::open(path)?.take(LONGEST + 1).read_to_end(&mut found)?;
    let word = found.trim_ascii();
    let is_word = word.starts_with(b"ultra") && word.iter().all(u8::is_ascii_alphanumeric);
    Ok(found.len() as u64 <= LONGEST && (word.is_empty() || is_word))
}

/// A fresh file beside the target takes its name when it is complete.
fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<Guard> {
    let temporary = temporary_name(path)?;
    let mut file = System::create(&temporary)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.metadata())
        .map(|status| System::guard(&file, &status))
        .and_then(|guard| std::fs::rename(&temporary, path).map(|()| guard));
    if written.is_err() {
        // The reason of the failure is what matters; the name is random and stands in no file's way.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn write_into(path: &Path, bytes: &[u8]) -> Result<Guard, FileError> {
    let failed = |error: &io::Error| FileError::new(WRITE, shown(path), error);
    let mut file = System::append(path).map_err(|error| failed(&error))?;
    let status = file.metadata().map_err(|error| failed(&error))?;
    let place = System::place(&file, &status);
    let is_readable = match place {
        TicketPlace::File | TicketPlace::Pipe => true,
        TicketPlace::Device => file.is_terminal(),
        TicketPlace::Other => false,
    };
    if !is_readable {
        return Err(rule(WRITE, path, "nobody could read it from this device"));
    }
    file.write_all(bytes).map_err(|error| failed(&error))?;
    Ok(match place {
        TicketPlace::File => System::guard(&file, &status),
        _ => Guard::Stream,
    })
}

/// A random name in the same folder.
pub(crate) fn temporary_name(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let random = System::random()? as u64;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{random:016x}"));
    Ok(path.with_file_name(temporary))
}

fn rule(doing: &'static str, path: &Path, why: &'static str) -> FileError {
    FileError::rule(ErrorClass::NotAFile, doing, shown(path), why)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
