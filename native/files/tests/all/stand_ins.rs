//! Junctions, symbolic links, mount points and sockets as an attack, put before the real folder: what a system tells of them is the same on all,
//! and wine makes none. Each stands for a folder or file outside; in its place is a real one here, so that what went through would be seen.

use std::fs;

use crate::common::faulty::{FaultyFolder, PLAN};
use crate::common::{Place, file, folder, link, name_of, page};
use ultra_files::TargetStatus::{Absent, Identical, InTheWay, OutsideLink, UnsafeParent};
use ultra_files::os::NodeKind::{self, Link, Special};
use ultra_files::{Depth, ErrorClass, Existing, PageEntry, Sink, SinkOptions, TargetStatus, clean_on};

/// A junction, a symbolic link or a mount point; and what stands for something else: a socket of WSL, a mounted image.
const KINDS: [NodeKind; 2] = [Link, Special];

fn stand_in(name: &'static str, kind: NodeKind) {
    PLAN.with_borrow_mut(|plan| plan.stand_ins.insert(name, kind));
}

fn sinks(place: &Place) -> [Sink<FaultyFolder>; 2] {
    [Existing::Keep, Existing::Replace].map(|existing| {
        let options = SinkOptions {
            existing,
            ..SinkOptions::default()
        };
        Sink::open_on(&place.dir(), options).expect("a sink")
    })
}

