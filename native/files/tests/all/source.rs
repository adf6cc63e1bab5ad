//! The sender's side: arguments, the walk, and sources that change while they are sent.

#[cfg(unix)]
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

#[cfg(unix)]
use crate::common::fifo;
use crate::common::told::{on_wine, skipped};
use crate::common::{overwrite, stat};
use tempfile::TempDir;
#[cfg(unix)]
use ultra_files::{EntryKind, Reason};
use ultra_files::{ErrorClass, FileError, Look, Page, Source, SourceFile, Walk, decode};

fn temp() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn pages(walk: &mut Walk) -> Vec<Page> {
    std::iter::from_fn(|| walk.next_page().expect("a walk")).collect()
}

fn paths(walk: &mut Walk) -> Vec<String> {
    let pages = pages(walk);
    let entries = pages
        .iter()
        .flat_map(|page| decode(page.count, &page.bytes).expect("a page"));
    entries.map(|entry| entry.path.as_str().to_owned()).collect()
}

fn walked(path: PathBuf) -> (Arc<Source>, Walk, Vec<String>) {
    let (source, mut walk) = Walk::open(&[path]).expect("a source");
    let paths = paths(&mut walk);
    (source, walk, paths)
}

#[cfg(unix)]
/// The names of what a walk left out, with the reasons.
fn left_out(walk: &Walk) -> Vec<(Reason, &str)> {
    walk.left_out().names().collect()
}

#[cfg(unix)]
fn refusal(paths: &[PathBuf]) -> FileError {
    Walk::open(paths).err().expect("a refusal")
}

/// One file of 100,000 bytes, opened for sending.
fn opened(temp: &TempDir) -> (PathBuf, SourceFile) {
    let path = temp.path().join("file");
    fs::write(&path, vec![1; 100_000]).expect("a file");
    let (source, _, _) = walked(path.clone());
    let file = source.open_entry(0).expect("an open file");
    (path, file)
}

fn class<T>(result: Result<T, FileError>) -> ErrorClass {
    result.err().expect("an error").class
}

/// Waits until file times have moved: what changes from here on is later than all that has changed.
fn next_tick() {
    let mut probe = tempfile::NamedTempFile::new().expect("a file");
    let mut changed = || {
        probe.write_all(b"x").expect("room");
        stat(probe.path()).ctime
    };
    let before = changed();
    while changed() == before {
        std::thread::yield_now();
    }
}

#[cfg(unix)]
#[test]
fn a_folder_precedes_its_content_in_the_order_of_bytes() {
    let temp = temp();
    let top = temp.path().join("top");
    for dir in ["b", "a", "a/z", "empty"] {
        fs::create_dir_all(top.join(dir)).expect("a folder");
    }
    for name in ["c", "B", "a/y", "a/z/x", "a.b"] {
        fs::write(top.join(name), name).expect("a file");
    }
    let (source, _, paths) = walked(top);
    let wanted = [
        "top",
        "top/B",
        "top/a",
        "top/a/y",
        "top/a/z",
        "top/a/z/x",
        "top/a.b",
        "top/b",
        "top/c",
        "top/empty",
    ];
    assert_eq!(paths, wanted);
    assert_eq!(source.entry_count(), 10);
    assert_eq!(source.path(5).as_deref(), Some("top/a/z/x"));
    assert_eq!(source.kind(4), Some(EntryKind::Folder));
    assert_eq!(source.file_size(5), Some(5));
    let mut bytes = [0; 5];
    let file = source.open_entry(5).expect("an open file");
    file.read_at(0, &mut bytes).expect("all of it");
    assert_eq!(&bytes, b"a/z/x");
    assert_eq!(file.look(), Ok(Look::Same));
}

#[test]
fn pages_follow_each_other_without_gaps() {
    let temp = temp();
    for i in 0..1300 {
        fs::write(temp.path().join(format!("{i:04}")), "xy").expect("a file");
    }
    let (_, mut walk) = Walk::open(&[temp.path().to_owned()]).expect("a source");
    let pages = pages(&mut walk);
    let mut next = 0;
    for page in &pages {
        assert_eq!(page.first, next);
        next += u32::from(page.count);
    }
    assert_eq!(next, 1301);
    assert_eq!(pages.len(), 3);
    assert_eq!(pages.iter().map(|page| page.files).sum::<u32>(), 1300);
    assert_eq!(pages.iter().map(|page| page.size).sum::<u64>(), 2600);
}

