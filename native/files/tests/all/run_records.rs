//! What the record of a run keeps for the next one: folders that it made, and the names of small parts.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, PermissionsExt};
#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
use crate::common::MTIME;
#[cfg(unix)]
use crate::common::faulty::{FaultyFolder, PLAN, fail};
#[cfg(unix)]
use crate::common::receive;
#[cfg(unix)]
use crate::common::told::skipped;
use crate::common::{Place, add, file, folder};
#[cfg(unix)]
use crate::common::{codes, page};
use crate::resume::{SIZE, receive_blocks};
#[cfg(unix)]
use ultra_files::os::{Folder, NativeFolder, Process, System};
#[cfg(unix)]
use ultra_files::{Depth, ErrorClass, Sink, SinkOptions, clean};
use ultra_files::{Leaving, PageEntry};

/// The manifest of a repository: a hidden folder below one that the transfer makes.
fn repository() -> Vec<PageEntry<'static>> {
    let private = PageEntry {
        mode: 0o750,
        ..folder("repo/.git/hooks")
    };
    vec![
        folder("repo"),
        folder("repo/.git"),
        private,
        file("repo/.git/hooks/run", 3),
        file("repo/.git/pack", SIZE),
        file("repo/readme", 5),
    ]
}

/// A run that ended with the folders of the repository, its readme and some blocks of its pack.
#[cfg(unix)]
fn partly_received(place: &Place, blocks: &[u64]) {
    let sink = place.sink();
    sink.begin(b"host\0repo");
    add(&sink, &repository());
    for entry in [0, 1, 2] {
        sink.commit(entry).expect("a folder");
    }
    receive(&sink, 5, b"hello");
    receive_blocks(&sink, 4, blocks);
    sink.dispose(Leaving::Parts);
}

#[cfg(unix)]
#[test]
fn t20_folders_get_their_modes_and_times_whatever_run_made_them_and_hidden_names_pass_below_them() {
    let place = Place::new();
    partly_received(&place, &[0, 2]);
    assert!(
        place.names().iter().any(|name| name.ends_with(".run")),
        "{:?}",
        place.names()
    );
    assert_eq!(
        fs::metadata(place.at("repo/.git")).expect("a folder").mode() & 0o777,
        0o700
    );

    let sink = place.sink();
    sink.begin(b"host\0repo");
    let statuses = add(&sink, &repository());
    assert_eq!(statuses, [6, 6, 6, 0, 0, 1]);
    receive_blocks(&sink, 4, &[1, 3, 4]);
    receive(&sink, 3, b"ab\n");
    sink.commit(4).expect("a commit");
    assert_eq!(sink.finish_folders().errors, []);
    drop(sink);
    let expected = [
        "repo",
        "repo/.git",
        "repo/.git/hooks",
        "repo/.git/hooks/run",
        "repo/.git/pack",
        "repo/readme",
    ];
    assert_eq!(place.names(), expected);
    for (path, mode) in [("repo", 0o755), ("repo/.git", 0o755), ("repo/.git/hooks", 0o750)] {
        let stat = fs::metadata(place.at(path)).expect(path);
        assert_eq!((stat.mode() & 0o777, stat.mtime()), (mode, MTIME.secs), "{path}");
    }
}

/// A run of the repository on a disk that fails.
#[cfg(unix)]
fn failing(place: &Place) -> Sink<FaultyFolder> {
    let sink = Sink::open_on(&place.dir(), SinkOptions::default()).expect("a sink");
    sink.begin(b"host\0repo");
    let (count, bytes) = page(&repository());
    sink.add_page(0, count, &bytes).expect("a page");
    sink
}

