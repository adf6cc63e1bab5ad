//! A sync that another process waits for.
//!
//! Who waits in fsync for a disk can be neither interrupted nor killed, and a process with such a thread is there until the disk has written everything:
//! after Ctrl-C for minutes, where the disk is slow. So a process of its own calls fsync, and this one waits for it as vfork does, which a signal that
//! ends this process ends too. What is left behind then has the one file open, writes it to the disk, and is gone.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;

use super::retry;

/// What is made durable.
#[derive(Clone, Copy)]
pub(super) enum What {
    /// A file, as fsync does.
    File,
    /// The file system that something lies on, as syncfs does.
    FileSystem,
}

/// What the other process is told, and what it answers.
struct Task {
    fd: RawFd,
    what: What,
    /// `None`: it could not begin.
    errno: Option<i32>,
}

/// Bytes of the other process's stack: it makes three system calls.
const STACK: usize = 64 << 10;

/// Makes something durable; where the system does not let another process do it, this one does.
pub(super) fn sync_apart(fd: BorrowedFd<'_>, what: What) -> io::Result<()> {
    apart(fd, what).unwrap_or_else(|| {
        let result = retry(|| match what {
            What::File => rustix::fs::fsync(fd),
            What::FileSystem => rustix::fs::syncfs(fd),
        });
        Ok(result?)
    })
}

/// `None`: no other process could be made, or it could not begin.
fn apart(fd: BorrowedFd<'_>, what: What) -> Option<io::Result<()>> {
    let mut task = Task {
        fd: fd.as_raw_fd(),
        what,
        errno: None,
    };
    let mut stack = vec![0u128; STACK / size_of::<u128>()];
    let top = stack.as_mut_ptr_range().end.cast::<libc::c_void>();
    let flags = libc::CLONE_VM | libc::CLONE_VFORK;
    let task_pointer = ptr::from_mut(&mut task).cast::<libc::c_void>();
    // SAFETY: the signal sets are plain integers, for which zeros are a value, and both are written before they are read. The other process runs
    // `work` on a stack of its own that grows down from its aligned end, in the memory of this one. With CLONE_VFORK this thread does not run until
    // that process is gone, so `task`, `stack` and what the C library keeps for this thread are used by one of the two at a time; the other threads
    // have no access to them. When this process is ended meanwhile, its memory stays for as long as the other process needs it. All signals are
    // blocked there, so that no handler of this process runs in it, and descriptors are its own copies (no CLONE_FILES, no CLONE_SIGHAND).
    let process = unsafe {
        let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        let process = libc::clone(work, top, flags, task_pointer);
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut());
        process
    };
    if process < 0 {
        return None;
    }
    let mut status = 0;
    // SAFETY: `status` is written by the call alone. The process is a child of this one that nobody else waits for: it tells its end with no
    // signal, and such children are found with __WALL only.
    while unsafe { libc::waitpid(process, &mut status, libc::__WALL) } < 0
        && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
    {}
    if libc::WIFSIGNALED(status) {
        return Some(Err(io::Error::other("the process that waited for the disk was killed")));
    }
    match task.errno? {
        0 => Some(Ok(())),
        errno => Some(Err(io::Error::from_raw_os_error(errno))),
    }
}

/// What the other process does. It makes system calls and nothing else: no memory is allocated, and no lock taken.
extern "C" fn work(task: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `apart` gives a pointer to its task, which it does not touch until this process is gone.
    let task = unsafe { &mut *task.cast::<Task>() };
    let Ok(fd) = u32::try_from(task.fd) else { return 0 };
    // It keeps nothing else of this process: not its sockets, the lock of a journal, or the pipes whose readers wait for its end.
    let others = [(0, fd.checked_sub(1)), (fd.saturating_add(1), Some(u32::MAX))];
    for (first, last) in others {
        if last.is_some_and(|last| !close(first, last)) {
            return 0;
        }
    }
    // SAFETY: the calls take an open descriptor and no memory; `__errno_location` is valid in every thread.
    task.errno = Some(unsafe {
        let result = match task.what {
            What::File => libc::fsync(task.fd),
            What::FileSystem => libc::syncfs(task.fd),
        };
        if result == 0 { 0 } else { *libc::__errno_location() }
    });
    0
}

/// Closes a range of descriptors; `false`: this system cannot.
fn close(first: u32, last: u32) -> bool {
    // What `syscall` takes of a number is all of a register.
    let [first, last, flags] = [first, last, 0].map(libc::c_ulong::from);
    // SAFETY: the call takes integers only. The descriptors that it closes are copies that nothing in the other process's memory knows of.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::fd::AsFd;

    #[test]
    fn a_file_and_its_file_system_are_synced_and_what_fails_is_told() {
        let file = tempfile::tempfile().expect("a file");
        for what in [What::File, What::FileSystem] {
            apart(file.as_fd(), what).expect("another process").expect("a sync");
        }
        let (_reader, writer) = io::pipe().expect("a pipe");
        let refused = apart(writer.as_fd(), What::File).expect("another process");
        assert_eq!(
            refused.expect_err("a pipe has no disk").raw_os_error(),
            Some(libc::EINVAL)
        );
    }

    #[test]
    fn many_threads_sync_at_the_same_time() {
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let file = tempfile::tempfile().expect("a file");
                    for _ in 0..20 {
                        apart(file.as_fd(), What::File)
                            .expect("another process")
                            .expect("a sync");
                    }
                });
            }
        });
    }

    #[test]
    fn descriptors_of_this_process_stay_open() {
        let (mut reader, mut writer) = io::pipe().expect("a pipe");
        let file = File::open("/proc/self/exe").expect("a file");
        apart(file.as_fd(), What::File)
            .expect("another process")
            .expect("a sync");
        io::Write::write_all(&mut writer, b"x").expect("a writer");
        drop(writer);
        let mut read = Vec::new();
        io::Read::read_to_end(&mut reader, &mut read).expect("a reader");
        assert_eq!(read, b"x");
    }
}
