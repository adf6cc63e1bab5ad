//! The receiver's side on a real disk: what is in the way, part files, commits, and what is left behind.

use std::fs::{self, File};
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

#[cfg(unix)]
use crate::common::fifo;
use crate::common::told::{on_wine, skipped};
use crate::common::{MTIME, Place, add, file, folder, page, receive, stat};
use ultra_files::os::{Process, System, Time};
use ultra_files::{ErrorClass, FileError, PageEntry, PageError, Sink, SinkOptions, TargetStatus};

fn class<T>(result: Result<T, FileError>) -> ErrorClass {
    result.err().expect("an error").class
}

#[cfg(unix)]
fn one(place: &Place, entry: PageEntry<'_>) -> u8 {
    add(&place.sink(), &[entry])[0]
}

fn set_mtime(path: &Path) {
    let time = UNIX_EPOCH + Duration::new(MTIME.secs as u64, MTIME.nanos);
    File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.set_modified(time))
        .expect("a time");
}

fn renaming(name: &str) -> SinkOptions {
    SinkOptions {
        rename: Some(name.to_owned()),
        ..SinkOptions::default()
    }
}

#[test]
fn a_tree_arrives_with_its_contents_modes_and_times() {
    let place = Place::new();
    let sink = place.sink();
    let read_only = PageEntry {
        mode: 0o555,
        ..folder("top/closed")
    };
    let program = PageEntry {
        mode: 0o755,
        ..file("top/closed/run", 5)
    };
    let statuses = add(&sink, &[folder("top"), read_only, program, file("top/empty", 0)]);
    assert_eq!(statuses, [0, 0, 0, 0]);
    receive(&sink, 2, b"hello");
    for result in sink.commit_group(&[0, 1, 3]) {
        assert!(result.expect("a commit").durable);
    }
    assert_eq!(sink.finish_folders().errors, []);
    drop(sink);
    assert_eq!(place.names(), ["top", "top/closed", "top/closed/run", "top/empty"]);
    assert_eq!(fs::read(place.at("top/closed/run")).expect("a file"), b"hello");
    for (path, mode) in [("top", 0o755), ("top/closed", 0o555), ("top/closed/run", 0o755)] {
        let stat = stat(&place.at(path));
        if cfg!(unix) {
            assert_eq!(stat.mode, mode, "{path}");
        }
        assert_eq!(stat.mtime, System::kept_time(MTIME), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn folders_on_the_way_that_are_no_entries_get_the_usual_mode() {
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &[file("a/b/c", 1)]);
    receive(&sink, 0, b"x");
    assert_eq!(stat(&place.at("a")).mode, 0o700);
    assert_eq!(sink.finish_folders().errors, []);
    assert_eq!(stat(&place.at("a/b")).mode, 0o777 & !System::umask());
}

#[test]
fn a_part_file_is_private_and_has_no_final_name() {
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &[file("a", 3)]);
    let part = sink.part(0).expect("a part");
    part.write_at(0, b"abc").expect("room");
    assert_eq!(place.names(), [part.name()]);
    assert!(part.name().starts_with(".ultra-") && part.name().ends_with(".part"));
    assert_eq!(part.name().len(), ".ultra-.part".len() + 32);
    if cfg!(unix) {
        assert_eq!(stat(&place.at(part.name())).mode, 0o600);
    }
    assert_eq!(fs::read(place.at(part.name())).expect("what was written"), b"abc");
    assert_eq!(class(part.write_at(2, b"xy")), ErrorClass::Io);
    assert_eq!(class(part.write_at(u64::MAX, b"xy")), ErrorClass::Io);
}

#[test]
fn t31_holes_stay_holes_and_no_space_is_reserved_for_them() {
    if on_wine() {
        return skipped("wine 8 does not tell holes (FSCTL_QUERY_ALLOCATED_RANGES)");
    }
    let place = Place::new();
    let sink = place.sink();
    let size = 64 << 20;
    let image = PageEntry {
        data_bytes: 4,
        ..file("image", size)
    };
    add(&sink, &[image, file("full", 1 << 20)]);
    let part = sink.part(0).expect("a part");
    assert!(stat(&place.at(part.name())).blocks * 512 < size);
    part.write_at(32 << 20, b"data").expect("room");
    assert!(sink.commit(0).expect("a commit").durable);
    let image = stat(&place.at("image"));
    assert_eq!(image.size, size);
    assert!(image.blocks * 512 < 1 << 20, "{} blocks", image.blocks);
    let whole = fs::read(place.at("image")).expect("the file");
    let data: Vec<_> = whole.iter().enumerate().filter(|(_, byte)| **byte != 0).collect();
    assert_eq!(data.len(), 4);
    assert_eq!(data[0], (32 << 20, &b'd'));
}

#[test]
fn a_file_of_which_nothing_came_is_not_committed_as_zeros() {
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &[file("a", 3)]);
    assert_eq!(class(sink.commit(0)), ErrorClass::Io);
    assert_eq!(class(sink.commit(99)), ErrorClass::NotFound);
    assert!(place.names().is_empty());
}

