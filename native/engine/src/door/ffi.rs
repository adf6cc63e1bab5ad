//! The functions that TypeScript calls, `docs/engine.md`. The only module where raw pointers come in from outside.
//!
//! Every function catches panics, checks every length and id, and answers a negative number instead of failing in any other way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use super::blocks::FOLDER_FAULTS;
use super::payloads::{Payloads, TakeError};
use super::places::whole;
use super::queue::Queue;
use super::records::{Batch, RECORD_LEN, Request, write_event};
use super::{abi, blocks, tables, typescript};
use crate::core::command::Answer;
use crate::core::declare::Options;
use crate::core::event::Event;
use crate::core::options::{ConnectOptions, ListenOptions, SinkOptions, SourceOptions, StartOptions};
use crate::core::tell::Tell;
use crate::core::words::Refusal;
use crate::engine::Engine;
use crate::os::{Privacy, System};

static QUEUE: LazyLock<Arc<Queue>> = LazyLock::new(Arc::default);
static PAYLOADS: LazyLock<Payloads> = LazyLock::new(Payloads::default);
static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
/// `ultra_start` once.
static STARTING: Mutex<()> = Mutex::new(());

/// Most bytes that one call takes or gives: far above any legal block, far below what could hurt.
const MOST_BYTES: u32 = 64 << 20;

type CallResult = Result<i32, i32>;

fn on_panic(text: String) {
    QUEUE.tell(Event::Fault { text });
}

fn engine() -> Result<&'static Arc<Engine>, i32> {
    ENGINE.get().ok_or(refuse(Refusal::Closed))
}

fn refuse(refusal: Refusal) -> i32 {
    -(refusal as i32)
}

pub(super) fn bad() -> i32 {
    refuse(Refusal::BadArguments)
}

/// Runs the body of a function; a panic becomes a FAULT event and a refusal.
pub(super) fn guarded(body: impl FnOnce() -> CallResult) -> i32 {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(answer) | Err(answer)) => answer,
        Err(panic) => {
            on_panic(crate::core::workers::panic_text(panic.as_ref()));
            refuse(Refusal::Internal)
        }
    }
}

