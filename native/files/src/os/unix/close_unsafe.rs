//! Closing a descriptor and hearing what the system says to it: the standard library drops that.

use std::io;
use std::os::fd::{IntoRawFd, OwnedFd};

/// Not again after EINTR: the descriptor is gone then too, and may be another file's by now (close(2)).
pub(super) fn close(fd: OwnedFd) -> io::Result<()> {
    // SAFETY: the descriptor was owned and is given up here, so that nothing else closes or uses it.
    match unsafe { libc::close(fd.into_raw_fd()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
