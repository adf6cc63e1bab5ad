//! The door as TypeScript uses it, from Rust: one engine for all tests of a program, one test at a time.
#![allow(dead_code, reason = "each test program uses its part")]

mod bytes;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Piece::{Bytes, Large, Number};
use bytes::{Record, block, settings, settings_block};
use ultra_engine::door::ffi;
use ultra_engine::door::options::ConnectionSettings;
use ultra_engine::door::records::read_event;
pub use ultra_engine::door::words::CloseCause;
use ultra_engine::door::words::Leaving;
pub use ultra_engine::door::{Command, Event};

/// The number of a question.
const IDENTITY: u32 = 64;

/// Longest wait for an event; a test that needs it fails.
const PATIENCE: Duration = Duration::from_secs(20);

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

/// Readers, writers, buffers, profile, threads of QUIC, outstanding bytes.
pub fn start() -> i32 {
    let words = [2u32, 2, 16, 0, 1, 8 << 20, 0];
    let block: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    // SAFETY: the pointer and the length are those of a live buffer, as for all calls here.
    unsafe { ffi::ultra_start(block.as_ptr(), block.len() as u32) }
}

impl Door {
    fn forget(&mut self) {
        while self.poll(Duration::from_millis(50)) {}
        self.waiting.clear();
    }

    /// Waits until nothing comes any more of what earlier tests have closed.
    pub fn settle(&mut self) {
        while self.poll(Duration::from_millis(500)) {}
        self.waiting.clear();
    }

