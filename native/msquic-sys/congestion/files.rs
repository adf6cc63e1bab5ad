//! The files of msquic 2.6.3 that ours take the place of (see `build/replace.rs`).

use crate::replace::Replacement;

/// BBR after the IETF draft: upstream's is version 1 with broken pacing (docs: tests/congestion.rs says what ours promises).
pub const FILES: &[Replacement] = &[
    Replacement {
        file: "src/core/bbr.c",
        sha256: "c7197a20bca4668c3d16153f3d0f1d657ba3c7da2470e2fc0b7fbedfe5cf8906",
        with: include_str!("bbr.c"),
    },
    Replacement {
        file: "src/core/bbr.h",
        sha256: "a605b1b4b78f86ea649473599e8950a6e8872a3f01e9019b7b4269d8e3667dba",
        with: include_str!("bbr.h"),
    },
];
