//! Unpacking: once, whole, private, and anew when anything was changed. (How a folder is private is Unix's here; `os/windows.rs` tests its own.)

mod common;

#[cfg(unix)]
use std::fs::Permissions;
use std::fs::{self, File};
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::thread;
#[cfg(unix)]
use std::time::{Duration, SystemTime};

use common::{Fixture, write_executable};
use ultra_launcher::home::{Unusable, ready};
use ultra_launcher::payload::{DENO, Payload};
#[cfg(unix)]
use ultra_launcher::places::Place;
use ultra_launcher::stamp::{self, State};

#[cfg(unix)]
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
fn is_place_refused(fixture: &Fixture, why: &str) -> bool {
    matches!(ready(&fixture.place, &fixture.payload()), Err(Unusable::Place(text)) if text.contains(why))
}

/// Overwrites a file with as many other bytes and puts its time back.
fn change_unseen(path: &Path) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    #[cfg(unix)]
    let mode = fs::metadata(path).unwrap().mode() & 0o777;
    let length = fs::read(path).unwrap().len();
    #[cfg(unix)]
    set_mode(path, 0o600);
    let mut file = File::options().write(true).open(path).unwrap();
    file.write_all(&vec![b'x'; length]).unwrap();
    file.set_modified(modified).unwrap();
    drop(file);
    #[cfg(unix)]
    set_mode(path, mode);
}

#[cfg(unix)]
#[test]
fn the_first_start_unpacks_private_files_and_later_ones_find_them_untouched() {
    let fixture = Fixture::new();
    let home = ready(&fixture.place, &fixture.payload()).unwrap();
    let folder = fixture.key_folder();
    assert_eq!(home.deno, folder.join("deno"));
    assert_eq!(fs::read(&home.bundle).unwrap(), b"bundle");
    for (path, mode) in [
        (&folder, 0o700),
        (&home.deno, 0o500),
        (&home.engine, 0o400),
        (&home.bundle, 0o400),
    ] {
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o7777, mode, "{}", path.display());
    }
    let manifest = fixture.payload().manifest;
    assert_eq!(stamp::check(&folder, &manifest).unwrap(), State::Untouched);
    let inode = fs::metadata(&home.deno).unwrap().ino();
    ready(&fixture.place, &fixture.payload()).unwrap();
    assert_eq!(fs::metadata(&home.deno).unwrap().ino(), inode);
    assert_eq!(fixture.names(), [manifest.key()]);
}

#[test]
fn a_changed_file_is_never_used_whatever_its_size_and_time_say() {
    for name in [DENO, "libultra_engine.so", "ultra.js"] {
        let fixture = Fixture::new();
        ready(&fixture.place, &fixture.payload()).unwrap();
        let path = fixture.key_folder().join(name);
        let right = fs::read(&path).unwrap();
        change_unseen(&path);
        assert_ne!(fs::read(&path).unwrap(), right);
        let manifest = fixture.payload().manifest;
        assert_eq!(stamp::check(&fixture.key_folder(), &manifest).unwrap(), State::Wrong);
        ready(&fixture.place, &fixture.payload()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), right, "{name}");
        assert_eq!(fixture.names(), [manifest.key()], "what was wrong is gone");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_is_missing_a_link_or_of_another_mode_is_replaced() {
    let damages: [fn(&Path); 4] = [
        |path| fs::remove_file(path).unwrap(),
        |path| {
            fs::rename(path, path.with_extension("moved")).unwrap();
            symlink(path.with_extension("moved"), path).unwrap();
        },
        |path| set_mode(path, 0o666),
        |path| fs::hard_link(path, path.with_extension("link")).unwrap(),
    ];
    for damage in damages {
        let fixture = Fixture::new();
        let bundle = ready(&fixture.place, &fixture.payload()).unwrap().bundle;
        damage(&bundle);
        ready(&fixture.place, &fixture.payload()).unwrap();
        let status = fs::symlink_metadata(&bundle).unwrap();
        assert!(status.is_file() && status.mode() & 0o777 == 0o400 && status.nlink() == 1);
    }
}

#[cfg(unix)]
#[test]
fn files_that_were_only_touched_are_hashed_and_kept() {
    let fixture = Fixture::new();
    let home = ready(&fixture.place, &fixture.payload()).unwrap();
    let before = fs::metadata(&home.deno).unwrap().ino();
    File::open(&home.deno)
        .unwrap()
        .set_modified(SystemTime::now() - DAY)
        .unwrap();
    let manifest = fixture.payload().manifest;
    assert_eq!(stamp::check(&fixture.key_folder(), &manifest).unwrap(), State::Right);
    assert_eq!(
        stamp::check(&fixture.key_folder(), &manifest).unwrap(),
        State::Untouched
    );
    ready(&fixture.place, &fixture.payload()).unwrap();
    assert_eq!(fs::metadata(&home.deno).unwrap().ino(), before);
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_could_write_is_unpacked_anew_and_a_base_that_others_can_write_is_refused() {
    let fixture = Fixture::new();
    ready(&fixture.place, &fixture.payload()).unwrap();
    let folder = fixture.key_folder();
    let before = fs::metadata(&folder).unwrap().ino();
    set_mode(&folder, 0o777);
    ready(&fixture.place, &fixture.payload()).unwrap();
    let after = fs::metadata(&folder).unwrap();
    assert!(after.ino() != before && after.mode() & 0o7777 == 0o700);

    set_mode(&fixture.place.base, 0o777);
    assert!(is_place_refused(&fixture, "other users may write"));
    set_mode(&fixture.place.base, 0o700);
    set_mode(fixture.place.base.parent().unwrap(), 0o777);
    assert!(is_place_refused(&fixture, "other users may rename"));
    set_mode(fixture.place.base.parent().unwrap(), 0o1777);
    ready(&fixture.place, &fixture.payload()).unwrap();
}

#[test]
fn eight_starts_at_once_all_find_whole_files() {
    let fixture = Fixture::new();
    thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| ready(&fixture.place, &fixture.payload()).unwrap()))
            .collect();
        for start in starts {
            assert_eq!(fs::read(start.join().unwrap().bundle).unwrap(), b"bundle");
        }
    });
    assert_eq!(
        fixture.names(),
        [fixture.payload().manifest.key()],
        "nothing else is left"
    );
}

