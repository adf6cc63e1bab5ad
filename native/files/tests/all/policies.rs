//! Folders that were there before and have rules of their own: closed ones, setgid, default ACLs.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use crate::common::told::skipped;
use crate::common::{Place, add, become_nobody, file, folder, link, receive};
use rustix::fs::XattrFlags;
use ultra_files::{ErrorClass, PageEntry, Sink, SinkOptions};

/// The user whom [`become_nobody`] makes of root.
const NOBODY: u32 = 65_534;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

fn mode_of(place: &Place, path: &str) -> u32 {
    fs::metadata(place.at(path)).expect(path).mode() & 0o7777
}

/// Runs as a user for whom modes count and who owns everything in the place.
fn as_owner(place: &Place, run: impl FnOnce() + Send) {
    if rustix::process::geteuid().is_root() {
        set_mode(&place.outside().join(".."), 0o755);
        for path in place.names() {
            chown(place.at(&path), Some(NOBODY), Some(NOBODY)).expect("root may");
        }
        chown(place.dir(), Some(NOBODY), Some(NOBODY)).expect("root may");
    }
    as_nobody(run);
}

fn as_nobody(run: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let run = || {
            become_nobody();
            run();
        };
        scope.spawn(run).join().expect("the run");
    });
}

/// A folder `mod` of mode 0555 with another one in it and a file, and a manifest that adds to them.
fn closed(place: &Place) -> [PageEntry<'static>; 6] {
    fs::create_dir_all(place.at("mod/sub")).expect("folders");
    fs::write(place.at("mod/old"), "old").expect("a file");
    for path in ["mod/sub", "mod"] {
        set_mode(&place.at(path), 0o555);
    }
    [
        folder("mod"),
        file("mod/new", 1),
        folder("mod/made"),
        link("mod/link", "new"),
        folder("mod/sub"),
        file("mod/sub/new", 1),
    ]
}

fn receive_all(sink: &Sink) {
    for file in [1, 5] {
        receive(sink, file, b"x");
    }
    for folder in [0, 2, 4] {
        sink.commit(folder).expect("a folder");
    }
    assert!(sink.commit_links(&[3])[0].is_ok());
}

#[test]
fn t26_closed_folders_of_this_user_are_topped_up_and_closed_again() {
    let place = Place::new();
    let entries = closed(&place);
    as_owner(&place, || {
        let sink = place.sink();
        add(&sink, &entries);
        sink.commit(0).expect("a folder");
        assert_eq!(mode_of(&place, "mod"), 0o555, "nothing comes into it yet");
        receive_all(&sink);
        assert_eq!(mode_of(&place, "mod"), 0o755);
        assert_eq!(sink.finish_folders().errors, []);
        assert_eq!((mode_of(&place, "mod"), mode_of(&place, "mod/sub")), (0o555, 0o555));
    });
    let names = [
        "mod",
        "mod/link",
        "mod/made",
        "mod/new",
        "mod/old",
        "mod/sub",
        "mod/sub/new",
    ];
    assert_eq!(place.names(), names);
}

#[test]
fn t26_an_interrupted_transfer_closes_its_folders_and_leaves_no_part() {
    let place = Place::new();
    let entries = closed(&place);
    as_owner(&place, || {
        let sink = place.sink();
        add(&sink, &entries);
        let part = sink.part(1).expect("a part");
        part.write_at(0, b"x").expect("room");
        assert_eq!(mode_of(&place, "mod"), 0o755);
        drop(sink);
        assert_eq!(mode_of(&place, "mod"), 0o555);
        assert_eq!(place.names(), ["mod", "mod/old", "mod/sub"]);
        // Also when the part outlives the end of the folders.
        let sink = place.sink();
        add(&sink, &entries);
        sink.part(1).expect("a part");
        sink.small_part(5).expect("a part");
        assert_eq!(sink.finish_folders().errors, []);
        assert_eq!(mode_of(&place, "mod"), 0o555);
        drop(sink);
    });
    assert_eq!(mode_of(&place, "mod"), 0o555);
    assert_eq!(place.names(), ["mod", "mod/old", "mod/sub"]);
}

#[test]
fn t26_a_closed_folder_of_another_user_stays_closed() {
    if !rustix::process::geteuid().is_root() {
        skipped("only root can make another user's folder");
        return;
    }
    let place = Place::new();
    let entries = closed(&place);
    as_owner(&place, || {});
    chown(place.at("mod"), Some(0), Some(0)).expect("root may");
    as_nobody(|| {
        let sink = place.sink();
        add(&sink, &entries);
        let refused = sink.part(1).err().expect("a refusal");
        assert_eq!(refused.class, ErrorClass::Permission);
        assert_eq!(sink.commit(2).expect_err("a refusal").class, ErrorClass::Permission);
        receive(&sink, 5, b"x");
    });
    assert_eq!((mode_of(&place, "mod"), mode_of(&place, "mod/sub")), (0o555, 0o555));
}