#[test]
fn a6_a_tree_deeper_than_the_open_folders_is_walked_in_order() {
    let temp = temp();
    let mut dir = temp.path().join("top");
    let mut wanted = 0;
    for _ in 0..200 {
        fs::create_dir(&dir).expect("a folder");
        // `z` comes after the deeper folder: the walk must find back.
        fs::write(dir.join("z"), "z").expect("a file");
        dir.push("d");
        wanted += 2;
    }
    let (source, walk, paths) = walked(temp.path().join("top"));
    assert_eq!(paths.len(), wanted);
    assert_eq!(paths.last().map(String::as_str), Some("top/z"));
    assert_eq!(walk.left_out().names().count(), 0);
    for id in [200, 399] {
        source.open_entry(id).expect("an open file");
    }
}

#[test]
fn e1_a_file_that_grows_is_sent_as_announced_and_then_fails() {
    let temp = temp();
    let (path, file) = opened(&temp);
    next_tick();
    overwrite(&path, 100_000, b"more");
    file.read_at(0, &mut vec![0; 100_000]).expect("the announced bytes");
    assert_eq!(class(file.look()), ErrorClass::Changed);
}

#[test]
fn e2_e6_a_file_that_shrinks_is_never_padded_and_ends_no_process() {
    let temp = temp();
    let (path, file) = opened(&temp);
    let half = File::options().write(true).open(&path);
    half.and_then(|file| file.set_len(50_000)).expect("half");
    let short = file.read_at(0, &mut vec![0; 100_000]);
    assert_eq!(class(short), ErrorClass::Changed);
    assert_eq!(class(file.look()), ErrorClass::Changed);
}

#[test]
fn e3_a_replaced_file_is_never_mixed() {
    if on_wine() {
        return skipped("the name of a removed file that is still open stays in wine 8");
    }
    let temp = temp();
    let (path, file) = opened(&temp);
    let (source, _, _) = walked(path.clone());
    next_tick();
    fs::write(temp.path().join("new"), vec![2; 100_000]).expect("a file");
    fs::rename(temp.path().join("new"), &path).expect("replaced");
    let mut bytes = vec![0; 100_000];
    file.read_at(0, &mut bytes).expect("the opened file");
    assert!(bytes.iter().all(|byte| *byte == 1));
    assert_eq!(
        file.look(),
        Ok(Look::Touched),
        "what was opened is whole, once it was read again"
    );
    assert!(file.is_unlinked());
    assert_eq!(class(source.open_entry(0)), ErrorClass::Changed);
}

#[test]
fn e4_a_rewritten_file_with_its_old_time_is_to_be_read_again() {
    let temp = temp();
    let (path, file) = opened(&temp);
    let (source, _, _) = walked(path.clone());
    let before = fs::metadata(&path).expect("metadata");
    next_tick();
    overwrite(&path, 5, b"other");
    let mtime = before.modified().expect("a time");
    let rewritten = File::options().write(true).open(&path).expect("the file");
    rewritten.set_modified(mtime).expect("the old time");
    drop(rewritten);
    assert_eq!(file.look(), Ok(Look::Touched));
    // Of what is opened now nothing was read before.
    let file = source.open_entry(0).expect("an open file");
    assert_eq!(file.look(), Ok(Look::Same));
}

#[test]
fn e5_an_unlinked_file_is_sent_from_its_descriptor() {
    if on_wine() {
        return skipped("the name of a removed file that is still open stays in wine 8");
    }
    let temp = temp();
    let (path, file) = opened(&temp);
    next_tick();
    fs::remove_file(path).expect("unlinked");
    file.read_at(99_000, &mut [0; 1000]).expect("its bytes");
    assert_eq!(file.look(), Ok(Look::Touched));
    assert!(file.is_unlinked());
    assert_eq!(file.look(), Ok(Look::Same), "since the last look");
}

#[cfg(unix)]
#[test]
fn e7_an_opened_file_is_read_on_after_its_permission_is_gone() {
    let temp = temp();
    let (path, file) = opened(&temp);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).expect("mode 0");
    file.read_at(0, &mut [0; 10]).expect("its bytes");
}

