//! Starting the write-back of a range of a file. rustix has no such call.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Starts writing a range of a file to the disk, and returns.
pub(super) fn sync_file_range(fd: BorrowedFd<'_>, offset: u64, len: u64) -> io::Result<()> {
    let too_far = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let offset = libc::off64_t::try_from(offset).map_err(too_far)?;
    let len = libc::off64_t::try_from(len).map_err(too_far)?;
    // SAFETY: the call takes integers only and reads or writes no memory of ours; the borrow keeps the descriptor open while
    // it runs.
    let result = unsafe { libc::sync_file_range(fd.as_raw_fd(), offset, len, libc::SYNC_FILE_RANGE_WRITE) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
