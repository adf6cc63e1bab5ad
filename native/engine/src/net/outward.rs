//! The addresses of this machine that others may reach it by.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// The addresses of the interfaces that lead out, IPv4 first; a family without a default route has none.
pub fn outward() -> Vec<IpAddr> {
    // Addresses for documentation (RFC 5737, RFC 3849), which only a default route leads to.
    let ipv4 = leaving(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
    let ipv6 = leaving(
        Ipv6Addr::UNSPECIFIED.into(),
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    );
    [ipv4, ipv6].into_iter().flatten().collect()
}

/// Where packets to `target` would leave from. Connecting a UDP socket chooses the route and sends nothing.
fn leaving(any: IpAddr, target: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((target, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_leads_out_is_one_of_this_machine_or_none() {
        let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
        assert_eq!(leaving(Ipv4Addr::UNSPECIFIED.into(), loopback), Some(loopback));
        // Never the wildcard: that would be no address at all.
        let out = leaving(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
        assert!(out.is_none_or(|address| !address.is_unspecified()));
    }
}
