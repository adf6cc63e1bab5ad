//! Functions that need no started engine: ticket files, and the addresses of this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::Path;

use ultra_files::{FileError, Guard, read_ticket, write_ticket};

use super::{answer_bytes, bad, guarded, input, output};
use crate::fault::Fault;

/// Answers below zero by this much and the number of the fault, as of `ultra_sink`.
const FAULTS: i32 = 1000;

/// Answers for a [`Guard`] that is no mode: above every mode.
const NO_MODES: u32 = 0x1000;
const STREAM: u32 = 0x2000;

/// Blocks while a pipe is empty: called as a nonblocking symbol, on a thread of Deno's pool.
///
/// # Safety
/// See the contract of `door.rs`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_read_ticket(path: *const u8, len: u32, out: *mut u8, cap: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (path, out) = unsafe { (input(path, len)?, output(out, cap)?) };
        let (guard, text) = out.split_at_mut_checked(4).ok_or(bad())?;
        // One byte more than was asked for tells the caller that the file is too long.
        let most = text.len().checked_sub(1).ok_or(bad())?;
        let read = read_ticket(path_of(path)?, most).map_err(fault_answer)?;
        guard.copy_from_slice(&guard_number(read.guard).to_le_bytes());
        answer_bytes(text, &read.bytes)
    })
}

/// Blocks until a pipe has a reader: called as a nonblocking symbol, on a thread of Deno's pool.
///
/// # Safety
/// See the contract of `door.rs`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_write_ticket(path: *const u8, len: u32, ticket: *const u8, ticket_len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (path, ticket) = unsafe { (input(path, len)?, input(ticket, ticket_len)?) };
        let guard = write_ticket(path_of(path)?, ticket).map_err(fault_answer)?;
        i32::try_from(guard_number(guard)).map_err(|_| bad())
    })
}

/// The addresses of the interfaces that lead out, of each family, joined by newlines; a family without a route has none.
///
/// # Safety
/// See the contract of `door.rs`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_outward(out: *mut u8, cap: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let out = unsafe { output(out, cap) }?;
        // Addresses for documentation (RFC 5737, RFC 3849), which only a default route leads to.
        let ipv4 = outward(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
        let ipv6 = outward(
            Ipv6Addr::UNSPECIFIED.into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
        );
        let texts: Vec<String> = [ipv4, ipv6].iter().flatten().map(IpAddr::to_string).collect();
        answer_bytes(out, texts.join("\n").as_bytes())
    })
}

/// Where packets to `target` would leave from. Connecting a UDP socket chooses the route and sends nothing.
fn outward(any: IpAddr, target: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((target, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn path_of(bytes: &[u8]) -> Result<&Path, i32> {
    let path = std::str::from_utf8(bytes).map_err(|_| bad())?;
    Ok(Path::new(path))
}

fn guard_number(guard: Guard) -> u32 {
    match guard {
        Guard::Mode(mode) => mode.into(),
        Guard::NoModes => NO_MODES,
        Guard::Stream => STREAM,
    }
}

fn fault_answer(error: FileError) -> i32 {
    -(FAULTS + Fault::from(error).class as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_leads_out_is_one_of_this_machine_or_none() {
        let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
        assert_eq!(outward(Ipv4Addr::UNSPECIFIED.into(), loopback), Some(loopback));
        // Never the wildcard: that would be no address at all.
        let out = outward(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
        assert!(out.is_none_or(|address| !address.is_unspecified()));
    }
}
