//! What a peer may ask for of folders that are shared, and what it gets.

#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use crate::common::told::{on_wine, skipped};
use ultra_files::{ErrorClass, FileError, Look, Naming, Reason, Requests, Source, Walk, WalkOptions, decode};

struct Shared {
    // It goes first: what is held open is not removed everywhere.
    source: Arc<Source>,
    folder: tempfile::TempDir,
}

/// `photos` and `docs` are shared; `secret` lies beside them. (wine makes no links, so that what is asked for through them is missing there.)
fn shared() -> Shared {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "contents").unwrap();
    };
    for path in [
        "photos/a.jpg",
        "photos/b.jpg",
        "photos/c.png",
        "photos/.hidden",
        "photos/2024/a.jpg",
        "photos/2024/deep/x",
    ] {
        write(path);
    }
    for path in ["docs/a.jpg", "docs/[1].txt", "secret/key"] {
        write(path);
    }
    #[cfg(unix)]
    for (target, link) in [("../secret", "photos/out"), ("a.jpg", "photos/link.jpg")] {
        symlink(target, folder.path().join(link)).unwrap();
    }
    let paths = ["photos", "docs"].map(|name| folder.path().join(name));
    let (source, _) = Walk::open(&paths).unwrap();
    Shared { source, folder }
}

/// The paths of all entries, and what was not found.
fn ask(shares: &Arc<Source>, paths: &[&str], depth: usize) -> Result<(Vec<String>, Vec<String>), FileError> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let options = WalkOptions {
        depth,
        ..WalkOptions::default()
    };
    let (_source, mut walk) = Walk::of_requests(Requests::new(Arc::clone(shares), paths), options);
    let mut found = Vec::new();
    while let Some(page) = walk.next_page()? {
        let entries = decode(page.count, &page.bytes).unwrap();
        found.extend(entries.iter().map(|entry| entry.path.as_str().to_owned()));
    }
    let missing = walk
        .left_out()
        .names()
        .filter(|(reason, _)| *reason == Reason::NotFound);
    let missing = missing.map(|(_, path)| path.to_owned()).collect();
    Ok((found, missing))
}

fn found(shares: &Arc<Source>, paths: &[&str]) -> Vec<String> {
    let (found, missing) = ask(shares, paths, usize::MAX).unwrap();
    assert_eq!(missing, Vec::<String>::new());
    found
}

#[test]
fn files_folders_and_patterns_come_under_their_last_names() {
    let shared = shared();
    assert_eq!(found(&shared.source, &["photos/2024/a.jpg"]), ["a.jpg"]);
    assert_eq!(
        found(&shared.source, &["photos/2024/"]),
        ["2024", "2024/a.jpg", "2024/deep", "2024/deep/x"]
    );
    assert_eq!(found(&shared.source, &["photos/*.jpg"]), ["a.jpg", "b.jpg"]);
    assert_eq!(
        found(&shared.source, &["photos/*/a.*", "photos/c.png"]),
        ["a.jpg", "c.png"]
    );
    assert_eq!(found(&shared.source, &["doc?/[[]1].txt"]), ["[1].txt"]);
    assert_eq!(found(&shared.source, &["docs/[1].txt"]), ["[1].txt"]);
    assert_eq!(found(&shared.source, &["docs"]), ["docs", "docs/[1].txt", "docs/a.jpg"]);
}

#[test]
fn by_path_things_are_called_what_asks_for_them_alone() {
    let shared = shared();
    let list = |path: &str, depth| {
        let requests = Requests::new(Arc::clone(&shared.source), vec![path.to_owned()]).with_naming(Naming::Path);
        let options = WalkOptions {
            depth,
            ..WalkOptions::default()
        };
        let (_source, mut walk) = Walk::of_requests(requests, options);
        let mut names = Vec::new();
        while let Some(page) = walk.next_page().unwrap() {
            let entries = decode(page.count, &page.bytes).unwrap();
            names.extend(entries.iter().map(|entry| entry.path.as_str().to_owned()));
        }
        names
    };
    assert_eq!(
        list("photos/2024/", 1),
        ["photos/2024", "photos/2024/a.jpg", "photos/2024/deep"]
    );
    assert_eq!(list("*", 0), ["photos", "docs"]);
    // Of several things with one name each has a path of its own.
    let names = list("*/a.jpg", 0);
    assert_eq!(names, ["photos/a.jpg", "docs/a.jpg"]);
    assert_eq!(list("p*/*/d*", 0), ["photos/2024/deep"]);
    for name in names
        .iter()
        .map(String::as_str)
        .chain(["photos/2024/deep", "docs/[1].txt"])
    {
        assert_eq!(list(name, 0), [name]);
    }
}

