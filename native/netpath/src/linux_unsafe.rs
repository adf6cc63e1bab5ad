//! The system calls that rustix does not have. All `unsafe` of this crate is here.

use std::ffi::{c_int, c_uint, c_ulong};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};

/// `TUNSETIFF`: makes the tun device `name` in the calling thread's network namespace and binds this open /dev/net/tun to it.
pub fn make_tun(device: impl AsFd, name: &str) -> io::Result<()> {
    let flags = libc::IFF_TUN | libc::IFF_NO_PI | libc::IFF_VNET_HDR | libc::IFF_TUN_EXCL;
    // SAFETY: `ifreq` consists of integers, for which all zeros are a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= request.ifr_name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = flags as libc::c_short;
    // SAFETY: `TUNSETIFF` reads and writes one `ifreq`, which lives until after the call.
    result(unsafe { libc::ioctl(device.as_fd().as_raw_fd(), libc::TUNSETIFF, &mut request) })
}

/// `TUNSETOFFLOAD`: the bursts that the kernel may hand over uncut, a sum of `TUN_F_*`.
pub fn set_offload(device: impl AsFd, flags: c_uint) -> io::Result<()> {
    // SAFETY: `TUNSETOFFLOAD` takes its argument by value.
    result(unsafe { libc::ioctl(device.as_fd().as_raw_fd(), libc::TUNSETOFFLOAD, c_ulong::from(flags)) })
}

/// Makes the calling thread a real-time one: it runs as soon as it wakes, before all of lower priority and all ordinary ones.
/// Threads and processes that it starts are ordinary.
pub fn become_real_time(priority: c_int) -> io::Result<()> {
    let parameters = libc::sched_param {
        sched_priority: priority,
    };
    // SAFETY: 0 is the calling thread; the parameters live until after the call.
    result(unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &parameters) })
}

/// An option of a UDP socket with a whole number as its value (`UDP_SEGMENT`, `UDP_GRO`).
pub fn set_udp_option(socket: impl AsFd, option: c_int, value: c_int) -> io::Result<()> {
    set_option(socket, libc::SOL_UDP, option, value)
}

/// The socket's receive buffer, also beyond `net.core.rmem_max` (for root).
pub fn force_receive_buffer(socket: impl AsFd, bytes: c_int) -> io::Result<()> {
    set_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, bytes)
}

fn set_option(socket: impl AsFd, level: c_int, option: c_int, value: c_int) -> io::Result<()> {
    let (pointer, size) = ((&raw const value).cast(), size_of::<c_int>() as libc::socklen_t);
    // SAFETY: the kernel reads `size` bytes, all of `value`, which lives until after the call.
    result(unsafe { libc::setsockopt(socket.as_fd().as_raw_fd(), level, option, pointer, size) })
}

/// A socket for whole IPv4 packets, whatever source they name.
pub struct RawSocket(OwnedFd);

impl RawSocket {
    pub fn open() -> io::Result<Self> {
        // SAFETY: takes numbers alone.
        let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::IPPROTO_RAW) };
        result(fd)?;
        // SAFETY: a fresh descriptor that nobody else owns.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    pub fn send(&self, packet: &[u8], to: Ipv4Addr) -> io::Result<()> {
        // SAFETY: `sockaddr_in` consists of integers, for which all zeros are a value.
        let mut address: libc::sockaddr_in = unsafe { std::mem::zeroed() };
        address.sin_family = libc::AF_INET as libc::sa_family_t;
        address.sin_addr.s_addr = u32::from(to).to_be();
        let (pointer, size) = ((&raw const address).cast(), size_of_val(&address) as libc::socklen_t);
        // SAFETY: the kernel reads the packet and the address, which live until after the call.
        let sent = unsafe {
            libc::sendto(
                self.0.as_raw_fd(),
                packet.as_ptr().cast(),
                packet.len(),
                0,
                pointer,
                size,
            )
        };
        if sent < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }
}

/// Where the signal handler writes; -1 until there is one.
static SIGNALLED: AtomicI32 = AtomicI32::new(-1);

/// From now on SIGINT, SIGTERM and SIGHUP make `event` readable (an eventfd), and do nothing else.
pub fn signals_to(event: &'static OwnedFd) -> io::Result<()> {
    SIGNALLED.store(event.as_raw_fd(), Ordering::SeqCst);
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: `sigaction` consists of integers and an optional function, for which all zeros are a value.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = on_signal as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        // SAFETY: the handler takes one number, as `sa_flags` says, and calls only what POSIX allows in handlers.
        result(unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) })?;
    }
    Ok(())
}

extern "C" fn on_signal(_signal: c_int) {
    let one = 1_u64;
    // SAFETY: write(2) may be called in a handler; it reads 8 bytes of a local. The descriptor is never closed. A write
    // fails only when the count is at its limit, and then it is readable anyway; but it must not leave its errno behind.
    unsafe {
        let errno = *libc::__errno_location();
        libc::write(
            SIGNALLED.load(Ordering::SeqCst),
            (&raw const one).cast(),
            size_of::<u64>(),
        );
        *libc::__errno_location() = errno;
    }
}

fn result(code: c_int) -> io::Result<()> {
    if code < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
