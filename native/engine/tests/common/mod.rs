//! The door as TypeScript uses it, from Rust: one engine for all tests of a program, one test at a time.
#![allow(dead_code, reason = "each test program uses its part")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ultra_engine::door;

/// Commands of `docs/engine.md`.
pub mod command {
    pub const ADMIT: u32 = 1;
    pub const ATTACH: u32 = 2;
    pub const OPEN_LANES: u32 = 3;
    pub const GRANT: u32 = 4;
    pub const FINISH_LANE: u32 = 5;
    pub const EXPECT: u32 = 6;
    pub const SEAL: u32 = 7;
    pub const COMMIT: u32 = 8;
    pub const DISPOSE: u32 = 11;
    pub const CLOSE: u32 = 12;
}

/// Events of `docs/engine.md`.
pub mod event {
    pub const LISTENING: u32 = 1;
    pub const INCOMING: u32 = 2;
    pub const CONNECTED: u32 = 3;
    pub const CONTROL: u32 = 4;
    pub const CLOSED: u32 = 5;
    pub const LANE_OPENED: u32 = 6;
    pub const LANE_CLOSED: u32 = 7;
    pub const GRANT_READ: u32 = 8;
    pub const PAGE: u32 = 10;
    pub const SEALED: u32 = 13;
    pub const CHECKED: u32 = 15;
    pub const VERIFIED: u32 = 16;
    pub const COMMITTED: u32 = 18;
    pub const DISPOSED: u32 = 23;
    pub const FAULT: u32 = 24;
}

/// Longest wait for an event; a test that needs it fails.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub struct Event {
    pub kind: u32,
    pub id: u32,
    pub entry: u32,
    pub payload: u32,
    pub first: f64,
    pub count: f64,
    pub bytes: [u8; 32],
}

/// A command; fields that are not set are 0.
#[derive(Default)]
pub struct Command {
    pub kind: u32,
    pub id: u32,
    pub entry: u32,
    pub payload: u32,
    pub first: u64,
    pub count: u64,
    pub bytes: [u8; 32],
}

pub struct Door {
    /// Events that came while a test waited for others.
    pub waiting: Vec<Event>,
    next_lane: u32,
    next_grant: u32,
}

static DOOR: Mutex<Option<Door>> = Mutex::new(None);

pub struct Turn(MutexGuard<'static, Option<Door>>);

/// The door, for one test; events of earlier tests are forgotten.
pub fn door() -> Turn {
    let mut turn = DOOR.lock().unwrap_or_else(PoisonError::into_inner);
    let door = turn.get_or_insert_with(|| {
        assert_eq!(start(), 0);
        Door {
            waiting: Vec::new(),
            next_lane: 1,
            next_grant: 1,
        }
    });
    door.forget();
    Turn(turn)
}

impl std::ops::Deref for Turn {
    type Target = Door;
    fn deref(&self) -> &Door {
        self.0.as_ref().unwrap()
    }
}

impl std::ops::DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut Door {
        self.0.as_mut().unwrap()
    }
}

/// Readers, writers, buffers, profile, threads of QUIC, outstanding bytes; no rate limit.
pub fn start() -> i32 {
    let words = [2u32, 2, 16, 0, 1, 8 << 20];
    let words = words.iter().flat_map(|word| word.to_le_bytes());
    let args: Vec<u8> = words.chain(0f64.to_le_bytes()).collect();
    // SAFETY: the pointer and the length are those of a live buffer, as for all calls here.
    unsafe { door::ultra_start(args.as_ptr(), args.len() as u32) }
}

/// Where HandshakeIdleTimeoutMs lies in QUIC_SETTINGS.
const HANDSHAKE_IDLE_TIMEOUT: usize = 16;

