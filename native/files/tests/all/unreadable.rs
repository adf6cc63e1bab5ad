//! Small files that the receiver's user may not open again are durable before they get their names, too.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use crate::common::faulty::{FaultyFolder, PLAN, log};
use crate::common::told::skipped;
use crate::common::{Place, become_nobody, file};
use ultra_files::os::Storage;
use ultra_files::{CommitInfo, Extra, Extras, FileError, PageBuilder, PageEntry, Preserve, Sink, SinkOptions};

/// The user that [`become_nobody`] makes.
const NOBODY: u32 = 65_534;

/// Receives one small file as a user without rights, on a file system that syncs file by file; what the disk was asked for since the file
/// was written, and what came of it. `before_commit` happens when the file is closed.
fn receive(
    entry: &PageEntry<'_>,
    acl: Option<&[u8]>,
    before_commit: impl FnOnce(&Place) + Send,
) -> (Place, Vec<&'static str>, Result<CommitInfo, FileError>) {
    let mut extras = Extras::default();
    assert!(acl.is_none_or(|acl| extras.push(&Extra::Acl(acl))));
    let place = Place::new();
    if rustix::process::geteuid().is_root() {
        chown(place.dir(), Some(NOBODY), Some(NOBODY)).expect("root may");
    }
    fs::set_permissions(place.dir().parent().expect("one"), fs::Permissions::from_mode(0o755)).expect("a mode");
    let (log, result) = std::thread::scope(|scope| {
        let received = scope.spawn(|| {
            become_nobody();
            PLAN.with_borrow_mut(|plan| plan.storage = Some(Storage::Each));
            let options = SinkOptions {
                preserve: Preserve {
                    acl: acl.is_some(),
                    ..Preserve::default()
                },
                ..SinkOptions::default()
            };
            let sink = Sink::<FaultyFolder>::open_on(&place.dir(), options).expect("a sink");
            let mut builder = PageBuilder::new();
            assert!(builder.push_with(entry, &extras));
            let (count, bytes) = builder.take();
            sink.add_page(0, count, &bytes).expect("a page");
            let part = sink.small_part(0).expect("a part");
            sink.write_small(0, &part, 0, b"hello").expect("room");
            log();
            sink.finish_small(0, part).expect("it is complete");
            before_commit(&place);
            let result = sink.commit_small(&[0]).pop().expect("a result");
            (log(), result)
        });
        received.join().expect("no panic")
    });
    (place, log, result)
}

fn assert_durable_before_named(log: &[&str]) {
    let at = |step| log.iter().position(|logged| *logged == step);
    assert!(at("sync_file").is_some() && at("sync_file") < at("move_new"), "{log:?}");
    assert_eq!(log.iter().filter(|step| **step == "sync_file").count(), 1, "{log:?}");
}

#[test]
fn a_file_that_its_owner_may_read_is_synced_by_its_group() {
    let (place, log, result) = receive(&file("a", 5), None, |_| {});
    assert!(result.expect("a commit").durable);
    assert_durable_before_named(&log);
    assert_eq!(log[..3], ["set_mode", "set_mtime", "start_sync"], "not at its close");
    assert_eq!(fs::read(place.at("a")).expect("a file"), b"hello");
}

#[test]
fn a_file_that_its_owner_may_not_read_is_synced_at_its_close() {
    for mode in [0, 0o200, 0o044] {
        let entry = PageEntry { mode, ..file("a", 5) };
        let (_, log, result) = receive(&entry, None, |_| {});
        assert!(result.expect("a commit").durable);
        assert_durable_before_named(&log);
    }
}

/// An ACL that gives the owner nothing, and user 1234 all.
fn locking_acl() -> Vec<u8> {
    let none = u32::MAX;
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in [
        (1u16, 0u16, none),
        (2, 7, 1234),
        (4, 0, none),
        (0x10, 7, none),
        (0x20, 0, none),
    ] {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

#[test]
fn an_acl_that_takes_what_the_mode_gives_does_not_keep_a_file_from_being_synced() {
    let (place, log, result) = receive(&file("a", 5), Some(&locking_acl()), |_| {});
    let info = result.expect("a commit");
    if !info.kept.acl {
        skipped("this file system has no ACLs");
        return;
    }
    assert_eq!(
        fs::metadata(place.at("a")).expect("a file").permissions().mode() & 0o700,
        0
    );
    assert!(info.durable);
    assert_durable_before_named(&log);
}

#[test]
fn a_part_file_that_somebody_locks_meanwhile_gets_no_name() {
    let lock = |place: &Place| {
        for name in place.names() {
            fs::set_permissions(place.at(&name), fs::Permissions::from_mode(0o0)).expect("its owner may");
        }
    };
    let (place, log, result) = receive(&file("a", 5), None, lock);
    assert!(result.is_err(), "what cannot be synced is not called durable");
    assert!(!log.contains(&"move_new"), "{log:?}");
    assert!(!place.at("a").exists());
}
