//! What each system does in its own way: each implements the traits below for its `System`.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod roles;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;
#[cfg(windows)]
use windows as system;

use std::ffi::CStr;
#[cfg(unix)]
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::time::Duration;

use crate::core::words::Refusal;

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

pub use system::System;
#[cfg(windows)]
pub use windows::clipboard;

/// The memory of this process, which holds keys and tickets.
pub trait Privacy {
    /// Keeps other processes of the user, and core files, away from it.
    fn keep_private() -> Result<(), Refusal>;
}

/// What the system lets this process have.
pub trait Limits {
    /// Raises the number of descriptors that the process may have to what the user may allow it. What cannot be raised stays.
    fn raise_descriptors();
}

/// Whether the machine may go to sleep by itself.
pub trait Sleep {
    /// Keeps the machine awake until it is dropped.
    type Lock: Send + 'static;
    /// Asks the system; nothing where it has no such thing. May wait for a service, so it has a thread of its own.
    fn inhibit() -> Option<Self::Lock>;
}

/// Threads of this process.
pub trait Threads {
    /// Gives the name back when it is dropped.
    type Borrowed;
    /// Gives the calling thread, and those that it starts meanwhile, another name until the result is dropped.
    fn borrow_name(name: &CStr) -> Self::Borrowed;
}

/// UDP sockets like those of the QUIC library, which does not tell.
pub trait Sockets {
    /// The same for every socket of the process.
    fn abilities() -> SocketAbilities;
    /// Datagrams that arrived at sockets of this process and found no room.
    fn dropped_datagrams() -> u64;
}

/// What bounds a burst that arrives, and what saves calls into the kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct SocketAbilities {
    /// Bytes that may wait in a socket when as many as possible are asked for, as the library does; 0: not known.
    pub receive_buffer: u64,
    /// One call sends many datagrams.
    pub segmentation: bool,
    /// One call receives many datagrams.
    pub coalescing: bool,
}

/// How busy the process, its threads and the machine are. Read on request, so it costs nothing while bytes move.
pub trait Busyness {
    /// The numbers of [`LOAD`], then [`THREAD_FIELDS`] for each thread.
    fn load() -> Vec<f64>;
}

/// A program to be started, and all that it gets. Only those of a fixed list in this crate ever are; nothing that a peer says has a part in it.
#[cfg(unix)]
pub struct Program<'a> {
    /// Absolute.
    pub path: &'a Path,
    pub arguments: &'a [&'a str],
    /// Names of the variables that it gets, as this process has them; it gets no others.
    pub variables: &'a [&'a str],
}

/// Why a program did not do what it was started for.
#[cfg(unix)]
#[derive(Debug)]
pub enum RunFault {
    Io(std::io::Error),
    /// It was ended because it took too long.
    TooLong,
    /// It was ended because it gave more than was asked for.
    TooMuch,
    /// It failed: as the system puts it, and what it said itself.
    Ended {
        how: String,
        said: String,
    },
}

#[cfg(unix)]
impl From<std::io::Error> for RunFault {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Starts programs, without a shell.
#[cfg(unix)]
pub trait Programs {
    /// Where a program is: in the absolute folders among those that the user's programs are in.
    fn find_program(name: &str) -> Option<PathBuf>;
    /// Runs a program to its end and gives its output, `most` bytes at most.
    fn output(program: &Program<'_>, most: usize, patience: Duration) -> Result<Vec<u8>, RunFault>;
    /// Runs a program with this input until it ends. Processes that it leaves in the background go on.
    fn feed(program: &Program<'_>, input: &[u8], patience: Duration) -> Result<(), RunFault>;
}
