//! The functions that TypeScript calls, `docs/engine.md`. The only module where raw pointers come in from outside.
//!
//! Every function catches panics, checks every length and id, and answers a negative number instead of failing in any other way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::args::{Args, ConnectArgs, ListenArgs, SinkArgs, StartArgs};
use crate::engine::Engine;
use crate::events::{Events, TakeError};
use crate::layout::{self, Command, EventKind, RECORD_LEN, Refusal};
use crate::record::{Record, whole};
use crate::source::Cache;
use crate::stats::STATS;

mod surroundings;

static EVENTS: OnceLock<Arc<Events>> = OnceLock::new();
static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
/// `ultra_start` once.
static STARTING: Mutex<()> = Mutex::new(());

/// Most bytes that one call takes or gives: far above any legal block, far below what could hurt.
const MOST_BYTES: u32 = 64 << 20;

type Answer = Result<i32, i32>;

fn events() -> &'static Arc<Events> {
    EVENTS.get_or_init(Arc::default)
}

fn on_panic(text: String) {
    events().push_text(Record::event(EventKind::Fault, 0), text);
}

fn engine() -> Result<&'static Arc<Engine>, i32> {
    ENGINE.get().ok_or(refuse(Refusal::Closed))
}

fn refuse(refusal: Refusal) -> i32 {
    -(refusal as i32)
}

fn bad() -> i32 {
    refuse(Refusal::BadArguments)
}

/// Runs the body of a function; a panic becomes a FAULT event and a refusal.
fn guarded(body: impl FnOnce() -> Answer) -> i32 {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(answer) | Err(answer)) => answer,
        Err(panic) => {
            on_panic(crate::quic::panic_text(panic.as_ref()));
            refuse(Refusal::Internal)
        }
    }
}

/// # Safety
/// `pointer` is null or has `len` readable bytes during the call that uses the result.
unsafe fn input<'a>(pointer: *const u8, len: u32) -> Result<&'a [u8], i32> {
    if len == 0 {
        return Ok(&[]); // an empty view arrives as a null pointer
    }
    if pointer.is_null() || len > MOST_BYTES {
        return Err(bad());
    }
    // SAFETY: by the contract of this function.
    Ok(unsafe { std::slice::from_raw_parts(pointer, len as usize) })
}

/// # Safety
/// `pointer` is null or has `len` writable bytes that nothing else uses during the call.
unsafe fn output<'a>(pointer: *mut u8, len: u32) -> Result<&'a mut [u8], i32> {
    if len == 0 {
        return Ok(&mut []);
    }
    if pointer.is_null() || len > MOST_BYTES {
        return Err(bad());
    }
    // SAFETY: by the contract of this function.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer, len as usize) })
}

fn answer_bytes(out: &mut [u8], bytes: &[u8]) -> Answer {
    let place = out.get_mut(..bytes.len()).ok_or(refuse(Refusal::TooMuch))?;
    place.copy_from_slice(bytes);
    i32::try_from(bytes.len()).map_err(|_| refuse(Refusal::TooMuch))
}

fn answer_numbers(out: &mut [u8], numbers: &[f64]) -> Answer {
    let bytes: Vec<u8> = numbers.iter().copied().flat_map(f64::to_le_bytes).collect();
    answer_bytes(out, &bytes)
}

fn id_answer(id: u32) -> Answer {
    i32::try_from(id).map_err(|_| refuse(Refusal::TooMuch))
}

fn done(result: Result<(), Refusal>) -> Answer {
    result.map(|()| 0).map_err(refuse)
}

// The contract of every function below, stated once: a pointer is null or points to as many bytes as the length beside it
// says, valid during the call. Deno's `buffer` parameters keep it; `src/engine/native.ts` passes nothing else.

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_layout(out: *mut u8, cap: u32) -> i32 {
    // SAFETY: the caller's promise.
    guarded(|| answer_bytes(unsafe { output(out, cap) }?, layout::typescript().as_bytes()))
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_start(args: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let args = StartArgs::parse(unsafe { input(args, len) }?).ok_or(bad())?;
        let _one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if ENGINE.get().is_some() {
            return Err(bad());
        }
        keep_private()?;
        let engine = Engine::start(&args, events().clone(), on_panic)?;
        ENGINE.set(engine).map_err(|_| bad())?;
        Ok(0)
    })
}

