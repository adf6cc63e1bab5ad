//! A power cut at each step of a commit: of a group of 1,000 small files, on the file systems whose syncfs is trusted, and of one large file on
//! ext4. The image of a loop device is copied at that step, and the copy is mounted. Needs root, loop devices and the file system's mkfs;
//! without them each test says that it was skipped.

#![cfg(target_os = "linux")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use std::os::unix::fs::MetadataExt;

use crate::common::faulty::{FaultyFolder, PLAN};
use crate::common::told::skipped;
use crate::common::{file, folder, page};
use ultra_files::os::{Folder, NativeFolder, Storage, Time};
use ultra_files::{
    Existing, FileId, JOURNAL_BLOCK_LEN as BLOCK, Leaving, PageEntry, Reserved, Sink, SinkOptions, TakenUp,
};

const FILES: usize = 1000;

/// A file system in an image, mounted until it is dropped.
struct Disk {
    image: PathBuf,
    at: PathBuf,
}

impl Disk {
    fn mount(image: &Path, at: &Path) -> Option<Self> {
        fs::create_dir_all(at).expect("a place to mount at");
        // A copy of an image has the identifiers of the original, which xfs minds.
        let nouuid = ["loop,nouuid", "loop"];
        nouuid
            .iter()
            .find(|options| run("mount", &["-o", options], &[image, at]))
            .map(|_| Self {
                image: image.to_owned(),
                at: at.to_owned(),
            })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &[], &[&self.at]);
    }
}

fn run(program: &str, args: &[&str], paths: &[&Path]) -> bool {
    let status = Command::new(program)
        .args(args)
        .args(paths)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// Copies the image as a power cut at this moment leaves it.
fn cut(image: &Path, to: &Path) {
    assert!(run("cp", &["--sparse=always"], &[image, to]), "the image is copied");
}

/// The contents of every file.
fn contents(number: usize) -> Vec<u8> {
    format!("file {number} ").into_bytes().repeat(100 + number % 900)
}

/// What final names a copy has; each of them must stand for a complete file.
fn names_after(copy: &Path, at: &Path) -> usize {
    let disk = Disk::mount(copy, at).expect("the copy mounts");
    let Ok(entries) = fs::read_dir(disk.at.join("into/tree")) else {
        return 0;
    };
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let finals = names.filter(|name| !name.starts_with(".ultra-"));
    finals
        .inspect(|name| {
            let number: usize = name.parse().expect("a number");
            let found = fs::read(disk.at.join("into/tree").join(name)).expect("a file");
            assert!(
                found == contents(number),
                "{name} is not what was sent, but {} bytes",
                found.len()
            );
        })
        .count()
}

/// Writes a group of files and commits it, while the steps of the commit are watched; whether the file system could be tried.
fn group_on(make: &str, args: &[&str], mebibytes: u64) -> bool {
    let temp = tempfile::tempdir().expect("a temporary folder");
    let image = temp.path().join("image");
    fs::File::create(&image)
        .and_then(|file| file.set_len(mebibytes << 20))
        .expect("an image");
    if !run(make, args, &[&image]) {
        return false;
    }
    let Some(disk) = Disk::mount(&image, &temp.path().join("disk")) else {
        return false;
    };
    let into = disk.at.join("into");
    let options = SinkOptions {
        create: true,
        ..SinkOptions::default()
    };
    let sink = Sink::<FaultyFolder>::open_on(&into, options).expect("a sink");
    let names: Vec<String> = (0..FILES).map(|number| format!("tree/{number}")).collect();
    let mut first = 0;
    let mut entries = vec![folder("tree")];
    entries.extend(
        names
            .iter()
            .zip(0..)
            .map(|(name, number)| file(name, contents(number).len() as u64)),
    );
    for entries in entries.chunks(500) {
        let (count, bytes) = page(entries);
        sink.add_page(first, count, &bytes).expect("a page");
        first += u32::from(count);
    }
    for number in 0..FILES {
        let entry = number as u32 + 1;
        let part = sink.small_part(entry).expect("a part");
        sink.write_small(entry, &part, 0, &contents(number))
            .expect("it is written");
        sink.finish_small(entry, part).expect("it is complete");
    }
    let cuts: Arc<Mutex<Vec<(String, PathBuf)>>> = Arc::default();
    watch(&cuts, disk.image.clone(), temp.path().to_owned());
    let all: Vec<u32> = (0..=FILES as u32).collect();
    let results = sink.commit_small(&all);
    PLAN.with_borrow_mut(|plan| plan.watch = None);
    assert!(
        results.iter().all(|result| matches!(result, Ok(info) if info.durable)),
        "{make}: all are durable"
    );
    let told = temp.path().join("told");
    cut(&disk.image, &told);
    let cuts = std::mem::take(&mut *cuts.lock().expect("no panic"));
    let syncs = cuts.iter().filter(|(step, _)| step.starts_with("sync")).count();
    assert!((2..=4).contains(&syncs), "{make}: {syncs} syncs for 1,000 files");
    for (step, copy) in cuts {
        let names = names_after(&copy, &temp.path().join("copy"));
        eprintln!("{make}: power cut before {step}: {names} names, all complete");
    }
    assert_eq!(
        names_after(&told, &temp.path().join("copy")),
        FILES,
        "{make}: what was told is there"
    );
    true
}

#[test]
fn d24_syncfs_is_trusted_on_ext4_and_not_on_ext2_and_ext3_which_have_the_same_number() {
    let temp = tempfile::tempdir().expect("a temporary folder");
    for (make, storage) in [
        ("mkfs.ext2", Storage::Each),
        ("mkfs.ext3", Storage::Each),
        ("mkfs.ext4", Storage::Whole),
    ] {
        let image = temp.path().join(make);
        fs::File::create(&image)
            .and_then(|file| file.set_len(64 << 20))
            .expect("an image");
        let disk = run(make, &["-q", "-F"], &[&image]).then(|| Disk::mount(&image, &temp.path().join("disk")));
        let Some(disk) = disk.flatten() else {
            skipped("it takes root, loop devices and mkfs of ext2, ext3 and ext4");
            return;
        };
        let folder = NativeFolder::open(&disk.at).expect("a folder");
        // Twice: the second answer is remembered.
        assert_eq!([folder.storage(), folder.storage()], [storage; 2], "{make}");
    }
}

/// Copies the image before each sync, and before some of the renames.
fn watch(cuts: &Arc<Mutex<Vec<(String, PathBuf)>>>, image: PathBuf, folder: PathBuf) {
    let cuts = cuts.clone();
    let mut seen: HashMap<&'static str, usize> = HashMap::new();
    let watch = move |step: &'static str| {
        let count = seen.entry(step).or_default();
        *count += 1;
        if step.starts_with("sync") || (step == "move_new" && [1, 500, FILES].contains(count)) {
            let copy = folder.join(format!("{step}-{count}"));
            cut(&image, &copy);
            cuts.lock().expect("no panic").push((format!("{step} {count}"), copy));
        }
    };
    PLAN.with_borrow_mut(|plan| plan.watch = Some(Box::new(watch)));
}

