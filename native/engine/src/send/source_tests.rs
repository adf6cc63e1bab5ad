//! What a source reads is what a sink takes; and files that change meanwhile.

use std::path::Path;

use super::*;
use crate::blocks::zeros::ZEROS_AT_ONCE;
use crate::receive::reader::LaneReader;
use crate::send::origin::memory::Memory;
use crate::send::origin::tree::{Cache, Tree};
use crate::testing::*;
use ultra_files::WalkOptions;

/// A source of one folder, walked to its end: its files are entries 1, 2 ... in the order of their names.
pub(in crate::send) fn source(folder: &Path) -> (Arc<Source>, Arc<Told>) {
    source_with(folder, WalkOptions::default())
}

pub(in crate::send) fn source_with(folder: &Path, options: WalkOptions) -> (Arc<Source>, Arc<Told>) {
    let events = Arc::new(Told::default());
    let (origin, mut walk) = Tree::open(&[folder.to_owned()], Cache::Allowed, options).ok().unwrap();
    let source = Source::new(5, Box::new(origin), events.clone(), rereads());
    while walk.next_page().ok().unwrap().is_some() {}
    (source, events)
}

/// The bytes of a block's frame.
pub(in crate::send) fn read(source: &Source, entry: u32, block: u64) -> Option<Vec<u8>> {
    let mut buffer = vec![0xa5; FRAME_ROOM];
    let place = source.read_frame(&CODEC, entry, block, &mut buffer)?;
    Some(buffer[place.start..place.start + place.len].to_vec())
}

#[test]
fn what_a_source_reads_a_lane_verifies_and_zeros_become_holes() {
    let from = tempfile::tempdir().unwrap();
    let mut zeros_inside = Dice(1).bytes(3 * BLOCK + 9);
    zeros_inside[BLOCK..2 * BLOCK].fill(0);
    let mut almost_zero = vec![0; BLOCK];
    almost_zero[BLOCK - 1] = 1;
    let files = [
        ("a", zeros_inside),
        ("b", vec![0; 77]),
        ("c", almost_zero),
        ("d", Dice(2).bytes(1)),
    ];
    for (name, bytes) in &files {
        std::fs::write(from.path().join(name), bytes).unwrap();
    }
    let (source, events) = source(from.path());
    let to = tempfile::tempdir().unwrap();
    let mut manifest = vec![("top/".to_owned(), 0)];
    manifest.extend(
        files
            .iter()
            .map(|(name, bytes)| (format!("top/{name}"), bytes.len() as u64)),
    );
    let manifest: Vec<(&str, u64)> = manifest.iter().map(|(name, size)| (name.as_str(), *size)).collect();
    let (sink, received) = receiving(to.path(), &manifest);
    let mut lane = LaneReader::new(&CODEC);
    lane.feed(&preface(0), &sink).unwrap();
    for (entry, (name, bytes)) in (1..).zip(&files) {
        for (block, piece) in (0..).zip(bytes.chunks(BLOCK)) {
            let frame = read(&source, entry, block).unwrap();
            let is_hole = piece.iter().all(|byte| *byte == 0);
            let expected = if is_hole {
                holes(entry, block, 1)
            } else {
                crate::testing::frame(entry, block, piece)
            };
            assert!(frame == expected, "block {block} of {name}");
            lane.feed(&frame, &sink).unwrap();
        }
        sink.queue_commit(entry, bytes.len() as u64, root(bytes));
        sink.commit_queued();
        assert!(std::fs::read(to.path().join("top").join(name)).unwrap() == *bytes);
    }
    let expected: Vec<[u8; 32]> = files.iter().map(|(_, bytes)| root(bytes)).collect();
    assert_eq!(sealed(&told(&events)), expected);
    assert_eq!(of_kind(&told(&received), "EntryFailed"), []);
}

#[test]
fn what_is_made_up_for_a_measurement_is_the_same_when_it_is_read_again_after_its_group_is_whole() {
    let size = 40 * BLOCK as u64;
    let events = Arc::new(Told::default());
    let source = Source::new(5, Box::new(Memory { size }), events.clone(), rereads());
    let all: Vec<_> = (0..40).map(|block| read(&source, 0, block)).collect();
    // A lost connection lets blocks travel again; the pool's buffers hold what others left in them.
    let mut used = Dice(1).bytes(FRAME_ROOM);
    let place = source.read_frame(&CODEC, 0, 7, &mut used).unwrap();
    assert_eq!(all[7], Some(used[place.start..place.start + place.len].to_vec()));
    assert_eq!(read(&source, 0, 39), all[39]);
    assert_eq!(of_kind(&told(&events), "ReadFailed"), []);
}

