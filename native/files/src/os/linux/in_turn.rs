//! Writes of many calls: one after the other at the position of a file, and copies through memory.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::SeekFrom;

use crate::os::File;
use crate::os::fault_points::{faulty, short_len};

const COPY_BUFFER: usize = 1 << 20;

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

/// Copies a range through memory.
pub(super) fn copy_bytes<F: File>(to_file: &F, from_file: &F, mut from: u64, to: u64) -> io::Result<()> {
    let mut buffer = vec![0; COPY_BUFFER];
    while from < to {
        let len = usize::try_from(to - from).unwrap_or(COPY_BUFFER).min(COPY_BUFFER);
        let piece = buffer.get_mut(..len).unwrap_or_default();
        from_file.read_all_at(from, piece)?;
        to_file.write_all_at(from, piece)?;
        from += len as u64;
    }
    Ok(())
}