/// Bytes of the large file, and of the one that it replaces: several blocks, so that its space is reserved.
const LARGE: usize = 5_000_000;

fn large(byte: u8) -> Vec<u8> {
    (0..LARGE).map(|at| byte ^ (at / 4096) as u8).collect()
}

/// What a copy has under the final name, and whether the old version is anywhere.
#[derive(Debug, PartialEq, Eq)]
enum Final {
    Absent,
    Old,
    New,
    Wrong,
}

struct Left {
    name: Final,
    swap: Final,
    mode: u32,
    mtime: i64,
}

fn left_after(copy: &Path, at: &Path) -> Left {
    let disk = Disk::mount(copy, at).expect("the copy mounts");
    let path = disk.at.join("into/large");
    let version = |path: &Path| match fs::read(path) {
        Err(_) => Final::Absent,
        Ok(bytes) if bytes == large(1) => Final::Old,
        Ok(bytes) if bytes == large(2) => Final::New,
        Ok(_) => Final::Wrong,
    };
    let metadata = fs::metadata(&path).ok();
    let swap = Reserved::Swap(FileId::of("large")).to_string();
    Left {
        name: version(&path),
        swap: version(&disk.at.join("into").join(swap)),
        mode: metadata.as_ref().map_or(0, |file| file.mode() & 0o777),
        mtime: metadata.map_or(0, |file| file.mtime()),
    }
}

