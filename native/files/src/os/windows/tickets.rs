//! The file or pipe of a ticket.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsHandle;
use std::path::Path;

use windows_sys::Win32::Storage::FileSystem as win;

use super::private::{guard, units};
use super::{System, calls_unsafe as calls, security_unsafe as security};
use crate::os::{Guard, TicketFiles, TicketPlace};

impl TicketFiles for System {
    /// A folder is opened too, so that it is told as what it is, and not as a missing permission.
    fn open(path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(win::FILE_FLAG_BACKUP_SEMANTICS);
        options.open(path)
    }

    fn append(path: &Path) -> io::Result<File> {
        OpenOptions::new().append(true).open(path)
    }

    fn create(path: &Path) -> io::Result<File> {
        security::open_private(
            &units(path)?,
            win::FILE_GENERIC_READ | win::FILE_GENERIC_WRITE,
            win::CREATE_NEW,
        )
    }

    fn place(file: &File, status: &Metadata) -> TicketPlace {
        match calls::handle_kind(file.as_handle()) {
            win::FILE_TYPE_DISK if status.is_file() => TicketPlace::File,
            win::FILE_TYPE_PIPE => TicketPlace::Pipe,
            win::FILE_TYPE_CHAR => TicketPlace::Device,
            _ => TicketPlace::Other,
        }
    }

    /// Looking at a pipe would take the place of its reader, so it is known by its path.
    fn place_at(path: &Path) -> io::Result<TicketPlace> {
        let text = path.to_string_lossy().to_lowercase().replace('/', "\\");
        if text.starts_with(r"\\.\pipe\") || text.starts_with(r"\\?\pipe\") {
            return Ok(TicketPlace::Pipe);
        }
        Ok(match path.metadata()?.is_file() {
            true => TicketPlace::File,
            false => TicketPlace::Other,
        })
    }

    /// What cannot be told is taken for open to everybody.
    fn guard(file: &File, _status: &Metadata) -> Guard {
        guard(file).unwrap_or(Guard::Mode(0o666))
    }

    /// There are no such paths.
    fn is_descriptor(_path: &Path) -> bool {
        false
    }
}
