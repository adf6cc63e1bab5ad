//! What UDP sockets of this process can do, learned from one that is like the library's: the library does not tell.

use std::ffi::c_int;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::OnceLock;

use crate::os::SocketAbilities;

/// The same for every socket of the process, so it is asked for once. One call moves one datagram here.
pub fn abilities() -> SocketAbilities {
    static ABILITIES: OnceLock<SocketAbilities> = OnceLock::new();
    *ABILITIES.get_or_init(|| SocketAbilities {
        receive_buffer: receive_buffer().unwrap_or(0),
        segmentation: false,
        coalescing: false,
    })
}

fn receive_buffer() -> Option<u64> {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).ok()?;
    let (wanted, length) = (c_int::MAX, size_of::<c_int>() as libc::socklen_t);
    // SAFETY: the descriptor is open, and the value has the stated length. More than the system gives is refused, and then it stays as it was.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUF,
            (&raw const wanted).cast(),
            length,
        )
    };
    let (mut value, mut length): (c_int, _) = (0, length);
    // SAFETY: the descriptor is open, and the place has the stated length.
    let result = unsafe {
        let place = (&raw mut value).cast();
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUF,
            place,
            &mut length,
        )
    };
    (result == 0).then(|| u64::try_from(value).ok())?
}
