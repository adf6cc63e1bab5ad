//! Files that are touched, or grow, while they are sent.

use std::path::Path;
use std::sync::Arc;

use ultra_files::{Look, WalkOptions};

use super::super::origin::{Content, Described, Origin};
use super::super::source::Source;
use super::super::source::tests::{pack, read, source, source_with};
use crate::blocks::block_tree::BLOCK_LEN;
#[cfg(unix)]
use crate::core::event::Event;
use crate::core::fault::Fault;
use crate::core::words::FileFault;
use crate::testing::*;

/// A source of one file of several blocks, of which all but the last one have been read.
fn almost_read(bytes: &[u8], options: WalkOptions) -> (tempfile::TempDir, std::path::PathBuf, Arc<Source>, Arc<Told>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, bytes).unwrap();
    let (source, events) = source_with(folder.path(), options);
    for block in 0..2 {
        assert!(read(&source, 1, block).is_some());
    }
    std::thread::sleep(std::time::Duration::from_millis(20)); // file times advance with the kernel's tick
    (folder, path, source, events)
}

#[test]
#[cfg(unix)]
fn t24_e5_a_file_that_was_only_touched_is_read_again_and_sealed() {
    use std::os::unix::fs::PermissionsExt;
    let bytes = Dice(1).bytes(2 * BLOCK + 100);
    type Touch = fn(&Path);
    let touches: [Touch; 4] = [
        |path| std::fs::hard_link(path, path.with_extension("backup")).unwrap(),
        |path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap(),
        |path| std::fs::rename(path, path.with_extension("moved")).unwrap(),
        |path| std::fs::remove_file(path).unwrap(),
    ];
    for touch in touches {
        let (_folder, path, source, events) = almost_read(&bytes, WalkOptions::default());
        touch(&path);
        assert!(read(&source, 1, 2).is_some());
        let told = events.wait();
        assert_eq!(sealed(&told), [root(&bytes)]);
        let is_gone = !path.exists() && !path.with_extension("moved").exists();
        assert!(matches!(told[..], [Event::Sealed { unlinked, .. }] if unlinked == is_gone));
    }
}

#[test]
fn t24_e4_a_file_whose_time_was_set_back_is_read_again_and_fails() {
    let bytes = Dice(1).bytes(2 * BLOCK + 100);
    let (_folder, path, source, events) = almost_read(&bytes, WalkOptions::default());
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let mtime = file.metadata().unwrap().modified().unwrap();
    write_at(&file, b"other", 700_000);
    file.set_modified(mtime).unwrap();
    assert!(read(&source, 1, 2).is_some());
    assert_eq!(of_kind(&events.wait(), "SealFailed"), [(1, FileFault::Changed as u64)]);
    assert_eq!(source.root_of(1), None);
}

#[test]
fn t24_no_lane_waits_while_a_file_is_read_again_and_what_is_over_is_not_read_on() {
    let bytes = Dice(1).bytes(2 * BLOCK + 100);
    let (_folder, path, source, events) = almost_read(&bytes, WalkOptions::default());
    // The thread that would read it again is busy.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    source.rereads.run(move || assert!(wait.recv().is_ok()));
    std::fs::hard_link(&path, path.with_extension("backup")).unwrap();
    assert!(read(&source, 1, 2).is_some(), "its last frame is there at once");
    assert!(read(&source, 1, 0).is_some(), "and so is what a lane reads next");
    assert!(told(&events).is_empty());
    source.release(1, 1);
    let (over, ends) = std::sync::mpsc::channel();
    source.rereads.run(move || over.send(()).unwrap());
    go.send(()).unwrap();
    ends.recv().unwrap();
    assert!(told(&events).is_empty(), "nobody waits for it any more");
}

