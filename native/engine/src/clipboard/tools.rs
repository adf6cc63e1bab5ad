//! The programs that have a desktop's clipboard. `os/` starts them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{MOST_LIST, Unusable};
use crate::core::words::ClipboardFault;
use crate::os::{Program, Programs, RunFault, System};

/// How long a program may take. Whoever owns a clipboard may hang, and 64 MiB of text take a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// Plain text as each tool offers it to everybody.
pub const PLAIN_TEXT: &str = "UTF8_STRING";

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

/// A way to the clipboard of this desktop.
#[derive(Debug)]
pub struct Tool {
    commands: Commands,
    desktop: String,
}

#[derive(Debug)]
enum Commands {
    /// One program, for X.
    Xclip { program: PathBuf },
    /// Two programs, for Wayland.
    WlClipboard { copy: PathBuf, paste: PathBuf },
}

impl Tool {
    /// The tool for the display that the environment names.
    pub fn find() -> Result<Self, Unusable> {
        Self::find_in(System::variable, System::find_program)
    }

    fn find_in(
        variable: impl Fn(&str) -> Option<String>,
        program: impl Fn(&'static str) -> Option<PathBuf>,
    ) -> Result<Self, Unusable> {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let found = |commands| Self {
            commands,
            desktop: variable("XDG_CURRENT_DESKTOP").unwrap_or_default(),
        };
        let wayland = is_set("WAYLAND_DISPLAY");
        if wayland && let (Some(copy), Some(paste)) = (program("wl-copy"), program("wl-paste")) {
            return Ok(found(Commands::WlClipboard { copy, paste }));
        }
        // (Wayland's compositors serve X programs as well, and share the clipboard with them.)
        let x = is_set("DISPLAY");
        if x && let Some(program) = program("xclip") {
            return Ok(found(Commands::Xclip { program }));
        }
        Err(match (wayland, x) {
            (true, _) => Unusable::new(
                ClipboardFault::Missing,
                "wl-copy and wl-paste (the package wl-clipboard)",
            ),
            (false, true) => Unusable::new(ClipboardFault::Missing, "xclip"),
            (false, false) => Unusable::new(ClipboardFault::NoDisplay, "neither DISPLAY nor WAYLAND_DISPLAY is set"),
        })
    }

    /// The names of desktops that the session has, with colons between.
    pub fn desktop(&self) -> &str {
        &self.desktop
    }

    /// The types in which the clipboard offers what it holds; none when it is empty.
    pub fn types(&self) -> Result<Vec<String>, Unusable> {
        let (program, arguments): (_, &[&str]) = match &self.commands {
            Commands::Xclip { program } => (program, &["-selection", "clipboard", "-o", "-t", "TARGETS"]),
            Commands::WlClipboard { paste, .. } => (paste, &["--list-types"]),
        };
        match run(program, arguments, MOST_LIST) {
            Ok(list) => Ok(String::from_utf8_lossy(&list)
                .lines()
                .map(|line| line.trim().to_owned())
                .collect()),
            Err(RunFault::Ended { said, .. }) if EMPTY.iter().any(|words| said.contains(words)) => Ok(Vec::new()),
            Err(fault) => Err(unusable(program, fault)),
        }
    }

    /// What the clipboard holds, in one of its types.
    pub fn get(&self, form: &str, most: usize) -> Result<Vec<u8>, Unusable> {
        let (program, arguments): (_, &[&str]) = match &self.commands {
            Commands::Xclip { program } => (program, &["-selection", "clipboard", "-o", "-t", form]),
            Commands::WlClipboard { paste, .. } => (paste, &["--no-newline", "--type", form]),
        };
        run(program, arguments, most).map_err(|fault| unusable(program, fault))
    }

    /// Puts something there. The program stays behind in the background until something else is copied: it is what has the clipboard.
    pub fn put(&self, form: &str, bytes: &[u8]) -> Result<(), Unusable> {
        let wayland_form = if form == PLAIN_TEXT { "text/plain" } else { form };
        let (program, arguments): (_, &[&str]) = match &self.commands {
            Commands::Xclip { program } => (program, &["-selection", "clipboard", "-i", "-t", form]),
            Commands::WlClipboard { copy, .. } => (copy, &["--type", wayland_form]),
        };
        let start = program_at(program, arguments);
        System::feed(&start, bytes, PATIENCE).map_err(|fault| unusable(program, fault))
    }
}

/// What tools say of an empty clipboard, where they have no code of their own for it.
const EMPTY: [&str; 4] = [
    "TARGETS not available",
    "Nothing is copied",
    "No selection",
    "There is no owner",
];

fn run(program: &Path, arguments: &[&str], most: usize) -> Result<Vec<u8>, RunFault> {
    System::output(&program_at(program, arguments), most, PATIENCE)
}

fn program_at<'a>(path: &'a Path, arguments: &'a [&'a str]) -> Program<'a> {
    Program {
        path,
        arguments,
        variables: &DISPLAY_VARIABLES,
    }
}

fn unusable(program: &Path, fault: RunFault) -> Unusable {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)], programs: &[&str]) -> Result<String, Unusable> {
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let program = |name: &'static str| programs.contains(&name).then(|| PathBuf::from(name));
        Tool::find_in(variable, program).map(|tool| match tool.commands {
            Commands::Xclip { .. } => "xclip".to_owned(),
            Commands::WlClipboard { .. } => "wl-clipboard".to_owned(),
        })
    }

    #[test]
    fn the_display_decides_about_the_tool_and_a_missing_one_is_named() {
        let all = ["xclip", "wl-copy", "wl-paste"];
        let (x, wayland) = (("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0"));
        assert_eq!(found(&[x], &all).as_deref(), Ok("xclip"));
        assert_eq!(found(&[x, wayland], &all).as_deref(), Ok("wl-clipboard"));
        assert_eq!(found(&[x, wayland], &["xclip", "wl-copy"]).as_deref(), Ok("xclip"));
        let missing = |text: &str| Err(Unusable::new(ClipboardFault::Missing, text));
        assert_eq!(found(&[x], &["wl-copy", "wl-paste"]), missing("xclip"));
        assert_eq!(
            found(&[wayland], &["xclip"]),
            missing("wl-copy and wl-paste (the package wl-clipboard)")
        );
        let none = found(&[("DISPLAY", "")], &all).unwrap_err();
        assert_eq!(none.why, ClipboardFault::NoDisplay);
    }
}