/// # Safety
/// `pointer` is null or has `len` readable bytes during the call that uses the result.
pub(super) unsafe fn input<'a>(pointer: *const u8, len: u32) -> Result<&'a [u8], i32> {
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
pub(super) unsafe fn output<'a>(pointer: *mut u8, len: u32) -> Result<&'a mut [u8], i32> {
    if len == 0 {
        return Ok(&mut []);
    }
    if pointer.is_null() || len > MOST_BYTES {
        return Err(bad());
    }
    // SAFETY: by the contract of this function.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer, len as usize) })
}

/// # Safety
/// As [`input`].
unsafe fn options<T: Options>(block: *const u8, len: u32) -> Result<T, i32> {
    // SAFETY: by the contract of this function.
    blocks::read(unsafe { input(block, len) }?).ok_or(bad())
}

pub(super) fn answer_bytes(out: &mut [u8], bytes: &[u8]) -> CallResult {
    let place = out.get_mut(..bytes.len()).ok_or(refuse(Refusal::TooMuch))?;
    place.copy_from_slice(bytes);
    i32::try_from(bytes.len()).map_err(|_| refuse(Refusal::TooMuch))
}

fn answer_id(id: u32) -> CallResult {
    i32::try_from(id).map_err(|_| refuse(Refusal::TooMuch))
}

// The contract of every function below, stated once: a pointer is null or points to as many bytes as the length beside it
// says, valid during the call. Deno's `buffer` parameters keep it; `src/engine/native.ts` passes nothing else.

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_describe(out: *mut u8, cap: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let out = unsafe { output(out, cap) }?;
        let version = abi::ABI_VERSION.to_le_bytes();
        if out.len() <= version.len() {
            return answer_bytes(out, &version);
        }
        let (files, tables) = (typescript::modules(), tables::text());
        // A form feed, which no source holds, begins a file; its name is the first line.
        let module: String = files
            .iter()
            .map(|(name, text)| format!("\u{c}{name}\n{text}"))
            .collect();
        let lengths = [module.len() as u32, tables.len() as u32].map(u32::to_le_bytes);
        let text = [
            &version[..],
            lengths.as_flattened(),
            module.as_bytes(),
            tables.as_bytes(),
        ]
        .concat();
        answer_bytes(out, &text)
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_start(block: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let options: StartOptions = unsafe { options(block, len) }?;
        let _one = STARTING.lock();
        if ENGINE.get().is_some() || !options.are_sane() {
            return Err(bad());
        }
        System::keep_private().map_err(refuse)?;
        let engine = Engine::start(&options, QUEUE.clone(), on_panic).map_err(refuse)?;
        ENGINE.set(engine).map_err(|_| bad())?;
        Ok(0)
    })
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
        let (places, _) = unsafe { output(out, cap) }?.as_chunks_mut::<RECORD_LEN>();
        let timeout = Duration::from_millis(timeout_ms.into());
        let Some(events) = QUEUE.wait(places.len(), timeout) else {
            return Err(refuse(Refusal::Closed));
        };
        let count = events.len();
        for (place, event) in places.iter_mut().zip(events) {
            write_event(event, place, |payload| PAYLOADS.store(payload));
        }
        Ok(count as i32)
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_take(payload: u32, out: *mut u8, cap: u32) -> i32 {
    guarded(|| {
        if cap == 0
            && let Some(len) = PAYLOADS.len_of(payload).filter(|len| *len > 0)
        {
            return i32::try_from(len).map_err(|_| refuse(Refusal::TooMuch)); // asks for the length
        }
        // SAFETY: the caller's promise.
        let out = unsafe { output(out, cap) }?;
        let payload = PAYLOADS.take(payload, out.len()).map_err(|error| match error {
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
pub unsafe extern "C" fn ultra_listen(block: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let options: ListenOptions = unsafe { options(block, len) }?;
        answer_id(engine()?.listen(options).map_err(refuse)?)
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_connect(block: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let options: ConnectOptions = unsafe { options(block, len) }?;
        answer_id(engine()?.connect(&options).map_err(refuse)?)
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_source(block: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let options: SourceOptions = unsafe { options(block, len) }?;
        answer_id(engine()?.source(&options))
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_sink(block: *const u8, len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let options: SinkOptions = unsafe { options(block, len) }?;
        let sink = engine()?.sink(&options);
        answer_id(sink.map_err(|fault| -FOLDER_FAULTS - fault.class as i32)?)
    })
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_submit(commands: *const u8, len: u32, out: *mut u8, cap: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (batch, mut out) = unsafe { (Batch::new(input(commands, len)?), output(out, cap)?) };
        let engine = engine()?;
        let mut done = 0;
        for request in batch {
            let result = match request {
                Some(Request::Command(command)) => engine.run(command),
                Some(Request::Question(question)) => {
                    let answer = engine.answer(question);
                    answer.and_then(|answer| append_answer(&mut out, &bytes_of(answer)))
                }
                None => Err(Refusal::BadArguments),
            };
            match result {
                // A thing that is already gone is no mistake: events of its end are on their way. Anything else is.
                Ok(()) | Err(Refusal::UnknownId | Refusal::Closed) => done += 1,
                Err(refusal) if done == 0 => return Err(refuse(refusal)),
                Err(_) => break,
            }
        }
        Ok(done)
    })
}

fn bytes_of(answer: Answer) -> Vec<u8> {
    match answer {
        Answer::Bytes(bytes) => bytes,
        Answer::Settings(settings) => blocks::write(settings),
    }
}

/// Writes the length of an answer and the answer, and leaves the rest of the room.
fn append_answer(out: &mut &mut [u8], answer: &[u8]) -> Result<(), Refusal> {
    let len = u32::try_from(answer.len()).map_err(|_| Refusal::TooMuch)?;
    let (head, rest) = std::mem::take(out)
        .split_at_mut_checked(size_of::<u32>())
        .ok_or(Refusal::TooMuch)?;
    let (place, rest) = rest.split_at_mut_checked(answer.len()).ok_or(Refusal::TooMuch)?;
    head.copy_from_slice(&len.to_le_bytes());
    place.copy_from_slice(answer);
    *out = rest;
    Ok(())
}

/// The actual end of the grant; -1 when there is no such grant any more.
#[unsafe(no_mangle)]
pub extern "C" fn ultra_shrink(grant: u32, end: f64) -> f64 {
    let mut actual = -1.0;
    guarded(|| {
        let end = whole(end).ok_or(bad())?;
        if let Some(end) = engine()?.shrink(grant, end) {
            actual = end as f64;
        }
        Ok(0)
    });
    actual
}

/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_measure(id: u32, out: *mut u8, cap: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let out = unsafe { output(out, cap) }?;
        let numbers = engine()?.measure(id).map_err(refuse)?;
        let bytes: Vec<u8> = numbers.into_iter().flat_map(f64::to_le_bytes).collect();
        answer_bytes(out, &bytes)
    })
}