#[test]
fn a_file_of_unknown_size_is_not_committed() {
    let place = Place::new();
    let sink = place.sink();
    let stream = PageEntry {
        size: None,
        ..file("stream", 0)
    };
    add(&sink, &[stream]);
    sink.part(0).expect("a part").write_at(0, b"four").expect("room");
    assert_eq!(class(sink.commit(0)), ErrorClass::Io);
}

#[test]
fn a_committed_entry_stays_committed() {
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &[file("a", 1)]);
    receive(&sink, 0, b"x");
    assert!(sink.commit(0).expect("again").durable);
    assert_eq!(class(sink.part(0)), ErrorClass::Exists);
    assert_eq!(place.names(), ["a"]);
}

#[test]
fn f11_a_path_twice_and_a_path_below_a_file_are_found() {
    let place = Place::new();
    let sink = place.sink();
    let entries = [
        file("a", 1),
        file("a", 1),
        file("a/b", 1),
        file("c/d", 1),
        file("c", 1),
        folder("c"),
        folder("c"),
        folder("a"),
        file("a/b/e", 1),
    ];
    let statuses = add(&sink, &entries);
    assert_eq!(statuses, [0, 4, 5, 0, 5, 0, 4, 4, 5]);
    for entry in [1, 2, 4, 6, 7, 8] {
        assert_eq!(class(sink.part(entry)), ErrorClass::Exists);
        assert_eq!(class(sink.commit(entry)), ErrorClass::Exists);
    }
    assert_eq!(sink.path(2).as_deref(), Some("a/b"));
}

#[test]
fn pages_may_repeat_but_not_contradict_or_skip() {
    let place = Place::new();
    let sink = place.sink();
    let (count, bytes) = page(&[file("a", 1), file("b", 1)]);
    let absent = Ok(vec![TargetStatus::Absent; 2]);
    assert_eq!(sink.add_page(0, count, &bytes), absent);
    assert_eq!(sink.add_page(0, count, &bytes), absent);
    let (count, longer) = page(&[file("b", 1), file("c", 1)]);
    assert_eq!(sink.add_page(1, count, &longer), absent);
    assert_eq!(sink.entry_count(), 3);
    let (count, other) = page(&[file("a", 2)]);
    let contradiction = Err(PageError::Contradiction(0));
    assert_eq!(sink.add_page(0, count, &other), contradiction);
    let (expected, first) = (3, 4);
    let gap = Err(PageError::Gap { expected, first });
    assert_eq!(sink.add_page(4, count, &other), gap);
    assert_eq!(sink.entry_count(), 3);
}

#[test]
fn d17_another_file_is_not_replaced_without_permission() {
    let place = Place::new();
    fs::write(place.at("same"), "xyz").expect("a file");
    set_mtime(&place.at("same"));
    fs::write(place.at("other"), "old").expect("a file");
    let sink = place.sink();
    let statuses = add(&sink, &[file("same", 3), file("other", 3)]);
    assert_eq!(statuses, [TargetStatus::Identical as u8, TargetStatus::Different as u8]);
    assert_eq!(class(sink.part(0)), ErrorClass::Exists);
    assert_eq!(class(sink.part(1)), ErrorClass::Exists);
    assert_eq!(place.names(), ["other", "same"]);
    assert_eq!(fs::read(place.at("other")).expect("a file"), b"old");
}

