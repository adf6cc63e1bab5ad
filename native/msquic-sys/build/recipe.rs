//! What is compiled of msquic for each system, and with which flags: what msquic's own CMakeLists.txt would choose there, except where a
//! comment says why not.
//!
//! Used by build.rs; the tests below run with those of the crate.

/// `src/core/*.c` but for `inline.c`, which only gives debuggers the inlined functions.
const CORE: &[&str] = &[
    "ack_tracker",
    "api",
    "bbr",
    "binding",
    "configuration",
    "congestion_control",
    "connection",
    "connection_pool",
    "crypto",
    "crypto_tls",
    "cubic",
    "datagram",
    "frame",
    "library",
    "listener",
    "lookup",
    "loss_detection",
    "mtu_discovery",
    "operation",
    "packet",
    "packet_builder",
    "packet_space",
    "partition",
    "path",
    "range",
    "recv_buffer",
    "registration",
    "send",
    "send_buffer",
    "sent_packet_metadata",
    "settings",
    "sliding_window_extremum",
    "stream",
    "stream_recv",
    "stream_send",
    "stream_set",
    "timer_wheel",
    "version_neg",
    "worker",
];

/// Of `src/platform/`, on every system. `certificates_posix.c` refuses to check a chain; the systems' own would be asked by nobody,
/// because the pin in the ticket decides, and would link macOS's frameworks and Windows's certificate store.
const PLATFORM: &[&str] = &[
    "certificates_posix",
    "crypt",
    "crypt_openssl",
    "hashtable",
    "pcp",
    "platform_worker",
    "tls_openssl",
    "tls_openssl_record",
    "toeplitz",
];

const LINUX: &[&str] = &[
    "cgroup",
    "datapath_epoll",
    "datapath_linux",
    "datapath_raw_dummy",
    "datapath_unix",
    "datapath_xplat",
    "platform_posix",
    "selfsign_openssl",
    "storage_posix",
];

const MACOS: &[&str] = &[
    "cgroup",
    "datapath_kqueue",
    "datapath_unix",
    "platform_posix",
    "selfsign_openssl",
    "storage_posix",
];

/// Without XDP, which takes a driver that nobody has, and without the certificate store.
const WINDOWS: &[&str] = &[
    "datapath_raw_dummy",
    "datapath_win",
    "datapath_winuser",
    "datapath_xplat",
    "platform_winuser",
    "storage_winuser",
];

const DEFINES: &[(&str, Option<&str>)] = &[
    ("NDEBUG", None),
    ("QUIC_BUILD_STATIC", None),
    // No tracing.
    ("QUIC_EVENTS_STUB", None),
    ("QUIC_LOGS_STUB", None),
    ("VER_BUILD_ID", Some("0")),
    ("VER_SUFFIX", Some("-private")),
];

const LINUX_DEFINES: &[(&str, Option<&str>)] = &[
    ("CX_PLATFORM_LINUX", None),
    ("HAS_SENDMMSG", None),
    ("HAS_SYSCONF", None),
    ("HAS__SC_PHYS_PAGES", None),
    ("QUIC_SHARED_EPHEMERAL_WORKAROUND", None),
    ("_GNU_SOURCE", None),
];

const MACOS_DEFINES: &[(&str, Option<&str>)] = &[
    ("CX_PLATFORM_DARWIN", None),
    ("HAS_SYSCONF", None),
    ("HAS_SYSCTL", None),
    ("HAS__SC_PHYS_PAGES", None),
    ("_GNU_SOURCE", None),
];

const WINDOWS_DEFINES: &[(&str, Option<&str>)] = &[("SECURITY_WIN32", None), ("WIN32_LEAN_AND_MEAN", None)];

/// Whole structures may be members without names (msquic's headers have them), and `-O3` as msquic's release has it.
const FLAGS: &[&str] = &["-O3", "-fms-extensions"];

/// Warnings are errors where the compiler is the one that msquic is developed with: they are all that looks over the edits.
const GCC_WARNINGS: &[&str] = &[
    "-Werror",
    "-Wall",
    "-Wextra",
    "-Wformat=2",
    "-Wno-type-limits",
    "-Wno-unknown-pragmas",
    "-Wno-multichar",
    "-Wno-missing-field-initializers",
];

