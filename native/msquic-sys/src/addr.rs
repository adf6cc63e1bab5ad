//! QUIC_ADDR: a socket address as the operating system lays it out.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// QUIC_ADDRESS_FAMILY, the argument of ConnectionStart.
#[cfg(unix)]
pub type AddressFamily = libc::sa_family_t;
/// QUIC_ADDRESS_FAMILY, the argument of ConnectionStart.
#[cfg(windows)]
pub type AddressFamily = u16;

#[cfg(unix)]
use libc::{AF_INET, AF_INET6};
#[cfg(windows)]
const AF_INET: i32 = 2;
#[cfg(windows)]
const AF_INET6: i32 = 23;
const AF_UNSPEC: i32 = 0;

// The systems of the BSD family begin a socket address with its length; elsewhere the family takes both bytes.
const HAS_LENGTH: bool = cfg!(any(target_vendor = "apple", target_os = "freebsd"));

const V4_SIZE: u8 = 16;
const V6_SIZE: u8 = 28;

/// QUIC_ADDR, a union of sockaddr_in and sockaddr_in6, kept as bytes: family (2), port (2), then for IPv4 the address (4)
/// and zeros, for IPv6 flow information (4), address (16) and scope (4). Port and address are in network order.
#[repr(C, align(4))]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QuicAddr {
    bytes: [u8; V6_SIZE as usize],
}

impl QuicAddr {
    /// Any family: ConnectionStart tries both.
    pub const FAMILY_UNSPEC: AddressFamily = AF_UNSPEC as AddressFamily;
    pub const FAMILY_INET: AddressFamily = AF_INET as AddressFamily;
    pub const FAMILY_INET6: AddressFamily = AF_INET6 as AddressFamily;

    /// All addresses of the machine, IPv4 and IPv6 at once, for ListenerStart; port 0 lets the system choose. Also, with
    /// port 0, the empty place for a get_param to fill.
    pub fn unspecified(port: u16) -> Self {
        let mut addr = QuicAddr {
            bytes: [0; V6_SIZE as usize],
        };
        addr.set_header(AF_UNSPEC, V6_SIZE, port);
        addr
    }

    /// The address as Rust knows it; `None` without a family. An IPv4 address mapped into IPv6 stays as it is.
    pub fn to_socket_addr(&self) -> Option<SocketAddr> {
        let port = self.port();
        match self.family() {
            Self::FAMILY_INET => {
                let ip = Ipv4Addr::from(self.part::<4>(4));
                Some(SocketAddr::V4(SocketAddrV4::new(ip, port)))
            }
            Self::FAMILY_INET6 => {
                let flow = u32::from_ne_bytes(self.part(4));
                let ip = Ipv6Addr::from(self.part::<16>(8));
                let scope = u32::from_ne_bytes(self.part(24));
                Some(SocketAddr::V6(SocketAddrV6::new(ip, port, flow, scope)))
            }
            _ => None,
        }
    }

    pub fn family(&self) -> AddressFamily {
        if HAS_LENGTH {
            AddressFamily::from(self.bytes[1])
        } else {
            // (Never reached where the type has one byte.)
            u16::from_ne_bytes(self.part(0)) as AddressFamily
        }
    }

    pub fn port(&self) -> u16 {
        u16::from_be_bytes(self.part(2))
    }

    /// The family of an address, for ConnectionStart.
    pub fn family_of(ip: IpAddr) -> AddressFamily {
        match ip {
            IpAddr::V4(_) => Self::FAMILY_INET,
            IpAddr::V6(_) => Self::FAMILY_INET6,
        }
    }

    fn set_header(&mut self, family: i32, size: u8, port: u16) {
        if HAS_LENGTH {
            self.bytes[0] = size;
            self.bytes[1] = family as u8;
        } else {
            self.put(0, (family as u16).to_ne_bytes());
        }
        self.put(2, port.to_be_bytes());
    }

