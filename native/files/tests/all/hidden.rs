//! Hidden names: where they need the user's leave, and that nothing hidden comes into a folder that was there before.

use std::fs;

use crate::common::{Place, add, file, folder, receive};
use ultra_files::{ErrorClass, Existing, PageEntry, Sink, SinkOptions, TargetStatus};

const ABSENT: u8 = TargetStatus::Absent as u8;
const HIDDEN: u8 = TargetStatus::Hidden as u8;
const EXISTS: u8 = TargetStatus::FolderExists as u8;
const IDENTICAL: u8 = TargetStatus::Identical as u8;
const DIFFERENT: u8 = TargetStatus::Different as u8;

/// A repository as somebody would plant it.
const PLANTED: [&str; 4] = ["repo", "repo/.git", "repo/.git/hooks", "repo/.git/hooks/post-checkout"];

fn planted() -> [PageEntry<'static>; 4] {
    let [repo, git, hooks, hook] = PLANTED;
    [folder(repo), folder(git), folder(hooks), file(hook, 5)]
}

fn welcoming(place: &Place) -> Sink {
    place.sink_with(SinkOptions {
        hidden: true,
        ..SinkOptions::default()
    })
}

/// Writes a file as an earlier transfer left it.
fn earlier(place: &Place, path: &str) {
    let sink = welcoming(place);
    add(&sink, &[file(path, 5)]);
    receive(&sink, 0, b"hello");
}

#[test]
fn t6_a_hidden_name_below_a_folder_that_was_there_before_needs_leave() {
    let place = Place::new();
    fs::create_dir(place.at("repo")).expect("a folder");
    let sink = place.sink();
    assert_eq!(add(&sink, &planted()), [EXISTS, HIDDEN, HIDDEN, HIDDEN]);
    for entry in 1..=3 {
        let result = sink.commit(entry).expect_err("a refusal");
        assert_eq!(result.class, ErrorClass::Exists);
    }
    assert_eq!(sink.part(3).err().expect("a refusal").class, ErrorClass::Exists);
    drop(sink);
    assert_eq!(place.names(), ["repo"]);
    assert_eq!(add(&welcoming(&place), &planted()), [EXISTS, ABSENT, ABSENT, ABSENT]);
}

#[test]
fn t6_below_a_folder_that_this_transfer_makes_hidden_names_pass() {
    let place = Place::new();
    let sink = place.sink();
    assert_eq!(add(&sink, &planted()), [ABSENT; 4]);
    receive(&sink, 3, b"hello");
    // A later page finds folders that are there by now, and are this transfer's.
    let later = [
        file("repo/.git/config", 5),
        folder("repo/.config"),
        file("repo/.config/x", 5),
    ];
    assert_eq!(add(&sink, &later), [ABSENT; 3]);
    receive(&sink, 4, b"hello");
    for result in sink.commit_group(&[0, 1, 2, 5]) {
        result.expect("a commit");
    }
    receive(&sink, 6, b"hello");
    assert_eq!(fs::read(place.at(PLANTED[3])).expect("a file"), b"hello");
}

#[test]
fn t6_at_the_top_everything_hidden_needs_leave_with_all_that_is_below_it() {
    let place = Place::new();
    let sink = place.sink();
    let entries = [
        folder(".ssh"),
        file(".ssh/authorized_keys", 5),
        file(".x", 5),
        file("..y", 5),
        file("a.b", 5),
    ];
    assert_eq!(add(&sink, &entries), [HIDDEN, HIDDEN, HIDDEN, HIDDEN, ABSENT]);
    // Folders that no page names count as well.
    assert_eq!(
        add(&sink, &[file(".profile/x/y", 5), file("new/.x/y", 5)]),
        [HIDDEN, ABSENT]
    );
    assert_eq!(add(&welcoming(&place), &entries), [ABSENT; 5]);
}

#[test]
fn t6_what_is_there_already_passes_and_what_would_change_it_does_not() {
    let place = Place::new();
    for path in [PLANTED[3], "repo/.profile"] {
        earlier(&place, path);
    }
    let sink = place.overwriting();
    assert_eq!(add(&sink, &planted()), [EXISTS, EXISTS, EXISTS, IDENTICAL]);
    let changed = [
        file("repo/.profile", 6),
        file("repo/.git/hooks/new", 5),
        folder("repo/.git/new"),
    ];
    assert_eq!(add(&sink, &changed), [HIDDEN; 3]);
    assert_eq!(
        add(&sink, &[file("repo/.git/new/x", 5), file("repo/new", 5)]),
        [HIDDEN, ABSENT]
    );
    let with_leave = place.sink_with(SinkOptions {
        hidden: true,
        existing: Existing::Replace,
        ..SinkOptions::default()
    });
    assert_eq!(add(&with_leave, &changed), [DIFFERENT, ABSENT, ABSENT]);
}

#[test]
fn t6_a_folder_that_another_process_made_between_check_and_creation_is_not_ours() {
    for made in ["repo", "repo/.git", "repo/.git/hooks"] {
        let place = Place::new();
        let sink = place.sink();
        assert_eq!(add(&sink, &planted()), [ABSENT; 4]);
        fs::create_dir_all(place.at(made)).expect("a folder");
        let before = place.names();
        let error = sink.part(3).err().expect("a refusal");
        assert_eq!(error.class, ErrorClass::Exists);
        assert!(error.to_string().contains("appeared during the transfer"), "{error}");
        assert!(sink.commit(1).is_err());
        drop(sink);
        assert_eq!(place.names(), before);
    }
}

#[test]
fn t6_a_folder_swapped_for_another_is_not_ours_either() {
    if crate::common::told::on_wine() {
        return crate::common::told::skipped("wine 8 loses an open folder that is renamed");
    }
    let place = Place::new();
    let sink = place.sink();
    add(&sink, &planted());
    add(&sink, &[file("repo/a", 5)]);
    receive(&sink, 4, b"hello");
    fs::rename(place.at("repo"), place.at("moved")).expect("moved");
    fs::create_dir(place.at("repo")).expect("a folder");
    // What this transfer holds is still its own folder, wherever it is now.
    let part = sink.part(3).expect("a part");
    part.write_at(0, b"hello").expect("room");
    sink.commit(3).expect("a commit");
    assert!(place.at("moved/.git/hooks/post-checkout").exists());
    assert!(!place.at("repo/.git").exists());
}

#[test]
fn t6_the_name_that_the_user_chose_may_be_hidden() {
    let place = Place::new();
    let renamed = |name: &str| {
        place.sink_with(SinkOptions {
            rename: Some(name.to_owned()),
            ..SinkOptions::default()
        })
    };
    assert_eq!(add(&renamed(".bashrc"), &[file("x", 5)]), [ABSENT]);
    // The name on the disk counts, not the sender's.
    assert_eq!(add(&renamed("plain"), &[file(".bashrc", 5)]), [ABSENT]);
    fs::create_dir(place.at(".config")).expect("a folder");
    assert_eq!(
        add(&renamed(".config"), &[folder("c"), file("c/.x", 5)]),
        [EXISTS, HIDDEN]
    );
}