/// Receives one large file and commits it; the disk is cut before each step, with everything in its journal that it has heard of. `None`:
/// this machine has no such disks.
fn large_on_ext4(old: bool, no_sync: bool) -> Option<(Vec<(String, Left)>, Left)> {
    let temp = tempfile::tempdir().expect("a temporary folder");
    let image = temp.path().join("image");
    fs::File::create(&image)
        .and_then(|file| file.set_len(64 << 20))
        .expect("an image");
    if !run("mkfs.ext4", &["-q", "-F"], &[&image]) {
        return None;
    }
    let disk = Disk::mount(&image, &temp.path().join("disk"))?;
    let into = disk.at.join("into");
    fs::create_dir(&into).expect("a folder");
    if old {
        fs::write(into.join("large"), large(1)).expect("a file");
    }
    run("sync", &["-f"], &[&into]);
    let options = SinkOptions {
        existing: Existing::Replace,
        no_sync,
        ..SinkOptions::default()
    };
    let sink = Sink::<FaultyFolder>::open_on(&into, options).expect("a sink");
    let entry = PageEntry {
        mode: 0o640,
        mtime: Time {
            secs: 1_000_000_000,
            nanos: 0,
        },
        ..file("large", LARGE as u64)
    };
    let (count, bytes) = page(&[entry]);
    sink.add_page(0, count, &bytes).expect("a page");
    let cuts: Arc<Mutex<Vec<(String, PathBuf)>>> = Arc::default();
    let (watched, folder, journal) = (cuts.clone(), temp.path().to_owned(), disk.at.join("unrelated"));
    let steps = image.clone();
    let watch = move |step: &'static str| {
        let mut cuts = watched.lock().expect("no panic");
        // (Blocks are written in one piece each: one cut of many is enough.)
        if step != "write" || cuts.iter().all(|(seen, _)| !seen.starts_with("write")) {
            // The sync of another file puts what happened to names, and not what is in this one, on the disk.
            let unrelated = fs::File::create(&journal).expect("a file");
            unrelated.sync_all().expect("synced");
            let copy = folder.join(format!("cut-{}", cuts.len()));
            cut(&steps, &copy);
            cuts.push((step.to_owned(), copy));
        }
    };
    PLAN.with_borrow_mut(|plan| plan.watch = Some(Box::new(watch)));
    let part = sink.part(0).expect("a part");
    for (at, block) in large(2).chunks(1 << 20).enumerate() {
        part.write_at((at << 20) as u64, block).expect("room");
    }
    assert_eq!(sink.commit(0).expect("a commit").durable, !no_sync);
    PLAN.with_borrow_mut(|plan| plan.watch = None);
    let told = temp.path().join("told");
    if no_sync {
        let unrelated = fs::File::create(disk.at.join("unrelated")).expect("a file");
        unrelated.sync_all().expect("synced");
    }
    cut(&image, &told);
    let cuts = std::mem::take(&mut *cuts.lock().expect("no panic"));
    let at = temp.path().join("copy");
    let left = cuts
        .into_iter()
        .map(|(step, copy)| (step, left_after(&copy, &at)))
        .collect();
    Some((left, left_after(&told, &at)))
}

#[test]
fn d24_a_power_cut_at_each_step_of_a_large_files_commit_leaves_no_name_or_the_whole_file() {
    let Some((cuts, told)) = large_on_ext4(false, false) else {
        skipped("it takes root, loop devices and mkfs.ext4");
        return;
    };
    let steps: Vec<&str> = cuts.iter().map(|(step, _)| step.as_str()).collect();
    for step in [
        "allocate",
        "write",
        "set_size",
        "set_mtime",
        "sync_file",
        "move_new",
        "sync",
    ] {
        assert!(steps.contains(&step), "{steps:?}");
    }
    for (step, left) in cuts {
        eprintln!("power cut before {step}: {:?}", left.name);
        assert!(
            matches!(left.name, Final::Absent | Final::New),
            "before {step}: {:?}",
            left.name
        );
    }
    assert_eq!(told.name, Final::New);
    assert_eq!(
        (told.mode, told.mtime),
        (0o640, 1_000_000_000),
        "T12: mode and time are durable too"
    );
}

#[test]
fn d24_t5_a_power_cut_at_each_step_of_overwriting_leaves_the_old_file_or_the_whole_new_one() {
    let Some((cuts, told)) = large_on_ext4(true, false) else {
        skipped("it takes root, loop devices and mkfs.ext4");
        return;
    };
    assert!(cuts.iter().any(|(step, _)| step == "exchange"));
    let removals = cuts.iter().filter(|(step, _)| step == "remove_file").count();
    assert_eq!(
        removals, 2,
        "the old file, once the new one is durable, and then the journal"
    );
    let last = cuts.len() - 1;
    for (at, (step, left)) in cuts.into_iter().enumerate() {
        eprintln!("power cut before {step}: {:?}, and {:?} as .swap", left.name, left.swap);
        assert!(
            matches!(left.name, Final::Old | Final::New),
            "before {step}: {:?}",
            left.name
        );
        // Before the last step the old file was just removed.
        assert!(
            left.name == Final::Old || left.swap == Final::Old || (at == last && left.name == Final::New),
            "before {step}: the old one is there"
        );
    }
    assert_eq!((told.name, told.mode, told.mtime), (Final::New, 0o640, 1_000_000_000));
}

#[test]
fn d24_without_the_syncs_these_power_cuts_find_files_of_zeros() {
    // The twin that must fail: otherwise the two tests above could not.
    let Some((_, told)) = large_on_ext4(false, true) else {
        skipped("it takes root, loop devices and mkfs.ext4");
        return;
    };
    assert_eq!(told.name, Final::Wrong);
}

