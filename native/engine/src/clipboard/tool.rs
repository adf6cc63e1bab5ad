//! How programs that have a clipboard are started: with what leads to the display, and bounds of time.

use std::path::Path;
use std::time::Duration;

use super::Unusable;
use crate::core::words::ClipboardFault;
use crate::os::{Program, Programs, RunFault, System};

/// How long a program may take. The program that owns the clipboard may never answer, and 64 MiB of text take a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// What of the environment leads to the display. Programs get it and nothing else, so no secret of this process either.
const DISPLAY_VARIABLES: [&str; 8] = [
    "DISPLAY",
    "XAUTHORITY",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
    "HOME",
    "PATH",
    "LANG",
    "LC_ALL",
];

/// Runs a program to its end and gives what it says.
pub fn run(program: &Path, arguments: &[&str], most: usize) -> Result<Vec<u8>, RunFault> {
    System::output(&program_at(program, arguments), most, PATIENCE)
}

/// Runs a program that reads this.
pub fn feed(program: &Path, arguments: &[&str], bytes: &[u8]) -> Result<(), Unusable> {
    System::feed(&program_at(program, arguments), bytes, PATIENCE).map_err(|fault| unusable(program, fault))
}

/// What a fault of a program means.
pub fn unusable(program: &Path, fault: RunFault) -> Unusable {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    match fault {
        RunFault::TooMuch => Unusable::new(ClipboardFault::TooMuch, "it holds more than 64 MiB"),
        RunFault::TooLong => Unusable::new(
            ClipboardFault::Failed,
            format!("{name} did not answer in {} s", PATIENCE.as_secs()),
        ),
        RunFault::Io(error) => Unusable::new(ClipboardFault::Failed, format!("{name} cannot be started ({error})")),
        RunFault::Ended { how, said } if said.is_empty() => {
            Unusable::new(ClipboardFault::Failed, format!("{name}: {how}"))
        }
        RunFault::Ended { said, .. } => Unusable::new(ClipboardFault::Failed, format!("{name}: {said}")),
    }
}

fn program_at<'a>(path: &'a Path, arguments: &'a [&'a str]) -> Program<'a> {
    Program {
        path,
        arguments,
        variables: &DISPLAY_VARIABLES,
    }
}
