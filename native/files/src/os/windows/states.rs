//! Files of state.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsHandle;
use std::path::Path;

use windows_sys::Win32::Storage::FileSystem as win;

use super::private::{guard, units};
use super::stats::kind_of;
use super::{LINK, System, calls_unsafe as calls, error_of, security_unsafe as security};
use crate::os::{Guard, NodeKind, StateFiles};

/// Group and others, whatever they may do.
const OTHERS: u16 = 0o077;

impl StateFiles for System {
    fn make_private(folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
            Self::make_private(above)?;
        }
        match security::make_private_folder(&units(folder)?) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
            result => result,
        }
    }

    fn open_state(path: &Path, create: bool) -> io::Result<File> {
        let disposition = if create { win::OPEN_ALWAYS } else { win::OPEN_EXISTING };
        let file = security::open_private(
            &units(path)?,
            win::FILE_GENERIC_READ | win::FILE_GENERIC_WRITE,
            disposition,
        )?;
        let attributes = calls::basic(file.as_handle())?.FileAttributes;
        match kind_of(file.as_handle(), attributes)? {
            NodeKind::Link | NodeKind::Special => Err(error_of(LINK)),
            NodeKind::File | NodeKind::Folder => Ok(file),
        }
    }

    fn is_private(file: &File) -> io::Result<bool> {
        let is_closed = match guard(file)? {
            Guard::Mode(mode) => mode & OTHERS == 0,
            Guard::NoModes | Guard::Stream => true,
        };
        // A disk without owners is of whoever can reach it.
        let is_mine = security::is_mine(file.as_handle()).unwrap_or(true);
        Ok(file.metadata()?.is_file() && is_mine && is_closed)
    }

    fn is_at(file: &File, path: &Path) -> io::Result<bool> {
        let there = OpenOptions::new()
            .access_mode(win::FILE_READ_ATTRIBUTES)
            .custom_flags(win::FILE_FLAG_OPEN_REPARSE_POINT | win::FILE_FLAG_BACKUP_SEMANTICS)
            .open(path)?;
        Ok(calls::identity(file.as_handle())? == calls::identity(there.as_handle())?)
    }
}