#[test]
fn a_damaged_executable_is_told_from_a_place_that_does_not_work() {
    let fixture = Fixture::new();
    let path = fixture.folder.path().join("ultra");
    let whole = fs::read(&path).unwrap();
    // A byte of packed content: found while unpacking, and nothing stays.
    let mut changed = whole.clone();
    changed[12] ^= 1;
    fs::write(&path, &changed).unwrap();
    assert!(matches!(
        ready(&fixture.place, &fixture.payload()),
        Err(Unusable::Payload)
    ));
    assert!(fixture.names().is_empty());
    // A byte of the manifest, and a cut end.
    let mut changed = whole.clone();
    changed[whole.len() - 60] ^= 1;
    for bytes in [&changed[..], &whole[..whole.len() - 1], &whole[..20], b"launcher"] {
        fs::write(&path, bytes).unwrap();
        assert!(Payload::open(File::open(&path).unwrap()).is_err());
    }
}

#[cfg(unix)]
#[test]
fn versions_unused_for_30_days_and_old_leftovers_are_removed() {
    let fixture = Fixture::new();
    let base = &fixture.place.base;
    let age = |path: &Path, days: u32| {
        let then = SystemTime::now() - DAY * days;
        File::open(path).unwrap().set_modified(then).unwrap();
    };
    let version = |digit: &str, days: u32| {
        let folder = base.join(digit.repeat(32));
        fs::create_dir_all(&folder).unwrap();
        set_mode(&folder, 0o700);
        fs::write(folder.join("stamp"), "").unwrap();
        age(&folder.join("stamp"), days);
    };
    version("a", 31);
    version("b", 29);
    fs::create_dir(base.join("c".repeat(32))).unwrap();
    let leftover = |head: &str, digit: &str| format!("{head}-{}", digit.repeat(16));
    for (name, days) in [
        (leftover(".new", "1"), 2),
        (leftover(".old", "1"), 2),
        (leftover(".new", "2"), 0),
        ("other".to_owned(), 99),
    ] {
        let name = &name;
        fs::create_dir(base.join(name)).unwrap();
        set_mode(&base.join(name), 0o700);
        age(&base.join(name), days);
    }
    set_mode(base, 0o700);
    ready(&fixture.place, &fixture.payload()).unwrap();
    let mut expected = vec![
        leftover(".new", "2"),
        fixture.payload().manifest.key(),
        "b".repeat(32),
        "c".repeat(32),
        "other".to_owned(),
    ];
    expected.sort();
    assert_eq!(fixture.names(), expected);

    // A start that only uses what is there marks it, and cleans once a day.
    let stamp = fixture.key_folder().join("stamp");
    age(&stamp, 2);
    version("d", 40);
    ready(&fixture.place, &fixture.payload()).unwrap();
    assert!(!base.join("d".repeat(32)).exists());
    assert!(fs::metadata(&stamp).unwrap().modified().unwrap() > SystemTime::now() - DAY);
    version("d", 40);
    ready(&fixture.place, &fixture.payload()).unwrap();
    assert!(base.join("d".repeat(32)).exists(), "not at every start");
}

