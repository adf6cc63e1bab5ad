//! What the walk sends of symbolic links, hard links and holes.

use std::fs::{self, File};
use std::io;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

#[cfg(unix)]
use crate::common::become_nobody;
use crate::common::told::{on_wine, skipped};
use crate::common::{overwrite, stat};
use tempfile::TempDir;
#[cfg(unix)]
use ultra_files::link_root;
use ultra_files::{EntryKind, Linked, Reason, SentLinks, Source, Walk, WalkOptions, decode};

/// What was sent of one name, in words.
type Sent = (String, String);

struct Walked {
    source: Arc<Source>,
    sent: Vec<Sent>,
    left_out: Vec<(Reason, String)>,
    data: Vec<(u64, u64)>,
}

fn temp() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn walk(top: &Path, links: SentLinks) -> Walked {
    walk_with(
        top,
        WalkOptions {
            links,
            ..WalkOptions::default()
        },
    )
}

fn walk_with(top: &Path, options: WalkOptions) -> Walked {
    let (source, mut walk) = Walk::open_with(&[top.to_owned()], options).expect("a source");
    let (mut sent, mut data) = (Vec::new(), Vec::new());
    while let Some(page) = walk.next_page().expect("a walk") {
        for entry in decode(page.count, &page.bytes).expect("a page") {
            let what = match entry.linked {
                Linked::Target(target) => format!("-> {target}"),
                Linked::Entry(first) => format!("= {first}"),
                Linked::None if entry.kind == EntryKind::Folder => "folder".to_owned(),
                Linked::None => "file".to_owned(),
            };
            sent.push((entry.path.as_str().to_owned(), what));
            data.push((entry.data_bytes, entry.size.expect("a size")));
        }
    }
    let names = walk.left_out().names();
    let left_out = names.map(|(reason, name)| (reason, name.to_owned())).collect();
    Walked {
        source,
        sent,
        left_out,
        data,
    }
}

fn sent(wanted: &[(&str, &str)]) -> Vec<Sent> {
    let owned = |(path, what): &(&str, &str)| ((*path).to_owned(), (*what).to_owned());
    wanted.iter().map(owned).collect()
}

#[cfg(unix)]
fn left_out(wanted: &[&str]) -> Vec<(Reason, String)> {
    wanted.iter().map(|name| (Reason::Link, (*name).to_owned())).collect()
}

/// `top` with a file, a folder and links of all kinds in it.
#[cfg(unix)]
fn tree(temp: &TempDir) -> std::path::PathBuf {
    let top = temp.path().join("top");
    fs::create_dir_all(top.join("sub/deep")).expect("folders");
    fs::write(top.join("sub/file"), "text").expect("a file");
    fs::write(temp.path().join("secret"), "secret").expect("a file");
    for (name, target) in [
        ("absolute", "/etc/passwd"),
        ("climbs", "../../secret"),
        ("dangling", "nothing/here"),
        ("into", "sub"),
        ("loop", "loop"),
        ("outside", "../secret"),
        ("sub/deep/file", "../file"),
        ("sub/deep/up", "../.."),
        ("sub/turns", "deep/../file"),
    ] {
        symlink(target, top.join(name)).expect("a link");
    }
    top
}

#[cfg(unix)]
#[test]
fn t42_links_that_stay_inside_are_sent_as_links_and_others_are_left_out() {
    let temp = temp();
    let walked = walk(&tree(&temp), SentLinks::Inside);
    let wanted = [
        ("top", "folder"),
        ("top/dangling", "-> nothing/here"),
        ("top/into", "-> sub"),
        ("top/loop", "-> loop"),
        // Beside what is sent, and still in the folder that receives it.
        ("top/outside", "-> ../secret"),
        ("top/sub", "folder"),
        ("top/sub/deep", "folder"),
        ("top/sub/deep/file", "-> ../file"),
        ("top/sub/deep/up", "-> ../.."),
        ("top/sub/file", "file"),
    ];
    assert_eq!(walked.sent, sent(&wanted));
    assert_eq!(
        walked.left_out,
        left_out(&["top/absolute", "top/climbs", "top/sub/turns"])
    );
    assert_eq!(walked.source.kind(2), Some(EntryKind::Link));
    assert_eq!(walked.source.link_root(2), Some(link_root("sub")));
    assert_eq!(walked.source.link_root(5), None, "a folder");
}

#[cfg(unix)]
#[test]
fn t42_all_links_are_sent_when_the_user_wants_all() {
    let temp = temp();
    let walked = walk(&tree(&temp), SentLinks::All);
    assert_eq!(walked.left_out, []);
    let links = walked.sent.iter().filter(|(_, what)| what.starts_with("->"));
    assert_eq!(links.count(), 9);
}