#[test]
fn d24_t47_a_power_cut_in_a_group_of_1_000_files_on_ext4_leaves_whole_files_and_all_that_was_told() {
    if !group_on("mkfs.ext4", &["-q", "-F"], 64) {
        skipped("it takes root, loop devices and mkfs.ext4");
    }
}

#[test]
fn d24_t47_a_power_cut_in_a_group_of_1_000_files_on_xfs_leaves_whole_files_and_all_that_was_told() {
    if !group_on("mkfs.xfs", &["-q"], 320) {
        skipped("it takes root, loop devices, mkfs.xfs and a kernel with xfs");
    }
}

#[test]
fn d24_t47_a_power_cut_in_a_group_of_1_000_files_on_btrfs_leaves_whole_files_and_all_that_was_told() {
    if !group_on("mkfs.btrfs", &["-q"], 128) {
        skipped("it takes root, loop devices, mkfs.btrfs and a kernel with btrfs");
    }
}

/// A block of the file that is interrupted: of no two blocks the same bytes, and none of zeros.
fn block(number: u64) -> Vec<u8> {
    (0..BLOCK).map(|at| (at / 4096 + number * 31 + 1) as u8 | 1).collect()
}

const BLOCKS: u64 = 6;

/// What the next run takes up on a copy: blocks and whether they count without being read, and how many of them are not on the disk.
fn taken_up_after(copy: &Path, at: &Path) -> Option<(usize, bool, usize)> {
    let disk = Disk::mount(copy, at).expect("the copy mounts");
    let into = disk.at.join("into");
    let sink = Sink::open(&into, SinkOptions::default()).expect("a sink");
    let (count, bytes) = page(&[file("large", BLOCKS * BLOCK)]);
    sink.add_page(0, count, &bytes).expect("a page");
    let taken = sink.taken_up();
    let [TakenUp::Part { blocks, is_clean, .. }] = &taken[..] else {
        return None;
    };
    let part = fs::read(into.join(Reserved::Part(FileId::of("large")).to_string())).expect("a part");
    let on_disk = |number: &u64| part.get((number * BLOCK) as usize..((number + 1) * BLOCK) as usize);
    let lost = blocks
        .iter()
        .filter(|(number, _)| on_disk(number) != Some(&block(*number)));
    Some((blocks.len(), *is_clean, lost.count()))
}

#[test]
fn d25_a_power_cut_in_the_middle_of_a_transfer_leaves_no_block_that_counts_unread_and_is_not_on_the_disk() {
    let temp = tempfile::tempdir().expect("a temporary folder");
    let image = temp.path().join("image");
    fs::File::create(&image)
        .and_then(|file| file.set_len(64 << 20))
        .expect("an image");
    let made = run("mkfs.ext4", &["-q", "-F"], &[&image]);
    let Some(disk) = made.then(|| Disk::mount(&image, &temp.path().join("disk"))).flatten() else {
        skipped("it takes root, loop devices and mkfs.ext4");
        return;
    };
    let into = disk.at.join("into");
    fs::create_dir(&into).expect("a folder");
    let sink = Sink::open(&into, SinkOptions::default()).expect("a sink");
    let (count, bytes) = page(&[file("large", BLOCKS * BLOCK)]);
    sink.add_page(0, count, &bytes).expect("a page");
    let at = temp.path().join("copy");
    let copy = temp.path().join("cut");
    let after = || {
        cut(&image, &copy);
        taken_up_after(&copy, &at)
    };
    let part = sink.part(0).expect("a part");
    for number in 0..4 {
        part.write_at(number * BLOCK, &block(number)).expect("room");
        part.note(number, *blake3::hash(&block(number)).as_bytes());
        // The sync of another file puts names and the sizes of files on the disk, and perhaps not what is in them.
        fs::File::create(disk.at.join("unrelated"))
            .and_then(|file| file.sync_all())
            .expect("synced");
        let found = after();
        eprintln!("power cut behind block {number}: {found:?} (blocks, clean, lost)");
        assert!(
            found.is_none_or(|(_, is_clean, _)| !is_clean),
            "behind block {number}: {found:?}"
        );
    }
    // (The journal alone on the disk: its blocks are read again, and found to be no more.)
    fs::File::open(into.join(Reserved::Journal(FileId::of("large")).to_string()))
        .and_then(|file| file.sync_all())
        .expect("synced");
    let (blocks, is_clean, lost) = after().expect("a journal that is on the disk is taken up");
    assert_eq!((blocks, is_clean), (4, false));
    eprintln!("power cut behind the sync of the journal: {lost} of 4 blocks are lost");
    drop(part);
    sink.dispose(Leaving::Parts);
    // The mark itself may be lost; then what is there is read again.
    let found = after();
    assert!(
        matches!(found, Some((4, _, 0))),
        "left in good order, all of it is there: {found:?}"
    );
}