/// Without the note a run that is killed later would leave a folder that the next one takes for somebody else's, with the mode in which it is made.
#[cfg(unix)]
#[test]
fn d3_t20_a_folder_that_a_full_disk_has_no_room_to_note_is_not_made() {
    // The file, its header, the note before the folder is made, and the one behind it.
    let steps = [("create_to_append", 0), ("append", 0), ("append", 1), ("append", 2)];
    for (errno, (step, before)) in [codes::ENOSPC, codes::EDQUOT]
        .into_iter()
        .flat_map(|errno| steps.map(|step| (errno, step)))
    {
        let place = Place::new();
        let sink = failing(&place);
        let ends = [vec![errno], vec![0; before]].concat();
        PLAN.with_borrow_mut(|plan| plan.errors.insert(step, ends));
        let error = sink.commit(0).expect_err("no room");
        assert_eq!(error.class, ErrorClass::NoSpace, "{step} {before}: {error}");
        assert!(fs::metadata(place.at("repo")).is_err(), "{step} {before}");
        // Room again. What is noted behind a torn note is read as well.
        for entry in [0, 1, 2] {
            sink.commit(entry).expect("a folder");
        }
        sink.small_part(5).expect("a part");
        sink.dispose(Leaving::Parts);

        let sink = place.sink();
        sink.begin(b"host\0repo");
        assert_eq!(add(&sink, &repository())[..3], [6, 6, 6], "{step} {before}");
        drop(sink);
        PLAN.take();
    }
}

#[cfg(unix)]
#[test]
fn d3_a_transfer_without_room_for_its_record_leaves_nothing() {
    for step in ["create_to_append", "append"] {
        let place = Place::new();
        let sink = failing(&place);
        fail(step, codes::ENOSPC, 9);
        assert!(sink.commit(0).is_err() && sink.small_part(5).is_err());
        sink.dispose(Leaving::Parts);
        assert!(place.names().is_empty(), "{step}: {:?}", place.names());
        PLAN.take();
    }
}

/// A run that ended with one block of the repository's pack.
fn interrupted(place: &Place) {
    let sink = place.sink();
    sink.begin(b"host\0repo");
    add(&sink, &repository());
    receive_blocks(&sink, 4, &[0]);
    sink.dispose(Leaving::Parts);
}

#[cfg(unix)]
#[test]
fn c2_a_record_that_a_killed_run_has_open_for_another_moment_is_waited_for_and_removed_in_the_end() {
    let place = Place::new();
    interrupted(&place);
    let names = place.names();
    let record = names.iter().find(|name| name.ends_with(".run")).expect("a record");
    let held = fs::File::open(place.at(record)).expect("the record");
    held.lock().expect("a lock");
    let left_behind = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50)); // what is tested is the time
        drop(held);
    });
    let again = place.sink();
    again.begin(b"host\0repo");
    left_behind.join().expect("it ends");
    // The folders are this transfer's own, so hidden names pass.
    assert_eq!(add(&again, &[file("repo/.git/pack", SIZE)]), [0]);
    receive_blocks(&again, 0, &[1, 2, 3, 4]);
    again.commit(0).expect("a commit");
    assert_eq!(again.finish_folders().errors, []);
    drop(again);
    assert_eq!(place.names(), ["repo", "repo/.git", "repo/.git/pack"]);
}

#[test]
fn hidden_names_do_not_pass_below_folders_of_others_or_of_another_transfer() {
    let place = Place::new();
    interrupted(&place);
    // Another transfer has no part in it.
    let other = place.sink();
    other.begin(b"host\0other");
    assert_eq!(add(&other, &[file("repo/.git/pack", SIZE)]), [10]);
    drop(other);
    // Nor has a folder that the user made in its place.
    fs::rename(place.at("repo"), place.at("mine")).expect("renamed");
    fs::create_dir(place.at("repo")).expect("a folder");
    let again = place.sink();
    again.begin(b"host\0repo");
    assert_eq!(add(&again, &[file("repo/.git/pack", SIZE)]), [10]);
}

