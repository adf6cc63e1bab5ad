//! Windows: what is unpacked belongs to the user by its access list, files in use keep their names, and no process can become another program: the launcher stays, and hands on the exit code.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsHandle;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

use super::windows_unsafe;

/// The engine's, with which it looks at files of state: one source for both.
#[path = "../../../files/src/os/windows/security_unsafe.rs"]
#[allow(unsafe_code, dead_code, reason = "the engine uses the rest")]
mod security_unsafe;

use security_unsafe as security;

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
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
const FILE_SHARE_READ: u32 = 1;
const FILE_SHARE_DELETE: u32 = 4;
const SHARE_ALL: u32 = 7;
const READ_CONTROL: u32 = 0x2_0000;
const ERROR_INVALID_FUNCTION: u32 = 1;
const ERROR_NOT_SUPPORTED: u32 = 50;
const ERROR_INVALID_PARAMETER: u32 = 87;

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

/// Changes with each start of the machine. Empty: Windows does not tell it reliably. So what is unpacked is forced to the disk ([`settle`]), and a
/// power cut takes no content from a file whose size and times stay.
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

/// With all that will be in it.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    security::make_private_folder(&units(path)?)
}

/// A folder itself, and no link to one, that is this user's and that nobody else may change.
pub fn is_private_folder(path: &Path, status: &Metadata) -> bool {
    let is_folder = status.is_dir() && status.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT == 0;
    is_folder && matches!(hold_of(path), Ok(Hold::Own))
}

/// Files have no modes; what is unpacked stays writable for its user, who can remove it. Its content is on the disk from here on.
pub fn settle(file: &File, _mode: u32) -> io::Result<()> {
    file.sync_all()
}

/// What changes whenever the file does, in words for a stamp: its number, size, and the times of the last change of content and of status, of which
/// the latter is set by the system. `None`: it is a link, has another name, is not this user's, or others may change it.
pub fn identity(path: &Path, status: &Metadata, _mode: Option<u32>) -> Option<String> {
    if status.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0 || !matches!(hold_of(path), Ok(Hold::Own)) {
        return None;
    }
    let file = File::open(path).ok()?;
    let found = windows_unsafe::identity(&file).ok()?;
    (found.links == 1).then(|| {
        format!(
            "{} {} {} {}",
            found.number,
            status.len(),
            status.last_write_time(),
            found.changed
        )
    })
}

/// In whose hands a file or folder is.
enum Hold {
    /// This user's; nobody else may change it or put another one in its place.
    Own,
    /// It belongs to another user.
    Others,
    /// This user's, and others may change it or what is in it.
    Shared,
    /// The disk does not keep who may do what.
    Unknown,
}

/// Of a link, the link itself.
fn look_at(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.access_mode(READ_CONTROL).share_mode(SHARE_ALL);
    options.custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT);
    options.open(path)
}

fn hold_of(path: &Path) -> io::Result<Hold> {
    let file = look_at(path)?;
    let Some(others) = security::others(file.as_handle())? else {
        return Ok(Hold::Unknown);
    };
    if !security::is_mine(file.as_handle())? {
        return Ok(Hold::Others);
    }
    Ok(if others.write || others.replace {
        Hold::Shared
    } else {
        Hold::Own
    })
}

/// Whether nobody but this user and those who can do everything anyway may give this folder another name, or what is in it.
fn is_firm(path: &Path) -> io::Result<bool> {
    let file = look_at(path)?;
    let others = security::others(file.as_handle())?;
    Ok(others.is_some_and(|others| !others.replace) && security::is_mine_or_of_system(file.as_handle())?)
}

fn error_of(code: u32) -> io::Error {
    io::Error::from_raw_os_error(code.cast_signed())
}

/// What disks without access lists say.
fn is_unknown(error: &io::Error) -> bool {
    let codes = [ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED, ERROR_INVALID_PARAMETER];
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&code.cast_unsigned()))
}