/// QUIC_SETTINGS; a listener lets a peer open its control stream.
pub fn settings(listener: bool) -> [u8; 144] {
    let mut settings = [0; 144];
    let mut bits = 0u64;
    let mut set = |bit: u32, at: usize, value: &[u8]| {
        bits |= 1 << bit;
        settings[at..at + value.len()].copy_from_slice(value);
    };
    set(1, HANDSHAKE_IDLE_TIMEOUT, &5_000u64.to_le_bytes());
    set(2, 24, &20_000u64.to_le_bytes()); // IdleTimeoutMs
    set(8, 56, &(16u32 << 20).to_le_bytes()); // ConnFlowControlWindow
    set(24, 106, &[0]); // SendBufferingEnabled
    if listener {
        set(18, 94, &1u16.to_le_bytes()); // PeerBidiStreamCount
    }
    settings[..8].copy_from_slice(&bits.to_le_bytes());
    settings
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Door {
    fn forget(&mut self) {
        while self.poll(Duration::from_millis(50)) {}
        self.waiting.clear();
    }

    /// Takes what is there; `false`: nothing came.
    pub fn poll(&mut self, timeout: Duration) -> bool {
        let mut out = [0u8; 64 * 64];
        // SAFETY: as above; the buffer has room for 64 records.
        let count = unsafe { door::ultra_wait(out.as_mut_ptr(), 64, timeout.as_millis() as u32) };
        assert!(count >= 0, "{count}");
        let (records, _) = out.as_chunks::<64>();
        for record in &records[..count as usize] {
            let word = |at: usize| u32::from_le_bytes(record[at..at + 4].try_into().unwrap());
            let number = |at: usize| f64::from_le_bytes(record[at..at + 8].try_into().unwrap());
            let event = Event {
                kind: word(0),
                id: word(4),
                entry: word(8),
                payload: word(12),
                first: number(16),
                count: number(24),
                bytes: record[32..].try_into().unwrap(),
            };
            assert_ne!(event.kind, event::FAULT, "{}", text_of(&self.take(event.payload)));
            self.waiting.push(event);
        }
        count > 0
    }

    /// Waits for an event that fits; others stay.
    pub fn until(&mut self, what: &str, fits: impl Fn(&Event) -> bool) -> Event {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.waiting.iter().position(&fits) {
                return self.waiting.remove(at);
            }
            assert!(Instant::now() < deadline, "no {what} came, but {:?}", self.waiting);
            self.poll(Duration::from_millis(100));
        }
    }

    pub fn event(&mut self, kind: u32, id: u32) -> Event {
        self.until(&format!("event {kind} of {id}"), |event| {
            event.kind == kind && event.id == id
        })
    }

    /// Whether such an event came within some time that is long for a local connection.
    pub fn came(&mut self, fits: impl Fn(&Event) -> bool) -> bool {
        let deadline = Instant::now() + Duration::from_millis(300);
        while Instant::now() < deadline {
            self.poll(Duration::from_millis(20));
        }
        self.waiting.iter().any(fits)
    }

    pub fn take(&self, payload: u32) -> Vec<u8> {
        let mut bytes = vec![0; 1 << 20];
        // SAFETY: as above.
        let len = unsafe { door::ultra_take(payload, bytes.as_mut_ptr(), bytes.len() as u32) };
        assert!(len >= 0, "payload {payload}: {len}");
        bytes.truncate(len as usize);
        bytes
    }

    pub fn text(&self, event: &Event) -> String {
        text_of(&self.take(event.payload))
    }

    pub fn submit(&self, command: Command) -> i32 {
        let mut record = Vec::with_capacity(64);
        for word in [command.kind, command.id, command.entry, command.payload] {
            record.extend(word.to_le_bytes());
        }
        for number in [command.first, command.count] {
            record.extend((number as f64).to_le_bytes());
        }
        record.extend(command.bytes);
        // SAFETY: as above; the buffer holds one record.
        unsafe { door::ultra_submit(record.as_ptr(), 1) }
    }

    pub fn run(&self, command: Command) {
        assert_eq!(self.submit(command), 1);
    }

    pub fn close(&self, id: u32, code: u64) {
        self.run(Command {
            kind: command::CLOSE,
            id,
            first: code,
            ..Command::default()
        });
    }

    pub fn send(&self, connection: u32, bytes: &[u8]) -> i32 {
        // SAFETY: as above.
        unsafe { door::ultra_send(connection, bytes.as_ptr(), bytes.len() as u32) }
    }

    /// Starts a listener that lets `most` (and of one address `each`) unproved dialers in; its id, port and certificate hash.
    pub fn listen(&mut self, most: u32, each: u32) -> (u32, u16, [u8; 32]) {
        let mut identity = vec![0; 8192];
        // SAFETY: as above.
        let len = unsafe { door::ultra_identity(identity.as_mut_ptr(), identity.len() as u32) };
        let (hash, pkcs12) = identity[..len as usize].split_at(32);
        let (alpn, address) = (b"ultra/1\0ultra", b"127.0.0.1:0");
        let mut args = settings(true).to_vec();
        for word in [
            16,
            most,
            each,
            4096,
            32,
            pkcs12.len() as u32,
            alpn.len() as u32,
            address.len() as u32,
        ] {
            args.extend(word.to_le_bytes());
        }
        args.extend([hash, pkcs12, alpn, address].concat());
        // SAFETY: as above.
        let id = unsafe { door::ultra_listen(args.as_ptr(), args.len() as u32) };
        assert!(id > 0, "{id}");
        let listening = self.event(event::LISTENING, id as u32);
        assert_eq!(self.text(&listening), "127.0.0.1");
        (id as u32, listening.first as u16, hash.try_into().unwrap())
    }

    /// For dialers that come to a listener from now on.
    pub fn set_handshake_timeout(&self, listener: u32, ms: u64) {
        let mut settings = settings(true);
        settings[HANDSHAKE_IDLE_TIMEOUT..][..8].copy_from_slice(&ms.to_le_bytes());
        // SAFETY: as above.
        let retuned = unsafe { door::ultra_retune(listener, settings.as_ptr(), settings.len() as u32) };
        assert_eq!(retuned, 0);
    }

    /// Starts a connection; its id or a refusal.
    pub fn connect(&self, address: &str, pin: &[u8; 32]) -> i32 {
        let alpn = b"ultra/1";
        let mut args = settings(false).to_vec();
        args.extend(0u32.to_le_bytes());
        args.extend(&pin[..16]);
        for word in [0, 4096, alpn.len() as u32, address.len() as u32] {
            args.extend(word.to_le_bytes());
        }
        args.extend(alpn);
        args.extend(address.bytes());
        // SAFETY: as above.
        unsafe { door::ultra_connect(args.as_ptr(), args.len() as u32) }
    }

    pub fn dial(&self, port: u16, pin: &[u8; 32]) -> u32 {
        let id = self.connect(&format!("127.0.0.1:{port}"), pin);
        assert!(id > 0, "{id}");
        id as u32
    }

    /// Connects; the ids on both sides.
    pub fn meet(&mut self, (listener, port, pin): (u32, u16, [u8; 32])) -> (u32, u32) {
        let dialer = self.dial(port, &pin);
        let connected = self.event(event::CONNECTED, dialer);
        assert_eq!(connected.bytes, pin);
        let incoming = self.until("INCOMING", |event| {
            event.kind == event::INCOMING && event.entry == listener
        });
        (dialer, incoming.id)
    }

    /// A source of `size` bytes in memory and a sink that keeps nothing and expects them.
    pub fn memory(&mut self, size: u64) -> (u32, u32) {
        let mut args = 1u32.to_le_bytes().to_vec();
        args.extend((size as f64).to_le_bytes());
        let discard: Vec<u8> = [2u32, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
        // SAFETY: as above.
        let (source, sink) = unsafe {
            (
                door::ultra_source(args.as_ptr(), args.len() as u32) as u32,
                door::ultra_sink(discard.as_ptr(), discard.len() as u32) as u32,
            )
        };
        let page = self.event(event::PAGE, source);
        let entries = self.take(page.payload);
        // SAFETY: as above.
        let given = unsafe { door::ultra_page(sink, 0, 1, entries.as_ptr(), entries.len() as u32) };
        assert_eq!(given, 0);
        let checked = self.event(event::CHECKED, sink);
        assert_eq!(self.take(checked.payload), [0]);
        self.run(Command {
            kind: command::EXPECT,
            id: sink,
            count: size.div_ceil(1 << 20),
            ..Command::default()
        });
        (source, sink)
    }

    /// Opens lanes for a source and grants each an equal part of its blocks; the ids of the lanes.
    pub fn open_lanes(&mut self, connection: u32, source: u32, count: u32, blocks: u64) -> Vec<u32> {
        let first = self.next_lane;
        self.next_lane += count;
        self.run(Command {
            kind: command::OPEN_LANES,
            id: connection,
            entry: source,
            payload: first,
            count: count.into(),
            ..Command::default()
        });
        let lanes: Vec<u32> = (first..self.next_lane).collect();
        let each = blocks.div_ceil(count.into());
        for (lane, start) in lanes.iter().zip((0..blocks).step_by(each as usize)) {
            let count = each.min(blocks - start);
            self.run(Command {
                kind: command::GRANT,
                id: *lane,
                payload: self.next_grant,
                first: start,
                count,
                ..Command::default()
            });
            self.next_grant += 1;
        }
        lanes
    }

    pub fn admit(&self, connection: u32, lanes: u32, sink: u32) {
        self.run(Command {
            kind: command::ADMIT,
            id: connection,
            payload: lanes,
            ..Command::default()
        });
        self.run(Command {
            kind: command::ATTACH,
            id: connection,
            entry: sink,
            ..Command::default()
        });
    }

    pub fn dispose(&mut self, ids: &[u32]) {
        for id in ids {
            self.run(Command {
                kind: command::DISPOSE,
                id: *id,
                ..Command::default()
            });
            self.event(event::DISPOSED, *id);
        }
    }

    /// Waits until so many blocks of a sink are verified.
    pub fn verified(&mut self, sink: u32, blocks: u64) {
        let mut sum = 0.0;
        while sum < blocks as f64 {
            sum += self.event(event::VERIFIED, sink).count;
        }
        assert_eq!(sum, blocks as f64);
    }
}