#[test]
fn e2_a_file_that_became_shorter_fails_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, Dice(1).bytes(3 * BLOCK)).unwrap();
    let (source, events) = source(folder.path());
    assert!(read(&source, 1, 0).is_some());
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(BLOCK as u64 + 5)
        .unwrap();
    for block in [1, 2, 1] {
        assert!(read(&source, 1, block).is_none());
    }
    let records = told(&events);
    assert_eq!(of_kind(&records, "ReadFailed").len(), 1);
    assert_eq!(sealed(&records), [[0; 32]; 0]);
}

#[test]
fn e4_a_file_that_changed_before_its_last_block_was_read_is_not_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let bytes = Dice(1).bytes(BLOCK + 100);
    std::fs::write(&path, &bytes).unwrap();
    let (source, events) = source(folder.path());
    assert!(read(&source, 1, 0).is_some());
    std::thread::sleep(std::time::Duration::from_millis(20));
    std::fs::write(&path, &bytes).unwrap();
    assert!(read(&source, 1, 1).is_some());
    let failed = of_kind(&told(&events), "SealFailed");
    assert_eq!(failed, [(1, FileFault::Changed as u64)]);
    assert_eq!(source.root_of(1), None);
    assert!(read(&source, 1, 1).is_none(), "nothing more of it is sent");
}

/// The frames of a pack of these entries.
pub(in crate::send) fn pack(source: &Source, entries: std::ops::Range<u32>) -> Vec<u8> {
    let mut buffer = vec![0xa5; FRAME_ROOM];
    let mut entries = entries.peekable();
    let mut next = |room: usize| {
        let entry = *entries.peek()?;
        let len = source.small_len(entry)?;
        (len <= room).then(|| entries.next().map(|entry| (entry, len)))?
    };
    let place = source.read_pack(&CODEC, &mut next, &mut buffer);
    buffer[place.start..place.start + place.len].to_vec()
}

#[test]
fn small_files_travel_back_to_back_and_one_that_changed_or_is_gone_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("a", b"first");
    write("b", b"changes");
    write("c", b"goes");
    write("d", &[0; 300]);
    write("e", b"last");
    let (source, events) = source(folder.path());
    write("b", b"CHANGES and grows");
    std::fs::remove_file(folder.path().join("c")).unwrap();
    let mut zeros = holes(4, 0, 1);
    zeros[17] = 1;
    let frames = [sealed_frame(1, b"first"), zeros, sealed_frame(5, b"last")].concat();
    assert!(pack(&source, 1..6) == frames);
    let failed = of_kind(&told(&events), "ReadFailed");
    let (changed, gone) = (FileFault::Changed as u64, FileFault::NotFound as u64);
    assert_eq!(failed, [(2, changed), (3, gone)]);
    assert_eq!(source.root_of(5), Some(root(b"last")));
    assert!(
        pack(&source, 5..6) == sealed_frame(5, b"last"),
        "a second time the same"
    );
}

#[test]
fn a_pack_takes_what_fits_its_buffer() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..4 {
        std::fs::write(folder.path().join(format!("{index}")), Dice(index).bytes(400_000)).unwrap();
    }
    let (source, _events) = source(folder.path());
    assert_eq!(pack(&source, 1..5).len(), 2 * sealed_frame(1, &vec![1; 400_000]).len());
}

/// A file whose bytes are others each time they are read.
struct Fickle {
    size: u64,
    reads: std::sync::atomic::AtomicU8,
    /// Reads that find the same bytes as the first one.
    honest: u8,
}

impl Fickle {
    fn fill(&self, buffer: &mut [u8]) {
        let read = self.reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        buffer.fill(if read < self.honest { 1 } else { 2 });
    }
}

struct FickleContent(Arc<Fickle>);

impl Content for FickleContent {
    fn hole_blocks(&self, _offset: u64) -> Result<u64, Fault> {
        Ok(0)
    }
    fn read_at(&self, _offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        self.0.fill(buffer);
        Ok(())
    }
    fn look(&self) -> Result<Look, Fault> {
        Ok(Look::Same)
    }
    fn is_unlinked(&self) -> bool {
        false
    }
}

struct FickleOrigin(Arc<Fickle>);