fn units(path: &Path) -> io::Result<Vec<u16>> {
    let units: Vec<u16> = path.as_os_str().encode_wide().collect();
    if units.contains(&0) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(units.into_iter().chain([0]).collect())
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

/// Makes the base folder if need be, and checks that no other user can put anything there, or another folder in its place. What is above the
/// user's own folders is taken for the system's; what is above a folder that the user chose is looked at.
pub fn make_base(place: &Place) -> Result<PathBuf, Unusable> {
    let Place { base, at_home } = place;
    if base.to_str().is_none() {
        return refused("its name is no valid Unicode, which Deno needs");
    }
    if is_missing(base)? {
        if let Some(above) = base.parent() {
            fs::create_dir_all(above)?;
        }
        match make_private_folder(base) {
            // Another start may have made it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => result?,
        }
    }
    let status = fs::symlink_metadata(base)?;
    if !status.is_dir() || status.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0 {
        return refused("it is no folder");
    }
    match hold_of(base)? {
        Hold::Own => {}
        Hold::Others => return refused("it belongs to another user"),
        Hold::Shared => return refused("other users may write there"),
        Hold::Unknown => return refused("that disk does not keep who may change a file"),
    }
    if !at_home {
        // As it is written, in which there may be links, and where these lead. The top of a disk cannot be renamed.
        let real = fs::canonicalize(base)?;
        for folder in base
            .ancestors()
            .chain(real.ancestors())
            .filter(|folder| folder.parent().is_some())
        {
            if folder != base && !is_firm(folder)? {
                return refused("other users may rename a folder above it");
            }
        }
    }
    Ok(base.clone())
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
        assert!(is_private_folder(
            &other,
            &fs::symlink_metadata(&other).expect("a status")
        ));
    }

    fn open_to_everybody(path: &Path) {
        security::open_to_everybody(&units(path).expect("a path")).expect("it is this user's");
    }

    fn place(base: PathBuf, at_home: bool) -> Place {
        Place { base, at_home }
    }

    fn is_refused(place: &Place, why: &str) -> bool {
        matches!(make_base(place), Err(Unusable::Place(text)) if text.contains(why))
    }

    #[test]
    fn a_base_that_others_can_write_is_refused_and_what_is_made_is_for_this_user_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path().join("base");
        make_base(&place(base.clone(), true)).expect("made");
        make_base(&place(base, true)).expect("it is there");
        let open = folder.path().join("open");
        make_private_folder(&open).expect("made");
        assert!(is_private_folder(
            &open,
            &fs::symlink_metadata(&open).expect("a status")
        ));
        open_to_everybody(&open);
        assert!(!is_private_folder(
            &open,
            &fs::symlink_metadata(&open).expect("a status")
        ));
        assert!(is_refused(&place(open.clone(), true), "other users may write there"));
        // A chosen one below it is this user's alone, and others could put another one in its place.
        let below = place(open.join("chosen"), false);
        assert!(is_refused(&below, "other users may rename a folder above it"));
        let file = folder.path().join("file");
        fs::write(&file, "x").expect("a file");
        assert!(is_refused(&place(file, true), "it is no folder"));
    }

    #[test]
    fn a_file_is_known_by_what_changes_with_it_and_only_while_it_is_this_users_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().join("own");
        make_private_folder(&own).expect("made");
        let told = |path: &Path| identity(path, &fs::symlink_metadata(path).expect("a status"), None);
        for name in ["a", "open"] {
            fs::write(own.join(name), "content").expect("a file");
        }
        assert!(told(&own.join("open")).is_some());
        open_to_everybody(&own.join("open"));
        let before = told(&own.join("a")).expect("it is this user's");
        assert_eq!(told(&own.join("a")).as_ref(), Some(&before));
        assert_eq!(told(&own.join("open")), None, "others may change it");
        // As somebody changes it who puts its time back.
        let modified = fs::metadata(own.join("a"))
            .and_then(|status| status.modified())
            .expect("a time");
        while told(&own.join("a")).as_ref() == Some(&before) {
            let mut file = OpenOptions::new().write(true).open(own.join("a")).expect("the file");
            file.write_all(b"another").expect("room");
            file.set_modified(modified).expect("a time");
        }
        fs::hard_link(own.join("a"), own.join("b")).expect("a second name");
        assert_eq!(told(&own.join("a")), None, "it has another name");
    }
}
