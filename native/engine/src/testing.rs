//! What the tests share: frames made by the text of `docs/protocol.md`, sinks, and what was told.

#[path = "../../skipped.rs"]
mod told;

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
pub use told::{on_wine, skipped};
use ultra_files::{EntryKind, Linked, PageBuilder, PageEntry, SafePath, SinkOptions};

use crate::blocks::block_tree::{BLOCK_LEN, BlockHasher};
use crate::blocks::ultra2::Ultra2;
use crate::core::event::Event;
use crate::core::tell::Tell;
use crate::core::words::{BlockIndex, EntryId, SinkId};
use crate::core::workers::Workers;
use crate::receive::sink::Sink;
use crate::receive::target::Target;
use crate::receive::target::discard::Discard;
use crate::receive::target::folder::Folder;

/// How the lanes of tests are spoken.
pub static CODEC: Ultra2 = Ultra2;

pub const BLOCK: usize = BLOCK_LEN as usize;

/// Numbers from a seed (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let words = (0..len.div_ceil(8)).flat_map(|_| self.next().to_le_bytes());
        words.take(len).collect()
    }

    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }
}

/// The preface of lane `number` of the first transfer.
pub fn preface(number: u8) -> Vec<u8> {
    vec![b'U', b'L', b'T', b'L', number, 0, 0, 0, 1, 0, 0, 0]
}

