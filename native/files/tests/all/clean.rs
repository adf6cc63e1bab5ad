//! What `ultra clean` finds and removes (T45), and what it never touches.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;

use crate::common::Place;
#[cfg(unix)]
use crate::common::fifo;
use ultra_files::LeftoverKind::{Journal, Part, PreviousVersion, Run, SmallParts, Trials};
use ultra_files::LeftoverState::{Idle, InUse, OnlyCopy, Removed};
use ultra_files::os::{File, Folder, NativeFile, NativeFolder};
use ultra_files::{Cleaned, Depth, FileId, LeftoverKind, LeftoverState, Reserved, RunId, clean};

fn write(place: &Place, path: &str) {
    fs::create_dir_all(place.at(path).parent().expect("a folder")).expect("folders");
    fs::write(place.at(path), "x".repeat(5000)).expect("a file");
}

fn part(name: &str) -> String {
    Reserved::Part(FileId::of(name)).to_string()
}

fn journal(name: &str) -> String {
    Reserved::Journal(FileId::of(name)).to_string()
}

fn swap(name: &str, number: u32) -> String {
    Reserved::Swap(FileId::of_version(name, number)).to_string()
}

fn small(run: u64, entry: u32) -> String {
    Reserved::SmallPart(RunId(run), entry).to_string()
}

fn told(cleaned: &Cleaned) -> Vec<(LeftoverKind, LeftoverState, &str, u32)> {
    let leftovers = cleaned.leftovers.iter();
    leftovers
        .map(|left| (left.kind, left.state, left.path.as_str(), left.count))
        .collect()
}

/// Another process that holds a file, as far as locks go.
fn locked(place: &Place, path: &str) -> NativeFile {
    let path = place.at(path);
    let folder = NativeFolder::open(path.parent().expect("a folder")).expect("a folder");
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    let file = folder.open_to_write(name).expect("a file");
    assert!(file.try_lock().expect("an answer"), "locked");
    file
}

#[test]
fn t45_what_killed_transfers_left_is_listed_and_removed_only_when_that_is_wanted() {
    let place = Place::new();
    let (movie, lone) = (part("movie.mkv"), journal("gone.bin"));
    write(&place, &format!("a/{movie}"));
    write(&place, &format!("a/{}", journal("movie.mkv")));
    write(&place, &format!("a/b/{lone}"));
    for entry in 0..3 {
        write(&place, &small(7, entry));
    }
    write(&place, ".ultra-00000000000000ff.run");
    let tried = ".ultra-0123456789abcdef0123456789abcdef.part";
    fs::create_dir_all(place.at(&format!("c/{tried}/x"))).expect("folders");
    fs::write(place.at(&format!("c/{tried}/x/name")), "").expect("a file");
    write(&place, "a/kept");
    let found = clean(&place.dir(), Depth::All, false).expect("a list");
    let wanted = |state| {
        vec![
            (SmallParts, state, small(7, 0), 3),
            (Run, state, ".ultra-00000000000000ff.run".to_owned(), 1),
            (Part, state, format!("a/{movie}"), 1),
            (Journal, state, format!("a/b/{lone}"), 1),
            (Trials, state, format!("c/{tried}"), 1),
        ]
    };
    let owned = |cleaned: &Cleaned| -> Vec<_> {
        let told = told(cleaned).into_iter();
        told.map(|(kind, state, path, count)| (kind, state, path.to_owned(), count))
            .collect()
    };
    assert_eq!(owned(&found), wanted(Idle));
    assert!(found.leftovers.iter().all(|left| left.modified > 1_600_000_000));
    assert!(place.at(&format!("a/{movie}")).exists(), "a list removes nothing");
    let removed = clean(&place.dir(), Depth::All, true).expect("cleaned");
    assert_eq!(owned(&removed), wanted(Removed));
    assert_eq!(place.names(), ["a", "a/b", "a/kept", "c"]);
    assert!(
        clean(&place.dir(), Depth::All, false)
            .expect("a list")
            .leftovers
            .is_empty()
    );
}

#[test]
fn t45_what_a_running_transfer_has_locked_stays() {
    let place = Place::new();
    write(&place, &part("movie.mkv"));
    write(&place, &journal("movie.mkv"));
    write(&place, &format!("below/{}", part("other")));
    let _receiving = locked(&place, &journal("movie.mkv"));
    let cleaned = clean(&place.dir(), Depth::All, true).expect("cleaned");
    let other = format!("below/{}", part("other"));
    assert_eq!(
        told(&cleaned),
        [
            (Part, InUse, part("movie.mkv").as_str(), 1),
            (Part, Removed, other.as_str(), 1)
        ]
    );
    assert!(place.at(&part("movie.mkv")).exists() && place.at(&journal("movie.mkv")).exists());
}

