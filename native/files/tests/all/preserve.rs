//! Owners, extended attributes and ACLs from one tree to another.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::Path;

use crate::common::told::skipped;
use crate::common::{Place, become_nobody, file};
use rustix::fs::XattrFlags;
use tempfile::TempDir;
use ultra_files::{
    EntryKind, Existing, Extra, Extras, Kept, Owner, PageBuilder, Preserve, SinkOptions, Walk, WalkOptions,
};

const ALL: Preserve = Preserve {
    owner: true,
    xattrs: true,
    acl: true,
};

/// A user and a group that have no names.
const UID: u32 = 123_456;
const GID: u32 = 654_321;

fn set_xattr(path: &Path, name: &str, value: &[u8]) -> bool {
    rustix::fs::setxattr(path, name, value, XattrFlags::empty()).is_ok()
}

fn xattr(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 4096];
    let len = rustix::fs::getxattr(path, name, &mut bytes[..]).ok()?;
    bytes.truncate(len);
    Some(bytes)
}

/// An ACL with rights of its own for user 1234.
fn acl(entry: u16) -> Vec<u8> {
    let none = u32::MAX;
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in [
        (1, 6, none),
        (2, entry, 1234),
        (4, 4, none),
        (0x10, 6, none),
        (0x20, 0, none),
    ] {
        bytes.extend(u16::to_le_bytes(tag));
        bytes.extend(u16::to_le_bytes(permissions));
        bytes.extend(u32::to_le_bytes(id));
    }
    bytes
}

/// Sends `top` of a folder into a place, and returns what both sides kept.
fn transfer(from: &Path, place: &Place, sent: Preserve, made: Preserve) -> (Kept, Kept) {
    let options = WalkOptions {
        preserve: sent,
        ..WalkOptions::default()
    };
    let (source, mut walk) = Walk::open_with(&[from.join("top")], options).expect("a source");
    let sink = place.sink_with(SinkOptions {
        preserve: made,
        existing: Existing::Replace,
        ..SinkOptions::default()
    });
    while let Some(page) = walk.next_page().expect("a walk") {
        sink.add_page(page.first, page.count, &page.bytes).expect("a page");
    }
    let mut links = Vec::new();
    let mut kept = Vec::new();
    for entry in 0..sink.entry_count() {
        match sink.kind(entry).expect("an entry") {
            EntryKind::Link | EntryKind::HardLink => links.push(entry),
            EntryKind::Folder => kept.push(sink.commit(entry).expect("a folder").kept),
            EntryKind::File => {
                let file = source.open_entry(entry).expect("a file");
                let mut bytes = vec![0; source.file_size(entry).expect("a size") as usize];
                file.read_at(0, &mut bytes).expect("its bytes");
                sink.part(entry).expect("a part").write_at(0, &bytes).expect("room");
                kept.push(sink.commit(entry).expect("a file").kept);
            }
        }
    }
    kept.extend(
        sink.commit_links(&links)
            .into_iter()
            .map(|made| made.expect("a link").kept),
    );
    let finished = sink.finish_folders();
    assert_eq!(finished.errors, []);
    kept.push(finished.kept);
    let all = |pick: fn(&Kept) -> bool| kept.iter().all(pick);
    let received = Kept {
        owner: all(|kept| kept.owner),
        xattrs: all(|kept| kept.xattrs),
        acl: all(|kept| kept.acl),
        ..Kept::ALL
    };
    (walk.kept(), received)
}

/// `top` with a file and a link in it that have everything that can be kept. `None` if this user or file system cannot.
fn tree() -> Option<TempDir> {
    let temp = TempDir::new().expect("a temporary folder");
    let top = temp.path().join("top");
    fs::create_dir(&top).expect("a folder");
    fs::write(top.join("a"), "text").expect("a file");
    symlink("a", top.join("link")).expect("a link");
    let can = set_xattr(&top, "user.note", b"folder")
        && set_xattr(&top.join("a"), "user.note", b"\0\xff")
        && set_xattr(&top.join("a"), "user.none", b"")
        && set_xattr(&top.join("a"), "trusted.note", b"root")
        && set_xattr(&top.join("a"), "system.posix_acl_access", &acl(6))
        && set_xattr(&top, "system.posix_acl_default", &acl(4))
        && chown(&top, Some(UID), Some(GID)).is_ok()
        && chown(top.join("a"), Some(UID), Some(0)).is_ok()
        && lchown(top.join("link"), Some(UID), Some(GID)).is_ok();
    if !can {
        skipped("this user or this file system cannot set what is to be kept");
    }
    can.then_some(temp)
}

fn owner(place: &Place, path: &str) -> (u32, u32) {
    let metadata = fs::symlink_metadata(place.at(path)).expect(path);
    (metadata.uid(), metadata.gid())
}

#[test]
fn owners_attributes_and_acls_arrive_when_both_sides_want_them() {
    let Some(temp) = tree() else { return };
    let place = Place::new();
    assert_eq!(transfer(temp.path(), &place, ALL, ALL), (Kept::ALL, Kept::ALL));
    assert_eq!(owner(&place, "top"), (UID, GID));
    assert_eq!(owner(&place, "top/a"), (UID, 0));
    assert_eq!(owner(&place, "top/link"), (UID, GID));
    assert_eq!(xattr(&place.at("top"), "user.note").as_deref(), Some(&b"folder"[..]));
    assert_eq!(xattr(&place.at("top"), "system.posix_acl_default"), Some(acl(4)));
    let a = place.at("top/a");
    assert_eq!(xattr(&a, "user.note").as_deref(), Some(&b"\0\xff"[..]));
    assert_eq!(xattr(&a, "user.none").as_deref(), Some(&b""[..]));
    assert_eq!(xattr(&a, "trusted.note").as_deref(), Some(&b"root"[..]));
    assert_eq!(xattr(&a, "system.posix_acl_access"), Some(acl(6)));
    assert_eq!(fs::read(&a).expect("the file"), b"text");
}