impl Origin for FickleOrigin {
    fn describe(&self, id: u32) -> Option<Described> {
        (id == 0).then(|| ("fickle".to_owned(), ultra_files::EntryKind::File, self.0.size))
    }
    fn open(&self, _id: u32) -> Result<Box<dyn Content>, Fault> {
        Ok(Box::new(FickleContent(self.0.clone())))
    }
    fn link_root(&self, _id: u32) -> Option<[u8; 32]> {
        None
    }
    fn small_len(&self, _id: u32) -> Option<usize> {
        (self.0.size <= BLOCK_LEN).then_some(self.0.size as usize)
    }
    fn read_small(&self, _id: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        self.0.fill(buffer);
        Ok(())
    }
}

fn fickle(size: u64, honest: u8) -> (Arc<Source>, Arc<Told>) {
    let events = Arc::new(Told::default());
    let reads = std::sync::atomic::AtomicU8::new(0);
    let origin = FickleOrigin(Arc::new(Fickle { size, reads, honest }));
    (Source::new(5, Box::new(origin), events.clone(), rereads()), events)
}

#[test]
fn e4_a_block_that_is_read_again_must_have_the_value_that_was_sent_first() {
    let changed = [(0, FileFault::Changed as u64)];
    let (small, events) = fickle(100, 1);
    assert!(!pack(&small, 0..1).is_empty() && pack(&small, 0..1).is_empty());
    assert_eq!(of_kind(&told(&events), "ReadFailed"), changed);

    let (open_group, events) = fickle(3 * BLOCK_LEN, 2);
    assert!(read(&open_group, 0, 0).is_some() && read(&open_group, 0, 0).is_some());
    assert!(read(&open_group, 0, 0).is_none());
    assert_eq!(of_kind(&told(&events), "ReadFailed"), changed);

    // After the seal the values of a group are one: reading a block again reads all of them.
    let (whole, events) = fickle(3 * BLOCK_LEN, 6);
    for block in 0..3 {
        assert!(read(&whole, 0, block).is_some());
    }
    assert_eq!(sealed(&told(&events)).len(), 1);
    assert!(read(&whole, 0, 1).is_some(), "the same bytes");
    assert!(read(&whole, 0, 1).is_none());
    assert_eq!(of_kind(&told(&events), "ReadFailed"), changed);
    whole.release(0, 1);
    assert!(whole.root_of(0).is_some(), "roots stay for the transfer root");
}

#[test]
fn e8_a_block_that_cannot_be_read_fails_its_file_alone() {
    struct Broken;
    impl Content for Broken {
        fn hole_blocks(&self, _offset: u64) -> Result<u64, Fault> {
            Ok(0)
        }
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
            if offset >= BLOCK_LEN {
                return Err(Fault::new(
                    FileFault::Io,
                    format!("cannot read \"disk.img\" at byte {offset}"),
                ));
            }
            buffer.fill(1);
            Ok(())
        }
        fn look(&self) -> Result<Look, Fault> {
            Ok(Look::Same)
        }
        fn is_unlinked(&self) -> bool {
            false
        }
    }
    struct Disk;
    impl Origin for Disk {
        fn describe(&self, id: u32) -> Option<Described> {
            let sizes = [3 * BLOCK_LEN, BLOCK_LEN];
            let size = sizes.get(id as usize)?;
            Some((format!("{id}"), ultra_files::EntryKind::File, *size))
        }
        fn open(&self, _id: u32) -> Result<Box<dyn Content>, Fault> {
            Ok(Box::new(Broken))
        }
        fn link_root(&self, _id: u32) -> Option<[u8; 32]> {
            None
        }
        fn small_len(&self, _id: u32) -> Option<usize> {
            None
        }
        fn read_small(&self, _id: u32, _buffer: &mut [u8]) -> Result<(), Fault> {
            Ok(())
        }
    }
    let events = Arc::new(Told::default());
    let source = Source::new(5, Box::new(Disk), events.clone(), rereads());
    assert!(read(&source, 0, 0).is_some());
    for _ in 0..2 {
        assert!(read(&source, 0, 1).is_none());
    }
    assert!(read(&source, 1, 0).is_some(), "the other file");
    let told = told(&events);
    assert_eq!(of_kind(&told, "ReadFailed"), [(0, FileFault::Io as u64)]);
    assert_eq!(sealed(&told).len(), 1);
    let text = told.iter().find_map(|event| match event {
        Event::ReadFailed { text, .. } => Some(text.clone()),
        _ => None,
    });
    assert!(text.is_some_and(|text| text.contains("at byte 1048576")));
}

