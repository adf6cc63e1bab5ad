//! Records: 64 bytes for each event and each command, whatever it says.
//!
//! `u32` kind, `u32` payload, then the fields in their order: 4 bytes for numbers, truths and words, 8 bytes (an `f64`, at a
//! multiple of 8) for large numbers, 32 for hashes; all little-endian. Texts, lists and bytes are the payload, several texts of
//! one record joined by NUL. An event's payload stays here under an id until it is taken; a command's follows its record, whose
//! second word is its length, and is padded to a multiple of 8.

use super::blocks;
use super::places::{Place, texts_of, whole};
use crate::core::command::{Command, Question};
use crate::core::declare::{Declaration, FieldDeclaration, FieldReader, FieldWriter, Options, Payload, Shape};
use crate::core::event::Event;

pub const RECORD_LEN: usize = 64;

/// What is before the fields: kind and payload.
pub const FIELDS_AT: usize = 8;

const PAYLOAD_AT: usize = 4;

/// Payloads of commands end at a multiple of this.
const PADDING: usize = 8;

const fn fit(all: &[Declaration]) -> bool {
    let mut at = 0;
    while at < all.len() {
        if !fields_fit(all[at].fields) {
            return false;
        }
        at += 1;
    }
    true
}

const fn fields_fit(fields: &[FieldDeclaration]) -> bool {
    let mut place = Place(FIELDS_AT);
    let mut at = 0;
    while at < fields.len() {
        (_, place) = place.next(fields[at].shape);
        at += 1;
    }
    place.0 <= RECORD_LEN
}

const _: () = assert!(
    fit(Event::DECLARATIONS) && fit(Command::DECLARATIONS) && fit(Question::DECLARATIONS),
    "a record has 64 bytes"
);

/// Writes an event; `store` keeps its payload and gives it an id.
pub fn write_event(event: Event, out: &mut [u8; RECORD_LEN], store: impl FnOnce(Payload) -> u32) {
    *out = [0; RECORD_LEN];
    let kind = event.number();
    let mut writer = RecordWriter {
        out,
        place: Place(FIELDS_AT),
        payload: None,
    };
    event.write(&mut writer);
    let payload = writer.payload.take();
    let payload = payload.filter(|payload| !payload.bytes.is_empty() || payload.on_take.is_some());
    let id = payload.map_or(0, store);
    out[..PAYLOAD_AT].copy_from_slice(&kind.to_le_bytes());
    out[PAYLOAD_AT..FIELDS_AT].copy_from_slice(&id.to_le_bytes());
}

/// Reads an event back, with the bytes that were stored for it.
pub fn read_event(record: &[u8; RECORD_LEN], payload: impl FnOnce(u32) -> Vec<u8>) -> Option<Event> {
    let (kind, id) = head(record);
    let payload = if id == 0 { Vec::new() } else { payload(id) };
    let mut reader = RecordReader::new(record, &payload);
    Event::read(kind, &mut reader)
}

/// What a batch holds.
#[derive(Debug)]
pub enum Request {
    Command(Command),
    Question(Question),
}

/// The commands and questions of a batch.
pub struct Batch<'a> {
    bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    fn split(&mut self) -> Option<(&'a [u8; RECORD_LEN], &'a [u8])> {
        let (record, rest) = self.bytes.split_first_chunk::<RECORD_LEN>()?;
        let len = head(record).1 as usize;
        let (payload, _) = rest.split_at_checked(len)?;
        let (_, rest) = rest.split_at_checked(len.checked_next_multiple_of(PADDING)?)?;
        self.bytes = rest;
        Some((record, payload))
    }
}

impl Iterator for Batch<'_> {
    /// `None` inside: this is neither, and where the next one begins may not be known.
    type Item = Option<Request>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let Some((record, payload)) = self.split() else {
            self.bytes = &[];
            return Some(None);
        };
        let mut reader = RecordReader::new(record, payload);
        let (kind, _) = head(record);
        let request = match Command::read(kind, &mut reader) {
            Some(command) => Some(Request::Command(command)),
            None => Question::read(kind, &mut reader).map(Request::Question),
        };
        Some(request.filter(|_| reader.payload.is_none_or(<[u8]>::is_empty)))
    }
}

