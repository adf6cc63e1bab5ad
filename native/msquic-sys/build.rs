//! Builds msquic as a static archive: the unmodified sources of the locked `msquic-src` crate are copied, the guarded edits
//! are applied to the copy, and it is compiled against the OpenSSL that `openssl-sys` has just built. What is compiled, and how, is in
//! `build/recipe.rs`; msquic's own build files are not used, because they know neither MinGW nor a Linux that builds for macOS.
//!
//! The archive is kept under a key of all that goes into it (see `build/store.rs`). So C is compiled once for each such key: not
//! again for clippy, which runs this script as another one, nor when this script or a comment of the edits changes.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

use recipe::Recipe;

#[path = "build/compile.rs"]
mod compile;
#[path = "congestion/files.rs"]
mod congestion;
#[path = "build/edits.rs"]
mod edits;
#[path = "edits/list.rs"]
mod list;
#[path = "build/recipe.rs"]
mod recipe;
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
    let openssl =
        env::var_os("DEP_OPENSSL_INCLUDE").ok_or("openssl-sys did not build OpenSSL (no DEP_OPENSSL_INCLUDE)")?;
    let recipe = Recipe::new(&variable("CARGO_CFG_TARGET_OS")?, &variable("CARGO_CFG_TARGET_ENV")?)?;
    let installed = store::kept(&store_folder()?, &key(&recipe, Path::new(&openssl)), |folder| {
        let sources = copy_msquic(folder)?;
        edits::apply(&sources, list::EDITS)?;
        replace::apply(&sources, congestion::FILES)?;
        compile::compile(&recipe, &sources, Path::new(&openssl), &folder.join("lib"))
    })?;
    link(&installed);
    Ok(())
}

/// The variables through which a user changes what the compiler does; `CC` alone stands for `CC_<target>` too.
const VARIABLES: &[&str] = &[
    "TARGET",
    "CC",
    "AR",
    "RANLIB",
    "CFLAGS",
    "MACOSX_DEPLOYMENT_TARGET",
    "SDKROOT",
];

/// All that goes into the archive. The sources are named by their version alone: Cargo.lock holds their checksum.
fn key(recipe: &Recipe, openssl: &Path) -> store::Key {
    let mut key = store::Key::default();
    key.add("msquic-src", MSQUIC_VERSION);
    key.add("openssl", openssl.to_string_lossy());
    for (name, value) in recipe.parts() {
        key.add(name, value);
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

fn link(installed: &Path) {
    println!("cargo:rustc-link-search=native={}", installed.join("lib").display());
    // Its OpenSSL comes from `openssl-sys`, whose libraries the linker sees behind this one.
    println!("cargo:rustc-link-lib=static=msquic");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "windows") {
        for library in ["ws2_32", "ntdll", "bcrypt", "crypt32", "iphlpapi", "advapi32", "winmm"] {
            println!("cargo:rustc-link-lib=dylib={library}");
        }
    }
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set: run this through cargo"))
}
