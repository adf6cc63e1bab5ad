//! Programs that are started, with limits. (Each gets an environment of its own, no descriptors but its three, and a process group, so that Ctrl-C
//! in the terminal does not end what has the clipboard.)

use std::ffi::OsStr;
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::os::system::start;
use crate::os::{Program, RunFault};

/// How much of what a program says about a failure is kept.
const MOST_SAID: usize = 300;

/// Between two looks whether a program has ended, at most.
const LOOK: Duration = Duration::from_millis(10);

pub fn find(name: &str) -> Option<PathBuf> {
    find_in(name, &std::env::var_os("PATH")?)
}

/// Only in absolute folders: what "." or an empty one means depends on where the user happens to be.
fn find_in(name: &str, folders: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|status| status.is_file() && status.permissions().mode() & 0o111 != 0)
}

/// Runs a program to its end.
pub fn output(program: &Program<'_>, most: usize, patience: Duration) -> Result<Vec<u8>, RunFault> {
    let end = Instant::now() + patience;
    let mut command = command(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = Running(command.spawn()?);
    let (Some(mut out), Some(mut errors)) = (running.0.stdout.take(), running.0.stderr.take()) else {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
    };
    let (mut bytes, mut said) = (Vec::new(), Vec::new());
    let (mut has_out, mut has_errors) = (true, true);
    let mut buffer = vec![0; 64 * 1024];
    while has_out || has_errors {
        let waited = [(has_out, out.as_raw_fd()), (has_errors, errors.as_raw_fd())];
        let ready = wait_readable(waited, end)?;
        if ready[0] {
            let len = out.read(&mut buffer)?;
            has_out = len > 0;
            bytes.extend_from_slice(&buffer[..len]);
            if bytes.len() > most {
                return Err(RunFault::TooMuch);
            }
        }
        if ready[1] {
            let len = errors.read(&mut buffer)?;
            has_errors = len > 0;
            said.extend(buffer[..len].iter().take(MOST_SAID - said.len()));
        }
    }
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    succeeded(running.end_before(end)?, said)?;
    Ok(bytes)
}

/// Runs a program that reads all of `input` and ends; what it leaves in the background is its own.
pub fn feed(program: &Program<'_>, input: &[u8], patience: Duration) -> Result<(), RunFault> {
    let end = Instant::now() + patience;
    // From a file, not through a pipe: a program that reads nothing cannot make this one wait.
    let mut file = start::nameless_file()?;
    file.write_all(input)?;
    file.rewind()?;
    let mut command = command(program);
    // (What stays behind would keep a pipe open for ever.)
    command.stdin(file).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Running(command.spawn()?);
    succeeded(running.end_before(end)?, String::new())
}

fn command(
    Program {
        path,
        arguments,
        variables,
    }: &Program<'_>,
) -> Command {
    let mut command = Command::new(path);
    command.args(*arguments).current_dir("/").env_clear().process_group(0);
    for name in *variables {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let keep_descriptors = start::keep_descriptors();
    // SAFETY: between fork and exec it makes system calls that take numbers alone, and touches no memory that another thread may hold.
    unsafe { command.pre_exec(keep_descriptors) };
    command
}

fn succeeded(status: ExitStatus, said: String) -> Result<(), RunFault> {
    if status.success() {
        return Ok(());
    }
    Err(RunFault::Ended {
        how: status.to_string(),
        said,
    })
}

/// A program that does not outlive the interest in it.
struct Running(Child);

impl Running {
    fn end_before(&mut self, end: Instant) -> Result<ExitStatus, RunFault> {
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            let left = end.checked_duration_since(Instant::now()).ok_or(RunFault::TooLong)?;
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(LOOK);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error says that it has ended already.
        if self.0.kill().is_ok() {
            let _ = self.0.wait();
        }
    }
}

/// Which of two descriptors can be read, or have ended.
fn wait_readable(waited: [(bool, i32); 2], end: Instant) -> Result<[bool; 2], RunFault> {
    let left = end.checked_duration_since(Instant::now()).ok_or(RunFault::TooLong)?;
    let mut polled = waited.map(|(is_open, descriptor)| libc::pollfd {
        // Negative ones are passed over.
        fd: if is_open { descriptor } else { -1 },
        events: libc::POLLIN,
        revents: 0,
    });
    let milliseconds = libc::c_int::try_from(left.as_millis() + 1).unwrap_or(libc::c_int::MAX);
    // SAFETY: the array lives through the call, and its length is what is said.
    let count = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, milliseconds) };
    match count {
        0 => Err(RunFault::TooLong),
        count if count < 0 => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok([false; 2]),
            error => Err(error.into()),
        },
        _ => Ok(polled.map(|one| one.revents != 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    fn shell<'a>(arguments: &'a [&'a str]) -> Program<'a> {
        Program {
            path: Path::new("/bin/sh"),
            arguments,
            variables: &["PATH"],
        }
    }

    #[test]
    fn the_output_is_what_was_written() {
        let out = output(&shell(&["-c", "printf 'a b'; printf more >&2"]), 3, PATIENCE).unwrap();
        assert_eq!(out, b"a b");
    }

    #[test]
    fn more_than_was_asked_for_ends_it_and_so_does_time() {
        let endless = shell(&["-c", "yes"]);
        assert!(matches!(output(&endless, 1000, PATIENCE), Err(RunFault::TooMuch)));
        let silent = shell(&["-c", "exec sleep 1000"]);
        assert!(matches!(
            output(&silent, 1000, Duration::from_millis(50)),
            Err(RunFault::TooLong)
        ));
        assert!(matches!(
            feed(&silent, b"", Duration::from_millis(50)),
            Err(RunFault::TooLong)
        ));
    }

    #[test]
    fn a_failure_says_what_the_program_said_and_no_more_of_it_than_is_read() {
        let failing = shell(&["-c", "printf %01000d 7 >&2; exit 3"]);
        let Err(RunFault::Ended { how, said }) = output(&failing, 10, PATIENCE) else {
            panic!("it did not fail");
        };
        assert_eq!((how.as_str(), said.len()), ("exit status: 3", MOST_SAID));
    }

    #[test]
    fn a_program_gets_its_input_and_the_named_variables_and_no_other_descriptor() {
        let kept = tempfile::NamedTempFile::new().unwrap();
        // SAFETY: clears a flag of a descriptor that is open, by number.
        unsafe { libc::fcntl(kept.as_raw_fd(), libc::F_SETFD, 0) };
        let out = output(&shell(&["-c", "env; ls -l /proc/self/fd"]), 100_000, PATIENCE).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.contains("PATH=") && !text.contains("HOME=") && !text.contains("CARGO"),
            "{text}"
        );
        assert!(!text.contains(&kept.path().display().to_string()), "{text}");
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("copy");
        let copying = format!("cat > '{}'", target.display());
        let input = vec![7; 200_000];
        feed(&shell(&["-c", &copying]), &input, PATIENCE).unwrap();
        assert_eq!(std::fs::read(target).unwrap(), input);
    }

    #[test]
    fn programs_are_found_in_absolute_folders_alone_and_have_to_be_programs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tool");
        std::fs::write(&path, "").unwrap();
        let found = || find_in("tool", folder.path().as_os_str());
        assert_eq!(found(), None);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(found(), Some(path));
        assert_eq!(find_in("cargo", OsStr::new(".:")), None);
        assert_eq!(
            find_in("sh", OsStr::new("relative:/bin")),
            Some(PathBuf::from("/bin/sh"))
        );
    }
}
