//! Windows: what is below the user's own folders is private to the user by inheritance, files in use keep their names, and no process can
//! become another program: the launcher stays, and hands on the exit code.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::windows::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

use super::windows_unsafe;
use crate::home::{Unusable, is_missing, refused};
use crate::places::Place;

/// In words: the system tells its path.
pub const OWN_FILE: &str = "the path that the system tells";

/// The variable that names the folder for temporary files, which is the user's own.
pub const TEMPORARY: (&str, Option<&str>) = ("TEMP", None);
/// The variable that names the user's own folder.
pub const HOME: &str = "USERPROFILE";
/// The variable that names the folder for what stays on this computer.
pub const CACHE: &str = "LOCALAPPDATA";
/// Below the user's own folder: the same, when no variable says otherwise.
pub const CACHE_IN_HOME: &str = "AppData\\Local";

const FILE_ATTRIBUTE_REPARSE_POINT: u32 = 0x400;
const FILE_ATTRIBUTE_TEMPORARY: u32 = 0x100;
const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;
const FILE_SHARE_READ: u32 = 1;
const FILE_SHARE_DELETE: u32 = 4;

pub fn own_file() -> io::Result<File> {
    File::open(env::current_exe()?)
}

/// The folder for temporary files is the user's own, so that no name has to tell users apart.
pub fn user() -> String {
    "own".to_owned()
}

/// 64 unguessable bits.
pub fn random() -> io::Result<u64> {
    windows_unsafe::random()
}

/// Changes with each start of the machine. Empty: Windows does not tell it reliably, so files are hashed anew only when they changed.
pub fn boot_id() -> String {
    String::new()
}

/// Where programs may not run, starting them fails, and that is told.
pub fn may_execute(_folder: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Whether a variable of the environment is the one of this name: here case tells no variables apart.
pub fn is_same_variable(name: &str, found: &str) -> bool {
    name.eq_ignore_ascii_case(found)
}

/// Windows has no signals.
pub fn ignored_signals() -> Vec<&'static str> {
    Vec::new()
}

/// What Deno needs is on every Windows 10 and later.
pub fn what_is_missing(_deno: &Path, _engine: &Path) -> Option<&'static str> {
    None
}

pub fn memory_file(_name: &str) -> io::Result<(File, PathBuf)> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "Windows runs no programs from memory",
    ))
}

/// Stands for the program until it has ended, and ends with its exit code; returns only if it cannot be started.
///
/// Ctrl-C reaches both; the program decides what becomes of it, and this process waits. A job takes the program along when this process is
/// ended by force.
pub fn run(mut command: Command) -> io::Error {
    windows_unsafe::leave_control_keys_to_others();
    let job = match windows_unsafe::Job::new() {
        Ok(job) => job,
        Err(error) => return error,
    };
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return error,
    };
    let ended = job.take(&child).and_then(|()| child.wait());
    match ended {
        Ok(status) => {
            if were_dropped(env::args_os().skip(1)) && windows_unsafe::has_console_alone() {
                // Whoever dropped files has no other place to read how it went. A console that is gone needs no words.
                let _ = writeln!(io::stderr(), "Press any key to close this window.");
                windows_unsafe::wait_for_key();
            }
            exit(status.code().unwrap_or(1))
        }
        Err(error) => {
            // It must not go on behind a message that it could not be started. It may have ended meanwhile.
            let _ = child.kill();
            error
        }
    }
}

/// Whether these are the arguments of a program on which files were dropped: absolute paths, and nothing else.
fn were_dropped(arguments: impl Iterator<Item = OsString>) -> bool {
    let mut arguments = arguments.peekable();
    arguments.peek().is_some() && arguments.all(|argument| Path::new(&argument).is_absolute())
}

/// `/C:/...` with slashes.
pub fn path_in_url(path: &Path) -> Vec<u8> {
    let text = path.to_string_lossy().replace('\\', "/");
    format!("/{}", text.trim_start_matches("//?/")).into_bytes()
}

pub fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    file.seek_read(buffer, at)
}

