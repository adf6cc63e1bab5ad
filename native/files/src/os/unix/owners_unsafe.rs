//! Names of users and groups by the system's own databases (NSS), which are not only files. rustix has no such calls.

use std::ffi::{CStr, CString};
use std::ptr;

/// Room for one record; a group of very many members needs more.
const FIRST_BUFFER: usize = 4096;
const MAX_BUFFER: usize = 1 << 20;

pub(super) fn user_name(uid: u32) -> Option<String> {
    // SAFETY: the call is the one for users by number, and a `passwd` that it filled has a name that ends with NUL.
    unsafe { look_up(libc::getpwuid_r, uid, |record| text(record.pw_name)) }
}

pub(super) fn group_name(gid: u32) -> Option<String> {
    // SAFETY: likewise for groups.
    unsafe { look_up(libc::getgrgid_r, gid, |record| text(record.gr_name)) }
}

pub(super) fn user_id(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: the call is the one for users by name, which ends with NUL and outlives it.
    unsafe { look_up(libc::getpwnam_r, name.as_ptr(), |record| Some(record.pw_uid)) }
}

pub(super) fn group_id(name: &str) -> Option<u32> {
    let name = CString::new(name).ok()?;
    // SAFETY: likewise for groups.
    unsafe { look_up(libc::getgrnam_r, name.as_ptr(), |record| Some(record.gr_gid)) }
}

/// A call that fills a record, whose texts lie in the buffer; null in the last place where there is no such record.
type LookUp<K, R> = unsafe extern "C" fn(K, *mut R, *mut libc::c_char, libc::size_t, *mut *mut R) -> libc::c_int;

/// What a call finds by a key.
///
/// # Safety
///
/// The call may be made with this key, all zeros are a valid record, and `value` is sound for a record that the call has filled.
unsafe fn look_up<K: Copy, R, T>(call: LookUp<K, R>, key: K, value: impl Fn(&R) -> Option<T>) -> Option<T> {
    let mut len = FIRST_BUFFER;
    while len <= MAX_BUFFER {
        let mut buffer = vec![0; len];
        // SAFETY: the caller says so.
        let mut record: R = unsafe { std::mem::zeroed() };
        let mut found = ptr::null_mut();
        // SAFETY: the record, the buffer of that length and the place for the result are ours and outlive the call.
        let code = unsafe { call(key, &mut record, buffer.as_mut_ptr(), buffer.len(), &mut found) };
        match code {
            libc::ERANGE => len *= 4,
            // What was found is the record; its texts lie in the buffer, which is still there.
            0 if !found.is_null() => return value(&record),
            // A database that fails has no names: numbers are used.
            _ => return None,
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
