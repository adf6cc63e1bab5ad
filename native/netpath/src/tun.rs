//! A tun device: what one network namespace sends and receives.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::linux_unsafe;

/// `TUN_F_CSUM`, `TUN_F_TSO4`, `TUN_F_TSO6`.
const TCP_BURSTS: u32 = 0x01 | 0x02 | 0x04;
/// `TUN_F_USO4`, `TUN_F_USO6`: since Linux 6.2.
const UDP_BURSTS: u32 = 0x20 | 0x40;

pub struct Tun {
    device: File,
    /// /proc/net/dev of its namespace, which stays the one it was opened in.
    statistics: File,
    name: &'static str,
}

impl Tun {
    /// Makes the device in the calling thread's network namespace.
    pub fn make(name: &'static str) -> io::Result<Self> {
        let mut options = File::options();
        options
            .read(true)
            .write(true)
            .custom_flags(OFlags::NONBLOCK.bits() as i32);
        let device = options.open("/dev/net/tun")?;
        linux_unsafe::make_tun(&device, name)?;
        linux_unsafe::set_offload(&device, TCP_BURSTS | UDP_BURSTS)
            .or_else(|_| linux_unsafe::set_offload(&device, TCP_BURSTS))?;
        Ok(Self {
            device,
            statistics: File::open("/proc/thread-self/net/dev")?,
            name,
        })
    }

    /// Reads one packet or burst; nothing when none waits.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match (&self.device).read(buffer) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes one packet or burst. The kernel takes it through the receiving side's network stack before it returns.
    pub fn write(&self, head: &[u8], payload: &[u8]) -> io::Result<()> {
        (&self.device)
            .write_vectored(&[IoSlice::new(head), IoSlice::new(payload)])
            .map(|_| ())
    }

    /// Packets that the kernel dropped because earlier ones had not been read for too long.
    pub fn unread(&self) -> io::Result<u64> {
        let mut text = vec![0; 16_384];
        let bytes = self.statistics.read_at(&mut text, 0)?;
        transmit_drops(&String::from_utf8_lossy(&text[..bytes]), self.name).ok_or_else(|| Errno::NODEV.into())
    }
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}

/// The fourth field of the sending half of a line of /proc/net/dev.
fn transmit_drops(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().nth(8 + 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_found_in_the_line_of_the_device() {
        let text = "Inter-|   Receive  |  Transmit\n  lo: 1 1 0 0 0 0 0 0 1 1 0 5 0 0 0 0\npath0:2 2 0 0 0 0 0 0 3 3 0 17 0 0 0 0\n";
        assert_eq!(transmit_drops(text, "path0"), Some(17));
        assert_eq!(transmit_drops(text, "path"), None);
    }
}
