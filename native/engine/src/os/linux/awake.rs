//! Keeping the machine awake: systemd's inhibitor lock, asked for over the system's message bus.
//!
//! `login1` answers with a descriptor, and the lock holds until all of its copies are closed. The answer is never read: the descriptor waits in this
//! socket, where the kernel keeps it open, and it is closed with the socket. So nothing that a service says is parsed here, and whether there is
//! such a service at all makes no difference.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Where the bus is unless the environment says something else.
const USUAL_SOCKET: &str = "/run/dbus/system_bus_socket";
const ADDRESS_VARIABLE: &str = "DBUS_SYSTEM_BUS_ADDRESS";

/// The lock. Dropping it lets the machine sleep.
pub struct Lock {
    _socket: UnixStream,
}

/// Asks for the lock; nothing where there is no bus. Whether it was granted is not known.
pub fn ask() -> Option<Lock> {
    ask_at(&socket_path(std::env::var(ADDRESS_VARIABLE).ok())?)
}

fn ask_at(path: &Path) -> Option<Lock> {
    let mut socket = UnixStream::connect(path).ok()?;
    socket.write_all(&conversation()).ok()?;
    Some(Lock { _socket: socket })
}

/// Of an address such as `unix:path=/run/x` the path; `None` for all other kinds.
fn socket_path(address: Option<String>) -> Option<PathBuf> {
    let Some(address) = address.filter(|address| !address.is_empty()) else {
        return Some(USUAL_SOCKET.into());
    };
    let mut ways = address.split(';').filter_map(|way| way.strip_prefix("unix:path="));
    let path = ways.next()?.split(',').next()?;
    Some(path.into())
}

/// All that is said, in one piece, as systemd's own programs do it: who this is (the bus sees that by itself), that descriptors may come, a greeting,
/// and the one call.
fn conversation() -> Vec<u8> {
    let mut said = b"\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n".to_vec();
    let bus = Callee {
        name: "org.freedesktop.DBus",
        path: "/org/freedesktop/DBus",
        interface: "org.freedesktop.DBus",
    };
    let login = Callee {
        name: "org.freedesktop.login1",
        path: "/org/freedesktop/login1",
        interface: "org.freedesktop.login1.Manager",
    };
    said.extend(call(1, &bus, "Hello", &[]));
    let (what, who, why, how) = ("sleep", "ultra", "files are being transferred", "block");
    said.extend(call(2, &login, "Inhibit", &[what, who, why, how]));
    said
}

struct Callee {
    name: &'static str,
    path: &'static str,
    interface: &'static str,
}

/// A method call as the D-Bus specification has it, little-endian. The arguments are strings.
fn call(serial: u32, callee: &Callee, method: &str, arguments: &[&str]) -> Vec<u8> {
    const METHOD_CALL: u8 = 1;
    const NO_AUTO_START: u8 = 2;
    const VERSION: u8 = 1;
    let mut body = Message::default();
    for argument in arguments {
        body.string(argument);
    }
    let mut fields = Message::default();
    for (code, kind, value) in [
        (1, 'o', callee.path),
        (2, 's', callee.interface),
        (3, 's', method),
        (6, 's', callee.name),
    ] {
        fields.field(code, kind);
        fields.string(value);
    }
    if !arguments.is_empty() {
        fields.field(8, 'g');
        fields.signature(&"s".repeat(arguments.len()));
    }
    let mut message = Message(vec![b'l', METHOD_CALL, NO_AUTO_START, VERSION]);
    message.number(body.0.len());
    message.0.extend(serial.to_le_bytes());
    message.number(fields.0.len());
    message.0.extend(fields.0);
    message.align(8);
    message.0.extend(body.0);
    message.0
}

/// Bytes of a message. What is put into another one begins at a multiple of eight there, so that alignments stay right.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    fn number(&mut self, number: usize) {
        self.align(4);
        // Lengths of the constants above.
        self.0.extend((number as u32).to_le_bytes());
    }

    fn string(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend(text.as_bytes());
        self.0.push(0);
    }

    fn signature(&mut self, text: &str) {
        self.0.push(text.len() as u8);
        self.0.extend(text.as_bytes());
        self.0.push(0);
    }

    /// The code of a header field, and the type of the value that follows.
    fn field(&mut self, code: u8, kind: char) {
        self.align(8);
        self.0.push(code);
        self.signature(&kind.to_string());
    }
}

#[cfg(test)]
#[path = "awake_tests.rs"]
mod tests;
