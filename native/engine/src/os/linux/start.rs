//! What a program that is started gets on Linux.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;

/// What the child does before it becomes the program: it keeps all descriptors but its three to itself. It may make system calls that touch no
/// memory, and nothing else.
pub fn keep_descriptors() -> impl FnMut() -> io::Result<()> + Send + Sync + 'static {
    || {
        const FIRST: libc::c_uint = 3;
        // SAFETY: takes numbers alone. A kernel without it (before 5.11) leaves open what was not opened to be closed, which holds nothing any more.
        unsafe {
            libc::syscall(
                libc::SYS_close_range,
                FIRST,
                libc::c_uint::MAX,
                libc::CLOSE_RANGE_CLOEXEC,
            )
        };
        Ok(())
    }
}

/// A file in memory.
pub fn nameless_file() -> io::Result<File> {
    let name = CString::default();
    // SAFETY: the name is a C string that lives through the call.
    let descriptor = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just given the descriptor to this process, and nothing else has it.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}
