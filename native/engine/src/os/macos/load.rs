//! How busy the process, its threads and the machine are, for the verdict. What the system does not tell is 0.

use std::ffi::{c_int, c_void};
use std::mem::zeroed;

use super::System;
use crate::os::roles::role_of;
use crate::os::{Sockets, THREAD_FIELDS};

/// Ticks of the machine's cores are hundredths of a second.
const TICK_NANOS: u64 = 10_000_000;

/// `PROC_PIDLISTTHREADS` of `sys/proc_info.h`.
const LIST_THREADS: c_int = 6;

/// More threads than any such process has.
const MOST_THREADS: usize = 4096;

/// The numbers of [`LOAD`](crate::os::LOAD), then [`THREAD_FIELDS`] for each thread.
pub fn values() -> Vec<f64> {
    let socket = System::abilities();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let (busy, machine_cores) = machine().unwrap_or_default();
    let mut values = vec![
        process_time() as f64,
        cores as f64,
        busy as f64,
        machine_cores as f64,
        socket.receive_buffer as f64,
        System::dropped_datagrams() as f64,
        f64::from(socket.segmentation),
        f64::from(socket.coalescing),
    ];
    values.extend(threads().into_iter().filter_map(thread_times).flatten());
    values
}

/// Processor time of all threads, ended ones included, in nanoseconds.
fn process_time() -> u64 {
    // SAFETY: all zeros are a valid structure, which the call fills and which outlives it.
    let (result, usage) = unsafe {
        let mut usage: libc::rusage = zeroed();
        (libc::getrusage(libc::RUSAGE_SELF, &raw mut usage), usage)
    };
    let nanos = |time: libc::timeval| {
        let secs = u64::try_from(time.tv_sec).unwrap_or(0).saturating_mul(1_000_000_000);
        secs.saturating_add(u64::try_from(time.tv_usec).unwrap_or(0) * 1000)
    };
    if result == 0 {
        nanos(usage.ru_utime).saturating_add(nanos(usage.ru_stime))
    } else {
        0
    }
}

/// What the system calls the threads of this process.
fn threads() -> Vec<u64> {
    let mut threads = vec![0u64; MOST_THREADS];
    let len = info(
        LIST_THREADS,
        0,
        threads.as_mut_ptr().cast(),
        size_of_val(threads.as_slice()),
    );
    threads.truncate(len / size_of::<u64>());
    threads
}

fn thread_times(thread: u64) -> Option<[f64; THREAD_FIELDS]> {
    // SAFETY: all zeros are a valid structure.
    let mut times: libc::proc_threadinfo = unsafe { zeroed() };
    let size = size_of::<libc::proc_threadinfo>();
    // A thread may have ended by now.
    if info(libc::PROC_PIDTHREADINFO, thread, (&raw mut times).cast(), size) != size {
        return None;
    }
    let name: Vec<u8> = times
        .pth_name
        .iter()
        .map(|letter| letter.cast_unsigned())
        .take_while(|byte| *byte != 0)
        .collect();
    let ran = times.pth_user_time.saturating_add(times.pth_system_time);
    let role = role_of(&String::from_utf8_lossy(&name));
    // How long a thread waited for a core is not told.
    Some([thread as f64, role as f64, ran as f64, 0.0])
}

/// Asks the system about this process; how many bytes it answered.
fn info(what: c_int, about: u64, place: *mut c_void, len: usize) -> usize {
    let room = c_int::try_from(len).unwrap_or(0);
    // SAFETY: each caller gives a place of its own that is as long as is said.
    let answered = unsafe { libc::proc_pidinfo(libc::getpid(), what, about, place, room) };
    usize::try_from(answered).unwrap_or(0)
}

/// How long all cores of the machine have been busy, in nanoseconds, and how many they are.
#[allow(deprecated, reason = "another crate for two calls would be one more to keep")]
fn machine() -> Option<(u64, u64)> {
    let (mut cores, mut info, mut count) = (0, std::ptr::null_mut(), 0);
    // SAFETY: the places are ours and outlive the call.
    let result = unsafe {
        let host = libc::mach_host_self();
        libc::host_processor_info(host, libc::PROCESSOR_CPU_LOAD_INFO, &mut cores, &mut info, &mut count)
    };
    if result != 0 || info.is_null() {
        return None;
    }
    // SAFETY: the system gave a list of `cores` such structures, which is read before it is given back, once and whole.
    let busy = unsafe {
        let loads = std::slice::from_raw_parts(info.cast::<libc::processor_cpu_load_info>(), cores as usize);
        let busy = loads.iter().map(|load| {
            let all = load.cpu_ticks.iter().map(|ticks| u64::from(*ticks)).sum::<u64>();
            all - u64::from(load.cpu_ticks[libc::CPU_STATE_IDLE as usize])
        });
        let busy = busy.sum::<u64>();
        let bytes = count as usize * size_of::<libc::integer_t>();
        libc::vm_deallocate(
            libc::mach_task_self(),
            info as libc::vm_address_t,
            bytes as libc::vm_size_t,
        );
        busy
    };
    Some((busy.saturating_mul(TICK_NANOS), u64::from(cores)))
}