/// Keys and tickets are in this process's memory: it leaves no core file, and other processes of the user can neither read its
/// memory nor its environment. (`exec` resets the flag, so the launcher cannot set it.)
fn keep_private() -> Result<(), i32> {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: sets a flag of the process by number; no memory is passed.
        if unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) } != 0 {
            return Err(refuse(Refusal::Internal));
        }
    }
    Ok(())
}

#[unsafe(no_mangle)]
pub extern "C" fn ultra_stop() {
    guarded(|| {
        match ENGINE.get() {
            Some(engine) => engine.stop(),
            None => events().close(),
        }
        Ok(0)
    });
}

/// Blocks up to `timeout_ms`: called as a nonblocking symbol, on a thread of Deno's pool.
///
/// # Safety
/// See above; `out` has room for `records` records.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_wait(out: *mut u8, records: u32, timeout_ms: u32) -> i32 {
    guarded(|| {
        let cap = records.checked_mul(RECORD_LEN as u32).ok_or(bad())?;
        // SAFETY: the caller's promise.
        let out = unsafe { output(out, cap) }?;
        let Some(taken) = events().wait(records as usize, Duration::from_millis(timeout_ms.into())) else {
            return Err(refuse(Refusal::Closed));
        };
        let (places, _) = out.as_chunks_mut::<RECORD_LEN>();
        for (place, record) in places.iter_mut().zip(&taken) {
            record.write(place);
        }
        Ok(taken.len() as i32)
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_take(payload: u32, out: *mut u8, cap: u32) -> i32 {
    guarded(|| {
        if cap == 0
            && let Some(len) = events().payload_len(payload).filter(|len| *len > 0)
        {
            return i32::try_from(len).map_err(|_| refuse(Refusal::TooMuch)); // asks for the length
        }
        // SAFETY: the caller's promise.
        let out = unsafe { output(out, cap) }?;
        let payload = events().take(payload, out.len()).map_err(|error| match error {
            TakeError::Unknown => refuse(Refusal::UnknownId),
            TakeError::TooLong => refuse(Refusal::TooMuch),
        })?;
        let answer = answer_bytes(out, &payload.bytes);
        if let Some(then) = payload.on_take {
            then();
        }
        answer
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_identity(out: *mut u8, cap: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let out = unsafe { output(out, cap) }?;
        let made = crate::identity::make().map_err(|_| refuse(Refusal::Internal))?;
        answer_bytes(out, &[&made.hash[..], &made.pkcs12].concat())
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_listen(args: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let args = ListenArgs::parse(unsafe { input(args, len) }?).ok_or(bad())?;
        id_answer(engine()?.listen(args)?)
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_retune(listener: u32, settings: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let mut args = Args::new(unsafe { input(settings, len) }?);
        let settings = args.settings().ok_or(bad())?;
        args.end().ok_or(bad())?;
        done(engine()?.retune(listener, &settings))
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_connect(args: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let args = ConnectArgs::parse(unsafe { input(args, len) }?).ok_or(bad())?;
        id_answer(engine()?.connect(&args)?)
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_resolve(request: u32, name: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let name = std::str::from_utf8(unsafe { input(name, len) }?).map_err(|_| bad())?;
        engine()?.resolve(request, name.to_owned());
        Ok(0)
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_send(connection: u32, bytes: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        done(engine()?.send(connection, unsafe { input(bytes, len) }?))
    })
}

/// # Safety
/// See above; `commands` has `count` records.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_submit(commands: *const u8, count: u32) -> i32 {
    guarded(|| {
        let len = count.checked_mul(RECORD_LEN as u32).ok_or(bad())?;
        // SAFETY: the caller's promise.
        let (records, _) = unsafe { input(commands, len) }?.as_chunks::<RECORD_LEN>();
        let engine = engine()?;
        for (index, record) in records.iter().enumerate() {
            // A thing that is already gone is no mistake: events of its end are on their way. Anything else is.
            match run(engine, &Record::read(record)) {
                Ok(()) | Err(Refusal::UnknownId | Refusal::Closed) => {}
                Err(refusal) => {
                    return if index == 0 {
                        Err(refuse(refusal))
                    } else {
                        Ok(index as i32)
                    };
                }
            }
        }
        Ok(records.len() as i32)
    })
}

fn run(engine: &Arc<Engine>, record: &Record) -> Result<(), Refusal> {
    let command = Command::from_number(record.kind).ok_or(Refusal::BadArguments)?;
    let Record { id, entry, payload, .. } = *record;
    let first = whole(record.first).ok_or(Refusal::BadArguments)?;
    let count = whole(record.count).ok_or(Refusal::BadArguments)?;
    let short = |number: u64| u16::try_from(number).map_err(|_| Refusal::BadArguments);
    match command {
        Command::Admit => engine.admit(id, payload),
        Command::Attach => engine.attach(id, entry),
        Command::OpenLanes => engine.open_lanes(id, entry, payload, short(first)?, short(count)?),
        Command::Grant => engine.grant(id, entry, payload, first, count),
        Command::FinishLane => engine.finish_lane(id),
        Command::Expect => engine.expect(id, entry, first, count),
        Command::Seal => engine.seal(id, entry),
        Command::Commit => engine.commit(id, entry, first, record.bytes),
        Command::FinishFolders => engine.finish_folders(id),
        Command::Abandon => engine.abandon(id, entry),
        Command::Dispose => engine.dispose(id),
        Command::Close => engine.close(id, first),
    }
}

/// The actual end of the grant; -1 when there is no such grant any more.
#[unsafe(no_mangle)]
pub extern "C" fn ultra_shrink(grant: u32, end: f64) -> f64 {
    let mut actual = -1.0;
    guarded(|| {
        let end = whole(end).ok_or(bad())?;
        if let Some(end) = engine()?.pump.shrink(grant, end) {
            actual = end as f64;
        }
        Ok(0)
    });
    actual
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_source(args: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let mut args = Args::new(unsafe { input(args, len) }?);
        let (kind, size) = (args.u32().ok_or(bad())?, args.f64().and_then(whole).ok_or(bad())?);
        let paths = std::str::from_utf8(args.rest()).map_err(|_| bad())?;
        let paths: Vec<PathBuf> = paths
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
            .collect();
        match kind {
            0 => id_answer(engine()?.source(&paths, Cache::Allowed)),
            1 => id_answer(engine()?.memory_source(size)),
            2 => id_answer(engine()?.source(&paths, Cache::Forgotten)),
            _ => Err(bad()),
        }
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_sink(args: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let args = SinkArgs::parse(unsafe { input(args, len) }?).ok_or(bad())?;
        id_answer(engine()?.sink(&args)?)
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_page(sink: u32, first: u32, count: u32, entries: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let entries = unsafe { input(entries, len) }?.to_vec();
        let count = u16::try_from(count).map_err(|_| bad())?;
        done(engine()?.page(sink, first, count, entries))
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_values(source: u32, entry: u32, first: f64, values: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (values, rest) = unsafe { input(values, len) }?.as_chunks::<32>();
        let first = whole(first).filter(|_| rest.is_empty()).ok_or(bad())?;
        done(engine()?.hold(source, entry, first, values))
    })
}

/// # Safety
/// See above; `out` has 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_root(transfer: u32, statuses: *const u8, count: u32, out: *mut u8) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (statuses, out) = unsafe { (input(statuses, count)?, output(out, 32)?) };
        let root = engine()?.transfer_root(transfer, statuses).map_err(refuse)?;
        answer_bytes(out, &root)
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_stats(out: *mut u8, cap: u32) -> i32 {
    // SAFETY: the caller's promise.
    guarded(|| answer_numbers(unsafe { output(out, cap) }?, &STATS.values()))
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_load(out: *mut u8, cap: u32) -> i32 {
    // SAFETY: the caller's promise.
    guarded(|| answer_numbers(unsafe { output(out, cap) }?, &crate::load::values()))
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_path(connection: u32, out: *mut u8, cap: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let out = unsafe { output(out, cap) }?;
        answer_numbers(out, &engine()?.path(connection).map_err(refuse)?)
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_name(transfer: u32, entry: u32, out: *mut u8, cap: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let out = unsafe { output(out, cap) }?;
        answer_bytes(out, engine()?.name(transfer, entry).map_err(refuse)?.as_bytes())
    })
}