pub fn header(entry: u32, length: u32, block: u64, encoding: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(entry.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend([encoding, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

pub fn value(block: u64, bytes: &[u8]) -> [u8; 32] {
    let mut hasher = BlockHasher::new(block);
    hasher.update(bytes);
    hasher.finish().0
}

/// A raw frame of these bytes.
pub fn frame(entry: u32, block: u64, bytes: &[u8]) -> Vec<u8> {
    let header = header(entry, bytes.len() as u32, block, 0);
    [&header, bytes, &value(block, bytes)].concat()
}

/// A raw frame whose value does not belong to its bytes.
pub fn wrong_frame(entry: u32, block: u64, bytes: &[u8]) -> Vec<u8> {
    let mut frame = frame(entry, block, bytes);
    if let Some(last) = frame.last_mut() {
        *last ^= 1;
    }
    frame
}

/// A frame of holes.
pub fn holes(entry: u32, block: u64, blocks: u32) -> Vec<u8> {
    header(entry, blocks, block, 1)
}

/// The sealed frame of a file of one block.
pub fn sealed_frame(entry: u32, bytes: &[u8]) -> Vec<u8> {
    let mut header = header(entry, bytes.len() as u32, 0, 0);
    header[17] = 1;
    [&header[..], bytes, &root(bytes)].concat()
}

/// The frames of all blocks of a file.
pub fn frames(entry: u32, file: &[u8]) -> Vec<Vec<u8>> {
    (0..)
        .zip(file.chunks(BLOCK))
        .map(|(block, bytes)| frame(entry, block, bytes))
        .collect()
}

/// The hash of a whole file, by the plain function.
pub fn root(file: &[u8]) -> [u8; 32] {
    *blake3::hash(file).as_bytes()
}

/// Writes into a file, on every system.
pub fn write_at(mut file: &File, bytes: &[u8], offset: u64) {
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(bytes).unwrap();
}

/// A sink that keeps nothing, and one for a folder; both know these files, and want all of their blocks.
pub fn discarding(files: &[(&str, u64)]) -> (Arc<Sink>, Arc<Told>) {
    expecting(Arc::new(Discard::default()), files)
}

pub fn receiving(folder: &Path, files: &[(&str, u64)]) -> (Arc<Sink>, Arc<Told>) {
    let sink = ultra_files::Sink::open(folder, SinkOptions::default()).unwrap();
    expecting(Arc::new(Folder::of(sink)), files)
}

fn expecting(target: Arc<dyn Target>, files: &[(&str, u64)]) -> (Arc<Sink>, Arc<Told>) {
    let events = Arc::new(Told::default());
    let sink = Sink::new(SINK, target, events.clone());
    sink.attach(1);
    add_page(&sink, files);
    for (entry, (name, size)) in (0..).zip(files) {
        assert!(name.ends_with('/') || sink.expect(entry, 0, size.div_ceil(BLOCK_LEN)));
    }
    (sink, events)
}

/// The id of the sinks here.
pub const SINK: u32 = 77;

/// Adds a page of files; a name that ends in `/` is a folder.
pub fn add_page(sink: &Sink, files: &[(&str, u64)]) {
    let mut builder = PageBuilder::new();
    for (name, size) in files {
        let kind = if name.ends_with('/') {
            EntryKind::Folder
        } else {
            EntryKind::File
        };
        let entry = PageEntry {
            kind,
            size: Some(*size),
            data_bytes: *size,
            mode: 0o755,
            mtime: ultra_files::os::Time {
                secs: 1_700_000_000,
                nanos: 0,
            },
            fingerprint: [7; 16],
            path: SafePath::parse(name.trim_end_matches('/').as_bytes()).unwrap(),
            linked: Linked::None,
        };
        assert!(builder.push(&entry));
    }
    if files.is_empty() {
        return;
    }
    let (count, bytes) = builder.take();
    assert!(sink.target.add_page(sink.target.entry_count(), count, &bytes).is_ok());
}

/// Adds a page of one file that is nearly all holes.
pub fn add_sparse_page(sink: &Sink, name: &str, size: u64) {
    let mut builder = PageBuilder::new();
    let entry = PageEntry {
        kind: EntryKind::File,
        size: Some(size),
        data_bytes: 1,
        mode: 0o644,
        mtime: ultra_files::os::Time { secs: 1, nanos: 0 },
        fingerprint: [7; 16],
        path: SafePath::parse(name.as_bytes()).unwrap(),
        linked: Linked::None,
    };
    assert!(builder.push(&entry));
    let (count, bytes) = builder.take();
    assert!(sink.target.add_page(0, count, &bytes).is_ok());
}

/// Keeps what is reported until a test looks at it.
#[derive(Default)]
pub struct Told {
    events: Mutex<Vec<Event>>,
    more: Condvar,
}

impl Tell for Told {
    fn tell(&self, event: Event) {
        self.events.lock().push(event);
        self.more.notify_all();
    }

    fn verified(&self, sink: SinkId, entry: EntryId, first: BlockIndex, _last: bool) {
        self.tell(Event::Verified {
            sink,
            entry,
            first,
            count: 1,
        });
    }

    fn arrived(&self, sink: SinkId, first: EntryId, count: u32, _urgent: bool) {
        self.tell(Event::Arrived { sink, first, count });
    }

    fn close(&self) {}
}

impl Told {
    /// Waits until something was told.
    pub fn wait(&self) -> Vec<Event> {
        let mut events = self.events.lock();
        if events.is_empty() {
            self.more.wait_for(&mut events, Duration::from_secs(10));
        }
        std::mem::take(&mut events)
    }
}

/// All that was told since the last look.
pub fn told(events: &Told) -> Vec<Event> {
    std::mem::take(&mut events.events.lock())
}

/// The name of an event as it is declared.
pub fn name_of(event: &Event) -> &'static str {
    let found = Event::DECLARATIONS
        .iter()
        .find(|declared| declared.number == event.number());
    found.unwrap().name
}

/// Of these events those of one name, as their entries and what they say of them: a block, a fault or a truth.
pub fn of_kind(events: &[Event], name: &str) -> Vec<(EntryId, u64)> {
    let found = events.iter().filter(|event| name_of(event) == name);
    found
        .map(|event| match event {
            Event::Mismatch { entry, block, .. } => (*entry, *block),
            Event::Committed {
                first,
                count: 1,
                durable,
                ..
            } => (*first, u64::from(*durable)),
            Event::EntryFailed { entry, fault, .. }
            | Event::ReadFailed { entry, fault, .. }
            | Event::SealFailed { entry, fault, .. } => (*entry, *fault as u64),
            other => panic!("what would a test want of {other:?}?"),
        })
        .collect()
}

/// The blocks told as verified, in order.
pub fn verified(events: &[Event]) -> Vec<(EntryId, BlockIndex)> {
    let runs = events.iter().filter_map(|event| match event {
        Event::Verified {
            entry, first, count, ..
        } => Some((*entry, *first..*first + *count)),
        _ => None,
    });
    runs.flat_map(|(entry, blocks)| blocks.map(move |block| (entry, block)))
        .collect()
}

/// The files told as arrived, in order.
pub fn arrived(events: &[Event]) -> Vec<EntryId> {
    let runs = events.iter().filter_map(|event| match event {
        Event::Arrived { first, count, .. } => Some(*first..*first + *count),
        _ => None,
    });
    runs.flatten().collect()
}

/// The thread on which a source reads files again.
pub fn rereads() -> Arc<Workers> {
    Workers::new("reread", 1, |text| panic!("{text}"))
}

/// The roots of all files that were sealed.
pub fn sealed(events: &[Event]) -> Vec<[u8; 32]> {
    let roots = events.iter().filter_map(|event| match event {
        Event::Sealed { root, .. } => Some(*root),
        _ => None,
    });
    roots.collect()
}

/// Names in a folder, those of part files too. (Windows's disks have rules of their own for names, and a running transfer tries them in a
/// folder of ours, which is no part.)
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let is_of_trials = |entry: &std::fs::DirEntry| {
        cfg!(windows)
            && entry.file_type().unwrap().is_dir()
            && entry.file_name().to_string_lossy().starts_with(".ultra-")
    };
    let mut names: Vec<String> = entries
        .filter(|entry| !is_of_trials(entry))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
