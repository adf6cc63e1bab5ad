//! Sorts what the launcher was started with: what the control plane gets openly, what it gets as a secret, and what it is allowed.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::os;
use crate::payload::Manifest;
use crate::ticket::{is_rest_of_ticket, is_ticket_like};

/// What stands in place of a ticket in the list of processes.
pub const PLACEHOLDER: &str = "ultra1...";

/// The row of permissions for absolute paths without a command; `src/cli/permissions.ts` names it so as well.
const DROPPED: &str = "PATH...";

/// An argument above this is no ticket, and no text around one.
const LONGEST_SECRET: usize = 4096;

/// A secret variable is cut to this, so that the control plane refuses what is longer: an identity with many tickets is shorter.
const LONGEST_SECRET_VARIABLE: usize = 28 * 1024;

/// All secrets together fit into a pipe without a reader.
const MOST_SECRET_BYTES: usize = 60 * 1024;

/// A variable that is handed on openly is cut to this: the longest path of a system, and more than any other one needs.
const LONGEST_VARIABLE: usize = 4096;

/// A condition that the control plane reports in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This argument, counted from 0, is not valid UTF-8.
    Encoding(usize),
    /// The current folder was deleted.
    Folder,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// As they are shown to Deno and in the list of processes.
    pub arguments: Vec<String>,
    /// Arguments by position and variables by name, joined as `key=value` with NUL behind each; empty: no pipe is needed.
    pub secrets: Vec<u8>,
    /// Variables that are handed on openly.
    pub variables: Vec<(String, String)>,
    /// The environment of the process to come.
    pub environment: Vec<(OsString, OsString)>,
    /// Deno's permission flags.
    pub permissions: Vec<String>,
    pub fault: Option<Fault>,
}

impl Start {
    pub fn sort(
        manifest: &Manifest,
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Start {
        let mut start = Start::default();
        let mut after_ticket = false;
        for (index, argument) in arguments.into_iter().enumerate() {
            let text = argument.to_str().map(str::to_owned).unwrap_or_else(|| {
                start.fault.get_or_insert(Fault::Encoding(index));
                argument.to_string_lossy().into_owned()
            });
            let hide = is_ticket_like(&text) || after_ticket && is_rest_of_ticket(&text);
            after_ticket = hide;
            if hide && start.keep_secret(&index.to_string(), &text, LONGEST_SECRET) {
                start.arguments.push(PLACEHOLDER.to_owned());
            } else {
                start.arguments.push(text);
            }
        }
        start.permissions = permissions_of(manifest, &start.arguments);
        for (name, value) in environment {
            start.variable(manifest, name, value);
        }
        start
    }

    /// Whether the user asks for the licences and nothing else.
    pub fn wants_licenses(&self) -> bool {
        self.arguments.iter().filter(|word| *word != "--").eq(["licenses"])
    }

    fn variable(&mut self, manifest: &Manifest, name: OsString, value: OsString) {
        let text = name.to_string_lossy();
        if let Some(secret) = manifest
            .secrets
            .iter()
            .find(|secret| os::is_same_variable(secret, &text))
        {
            if !value.is_empty() && !self.permissions.is_empty() {
                let value = value.to_string_lossy();
                let value = &value[..value.floor_char_boundary(LONGEST_SECRET_VARIABLE)];
                self.keep_secret(secret, value, LONGEST_SECRET_VARIABLE);
            }
            return;
        }
        if let Some(public) = manifest
            .variables
            .iter()
            .find(|public| os::is_same_variable(public, &text))
        {
            let value: String = value.to_string_lossy().chars().take(LONGEST_VARIABLE).collect();
            self.variables.push((public.clone(), value));
        }
        if !is_scrubbed(&name) {
            self.environment.push((name, value));
        }
    }

    /// False: it is too long for a secret, or there are too many.
    fn keep_secret(&mut self, key: &str, value: &str, longest: usize) -> bool {
        let length = key.len() + value.len() + 2;
        if value.len() > longest || self.secrets.len() + length > MOST_SECRET_BYTES {
            return false;
        }
        self.secrets.extend_from_slice(key.as_bytes());
        self.secrets.push(b'=');
        self.secrets.extend_from_slice(value.as_bytes());
        self.secrets.push(0);
        true
    }
}

/// Variables with which an environment could change what Deno does. `LD_*` stays the user's.
fn is_scrubbed(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    // Whatever the case, as Windows has it: elsewhere nobody misses a variable in small letters.
    [&b"DENO_"[..], b"NODE_", b"OTEL_DENO"].iter().any(|head| {
        bytes
            .get(..head.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(head))
    })
}

/// What the command line needs at most. Which word is the command is the control plane's to decide, so every word that
/// could be one counts, also behind `--`; help and version need nothing. Absolute paths alone are files that were dropped on the program.
fn permissions_of(manifest: &Manifest, arguments: &[String]) -> Vec<String> {
    let mut flags: Vec<String> = Vec::new();
    if !arguments.is_empty() && arguments.iter().all(|word| Path::new(word).is_absolute()) {
        let row = manifest.permissions.iter().find(|row| row.command == DROPPED);
        return row.map_or(flags, |row| row.flags.clone());
    }
    let mut is_flag_possible = true;
    for word in arguments {
        is_flag_possible &= word != "--";
        if is_flag_possible && matches!(word.as_str(), "-h" | "--help" | "-V" | "--version") {
            return Vec::new();
        }
        let row = manifest
            .permissions
            .iter()
            .find(|row| row.command == *word && row.command != DROPPED);
        for flag in row.into_iter().flat_map(|row| &row.flags) {
            if !flags.contains(flag) {
                flags.push(flag.clone());
            }
        }
    }
    if arguments.first().is_some_and(|word| word == "help") {
        flags.clear();
    }
    flags
}