#[cfg(unix)]
#[test]
fn e9_a_fifo_socket_or_device_argument_is_refused_by_name_and_never_blocks() {
    let temp = temp();
    let pipe = temp.path().join("pipe");
    fifo(&pipe);
    let socket = temp.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let link = temp.path().join("link");
    symlink(&pipe, &link).expect("a link");
    for path in [pipe, socket, link, "/dev/null".into()] {
        let shown = path.to_string_lossy().into_owned();
        let error = refusal(&[path]);
        assert_eq!(error.class, ErrorClass::NotAFile);
        assert!(error.to_string().contains(&shown), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn e9_a_file_of_proc_is_not_sent_as_an_empty_one() {
    let temp = temp();
    let empty = temp.path().join("empty");
    fs::write(&empty, "").expect("a file");
    // The second is on a file system of its own, which is not mounted everywhere.
    let made = ["/proc/self/stat", "/proc/sys/fs/binfmt_misc/status"].map(PathBuf::from);
    let mut arguments: Vec<_> = made.into_iter().filter(|path| path.exists()).collect();
    let expected = &[(Reason::Unsized, "stat"), (Reason::Unsized, "status")][..arguments.len()];
    arguments.push(empty);
    let (_, mut walk) = Walk::open(&arguments).expect("a walk");
    assert_eq!(paths(&mut walk), ["empty"]);
    assert_eq!(left_out(&walk), expected);
}

#[cfg(target_os = "linux")]
#[test]
fn e9_a_pipe_without_a_name_is_refused_as_what_it_is() {
    use std::os::fd::AsRawFd;
    let (socket, _other) = std::os::unix::net::UnixStream::pair().expect("a socket");
    let error = refusal(&[format!("/proc/self/fd/{}", socket.as_raw_fd()).into()]);
    assert_eq!(error.class, ErrorClass::NotAFile);
}

#[cfg(unix)]
#[test]
fn e9_special_files_in_a_tree_are_left_out_by_name() {
    let temp = temp();
    let top = temp.path().join("top");
    fs::create_dir(&top).expect("a folder");
    fifo(&top.join("pipe"));
    fs::write(top.join("file"), "x").expect("a file");
    let (_, walk, paths) = walked(top);
    assert_eq!(paths, ["top", "top/file"]);
    assert_eq!(left_out(&walk), [(Reason::Special, "top/pipe")]);
}

#[cfg(unix)]
#[test]
fn e9_a_file_that_becomes_a_fifo_after_the_walk_does_not_block() {
    let temp = temp();
    let path = temp.path().join("file");
    fs::write(&path, "x").expect("a file");
    let (source, _, _) = walked(path.clone());
    fs::remove_file(&path).expect("gone");
    fifo(&path);
    assert_eq!(class(source.open_entry(0)), ErrorClass::NotAFile);
}

#[cfg(unix)]
#[test]
fn e10_no_link_in_a_tree_is_followed_unasked() {
    let temp = temp();
    let top = temp.path().join("top");
    fs::create_dir_all(top.join("a")).expect("a folder");
    fs::write(temp.path().join("secret"), "x").expect("a file");
    symlink("..", top.join("a/loop")).expect("a link");
    symlink(temp.path().join("secret"), top.join("out")).expect("a link");
    symlink("nowhere", top.join("dangling")).expect("a link");
    let (_, walk, paths) = walked(top);
    assert_eq!(paths, ["top", "top/a", "top/a/loop", "top/dangling"]);
    assert_eq!(left_out(&walk), [(Reason::Link, "top/out")]);
}

#[cfg(unix)]
#[test]
fn e10_a_link_argument_is_followed_under_its_own_name() {
    let temp = temp();
    fs::create_dir(temp.path().join("real")).expect("a folder");
    fs::write(temp.path().join("real/file"), "x").expect("a file");
    symlink("real", temp.path().join("folder-link")).expect("a link");
    symlink("real/file", temp.path().join("file-link")).expect("a link");
    let arguments = ["folder-link", "file-link"].map(|name| temp.path().join(name));
    let (source, mut walk) = Walk::open(&arguments).expect("a source");
    let paths = paths(&mut walk);
    assert_eq!(paths, ["folder-link", "folder-link/file", "file-link"]);
    for id in [1, 2] {
        source.open_entry(id).expect("an open file");
    }
}

#[cfg(unix)]
#[test]
fn e10_a_folder_swapped_for_a_link_after_the_walk_is_not_followed() {
    let temp = temp();
    let top = temp.path().join("top");
    fs::create_dir_all(top.join("a")).expect("a folder");
    fs::write(top.join("a/file"), "x").expect("a file");
    let (source, _, _) = walked(top.clone());
    fs::rename(top.join("a"), temp.path().join("moved")).expect("moved");
    symlink(temp.path().join("moved"), top.join("a")).expect("a link");
    assert_eq!(class(source.open_entry(2)), ErrorClass::NotAFile);
}

#[test]
fn e11_a_fingerprint_tells_what_was_rewritten_from_what_was_only_touched() {
    let temp = temp();
    let path = temp.path().join("file");
    fs::write(&path, "x").expect("a file");
    let fingerprint = || {
        let (_, mut walk) = Walk::open(std::slice::from_ref(&path)).expect("a source");
        let page = walk.next_page().expect("a walk").expect("a page");
        let fingerprint = decode(page.count, &page.bytes).expect("a page")[0].fingerprint;
        let (contents, touched) = fingerprint.split_at(8);
        (contents.to_vec(), touched.to_vec())
    };
    let before = fingerprint();
    assert_eq!(before, fingerprint());
    next_tick();
    fs::hard_link(&path, temp.path().join("backup")).expect("another name");
    let linked = fingerprint();
    assert_eq!(before.0, linked.0);
    assert_ne!(before.1, linked.1, "it may have been rewritten, with its time set back");
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    File::options()
        .write(true)
        .open(&path)
        .and_then(|file| file.set_modified(hour_ago))
        .expect("another time");
    assert_ne!(before.0, fingerprint().0);
}

#[cfg(unix)]
#[test]
fn t29_each_name_that_cannot_travel_is_left_out_for_its_own_reason() {
    let temp = temp();
    let top = temp.path().join("top");
    fs::create_dir(&top).expect("a folder");
    for name in UNSENDABLE {
        fs::write(top.join(OsStr::from_bytes(name)), "x").expect("a file");
    }
    for name in ["an honest name - \u{e4}.txt", r"dev-disk\x2dby"] {
        fs::write(top.join(name), "x").expect("a file");
    }
    let (_, walk, paths) = walked(top);
    assert_eq!(paths, ["top", "top/an honest name - \u{e4}.txt", r"top/dev-disk\x2dby"]);
    let expected = [
        (Reason::NotUtf8, "top/bad\u{fffd}"),
        (Reason::ControlCharacter, "top/new\nline"),
        (Reason::Reserved, "top/.ultra-x.part"),
        (Reason::Reserved, "top/c:"),
    ];
    assert_eq!(left_out(&walk), expected);
}

#[cfg(unix)]
#[test]
fn t29_an_argument_whose_name_cannot_travel_is_refused_with_what_helps() {
    let temp = temp();
    let hints = ["not valid UTF-8", "a control character", "unfinished", "a drive"];
    for (name, hint) in UNSENDABLE.into_iter().zip(hints) {
        let path = temp.path().join(OsStr::from_bytes(name));
        fs::write(&path, "x").expect("a file");
        let error = refusal(&[path]);
        assert_eq!(error.class, ErrorClass::Unsendable);
        let text = error.to_string();
        assert!(text.contains(hint) && text.ends_with("rename it"), "{text}");
    }
    assert!(refusal(&["/".into()]).to_string().contains("send what is in it"));
}

/// Names that no page may hold.
#[cfg(unix)]
const UNSENDABLE: [&[u8]; 4] = [b"bad\xff", b"new\nline", b".ultra-x.part", b"c:"];

#[cfg(unix)]
#[test]
fn t1_what_is_unreadable_is_counted_and_named_behind_a_thousand_links() {
    let temp = temp();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let top = temp.path().join("top");
    fs::create_dir_all(top.join("z-locked")).expect("a folder");
    for index in 0..1200 {
        symlink("/nowhere", top.join(format!("link{index:04}"))).expect("a link");
    }
    fs::write(top.join("z-secret"), "x").expect("a file");
    fs::write(top.join("open"), "x").expect("a file");
    for name in ["z-locked", "z-secret"] {
        fs::set_permissions(top.join(name), fs::Permissions::from_mode(0o0)).expect("a mode");
    }
    let walk = move || {
        crate::common::become_nobody();
        let (_, walk, paths) = walked(top);
        assert_eq!(paths, ["top", "top/open"]);
        assert_eq!(walk.left_out().count(Reason::Unreadable), 2);
        assert_eq!(walk.left_out().count(Reason::Link), 1200);
        let names = left_out(&walk);
        let unreadable = Reason::Unreadable;
        assert_eq!(names[..2], [(unreadable, "top/z-locked"), (unreadable, "top/z-secret")]);
        assert!(names.len() < 200, "{} names", names.len());
    };
    std::thread::spawn(walk).join().expect("the walk");
}

#[cfg(unix)]
#[test]
fn e8_unreadable_files_and_folders_are_left_out_and_readable_ones_are_not() {
    let temp = temp();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let top = temp.path().join("top");
    fs::create_dir_all(top.join("locked")).expect("a folder");
    fs::write(top.join("secret"), "x").expect("a file");
    fs::write(top.join("open"), "x").expect("a file");
    for name in ["locked", "secret"] {
        fs::set_permissions(top.join(name), fs::Permissions::from_mode(0o0)).expect("a mode");
    }
    let walk = move || {
        crate::common::become_nobody();
        let (_, walk, paths) = walked(top);
        assert_eq!(paths, ["top", "top/open"]);
        assert_eq!(walk.left_out().count(Reason::Unreadable), 2);
    };
    std::thread::spawn(walk).join().expect("the walk");
}

#[test]
fn entries_are_opened_while_the_walk_goes_on() {
    let temp = temp();
    for i in 0..3000 {
        fs::write(temp.path().join(format!("{i:04}")), "x").expect("a file");
    }
    let (source, mut walk) = Walk::open(&[temp.path().to_owned()]).expect("a source");
    let first = walk.next_page().expect("a walk").expect("a page");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for id in 1..u32::from(first.count) {
                    source.open_entry(id).expect("an open file");
                }
            });
        }
        while walk.next_page().expect("a walk").is_some() {}
    });
    assert_eq!(source.entry_count(), 3001);
}