#[test]
fn components_that_are_names_are_no_patterns() {
    let shared = shared();
    std::fs::create_dir(shared.folder.path().join("docs/[2]")).unwrap();
    std::fs::write(shared.folder.path().join("docs/[2]/a.jpg"), "contents").unwrap();
    let ask = |path: &str, literal| {
        let requests = Requests::new(Arc::clone(&shared.source), vec![path.to_owned()]).with_literal(literal);
        let (_source, mut walk) = Walk::of_requests(requests, WalkOptions::default());
        let mut found = Vec::new();
        while let Some(page) = walk.next_page().unwrap() {
            let entries = decode(page.count, &page.bytes).unwrap();
            found.extend(entries.iter().map(|entry| entry.path.as_str().to_owned()));
        }
        found
    };
    assert_eq!(ask("photos/2*/a.jpg", 1), ["a.jpg"]);
    for (path, literal) in [("photos/2*/a.jpg", 2), ("p*/a.jpg", 1), ("*", 1), ("photos/*", 9)] {
        assert_eq!(ask(path, literal), Vec::<String>::new(), "{path} {literal}");
    }
    assert_eq!(ask("docs/[2]/*.jpg", 2), ["a.jpg"]);
    assert_eq!(ask("photos/2024/a.jpg", 9), ["a.jpg"]);
}

#[test]
fn levels_that_are_not_entered_are_not_told() {
    let shared = shared();
    let (names, _) = ask(&shared.source, &["photos/2024"], 1).unwrap();
    assert_eq!(names, ["2024", "2024/a.jpg", "2024/deep"]);
    assert_eq!(
        ask(&shared.source, &["photos", "docs"], 0).unwrap().0,
        ["photos", "docs"]
    );
}

#[test]
fn nothing_outside_is_found_and_nothing_through_a_link() {
    let shared = shared();
    let outside = shared.folder.path().join("secret/key");
    let wrong = [
        outside.to_str().unwrap(),
        "secret/key",
        "../secret/key",
        "photos/../secret/key",
        "photos/./a.jpg",
        "photos//a.jpg",
        "/photos/a.jpg",
        "",
        "/",
        "photos/out/key",
        "photos/out",
        "photos/link.jpg",
        "photos/*/key",
        "photos/o*/key",
        "photos/a.jpg/x",
        "photos/nothing",
        "photos/*.gif",
        "*/.hidden/..",
        "photos/\u{0}",
    ];
    for path in wrong {
        let (names, missing) = ask(&shared.source, &[path], usize::MAX).unwrap();
        assert_eq!((names, missing), (vec![], vec![path.to_owned()]), "{path:?}");
    }
    let (names, missing) = ask(&shared.source, &["photos/a.jpg", "photos/out/key"], usize::MAX).unwrap();
    assert_eq!(
        (names, missing),
        (vec!["a.jpg".to_owned()], vec!["photos/out/key".to_owned()])
    );
}

#[cfg(unix)]
#[test]
fn h8_a_shared_folder_is_the_one_that_was_opened_whatever_has_its_name_now() {
    let shared = shared();
    let photos = shared.folder.path().join("photos");
    std::fs::rename(&photos, shared.folder.path().join("moved")).unwrap();
    symlink("secret", &photos).unwrap();
    assert_eq!(found(&shared.source, &["photos/a.jpg"]), ["a.jpg"]);
    assert_eq!(ask(&shared.source, &["photos/key"], 9).unwrap().1, ["photos/key"]);
}

#[test]
fn a_shared_folder_that_was_deleted_is_not_there_and_the_others_are() {
    if on_wine() {
        return skipped("the name of a removed folder that is still open stays in wine");
    }
    let shared = shared();
    let docs = shared.folder.path().join("docs");
    std::fs::remove_dir_all(&docs).unwrap();
    for path in ["docs", "docs/", "docs/a.jpg", "d*"] {
        assert_eq!(
            ask(&shared.source, &[path], 9).unwrap(),
            (vec![], vec![path.to_owned()])
        );
    }
    // Another one of its name is not the one that was shared.
    std::fs::create_dir(&docs).unwrap();
    assert_eq!(ask(&shared.source, &["docs"], 9).unwrap().1, ["docs"]);
    assert_eq!(found(&shared.source, &["photos/a.jpg"]), ["a.jpg"]);
    std::fs::remove_dir_all(shared.folder.path().join("photos/2024/deep")).unwrap();
    assert_eq!(found(&shared.source, &["photos/2024"]), ["2024", "2024/a.jpg"]);
}

