//! Names of users and groups by the system's own databases (NSS), which are not only files. rustix has no such calls.

use std::ffi::{CStr, CString};
use std::ptr;

/// Room for one record; a group of very many members needs more.
const FIRST_BUFFER: usize = 4096;
const MAX_BUFFER: usize = 1 << 20;

pub(super) fn user_name(uid: u32) -> Option<String> {
    with_buffer(|buffer| {
        // SAFETY: all zeros is a valid `passwd`: numbers, and pointers that nothing follows before the call has set them.
        let mut record: libc::passwd = unsafe { std::mem::zeroed() };
        let mut found = ptr::null_mut();
        // SAFETY: the record, the buffer of that length and the place for the result are ours and outlive the call.
        let code = unsafe { libc::getpwuid_r(uid, &mut record, buffer.as_mut_ptr(), buffer.len(), &mut found) };
        // SAFETY: a result that was found has a name that ends with NUL and lies in the buffer, which lives until the text is copied.
        answer(code, found, || unsafe { text(record.pw_name) })
    })
}

pub(super) fn group_name(gid: u32) -> Option<String> {
    with_buffer(|buffer| {
        // SAFETY: all zeros is a valid `group`, as above.
        let mut record: libc::group = unsafe { std::mem::zeroed() };
        let mut found = ptr::null_mut();
        // SAFETY: as above.
        let code = unsafe { libc::getgrgid_r(gid, &mut record, buffer.as_mut_ptr(), buffer.len(), &mut found) };
        // SAFETY: as above.
        answer(code, found, || unsafe { text(record.gr_name) })
    })
}

pub(super) fn user_id(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    with_buffer(|buffer| {
        // SAFETY: as above.
        let mut record: libc::passwd = unsafe { std::mem::zeroed() };
        let mut found = ptr::null_mut();
        // SAFETY: as above; the name ends with NUL.
        let code = unsafe {
            libc::getpwnam_r(
                name.as_ptr(),
                &mut record,
                buffer.as_mut_ptr(),
                buffer.len(),
                &mut found,
            )
        };
        answer(code, found, || Some(record.pw_uid))
    })
}

pub(super) fn group_id(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    with_buffer(|buffer| {
        // SAFETY: as above.
        let mut record: libc::group = unsafe { std::mem::zeroed() };
        let mut found = ptr::null_mut();
        // SAFETY: as above; the name ends with NUL.
        let code = unsafe {
            libc::getgrnam_r(
                name.as_ptr(),
                &mut record,
                buffer.as_mut_ptr(),
                buffer.len(),
                &mut found,
            )
        };
        answer(code, found, || Some(record.gr_gid))
    })
}

/// What a call said.
enum Answer<T> {
    Known(T),
    Unknown,
    /// The buffer was too small.
    Longer,
}

fn answer<R, T>(code: libc::c_int, found: *mut R, value: impl FnOnce() -> Option<T>) -> Answer<T> {
    match code {
        libc::ERANGE => Answer::Longer,
        0 if !found.is_null() => value().map_or(Answer::Unknown, Answer::Known),
        // A database that fails knows nobody: numbers are used.
        _ => Answer::Unknown,
    }
}

fn with_buffer<T>(call: impl Fn(&mut [libc::c_char]) -> Answer<T>) -> Option<T> {
    let mut len = FIRST_BUFFER;
    while len <= MAX_BUFFER {
        match call(&mut vec![0; len]) {
            Answer::Known(value) => return Some(value),
            Answer::Unknown => return None,
            Answer::Longer => len *= 4,
        }
    }
    None
}

/// The text that a pointer leads to; `None` without one.
///
/// # Safety
///
/// The pointer is null or leads to bytes that end with NUL.
unsafe fn text(name: *const libc::c_char) -> Option<String> {
    if name.is_null() {
        return None;
    }
    // SAFETY: the caller says so.
    let name = unsafe { CStr::from_ptr(name) };
    name.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_both_ways_and_nobody_has_a_name_that_none_has() {
        assert_eq!(user_name(0).as_deref(), Some("root"));
        assert_eq!((user_id("root"), group_id("root")), (Some(0), Some(0)));
        assert_eq!(group_name(0).as_deref(), Some("root"));
        assert_eq!(user_name(0x7fff_fffe), None);
        assert_eq!((user_id("no such user"), group_id("a\0b")), (None, None));
    }
}
