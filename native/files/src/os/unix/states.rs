//! Files of state.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::os::system::System;
use crate::os::{Guard, Process, StateFiles, TicketFiles};

/// Group and others, whatever they may do.
const OTHERS: u16 = 0o077;

impl StateFiles for System {
    fn make_private(folder: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    fn open_state(path: &Path, create: bool) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .mode(0o600)
            // A pipe would make this process wait for its other end.
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)
    }

    fn is_private(file: &File) -> io::Result<bool> {
        let status = file.metadata()?;
        let is_closed = match System::guard(file, &status) {
            Guard::Mode(mode) => mode & OTHERS == 0,
            Guard::NoModes | Guard::Stream => true,
        };
        Ok(status.is_file() && status.uid() == System::user() && is_closed)
    }

    fn is_at(file: &File, path: &Path) -> io::Result<bool> {
        let (open, there) = (file.metadata()?, path.symlink_metadata()?);
        Ok((open.dev(), open.ino()) == (there.dev(), there.ino()))
    }
}
