//! What the kernel grants a UDP socket, asked of one that is like the library's: the library does not tell.

use std::ffi::c_int;
use std::fs;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;
use std::sync::OnceLock;

use super::entries;
use crate::os::SocketAbilities;

/// The same for every socket of the process, so it is asked for once.
pub fn abilities() -> SocketAbilities {
    static ABILITIES: OnceLock<SocketAbilities> = OnceLock::new();
    *ABILITIES.get_or_init(|| probe().unwrap_or_default())
}

/// Datagrams that arrived at sockets of this process and found no room.
pub fn dropped_datagrams() -> u64 {
    let inodes: Vec<String> = entries("/proc/self/fd")
        .iter()
        .filter_map(|fd| socket_inode(fd))
        .collect();
    ["/proc/self/net/udp", "/proc/self/net/udp6"]
        .iter()
        .map(|table| drops_of(&fs::read_to_string(table).unwrap_or_default(), &inodes))
        .sum()
}

fn socket_inode(descriptor: &Path) -> Option<String> {
    let target = fs::read_link(descriptor).ok()?;
    let inode = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
    Some(inode.to_owned())
}

/// The last column of the lines whose tenth is one of `inodes`.
fn drops_of(table: &str, inodes: &[String]) -> u64 {
    let drops = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let inode = columns.get(9)?;
        if !inodes.iter().any(|known| known == inode) {
            return None;
        }
        columns.last()?.parse::<u64>().ok()
    };
    table.lines().skip(1).filter_map(drops).sum()
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
        assert!(abilities().receive_buffer > 2048);
    }

    #[test]
    fn drops_of_other_sockets_do_not_count() {
        let table = "  sl  local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode ref pointer drops\n\
        833: 0100007F:D3FB 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 801699 2 00000000d4557ca9 12\n\
        834: 0100007F:D3FC 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 801700 2 00000000d4557ca9 5\n\
        835: 0100007F:D3FD 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 801701 2 00000000d4557ca9 100\n";
        assert_eq!(drops_of(table, &["801699".to_owned(), "801700".to_owned()]), 17);
        assert_eq!(drops_of(table, &[]), 0);
    }
}
