//! The name of the calling thread, which the threads that it starts take over: the library has no other way to name its own.

use std::ffi::CStr;

/// The kernel's limit, with the zero at the end.
const ROOM: usize = 16;

/// Gives the calling thread another name until the result is dropped.
pub fn borrow(name: &CStr) -> Borrowed {
    let mut before = [0; ROOM];
    // SAFETY: the kernel writes at most 16 bytes, with a zero at the end.
    unsafe { libc::prctl(libc::PR_GET_NAME, before.as_mut_ptr()) };
    set(name);
    Borrowed { before }
}

pub struct Borrowed {
    before: [u8; ROOM],
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Ok(name) = CStr::from_bytes_until_nul(&self.before) {
            set(name);
        }
    }
}

fn set(name: &CStr) {
    // SAFETY: the kernel reads up to the zero, and at most 16 bytes.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> String {
        std::fs::read_to_string("/proc/thread-self/comm")
            .unwrap()
            .trim()
            .to_owned()
    }

    #[test]
    fn a_started_thread_has_the_borrowed_name_and_the_caller_gets_its_own_back() {
        let before = name();
        let borrowed = borrow(c"borrowed");
        // (A thread of the standard library without a name of its own keeps what it inherits.)
        let inherited = std::thread::spawn(name).join().unwrap();
        drop(borrowed);
        assert_eq!((inherited.as_str(), name()), ("borrowed", before));
    }
}
