//! Programs that are started, with limits: each gets an environment of its own, no window, and a process group, so that Ctrl-C in the console
//! does not end it.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::windows::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::System::Threading::{CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW};

use crate::os::{Program, RunFault};

/// How much of what a program says about a failure is kept.
const MOST_SAID: usize = 300;

/// Between two looks whether a program has ended, at most.
const LOOK: Duration = Duration::from_millis(10);

/// What every program of Windows needs to start at all.
const ALWAYS: [&str; 2] = ["SystemRoot", "SystemDrive"];

pub fn find(name: &str) -> Option<PathBuf> {
    find_in(name, &std::env::var_os("PATH")?)
}

/// Only in absolute folders: what "." or an empty one means depends on where the user happens to be.
fn find_in(name: &str, folders: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(format!("{name}.exe")))
        .find(|path| path.is_file())
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
    let (Some(out), Some(errors)) = (running.0.stdout.take(), running.0.stderr.take()) else {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
    };
    // One byte more tells that there is more.
    let out = read(out, most.saturating_add(1))?;
    let errors = read(errors, MOST_SAID)?;
    let bytes = wait(&out, end)?;
    if bytes.len() > most {
        return Err(RunFault::TooMuch);
    }
    let said = String::from_utf8_lossy(&wait(&errors, end)?).trim().to_owned();
    succeeded(running.end_before(end)?, said)?;
    Ok(bytes)
}

/// Runs a program that reads all of `input` and ends.
pub fn feed(program: &Program<'_>, input: &[u8], patience: Duration) -> Result<(), RunFault> {
    let end = Instant::now() + patience;
    let mut command = command(program);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut running = Running(command.spawn()?);
    let Some(mut stdin) = running.0.stdin.take() else {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
    };
    let input = input.to_vec();
    // A thread of its own: a program that reads nothing cannot make this one wait. It ends with the pipe, which ends with the program.
    thread::Builder::new().name("ultra-feed".to_owned()).spawn(move || {
        // A program that does not want all of it ends with a code that says so.
        let _ = stdin.write_all(&input);
    })?;
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
    command
        .args(*arguments)
        .env_clear()
        .creation_flags(CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP);
    for name in ALWAYS.iter().chain(*variables) {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

type Bytes = Receiver<io::Result<Vec<u8>>>;

/// Reads a pipe to its end in a thread of its own, and keeps `most` bytes. The thread ends with the pipe, which ends with the program; what is
/// more than is kept is read and dropped, so that the program can end.
fn read(mut pipe: impl Read + Send + 'static, most: usize) -> io::Result<Bytes> {
    let (sender, receiver) = channel();
    thread::Builder::new().name("ultra-pipe".to_owned()).spawn(move || {
        let mut bytes = Vec::new();
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        let done = pipe.by_ref().take(limit).read_to_end(&mut bytes);
        // Nobody waits for it any more if the patience has ended.
        let _ = sender.send(done.map(|_| bytes));
        let _ = io::copy(&mut pipe, &mut io::sink());
    })?;
    Ok(receiver)
}

fn wait(bytes: &Bytes, end: Instant) -> Result<Vec<u8>, RunFault> {
    let left = end.saturating_duration_since(Instant::now());
    match bytes.recv_timeout(left) {
        Ok(result) => Ok(result?),
        Err(RecvTimeoutError::Timeout) => Err(RunFault::TooLong),
        Err(RecvTimeoutError::Disconnected) => Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
    }
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
            thread::sleep(pause.min(left));
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

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[test]
    fn the_output_is_what_was_written_and_no_more_than_was_asked_for() {
        let path = find("cmd").expect("cmd.exe");
        let program = Program {
            path: &path,
            arguments: &["/c", "echo abc"],
            variables: &[],
        };
        assert_eq!(output(&program, 100, PATIENCE).expect("output"), b"abc\r\n");
        assert!(matches!(output(&program, 2, PATIENCE), Err(RunFault::TooMuch)));
    }

    #[test]
    fn a_failure_says_how_it_ended() {
        let path = find("cmd").expect("cmd.exe");
        let program = Program {
            path: &path,
            arguments: &["/c", "exit 3"],
            variables: &[],
        };
        assert!(matches!(output(&program, 100, PATIENCE), Err(RunFault::Ended { how, .. }) if how.contains('3')));
    }

    #[test]
    fn programs_are_found_in_absolute_folders_alone() {
        assert_eq!(find_in("cmd", OsStr::new(".;;relative")), None);
    }
}