/// Kind and payload.
fn head(record: &[u8; RECORD_LEN]) -> (u32, u32) {
    let [k0, k1, k2, k3, p0, p1, p2, p3, ..] = *record;
    (
        u32::from_le_bytes([k0, k1, k2, k3]),
        u32::from_le_bytes([p0, p1, p2, p3]),
    )
}

struct RecordWriter<'a> {
    out: &'a mut [u8; RECORD_LEN],
    place: Place,
    payload: Option<Payload>,
}

impl RecordWriter<'_> {
    fn put(&mut self, shape: Shape, bytes: &[u8]) {
        let (at, next) = self.place.next(shape);
        self.place = next;
        // Every declaration fits: see the assertion above.
        if let Some(place) = at.and_then(|at| self.out.get_mut(at..at + bytes.len())) {
            place.copy_from_slice(bytes);
        }
    }

    fn add_text(&mut self, text: &str) {
        match &mut self.payload {
            None => self.payload = Some(text.as_bytes().to_vec().into()),
            Some(payload) => {
                payload.bytes.push(0);
                payload.bytes.extend_from_slice(text.as_bytes());
            }
        }
    }
}

impl FieldWriter for RecordWriter<'_> {
    fn number(&mut self, number: u32) {
        self.put(Shape::Number, &number.to_le_bytes());
    }

    fn large(&mut self, number: u64) {
        self.put(Shape::Large, &(number as f64).to_le_bytes());
    }

    fn float(&mut self, number: f64) {
        self.put(Shape::Float, &number.to_le_bytes());
    }

    fn hash(&mut self, hash: [u8; 32]) {
        self.put(Shape::Hash, &hash);
    }

    /// A NUL inside a text would begin another one.
    fn text(&mut self, text: String) {
        if text.contains('\0') {
            self.add_text(&text.replace('\0', "\u{fffd}"));
        } else {
            self.add_text(&text);
        }
    }

    fn texts(&mut self, texts: Vec<String>) {
        for text in texts {
            self.text(text);
        }
    }

    fn payload(&mut self, payload: Payload) {
        self.payload = Some(payload);
    }

    fn block<T: Options>(&mut self, block: T) {
        self.payload(blocks::write(block).into());
    }
}

/// Reads the fields of a record.
struct RecordReader<'a> {
    record: &'a [u8; RECORD_LEN],
    place: Place,
    /// What is left of it; `None` once all is read.
    payload: Option<&'a [u8]>,
}

impl<'a> RecordReader<'a> {
    fn new(record: &'a [u8; RECORD_LEN], payload: &'a [u8]) -> Self {
        Self {
            record,
            place: Place(FIELDS_AT),
            payload: Some(payload),
        }
    }

    fn get<const N: usize>(&mut self, shape: Shape) -> Option<[u8; N]> {
        let (at, next) = self.place.next(shape);
        self.place = next;
        self.record.get(at?..)?.first_chunk().copied()
    }
}

impl FieldReader for RecordReader<'_> {
    fn number(&mut self) -> Option<u32> {
        self.get(Shape::Number).map(u32::from_le_bytes)
    }

    fn large(&mut self) -> Option<u64> {
        self.get(Shape::Large).map(f64::from_le_bytes).and_then(whole)
    }

    fn float(&mut self) -> Option<f64> {
        self.get(Shape::Float).map(f64::from_le_bytes)
    }

    fn hash(&mut self) -> Option<[u8; 32]> {
        self.get(Shape::Hash)
    }

    fn text(&mut self) -> Option<String> {
        let left = self.payload.take()?;
        let text = match left.iter().position(|byte| *byte == 0) {
            Some(end) => {
                self.payload = left.get(end + 1..);
                &left[..end]
            }
            None => left,
        };
        String::from_utf8(text.to_vec()).ok()
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        texts_of(self.payload.take()?)
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        self.payload.take().map(<[u8]>::to_vec)
    }

    fn block<T: Options>(&mut self) -> Option<T> {
        blocks::read(self.payload.take()?)
    }
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