/// clang and MinGW's headers warn of what is usual in msquic.
const NO_WARNINGS: &[&str] = &["-w"];

/// MSVC's compiler assumes no strict aliasing, so msquic's Windows files were never held to it.
const WINDOWS_FLAGS: &[&str] = &["-fno-strict-aliasing"];

/// What MinGW's headers lack, included before all else.
const MINGW_HEADER: &str = include_str!("mingw.h");

/// How one system's archive is made.
pub struct Recipe {
    /// Below the root of the sources.
    pub files: Vec<String>,
    pub defines: Vec<(&'static str, Option<&'static str>)>,
    pub flags: Vec<&'static str>,
    /// Besides those, for gcc.
    pub gcc_flags: &'static [&'static str],
    /// Besides those, for another compiler.
    pub other_flags: &'static [&'static str],
    /// The text of a header that each file includes first.
    pub header: Option<&'static str>,
}

impl Recipe {
    /// By the names that Cargo has for systems (`CARGO_CFG_TARGET_OS`, `CARGO_CFG_TARGET_ENV`).
    pub fn new(os: &str, env: &str) -> Result<Recipe, String> {
        let (files, defines, flags, header): (_, _, &[&str], _) = match (os, env) {
            ("linux", _) => (LINUX, LINUX_DEFINES, &[], None),
            ("macos", _) => (MACOS, MACOS_DEFINES, &[], None),
            ("windows", "gnu") => (WINDOWS, WINDOWS_DEFINES, WINDOWS_FLAGS, Some(MINGW_HEADER)),
            ("windows", _) => {
                return Err("for Windows msquic is built for the target x86_64-pc-windows-gnu alone".into());
            }
            _ => {
                return Err(format!(
                    "msquic is built for Linux, macOS and Windows, and not for {os}"
                ));
            }
        };
        let core = CORE.iter().map(|name| format!("src/core/{name}.c"));
        let platform = PLATFORM.iter().chain(files);
        let platform = platform.map(|name| format!("src/platform/{name}.c"));
        Ok(Recipe {
            files: core.chain(platform).collect(),
            defines: [DEFINES, defines].concat(),
            flags: [FLAGS, flags].concat(),
            header,
            gcc_flags: if os == "linux" { GCC_WARNINGS } else { NO_WARNINGS },
            other_flags: NO_WARNINGS,
        })
    }

    /// All of it, for the key under which the archive is kept.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter().map(|file| ("file", file.as_str()));
        let defines = self
            .defines
            .iter()
            .map(|(name, value)| (*name, value.unwrap_or_default()));
        let flags = self.flags.iter().chain(self.gcc_flags).chain(self.other_flags);
        let header = self.header.map(|text| ("header", text));
        files
            .chain(defines)
            .chain(flags.map(|flag| ("flag", *flag)))
            .chain(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(os: &str, env: &str) -> Vec<(String, String)> {
        let recipe = Recipe::new(os, env).unwrap();
        recipe
            .parts()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn each_system_has_its_own_datapath_and_all_the_same_certificates() {
        for (os, env, datapath) in [
            ("linux", "gnu", "src/platform/datapath_epoll.c"),
            ("macos", "", "src/platform/datapath_kqueue.c"),
            ("windows", "gnu", "src/platform/datapath_winuser.c"),
        ] {
            let parts = parts(os, env);
            let has = |file: &str| parts.contains(&("file".to_owned(), file.to_owned()));
            assert!(
                has(datapath) && has("src/platform/certificates_posix.c") && has("src/core/api.c"),
                "{os}"
            );
        }
    }

    #[test]
    fn files_flags_and_header_are_in_the_key() {
        let parts = parts("windows", "gnu");
        let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.contains(&"file") && names.contains(&"flag") && names.contains(&"header"));
        assert!(names.contains(&"QUIC_LOGS_STUB"));
    }

    #[test]
    fn other_systems_are_refused_in_words() {
        let refused = |os: &str, env: &str| Recipe::new(os, env).err().unwrap();
        assert!(refused("freebsd", "").contains("freebsd"));
        assert!(refused("windows", "msvc").contains("x86_64-pc-windows-gnu"));
    }
}
