//! The numbers that tests give to errors of the system, by their POSIX names.
#![allow(unused_imports, reason = "each test file uses its part")]

#[cfg(unix)]
pub use libc::{
    EACCES, EAGAIN, EBUSY, EDQUOT, EEXIST, EINTR, EINVAL, EIO, EISDIR, ELOOP, EMFILE, EMLINK, ENOENT, ENOSPC, ENOSYS,
    ENOTDIR, ENOTEMPTY, EOPNOTSUPP, EPERM, EROFS, EXDEV,
};

#[cfg(windows)]
pub use windows::*;

/// The ones of Windows that mean the same.
#[cfg(windows)]
mod windows {
    pub const EACCES: i32 = 5;
    pub const EAGAIN: i32 = 10_035;
    pub const EBUSY: i32 = 170;
    pub const EDQUOT: i32 = 1295;
    pub const EEXIST: i32 = 183;
    pub const EINTR: i32 = 10_004;
    pub const EINVAL: i32 = 87;
    pub const EIO: i32 = 1117;
    pub const EISDIR: i32 = 336;
    pub const ELOOP: i32 = 681;
    pub const EMFILE: i32 = 4;
    pub const EMLINK: i32 = 1142;
    pub const ENOENT: i32 = 2;
    pub const ENOSPC: i32 = 112;
    pub const ENOSYS: i32 = 120;
    pub const ENOTDIR: i32 = 267;
    pub const ENOTEMPTY: i32 = 145;
    pub const EOPNOTSUPP: i32 = 50;
    pub const EPERM: i32 = 5;
    pub const EROFS: i32 = 19;
    pub const EXDEV: i32 = 17;
}