fn add(sink: &Sink<FaultyFolder>, entries: &[PageEntry<'_>]) -> Vec<TargetStatus> {
    let (count, bytes) = page(entries);
    sink.add_page(sink.entry_count(), count, &bytes).expect("a plain page")
}

fn part_class(sink: &Sink<FaultyFolder>, entry: u32) -> ErrorClass {
    sink.part(entry).err().expect("a refusal").class
}

/// What the stand-in leads to, as it is in its place.
fn outside(place: &Place, name: &str) {
    fs::create_dir(place.at(name)).expect("a folder");
    fs::write(place.at(name).join("canary"), "alive").expect("a file");
}

fn assert_untouched(place: &Place, name: &str) {
    let below = format!("{name}/");
    let names = place.names();
    let inside: Vec<_> = names.iter().filter(|path| path.starts_with(&below)).collect();
    assert_eq!(inside, [&format!("{name}/canary")]);
    assert_eq!(fs::read(place.at(name).join("canary")).expect("the canary"), b"alive");
    assert_eq!(names, [name.to_owned(), format!("{name}/canary")], "nothing else came");
}

#[test]
fn f18_nothing_is_received_through_a_junction_that_is_on_the_way() {
    for kind in KINDS {
        let place = Place::new();
        outside(&place, "dir");
        stand_in("dir", kind);
        for sink in sinks(&place) {
            let entries = [
                file("dir/canary", 5),
                file("dir/new", 1),
                folder("dir/sub"),
                link("dir/l", "new"),
            ];
            assert_eq!(add(&sink, &entries), [UnsafeParent; 4], "{kind:?}");
            for entry in [0, 1] {
                assert_eq!(part_class(&sink, entry), ErrorClass::NotAFile);
                assert!(sink.commit(entry).is_err());
            }
            assert!(sink.commit(2).is_err() && sink.commit_links(&[3])[0].is_err());
        }
        assert_untouched(&place, "dir");
    }
}

#[test]
fn f18_a_junction_that_appears_on_the_way_after_the_check_is_not_followed() {
    for kind in KINDS {
        let place = Place::new();
        let [_, sink] = sinks(&place);
        assert_eq!(add(&sink, &[file("dir/new", 1), folder("dir/sub")]), [Absent; 2]);
        outside(&place, "dir");
        stand_in("dir", kind);
        assert_eq!(part_class(&sink, 0), ErrorClass::NotAFile, "{kind:?}");
        assert!(sink.commit(1).is_err());
        drop(sink);
        assert_untouched(&place, "dir");
        PLAN.with_borrow_mut(|plan| plan.stand_ins.clear());
    }
}

#[test]
fn d16_f17_a_junction_of_the_same_name_is_in_the_way_and_never_touched() {
    for kind in KINDS {
        let place = Place::new();
        outside(&place, "dir");
        stand_in("dir", kind);
        for sink in sinks(&place) {
            assert_eq!(add(&sink, &[file("dir", 5)]), [InTheWay], "{kind:?}");
            assert_eq!(part_class(&sink, 0), ErrorClass::Exists);
            assert!(sink.commit(0).is_err());
        }
        for sink in sinks(&place) {
            assert_eq!(add(&sink, &[folder("dir")]), [InTheWay], "{kind:?}");
            assert!(sink.commit(0).is_err());
        }
        assert_untouched(&place, "dir");
    }
}

#[test]
fn d18_a_file_that_became_a_link_after_the_check_is_not_replaced() {
    for kind in KINDS {
        let place = Place::new();
        fs::write(place.at("a"), "old").expect("a file");
        let [_, sink] = sinks(&place);
        add(&sink, &[file("a", 3)]);
        sink.part(0).expect("a part").write_at(0, b"new").expect("room");
        stand_in("a", kind);
        assert_eq!(
            sink.commit(0).expect_err("a refusal").class,
            ErrorClass::Exists,
            "{kind:?}"
        );
        assert_eq!(fs::read(place.at("a")).expect("the file"), b"old");
        PLAN.with_borrow_mut(|plan| plan.stand_ins.clear());
    }
}

#[test]
fn t42_a_link_whose_target_leads_through_a_junction_is_not_made() {
    let place = Place::new();
    outside(&place, "junction");
    stand_in("junction", Link);
    let [sink, _] = sinks(&place);
    let entries = [
        link("through", "junction/canary"),
        link("at", "junction"),
        link("b", "c/canary"),
    ];
    assert_eq!(add(&sink, &entries), [OutsideLink, OutsideLink, Absent]);
    // What leads through a link of this transfer to the junction is found when links are made.
    assert_eq!(add(&sink, &[link("c", "junction")]), [OutsideLink]);
    assert!(sink.commit_links(&[0, 1, 3]).iter().all(Result::is_err));
    drop(sink);
    assert_untouched(&place, "junction");
}

#[test]
fn d16_a_hard_link_to_a_junction_that_was_put_in_the_place_of_its_file_is_not_made() {
    for kind in KINDS {
        let place = Place::new();
        let [sink, _] = sinks(&place);
        add(&sink, &[file("a", 1), name_of("b", 0)]);
        sink.part(0).expect("a part").write_at(0, b"x").expect("room");
        sink.commit(0).expect("a commit");
        stand_in("a", kind);
        let refused = sink.commit_links(&[1]).pop().expect("a result");
        assert_eq!(refused.expect_err("a refusal").class, ErrorClass::Changed, "{kind:?}");
        drop(sink);
        assert_eq!(place.names(), ["a"]);
        PLAN.with_borrow_mut(|plan| plan.stand_ins.clear());
    }
}

#[test]
fn a_junction_is_not_taken_for_the_file_that_is_there_already() {
    let place = Place::new();
    let [sink, _] = sinks(&place);
    add(&sink, &[file("a", 1)]);
    sink.part(0).expect("a part").write_at(0, b"x").expect("room");
    sink.commit(0).expect("a commit");
    drop(sink);
    let [sink, _] = sinks(&place);
    assert_eq!(add(&sink, &[file("a", 1)]), [Identical]);
    for kind in KINDS {
        stand_in("a", kind);
        let [sink, _] = sinks(&place);
        assert_eq!(add(&sink, &[file("a", 1)]), [InTheWay], "{kind:?}");
    }
}

#[test]
fn clean_looks_for_leftovers_in_no_junction() {
    let place = Place::new();
    let leftover = format!(".ultra-{}.part", "0".repeat(32));
    for name in ["dir", "real"] {
        fs::create_dir(place.at(name)).expect("a folder");
        fs::write(place.at(name).join(&leftover), "x").expect("a file");
    }
    for kind in KINDS {
        stand_in("dir", kind);
        let found = clean_on::<FaultyFolder>(&place.dir(), Depth::All, false).expect("a search");
        let paths: Vec<_> = found.leftovers.iter().map(|leftover| leftover.path.as_str()).collect();
        assert_eq!(paths, [format!("real/{leftover}")], "{kind:?}");
        assert_eq!(found.unread, [], "{kind:?}");
    }
}