#[test]
fn two_versions_stand_beside_each_other() {
    let fixture = Fixture::new();
    ready(&fixture.place, &fixture.payload()).unwrap();
    let first = fixture.key_folder();
    write_executable(&fixture.folder.path().join("ultra"), b"another bundle");
    let home = ready(&fixture.place, &fixture.payload()).unwrap();
    assert_eq!(fs::read(home.bundle).unwrap(), b"another bundle");
    assert!(first.exists() && first != fixture.key_folder());
}

#[cfg(unix)]
#[test]
fn what_is_not_ultras_is_never_removed_however_old_and_whatever_its_name() {
    let fixture = Fixture::new();
    let base = &fixture.place.base;
    fs::create_dir_all(base).unwrap();
    set_mode(base, 0o700);
    let old = |path: &Path| {
        File::open(path)
            .unwrap()
            .set_modified(SystemTime::now() - DAY * 99)
            .unwrap();
    };
    // Folders of the user's own, among them ones with names that ultra could have made.
    let (new, key) = (format!(".new-{}", "1".repeat(16)), "a".repeat(32));
    for name in [".old-photos", ".new-project", new.as_str(), key.as_str()] {
        let folder = base.join(name);
        fs::create_dir(&folder).unwrap();
        set_mode(&folder, 0o700);
        fs::write(folder.join("picture.jpg"), "mine").unwrap();
        old(&folder);
    }
    // An empty one that others may read, a plain file, and a link.
    let (open, plain, link) = ("b".repeat(32), "c".repeat(32), "d".repeat(32));
    fs::create_dir(base.join(&open)).unwrap();
    set_mode(&base.join(&open), 0o755);
    fs::write(base.join(&plain), "mine").unwrap();
    symlink(base.join(&key), base.join(&link)).unwrap();
    old(&base.join(&open));
    old(&base.join(&plain));
    let before = fixture.names();
    ready(&fixture.place, &fixture.payload()).unwrap();
    let mut expected = before;
    expected.push(fixture.payload().manifest.key());
    expected.sort();
    assert_eq!(fixture.names(), expected);
    assert_eq!(fs::read(base.join(".old-photos/picture.jpg")).unwrap(), b"mine");
    assert_eq!(fs::read(base.join(&plain)).unwrap(), b"mine");
}

#[cfg(unix)]
#[test]
fn a_cache_below_a_folder_that_others_control_is_refused() {
    let fixture = Fixture::new();
    let above = fixture.folder.path().join("above");
    let place = Place {
        base: above.join("in/ultra"),
        at_home: false,
    };
    fs::create_dir_all(above.join("in")).unwrap();
    let refused =
        |why: &str| matches!(ready(&place, &fixture.payload()), Err(Unusable::Place(text)) if text.contains(why));
    // Not the folder right above, but one above that.
    for (mode, right) in [(0o777, false), (0o770, false), (0o1777, true), (0o755, true)] {
        set_mode(&above, mode);
        assert_eq!(!refused("other users may rename it"), right, "{mode:o}");
    }
}

#[cfg(unix)]
#[test]
fn a_cache_through_a_link_is_used_where_the_link_led_when_it_was_checked() {
    let fixture = Fixture::new();
    let real = fixture.folder.path().join("real");
    let link = fixture.folder.path().join("link");
    fs::create_dir(&real).unwrap();
    symlink(&real, &link).unwrap();
    let place = Place {
        base: link.join("ultra"),
        at_home: false,
    };
    let home = ready(&place, &fixture.payload()).unwrap();
    assert!(
        home.deno.starts_with(fs::canonicalize(&real).unwrap()),
        "{}",
        home.deno.display()
    );
}

#[cfg(unix)]
#[test]
fn a_stamp_that_is_no_file_is_replaced_with_all_that_stands_beside_it() {
    let fixture = Fixture::new();
    ready(&fixture.place, &fixture.payload()).unwrap();
    let stamp = fixture.key_folder().join("stamp");
    for make in [
        (|path| fs::create_dir(path).unwrap()) as fn(&Path),
        |path| symlink("/dev/zero", path).unwrap(),
        |path| {
            let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
            assert!(made.success());
        },
    ] {
        fs::remove_file(&stamp).unwrap();
        make(&stamp);
        ready(&fixture.place, &fixture.payload()).unwrap();
        assert!(fs::symlink_metadata(&stamp).unwrap().is_file());
    }
}

#[cfg(unix)]
#[test]
fn a_name_that_deno_could_not_read_is_passed_over() {
    use std::os::unix::ffi::OsStrExt;
    let fixture = Fixture::new();
    let base = fixture.folder.path().join(std::ffi::OsStr::from_bytes(b"h\xe4"));
    let place = Place {
        base: base.clone(),
        at_home: false,
    };
    let answer = ready(&place, &fixture.payload());
    assert!(matches!(answer, Err(Unusable::Place(text)) if text.contains("UTF-8")));
    assert!(!base.exists(), "nothing was unpacked there");
}
