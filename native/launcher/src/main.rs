//! `ultra`, the one executable: unpacks Deno, the engine and the control plane once, and becomes Deno.

#![forbid(unsafe_code)]

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use ultra_launcher::home::{self, Unusable};
use ultra_launcher::memory;
use ultra_launcher::os;
use ultra_launcher::payload::{LICENSES, Payload};
use ultra_launcher::places::{VARIABLE, places};
use ultra_launcher::refusal::{Refusal, reason, shown};
use ultra_launcher::run::run;
use ultra_launcher::start::{Fault, Start};

fn main() -> ExitCode {
    match launch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            let is_json = env::args_os().any(|argument| argument == "--json");
            // Nothing is left to do about a terminal that is gone.
            let _ = refusal.print(is_json);
            ExitCode::from(refusal.code)
        }
    }
}

/// Returns after printing the licences; in all other cases this process becomes Deno, or refuses.
fn launch() -> Result<(), Refusal> {
    let payload = os::own_file().and_then(Payload::open).map_err(damaged)?;
    let mut start = Start::sort(&payload.manifest, env::args_os().skip(1), env::vars_os());
    if start.wants_licenses() {
        return licenses(&payload);
    }
    if env::current_dir().is_err() && env::set_current_dir("/").is_ok() {
        start.fault.get_or_insert(Fault::Folder);
    }
    Err(start_somewhere(&payload, &start))
}

/// Tries the places in turn. Where something can be unpacked but not run, the next one is tried.
fn start_somewhere(payload: &Payload, start: &Start) -> Refusal {
    let mut reasons = Vec::new();
    match places(|name| env::var_os(name), &os::user()) {
        Err(wrong) => return Refusal::disk(wrong),
        Ok(places) => {
            for place in &places {
                let why = match home::ready(place, payload) {
                    Ok(home) => reason(&run(&home, start)),
                    Err(Unusable::Payload) => return damaged(io::ErrorKind::InvalidData.into()),
                    Err(Unusable::System(words)) => return Refusal::disk(words),
                    Err(Unusable::Place(why)) => why,
                };
                reasons.push(format!("{}: {why}", shown(&place.base)));
            }
        }
    }
    if env::var_os(VARIABLE).is_none_or(|value| value.is_empty()) {
        let why = match memory::in_memory(payload) {
            Ok(home) => reason(&run(&home, start)),
            Err(error) => reason(&error),
        };
        reasons.push(format!("memory: {why}"));
    }
    Refusal::disk(format!(
        "cannot unpack itself ({}); set {VARIABLE} to a folder of yours with 110 MB free where programs may be run",
        reasons.join("; ")
    ))
}

fn licenses(payload: &Payload) -> Result<(), Refusal> {
    let part = payload.manifest.part(LICENSES);
    let part = part.ok_or_else(|| damaged(io::ErrorKind::InvalidData.into()))?;
    let mut out = io::stdout().lock();
    match payload.write(part, &mut out).and_then(|()| out.flush()) {
        // The reader has seen enough: `ultra licenses | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(damaged(error)),
        Err(error) => Err(Refusal::disk(format!("cannot write the licences ({})", reason(&error)))),
        Ok(()) => Ok(()),
    }
}

fn damaged(error: io::Error) -> Refusal {
    Refusal::disk(match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            "this executable file is incomplete or was changed; copy it again".to_owned()
        }
        _ => format!(
            "cannot read its own executable file as {} ({})",
            os::OWN_FILE,
            reason(&error)
        ),
    })
}
