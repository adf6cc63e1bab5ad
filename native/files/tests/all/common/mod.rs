//! What the tests share: manifests in one line, and folders to receive into.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod codes;
pub mod faulty;
pub mod simulated;
#[path = "../../../../skipped.rs"]
pub mod told;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use ultra_files::os::{Folder, NativeFolder, Stat, Time};
use ultra_files::{EntryKind, Existing, Linked, PageBuilder, PageEntry, SafePath, Sink, SinkOptions};

pub const MTIME: Time = Time {
    secs: 1_700_000_000,
    nanos: 123_456_789,
};

/// A file of a manifest.
pub fn file(path: &str, size: u64) -> PageEntry<'_> {
    PageEntry {
        kind: EntryKind::File,
        size: Some(size),
        data_bytes: size,
        mode: 0o644,
        mtime: MTIME,
        fingerprint: [7; 16],
        path: SafePath::parse(path.as_bytes()).expect("a plain path"),
        linked: Linked::None,
    }
}

/// A folder of a manifest.
pub fn folder(path: &str) -> PageEntry<'_> {
    PageEntry {
        kind: EntryKind::Folder,
        mode: 0o755,
        ..file(path, 0)
    }
}

/// A symbolic link of a manifest.
pub fn link<'a>(path: &'a str, target: &'a str) -> PageEntry<'a> {
    PageEntry {
        kind: EntryKind::Link,
        mode: 0o777,
        linked: Linked::Target(target),
        ..file(path, 0)
    }
}

/// Another name of a file of a manifest.
pub fn name_of(path: &str, first: u32) -> PageEntry<'_> {
    PageEntry {
        kind: EntryKind::HardLink,
        linked: Linked::Entry(first),
        ..file(path, 0)
    }
}

/// The count and the bytes of a page.
pub fn page(entries: &[PageEntry<'_>]) -> (u16, Vec<u8>) {
    let mut builder = PageBuilder::new();
    for entry in entries {
        assert!(builder.push(entry), "the page is full");
    }
    builder.take()
}

/// The bytes of a page with one file whose path nobody checked.
pub fn raw_page(path: &[u8]) -> Vec<u8> {
    let (_, mut bytes) = page(&[file("x", 1)]);
    bytes.truncate(48);
    bytes.extend((path.len() as u16).to_le_bytes());
    bytes.extend(path);
    bytes.extend([0, 0]);
    bytes
}

/// A folder to receive into, with a canary beside it.
pub struct Place {
    temp: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let temp = TempDir::new().expect("a temporary folder");
        fs::create_dir(temp.path().join("in")).expect("a folder");
        fs::create_dir(temp.path().join("out")).expect("a folder");
        fs::write(temp.path().join("out/canary"), "alive").expect("a file");
        Self { temp }
    }

    /// The folder to receive into.
    pub fn dir(&self) -> PathBuf {
        self.temp.path().join("in")
    }

    /// A path in the folder to receive into.
    pub fn at(&self, path: &str) -> PathBuf {
        self.dir().join(path)
    }

    /// The folder beside it, which nobody may touch.
    pub fn outside(&self) -> PathBuf {
        self.temp.path().join("out")
    }

    pub fn sink(&self) -> Sink {
        self.sink_with(SinkOptions::default())
    }

    pub fn overwriting(&self) -> Sink {
        self.sink_with(SinkOptions {
            existing: Existing::Replace,
            ..SinkOptions::default()
        })
    }

    pub fn sink_with(&self, options: SinkOptions) -> Sink {
        Sink::open(&self.dir(), options).expect("a sink")
    }

    /// Names in the folder to receive into, with those below it. (Windows's disks have rules of their own for names, and the folder in which a
    /// running transfer tries them is looked at in `names.rs` alone.)
    pub fn names(&self) -> Vec<String> {
        let mut names = names_below(&self.dir());
        if cfg!(windows) {
            let tried = |name: &str| name.starts_with(".ultra-") && self.at(name).is_dir();
            let tops: Vec<String> = names.iter().filter(|name| tried(name)).cloned().collect();
            names.retain(|name| !tops.iter().any(|top| name.starts_with(top)));
        }
        names
    }

    pub fn assert_canary_untouched(&self) {
        assert_eq!(names_below(&self.outside()), ["canary"]);
        let canary = fs::read(self.outside().join("canary")).expect("the canary");
        assert_eq!(canary, b"alive");
    }
}

pub fn names_below(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    collect(dir, "", &mut names);
    names.sort();
    names
}

fn collect(dir: &Path, above: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(dir).expect("a readable folder") {
        let entry = entry.expect("an entry");
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        names.push(name.clone());
        if entry.file_type().expect("a type").is_dir() {
            collect(&entry.path(), &format!("{name}/"), names);
        }
    }
}

/// Writes into a file that is there.
pub fn overwrite(path: &Path, offset: u64, bytes: &[u8]) {
    use std::io::{Seek, SeekFrom, Write};
    let mut file = fs::OpenOptions::new().write(true).open(path).expect("the file");
    file.seek(SeekFrom::Start(offset)).expect("a place");
    file.write_all(bytes).expect("room");
}

/// What the system says of a path, which is not followed.
pub fn stat(path: &Path) -> Stat {
    let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
    let folder = NativeFolder::open(path.parent().expect("a folder")).expect("a folder");
    folder.stat(name).expect("a status")
}

#[cfg(unix)]
pub fn fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg("-m600").arg(path).status();
    assert!(made.expect("mkfifo").success(), "a FIFO");
}

/// Adds a page of these entries and returns their statuses.
pub fn add(sink: &Sink, entries: &[PageEntry<'_>]) -> Vec<u8> {
    let (count, bytes) = page(entries);
    let first = sink.entry_count();
    let statuses = sink.add_page(first, count, &bytes).expect("a plain page");
    statuses.into_iter().map(|status| status as u8).collect()
}

/// Writes an entry's bytes and commits it.
pub fn receive(sink: &Sink, entry: u32, bytes: &[u8]) {
    let part = sink.part(entry).expect("a part file");
    part.write_at(0, bytes).expect("room");
    assert!(sink.commit(entry).expect("a commit").durable);
}

/// Makes the calling thread one of a user without rights, so that permissions count also where tests run as root.
///
/// On Linux the raw calls change this thread alone.
#[cfg(target_os = "linux")]
pub fn become_nobody() {
    if rustix::process::geteuid().is_root() {
        let nobody = rustix::process::Uid::from_raw(65_534);
        rustix::thread::set_thread_res_uid(nobody, nobody, nobody).expect("root may change");
    }
}

/// macOS changes the whole process, so that its tests have to run as a user.
#[cfg(target_os = "macos")]
pub fn become_nobody() {
    assert!(!rustix::process::geteuid().is_root(), "run the tests as a user");
}