    fn put<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        self.bytes[at..at + N].copy_from_slice(&bytes);
    }

    fn part<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut part = [0; N];
        part.copy_from_slice(&self.bytes[at..at + N]);
        part
    }
}

impl From<SocketAddr> for QuicAddr {
    fn from(addr: SocketAddr) -> Self {
        let mut result = QuicAddr {
            bytes: [0; V6_SIZE as usize],
        };
        match addr {
            SocketAddr::V4(v4) => {
                result.set_header(AF_INET, V4_SIZE, v4.port());
                result.put(4, v4.ip().octets());
            }
            SocketAddr::V6(v6) => {
                result.set_header(AF_INET6, V6_SIZE, v6.port());
                result.put(4, v6.flowinfo().to_ne_bytes());
                result.put(8, v6.ip().octets());
                result.put(24, v6.scope_id().to_ne_bytes());
            }
        }
        result
    }
}

impl fmt::Debug for QuicAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_socket_addr() {
            Some(addr) => write!(f, "QuicAddr({addr})"),
            None => write!(f, "QuicAddr(unspecified, port {})", self.port()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str) {
        let addr: SocketAddr = text.parse().unwrap();
        assert_eq!(QuicAddr::from(addr).to_socket_addr(), Some(addr));
        assert_eq!(QuicAddr::from(addr).port(), addr.port());
        assert_eq!(QuicAddr::from(addr).family(), QuicAddr::family_of(addr.ip()));
    }

    #[test]
    fn addresses_survive_the_way_there_and_back() {
        round_trip("192.0.2.7:4433");
        round_trip("0.0.0.0:0");
        round_trip("[2001:db8::1]:65535");
        round_trip("[::ffff:192.0.2.7]:1");
        round_trip("[fe80::1%3]:4433");
    }

    #[test]
    fn flow_information_survives() {
        let addr = SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 9, 0x0001_2345, 7));
        assert_eq!(QuicAddr::from(addr).to_socket_addr(), Some(addr));
    }

    #[test]
    fn an_unspecified_address_keeps_its_port_only() {
        let addr = QuicAddr::unspecified(4433);
        assert_eq!(addr.to_socket_addr(), None);
        assert_eq!(addr.family(), QuicAddr::FAMILY_UNSPEC);
        assert_eq!(addr.port(), 4433);
    }

    #[cfg(unix)]
    #[test]
    fn the_bytes_are_those_of_the_system() {
        use core::mem::{align_of, size_of};
        use std::ptr;

        assert_eq!(size_of::<QuicAddr>(), size_of::<libc::sockaddr_in6>());
        assert_eq!(align_of::<QuicAddr>(), align_of::<libc::sockaddr_in6>());

        let v4 = QuicAddr::from("192.0.2.7:4433".parse::<SocketAddr>().unwrap());
        // SAFETY: QuicAddr is at least as large and as aligned as sockaddr_in, which is valid with any bytes.
        let system = unsafe { ptr::from_ref(&v4).cast::<libc::sockaddr_in>().read() };
        assert_eq!(system.sin_family, libc::AF_INET as libc::sa_family_t);
        assert_eq!(system.sin_port, 4433u16.to_be());
        assert_eq!(system.sin_addr.s_addr.to_ne_bytes(), [192, 0, 2, 7]);

        let v6 = QuicAddr::from("[fe80::1%3]:4433".parse::<SocketAddr>().unwrap());
        // SAFETY: QuicAddr is as large and as aligned as sockaddr_in6, which is valid with any bytes.
        let system = unsafe { ptr::from_ref(&v6).cast::<libc::sockaddr_in6>().read() };
        assert_eq!(system.sin6_family, libc::AF_INET6 as libc::sa_family_t);
        assert_eq!(system.sin6_port, 4433u16.to_be());
        assert_eq!(system.sin6_addr.s6_addr[..2], [0xfe, 0x80]);
        assert_eq!(system.sin6_addr.s6_addr[15], 1);
        assert_eq!(system.sin6_scope_id, 3);
    }
}
