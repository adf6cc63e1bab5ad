//! From the network to the disk: what a lane received waits here until a writer thread takes it.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::reader::LaneReader;
use super::sink::Sink;
use crate::blocks::codec::LaneCodec;
use crate::core::event::Event;
use crate::core::stats::add;
use crate::core::workers::Workers;
use crate::net::SendBuffer;
use crate::net::connection::{Connection, Lane};
use crate::net::transport::{ByteStream, NewStream, Received, StreamHandler, StreamStatistics};

/// The exit code "the peer broke the protocol".
const PROTOCOL: u64 = 8;

/// Where the frames of a connection's lanes go, once that is known.
#[derive(Default)]
pub struct Inlet(Mutex<Option<Arc<Sink>>>);

impl Inlet {
    /// The lanes that wait for it have to be woken.
    pub fn attach(&self, sink: Arc<Sink>) {
        *self.0.lock() = Some(sink);
    }

    fn sink(&self) -> Option<Arc<Sink>> {
        self.0.lock().clone()
    }
}

/// A lane from the peer. At most one writer thread is in it at a time, so its reader needs no lock while bytes are written.
pub struct ReceiveLane {
    id: u32,
    connection: Arc<Connection>,
    codec: &'static dyn LaneCodec,
    inlet: Arc<Inlet>,
    stream: OnceLock<Arc<dyn ByteStream>>,
    writers: Arc<Workers>,
    inbox: Mutex<Inbox>,
}

#[derive(Default)]
struct Inbox {
    /// At most one: QUIC indicates more only after this one is given back.
    data: Option<Received>,
    fin: bool,
    /// The stream is gone; holds whether the peer had ended it.
    closed: Option<bool>,
    /// Here unless a writer has it.
    reader: Reader,
}

#[derive(Default)]
enum Reader {
    /// No byte has come yet. Leads to `Busy`.
    #[default]
    Unused,
    /// Waiting for bytes. Leads to `Busy`, or to `Gone` when the stream ended.
    Idle(Box<LaneReader>),
    /// A writer thread has it. Leads to `Idle`, or to `Gone`.
    Busy,
    /// The lane is over.
    Gone,
}

impl ReceiveLane {
    pub fn accept(
        id: u32,
        connection: &Arc<Connection>,
        codec: &'static dyn LaneCodec,
        inlet: &Arc<Inlet>,
        stream: Box<dyn NewStream>,
        writers: &Arc<Workers>,
    ) -> Arc<Self> {
        let lane = Arc::new(Self {
            id,
            connection: connection.clone(),
            codec,
            inlet: inlet.clone(),
            stream: OnceLock::new(),
            writers: writers.clone(),
            inbox: Mutex::default(),
        });
        let _ = lane.stream.set(stream.accept(lane.clone()));
        lane
    }

    /// Gives the lane to a writer thread if there is something to do and none has it.
    fn look(self: &Arc<Self>) {
        let mut inbox = self.inbox.lock();
        let waits = inbox.data.is_none() && inbox.closed.is_none() && !inbox.fin;
        if waits || (self.inlet.sink().is_none() && inbox.closed.is_none()) {
            return;
        }
        let reader = match std::mem::replace(&mut inbox.reader, Reader::Busy) {
            Reader::Unused => Box::new(LaneReader::new(self.codec)),
            Reader::Idle(reader) => reader,
            Reader::Busy => return,
            Reader::Gone => {
                inbox.reader = Reader::Gone;
                return;
            }
        };
        drop(inbox);
        let lane = self.clone();
        self.writers.run(move || lane.work(reader));
    }

    /// Works until the inbox is empty. Runs on a writer thread.
    fn work(self: Arc<Self>, mut reader: Box<LaneReader>) {
        loop {
            let mut inbox = self.inbox.lock();
            let (data, fin, closed) = (inbox.data.take(), std::mem::take(&mut inbox.fin), inbox.closed);
            if data.is_none() && !fin {
                if let Some(finished) = closed {
                    inbox.reader = Reader::Gone;
                    drop(inbox);
                    // Drops what it had claimed: the last write has returned.
                    drop(reader);
                    self.connection.lane_closed(self.id, finished);
                } else {
                    inbox.reader = Reader::Idle(reader);
                }
                return;
            }
            drop(inbox);
            if let Err(fault) = self.consume(&mut reader, data, fin) {
                self.broke(fault);
            }
        }
    }

    fn consume(&self, reader: &mut LaneReader, data: Option<Received>, fin: bool) -> Result<(), &'static str> {
        let Some(sink) = self.inlet.sink() else { return Ok(()) };
        if let Some(data) = data {
            add(&sink.counters.received_bytes, data.len());
            for slice in data.slices() {
                reader.feed(slice, &sink)?;
            }
        }
        if fin && !reader.may_end(&sink) {
            return Err("a lane that ends inside a frame");
        }
        Ok(())
    }

    fn broke(&self, fault: &str) {
        if let Some(stream) = self.stream.get() {
            stream.abort(PROTOCOL);
        }
        self.connection.tell(Event::LaneBroke {
            connection: self.connection.id,
            lane: self.id,
            text: fault.to_owned(),
        });
    }
}

impl Lane for ReceiveLane {
    fn wake(self: Arc<Self>) {
        self.look();
    }

    fn statistics(&self) -> Option<StreamStatistics> {
        None
    }
}

impl StreamHandler for ReceiveLane {
    fn received(self: Arc<Self>, data: Received, fin: bool) {
        let mut inbox = self.inbox.lock();
        if data.len() > 0 {
            inbox.data = Some(data);
        }
        inbox.fin |= fin;
        drop(inbox);
        self.look();
    }

    /// A lane goes one way: nothing is ever sent on it from here.
    fn sent(self: Arc<Self>, _buffer: Box<SendBuffer>) {}

    fn closed(self: Arc<Self>, finished: bool) {
        self.inbox.lock().closed = Some(finished);
        self.look();
    }
}
