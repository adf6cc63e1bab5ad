//! Names of other systems, tested on this one: a receiver with the rules of Windows or of macOS leaves out alone what it cannot hold, before
//! anything is sent for it, and what is an attack everywhere ends the transfer.

use std::fs;

use crate::common::faulty::{FaultyFolder, PLAN};
use crate::common::{Place, file, folder, link, name_of, page, raw_page};
use ultra_files::TargetStatus::{Absent, BadName, Hidden, OutsideLink, SameName};
use ultra_files::os::names::{apple, windows};
use ultra_files::{ErrorClass, PageEntry, PageError, PathFault, Sink, SinkOptions, TargetStatus};

fn sink_with(place: &Place, rule: fn(&str) -> bool, options: SinkOptions) -> Sink<FaultyFolder> {
    PLAN.with_borrow_mut(|plan| {
        plan.can_hold = Some(rule);
        // Both take upper and lower case for one.
        plan.is_exfat = true;
    });
    Sink::open_on(&place.dir(), options).expect("a sink")
}

fn windows_sink(place: &Place) -> Sink<FaultyFolder> {
    sink_with(place, windows::can_hold, SinkOptions::default())
}

fn statuses(sink: &Sink<FaultyFolder>, entries: &[PageEntry<'_>]) -> Vec<TargetStatus> {
    let (count, bytes) = page(entries);
    sink.add_page(sink.entry_count(), count, &bytes).expect("a plain page")
}

fn receive(sink: &Sink<FaultyFolder>, entry: u32) {
    sink.part(entry).expect("a part").write_at(0, b"x").expect("room");
    sink.commit(entry).expect("a commit");
}

#[test]
fn what_windows_cannot_hold_is_left_out_alone_and_the_rest_arrives() {
    let place = Place::new();
    let sink = windows_sink(&place);
    let names = [
        "CON",
        "nul.txt",
        "com1",
        "LPT\u{b9}.log",
        "aux",
        "ab:c",
        "xy::$DATA",
        "dot.",
        "space ",
        "a*b",
        "a?",
        "a\"b",
        "<a>",
        "a|b",
        "GIT~1",
        r"..\x",
        r"\\server\share",
        r"\\?\C:\x",
        r"\??\C:\x",
    ];
    let mut entries: Vec<PageEntry<'_>> = names.iter().map(|name| file(name, 1)).collect();
    entries.push(file("fine", 1));
    let found = statuses(&sink, &entries);
    let (last, bad) = found.split_last().expect("statuses");
    for (name, status) in names.iter().zip(bad) {
        assert_eq!(*status, BadName, "{name}");
    }
    assert_eq!(*last, Absent);
    for entry in 0..names.len() as u32 {
        assert_eq!(sink.part(entry).err().expect("a refusal").class, ErrorClass::Unsendable);
        assert_eq!(sink.commit(entry).expect_err("a refusal").class, ErrorClass::Unsendable);
    }
    receive(&sink, names.len() as u32);
    assert_eq!(place.names(), ["fine"]);
    place.assert_canary_untouched();
}

#[test]
fn what_is_in_a_folder_that_windows_cannot_hold_is_left_out_with_it() {
    let place = Place::new();
    let sink = windows_sink(&place);
    let entries = [
        folder("tree"),
        folder("tree/aux"),
        file("tree/aux/a", 1),
        file("tree/bc:d/e", 1),
        file("tree/e", 1),
        name_of("tree/prn", 4),
    ];
    assert_eq!(
        statuses(&sink, &entries),
        [Absent, BadName, BadName, BadName, Absent, BadName]
    );
    receive(&sink, 4);
    assert_eq!(place.names(), ["tree", "tree/e"]);
}

#[test]
fn of_names_that_differ_in_case_alone_the_later_one_is_left_out() {
    let place = Place::new();
    let sink = windows_sink(&place);
    let entries = [
        file("Makefile", 1),
        file("makefile", 1),
        folder("Src"),
        file("src/x", 1),
        file("other", 1),
    ];
    assert_eq!(statuses(&sink, &entries), [Absent, SameName, Absent, SameName, Absent]);
    receive(&sink, 0);
    receive(&sink, 4);
    assert_eq!(place.names(), ["Makefile", "other"]);
}

#[test]
fn a_name_of_ours_in_other_case_is_none_of_a_peers() {
    for rule in [windows::can_hold, apple::can_hold] {
        let place = Place::new();
        let sink = sink_with(&place, rule, SinkOptions::default());
        let entries = [file(".ULTRA-0123456789abcdef.part", 1), file("d/.Ultra-x", 1)];
        assert_eq!(statuses(&sink, &entries), [BadName; 2]);
    }
}

#[test]
fn a_hidden_name_cannot_come_under_its_short_name_or_with_letters_that_a_mac_passes_over() {
    let place = Place::new();
    fs::create_dir(place.at(".git")).expect("a folder");
    let sink = windows_sink(&place);
    assert_eq!(
        statuses(&sink, &[file("GIT~1/config", 1), file(".git/config", 1)]),
        [BadName, Hidden]
    );
    drop(sink);
    let sink = sink_with(&place, apple::can_hold, SinkOptions::default());
    assert_eq!(
        statuses(&sink, &[file(".\u{200c}git/config", 1), file("\u{200c}.git/config", 1)]),
        [Hidden, BadName]
    );
    drop(sink);
    assert_eq!(place.names(), [".git"]);
}

#[test]
fn links_of_windows_cannot_climb_by_backslashes_drives_or_streams() {
    let place = Place::new();
    let sink = windows_sink(&place);
    let targets = [
        r"..\..\x",
        r"a\..\..\x",
        r"\\server\share",
        "a:b",
        "C:x",
        "C:/x",
        r"\x",
        "/x",
        "CON",
    ];
    let names: Vec<String> = (0..targets.len()).map(|number| format!("l{number}")).collect();
    let entries: Vec<PageEntry<'_>> = names
        .iter()
        .zip(targets)
        .map(|(name, target)| link(name, target))
        .collect();
    for (target, status) in targets.iter().zip(statuses(&sink, &entries)) {
        assert_eq!(status, OutsideLink, "{target}");
    }
    assert_eq!(statuses(&sink, &[link("fine", "l0")]), [Absent]);
}

#[test]
fn climbing_absolute_and_drive_names_end_the_transfer_on_every_system() {
    let place = Place::new();
    let sink = windows_sink(&place);
    for (path, fault) in [
        ("../x", PathFault::DotComponent),
        ("a/../../x", PathFault::DotComponent),
        ("..", PathFault::DotComponent),
        ("/etc/passwd", PathFault::EmptyComponent),
        ("//server/share", PathFault::EmptyComponent),
        ("C:x", PathFault::DriveLetter),
        ("c:/Windows/x", PathFault::DriveLetter),
        ("a/C:", PathFault::DriveLetter),
        ("a\0b", PathFault::ControlCharacter),
        (".ultra-x", PathFault::ReservedPrefix),
    ] {
        let refused = sink.add_page(0, 1, &raw_page(path.as_bytes()));
        assert_eq!(refused, Err(PageError::BadPath(fault)), "{path}");
    }
    assert!(place.names().is_empty());
    place.assert_canary_untouched();
}

#[test]
fn both_normal_forms_of_a_name_are_held_by_a_mac_whose_disk_decides_about_them() {
    let (composed, decomposed) = (file("\u{e9}", 1), file("e\u{301}", 1));
    for (entries, composes, wanted) in [
        ([composed, decomposed], false, [Absent, Absent]),
        ([composed, decomposed], true, [Absent, SameName]),
        ([decomposed, composed], true, [Absent, SameName]),
    ] {
        let place = Place::new();
        let sink = sink_with(&place, apple::can_hold, SinkOptions::default());
        PLAN.with_borrow_mut(|plan| plan.composes = composes);
        assert_eq!(statuses(&sink, &entries), wanted);
        receive(&sink, 0);
        let refused = sink.part(1);
        assert_eq!(refused.is_err(), composes);
        drop((refused, sink));
        assert_eq!(
            place.names(),
            [entries[0].path.as_str()],
            "the first one as it was sent"
        );
    }
}

#[test]
fn below_a_folder_in_one_normal_form_its_other_form_is_another_folder_that_cannot_be() {
    let place = Place::new();
    let sink = sink_with(&place, apple::can_hold, SinkOptions::default());
    PLAN.with_borrow_mut(|plan| plan.composes = true);
    let entries = [
        folder("caf\u{e9}"),
        file("cafe\u{301}/x", 1),
        file("caf\u{e9}/x", 1),
        file("CAFE\u{301}/y", 1),
    ];
    assert_eq!(statuses(&sink, &entries), [Absent, SameName, Absent, SameName]);
    receive(&sink, 2);
    assert_eq!(place.names(), ["caf\u{e9}", "caf\u{e9}/x"]);
}
