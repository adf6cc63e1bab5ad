//! A bus of our own, which looks at what is said and answers with a descriptor.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;

use super::*;

/// Sends the last bytes of an answer with a descriptor, as `login1` does.
fn answer_with(socket: &UnixStream, descriptor: &impl AsRawFd) {
    let mut bytes = *b"answer";
    let mut part = libc::iovec {
        iov_base: bytes.as_mut_ptr().cast(),
        iov_len: bytes.len(),
    };
    let mut control = [0u64; 4];
    let raw = descriptor.as_raw_fd();
    // SAFETY: zero is right for every field, and the pointers that are set afterwards live through the call.
    let sent = unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(size_of_val(&raw) as u32) as _;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(size_of_val(&raw) as u32) as _;
        libc::CMSG_DATA(header).cast::<libc::c_int>().write_unaligned(raw);
        libc::sendmsg(socket.as_raw_fd(), &raw const message, 0)
    };
    assert_eq!(sent, bytes.len() as isize);
}

#[test]
fn the_lock_is_asked_for_and_held_until_it_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    let listener = UnixListener::bind(&path).unwrap();
    let lock = ask_at(&path).unwrap();
    let (mut bus, _) = listener.accept().unwrap();
    let mut said = vec![0; conversation().len()];
    bus.read_exact(&mut said).unwrap();
    let (greeting, calls) = said.split_at(said.iter().position(|byte| *byte == b'l').unwrap());
    assert_eq!(greeting, b"\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n");
    let text = String::from_utf8_lossy(calls).into_owned();
    for word in [
        "Hello",
        "org.freedesktop.login1.Manager",
        "Inhibit",
        "sleep",
        "ultra",
        "block",
    ] {
        assert!(text.contains(word), "{word}");
    }
    // The lock is the other end of this pipe: it is held as long as reading does not end.
    let (mut held, lock_end) = std::io::pipe().unwrap();
    answer_with(&bus, &lock_end);
    drop(lock_end);
    set_nonblocking(&held);
    let held_on = held.read(&mut [0]).expect_err("held");
    assert_eq!(held_on.kind(), std::io::ErrorKind::WouldBlock);
    drop(lock);
    assert_eq!(held.read(&mut [0]).expect("let go"), 0);
}

fn set_nonblocking(pipe: &impl AsRawFd) {
    // SAFETY: sets a flag of a descriptor that is open.
    let set = unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    assert_eq!(set, 0);
}

#[test]
fn a_call_lies_as_the_specification_says() {
    let callee = Callee {
        name: "a.b",
        path: "/p",
        interface: "i.j",
    };
    let expected: Vec<u8> = [
        &b"l\x01\x02\x01"[..],
        &7u32.to_le_bytes(), // body: "x"
        &9u32.to_le_bytes(),
        &71u32.to_le_bytes(), // fields
        b"\x01\x01o\0\x02\0\0\0/p\0\0\0\0\0\0",
        b"\x02\x01s\0\x03\0\0\0i.j\0\0\0\0\0",
        b"\x03\x01s\0\x01\0\0\0M\0\0\0\0\0\0\0",
        b"\x06\x01s\0\x03\0\0\0a.b\0\0\0\0\0",
        b"\x08\x01g\0\x01s\0",
        b"\0", // up to a multiple of 8
        b"\x02\0\0\0xy\0",
    ]
    .concat();
    let said = call(9, &callee, "M", &["xy"]);
    assert_eq!(said, expected, "{said:?}");
}

#[test]
fn where_there_is_no_bus_nothing_happens() {
    let folder = tempfile::tempdir().unwrap();
    assert!(ask_at(&folder.path().join("none")).is_none());
    let at = |address: &str| socket_path(Some(address.to_owned()));
    assert_eq!(at("unix:path=/run/x,guid=0a"), Some("/run/x".into()));
    assert_eq!(at("tcp:host=a;unix:path=/run/y"), Some("/run/y".into()));
    assert_eq!(at("tcp:host=a,port=1"), None);
    assert_eq!(at(""), Some(USUAL_SOCKET.into()));
    assert_eq!(socket_path(None), Some(USUAL_SOCKET.into()));
}
