//! The numbers of the door: kinds of commands and events, where the fields of a record are, names of counters.
//!
//! `typescript()` writes them as `src/engine/layout.generated.ts`; a test compares that file with what the loaded library says.

use std::fmt::Write;

/// Raised by one with every change of a function, record or argument block.
pub const ABI_VERSION: u32 = 3;

/// Bytes of a command and of an event.
pub const RECORD_LEN: usize = 64;

/// Where the fields of a record are.
pub mod offset {
    pub const KIND: usize = 0;
    pub const ID: usize = 4;
    pub const ENTRY: usize = 8;
    pub const PAYLOAD: usize = 12;
    pub const FIRST: usize = 16;
    pub const COUNT: usize = 24;
    pub const BYTES: usize = 32;
}

/// Defines an enum with the numbers of the door and the table that goes into the generated file.
macro_rules! numbers {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $number:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum $name { $($variant = $number),+ }

        impl $name {
            pub const ALL: &[(&str, u32)] = &[$((stringify!($variant), $number)),+];
        }
    };
}

numbers! {
    /// What TypeScript asks for; see `docs/engine.md`.
    Command {
        Admit = 1, Attach = 2, OpenLanes = 3, Grant = 4, FinishLane = 5, Expect = 6, Seal = 7, Commit = 8,
        FinishFolders = 9, Abandon = 10, Dispose = 11, Close = 12,
    }
}

numbers! {
    /// What happened; see `docs/engine.md`.
    EventKind {
        Listening = 1, Incoming = 2, Connected = 3, Control = 4, Closed = 5, LaneOpened = 6, LaneClosed = 7,
        GrantRead = 8, ReadFailed = 9, Page = 10, WalkEnd = 11, WalkFailed = 12, Sealed = 13, SealFailed = 14,
        Checked = 15, Verified = 16, Mismatch = 17, Committed = 18, EntryFailed = 19, FoldersFinished = 20,
        LaneBroke = 21, Resolved = 22, Disposed = 23, Fault = 24, PageRefused = 25,
    }
}

numbers! {
    /// Why a file operation failed.
    FaultClass {
        NoSpace = 1, Permission = 2, ReadOnly = 3, Exists = 4, NotFound = 5, Changed = 6, NotAFile = 7, Io = 8,
        Integrity = 9, Unsendable = 10, Protocol = 11, NoMemory = 12,
    }
}

numbers! {
    /// What a call refuses with (negated).
    Refusal { Closed = 1, UnknownId = 2, Internal = 5, TooMuch = 12, BadArguments = 22, AddressInUse = 98, NoFamily = 97, AddressUnusable = 99 }
}

/// The limits that both languages check, by their names in `src/protocol/limits.ts`. A test compares the two.
const LIMITS: &[(&str, usize)] = &[
    ("BLOCK_LEN", crate::block_tree::BLOCK_LEN as usize),
    ("GROUP_BLOCKS", crate::block_table::GROUP_BLOCKS as usize),
    ("MAX_OPEN_GROUPS", crate::block_table::MAX_OPEN_GROUPS),
    ("MAX_LANES", crate::frame::MAX_LANE_NUMBER as usize + 1),
    ("FRAME_HEADER_LEN", crate::frame::HEADER_LEN),
    ("PREFACE_LEN", crate::frame::PREFACE_LEN),
    ("MAX_ENTRIES", ultra_files::MAX_ENTRIES as usize),
    ("MAX_COMPONENTS", ultra_files::MAX_COMPONENTS),
    ("MAX_NAME_BYTES", ultra_files::MAX_NAME_BYTES),
    ("MAX_PATH_BYTES", ultra_files::MAX_PATH_LEN),
    ("MAX_COMPONENT_BYTES", ultra_files::MAX_COMPONENT_LEN),
    ("MAX_DEPTH", ultra_files::MAX_DEPTH),
    ("MAX_EXTRA", ultra_files::MAX_EXTENSION_LEN),
];

impl Command {
    pub fn from_number(number: u32) -> Option<Self> {
        use Command::*;
        let all = [
            Admit,
            Attach,
            OpenLanes,
            Grant,
            FinishLane,
            Expect,
            Seal,
            Commit,
            FinishFolders,
            Abandon,
            Dispose,
            Close,
        ];
        all.into_iter().find(|command| *command as u32 == number)
    }
}

/// The text of `src/engine/layout.generated.ts`.
pub fn typescript() -> String {
    let mut text = String::from(
        "/**\n * Written by `native/engine/src/layout.rs`; do not edit. `deno task generate` writes it anew.\n *\n * @module\n */\n\n",
    );
    // Writing to a String cannot fail.
    let _ = writeln!(text, "export const ABI_VERSION = {ABI_VERSION};");
    let _ = writeln!(text, "export const RECORD_LEN = {RECORD_LEN};");
    let _ = writeln!(text, "/** Bytes of a buffer that holds one block to send. */");
    let _ = writeln!(text, "export const BUFFER_LEN = {};", crate::source::FRAME_ROOM);
    let offsets = [
        ("kind", offset::KIND),
        ("id", offset::ID),
        ("entry", offset::ENTRY),
        ("payload", offset::PAYLOAD),
        ("first", offset::FIRST),
        ("count", offset::COUNT),
        ("bytes", offset::BYTES),
    ];
    table(
        &mut text,
        "Offset",
        offsets.iter().map(|(name, at)| ((*name).to_owned(), *at as u32)),
    );
    let named = |all: &'static [(&str, u32)]| all.iter().map(|(name, number)| (lower_first(name), *number));
    table(&mut text, "Command", named(Command::ALL));
    table(&mut text, "EventKind", named(EventKind::ALL));
    table(&mut text, "FaultClass", named(FaultClass::ALL));
    table(&mut text, "Refusal", named(Refusal::ALL));
    table(
        &mut text,
        "LIMITS",
        LIMITS.iter().map(|(name, limit)| ((*name).to_owned(), *limit as u32)),
    );
    names(
        &mut text,
        "LEFT_OUT",
        "Why a walk leaves something out, in the order of the counts in WALK_END.",
        &ultra_files::Reason::WORDS,
    );
    names(
        &mut text,
        "STATS",
        "Counters, in the order in which `ultra_stats` writes them.",
        crate::stats::NAMES,
    );
    names(
        &mut text,
        "LOAD",
        "What `ultra_load` writes before the threads.",
        crate::load::NAMES,
    );
    names(
        &mut text,
        "THREAD_ROLES",
        "What a thread's second number stands for.",
        crate::load::ROLES,
    );
    names(&mut text, "PATH", "What `ultra_path` writes.", crate::path::NAMES);
    text
}

fn table(text: &mut String, name: &str, rows: impl Iterator<Item = (String, u32)>) {
    let _ = writeln!(text, "\nexport const {name} = {{");
    for (key, number) in rows {
        let _ = writeln!(text, "  {key}: {number},");
    }
    text.push_str("} as const;\n");
}

fn names(text: &mut String, name: &str, about: &str, names: &[&str]) {
    let _ = writeln!(text, "\n/** {about} */\nexport const {name} = [");
    for name in names {
        let _ = writeln!(text, "  \"{name}\",");
    }
    text.push_str("] as const;\n");
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
