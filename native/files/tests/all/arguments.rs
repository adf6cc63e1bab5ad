//! What the user may name to be sent.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use ultra_files::{ErrorClass, FileError, Walk, decode};

fn temp() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn refusal(paths: &[PathBuf]) -> FileError {
    Walk::open(paths).err().expect("a refusal")
}

fn walked(path: PathBuf) -> Vec<String> {
    let (_, mut walk) = Walk::open(&[path]).expect("a source");
    let page = walk.next_page().expect("a walk").expect("a page");
    let entries = decode(page.count, &page.bytes).expect("a page");
    entries.iter().map(|entry| entry.path.as_str().to_owned()).collect()
}

#[test]
fn dots_and_slashes_stand_for_the_real_name() {
    let temp = temp();
    fs::create_dir_all(temp.path().join("real/below")).expect("a folder");
    for argument in ["real/", "real/.", "real/below/..", "real"] {
        let paths = walked(temp.path().join(argument));
        assert_eq!(paths, ["real", "real/below"], "{argument}");
    }
}

#[test]
fn two_arguments_of_one_name_are_refused() {
    let temp = temp();
    for dir in ["a", "b"] {
        fs::create_dir(temp.path().join(dir)).expect("a folder");
        fs::write(temp.path().join(dir).join("same"), dir).expect("a file");
    }
    let both = [temp.path().join("a/same"), temp.path().join("b/same")];
    let error = refusal(&both);
    assert_eq!(error.class, ErrorClass::Exists);
    assert!(error.to_string().contains("same"), "{error}");
}

#[test]
fn the_top_of_the_file_system_and_missing_files_are_refused() {
    assert_eq!(refusal(&["/".into()]).class, ErrorClass::Unsendable);
    let missing = temp().path().join("missing");
    assert_eq!(refusal(&[missing]).class, ErrorClass::NotFound);
}