#[cfg(unix)]
#[test]
fn small_parts_of_a_killed_run_are_replaced_by_the_next() {
    let place = Place::new();
    let sink = place.sink();
    sink.begin(b"host\0two");
    add(&sink, &[file("two/a", 5), file("two/b", 5)]);
    let part = sink.small_part(0).expect("a part");
    sink.write_small(0, &part, 0, b"hel").expect("written");
    let names = place.names();
    let run = names
        .iter()
        .find(|name| name.ends_with(".run"))
        .expect("a record")
        .clone();
    let left = names
        .iter()
        .find(|name| name.starts_with("two/.ultra-"))
        .expect("a part")
        .clone();
    let record = fs::read(place.at(&run)).expect("a record");
    drop(part);
    drop(sink);
    // As a kill leaves it.
    fs::create_dir(place.at("two")).expect("a folder");
    fs::set_permissions(place.at("two"), fs::Permissions::from_mode(0o700)).expect("private");
    fs::write(place.at(&left), "hel").expect("a part");
    fs::write(place.at(&run), record).expect("a record");

    let sink = place.sink();
    sink.begin(b"host\0two");
    add(&sink, &[file("two/a", 5), file("two/b", 5)]);
    let part = sink.small_part(0).expect("a part");
    assert_eq!(fs::metadata(place.at(&left)).expect("the same name").len(), 0);
    sink.write_small(0, &part, 0, b"hello").expect("written");
    sink.finish_small(0, part).expect("finished");
    assert!(sink.commit_small(&[0]).into_iter().all(|result| result.is_ok()));
    assert_eq!(sink.finish_folders().errors, []);
    drop(sink);
    assert_eq!(place.names(), ["two", "two/a"]);
}

/// Without its record the next run would take them for the user's own, and leave them as private as they are.
#[cfg(unix)]
#[test]
fn t45_t20_with_a_record_go_the_empty_folders_of_its_run_and_the_others_become_usual_ones() {
    let place = Place::new();
    fs::create_dir(place.at("mine")).expect("a folder");
    fs::set_permissions(place.at("mine"), fs::Permissions::from_mode(0o700)).expect("private");
    partly_received(&place, &[0]);
    let mode = |path: &str| fs::metadata(place.at(path)).expect(path).mode() & 0o777;
    let before = place.names();
    clean(&place.dir(), Depth::All, false).expect("a list");
    assert_eq!((place.names(), mode("repo")), (before, 0o700), "a list changes nothing");

    clean(&place.dir(), Depth::All, true).expect("cleaned");
    assert_eq!(place.names(), ["mine", "repo", "repo/readme"]);
    assert_eq!(mode("mine"), 0o700);
    assert_eq!(mode("repo"), u32::from(0o777 & !System::umask()));
    // The same transfer again.
    let sink = place.sink();
    sink.begin(b"host\0repo");
    assert_eq!(add(&sink, &repository()), [6, 10, 10, 10, 10, 1]);
}

/// The user made it anew, and it has the number of the one that was removed: what the record says of it was before its time.
#[cfg(unix)]
#[test]
fn t45_t20_a_folder_that_is_younger_than_the_record_is_the_users_whatever_number_it_has() {
    let place = Place::new();
    interrupted(&place);
    if NativeFolder::open(&place.at("repo"))
        .expect("a folder")
        .birth()
        .is_none()
    {
        return skipped("this system does not say when a folder was made");
    }
    let record = place.names().into_iter().find(|name| name.ends_with(".run"));
    let record = place.at(&record.expect("a record"));
    let file = fs::File::options().append(true).open(&record).expect("the record");
    let before = std::time::SystemTime::now() - Duration::from_secs(60);
    file.set_modified(before).expect("an old record");
    let again = place.sink();
    again.begin(b"host\0repo");
    assert_eq!(add(&again, &[file_of_the_pack()]), [10], "it is not taken up");
    again.dispose(Leaving::Parts);
    drop((again, file));
    clean(&place.dir(), Depth::All, true).expect("cleaned");
    assert_eq!(place.names(), ["repo", "repo/.git"]);
    for folder in ["repo", "repo/.git"] {
        assert_eq!(fs::metadata(place.at(folder)).expect(folder).mode() & 0o777, 0o700);
    }
}

#[cfg(unix)]
fn file_of_the_pack() -> PageEntry<'static> {
    file("repo/.git/pack", SIZE)
}
