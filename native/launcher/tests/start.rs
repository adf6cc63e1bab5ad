//! What becomes of arguments and variables, and where files may be unpacked.

use std::ffi::OsString;
#[cfg(unix)]
use std::os::unix::ffi::OsStringExt;
#[cfg(unix)]
use std::path::Path;

use ultra_launcher::payload::{Manifest, Permissions};
#[cfg(unix)]
use ultra_launcher::places::{Place, places};
#[cfg(unix)]
use ultra_launcher::start::Fault;
use ultra_launcher::start::{PLACEHOLDER, Start};

const TICKET: &str = "ultra1abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwxyz";

fn manifest() -> Manifest {
    let row = |command: &str, flags: &[&str]| Permissions {
        command: command.to_owned(),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
    };
    Manifest {
        parts: Vec::new(),
        permissions: vec![
            row("send", &["--allow-ffi", "--allow-read"]),
            row("recv", &["--allow-ffi", "--allow-write"]),
            row("PATH...", &["--allow-ffi", "--allow-read=PATH..."]),
        ],
        variables: vec!["TERM".to_owned()],
        secrets: vec!["ULTRA_TICKET".to_owned()],
    }
}

fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Start {
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    Start::sort(&manifest(), arguments.iter().map(OsString::from), environment)
}

#[test]
fn t11_tickets_leave_the_arguments_and_the_environment() {
    let to = format!("--to={TICKET}");
    let start = start(&["send", "f", &to], &[("ULTRA_TICKET", TICKET), ("HOME", "/h")]);
    assert_eq!(start.arguments, ["send", "f", PLACEHOLDER]);
    assert_eq!(start.environment, [("HOME".into(), "/h".into())]);
    let expected = format!("2={to}\0ULTRA_TICKET={TICKET}\0");
    assert_eq!(String::from_utf8(start.secrets).unwrap(), expected);
}

#[test]
fn t11_pieces_of_a_ticket_that_white_space_has_split_are_secret_too() {
    let start = start(&["send", &TICKET[..40], &TICKET[40..], "movie.mkv"], &[]);
    assert_eq!(start.arguments, ["send", PLACEHOLDER, PLACEHOLDER, "movie.mkv"]);
}

#[test]
fn t11_arguments_without_a_ticket_are_handed_on_untouched() {
    let given = [
        "send",
        "",
        "a b",
        "--",
        "-A",
        "'\"$x`*",
        "ultra1...",
        "abcdefghijklmnopqrstuvwxyz",
    ];
    let start = start(&given, &[("ULTRA_TICKET", "")]);
    assert_eq!(start.arguments, given);
    assert_eq!(start.secrets, b"");
}

#[test]
fn what_could_change_deno_is_scrubbed_and_the_rest_stays() {
    let start = start(
        &["send"],
        &[
            ("DENO_V8_FLAGS", "--x"),
            ("DENO_CERT", "c"),
            ("NODE_OPTIONS", "n"),
            ("NODE_CHANNEL_FD", "3"),
            ("OTEL_DENO", "true"),
            ("Deno_V8_Flags", "--y"),
            ("LD_LIBRARY_PATH", "/l"),
            ("TERM", "xterm"),
        ],
    );
    let stays = [("LD_LIBRARY_PATH".into(), "/l".into()), ("TERM".into(), "xterm".into())];
    assert_eq!(start.environment, stays);
    assert_eq!(start.variables, [("TERM".to_owned(), "xterm".to_owned())]);
}

#[test]
fn permissions_are_those_of_the_command_and_none_without_one() {
    for arguments in [
        &[][..],
        &["help"],
        &["help", "send"],
        &["send", "--help"],
        &["recv", "-h"],
        &["--version"],
        &["send", "-V"],
        &["licenses"],
        &["dance"],
    ] {
        assert!(start(arguments, &[]).permissions.is_empty(), "{arguments:?}");
    }
    for arguments in [&["send", "f"][..], &["--", "send", "f"], &["send", "--", "--help"]] {
        assert_eq!(
            start(arguments, &[]).permissions,
            ["--allow-ffi", "--allow-read"],
            "{arguments:?}"
        );
    }
    assert!(start(&["licenses", "--"], &[]).wants_licenses() && !start(&["licenses", "send"], &[]).wants_licenses());
    assert_eq!(
        start(&["--json", "recv"], &[]).permissions,
        ["--allow-ffi", "--allow-write"]
    );
    // A value can look like a command: the launcher does not parse flags, so both count.
    let both = start(&["--into", "send", "recv"], &[]).permissions;
    assert_eq!(both, ["--allow-ffi", "--allow-read", "--allow-write"]);
    // A command without permissions gets no secrets from the environment.
    assert_eq!(start(&["--version"], &[("ULTRA_TICKET", TICKET)]).secrets, b"");
}

#[cfg(unix)]
#[test]
fn absolute_paths_alone_have_permissions_of_their_own() {
    let dropped = ["--allow-ffi", "--allow-read=PATH..."];
    for arguments in [&["/a"][..], &["/a b", "/send", "/c,d"]] {
        assert_eq!(start(arguments, &[]).permissions, dropped, "{arguments:?}");
    }
    for arguments in [
        &["/a", "b"][..],
        &["./a"],
        &["/a", "--help"],
        &["/a", "--json"],
        &["PATH...", "x"],
    ] {
        let permissions = start(arguments, &[]).permissions;
        assert_ne!(permissions, dropped, "{arguments:?}");
    }
    let with_command = start(&["send", "/a"], &[]).permissions;
    assert_eq!(with_command, ["--allow-ffi", "--allow-read"]);
}

#[cfg(unix)]
#[test]
fn t30_an_argument_that_is_no_utf8_is_named_by_its_place() {
    let arguments = [OsString::from("send"), OsString::from_vec(b"r\xe4ks".to_vec())];
    let start = Start::sort(&manifest(), arguments, []);
    assert_eq!(start.fault, Some(Fault::Encoding(1)));
    assert_eq!(start.arguments, ["send", "r\u{fffd}ks"]);
}

#[cfg(unix)]
#[test]
fn places_are_tried_from_the_users_cache_to_a_temporary_folder() {
    let bases = |variables: &[(&str, &str)]| {
        let find = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.into())
        };
        let places = places(find, "1000");
        places.map(|places| places.into_iter().map(|Place { base, .. }| base).collect::<Vec<_>>())
    };
    let all = [
        ("HOME", "/home/a"),
        ("XDG_CACHE_HOME", "/cache"),
        ("XDG_RUNTIME_DIR", "/run/a"),
        ("TMPDIR", "/scratch"),
    ];
    let expected = ["/cache/ultra", "/run/a/ultra", "/scratch/ultra-1000"].map(|path| Path::new(path).to_owned());
    assert_eq!(bases(&all).unwrap(), expected);
    // Relative and empty ones do not count.
    let odd = [
        ("HOME", "/home/a"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_RUNTIME_DIR", ""),
        ("TMPDIR", "."),
    ];
    let expected = ["/home/a/.cache/ultra", "/tmp/ultra-1000"].map(|path| Path::new(path).to_owned());
    assert_eq!(bases(&odd).unwrap(), expected);
    assert_eq!(bases(&[]).unwrap(), [Path::new("/tmp/ultra-1000")]);
    // What the user chooses is the only one.
    let chosen = [("HOME", "/home/a"), ("ULTRA_CACHE_DIR", "/mine")];
    assert_eq!(bases(&chosen).unwrap(), [Path::new("/mine/ultra")]);
    assert!(bases(&[("ULTRA_CACHE_DIR", "mine")]).unwrap_err().contains("absolute"));
}