#[cfg(unix)]
#[test]
fn t42_links_that_the_user_does_not_want_are_left_out_by_choice() {
    let temp = temp();
    let walked = walk(&tree(&temp), SentLinks::None);
    assert_eq!(walked.sent.len(), 4);
    assert_eq!(walked.left_out.len(), 9);
    assert!(walked.left_out.iter().all(|(reason, _)| *reason == Reason::Chosen));
}

#[cfg(unix)]
#[test]
fn t42_followed_links_are_what_they_lead_to_and_nothing_outside_or_in_circles_is_sent() {
    let temp = temp();
    let top = tree(&temp);
    symlink(top.join("sub/file"), top.join("real")).expect("a link");
    symlink("into/turns", top.join("through")).expect("a link");
    let walked = walk(&top, SentLinks::Follow);
    let wanted = [
        ("top", "folder"),
        ("top/into", "folder"),
        ("top/into/deep", "folder"),
        ("top/into/deep/file", "file"),
        ("top/into/file", "file"),
        ("top/into/turns", "file"),
        ("top/real", "file"),
        ("top/sub", "folder"),
        ("top/sub/deep", "folder"),
        ("top/sub/deep/file", "file"),
        ("top/sub/file", "file"),
        ("top/sub/turns", "file"),
        ("top/through", "file"),
    ];
    assert_eq!(walked.sent, sent(&wanted));
    let outside = left_out(&["top/absolute", "top/climbs", "top/outside"]);
    let nowhere = ["top/dangling", "top/into/deep/up", "top/loop", "top/sub/deep/up"];
    let nowhere = nowhere.map(|name| (Reason::LinkNowhere, name.to_owned()));
    assert_eq!(walked.left_out, [&outside[..], &nowhere].concat());
    for (id, (path, what)) in walked.sent.iter().enumerate() {
        assert_eq!(walked.source.path(id as u32).as_ref(), Some(path));
        if what == "file" {
            let mut bytes = [0; 4];
            let file = walked.source.open_entry(id as u32).expect(path);
            file.read_at(0, &mut bytes).expect(path);
            assert_eq!(&bytes, b"text", "{path}");
            let mut whole = [0; 4];
            walked.source.read_whole(id as u32, &mut whole).expect(path);
            assert_eq!(&whole, b"text", "{path}");
        }
    }
}

#[cfg(unix)]
#[test]
fn t1_a_followed_link_to_what_cannot_be_read_is_not_called_one_that_leads_outside() {
    let temp = temp();
    let top = temp.path().join("top");
    let closed = top.join("closed");
    fs::create_dir_all(&closed).expect("folders");
    fs::write(closed.join("file"), "text").expect("a file");
    symlink("closed/file", top.join("link")).expect("a link");
    symlink("nowhere/file", top.join("nowhere")).expect("a link");
    let set_mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    set_mode(temp.path(), 0o755);
    set_mode(&closed, 0);
    let walked = std::thread::scope(|scope| {
        let walked = scope.spawn(|| {
            become_nobody();
            walk(&top, SentLinks::Follow)
        });
        walked.join().expect("the walk")
    });
    set_mode(&closed, 0o755);
    assert_eq!(walked.sent, sent(&[("top", "folder")]));
    let wanted = [
        (Reason::Unreadable, "top/closed"),
        (Reason::Unreadable, "top/link"),
        (Reason::LinkNowhere, "top/nowhere"),
    ];
    assert_eq!(walked.left_out, wanted.map(|(reason, name)| (reason, name.to_owned())));
}

#[cfg(unix)]
#[test]
fn t42_a_followed_link_that_leads_outside_later_opens_nothing() {
    let temp = temp();
    let top = tree(&temp);
    symlink("sub/file", top.join("a")).expect("a link");
    let walked = walk(&top, SentLinks::Follow);
    assert_eq!(walked.sent[1].0, "top/a");
    fs::rename(top.join("sub"), top.join("moved")).expect("a rename");
    symlink(temp.path(), top.join("sub")).expect("a link");
    fs::write(temp.path().join("file"), "text").expect("a file");
    assert!(walked.source.open_entry(1).is_err());
    assert!(walked.source.read_whole(1, &mut [0; 4]).is_err());
}

#[cfg(unix)]
#[test]
fn t42_a_link_whose_target_is_not_utf_8_or_that_leads_nowhere_is_not_called_one_that_leads_outside() {
    use std::os::unix::ffi::OsStrExt;
    let temp = temp();
    let top = temp.path().join("top");
    fs::create_dir(&top).expect("a folder");
    symlink(std::ffi::OsStr::from_bytes(b"\xff"), top.join("a")).expect("a link");
    for links in [SentLinks::Inside, SentLinks::All, SentLinks::Follow] {
        let wanted = [(Reason::LinkTarget, "top/a".to_owned())];
        assert_eq!(walk(&top, links).left_out, wanted);
    }
}

