//! Builds msquic as a static archive: the unmodified sources of the locked `msquic-src` crate are copied, the guarded edits
//! are applied to the copy, and cmake compiles it against the OpenSSL that `openssl-sys` has just built.
//!
//! The archive is kept under a key of all that goes into it (see `build/store.rs`). So C is compiled once for each such key: not
//! again for clippy, which runs this script as another one, nor when this script or a comment of the edits changes.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, exit};

#[path = "congestion/files.rs"]
mod congestion;
#[path = "build/edits.rs"]
mod edits;
#[path = "edits/list.rs"]
mod list;
#[path = "build/replace.rs"]
mod replace;
#[path = "build/store.rs"]
mod store;

/// The version the bindings in `src/` were written for. The requirement in Cargo.toml says the same.
const MSQUIC_VERSION: &str = "2.6.3";

fn main() {
    // Cargo.toml is watched because the version of the C sources stands there.
    for watched in ["build.rs", "build", "congestion", "edits", "Cargo.toml"] {
        println!("cargo:rerun-if-changed={watched}");
    }
    if let Err(message) = build() {
        println!("cargo::error={}", message.replace('\n', " "));
        exit(1);
    }
}

fn build() -> Result<(), String> {
    let (include, root) = (dependency("DEP_OPENSSL_INCLUDE")?, dependency("DEP_OPENSSL_ROOT")?);
    let mut defines: Vec<(&str, OsString)> = DEFINES.iter().map(|&(name, value)| (name, value.into())).collect();
    defines.push(("QUIC_OPENSSL_INCLUDE_DIR", include));
    defines.push(("QUIC_OPENSSL_LIB_DIR", Path::new(&root).join("lib").into()));
    let installed = store::kept(&store_folder()?, &key(&defines), |folder| {
        check_tools()?;
        let sources = copy_msquic(folder)?;
        edits::apply(&sources, list::EDITS)?;
        replace::apply(&sources, congestion::FILES)?;
        compile(&sources, folder, &defines);
        Ok(())
    })?;
    link(&installed);
    Ok(())
}

/// What cmake is told, besides the paths of OpenSSL.
const DEFINES: &[(&str, &str)] = &[
    ("QUIC_TLS_LIB", "openssl"),
    ("QUIC_USE_EXTERNAL_OPENSSL", "on"),
    ("QUIC_BUILD_SHARED", "off"),
    ("QUIC_BUILD_TOOLS", "off"),
    ("QUIC_BUILD_TEST", "off"),
    ("QUIC_BUILD_PERF", "off"),
    ("QUIC_ENABLE_LOGGING", "off"),
    // Otherwise cmake asks git about whatever repository is around the target folder.
    ("QUIC_EMBED_GIT_HASH", "off"),
    ("QUIC_SOURCE_LINK", "off"),
    // With libnuma-dev on the build machine the library would need libnuma on every other one.
    ("NUMA", "off"),
    ("CMAKE_INSTALL_LIBDIR", "lib"),
];

/// The variables through which a user changes what cmake and the compiler do; `CC` alone stands for `CC_<target>` too.
const VARIABLES: &[&str] = &[
    "TARGET",
    "CC",
    "CXX",
    "AR",
    "RANLIB",
    "CFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "CMAKE",
    "CMAKE_GENERATOR",
    "CMAKE_TOOLCHAIN_FILE",
    "CMAKE_PREFIX_PATH",
    "MACOSX_DEPLOYMENT_TARGET",
    "SDKROOT",
];

/// All that goes into the archive. The sources are named by their version alone: Cargo.lock holds their checksum.
fn key(defines: &[(&str, OsString)]) -> store::Key {
    let mut key = store::Key::default();
    key.add("msquic-src", MSQUIC_VERSION);
    for (name, value) in defines {
        key.add(name, value.to_string_lossy());
    }
    let target = env::var("TARGET").unwrap_or_default();
    for name in VARIABLES {
        for name in [
            (*name).to_owned(),
            format!("{name}_{target}"),
            format!("{name}_{}", target.replace('-', "_")),
        ] {
            println!("cargo:rerun-if-env-changed={name}");
            key.add(&name, env::var_os(&name).unwrap_or_default().to_string_lossy());
        }
    }
    for edit in list::EDITS {
        let lines = format!("{}:{}-{} {}", edit.file, edit.first_line, edit.last_line, edit.sha256);
        key.add(&lines, edit.replacement);
    }
    for file in congestion::FILES {
        key.add(&format!("{} {}", file.file, file.sha256), file.with);
    }
    key
}

/// Beside the folder `build` in which Cargo gives each build script its own: `target/release/msquic`.
fn store_folder() -> Result<PathBuf, String> {
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: run this through cargo")?;
    let out = PathBuf::from(out);
    let profile = out
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "build"))
        .and_then(Path::parent);
    Ok(profile.unwrap_or(&out).join("msquic"))
}

