//! What the kernel grants a UDP socket, asked of one that is like the library's: the library does not tell.

use std::ffi::c_int;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::OnceLock;

/// What bounds a burst that arrives, and what saves calls into the kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct SocketAbilities {
    /// Bytes that may wait in a socket when as many as possible are asked for, as the library does; 0: not known.
    pub receive_buffer: u64,
    /// One call sends many datagrams (UDP_SEGMENT).
    pub segmentation: bool,
    /// One call receives many datagrams (UDP_GRO).
    pub coalescing: bool,
}

/// The same for every socket of the process, so it is asked for once.
pub fn socket_abilities() -> SocketAbilities {
    static ABILITIES: OnceLock<SocketAbilities> = OnceLock::new();
    *ABILITIES.get_or_init(|| probe().unwrap_or_default())
}

fn probe() -> Option<SocketAbilities> {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).ok()?;
    let fd = socket.as_raw_fd();
    set(fd, libc::SOL_SOCKET, libc::SO_RCVBUF, c_int::MAX);
    Some(SocketAbilities {
        receive_buffer: get(fd, libc::SOL_SOCKET, libc::SO_RCVBUF).and_then(|bytes| bytes.try_into().ok())?,
        segmentation: set(fd, libc::SOL_UDP, libc::UDP_SEGMENT, 1200),
        coalescing: set(fd, libc::SOL_UDP, libc::UDP_GRO, 1),
    })
}

fn set(fd: RawFd, level: c_int, option: c_int, value: c_int) -> bool {
    let length = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: the descriptor is open during the call, and the value has the stated length.
    unsafe { libc::setsockopt(fd, level, option, (&raw const value).cast(), length) == 0 }
}

fn get(fd: RawFd, level: c_int, option: c_int) -> Option<c_int> {
    let mut value: c_int = 0;
    let mut length = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: the descriptor is open during the call, and the place has the stated length.
    let result = unsafe { libc::getsockopt(fd, level, option, (&raw mut value).cast(), &mut length) };
    (result == 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_has_a_receive_buffer() {
        // The least that Linux grants is above 2 KiB.
        assert!(socket_abilities().receive_buffer > 2048);
    }
}
