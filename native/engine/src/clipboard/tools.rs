//! The programs that have the clipboard of a Linux desktop.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::tool::{feed, run, unusable};
use super::{Clipboard, Clipping, MOST_LIST, MOST_TEXT, Unusable, text, uris};
use crate::core::words::ClipboardFault;
use crate::os::{Programs, RunFault, System};

/// Plain text as each tool offers it to everybody.
const PLAIN_TEXT: &str = "UTF8_STRING";

/// How long a program may take to have the clipboard, and between two looks.
const TAKEN: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(5);

/// A way to the clipboard of this desktop.
#[derive(Debug)]
pub struct Tool {
    commands: Commands,
    /// The names of desktops that the session has, with colons between.
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
        Self::find_in(|name| std::env::var(name).ok(), System::find_program)
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

    /// The types in which the clipboard offers what it holds; none when it is empty.
    fn types(&self) -> Result<Vec<String>, Unusable> {
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
    fn get(&self, form: &str, most: usize) -> Result<Vec<u8>, Unusable> {
        let (program, arguments): (_, &[&str]) = match &self.commands {
            Commands::Xclip { program } => (program, &["-selection", "clipboard", "-o", "-t", form]),
            Commands::WlClipboard { paste, .. } => (paste, &["--no-newline", "--type", form]),
        };
        run(program, arguments, most).map_err(|fault| unusable(program, fault))
    }

    /// Puts something there. The program stays behind in the background until something else is copied: it is what has the clipboard.
    fn put(&self, form: &str, bytes: &[u8]) -> Result<(), Unusable> {
        let wayland_form = if form == PLAIN_TEXT { "text/plain" } else { form };
        let (program, arguments): (_, &[&str]) = match &self.commands {
            Commands::Xclip { program } => (program, &["-selection", "clipboard", "-i", "-t", form]),
            Commands::WlClipboard { copy, .. } => (copy, &["--type", wayland_form]),
        };
        feed(program, arguments, bytes)?;
        self.wait_for(arguments.last().copied().unwrap_or(form))
    }

    /// Waits until the clipboard offers this form: xclip's first process ends before its second one has told the display whose the clipboard is, and
    /// who pastes at once would find what was there before. What a clipboard manager has taken over at once may have other forms, so that this
    /// ends in any case.
    fn wait_for(&self, form: &str) -> Result<(), Unusable> {
        let end = Instant::now() + TAKEN;
        while !self.types()?.iter().any(|one| one == form) && Instant::now() < end {
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

impl Clipboard for Tool {
    fn check(&self) -> Result<(), Unusable> {
        self.types().map(drop)
    }

    fn read(&self) -> Result<Clipping, Unusable> {
        let types = self.types()?;
        for list in FILE_LISTS {
            if !types.iter().any(|one| one == list) {
                continue;
            }
            if let Some(files) = uris::files_of(&self.get(list, MOST_LIST)?)? {
                return Ok(Clipping::Files(files));
            }
        }
        let Some(plain) = TEXTS.iter().find(|text| types.iter().any(|one| one == *text)) else {
            return Ok(Clipping::Nothing);
        };
        let bytes = self.get(plain, MOST_TEXT)?;
        if bytes.is_empty() {
            return Ok(Clipping::Nothing);
        }
        Ok(Clipping::Text(text::as_utf8(bytes)))
    }

    fn put_files(&self, paths: &[&Path]) -> Result<(), Unusable> {
        let (form, list) = uris::list_for(&self.desktop, paths);
        self.put(form, &list)
    }

    fn put_text(&self, text: &[u8]) -> Result<(), Unusable> {
        self.put(PLAIN_TEXT, text)
    }
}

/// Lists of files, the one with most to say first.
const FILE_LISTS: [&str; 2] = [uris::GNOME, uris::URIS];

/// Names of plain text, the surest encoding first.
const TEXTS: [&str; 6] = [
    "text/plain;charset=utf-8",
    "UTF8_STRING",
    "text/plain;charset=UTF-8",
    "text/plain",
    "STRING",
    "TEXT",
];

/// What tools say of an empty clipboard, where they have no code of their own for it.
const EMPTY: [&str; 4] = [
    "TARGETS not available",
    "Nothing is copied",
    "No selection",
    "There is no owner",
];

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
