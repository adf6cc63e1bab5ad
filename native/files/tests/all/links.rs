//! Which links the receiver makes, whatever its sender says, and what it makes of them.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;
#[cfg(unix)]
use std::path::Path;

#[cfg(unix)]
use crate::common::MTIME;
use crate::common::{Place, add, file, folder, link, name_of, page, receive, stat};
use ultra_files::{ErrorClass, MadeLinks, PageEntry, PageError, Sink, SinkOptions, TargetStatus};

const ABSENT: u8 = TargetStatus::Absent as u8;
const IDENTICAL: u8 = TargetStatus::Identical as u8;
const DIFFERENT: u8 = TargetStatus::Different as u8;
const IN_THE_WAY: u8 = TargetStatus::InTheWay as u8;
const OUTSIDE: u8 = TargetStatus::OutsideLink as u8;

fn with_links(place: &Place, links: MadeLinks) -> Sink {
    place.sink_with(SinkOptions {
        links,
        ..SinkOptions::default()
    })
}

#[cfg(unix)]
fn target_of(place: &Place, path: &str) -> String {
    let target = fs::read_link(place.at(path)).expect(path);
    target.to_string_lossy().into_owned()
}

fn refusal(sink: &Sink, entries: &[PageEntry<'_>]) -> PageError {
    let (count, bytes) = page(entries);
    let first = sink.entry_count();
    sink.add_page(first, count, &bytes).expect_err("a refusal")
}

/// Commits links that must work.
fn make(sink: &Sink, entries: &[u32]) {
    for made in sink.commit_links(entries) {
        let made = made.expect("a link");
        assert!(made.durable && made.kept == ultra_files::Kept::ALL);
    }
}

#[cfg(unix)]
fn is_free(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err()
}

#[cfg(unix)]
#[test]
fn t42_links_that_stay_inside_are_made_with_their_targets_and_times() {
    let place = Place::new();
    let sink = place.sink();
    let wanted = [
        ("top/a", "sub/file"),
        ("top/b", "a"),
        ("top/dangling", "nowhere"),
        ("top/loop", "loop"),
        ("top/sub/up", "../.."),
        ("top/to-folder", "sub"),
    ];
    let mut entries = vec![folder("top"), folder("top/sub"), file("top/sub/file", 1)];
    entries.extend(wanted.iter().map(|(path, target)| link(path, target)));
    assert_eq!(add(&sink, &entries), [ABSENT; 9]);
    receive(&sink, 2, b"x");
    make(&sink, &[3, 4, 5, 6, 7, 8]);
    for (path, target) in wanted {
        assert_eq!(target_of(&place, path), target);
        assert_eq!(stat(&place.at(path)).mtime, MTIME);
    }
    assert_eq!(fs::read(place.at("top/b")).expect("the file"), b"x");
    assert!(place.names().iter().all(|name| !name.contains(".ultra-")));
    // Again is fine, and a later run finds all of them.
    make(&sink, &[3]);
    let again = add(&place.sink(), &entries);
    assert_eq!(again[3..], [IDENTICAL; 6]);
}

#[test]
fn t42_links_that_lead_outside_are_not_made_whatever_the_sender_says() {
    let place = Place::new();
    let sink = place.sink();
    let outside = [
        link("top/absolute", "/etc/passwd"),
        link("top/climbs", "../../out/canary"),
        link("top/later", "sub/../../../out"),
        link("d/through", "d/top/../x"),
        link("flat", ".."),
        link("reserved", ".ultra-x"),
    ];
    assert_eq!(add(&sink, &outside), [OUTSIDE; 6]);
    for made in sink.commit_links(&[0, 1, 2, 3, 4, 5]) {
        assert_eq!(made.expect_err("a refusal").class, ErrorClass::NotAFile);
    }
    drop(sink);
    assert!(place.names().is_empty());
    place.assert_canary_untouched();
}

#[test]
fn t42_no_path_below_a_link_is_taken_in_either_order() {
    for entries in [
        [link("d/top", ".."), file("d/top/x", 1)],
        [file("d/top/x", 1), link("d/top", "..")],
        [link("d", "e"), link("d/x/y", "z")],
        [link("d/x/y", "z"), link("d", "e")],
    ] {
        let place = Place::new();
        assert_eq!(refusal(&place.sink(), &entries), PageError::BelowLink);
        assert!(place.names().is_empty());
        // And in pages of their own.
        let sink = with_links(&place, MadeLinks::All);
        add(&sink, &entries[..1]);
        assert_eq!(refusal(&sink, &entries[1..]), PageError::BelowLink);
    }
}

#[test]
fn t42_a_duplicate_that_is_a_folder_opens_no_way_through_a_link() {
    let place = Place::new();
    let sink = place.sink();
    let statuses = add(&sink, &[link("d", "e"), folder("d")]);
    assert_eq!(statuses, [ABSENT, TargetStatus::Duplicate as u8]);
    assert_eq!(refusal(&sink, &[file("d/x", 1)]), PageError::BelowLink);
}

#[cfg(unix)]
#[test]
fn t42_a_target_through_a_link_that_was_there_before_is_outside() {
    let place = Place::new();
    fs::create_dir(place.at("sub")).expect("a folder");
    symlink(place.outside(), place.at("sub/evil")).expect("a link");
    let sink = place.sink();
    let entries = [
        link("direct", "sub/evil/canary"),
        link("itself", "sub/evil"),
        link("x", "a/evil/canary"),
    ];
    // `a` is not known yet when `x` comes: that is found out when links are made.
    assert_eq!(add(&sink, &entries), [OUTSIDE, OUTSIDE, ABSENT]);
    assert_eq!(add(&sink, &[link("a", "sub")]), [ABSENT]);
    let made = sink.commit_links(&[2, 3]);
    assert!(
        made[0]
            .as_ref()
            .is_err_and(|error| error.to_string().contains("not of this transfer"))
    );
    assert!(made[1].is_ok());
    assert!(is_free(&place.at("x")) && is_free(&place.at("direct")));
    assert_eq!(target_of(&place, "a"), "sub");
    // In another order, and through more links.
    let sink = place.sink();
    let entries = [link("b", "a"), link("c", "b/evil/canary")];
    let statuses = add(&sink, &[link("a", "sub")]);
    assert_eq!(statuses, [IDENTICAL]);
    assert_eq!(add(&sink, &entries), [ABSENT, OUTSIDE]);
}

#[cfg(unix)]
#[test]
fn t42_a_link_through_one_that_an_earlier_run_made_is_made() {
    let place = Place::new();
    fs::create_dir(place.at("sub")).expect("a folder");
    symlink("sub", place.at("z")).expect("a link");
    let sink = place.sink();
    // The manifest has it, later than what leads through it.
    assert_eq!(add(&sink, &[link("a", "z/x")]), [ABSENT]);
    assert_eq!(add(&sink, &[link("z", "sub")]), [IDENTICAL]);
    make(&sink, &[0]);
    assert_eq!(target_of(&place, "a"), "z/x");
    // Another transfer does not have it.
    let sink = place.sink();
    assert_eq!(add(&sink, &[link("b", "z/x")]), [ABSENT]);
    assert!(sink.commit_links(&[0])[0].is_err());
    assert!(is_free(&place.at("b")));
}

#[cfg(unix)]
#[test]
fn t42_a_link_that_appears_on_the_way_during_the_transfer_is_not_led_through() {
    let place = Place::new();
    let sink = place.sink();
    assert_eq!(add(&sink, &[link("a", "sub/x"), link("sub", "real")]), [ABSENT; 2]);
    symlink(place.outside(), place.at("sub")).expect("a link");
    for made in sink.commit_links(&[0, 1]) {
        assert!(made.is_err());
    }
    assert!(is_free(&place.at("a")));
}

#[cfg(unix)]
#[test]
fn t42_all_links_are_made_last_and_never_followed_when_the_receiver_wants_all() {
    let place = Place::new();
    let sink = with_links(&place, MadeLinks::All);
    let outside = place.outside();
    let target = outside.to_str().expect("plain text");
    let entries = [
        folder("top"),
        link("top/out", target),
        link("top/up", "../../out"),
        link("top/through", "out/../x"),
    ];
    assert_eq!(add(&sink, &entries), [ABSENT; 4]);
    make(&sink, &[1, 2, 3]);
    assert_eq!(target_of(&place, "top/out"), target);
    // A second transfer does not go through what the first made.
    let sink = with_links(&place, MadeLinks::All);
    let statuses = add(&sink, &[folder("top"), file("top/out/new", 1)]);
    assert_eq!(statuses[1], TargetStatus::UnsafeParent as u8);
    assert!(sink.part(1).is_err());
    place.assert_canary_untouched();
}

#[test]
fn t42_no_link_is_made_when_the_receiver_wants_none() {
    let place = Place::new();
    let sink = with_links(&place, MadeLinks::None);
    assert_eq!(add(&sink, &[link("a", "b")]), [TargetStatus::Unwanted as u8]);
    assert!(sink.commit_links(&[0])[0].is_err());
    assert!(place.names().is_empty());
}

#[cfg(unix)]
#[test]
fn t42_what_is_in_the_way_of_a_link_is_replaced_only_with_leave_and_never_a_folder() {
    let place = Place::new();
    fs::write(place.at("file"), "old").expect("a file");
    symlink("old", place.at("link")).expect("a link");
    fs::create_dir(place.at("folder")).expect("a folder");
    let entries = [link("file", "new"), link("link", "new"), link("folder", "new")];
    let statuses = [DIFFERENT, DIFFERENT, IN_THE_WAY];
    let sink = place.sink();
    assert_eq!(add(&sink, &entries), statuses);
    for made in sink.commit_links(&[0, 1, 2]) {
        assert_eq!(made.expect_err("a refusal").class, ErrorClass::Exists);
    }
    assert_eq!(fs::read(place.at("file")).expect("the file"), b"old");
    let sink = place.overwriting();
    assert_eq!(add(&sink, &entries), statuses);
    make(&sink, &[0, 1]);
    assert!(sink.commit_links(&[2])[0].is_err());
    assert_eq!(target_of(&place, "file"), "new");
    assert_eq!(target_of(&place, "link"), "new");
    assert_eq!(place.names(), ["file", "folder", "link"]);
}

#[cfg(unix)]
#[test]
fn t42_what_appears_in_the_way_of_a_link_is_not_replaced() {
    let place = Place::new();
    symlink("old", place.at("b")).expect("a link");
    let sink = place.overwriting();
    assert_eq!(add(&sink, &[link("a", "x"), link("b", "x")]), [ABSENT, DIFFERENT]);
    fs::write(place.at("a"), "mine").expect("a file");
    fs::remove_file(place.at("b")).expect("no link");
    fs::write(place.at("b"), "mine").expect("a file");
    for made in sink.commit_links(&[0, 1]) {
        assert_eq!(made.expect_err("a refusal").class, ErrorClass::Exists);
    }
    for name in ["a", "b"] {
        assert_eq!(fs::read(place.at(name)).expect("the file"), b"mine");
    }
    assert_eq!(place.names(), ["a", "b"]);
}

#[test]
fn a_hidden_link_needs_leave_like_a_hidden_file() {
    let place = Place::new();
    let sink = place.sink();
    assert_eq!(add(&sink, &[link(".profile", "x")]), [TargetStatus::Hidden as u8]);
    assert!(sink.commit_links(&[0])[0].is_err());
    assert!(place.names().is_empty());
}

#[test]
fn hard_links_are_names_of_one_file_and_found_again() {
    let place = Place::new();
    let sink = place.sink();
    let entries = [
        folder("top"),
        file("top/a", 1),
        name_of("top/b", 1),
        folder("top/sub"),
        name_of("top/sub/c", 1),
    ];
    assert_eq!(add(&sink, &entries), [ABSENT; 5]);
    receive(&sink, 1, b"x");
    make(&sink, &[2, 4]);
    let ino = |path| stat(&place.at(path)).ino;
    assert_eq!(ino("top/a"), ino("top/b"));
    assert_eq!(ino("top/a"), ino("top/sub/c"));
    assert_eq!(place.names(), ["top", "top/a", "top/b", "top/sub", "top/sub/c"]);
    let again = add(&place.sink(), &entries);
    assert_eq!((again[1], again[2], again[4]), (IDENTICAL, IDENTICAL, IDENTICAL));
    // A copy of another time may hold something else.
    fs::copy(place.at("top/a"), place.at("other")).expect("a copy");
    // (Windows copies the time as well.)
    let copy = fs::File::options()
        .write(true)
        .open(place.at("other"))
        .expect("the copy");
    copy.set_modified(std::time::SystemTime::now()).expect("a time");
    drop(copy);
    fs::rename(place.at("other"), place.at("top/b")).expect("a rename");
    assert_eq!(add(&place.sink(), &entries)[2], DIFFERENT);
    let sink = place.overwriting();
    assert_eq!(add(&sink, &entries)[2], DIFFERENT);
    make(&sink, &[2]);
    assert_eq!(ino("top/a"), ino("top/b"));
}

#[test]
fn a_copy_of_the_same_size_and_time_is_there_already_as_any_file_is() {
    let place = Place::new();
    let entries = [file("a", 1), name_of("b", 0), name_of("c", 0)];
    for name in ["a", "b"] {
        let sink = place.sink();
        add(&sink, &[file(name, 1)]);
        receive(&sink, 0, b"x");
    }
    let sink = place.sink();
    assert_eq!(add(&sink, &entries), [IDENTICAL, IDENTICAL, ABSENT]);
    make(&sink, &[2]);
    let names = |path| stat(&place.at(path)).links;
    assert_eq!((names("a"), names("b"), names("c")), (2, 1, 2));
    // Also where the file that it names is not there.
    fs::remove_file(place.at("a")).expect("no file");
    assert_eq!(add(&place.sink(), &entries), [ABSENT, IDENTICAL, IDENTICAL]);
    // A folder is none.
    fs::remove_file(place.at("b")).expect("no file");
    fs::create_dir(place.at("b")).expect("a folder");
    assert_eq!(add(&place.sink(), &entries)[1], IN_THE_WAY);
}

#[test]
fn a_hard_link_to_a_file_that_was_there_names_that_file() {
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &[file("a", 1)]);
    receive(&sink, 0, b"x");
    let sink = place.sink();
    assert_eq!(add(&sink, &[file("a", 1), name_of("b", 0)]), [IDENTICAL, ABSENT]);
    make(&sink, &[1]);
    assert_eq!(stat(&place.at("a")).links, 2);
}

