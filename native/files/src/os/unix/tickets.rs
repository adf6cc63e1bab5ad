//! The file or pipe of a ticket.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::os::system::{System, own};
use crate::os::{Guard, TicketFiles, TicketPlace};

impl TicketFiles for System {
    fn open(path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).custom_flags(libc::O_NOCTTY).open(path)
    }

    fn append(path: &Path) -> io::Result<File> {
        OpenOptions::new().append(true).custom_flags(libc::O_NOCTTY).open(path)
    }

    fn create(path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)
    }

    fn place(_file: &File, status: &Metadata) -> TicketPlace {
        place_of(status)
    }

    fn place_at(path: &Path) -> io::Result<TicketPlace> {
        Ok(place_of(&path.metadata()?))
    }

    fn guard(file: &File, status: &Metadata) -> Guard {
        if own::is_modeless(file.as_fd()) {
            Guard::NoModes
        } else {
            Guard::Mode(super::permissions(status.permissions().mode().into()))
        }
    }

    /// It lies where this system shows descriptors as files, or is a link that does (`/dev/stdout`).
    fn is_descriptor(path: &Path) -> bool {
        let is_shown = |path: &Path| {
            let folder = parent_of(path).canonicalize();
            folder.is_ok_and(|folder| own::shows_descriptors(&folder))
        };
        let target = || path.read_link().map(|target| parent_of(path).join(target));
        is_shown(path) || target().is_ok_and(|target| is_shown(&target))
    }
}

fn place_of(status: &Metadata) -> TicketPlace {
    match status.file_type() {
        kind if kind.is_file() => TicketPlace::File,
        kind if kind.is_fifo() => TicketPlace::Pipe,
        kind if kind.is_char_device() => TicketPlace::Device,
        _ => TicketPlace::Other,
    }
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
