//! What differs by system, one file each: where the payload is, where caches belong, and what a process can hand on.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::*;

#[cfg(not(target_os = "linux"))]
compile_error!("the launcher has no file for this system in src/os yet");