/// A large file below what is asked for is opened, then something is done in the shared folder. What the look before the seal says.
fn looked_after(asked: &str, change: impl FnOnce(&Path)) -> Result<Look, ErrorClass> {
    let shared = shared();
    let photos = shared.folder.path().join("photos");
    std::fs::write(photos.join("2024/large"), vec![1; 100_000]).unwrap();
    let requests = Requests::new(Arc::clone(&shared.source), vec![asked.to_owned()]);
    let (source, mut walk) = Walk::of_requests(requests, WalkOptions::default());
    while walk.next_page().unwrap().is_some() {}
    let large = (0..source.entry_count()).find(|id| source.path(*id).unwrap().ends_with("large"));
    let file = source.open_entry(large.unwrap()).unwrap();
    change(&photos);
    file.look().map_err(|error| error.class)
}

#[test]
fn h7_a_file_of_which_another_one_has_taken_the_name_has_changed() {
    if on_wine() {
        return skipped("wine 8 replaces no file that is open (FileRenameInformationEx)");
    }
    let rename = |photos: &Path, from: &str, to: &str| std::fs::rename(photos.join(from), photos.join(to)).unwrap();
    for asked in ["photos/2024/large", "photos/2024", "photos"] {
        let replaced = looked_after(asked, |photos| rename(photos, "a.jpg", "2024/large"));
        assert_eq!(replaced, Err(ErrorClass::Changed), "{asked}");
        let kept_aside = looked_after(asked, |photos| {
            rename(photos, "2024/large", "2024/old");
            rename(photos, "a.jpg", "2024/large");
        });
        assert_eq!(kept_aside, Err(ErrorClass::Changed), "{asked}");
    }
}

#[cfg(unix)]
#[test]
fn h7_a_file_of_which_a_link_has_taken_the_name_has_changed() {
    let rename = |photos: &Path, from: &str, to: &str| std::fs::rename(photos.join(from), photos.join(to)).unwrap();
    for asked in ["photos/2024/large", "photos/2024", "photos"] {
        let linked = looked_after(asked, |photos| {
            rename(photos, "2024/large", "2024/old");
            symlink("old", photos.join("2024/large")).unwrap();
        });
        assert_eq!(linked, Err(ErrorClass::Changed), "{asked}");
    }
    let folder_too = looked_after("photos", |photos| {
        rename(photos, "2024", "2023");
        symlink("2023", photos.join("2024")).unwrap();
    });
    assert_eq!(folder_too, Err(ErrorClass::Changed));
}

#[test]
fn h7_a_file_is_the_same_when_others_are_renamed_and_when_nothing_has_its_name() {
    if on_wine() {
        return skipped("the name of a removed file that is still open stays in wine 8");
    }
    let rename = |photos: &Path, from: &str, to: &str| std::fs::rename(photos.join(from), photos.join(to)).unwrap();
    for asked in ["photos/2024/large", "photos/2024", "photos"] {
        let others = looked_after(asked, |photos| {
            rename(photos, "a.jpg", "2024/a.jpg");
            rename(photos, "2024/deep", "2024/deeper");
        });
        assert_eq!(others, Ok(Look::Same), "{asked}");
        // E5, and as when it is sent: what was opened is whole, once it was read again.
        for gone in [
            looked_after(asked, |photos| std::fs::remove_file(photos.join("2024/large")).unwrap()),
            looked_after(asked, |photos| rename(photos, "2024/large", "2024/moved")),
        ] {
            assert_ne!(gone, Err(ErrorClass::Changed), "{asked}");
        }
    }
}

#[test]
fn equal_last_names_are_refused() {
    let shared = shared();
    for paths in [&["photos/a.jpg", "docs/a.jpg"][..], &["*/a.jpg"], &["docs", "docs/"]] {
        let error = ask(&shared.source, paths, usize::MAX).unwrap_err();
        assert_eq!(error.class, ErrorClass::TooMuch, "{paths:?}");
        assert!(error.to_string().contains("several things of this name"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn h8_a_folder_that_becomes_a_link_while_it_is_asked_for_is_not_followed() {
    let shared = shared();
    let folder = shared.folder.path();
    let (inside, aside) = (folder.join("photos/2024"), folder.join("aside"));
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| swap(&inside, &aside, &folder.join("secret"), &stop));
        for _ in 0..500 {
            for path in ["photos/2024/key", "photos/*/key", "photos/2024/k*"] {
                let (names, _) = ask(&shared.source, &[path], usize::MAX).unwrap();
                assert_eq!(names, Vec::<String>::new());
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Release);
    });
}

/// Puts a link in the place of a folder, and the folder back, again and again.
#[cfg(unix)]
fn swap(inside: &Path, aside: &Path, target: &Path, stop: &std::sync::atomic::AtomicBool) {
    let link = inside.to_owned();
    while !stop.load(std::sync::atomic::Ordering::Acquire) {
        std::fs::rename(inside, aside).unwrap();
        symlink(target, &link).unwrap();
        std::fs::remove_file(&link).unwrap();
        std::fs::rename(aside, inside).unwrap();
    }
}