#[cfg(unix)]
#[test]
fn d16_a_folder_fifo_device_or_link_in_the_way_is_never_touched() {
    let place = Place::new();
    fs::create_dir(place.at("folder")).expect("a folder");
    fifo(&place.at("pipe"));
    symlink(place.outside().join("canary"), place.at("link")).expect("a link");
    symlink("/dev/null", place.at("device")).expect("a link");
    fs::write(place.at("file"), "x").expect("a file");
    fs::create_dir(place.at("fine")).expect("a folder");
    let entries = [
        file("folder", 5),
        file("pipe", 5),
        file("link", 5),
        file("device", 5),
        folder("file"),
        folder("fine"),
    ];
    let before = place.names();
    for sink in [place.sink(), place.overwriting()] {
        assert_eq!(add(&sink, &entries), [3, 3, 3, 3, 3, 6]);
        for entry in 0..5 {
            assert_eq!(class(sink.part(entry)), ErrorClass::Exists);
            assert_eq!(class(sink.commit(entry)), ErrorClass::Exists);
        }
    }
    assert_eq!(place.names(), before);
    place.assert_canary_untouched();
}

#[cfg(unix)]
#[test]
fn f17_a_link_of_the_same_name_counts_as_something_in_the_way() {
    let place = Place::new();
    symlink("nowhere", place.at("dangling")).expect("a link");
    symlink(place.outside(), place.at("dir")).expect("a link");
    assert_eq!(one(&place, file("dangling", 1)), TargetStatus::InTheWay as u8);
    assert_eq!(one(&place, folder("dir")), TargetStatus::InTheWay as u8);
    place.assert_canary_untouched();
}

#[cfg(unix)]
#[test]
fn f18_a_folder_that_is_a_link_to_the_outside_is_refused() {
    let place = Place::new();
    symlink(place.outside(), place.at("dir")).expect("a link");
    fs::create_dir(place.at("real")).expect("a folder");
    fs::write(place.at("real/file"), "x").expect("a file");
    let sink = place.overwriting();
    let statuses = add(&sink, &[file("dir/canary", 5), file("real/file/x/y", 1)]);
    assert_eq!(statuses, [8, 8]);
    for entry in 0..2 {
        assert_eq!(class(sink.part(entry)), ErrorClass::NotAFile);
    }
    place.assert_canary_untouched();
}

#[cfg(unix)]
#[test]
fn f18_a_folder_that_becomes_a_link_after_the_check_is_not_followed() {
    let place = Place::new();
    let sink = place.sink();
    assert_eq!(add(&sink, &[file("dir/file", 5)]), [0]);
    symlink(place.outside(), place.at("dir")).expect("a link");
    assert_eq!(class(sink.part(0)), ErrorClass::NotAFile);
    place.assert_canary_untouched();
}

#[cfg(unix)]
#[test]
fn d20_planted_names_are_in_nobodys_way() {
    let place = Place::new();
    fs::write(place.at(".ultra-0.part"), "stale").expect("a file");
    let canary = place.outside().join("canary");
    symlink(canary, place.at(".ultra-1.part")).expect("a link");
    fifo(&place.at(".ultra-2.part"));
    let planted = place.names();
    let sink = place.sink();
    add(&sink, &[file("a", 1)]);
    receive(&sink, 0, b"x");
    drop(sink);
    assert_eq!(place.names()[..3], planted);
    assert_eq!(fs::read(place.at(".ultra-0.part")).expect("a file"), b"stale");
    place.assert_canary_untouched();
}

#[test]
fn d28_a_part_that_is_too_long_is_cut_before_the_commit() {
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &[file("a", 3)]);
    let part = sink.part(0).expect("a part");
    part.write_at(0, b"abc").expect("room");
    let longer = File::options().write(true).open(place.at(part.name()));
    longer.and_then(|file| file.set_len(1_000_000)).expect("longer");
    sink.commit(0).expect("a commit");
    assert_eq!(fs::read(place.at("a")).expect("a file"), b"abc");
}

#[cfg(unix)]
#[test]
fn d5_a_folder_that_cannot_be_written_is_refused_at_once() {
    let place = Place::new();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    };
    let dir = place.dir();
    mode(dir.parent().expect("a parent"), 0o755);
    mode(&dir, 0o555);
    let open = move || {
        crate::common::become_nobody();
        class(Sink::open(&dir, SinkOptions::default()))
    };
    let class = std::thread::spawn(open).join().expect("an answer");
    assert_eq!(class, ErrorClass::Permission);
}

#[test]
fn d6_a_deleted_folder_is_not_made_again_elsewhere() {
    if on_wine() {
        return skipped("the name of a removed file that is still open stays in wine 8");
    }
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &[file("a", 1), file("b/c", 1)]);
    let part = sink.part(0).expect("a part");
    part.write_at(0, b"x").expect("the inode is still there");
    fs::remove_dir_all(place.dir()).expect("gone");
    assert_eq!(class(sink.commit(0)), ErrorClass::NotFound);
    assert_eq!(class(sink.part(1)), ErrorClass::NotFound);
    assert!(!place.dir().exists());
    place.assert_canary_untouched();
}

