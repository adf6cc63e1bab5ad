//! Manifest pages: the shared vectors, the path rules, and bytes of a peer that lies.

use crate::common::{Place, file, folder, page, raw_page};
use serde_json::Value;
use ultra_files::page::{MAX_BUILT_ENTRIES, MAX_ENTRY_BYTES};
use ultra_files::{EntryKind, Linked, MAX_TARGET_LEN, PageBuilder, PageEntry, PageError, PathFault, SafePath, decode};

fn vectors() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/pages.json");
    let text = std::fs::read_to_string(path).expect("the shared vectors");
    serde_json::from_str(&text).expect("a list of vectors")
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"))
        .collect()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn assert_is(entry: &PageEntry<'_>, wanted: &Value, name: &str) {
    assert_eq!(entry.kind as u64, wanted["kind"], "{name}");
    assert_eq!(entry.size, wanted["size"].as_u64(), "{name}");
    assert_eq!(entry.data_bytes, wanted["dataBytes"], "{name}");
    assert_eq!(entry.mode, wanted["mode"], "{name}");
    assert_eq!(entry.mtime.secs, wanted["mtimeSeconds"], "{name}");
    assert_eq!(entry.mtime.nanos, wanted["mtimeNanos"], "{name}");
    assert_eq!(entry.fingerprint.to_vec(), unhex(text(wanted, "fingerprint")), "{name}");
    assert_eq!(entry.path.as_str(), text(wanted, "path"), "{name}");
    let linked = match entry.kind {
        EntryKind::File | EntryKind::Folder => Linked::None,
        EntryKind::Link => Linked::Target(text(wanted, "target")),
        EntryKind::HardLink => Linked::Entry(number(wanted, "linkedTo")),
    };
    assert_eq!(entry.linked, linked, "{name}");
}

fn number(value: &Value, field: &str) -> u32 {
    value[field]
        .as_u64()
        .and_then(|number| number.try_into().ok())
        .expect("a number")
}

