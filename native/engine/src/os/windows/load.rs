//! How busy the process, its threads and the machine are, for the verdict. What the system does not tell is 0.

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{FILETIME, INVALID_HANDLE_VALUE, LocalFree};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, GetProcessTimes, GetSystemTimes, GetThreadDescription, GetThreadTimes, OpenThread,
    THREAD_QUERY_LIMITED_INFORMATION,
};

use super::System;
use crate::os::roles::role_of;
use crate::os::{Sockets, THREAD_FIELDS};

/// The units of these times.
const UNIT_NANOS: u64 = 100;

const ZERO: FILETIME = FILETIME {
    dwLowDateTime: 0,
    dwHighDateTime: 0,
};

/// The numbers of [`LOAD`](crate::os::LOAD), then [`THREAD_FIELDS`] for each thread.
pub fn values() -> Vec<f64> {
    let socket = System::abilities();
    let cores = std::thread::available_parallelism().map_or(0, usize::from) as f64;
    let mut values = vec![
        process_time() as f64,
        cores,
        machine_time() as f64,
        cores,
        socket.receive_buffer as f64,
        System::dropped_datagrams() as f64,
        f64::from(socket.segmentation),
        f64::from(socket.coalescing),
    ];
    values.extend(threads().into_iter().filter_map(thread_times).flatten());
    values
}

fn nanos(time: FILETIME) -> u64 {
    (u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime)).saturating_mul(UNIT_NANOS)
}

/// Processor time of all threads, ended ones included, in nanoseconds.
fn process_time() -> u64 {
    let (mut begun, mut ended, mut kernel, mut user) = (ZERO, ZERO, ZERO, ZERO);
    // SAFETY: the process's own handle needs no closing, and the places are ours.
    let ok = unsafe { GetProcessTimes(GetCurrentProcess(), &mut begun, &mut ended, &mut kernel, &mut user) };
    if ok == 0 {
        0
    } else {
        nanos(kernel).saturating_add(nanos(user))
    }
}

/// How long all cores of the machine have been busy, in nanoseconds.
fn machine_time() -> u64 {
    let (mut idle, mut kernel, mut user) = (ZERO, ZERO, ZERO);
    // SAFETY: the places are ours.
    let ok = unsafe { GetSystemTimes(&mut idle, &mut kernel, &mut user) };
    // What the kernel took counts the time in which there was nothing to do.
    let all = nanos(kernel).saturating_add(nanos(user));
    if ok == 0 { 0 } else { all.saturating_sub(nanos(idle)) }
}

/// The threads of this process.
fn threads() -> Vec<u32> {
    // SAFETY: takes numbers.
    let list = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) };
    if list == INVALID_HANDLE_VALUE {
        return Vec::new();
    }
    // SAFETY: the call has just made the handle, and nothing else has it.
    let list = unsafe { OwnedHandle::from_raw_handle(list) };
    let mut threads = Vec::new();
    let mut entry = THREADENTRY32 {
        dwSize: size_of::<THREADENTRY32>() as u32,
        ..THREADENTRY32::default()
    };
    // SAFETY: the place is ours and says how long it is; the handle is of a list.
    let mut found = unsafe { Thread32First(list.as_raw_handle(), &mut entry) };
    while found != 0 {
        if entry.th32OwnerProcessID == std::process::id() {
            threads.push(entry.th32ThreadID);
        }
        // SAFETY: likewise.
        found = unsafe { Thread32Next(list.as_raw_handle(), &mut entry) };
    }
    threads
}

fn thread_times(id: u32) -> Option<[f64; THREAD_FIELDS]> {
    // A thread may have ended by now.
    // SAFETY: takes numbers.
    let thread = unsafe { OpenThread(THREAD_QUERY_LIMITED_INFORMATION, 0, id) };
    if thread.is_null() {
        return None;
    }
    // SAFETY: the call has just made the handle, and nothing else has it.
    let thread = unsafe { OwnedHandle::from_raw_handle(thread) };
    let (mut begun, mut ended, mut kernel, mut user) = (ZERO, ZERO, ZERO, ZERO);
    // SAFETY: the handle is of a thread, and the places are ours.
    let ok = unsafe { GetThreadTimes(thread.as_raw_handle(), &mut begun, &mut ended, &mut kernel, &mut user) };
    if ok == 0 {
        return None;
    }
    let ran = nanos(kernel).saturating_add(nanos(user));
    // How long a thread waited for a core is not told.
    Some([f64::from(id), role_of(&name_of(&thread)) as f64, ran as f64, 0.0])
}

fn name_of(thread: &OwnedHandle) -> String {
    let mut text = std::ptr::null_mut();
    // SAFETY: the handle is of a thread, and the place is ours.
    let result = unsafe { GetThreadDescription(thread.as_raw_handle(), &mut text) };
    if result < 0 || text.is_null() {
        return String::new();
    }
    // SAFETY: the system gave a text that ends with NUL, which is read before it is freed, once.
    unsafe {
        let len = (0..).take_while(|at| *text.add(*at) != 0).count();
        let name = String::from_utf16_lossy(std::slice::from_raw_parts(text, len));
        LocalFree(text.cast());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_and_its_threads_are_seen() {
        let values = values();
        let (head, threads) = values.split_at(crate::os::LOAD.len());
        assert!(head[1] >= 1.0 && head[3] >= 1.0, "{head:?}");
        assert!(!threads.is_empty() && threads.len() % THREAD_FIELDS == 0);
    }
}
