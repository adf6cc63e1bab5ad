//! Writes one after the other at the position of a file.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::SeekFrom;

use crate::os::File;
use crate::os::fault_points::{faulty, short_len};

/// Moves the position of a file and writes all of `bytes` there.
pub(super) fn seek_and_write(file: &impl File, fd: &OwnedFd, offset: u64, mut bytes: &[u8]) -> io::Result<()> {
    rustix::fs::seek(fd, SeekFrom::Start(offset))?;
    while !bytes.is_empty() {
        let written = faulty("write", || {
            let taken = bytes.get(..short_len("write", bytes.len())).unwrap_or(bytes);
            Ok(rustix::io::write(fd, taken)?)
        });
        match written {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(len) => bytes = bytes.get(len..).ok_or(io::ErrorKind::WriteZero)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => file.wait_writable()?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