#[test]
fn nothing_is_kept_that_one_side_does_not_want() {
    let Some(temp) = tree() else { return };
    for (sent, made) in [(Preserve::default(), ALL), (ALL, Preserve::default())] {
        let place = Place::new();
        assert_eq!(transfer(temp.path(), &place, sent, made), (Kept::ALL, Kept::ALL));
        assert_eq!(owner(&place, "top/a"), (0, 0));
        assert_eq!(owner(&place, "top/link"), (0, 0));
        for name in ["user.note", "trusted.note", "system.posix_acl_access"] {
            assert_eq!(xattr(&place.at("top/a"), name), None, "{name}");
        }
    }
}

#[test]
fn what_a_user_without_rights_cannot_keep_is_told_and_the_rest_arrives() {
    let Some(temp) = tree() else { return };
    let place = Place::new();
    for path in [
        temp.path().to_owned(),
        temp.path().join("top"),
        place.outside().join(".."),
    ] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    fs::set_permissions(temp.path().join("top/a"), fs::Permissions::from_mode(0o664)).expect("a mode");
    chown(place.dir(), Some(65_534), Some(65_534)).expect("root may");
    let run = || {
        become_nobody();
        transfer(temp.path(), &place, ALL, ALL)
    };
    let (_, received) = std::thread::scope(|scope| scope.spawn(run).join().expect("the run"));
    assert!(!received.owner && received.xattrs && received.acl, "{received:?}");
    assert_eq!(owner(&place, "top/a").0, 65_534);
    assert_eq!(xattr(&place.at("top/a"), "user.note").as_deref(), Some(&b"\0\xff"[..]));
    assert_eq!(xattr(&place.at("top/a"), "trusted.note"), None);
    let wanted = xattr(&temp.path().join("top/a"), "system.posix_acl_access");
    assert!(wanted.is_some());
    assert_eq!(xattr(&place.at("top/a"), "system.posix_acl_access"), wanted);
}

/// What a hostile sender says of one file, and what the receiver makes of it.
fn received(extras: &[Extra<'_>]) -> (Place, Kept) {
    let mut fields = Extras::default();
    assert!(extras.iter().all(|extra| fields.push(extra)));
    let mut builder = PageBuilder::new();
    assert!(builder.push_with(&file("a", 0), &fields));
    let (count, bytes) = builder.take();
    let place = Place::new();
    let sink = place.sink_with(SinkOptions {
        preserve: ALL,
        ..SinkOptions::default()
    });
    sink.add_page(0, count, &bytes).expect("a page");
    let mut committed = sink.commit_small(&[0]);
    let kept = committed.pop().expect("a result").expect("a file").kept;
    (place, kept)
}

#[test]
fn no_right_like_setuid_comes_as_an_attribute() {
    // cap_net_raw+ep, as the kernel has it.
    let capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let (place, kept) = received(&[Extra::Xattr("security.capability", &capability)]);
    assert!(!kept.xattrs);
    assert_eq!(xattr(&place.at("a"), "security.capability"), None);
    // Nor does an ACL where attributes are wanted.
    let (place, kept) = received(&[Extra::Xattr("system.posix_acl_access", &acl(6))]);
    assert!(!kept.xattrs);
    assert_eq!(xattr(&place.at("a"), "system.posix_acl_access"), None);
}

#[test]
fn names_of_owners_come_before_numbers_and_what_cannot_be_is_told() {
    if !rustix::process::geteuid().is_root() {
        skipped("only root gives files away");
        return;
    }
    let owner_of = |user, group| {
        Extra::Owner(Owner {
            uid: UID,
            gid: GID,
            user,
            group,
        })
    };
    let (place, kept) = received(&[owner_of("root", "no such group")]);
    assert!(kept.owner);
    assert_eq!(owner(&place, "a"), (0, GID));
    let (place, kept) = received(&[Extra::Acl(b"no ACL"), owner_of("", "root")]);
    assert!(kept.owner && !kept.acl);
    assert_eq!(owner(&place, "a"), (UID, 0));
}

#[test]
fn attributes_that_do_not_fit_an_entry_are_told_by_the_sender() {
    let temp = TempDir::new().expect("a temporary folder");
    let path = temp.path().join("top");
    fs::write(&path, "x").expect("a file");
    let large = vec![1; 3000];
    let mut set = 0;
    for index in 0..5 {
        set += usize::from(set_xattr(&path, &format!("user.{index}"), &large));
    }
    if set * large.len() < 13_000 {
        skipped("this file system holds less than an entry");
        return;
    }
    let options = WalkOptions {
        preserve: ALL,
        ..WalkOptions::default()
    };
    let (_, mut walk) = Walk::open_with(&[path], options).expect("a source");
    assert!(walk.next_page().expect("a walk").is_some());
    assert_eq!(
        walk.kept(),
        Kept {
            xattrs: false,
            ..Kept::ALL
        }
    );
}