    /// Takes what is there; `false`: nothing came.
    pub fn poll(&mut self, timeout: Duration) -> bool {
        let mut out = [0u8; 64 * 64];
        // SAFETY: as above; the buffer has room for 64 records.
        let count = unsafe { ffi::ultra_wait(out.as_mut_ptr(), 64, timeout.as_millis() as u32) };
        assert!(count >= 0, "{count}");
        let (records, _) = out.as_chunks::<64>();
        for record in &records[..count as usize] {
            let event = read_event(record, take).expect("an event");
            assert!(!matches!(event, Event::Fault { .. }), "{event:?}");
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

    /// Whether such an event came within some time that is long for a local connection.
    pub fn came(&mut self, fits: impl Fn(&Event) -> bool) -> bool {
        let deadline = Instant::now() + Duration::from_millis(300);
        while Instant::now() < deadline {
            self.poll(Duration::from_millis(20));
        }
        self.waiting.iter().any(fits)
    }

    pub fn submit(&self, command: Command) -> i32 {
        let bytes = Record::of(command);
        // SAFETY: as above.
        unsafe { ffi::ultra_submit(bytes.as_ptr(), bytes.len() as u32, std::ptr::null_mut(), 0) }
    }

    pub fn run(&self, command: Command) {
        assert_eq!(self.submit(command), 1);
    }

    pub fn close(&self, id: u32, code: u16) {
        self.run(Command::Close { id, code });
    }

    pub fn send(&self, connection: u32, bytes: &[u8]) {
        let bytes = bytes.to_vec();
        self.run(Command::Send { connection, bytes });
    }

    /// Starts a listener that lets `most` (and of one address `each`) unproved dialers in; its id, port and certificate hash.
    pub fn listen(&mut self, most: u32, each: u32) -> (u32, u16, [u8; 32]) {
        let (command, mut answer) = (Record::default().bytes(IDENTITY), vec![0; 8192]);
        let (out, cap) = (answer.as_mut_ptr(), answer.len() as u32);
        // SAFETY: as above.
        let done = unsafe { ffi::ultra_submit(command.as_ptr(), command.len() as u32, out, cap) };
        assert_eq!(done, 1);
        let (len, identity) = answer.split_first_chunk().unwrap();
        let (hash, pkcs12) = identity[..u32::from_le_bytes(*len) as usize].split_at(32);
        let options = block(&[
            Bytes(&settings_block(settings(true))),
            Bytes(&settings_block(settings(true))),
            Number(16),
            Number(most),
            Number(each),
            Number(4096),
            Bytes(pkcs12),
            Bytes(b"ultra/2\0ultra"),
            Bytes(b"127.0.0.1:0"),
        ]);
        // SAFETY: as above.
        let id = unsafe { ffi::ultra_listen(options.as_ptr(), options.len() as u32) };
        assert!(id > 0, "{id}");
        let listening = self.until(
            "LISTENING",
            |event| matches!(event, Event::Listening { listener, .. } if *listener == id as u32),
        );
        let Event::Listening { port, address, .. } = listening else {
            unreachable!()
        };
        assert_eq!(address, "127.0.0.1");
        (id as u32, port, hash.try_into().unwrap())
    }

    /// For dialers that come to a listener from now on.
    pub fn set_handshake_timeout(&self, listener: u32, ms: u32) {
        let settings = ConnectionSettings {
            handshake_idle_timeout_ms: ms,
            ..settings(true)
        };
        self.run(Command::Retune {
            listener,
            plain: false,
            settings,
        });
    }

    /// Waits for bytes on the control stream.
    pub fn control(&mut self, id: u32) -> Vec<u8> {
        let control = self.until(
            "CONTROL",
            |event| matches!(event, Event::Control { connection, .. } if *connection == id),
        );
        let Event::Control { bytes, .. } = control else {
            unreachable!()
        };
        bytes.bytes
    }

    /// Starts a connection; its id or a refusal.
    pub fn connect(&self, address: &str, pin: &[u8; 32]) -> i32 {
        let options = block(&[
            Bytes(&settings_block(settings(false))),
            Bytes(&pin[..16]),
            Number(0),
            Number(4096),
            Bytes(b"ultra/2"),
            Bytes(address.as_bytes()),
        ]);
        // SAFETY: as above.
        unsafe { ffi::ultra_connect(options.as_ptr(), options.len() as u32) }
    }

    pub fn dial(&self, port: u16, pin: &[u8; 32]) -> u32 {
        let id = self.connect(&format!("127.0.0.1:{port}"), pin);
        assert!(id > 0, "{id}");
        id as u32
    }

    /// Waits for the certificate that a dialer was shown.
    pub fn connected(&mut self, dialer: u32) -> [u8; 32] {
        let found = self.until(
            "CONNECTED",
            |event| matches!(event, Event::Connected { connection, .. } if *connection == dialer),
        );
        let Event::Connected { certificate, .. } = found else {
            unreachable!()
        };
        certificate
    }

    /// Connects; the ids on both sides.
    pub fn meet(&mut self, (listener, port, pin): (u32, u16, [u8; 32])) -> (u32, u32) {
        let dialer = self.dial(port, &pin);
        assert_eq!(self.connected(dialer), pin);
        let incoming = self.until("INCOMING", is_incoming(listener));
        let Event::Incoming { connection, .. } = incoming else {
            unreachable!()
        };
        (dialer, connection)
    }

    /// Waits for the end of a connection: why, the code, and a text.
    pub fn closed(&mut self, id: u32) -> (CloseCause, u64, String) {
        let found = self.until(
            "CLOSED",
            |event| matches!(event, Event::Closed { connection, .. } if *connection == id),
        );
        let Event::Closed { cause, code, text, .. } = found else {
            unreachable!()
        };
        (cause, code, text)
    }

    /// Waits for a lane from the peer on this connection; its id.
    pub fn lane_opened(&mut self, incoming: u32) -> u32 {
        match self.until("LANE_OPENED", is_lane_opened(incoming)) {
            Event::LaneOpened { lane, .. } => lane,
            _ => unreachable!(),
        }
    }

    /// Waits for the end of a lane: its connection, and whether it was a good one.
    pub fn lane_closed(&mut self, id: u32) -> (u32, bool) {
        let found = self.until(
            "LANE_CLOSED",
            |event| matches!(event, Event::LaneClosed { lane, .. } if *lane == id),
        );
        let Event::LaneClosed {
            connection, finished, ..
        } = found
        else {
            unreachable!()
        };
        (connection, finished)
    }

    /// A source of `size` bytes in memory and a sink that keeps nothing and expects them.
    pub fn memory(&mut self, size: u64) -> (u32, u32) {
        let memory = block(&[
            Number(1),
            Large(size),
            Number(0),
            Number(1),
            Number(0),
            Number(0),
            Number(0),
            Number(0),
            Number(0),
            Number(0),
            Number(0),
            Number(0),
            Bytes(b""),
        ]);
        let choices = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0].map(Number);
        let discard = [block(&choices), block(&[Bytes(b""), Bytes(b"")])].concat();
        // SAFETY: as above.
        let (source, sink) = unsafe {
            (
                ffi::ultra_source(memory.as_ptr(), memory.len() as u32) as u32,
                ffi::ultra_sink(discard.as_ptr(), discard.len() as u32) as u32,
            )
        };
        let page = self.until(
            "PAGE",
            |event| matches!(event, Event::Page { source: of, .. } if *of == source),
        );
        let Event::Page { first, take, .. } = page else {
            unreachable!()
        };
        self.run(Command::Page {
            sink,
            first,
            count: 1,
            entries: take.0.bytes,
        });
        let checked = self.until(
            "CHECKED",
            |event| matches!(event, Event::Checked { sink: of, .. } if *of == sink),
        );
        let Event::Checked { statuses, .. } = checked else {
            unreachable!()
        };
        assert_eq!(statuses.iter().map(|status| *status as u8).collect::<Vec<_>>(), [0]);
        self.run(Command::Expect {
            sink,
            entry: 0,
            first: 0,
            count: size.div_ceil(1 << 20),
        });
        (source, sink)
    }

    /// Opens lanes for a source and grants each an equal part of its blocks; the ids of the lanes.
    pub fn open_lanes(&mut self, connection: u32, source: u32, count: u16, blocks: u64) -> Vec<u32> {
        let first_lane = self.next_lane;
        self.next_lane += u32::from(count);
        self.run(Command::OpenLanes {
            connection,
            source,
            first_lane,
            first_number: 0,
            count,
            transfer: 1,
        });
        let lanes: Vec<u32> = (first_lane..self.next_lane).collect();
        let each = blocks.div_ceil(count.into()).max(1);
        for (lane, first) in lanes.iter().zip((0..blocks).step_by(each as usize)) {
            self.run(Command::Grant {
                lane: *lane,
                grant: self.next_grant,
                entry: 0,
                first,
                count: each.min(blocks - first),
            });
            self.next_grant += 1;
        }
        lanes
    }

    pub fn admit(&self, connection: u32, lanes: u16, sink: u32) {
        self.run(Command::Admit { connection, lanes });
        self.run(Command::Attach {
            connection,
            sink,
            transfer: 1,
        });
    }

    pub fn dispose(&mut self, ids: &[u32]) {
        for id in ids {
            self.run(Command::Dispose {
                transfer: *id,
                leaving: Leaving::Nothing,
            });
            self.until(
                "DISPOSED",
                |event| matches!(event, Event::Disposed { transfer } if transfer == id),
            );
        }
    }

    /// Numbers about the process, a connection or a transfer; or a refusal.
    pub fn measure(&self, id: u32) -> Result<Vec<f64>, i32> {
        let mut out = [0u8; 8192];
        // SAFETY: as above.
        let len = unsafe { ffi::ultra_measure(id, out.as_mut_ptr(), out.len() as u32) };
        let len = usize::try_from(len).map_err(|_| len)?;
        let (numbers, _) = out[..len].as_chunks();
        Ok(numbers.iter().map(|number| f64::from_le_bytes(*number)).collect())
    }

    /// Waits until so many blocks of a sink are verified.
    pub fn verified(&mut self, id: u32, blocks: u64) {
        let mut sum = 0;
        while sum < blocks {
            let found = self.until(
                "VERIFIED",
                |event| matches!(event, Event::Verified { sink, .. } if *sink == id),
            );
            let Event::Verified { count, .. } = found else {
                unreachable!()
            };
            sum += count;
        }
        assert_eq!(sum, blocks);
    }
}

pub fn is_incoming(of: u32) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Incoming { listener, .. } if *listener == of)
}

pub fn is_lane_opened(of: u32) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::LaneOpened { connection, .. } if *connection == of)
}

/// The bytes of an event.
fn take(payload: u32) -> Vec<u8> {
    let mut bytes = vec![0; 1 << 20];
    // SAFETY: as above.
    let len = unsafe { ffi::ultra_take(payload, bytes.as_mut_ptr(), bytes.len() as u32) };
    assert!(len >= 0, "payload {payload}: {len}");
    bytes.truncate(len as usize);
    bytes
}