/// cmake and make say little when a tool is missing, so ask for each of them first.
///
/// perl is not among them: Cargo runs the script of `openssl-sys` before this one, so a machine without perl never comes here.
/// What it shows then is openssl-src's own error, which names perl in its last lines; `scripts/tools.ts` asks for perl (and for
/// all others) before Cargo starts, so only somebody who runs Cargo by hand meets it.
fn check_tools() -> Result<(), String> {
    let cmake = env::var_os("CMAKE").unwrap_or_else(|| "cmake".into());
    need(&cmake, "cmake 3.20 or newer", "cmake")?;
    let msvc = env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|value| value == "msvc");
    if !msvc {
        // With MSVC cmake finds Visual Studio by itself and needs no make.
        need(&"make".into(), "make", "make")?;
    }
    let compiler = cc::Build::new()
        .try_get_compiler()
        .map_err(|error| missing("a C compiler", &error.to_string(), "gcc"))?;
    if !msvc {
        let path = compiler.path().as_os_str().to_owned();
        need(&path, "a C compiler", "gcc")?;
    }
    Ok(())
}

fn need(program: &OsString, what: &str, package: &str) -> Result<(), String> {
    let result = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match result {
        Ok(_) => Ok(()),
        Err(error) => Err(missing(
            what,
            &format!("`{}`: {error}", program.to_string_lossy()),
            package,
        )),
    }
}

fn missing(what: &str, why: &str, package: &str) -> String {
    let how = match env::consts::OS {
        "macos" if package == "gcc" || package == "make" => "xcode-select --install".to_owned(),
        "macos" => format!("brew install {package}"),
        "windows" if package == "gcc" => "install the Visual Studio Build Tools with the C++ workload".to_owned(),
        "windows" => "winget install Kitware.CMake".to_owned(),
        _ => format!("apt install {package}, dnf install {package} or the like"),
    };
    format!("building msquic needs {what}, which cannot be run ({why}); to get it: {how}")
}

/// Copies the C sources out of the `msquic-src` crate, which Cargo has downloaded and checked against Cargo.lock.
fn copy_msquic(folder: &Path) -> Result<PathBuf, String> {
    let target = folder.join("sources");
    copy_folder(&find_msquic()?, &target).map_err(|error| format!("cannot copy the sources of msquic: {error}"))?;
    Ok(target)
}

fn find_msquic() -> Result<PathBuf, String> {
    let cargo = env::var_os("CARGO").ok_or("CARGO is not set: run this through cargo")?;
    let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?;
    let workspace = Path::new(&package)
        .parent()
        .ok_or("msquic-sys is not inside its workspace")?;
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version", "1"])
        .current_dir(workspace)
        .output()
        .map_err(|error| format!("cannot run cargo metadata: {error}"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo metadata --locked failed: {}", stderr.trim()));
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cannot read the answer of cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let manifest = packages
        .filter(|package| package["name"] == "msquic-src" && package["version"] == MSQUIC_VERSION)
        .find_map(|package| package["manifest_path"].as_str())
        .ok_or_else(|| format!("msquic-src {MSQUIC_VERSION} is not in Cargo.lock"))?;
    Ok(Path::new(manifest).with_file_name("msquic"))
}

fn copy_folder(source: &Path, target: &Path) -> io::Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        let to = target.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else if entry.file_name() != "tls-sources.tar.xz" {
            // (The archive left out holds another TLS library, which is not used.) Written anew and not copied: a
            // vendored crate may be read-only, and its edits would fail.
            fs::write(to, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

/// Leaves `lib/libmsquic.a` in `folder`.
fn compile(sources: &Path, folder: &Path, defines: &[(&str, OsString)]) {
    let mut config = cmake::Config::new(sources);
    config.profile("Release").out_dir(folder);
    for (name, value) in defines {
        config.define(name, value);
    }
    // It panics when cmake fails; cmake's own output stands above that, so nothing is lost.
    config.build();
}

fn link(installed: &Path) {
    println!("cargo:rustc-link-search=native={}", installed.join("lib").display());
    // One archive with msquic's core and platform code. The OpenSSL objects it also holds are those of `openssl-sys`, whose
    // `static=ssl` and `static=crypto` come after it: the linker takes each object once, from whichever comes first.
    println!("cargo:rustc-link-lib=static=msquic");
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => {
            println!("cargo:rustc-link-lib=framework=CoreFoundation");
            println!("cargo:rustc-link-lib=framework=Security");
        }
        Ok("windows") => {
            let libraries = [
                "ws2_32", "schannel", "ntdll", "bcrypt", "ncrypt", "crypt32", "iphlpapi", "advapi32", "secur32",
                "userenv", "onecore", "winmm",
            ];
            for library in libraries {
                println!("cargo:rustc-link-lib=dylib={library}");
            }
        }
        _ => {}
    }
}

fn dependency(name: &str) -> Result<OsString, String> {
    env::var_os(name).ok_or_else(|| format!("{name} is not set: openssl-sys did not build OpenSSL"))
}
