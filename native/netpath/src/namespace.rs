//! The two network namespaces at the ends of a path, made and removed with iproute2's `ip` so that `ip netns exec` knows them.

use std::ffi::CStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::process::{Command, Stdio};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space, set_name};

use crate::args::Tcp;
use crate::failure::{Context, Failure};
use crate::tun::Tun;

const FOLDER: &str = "/run/netns";
/// Each namespace has its own view of it.
const SYSCTL: &str = "/proc/sys/net/ipv4";
const DEVICE: &str = "path0";
/// Packets and bursts that may wait for the box to read them. The kernel's 500 would be 6 ms of full packets at 1 Gbit/s.
const UNREAD: u32 = 5000;

/// A namespace that is removed when it is dropped.
pub struct Namespace {
    pub name: String,
    pub address: &'static str,
    pub address6: &'static str,
}

impl Namespace {
    /// Makes the namespace of this process at one end of its path: `a` or `b`.
    pub fn make(end: &str) -> Result<Self, Failure> {
        let name = format!("ultra-{end}-{}", std::process::id());
        let (address, address6) = if end == "a" {
            ("10.77.0.1", "fd77::1")
        } else {
            ("10.77.0.2", "fd77::2")
        };
        ip(&["netns", "add", &name], "")?;
        Ok(Self {
            name,
            address,
            address6,
        })
    }

    /// Makes the device at this end, ready to use.
    pub fn make_tun(&self) -> Result<Tun, Failure> {
        let tun = self.inside(|| Tun::make(DEVICE).context("cannot make a tun device"))??;
        let (address, address6) = (self.address, self.address6);
        // No packets but those of the programs inside: the kernel has no router to look for, and needs no address of its own.
        let commands = format!(
            "link set lo up\n\
             link set {DEVICE} mtu 1500 txqueuelen {UNREAD} addrgenmode none\n\
             address add {address}/24 dev {DEVICE}\n\
             address add {address6}/64 dev {DEVICE} nodad\n\
             link set {DEVICE} up\n"
        );
        ip(&["-n", &self.name, "-batch", "-"], &commands)?;
        Ok(tun)
    }

    /// Makes TCP inside independent of what the machine has chosen, and of earlier connections.
    pub fn set_tcp(&self, tcp: &Tcp) -> Result<(), Failure> {
        self.inside(|| -> Result<(), Failure> {
            // Runs in one box must not help each other.
            set_sysctl("tcp_no_metrics_save", "1")?;
            if tcp.buffer > 0 {
                set_sysctl("tcp_rmem", &format!("4096 131072 {}", tcp.buffer.max(131_072)))?;
                set_sysctl("tcp_wmem", &format!("4096 131072 {}", tcp.buffer.max(131_072)))?;
            }
            Ok(())
        })??;
        self.set_congestion_control(&tcp.congestion_control)
    }

    fn set_congestion_control(&self, name: &str) -> Result<(), Failure> {
        const CHOSEN: &str = "tcp_congestion_control";
        if self.inside(|| set_sysctl(CHOSEN, name))?.is_ok() {
            return Ok(());
        }
        // A namespace may choose only what the machine allows to ordinary users. So it is allowed, until the next start.
        const ALLOWED: &str = "tcp_allowed_congestion_control";
        let allowed =
            fs::read_to_string(format!("{SYSCTL}/{ALLOWED}")).with_context(|| format!("cannot read {ALLOWED}"))?;
        set_sysctl(ALLOWED, &format!("{} {name}", allowed.trim()))?;
        self.inside(|| set_sysctl(CHOSEN, name))?
    }

    /// Runs something in a thread inside the namespace. Sockets and devices made there stay there.
    pub fn inside<T: Send>(&self, body: impl FnOnce() -> T + Send) -> Result<T, Failure> {
        std::thread::scope(|scope| {
            let inside = || enter(&self.name).map(|()| body());
            scope
                .spawn(inside)
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Err(failure) = ip(&["netns", "delete", &self.name], "") {
            eprintln!("netpath: {failure}");
        }
    }
}

/// Moves the calling thread into a namespace by its name.
pub fn enter(name: &str) -> Result<(), Failure> {
    let file =
        File::open(format!("{FOLDER}/{name}")).with_context(|| format!("there is no network namespace {name}"))?;
    move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), Some(LinkNameSpaceType::Network))
        .with_context(|| format!("cannot enter the network namespace {name}"))
}

fn set_sysctl(name: &str, value: &str) -> Result<(), Failure> {
    fs::write(format!("{SYSCTL}/{name}"), value).with_context(|| format!("cannot set net.ipv4.{name} to {value}"))
}

/// Makes this process known as a box, and removes the namespaces of boxes that were killed.
pub fn remove_stale() -> Result<(), Failure> {
    set_name(PROCESS).context("cannot name the process")?;
    let entries = match fs::read_dir(FOLDER) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).context(FOLDER),
    };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if owner(&name).is_some_and(|pid| !is_box(pid)) {
            // Another box that starts now may remove it at the same moment; gone is gone.
            let _ = ip(&["netns", "delete", &name], "");
        }
    }
    Ok(())
}

/// The process that made a namespace of this name, if it is one of ours.
fn owner(name: &str) -> Option<u32> {
    name.strip_prefix("ultra-a-")
        .or_else(|| name.strip_prefix("ultra-b-"))?
        .parse()
        .ok()
}

/// The name under which /proc knows a box, whatever its file is called.
const PROCESS: &CStr = c"netpath";

/// Whether a process is a box that is running; never ourselves, who have made nothing yet.
fn is_box(pid: u32) -> bool {
    let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    pid != std::process::id() && name.trim_ascii_end() == PROCESS.to_bytes()
}

/// Runs iproute2; it explains its failures on stderr.
fn ip(arguments: &[&str], input: &str) -> Result<(), Failure> {
    let what = || format!("ip {}", arguments.join(" "));
    let mut command = Command::new("ip");
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {} (Debian package iproute2)", what()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).with_context(what)?;
    }
    let output = child.wait_with_output().with_context(what)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{}: {}", what(), said.trim().replace('\n', "; "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_have_an_owner() {
        assert_eq!(owner("ultra-a-17"), Some(17));
        assert_eq!(owner("ultra-b-4194304"), Some(4_194_304));
        for name in ["ultra-c-17", "ultra-a-", "ultra-a-x", "ultra-a-17-1", "a-17"] {
            assert_eq!(owner(name), None, "{name}");
        }
    }

    #[test]
    fn a_process_that_is_no_box_owns_nothing() {
        assert!(!is_box(1));
        assert!(!is_box(std::process::id()));
    }
}
