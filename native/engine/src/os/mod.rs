//! What each system does in its own way. A system is one file with the functions below; `linux.rs` shows what they must do.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;
#[cfg(windows)]
use windows as system;

use std::ffi::CStr;

/// Threads of this program have names that begin with this; what follows tells their roles.
pub const OURS: &str = "ultra-";
/// The name of QUIC's threads.
pub const NETWORK_THREAD: &CStr = c"ultra-net";

/// What threads are for.
pub const ROLES: &[&str] = &["control", "network", "read", "write", "files"];

/// What [`load`] tells before the threads, in this order. Times are in nanoseconds since the start of the process, or of the
/// machine; what a system does not tell is 0.
pub const LOAD: &[&str] = &[
    "cpuTime",
    "cores",
    "machineBusyTime",
    "machineCores",
    "receiveBuffer",
    "droppedDatagrams",
    "segmentation",
    "coalescing",
];

/// What stands for each thread behind [`LOAD`]: its id, its number in [`ROLES`], how long it ran, how long it waited for a core.
pub const THREAD_FIELDS: usize = 4;

/// Gives the calling thread, and those that it starts meanwhile, another name until the result is dropped.
pub use system::borrow_thread_name;
/// Keeps other processes of the user, and core files, away from the memory of this one.
pub use system::keep_private;
/// How busy the process, its threads and the machine are: the numbers of [`LOAD`], then [`THREAD_FIELDS`] for each thread.
pub use system::load;