#[test]
fn other_names_of_a_file_are_sent_as_hard_links_to_the_first() {
    let temp = temp();
    let top = temp.path().join("top");
    fs::create_dir_all(top.join("sub")).expect("folders");
    fs::write(top.join("a"), "text").expect("a file");
    fs::write(top.join("other"), "text").expect("a file");
    for (from, to) in [("a", "b"), ("a", "sub/c"), ("other", "../beside")] {
        fs::hard_link(top.join(from), top.join(to)).expect("a second name");
    }
    let walked = walk(&top, SentLinks::Inside);
    let wanted = [
        ("top", "folder"),
        ("top/a", "file"),
        ("top/b", "= 1"),
        ("top/other", "file"),
        ("top/sub", "folder"),
        ("top/sub/c", "= 1"),
    ];
    assert_eq!(walked.sent, sent(&wanted));
    assert_eq!(walked.source.kind(2), Some(EntryKind::HardLink));
    assert_eq!(walked.source.file_size(2), None);
    let apart = walk_with(
        &top,
        WalkOptions {
            hardlinks: false,
            ..WalkOptions::default()
        },
    );
    assert!(!apart.sent.iter().any(|(_, what)| what.starts_with('=')));
    assert_eq!((walked.left_out, apart.left_out), (vec![], vec![]));
}

#[cfg(unix)]
#[test]
fn other_names_of_a_file_are_hard_links_to_it_also_where_a_followed_link_to_it_comes_first() {
    let temp = temp();
    let top = temp.path().join("top");
    fs::create_dir(&top).expect("a folder");
    fs::write(top.join("y"), "text").expect("a file");
    fs::hard_link(top.join("y"), top.join("z")).expect("a second name");
    for link in ["a", "b"] {
        symlink("z", top.join(link)).expect("a link");
    }
    let walked = walk(&top, SentLinks::Follow);
    let wanted = [
        ("top", "folder"),
        ("top/a", "file"),
        ("top/b", "= 1"),
        ("top/y", "= 1"),
        ("top/z", "= 1"),
    ];
    assert_eq!(walked.sent, sent(&wanted));
}

/// A file of 8 MiB with data at 3 MiB and at its end.
fn sparse(path: &Path) -> io::Result<bool> {
    let file = File::create(path)?;
    file.set_len(8 << 20)?;
    drop(file);
    overwrite(path, 3 << 20, b"data");
    overwrite(path, (8 << 20) - 3, b"end");
    Ok(stat(path).blocks * 512 < 8 << 20)
}

#[test]
fn t31_bytes_in_holes_are_no_data_and_the_file_tells_where_they_are() {
    let temp = temp();
    let path = temp.path().join("image");
    if on_wine() {
        return skipped("wine 8 does not tell holes (FSCTL_QUERY_ALLOCATED_RANGES)");
    }
    if !sparse(&path).expect("a file") {
        skipped("this file system has no holes");
        return;
    }
    let walked = walk(&path, SentLinks::Inside);
    let (data, size) = walked.data[0];
    assert_eq!(size, 8 << 20);
    assert!((8..1 << 20).contains(&data), "{data}");
    let file = walked.source.open_entry(0).expect("an open file");
    assert!(file.may_have_holes());
    let begin = file.next_data(0).expect("an answer");
    let end = file.next_hole(begin).expect("an answer");
    assert!(begin > 2 << 20 && begin <= 3 << 20, "{begin}");
    assert!(end > 3 << 20 && end < 4 << 20, "{end}");
    assert!(file.next_data(end).expect("an answer") > 7 << 20);
    assert_eq!(file.next_hole(size - 1).expect("an answer"), size);
    assert_eq!(file.next_data(size).expect("an answer"), size);
}

#[test]
fn t31_a_file_without_holes_is_all_data() {
    let temp = temp();
    let path = temp.path().join("full");
    fs::write(&path, vec![1; 200_000]).expect("a file");
    let written = File::options().write(true).open(&path);
    written.and_then(|file| file.sync_all()).expect("durable");
    let walked = walk(&path, SentLinks::Inside);
    assert_eq!(walked.data, [(200_000, 200_000)]);
    let file = walked.source.open_entry(0).expect("an open file");
    assert_eq!(file.next_data(5).expect("an answer"), 5);
    assert_eq!(file.next_hole(5).expect("an answer"), 200_000);
}

#[test]
fn t31_a_file_that_is_one_hole_has_no_data() {
    if on_wine() {
        return skipped("wine 8 does not tell holes (FSCTL_QUERY_ALLOCATED_RANGES)");
    }
    let temp = temp();
    let path = temp.path().join("empty");
    File::create(&path)
        .and_then(|file| file.set_len(3 << 20))
        .expect("a file");
    let walked = walk(&path, SentLinks::Inside);
    assert_eq!(walked.data, [(0, 3 << 20)]);
    let file = walked.source.open_entry(0).expect("an open file");
    assert_eq!(file.next_data(0).expect("an answer"), 3 << 20);
}