pub fn read_exact_at(file: &File, mut buffer: &mut [u8], mut at: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match file.seek_read(buffer, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                buffer = &mut buffer[read..];
                at += read as u64;
            }
        }
    }
    Ok(())
}

pub fn write_all_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.seek_write(bytes, at)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => {
                bytes = &bytes[written..];
                at += written as u64;
            }
        }
    }
    Ok(())
}

/// A file that was not there.
pub fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

pub fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

pub fn make_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

/// A folder itself, and no link to one.
pub fn is_private_folder(status: &Metadata) -> bool {
    status.is_dir() && status.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT == 0
}

/// Files have no modes; what is unpacked stays writable for its user, who can remove it.
pub fn set_mode(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// What changes whenever the file does, in words for a stamp.
pub fn identity(path: &Path, status: &Metadata, _mode: Option<u32>) -> Option<String> {
    let is_link = status.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0;
    let number = File::open(path)
        .and_then(|file| windows_unsafe::file_number(&file))
        .ok()?;
    let times = (status.creation_time(), status.last_write_time());
    (!is_link).then(|| format!("{number} {} {} {}", status.len(), times.0, times.1))
}

/// Fails when the new name exists.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    if !is_missing(to)? {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    // A folder never replaces another one.
    fs::rename(from, to)
}

/// A file for this user that holds these bytes, and goes when its handle here is closed. (Deno opens no pipe by its name unless it may do
/// everything.) It is marked as temporary, so that the system keeps it in memory as long as there is some.
pub fn pipe_with(bytes: &[u8]) -> io::Result<(File, PathBuf)> {
    let path = env::temp_dir().join(format!("ultra-{:016x}", random()?));
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_DELETE);
    options
        .attributes(FILE_ATTRIBUTE_TEMPORARY)
        .custom_flags(FILE_FLAG_DELETE_ON_CLOSE);
    let mut file = options.open(&path)?;
    file.write_all(bytes)?;
    Ok((file, path))
}

/// Makes the base folder if need be, and checks that it is one.
pub fn make_base(place: &Place) -> Result<PathBuf, Unusable> {
    if place.base.to_str().is_none() {
        return refused("its name is no valid Unicode, which Deno needs");
    }
    fs::create_dir_all(&place.base)?;
    if !is_private_folder(&fs::symlink_metadata(&place.base)?) {
        return refused("it is no folder");
    }
    Ok(place.base.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_tells_no_variables_apart() {
        assert!(is_same_variable("ULTRA_TICKET", "Ultra_Ticket"));
        assert!(!is_same_variable("ULTRA_TICKET", "ULTRA_TICKETS"));
    }

    #[test]
    fn only_absolute_paths_are_files_that_were_dropped() {
        let dropped = |arguments: &[&str]| were_dropped(arguments.iter().map(OsString::from));
        assert!(dropped(&[r"C:\a b\c.txt", r"\\server\share\d"]));
        for arguments in [
            &[][..],
            &["send", r"C:\a"],
            &[r"C:\a", "ultra1abc"],
            &["a"],
            &[r"\a"],
            &["C:a"],
        ] {
            assert!(!dropped(arguments), "{arguments:?}");
        }
    }

    #[test]
    fn a_path_stands_in_a_url_with_slashes() {
        for path in [r"C:\a b\ultra.js", r"\\?\C:\a b\ultra.js"] {
            assert_eq!(path_in_url(Path::new(path)), b"/C:/a b/ultra.js");
        }
    }

    #[test]
    fn what_is_handed_on_is_there_until_its_handle_is_closed() {
        let (file, path) = pipe_with(b"secret").expect("a file");
        assert_eq!(fs::read(&path).expect("readable"), b"secret");
        drop(file);
        assert!(is_missing(&path).expect("a status"));
    }

    #[test]
    fn a_new_name_is_never_one_that_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        make_private_folder(&one).expect("made");
        make_private_folder(&other).expect("made");
        let taken = rename_new(&one, &other).expect_err("taken");
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        fs::remove_dir(&other).expect("removed");
        rename_new(&one, &other).expect("free");
        assert!(is_private_folder(&fs::symlink_metadata(&other).expect("a status")));
    }
}
