//! What UDP sockets of this process can do, learned from one that is like the library's: the library does not tell.

use std::net::UdpSocket;
use std::os::windows::io::AsRawSocket;
use std::sync::OnceLock;

use windows_sys::Win32::Networking::WinSock::{
    IPPROTO_UDP, SO_RCVBUF, SOCKET, SOL_SOCKET, UDP_RECV_MAX_COALESCED_SIZE, UDP_SEND_MSG_SIZE, getsockopt, setsockopt,
};

use crate::os::SocketAbilities;

/// The same for every socket of the process, so it is asked for once.
pub fn abilities() -> SocketAbilities {
    static ABILITIES: OnceLock<SocketAbilities> = OnceLock::new();
    *ABILITIES.get_or_init(|| probe().unwrap_or_default())
}

fn probe() -> Option<SocketAbilities> {
    /// Of one datagram, and of many together.
    const ONE: i32 = 1200;
    const MANY: i32 = 65_527;
    let socket = UdpSocket::bind(("127.0.0.1", 0)).ok()?;
    let socket = socket.as_raw_socket() as SOCKET;
    set(socket, SOL_SOCKET, SO_RCVBUF, i32::MAX);
    Some(SocketAbilities {
        receive_buffer: get(socket, SOL_SOCKET, SO_RCVBUF).and_then(|bytes| bytes.try_into().ok())?,
        segmentation: set(socket, IPPROTO_UDP, UDP_SEND_MSG_SIZE, ONE),
        coalescing: set(socket, IPPROTO_UDP, UDP_RECV_MAX_COALESCED_SIZE, MANY),
    })
}

fn set(socket: SOCKET, level: i32, option: i32, value: i32) -> bool {
    let length = size_of::<i32>() as i32;
    // SAFETY: the socket is open during the call, and the value has the stated length.
    unsafe { setsockopt(socket, level, option, (&raw const value).cast(), length) == 0 }
}

fn get(socket: SOCKET, level: i32, option: i32) -> Option<i32> {
    let (mut value, mut length) = (0i32, size_of::<i32>() as i32);
    // SAFETY: the socket is open during the call, and the place has the stated length.
    let result = unsafe { getsockopt(socket, level, option, (&raw mut value).cast(), &mut length) };
    (result == 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_has_a_receive_buffer() {
        assert!(abilities().receive_buffer > 2048);
    }
}