/// Whether hard links lead to earlier entries, as only those tell who know the number of the first.
fn lead_back(first: u32, entries: &[PageEntry<'_>]) -> bool {
    (first..).zip(entries).all(|(id, entry)| match entry.linked {
        Linked::Entry(linked) => linked < id,
        Linked::None | Linked::Target(_) => true,
    })
}

/// The first entry, the number of entries and their bytes from the body of a `page` message.
fn split(body: &[u8]) -> Option<(u32, u16, &[u8])> {
    let (first, rest) = body.split_first_chunk()?;
    let (count, entries) = rest.split_first_chunk()?;
    let (first, count) = (u32::from_le_bytes(*first), u16::from_le_bytes(*count));
    let end = first.checked_add(count.into())?;
    (count > 0 && end <= ultra_files::MAX_ENTRIES).then_some((first, count, entries))
}

#[test]
fn the_shared_vectors_decode_and_encode_as_they_say() {
    let vectors = vectors();
    assert!(vectors.len() > 40);
    for vector in vectors {
        let name = text(&vector, "name").to_owned();
        let body = unhex(text(&vector, "hex"));
        let decoded = split(&body).and_then(|(first, count, bytes)| {
            let entries = decode(count, bytes).ok()?;
            lead_back(first, &entries).then_some((first, bytes, entries))
        });
        if vector["error"] == true {
            assert!(decoded.is_none(), "{name}");
            continue;
        }
        let (first, bytes, entries) = decoded.expect(&name);
        assert_eq!(first, vector["first"], "{name}");
        let wanted = vector["entries"].as_array().expect("entries");
        assert_eq!(entries.len(), wanted.len(), "{name}");
        for (entry, wanted) in entries.iter().zip(wanted) {
            assert_is(entry, wanted, &name);
        }
        if vector["extended"] != true {
            assert_eq!(page(&entries).1, bytes, "{name}");
        }
    }
}

fn assert_refused(path: &[u8], fault: PathFault) {
    let shown = String::from_utf8_lossy(path);
    assert_eq!(SafePath::parse(path), Err(fault), "{shown}");
    let place = Place::new();
    let sink = place.sink();
    let result = sink.add_page(0, 1, &raw_page(path));
    assert_eq!(result, Err(PageError::BadPath(fault)), "{shown}");
    assert_eq!(sink.entry_count(), 0);
    assert!(place.names().is_empty(), "{shown}");
    place.assert_canary_untouched();
}

#[test]
fn f1_a_path_that_climbs_is_refused_by_the_receiver() {
    for path in ["../x", "a/../../x", "a/..", "..", "../out/canary", "a/./b", "."] {
        assert_refused(path.as_bytes(), PathFault::DotComponent);
    }
}

#[test]
fn f2_an_absolute_path_is_refused_and_a_tilde_is_a_letter() {
    for path in ["/etc/x", "//x", "/", "a//b", "a/"] {
        assert_refused(path.as_bytes(), PathFault::EmptyComponent);
    }
    assert_eq!(SafePath::parse(b""), Err(PathFault::EmptyComponent));
    assert!(SafePath::parse(b"~/.ssh/x").is_ok());
}

#[test]
fn f3_a_path_with_a_drive_letter_is_refused_everywhere() {
    for path in [r"C:\x", "C:x", "a/c:/x", "x::$DATA"] {
        assert_refused(path.as_bytes(), PathFault::DriveLetter);
    }
}

#[test]
fn t29_a_backslash_is_a_letter_where_the_system_says_so() {
    if cfg!(windows) {
        return crate::common::told::skipped("it is none on Windows");
    }
    let place = Place::new();
    let sink = place.sink();
    let names = [r"dev-disk\x2dby", r"a\..\..\x", r"\\?\C:\x", r"\"];
    for (entry, name) in (0..).zip(names) {
        assert_eq!(crate::common::add(&sink, &[file(name, 1)]), [0], "{name}");
        crate::common::receive(&sink, entry, b"x");
        assert_eq!(std::fs::read(place.at(name)).expect(name), b"x");
    }
    assert_eq!(place.names().len(), names.len());
    place.assert_canary_untouched();
}

#[test]
fn f7_long_components_long_paths_and_deep_paths_are_refused() {
    let component = "x".repeat(255);
    assert!(SafePath::parse(component.as_bytes()).is_ok());
    assert_refused(&[b'x'; 256], PathFault::ComponentTooLong);
    let deep = |components| vec!["x"; components].join("/");
    assert!(SafePath::parse(deep(1024).as_bytes()).is_ok());
    assert_refused(deep(1025).as_bytes(), PathFault::TooDeep);
    assert_refused(&[b'x'; 4097], PathFault::TooLong);
    assert_eq!(SafePath::parse(deep(10_000).as_bytes()), Err(PathFault::TooLong));
}

#[test]
fn f8_control_characters_are_refused() {
    for path in ["\u{1b}[2J", "a\rb", "a\nb", "\u{8}", "\u{7f}", "\u{9b}", "a\0b"] {
        assert_refused(path.as_bytes(), PathFault::ControlCharacter);
    }
}

#[test]
fn f9_names_that_are_not_utf_8_are_refused() {
    for path in [&b"\xff"[..], b"\xed\xa0\x80", b"\xc0\xaf"] {
        assert_refused(path, PathFault::NotUtf8);
    }
}

#[test]
fn f15_the_names_of_part_files_are_refused() {
    for path in [".ultra-abc.part", "a/.ultra-abc.state", ".ultra-/x"] {
        assert_refused(path.as_bytes(), PathFault::ReservedPrefix);
    }
    assert!(SafePath::parse(b".ultra").is_ok());
}

#[test]
fn f16_a_count_that_the_bytes_cannot_hold_is_refused_before_allocating() {
    assert_eq!(decode(u16::MAX, &[0; 100]), Err(PageError::Short));
    assert_eq!(decode(1, &vec![0; MAX_ENTRY_BYTES + 1]), Err(PageError::Long));
}

#[test]
fn a_builder_stops_at_its_limits_and_starts_again() {
    let mut builder = PageBuilder::new();
    let mut pushed = 0;
    while builder.push(&file("x", 1)) {
        pushed += 1;
    }
    assert_eq!(pushed, MAX_BUILT_ENTRIES);
    let (count, bytes) = builder.take();
    assert_eq!(decode(count, &bytes).expect("a page").len(), 512);

    let long = vec!["y".repeat(255); 16].join("/");
    while builder.push(&folder(&long)) {}
    let (count, bytes) = builder.take();
    assert!(bytes.len() <= MAX_ENTRY_BYTES && bytes.len() + 4200 > MAX_ENTRY_BYTES);
    assert_eq!(decode(count, &bytes).expect("a page")[0].kind, EntryKind::Folder);

    let target = "t".repeat(MAX_TARGET_LEN);
    while builder.push(&link(&long, &target)) {}
    let (count, bytes) = builder.take();
    assert!(bytes.len() <= MAX_ENTRY_BYTES && bytes.len() + 8300 > MAX_ENTRY_BYTES);
    assert_eq!(
        decode(count, &bytes).expect("a page")[0].linked,
        Linked::Target(&target)
    );
}

fn link<'a>(path: &'a str, target: &'a str) -> PageEntry<'a> {
    PageEntry {
        kind: EntryKind::Link,
        linked: Linked::Target(target),
        ..file(path, 0)
    }
}

#[test]
fn damaged_pages_are_refused_or_decoded_but_never_more() {
    let hard_link = PageEntry {
        kind: EntryKind::HardLink,
        linked: Linked::Entry(1),
        ..file("a/e", 0)
    };
    let sparse = PageEntry {
        data_bytes: 7,
        ..file("a/c", u64::from(u32::MAX))
    };
    let (count, bytes) = page(&[folder("a"), file("a/b", 3), sparse, link("a/d", "b"), hard_link]);
    for len in 0..bytes.len() {
        assert!(decode(count, &bytes[..len]).is_err(), "cut to {len}");
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            if let Ok(entries) = decode(count, &damaged) {
                assert_eq!(entries.len(), 5);
            }
        }
    }
}

#[test]
fn entries_with_broken_fields_are_refused() {
    let (count, mut bytes) = page(&[file("a", 0)]);
    let len = bytes.len();
    // The extension is one owner of no bytes.
    bytes[len - 2..].copy_from_slice(&3u16.to_le_bytes());
    bytes.extend([3, 0, 0]);
    assert_eq!(decode(count, &bytes), Err(PageError::BadExtension));
    let place = Place::new();
    assert_eq!(place.sink().add_page(0, count, &bytes), Err(PageError::BadExtension));
}
