//! Ticket files: where they are read and written, and who else may touch them.

use std::fs;
#[cfg(unix)]
use std::io::Read;
#[cfg(unix)]
use std::os::fd::AsRawFd;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;

#[cfg(unix)]
use crate::common::told::skipped;
use ultra_files::{ErrorClass, Guard, read_ticket, write_ticket};

const TICKET: &[u8] = b"ultra1first\n";

#[cfg(unix)]
fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names_in(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn i16_a_written_ticket_is_its_owners_alone_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t");
    assert_eq!(write_ticket(&path, TICKET), Ok(Guard::Mode(0o600)));
    #[cfg(unix)]
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(write_ticket(&path, b"ultra1second\n"), Ok(Guard::Mode(0o600)));
    assert_eq!(fs::read(&path).unwrap(), b"ultra1second\n");
    #[cfg(unix)]
    assert_eq!(mode_of(&path), 0o600);
    assert_eq!(names_in(folder.path()), ["t"]);
}

#[test]
fn what_is_no_ticket_is_never_replaced_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t");
    for (contents, is_replaced) in [
        ("", true),
        (" ultra1abc\r\n", true),
        ("important", false),
        ("ultra1abc and notes", false),
        ("ultra, what I know of it", false),
    ] {
        fs::write(&path, contents).unwrap();
        let written = write_ticket(&path, TICKET);
        assert_eq!(written.is_ok(), is_replaced, "{contents}");
        if let Err(error) = written {
            assert!(error.to_string().contains("something else than a ticket"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), contents);
        }
    }
    fs::write(&path, vec![b'a'; 100_000]).unwrap();
    assert!(write_ticket(&path, TICKET).is_err());
    assert_eq!(names_in(folder.path()), ["t"]);
}

#[cfg(unix)]
#[test]
fn i16_a_link_to_a_file_is_replaced_and_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (victim, path) = (folder.path().join("victim"), folder.path().join("t"));
    fs::write(&victim, "mine").unwrap();
    symlink(&victim, &path).unwrap();
    write_ticket(&path, TICKET).unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"mine");
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
}

#[cfg(unix)]
#[test]
fn t30_open_descriptors_are_written_into_and_read_from() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    for folder in ["/dev/fd", "/proc/self/fd"] {
        let path = PathBuf::from(format!("{folder}/{}", writer.as_raw_fd()));
        assert_eq!(write_ticket(&path, TICKET), Ok(Guard::Stream));
        let mut read = vec![0; TICKET.len()];
        reader.read_exact(&mut read).unwrap();
        assert_eq!(read, TICKET);
    }
    write_ticket(&PathBuf::from(format!("/dev/fd/{}", writer.as_raw_fd())), TICKET).unwrap();
    drop(writer);
    let read = read_ticket(&PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd())), 100).unwrap();
    assert_eq!((read.bytes.as_slice(), read.guard), (TICKET, Guard::Stream));
}

#[cfg(unix)]
#[test]
fn t30_a_link_to_an_open_descriptor_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (target, path) = (folder.path().join("target"), folder.path().join("t"));
    let open = fs::File::create(&target).unwrap();
    symlink(format!("/proc/self/fd/{}", open.as_raw_fd()), &path).unwrap();
    write_ticket(&path, TICKET).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert_eq!(fs::read(&target).unwrap(), TICKET);
}

#[cfg(unix)]
#[test]
fn t30_a_ticket_in_shared_memory_is_written_and_read() {
    let Ok(folder) = tempfile::tempdir_in("/dev/shm") else {
        skipped("this system has no /dev/shm");
        return;
    };
    let path = folder.path().join("t");
    assert_eq!(write_ticket(&path, TICKET), Ok(Guard::Mode(0o600)));
    assert_eq!(read_ticket(&path, 100).unwrap().bytes, TICKET);
}

#[test]
fn a_ticket_is_never_written_over_a_folder_or_into_a_device() {
    let folder = tempfile::tempdir().unwrap();
    // (What Windows says of its NUL is an error of another kind.)
    let device = if cfg!(unix) {
        Path::new("/dev/null")
    } else {
        folder.path()
    };
    for path in [folder.path(), device] {
        assert_eq!(write_ticket(path, TICKET).unwrap_err().class, ErrorClass::NotAFile);
        assert_eq!(read_ticket(path, 100).unwrap_err().class, ErrorClass::NotAFile);
    }
    let missing = folder.path().join("no").join("t");
    assert_eq!(write_ticket(&missing, TICKET).unwrap_err().class, ErrorClass::NotFound);
    assert_eq!(read_ticket(&missing, 100).unwrap_err().class, ErrorClass::NotFound);
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn no_more_is_read_than_was_asked_for_and_one_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t");
    fs::write(&path, vec![b'x'; 10_000]).unwrap();
    assert_eq!(read_ticket(&path, 100).unwrap().bytes.len(), 101);
    #[cfg(unix)]
    {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        assert_eq!(read_ticket(&path, 100).unwrap().guard, Guard::Mode(0o620));
    }
}
