//! Copies of files where the system has no call for it.

use std::io;

use super::File;

const COPY_BUFFER: usize = 1 << 20;

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
