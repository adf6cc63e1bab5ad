//! Records and blocks of the door, written by the text of `docs/engine.md` and not by the door itself.

use ultra_engine::door::Command;
use ultra_engine::door::declare::{FieldWriter, Options, Payload};
use ultra_engine::door::options::ConnectionSettings;
use ultra_engine::door::records::RECORD_LEN;
use ultra_engine::door::words::CongestionControl;

/// The bytes of a command in a batch, written by the text of `docs/engine.md` and not by the door itself.
#[derive(Default)]
pub struct Record {
    pub fields: Vec<u8>,
    pub payload: Vec<u8>,
}

impl Record {
    pub fn of(command: Command) -> Vec<u8> {
        let kind = command.number();
        let mut record = Self::default();
        command.write(&mut record);
        record.bytes(kind)
    }

    pub fn bytes(self, kind: u32) -> Vec<u8> {
        let head = [kind, self.payload.len() as u32];
        let mut bytes: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.extend(self.fields);
        bytes.resize(RECORD_LEN, 0);
        bytes.extend(self.payload);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    fn align(&mut self) {
        self.fields.resize(self.fields.len().next_multiple_of(8), 0);
    }
}

impl FieldWriter for Record {
    fn number(&mut self, number: u32) {
        self.fields.extend(number.to_le_bytes());
    }
    fn large(&mut self, number: u64) {
        self.float(number as f64);
    }
    fn float(&mut self, number: f64) {
        self.align();
        self.fields.extend(number.to_le_bytes());
    }
    fn hash(&mut self, hash: [u8; 32]) {
        self.fields.extend(hash);
    }
    fn text(&mut self, text: String) {
        self.payload.extend(text.into_bytes());
    }
    fn texts(&mut self, texts: Vec<String>) {
        self.text(texts.join("\0"));
    }
    fn payload(&mut self, payload: Payload) {
        self.payload = payload.bytes;
    }
    fn block<T: Options>(&mut self, block: T) {
        let mut record = Record::default();
        block.write(&mut record);
        self.payload = [record.fields, record.payload].concat();
    }
}

/// A block of options: `u32` fields and the lengths of the contents in their places, then the contents.
pub fn block(fixed: &[Piece<'_>]) -> Vec<u8> {
    let (mut head, mut contents) = (Vec::new(), Vec::new());
    for piece in fixed {
        match piece {
            Piece::Number(number) => head.extend(number.to_le_bytes()),
            Piece::Large(number) => {
                head.resize(usize::next_multiple_of(head.len(), 8), 0);
                head.extend((*number as f64).to_le_bytes());
            }
            Piece::Bytes(bytes) => {
                head.extend((bytes.len() as u32).to_le_bytes());
                contents.extend_from_slice(bytes);
            }
        }
    }
    [head, contents].concat()
}

pub enum Piece<'a> {
    Number(u32),
    Large(u64),
    Bytes(&'a [u8]),
}

/// Settings of a connection; a listener lets a peer open its control stream.
pub fn settings(listener: bool) -> ConnectionSettings {
    ConnectionSettings {
        handshake_idle_timeout_ms: 5_000,
        idle_timeout_ms: 20_000,
        disconnect_timeout_ms: 16_000,
        keep_alive_interval_ms: 0,
        connection_window_bytes: 16 << 20,
        stream_window_unidi_bytes: 1 << 16,
        stream_window_bidi_local_bytes: 1 << 16,
        stream_window_bidi_remote_bytes: 1 << 16,
        stream_receive_buffer_bytes: 1 << 16,
        initial_window_packets: 10,
        initial_rtt_ms: 333,
        congestion_control: CongestionControl::Cubic,
        peer_bidi_streams: listener.into(),
        peer_unidi_streams: 0,
        maximum_mtu: 1500,
        send_buffering: false,
        pacing: true,
        migration: true,
    }
}

/// The block of these settings: every field takes four bytes.
pub fn settings_block(settings: ConnectionSettings) -> Vec<u8> {
    let mut record = Record::default();
    Options::write(settings, &mut record);
    assert!(record.payload.is_empty());
    record.fields
}