#[test]
fn e5_a_file_that_is_gone_or_was_never_offered_fails_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, b"here").unwrap();
    let (source, events) = source(folder.path());
    std::fs::remove_file(&path).unwrap();
    for _ in 0..3 {
        assert!(read(&source, 1, 0).is_none());
        assert!(read(&source, 50, 0).is_none());
    }
    let failed = of_kind(&told(&events), "ReadFailed");
    assert_eq!(
        failed,
        [(1, FileFault::NotFound as u64), (50, FileFault::NotFound as u64)]
    );
}

#[test]
fn a_file_that_was_not_read_whole_is_not_sealed_unless_the_receiver_held_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let (long, short) = (Dice(1).bytes(2 * BLOCK + 1), Dice(2).bytes(9));
    std::fs::write(folder.path().join("a"), &long).unwrap();
    std::fs::write(folder.path().join("b"), &short).unwrap();
    let (source, events) = source(folder.path());
    assert!(read(&source, 1, 1).is_some());
    assert_eq!(source.hold(1, 0, &[value(0, &long[..BLOCK])]).ok(), Some(false));
    assert_eq!(source.hold(1, 2, &[value(2, &long[2 * BLOCK..])]).ok(), Some(true));
    assert!(source.hold(1, 2, &[[0; 32]; 2]).is_err(), "beyond the end");
    assert!(source.hold(1, u64::MAX, &[[0; 32]; 2]).is_err());
    assert!(told(&events).is_empty(), "the caller that completed it seals it");
    source.seal_held(1);
    assert_eq!(source.hold(2, 0, &[[9; 32]]).ok(), Some(true));
    source.seal_held(2);
    let events = told(&events);
    assert!(events.iter().all(|event| name_of(event) == "Sealed"));
    // The root of a single block needs its bytes: a value that the receiver made up changes nothing.
    assert_eq!(sealed(&events), [root(&long), root(&short)]);
}

#[test]
fn blocks_beyond_the_end_and_small_buffers_fail() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), b"bytes").unwrap();
    std::fs::write(folder.path().join("b"), b"bytes").unwrap();
    let (source, events) = source(folder.path());
    assert!(read(&source, 1, 1).is_none());
    assert!(source.read_frame(&CODEC, 2, 0, &mut [0; 100]).is_none());
    assert_eq!(of_kind(&told(&events), "ReadFailed").len(), 2);
}

#[test]
fn t31_holes_are_not_read_and_one_frame_covers_a_run_of_them() {
    if on_wine() {
        return skipped("wine 8 does not tell holes (FSCTL_QUERY_ALLOCATED_RANGES)");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let size = 70 * BLOCK as u64 + 5;
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(size).unwrap();
    let bytes = Dice(3).bytes(BLOCK);
    write_at(&file, &bytes, 40 * BLOCK as u64);
    drop(file);
    let (source, events) = source(folder.path());
    let mut lane = Vec::new();
    let mut block = 0;
    while block <= 70 {
        let mut buffer = vec![0xa5; FRAME_ROOM];
        let count = source.hole_blocks(1, block);
        let place = match count {
            0 => source.read_frame(&CODEC, 1, block, &mut buffer),
            count => source.hole_frame(&CODEC, 1, block..block + count, &mut buffer),
        };
        let place = place.unwrap();
        lane.push(buffer[place.start..place.start + place.len].to_vec());
        block += count.max(1);
    }
    assert!(lane == [holes(1, 0, 40), frame(1, 40, &bytes), holes(1, 41, 30)]);
    let read = source.counters.read_bytes.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(read, BLOCK as u64, "data alone");
    assert_eq!(sealed(&told(&events)), [root(&std::fs::read(&path).unwrap())]);
}

#[test]
fn t31_a_long_run_of_holes_is_sealed_with_the_root_of_its_file() {
    if on_wine() {
        return skipped("wine 8 does not tell holes (FSCTL_QUERY_ALLOCATED_RANGES)");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let count = ZEROS_AT_ONCE as u64 + 20;
    let file = std::fs::File::create(&path).unwrap();
    file.set_len((count - 1) * BLOCK as u64 + 5).unwrap();
    let (source, events) = source(folder.path());
    assert_eq!(source.hole_blocks(1, 0), count);
    let mut buffer = vec![0xa5; FRAME_ROOM];
    let place = source.hole_frame(&CODEC, 1, 0..count, &mut buffer).unwrap();
    assert!(buffer[place.start..place.start + place.len] == holes(1, 0, count as u32));
    assert_eq!(sealed(&told(&events)), [root(&std::fs::read(&path).unwrap())]);
}
