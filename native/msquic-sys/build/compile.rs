//! Compiles what the recipe says, through the `cc` crate: it finds the compiler of the target as Cargo's users know it (`CC`,
//! `CC_<target>`, `CFLAGS`), and adds what every library here has, such as `-fPIC`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::recipe::Recipe;

/// Leaves `libmsquic.a` in `folder`.
pub fn compile(recipe: &Recipe, sources: &Path, openssl: &Path, folder: &Path) -> Result<(), String> {
    let mut build = cc::Build::new();
    build.warnings(false).cargo_metadata(false).out_dir(folder);
    build.include(sources.join("src/inc")).include(openssl);
    for (name, value) in &recipe.defines {
        build.define(name, *value);
    }
    let compiler = build.try_get_compiler().map_err(|error| failed(&error))?;
    let of_compiler = if compiler.is_like_gnu() {
        recipe.gcc_flags
    } else {
        recipe.other_flags
    };
    build.flags(recipe.flags.iter().chain(of_compiler));
    if let Some(text) = recipe.header {
        let path = sources.join("first.h");
        fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        build.flag("-include").flag(path);
    }
    build.files(recipe.files.iter().map(|file| sources.join(file)));
    build.try_compile("msquic").map_err(|error| failed(&error))?;
    remove_objects(folder).map_err(|error| format!("cannot clear {}: {error}", folder.display()))
}

fn failed(error: &cc::Error) -> String {
    format!("cannot compile msquic: {error}; `deno task native` names the tools that are missing")
}

/// What `cc` leaves beside the archive.
fn remove_objects(folder: &Path) -> io::Result<()> {
    let paths: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    for path in paths {
        if path.extension().is_some_and(|extension| extension == "o") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