#[test]
fn t45_small_parts_belong_to_the_record_of_a_run_in_their_folder_or_one_above() {
    let place = Place::new();
    write(&place, "root/.ultra-00000000000000ff.run");
    let nameless = ".ultra-0123456789abcdef0123456789abcdef.part";
    for path in [
        small(7, 1),
        nameless.to_owned(),
        part("without a journal"),
        swap("a", 0),
    ] {
        write(&place, &format!("root/deep/er/{path}"));
    }
    write(&place, "root/deep/er/a");
    let running = locked(&place, "root/.ultra-00000000000000ff.run");
    // Also where the search begins below the record.
    for from in ["root", "root/deep", "root/deep/er"] {
        let cleaned = clean(&place.at(from), Depth::All, true).expect("cleaned");
        assert!(
            cleaned.leftovers.iter().all(|left| left.state == InUse),
            "{from}: {cleaned:?}"
        );
        assert!(cleaned.leftovers.len() >= 4);
    }
    drop(running);
    let cleaned = clean(&place.at("root/deep"), Depth::All, true).expect("cleaned");
    assert!(
        cleaned.leftovers.iter().all(|left| left.state == Removed),
        "{cleaned:?}"
    );
    assert_eq!(
        place.names(),
        [
            "root",
            "root/.ultra-00000000000000ff.run",
            "root/deep",
            "root/deep/er",
            "root/deep/er/a"
        ]
    );
}

#[test]
fn t5_t45_a_previous_version_is_named_and_goes_only_where_a_file_has_its_name() {
    let place = Place::new();
    write(&place, "a");
    for swap in [swap("a", 0), swap("a", 3), swap("gone", 0), swap("folder", 0)] {
        write(&place, &swap);
    }
    fs::create_dir(place.at("folder")).expect("a folder");
    let cleaned = clean(&place.dir(), Depth::All, true).expect("cleaned");
    for left in &cleaned.leftovers {
        assert_eq!(left.kind, PreviousVersion);
        let wanted = match left.name.as_deref() {
            Some("a") => Removed,
            Some("folder") | None => OnlyCopy,
            Some(other) => panic!("{other}"),
        };
        assert_eq!(left.state, wanted);
    }
    assert_eq!(cleaned.leftovers.len(), 4);
    let mut kept = vec![swap("folder", 0), swap("gone", 0), "a".to_owned(), "folder".to_owned()];
    kept.sort();
    assert_eq!(place.names(), kept);
}

#[cfg(unix)]
#[test]
fn t45_what_only_looks_like_ours_is_never_touched() {
    let place = Place::new();
    fifo(&place.at(&part("pipe")));
    fifo(&place.at(".ultra-00000000000000ff.run"));
    symlink(place.outside().join("canary"), place.at(&part("link"))).expect("a link");
    symlink(place.outside(), place.at("way out")).expect("a link");
    fs::write(place.outside().join(part("theirs")), "x").expect("a file");
    fs::create_dir(place.at(&journal("folder"))).expect("a folder");
    fs::write(place.at(".ultra-0.part"), "old").expect("a file");
    let trials = ".ultra-0123456789abcdef0123456789abcdef.part";
    fs::create_dir(place.at(trials)).expect("a folder");
    fs::write(place.at(&format!("{trials}/precious")), "not empty").expect("a file");
    let before = place.names();
    let cleaned = clean(&place.dir(), Depth::All, true).expect("cleaned");
    let states: Vec<_> = cleaned.leftovers.iter().map(|left| (left.kind, left.state)).collect();
    assert_eq!(states, [(Trials, LeftoverState::Failed)]);
    assert_eq!(place.names(), before);
    assert!(place.outside().join(part("theirs")).exists());
}

#[test]
fn t45_a_folder_that_is_not_there_is_an_error_and_one_that_cannot_be_read_is_told() {
    let place = Place::new();
    let error = clean(&place.at("missing"), Depth::All, false).expect_err("it is not there");
    assert!(error.to_string().contains("missing"), "{error}");
    let long = (0..40).map(|level| format!("level{level}/")).collect::<String>();
    write(&place, &format!("{long}{}", part("deep")));
    assert!(
        clean(&place.dir(), Depth::Top, true)
            .expect("cleaned")
            .leftovers
            .is_empty()
    );
    assert_eq!(
        clean(&place.dir(), Depth::All, true).expect("cleaned").leftovers.len(),
        1
    );
}