#[cfg(unix)]
#[test]
fn d7_a_parent_that_is_swapped_for_a_link_never_leads_outside() {
    let place = Place::new();
    fs::create_dir(place.at("dir")).expect("a folder");
    symlink(place.outside(), place.at("link")).expect("a link");
    let stop = std::sync::atomic::AtomicBool::new(false);
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    let mut committed = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let top = File::open(place.dir()).expect("the folder");
            let swap = rustix::fs::RenameFlags::EXCHANGE;
            while !stop.load(relaxed) {
                rustix::fs::renameat_with(&top, "dir", &top, "link", swap).expect("swapped");
            }
        });
        for round in 0.. {
            // On a busy machine a link may stand there for hundreds of rounds, while the other thread waits for its turn.
            if round >= 400 && (committed > 0 || round >= 40_000) {
                break;
            }
            let sink = place.overwriting();
            let names = ["canary".to_owned(), format!("{round}")];
            let paths = names.map(|name| format!("dir/{name}"));
            add(&sink, &[file(&paths[0], 4), file(&paths[1], 4)]);
            for entry in 0..2 {
                let part = sink.part(entry);
                let _ = part.and_then(|part| part.write_at(0, b"evil"));
                committed += u32::from(sink.commit(entry).is_ok());
            }
        }
        stop.store(true, relaxed);
    });
    place.assert_canary_untouched();
    assert!(committed > 0, "the race was never won");
}

#[test]
fn a_renamed_transfer_keeps_its_names_on_the_wire() {
    let place = Place::new();
    let sink = place.sink_with(renaming("new"));
    let entries = [folder("old"), file("old/old", 1), file("else", 1)];
    assert_eq!(add(&sink, &entries), [0, 0, TargetStatus::CannotRename as u8]);
    receive(&sink, 1, b"x");
    assert_eq!(place.names(), ["new", "new/old"]);
    assert_eq!(sink.path(1).as_deref(), Some("new/old"));
    assert_eq!(sink.wire_path(0).as_deref(), Some("old"));
    assert_eq!(sink.wire_path(1).as_deref(), Some("old/old"));
    assert_eq!(sink.wire_path(2).as_deref(), Some("else"));
    assert_eq!(class(sink.part(2)), ErrorClass::Exists);
}

#[test]
fn a_name_that_leads_elsewhere_is_no_name_to_rename_to() {
    let place = Place::new();
    for name in ["..", "a/b", "", ".ultra-x"] {
        let opened = Sink::open(&place.dir(), renaming(name));
        assert_eq!(class(opened), ErrorClass::Unsendable);
    }
}

#[test]
fn many_threads_write_and_commit_at_once() {
    let place = Place::new();
    let sink = place.sink();
    let paths: Vec<String> = (0..64).map(|i| format!("d{}/f{i}", i % 7)).collect();
    let entries: Vec<_> = paths.iter().map(|path| file(path, 4000)).collect();
    add(&sink, &entries);
    std::thread::scope(|scope| {
        for thread in 0..4u32 {
            let sink = &sink;
            scope.spawn(move || {
                for entry in 0..64 {
                    let part = sink.part(entry).expect("the shared part");
                    let quarter = [thread as u8; 1000];
                    part.write_at(u64::from(thread) * 1000, &quarter).expect("room");
                }
            });
        }
    });
    let all: Vec<u32> = (0..64).collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let results = sink.commit_group(&all);
                assert!(results.iter().all(Result::is_ok));
            });
        }
    });
    for path in &paths {
        let bytes = fs::read(place.at(path)).expect("a file");
        assert!(bytes.chunks(1000).zip(0..).all(|(quarter, i)| quarter == [i; 1000]));
    }
    assert_eq!(place.names().len(), 64 + 7);
}

#[test]
fn f13_a_time_that_the_disk_cannot_hold_is_no_failure() {
    let place = Place::new();
    let sink = place.sink();
    let mtime = Time {
        secs: i64::MAX,
        nanos: 999_999_999,
    };
    let far = PageEntry {
        mtime,
        ..file("far", 1)
    };
    add(&sink, &[far]);
    receive(&sink, 0, b"x");
    assert_eq!(place.names(), ["far"]);
}

#[test]
fn free_space_is_a_plausible_number() {
    let free = Place::new().sink().free_space().expect("a number");
    assert!(free > 1 << 20);
}