#[test]
fn t24_a_small_file_that_was_touched_is_sent_and_one_that_is_rewritten_later_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, b"small").unwrap();
    let (source, events) = source(folder.path());
    std::thread::sleep(std::time::Duration::from_millis(20));
    std::fs::hard_link(&path, path.with_extension("backup")).unwrap();
    assert!(pack(&source, 1..2) == sealed_frame(1, b"small"));
    assert!(pack(&source, 1..2) == sealed_frame(1, b"small"), "a second time");
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let mtime = file.metadata().unwrap().modified().unwrap();
    write_at(&file, b"SMALL", 0);
    file.set_modified(mtime).unwrap();
    assert!(pack(&source, 1..2).is_empty(), "it is not what was sent");
    assert_eq!(of_kind(&told(&events), "ReadFailed"), [(1, FileFault::Changed as u64)]);
}

#[test]
fn e1_a_log_that_may_grow_is_sent_up_to_the_size_at_its_start_and_one_that_is_rewritten_is_not() {
    use std::io::Write as _;
    let bytes = Dice(1).bytes(2 * BLOCK + 100);
    let growing = WalkOptions {
        allow_growing: true,
        ..WalkOptions::default()
    };
    let append = |path: &Path| {
        let mut log = std::fs::File::options().append(true).open(path).unwrap();
        log.write_all(b"one more line").unwrap();
        log
    };
    let (_folder, path, source, events) = almost_read(&bytes, growing);
    append(&path);
    assert!(read(&source, 1, 2).is_some());
    assert_eq!(sealed(&events.wait()), [root(&bytes)]);

    let (_folder, path, source, events) = almost_read(&bytes, growing);
    append(&path);
    let log = std::fs::File::options().write(true).open(&path).unwrap();
    write_at(&log, b"other", 10);
    assert!(read(&source, 1, 2).is_some());
    assert_eq!(of_kind(&events.wait(), "SealFailed"), [(1, FileFault::Changed as u64)]);

    // Between the walk and the first read as well, and in packs.
    let folder = tempfile::tempdir().unwrap();
    let names = ["a", "b"].map(|name| folder.path().join(name));
    std::fs::write(&names[0], &bytes).unwrap();
    std::fs::write(&names[1], b"small").unwrap();
    let (source, events) = source_with(folder.path(), growing);
    for name in &names {
        append(name);
    }
    assert!(pack(&source, 2..3) == sealed_frame(2, b"small"));
    for block in 0..3 {
        assert!(read(&source, 1, block).is_some());
    }
    assert_eq!(sealed(&events.wait()), [root(&bytes)]);
    std::fs::File::options()
        .write(true)
        .open(&names[1])
        .unwrap()
        .set_len(2)
        .unwrap();
    assert!(pack(&source, 2..3).is_empty(), "shorter is never allowed");
}

/// A file that is touched each time that somebody looks.
struct Restless(u64);

impl Content for Restless {
    fn hole_blocks(&self, _offset: u64) -> Result<u64, Fault> {
        Ok(0)
    }
    fn read_at(&self, _offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        buffer.fill(1);
        Ok(())
    }
    fn look(&self) -> Result<Look, Fault> {
        Ok(Look::Touched)
    }
    fn is_unlinked(&self) -> bool {
        false
    }
}

impl Origin for Restless {
    fn describe(&self, id: u32) -> Option<Described> {
        (id == 0).then(|| ("restless".to_owned(), ultra_files::EntryKind::File, self.0))
    }
    fn open(&self, _id: u32) -> Result<Box<dyn Content>, Fault> {
        Ok(Box::new(Self(self.0)))
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

#[test]
fn t24_a_file_that_is_touched_each_time_is_not_read_for_ever() {
    let events = Arc::new(Told::default());
    let source = Source::new(5, Box::new(Restless(BLOCK_LEN + 1)), events.clone(), rereads());
    for block in 0..2 {
        assert!(read(&source, 0, block).is_some());
    }
    assert_eq!(of_kind(&events.wait(), "SealFailed"), [(0, FileFault::Changed as u64)]);
}
