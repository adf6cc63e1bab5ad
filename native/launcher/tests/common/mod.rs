//! Small executables with a payload of a few bytes.

use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tempfile::TempDir;
use ultra_launcher::payload::{DENO, MAGIC, Payload};
use ultra_launcher::places::Place;

pub const FILES: [(&str, u32, &[u8]); 3] = [
    (DENO, 0o500, b"#!/bin/sh\necho right\n"),
    ("libultra_engine.so", 0o400, b"engine"),
    ("ultra.js", 0o400, b"bundle"),
];

/// Writes an executable whose bundle has this content.
pub fn write_executable(path: &Path, bundle: &[u8]) {
    let mut bytes = b"launcher".to_vec();
    let mut manifest = String::from("ultra payload 1\n");
    for (name, mode, content) in FILES {
        let content = if name == "ultra.js" { bundle } else { content };
        writeln!(manifest, "part {name} {mode:o}").unwrap();
        // In two pieces, as large files are.
        for piece in [&content[..2], &content[2..]] {
            let packed = compress_to_vec(piece, CompressionLevel::Fastest);
            let (size, hash, at) = (piece.len(), blake3::hash(piece).to_hex(), bytes.len());
            writeln!(manifest, "piece {size} {hash} {at} {}", packed.len()).unwrap();
            bytes.extend(packed);
        }
    }
    manifest.push_str("allow send --allow-ffi --allow-read\nvariable TERM\nsecret ULTRA_TICKET\n");
    bytes.extend(manifest.as_bytes());
    bytes.extend(blake3::hash(manifest.as_bytes()).as_bytes());
    bytes.extend(u32::try_from(manifest.len()).unwrap().to_le_bytes());
    bytes.extend(MAGIC);
    fs::write(path, bytes).unwrap();
}

/// A folder with an executable in it, and a place to unpack to.
pub struct Fixture {
    pub folder: TempDir,
    pub place: Place,
}

impl Fixture {
    pub fn new() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        write_executable(&folder.path().join("ultra"), b"bundle");
        let place = Place {
            base: folder.path().join("cache/ultra"),
            at_home: true,
        };
        Fixture { folder, place }
    }

    pub fn payload(&self) -> Payload {
        Payload::open(File::open(self.folder.path().join("ultra")).unwrap()).unwrap()
    }

    pub fn key_folder(&self) -> PathBuf {
        self.place.base.join(self.payload().manifest.key())
    }

    /// Names of what is in the base folder.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.place.base).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != ".lock")
            .collect();
        names.sort();
        names
    }
}
