//! A file that several processes change at the same time.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::thread;

use ultra_files::{ErrorClass, replace_if};

#[cfg(unix)]
#[test]
fn a_file_is_made_once_and_changed_only_from_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    replace_if(&path, b"", b"one").unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(replace_if(&path, b"", b"two").unwrap_err().class, ErrorClass::Changed);
    for wrong in [&b"on"[..], b"one more", b"two"] {
        assert_eq!(replace_if(&path, wrong, b"two").unwrap_err().class, ErrorClass::Changed);
    }
    assert_eq!(fs::read(&path).unwrap(), b"one");
    replace_if(&path, b"one", b"two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_told_as_such_and_nothing_is_made_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    let error = replace_if(&path, b"", b"one").unwrap_err();
    assert_eq!(error.class, ErrorClass::NotFound);
    assert!(
        error.to_string().ends_with("it is a link that leads nowhere"),
        "{error}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_locked_or_open_to_others_or_gone_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    assert_eq!(
        replace_if(&path, b"one", b"two").unwrap_err().class,
        ErrorClass::NotFound
    );
    replace_if(&path, b"", b"one").unwrap();
    let held = fs::File::open(&path).unwrap();
    held.lock().unwrap();
    assert_eq!(replace_if(&path, b"one", b"two").unwrap_err().class, ErrorClass::Exists);
    drop(held);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(
        replace_if(&path, b"one", b"two").unwrap_err().class,
        ErrorClass::Permission
    );
    assert_eq!(fs::read(&path).unwrap(), b"one");
}

#[test]
fn of_many_changes_at_the_same_time_none_is_lost() {
    if crate::common::told::on_wine() {
        return crate::common::told::skipped("wine 8 replaces no file that is open (FileRenameInformationEx)");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    const THREADS: u8 = 4;
    const EACH: usize = 25;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let path = &path;
            scope.spawn(move || {
                for _ in 0..EACH {
                    loop {
                        let before = fs::read(path).unwrap_or_default();
                        let after = [&before[..], &[thread]].concat();
                        match replace_if(path, &before, &after) {
                            Ok(()) => break,
                            Err(error) => assert!(
                                matches!(error.class, ErrorClass::Changed | ErrorClass::Exists),
                                "{error}"
                            ),
                        }
                    }
                }
            });
        }
    });
    let bytes = fs::read(&path).unwrap();
    for thread in 0..THREADS {
        assert_eq!(bytes.iter().filter(|byte| **byte == thread).count(), EACH);
    }
}