#[test]
fn a_hard_link_to_a_file_that_did_not_arrive_is_not_made() {
    let place = Place::new();
    fs::write(place.at("b"), "another").expect("a file");
    let sink = place.sink();
    let statuses = add(&sink, &[file("a", 1), name_of("x", 0), file("b", 1), name_of("y", 2)]);
    assert_eq!(statuses, [ABSENT, ABSENT, DIFFERENT, ABSENT]);
    for made in sink.commit_links(&[1, 3]) {
        assert_eq!(made.expect_err("a refusal").class, ErrorClass::NotFound);
    }
    assert_eq!(place.names(), ["b"]);
}

#[cfg(unix)]
#[test]
fn d16_a_hard_link_to_what_was_put_in_the_place_of_its_file_is_not_made() {
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &[file("a", 1), name_of("b", 0)]);
    receive(&sink, 0, b"x");
    fs::remove_file(place.at("a")).expect("no file");
    symlink(place.outside().join("canary"), place.at("a")).expect("a link");
    assert_eq!(
        sink.commit_links(&[1])[0].as_ref().expect_err("a refusal").class,
        ErrorClass::Changed
    );
    assert!(is_free(&place.at("b")));
    place.assert_canary_untouched();
}

#[test]
fn a_hard_link_to_anything_but_an_earlier_file_is_refused() {
    for entries in [
        vec![name_of("a", 0)],
        vec![name_of("a", 7), file("b", 1)],
        vec![folder("a"), name_of("b", 0)],
        vec![file("a", 1), name_of("b", 0), name_of("c", 1)],
        vec![link("a", "x"), name_of("b", 0)],
    ] {
        assert_eq!(refusal(&Place::new().sink(), &entries), PageError::BadLink);
    }
}

#[test]
fn files_and_folders_are_not_made_as_links_nor_links_as_files() {
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &[file("a", 0), link("b", "x")]);
    assert!(sink.commit_links(&[0, 9]).iter().all(Result::is_err));
    assert!(sink.part(1).is_err() && sink.commit(1).is_err());
    assert!(place.names().is_empty());
}
