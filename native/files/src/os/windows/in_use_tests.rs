//! Files that another program holds: what waits for it, with a first try that really fails, and what has nothing to wait for.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::rc::Rc;

use super::*;
use crate::os::windows::patience::waiting;

const NOW: Time = Time {
    secs: 1_700_000_000,
    nanos: 0,
};

fn place() -> (tempfile::TempDir, NativeFolder) {
    let temp = tempfile::tempdir().expect("a temporary folder");
    for name in ["a", "b"] {
        std::fs::write(temp.path().join(name), name).expect("a file");
    }
    let folder = NativeFolder::open(temp.path()).expect("a folder");
    (temp, folder)
}

/// As a scanner of viruses has it: others may do with it what `share` says.
fn held(temp: &tempfile::TempDir, name: &str, share: u32) -> File {
    let path = temp.path().join(name);
    OpenOptions::new()
        .read(true)
        .share_mode(share)
        .open(path)
        .expect("held")
}

/// Does something with a file that is let go when the first try has failed. How many tries failed, and what came of it.
fn tried<T>(held: File, act: impl FnOnce() -> io::Result<T>) -> (u32, io::Result<T>) {
    let failed = Rc::new(Cell::new(0));
    let (count, mut held) = (Rc::clone(&failed), Some(held));
    waiting::tell(move || {
        count.set(count.get() + 1);
        drop(held.take());
    });
    let result = act();
    waiting::tell(|| {});
    (failed.get(), result)
}

fn assert_second_try_succeeds<T>(act: impl FnOnce(&NativeFolder) -> io::Result<T>, share: u32) {
    let (temp, folder) = place();
    let (failed, result) = tried(held(&temp, "a", share), || act(&folder));
    assert!(result.is_ok(), "{:?}", result.err());
    assert_eq!(failed, 1);
}

#[test]
fn what_needs_the_file_for_itself_is_done_when_the_other_program_has_let_go() {
    let others_read = win::FILE_SHARE_READ;
    assert_second_try_succeeds(|folder| folder.remove_file("a"), others_read);
    assert_second_try_succeeds(|folder| folder.move_new("a", "c"), others_read);
    assert_second_try_succeeds(|folder| folder.move_over("a", "b"), others_read);
    assert_second_try_succeeds(|folder| folder.exchange("a", "b"), others_read);
    assert_second_try_succeeds(|folder| folder.exchange("b", "a"), others_read);
    assert_second_try_succeeds(|folder| folder.open_to_sync("a"), others_read);
    assert_second_try_succeeds(|folder| folder.open_to_write("a"), others_read);
    assert_second_try_succeeds(|folder| folder.open_to_append("a"), others_read);
}

#[test]
fn a_second_name_and_a_time_are_given_to_a_file_that_another_program_has_for_itself() {
    let (temp, folder) = place();
    let (failed, result) = tried(held(&temp, "a", 0), || {
        folder.link("a", "c")?;
        folder.set_child_mtime("a", NOW)?;
        folder.stat("a")
    });
    let stat = result.expect("nothing is in the way");
    assert_eq!((failed, stat.links, stat.mtime), (0, 2, NOW));
}
