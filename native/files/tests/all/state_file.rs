//! Files of state: what one process leaves for the next one, and that no other has it.

#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use ultra_files::{ErrorClass, StateFile};

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/ultra/one.state");
    (folder, path)
}

#[test]
fn what_one_process_leaves_the_next_one_takes_over_and_removes() {
    let (_folder, path) = place();
    assert_eq!(StateFile::take(&path).unwrap_err().class, ErrorClass::NotFound);
    let mut file = StateFile::make(&path).unwrap();
    file.write(b"a longer state").unwrap();
    file.write(b"state").unwrap();
    if cfg!(unix) {
        let mode = |path| crate::common::stat(path).mode;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
    drop(file);
    let mut file = StateFile::take(&path).unwrap();
    assert_eq!(file.read(100).unwrap(), b"state");
    assert_eq!(file.read(3).unwrap(), b"sta");
    file.remove().unwrap();
    assert_eq!(StateFile::take(&path).unwrap_err().class, ErrorClass::NotFound);
}

#[test]
fn two_processes_never_have_the_same_file() {
    let (_folder, path) = place();
    let first = StateFile::make(&path).unwrap();
    for second in [StateFile::take(&path), StateFile::make(&path)] {
        assert_eq!(second.unwrap_err().class, ErrorClass::Exists);
    }
    first.remove().unwrap();
    StateFile::make(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn files_that_others_may_read_or_change_links_and_pipes_are_refused() {
    let (_folder, path) = place();
    drop(StateFile::make(&path).unwrap());
    for mode in [0o640, 0o604, 0o620, 0o601] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(
            StateFile::take(&path).unwrap_err().class,
            ErrorClass::Permission,
            "{mode:o}"
        );
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let link = path.with_file_name("link");
    symlink(&path, &link).unwrap();
    StateFile::take(&link).unwrap_err();
    StateFile::make(&link).unwrap_err();
    StateFile::take(path.parent().unwrap()).unwrap_err();
}

#[test]
fn old_state_is_swept_away_but_not_what_another_process_has() {
    let (_folder, path) = place();
    let names =
        ["old.state", "held.state", "new.state", "other", "old.confirmed"].map(|name| path.with_file_name(name));
    for name in &names {
        drop(StateFile::make(name).unwrap());
    }
    let long_ago = SystemTime::now() - Duration::from_secs(90_000);
    for name in [&names[0], &names[1], &names[3], &names[4]] {
        std::fs::File::options()
            .write(true)
            .open(name)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
    }
    let _held = StateFile::take(&names[1]).unwrap();
    StateFile::sweep(path.parent().unwrap());
    assert_eq!(names.map(|name| name.exists()), [false, true, true, true, true]);
}

#[test]
fn states_whose_names_begin_alike_are_removed_but_not_what_another_process_has() {
    let (_folder, path) = place();
    let names = [
        "12ab.state",
        "12cd.state",
        "12ef.confirmed",
        "12",
        "3412.state",
        "1.state",
    ]
    .map(|name| path.with_file_name(name));
    for name in &names {
        drop(StateFile::make(name).unwrap());
    }
    let held = StateFile::take(&names[1]).unwrap();
    StateFile::remove_alike(&path.with_file_name("12"));
    let mut stays = [false, true, true, true, true, true];
    assert_eq!(names.each_ref().map(|name| name.exists()), stays);
    drop(held);
    StateFile::remove_alike(&path.with_file_name("12"));
    stays[1] = false;
    assert_eq!(names.each_ref().map(|name| name.exists()), stays);
    StateFile::remove_alike(&path.with_file_name("nowhere/12"));
}

#[test]
fn a_record_of_what_was_confirmed_grows_at_its_end_and_is_swept_away_after_a_month() {
    let (_folder, path) = place();
    let path = path.with_extension("confirmed");
    let mut file = StateFile::make(&path).unwrap();
    file.append(b"one ").unwrap();
    file.append(b"two").unwrap();
    assert_eq!(file.read(100).unwrap(), b"one two");
    file.write(b"two").unwrap();
    file.append(b" three").unwrap();
    assert_eq!(file.read(100).unwrap(), b"two three");
    drop(file);
    for (days, stays) in [(29, true), (31, false)] {
        let then = SystemTime::now() - Duration::from_hours(24 * days);
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(then).unwrap();
        drop(file);
        StateFile::sweep(path.parent().unwrap());
        assert_eq!(path.exists(), stays, "{days} days");
    }
}