#[test]
fn new_folders_in_a_setgid_folder_are_setgid_and_all_in_it_belongs_to_its_group() {
    let place = Place::new();
    fs::create_dir(place.at("shared")).expect("a folder");
    let group = if rustix::process::geteuid().is_root() {
        chown(place.at("shared"), None, Some(NOBODY)).expect("root may");
        NOBODY
    } else {
        rustix::process::getegid().as_raw()
    };
    set_mode(&place.at("shared"), 0o2775);
    let sink = place.sink();
    let top = PageEntry {
        mode: 0o775,
        ..folder("shared/new")
    };
    add(&sink, &[folder("shared"), top, file("shared/new/a", 1)]);
    receive(&sink, 2, b"x");
    sink.commit(1).expect("a folder");
    assert_eq!(sink.finish_folders().errors, []);
    let mask = !u32::from(<ultra_files::os::System as ultra_files::os::Process>::umask());
    assert_eq!(mode_of(&place, "shared"), 0o2775);
    assert_eq!(mode_of(&place, "shared/new"), 0o2000 | (0o775 & mask));
    for path in ["shared/new", "shared/new/a"] {
        assert_eq!(fs::metadata(place.at(path)).expect(path).gid(), group, "{path}");
    }
}

/// An ACL as the kernel stores it.
fn acl(entries: [(u16, u16, u32); 5]) -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

fn xattr(path: &Path, name: &str) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    let len = rustix::fs::getxattr(path, name, &mut bytes[..]).expect(name);
    bytes.truncate(len);
    bytes
}

#[test]
fn a_default_acl_counts_for_what_is_created_and_takes_the_place_of_the_umask() {
    let place = Place::new();
    fs::create_dir(place.at("shared")).expect("a folder");
    let none = u32::MAX;
    // The owner, user 1234, the group, the mask, all others.
    let wanted = acl([
        (1, 7, none),
        (2, 7, 1234),
        (4, 5, none),
        (0x10, 7, none),
        (0x20, 0, none),
    ]);
    let set = rustix::fs::setxattr(
        place.at("shared"),
        "system.posix_acl_default",
        &wanted,
        XattrFlags::empty(),
    );
    if set.is_err() {
        skipped("this file system has no ACLs");
        return;
    }
    let sink = place.sink();
    let entries = [
        PageEntry {
            mode: 0o775,
            ..folder("shared/new")
        },
        PageEntry {
            mode: 0o664,
            ..file("shared/new/a", 1)
        },
        PageEntry {
            mode: 0o640,
            ..file("shared/b", 1)
        },
    ];
    add(&sink, &entries);
    receive(&sink, 1, b"x");
    receive(&sink, 2, b"x");
    sink.commit(0).expect("a folder");
    assert_eq!(sink.finish_folders().errors, []);
    // The mask of each is that of its mode, so that user 1234 has what the sender's group had.
    assert_eq!(mode_of(&place, "shared/new"), 0o770);
    assert_eq!(mode_of(&place, "shared/new/a"), 0o660);
    assert_eq!(mode_of(&place, "shared/b"), 0o640);
    assert_eq!(xattr(&place.at("shared/new"), "system.posix_acl_default"), wanted);
    let given = acl([
        (1, 6, none),
        (2, 7, 1234),
        (4, 5, none),
        (0x10, 6, none),
        (0x20, 0, none),
    ]);
    assert_eq!(xattr(&place.at("shared/new/a"), "system.posix_acl_access"), given);
}

/// A folder of the manifest is made by whoever needs it first: the thread that commits it, or one that writes a file far below it.
#[test]
fn t26_folders_that_two_threads_make_at_once_all_get_their_modes() {
    const DEPTH: usize = 40;
    const ROUNDS: usize = 20;
    for _ in 0..ROUNDS {
        let place = Place::new();
        let paths: Vec<String> = (1..=DEPTH).map(|depth| vec!["d"; depth].join("/")).collect();
        let below = format!("{}/file", paths[DEPTH - 1]);
        let mut entries: Vec<PageEntry<'_>> = paths.iter().map(|path| folder(path)).collect();
        entries.push(file(&below, 1));
        let sink = place.sink_with(SinkOptions {
            no_sync: true,
            ..SinkOptions::default()
        });
        add(&sink, &entries);
        let folders: Vec<u32> = (0..DEPTH as u32).collect();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| sink.part(DEPTH as u32).expect("a part file"));
            assert!(sink.commit_small(&folders).iter().all(Result::is_ok));
            writer.join().expect("the writer").write_at(0, b"x").expect("room");
        });
        sink.commit(DEPTH as u32).expect("a file");
        assert_eq!(sink.finish_folders().errors, []);
        for path in &paths {
            assert_eq!(mode_of(&place, path), 0o755, "{path}");
        }
    }
}
