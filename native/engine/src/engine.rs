//! The engine: everything by id, and what the door's functions do with it.

use std::collections::HashMap;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use msquic_sys::{Setting, Settings, Status};
use ultra_files::EntryKind;

use crate::admission::{AdmissionLimiter, Limits};
use crate::args::{ConnectArgs, ListenArgs, SinkArgs, StartArgs};
use crate::events::Events;
use crate::fault::Fault;
use crate::identity;
use crate::layout::{EventKind, FaultClass, Refusal};
use crate::limit::Limit;
use crate::link::{Link, Pin};
use crate::quic::{Configuration, Connection, Identity, Listener, Quic};
use crate::read_pump::{ReadPump, SendLane};
use crate::record::{Record, lost_bits};
use crate::sink::Sink;
use crate::source::{Cache, Source};
use crate::target::Target;
use crate::walk::{self, Pace};
use crate::workers::Workers;

/// Lane ids of the peer's lanes start here; those below are chosen by TypeScript for lanes it opens.
const FIRST_PEER_LANE: u32 = 1 << 31;

pub struct Engine {
    pub events: Arc<Events>,
    pub writers: Arc<Workers>,
    /// One thread: pages, folders and disposals of a sink happen in the order asked for.
    ordered: Arc<Workers>,
    /// Seals wait for a disk at most once for each file; resolving waits for a name server.
    background: Arc<Workers>,
    quic: Arc<Quic>,
    pub pump: Arc<ReadPump>,
    links: Table<Arc<Link>>,
    listeners: Table<Listener<AdmissionLimiter>>,
    lanes: Table<Arc<SendLane>>,
    sources: Table<(Arc<Source>, Arc<Pace>)>,
    sinks: Table<Arc<Sink>>,
    next_id: AtomicU32,
    next_lane: AtomicU32,
}

/// Things by id.
struct Table<T>(Mutex<HashMap<u32, T>>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Table<T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<u32, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, id: u32, thing: T) {
        self.lock().insert(id, thing);
    }

    /// The removed thing is dropped by the caller, outside the lock.
    fn remove(&self, id: u32) -> Option<T> {
        self.lock().remove(&id)
    }
}

impl<T: Clone> Table<T> {
    fn get(&self, id: u32) -> Result<T, Refusal> {
        self.lock().get(&id).cloned().ok_or(Refusal::UnknownId)
    }
}

impl Engine {
    pub fn start(args: &StartArgs, events: Arc<Events>, on_panic: fn(String)) -> Result<Arc<Self>, i32> {
        let quic = Quic::open(args.profile, args.network_threads, on_panic).map_err(refusal_of)?;
        let limit = args.bytes_per_second.map(Limit::new);
        let pump = ReadPump::start(
            args.readers,
            args.buffers,
            args.outstanding,
            limit,
            events.clone(),
            on_panic,
        )
        .map_err(|_| -(Refusal::TooMuch as i32))?;
        Ok(Arc::new(Self {
            events,
            writers: Workers::new("ultra-write", args.writers, on_panic),
            ordered: Workers::new("ultra-order", 1, on_panic),
            background: Workers::new("ultra-files", 2, on_panic),
            quic,
            pump,
            links: Table::default(),
            listeners: Table::default(),
            lanes: Table::default(),
            sources: Table::default(),
            sinks: Table::default(),
            next_id: AtomicU32::new(1),
            next_lane: AtomicU32::new(FIRST_PEER_LANE),
        }))
    }

    pub fn stop(&self) {
        let listeners: Vec<_> = self.listeners.lock().drain().collect();
        drop(listeners);
        self.quic.shutdown(0);
        self.events.close();
    }

    pub fn listen(self: &Arc<Self>, args: ListenArgs) -> Result<u32, i32> {
        // Two processes on one port are not noticed by QUIC, which shares it (SO_REUSEPORT): they would steal each other's
        // packets. An address that is not this machine's is not noticed either. A plain socket notices both.
        UdpSocket::bind(args.local).map_err(|error| refusal_of_io(&error))?;
        let identity = Identity {
            pkcs12: args.pkcs12,
            password: identity::password(),
        };
        let configuration = Configuration::listener(&self.quic, &args.alpns, &args.settings, &identity);
        let configuration = Arc::new(configuration.map_err(refusal_of)?);
        let id = self.new_id();
        self.quic
            .require_retry_from(args.most_unvalidated)
            .map_err(refusal_of)?;
        let limits = Limits {
            unvalidated: args.most_unvalidated.into(),
            validated: args.most_unproved as usize,
            validated_each: args.most_unproved_each as usize,
        };
        let limiter = AdmissionLimiter::new(id, self, limits, args.control_limit);
        let listener =
            Listener::start(&self.quic, configuration, &args.alpns, args.local, limiter).map_err(refusal_of)?;
        let port = listener.port().unwrap_or(args.local.port());
        self.listeners.insert(id, listener);
        let record = Record::event(EventKind::Listening, id).first(u64::from(port));
        self.events.push_text(record, args.local.ip().to_string());
        Ok(id)
    }

    /// Dialers that come to a listener from now on get these settings.
    pub fn retune(&self, listener: u32, settings: &Settings) -> Result<(), Refusal> {
        let listeners = self.listeners.lock();
        let listener = listeners.get(&listener).ok_or(Refusal::UnknownId)?;
        listener.set_settings(settings).map_err(|_| Refusal::BadArguments)
    }

    pub fn connect(self: &Arc<Self>, args: &ConnectArgs) -> Result<u32, i32> {
        let configuration = Configuration::dialer(&self.quic, &args.alpns, &args.settings);
        let configuration = Arc::new(configuration.map_err(refusal_of)?);
        let id = self.new_id();
        let pin = args.pin.map_or(Pin::Report, Pin::Prefix);
        let link = Link::dialed(id, pin, args.control_limit, self);
        self.links.insert(id, link.clone());
        match Connection::start(&self.quic, &configuration, args.remote, args.partition, link.clone()) {
            Ok(connection) => {
                link.set_connection(&connection);
                Ok(id)
            }
            Err(status) => {
                self.links.remove(id);
                Err(refusal_of(status))
            }
        }
    }

    pub fn resolve(self: &Arc<Self>, request: u32, name: String) {
        let events = self.events.clone();
        self.background.run(move || {
            // A name that is not found is an empty answer; which error it was makes no difference to the user.
            let found: Vec<SocketAddr> = (name.as_str(), 0)
                .to_socket_addrs()
                .map(Iterator::collect)
                .unwrap_or_default();
            let lines: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
            events.push_text(Record::event(EventKind::Resolved, request), lines.join("\n"));
        });
    }

    pub fn send(&self, connection: u32, bytes: &[u8]) -> Result<(), Refusal> {
        let link = self.links.get(connection)?;
        let control = link.control.get().ok_or(Refusal::Closed)?;
        if control.send(bytes) {
            Ok(())
        } else {
            Err(Refusal::Closed)
        }
    }

    /// What QUIC says of a connection, in the order of [`crate::path::NAMES`].
    pub fn path(&self, connection: u32) -> Result<Vec<f64>, Refusal> {
        let link = self.links.get(connection)?;
        crate::path::values(&link, self.pump.outstanding).ok_or(Refusal::Closed)
    }

    /// Lets the peer open lanes and lifts the bound on its control bytes.
    pub fn admit(&self, connection: u32, lanes: u32) -> Result<(), Refusal> {
        let link = self.links.get(connection)?;
        let count = u16::try_from(lanes).map_err(|_| Refusal::BadArguments)?;
        link.admit();
        let quic = link.connection().ok_or(Refusal::Closed)?;
        let settings = Settings::default().with(Setting::PeerUnidiStreams, count.into());
        let settings = settings.map_err(|_| Refusal::BadArguments)?;
        quic.set_settings(&settings).map_err(|_| Refusal::Closed)
    }

    pub fn attach(&self, connection: u32, sink: u32) -> Result<(), Refusal> {
        self.links.get(connection)?.attach(&self.sinks.get(sink)?);
        Ok(())
    }

    pub fn open_lanes(
        self: &Arc<Self>,
        connection: u32,
        source: u32,
        first_lane: u32,
        first_number: u16,
        count: u16,
    ) -> Result<(), Refusal> {
        let link = self.links.get(connection)?;
        let (source, _) = self.sources.get(source)?;
        for step in 0..count {
            let (id, number) = (first_lane + u32::from(step), first_number + step);
            let lane = SendLane::open(id, number, &link, &source, &self.pump).ok_or(Refusal::Closed)?;
            link.add_sending(&lane);
            self.lanes.insert(id, lane.clone());
            let record = Record::event(EventKind::LaneOpened, id)
                .entry(connection)
                .first(u64::from(number));
            self.events.push(record);
            lane.known();
        }
        Ok(())
    }

    pub fn grant(&self, lane: u32, entry: u32, grant: u32, first: u64, count: u64) -> Result<(), Refusal> {
        let lane = self.lanes.get(lane)?;
        if self.pump.grant(&lane, grant, entry, first, count) {
            Ok(())
        } else {
            Err(Refusal::BadArguments)
        }
    }

    pub fn finish_lane(&self, lane: u32) -> Result<(), Refusal> {
        self.lanes.get(lane)?.finish();
        Ok(())
    }

    /// Starts to walk `paths`; pages follow, or WALK_FAILED.
    pub fn source(self: &Arc<Self>, paths: &[PathBuf], cache: Cache) -> u32 {
        let id = self.new_id();
        let (source, walk) = match Source::files(id, paths, cache, self.events.clone()) {
            Ok(opened) => opened,
            Err(fault) => {
                self.tell(EventKind::WalkFailed, id, &fault);
                return id;
            }
        };
        let pace = Arc::new(Pace::default());
        self.sources.insert(id, (source, pace.clone()));
        let events = self.events.clone();
        let run = move || walk::run(id, walk, &pace, &events);
        if let Err(error) = std::thread::Builder::new().name("ultra-walk".to_owned()).spawn(run) {
            self.tell(
                EventKind::WalkFailed,
                id,
                &Fault::new(FaultClass::Io, error.to_string()),
            );
        }
        id
    }

    /// A source of `size` bytes that need no disk.
    pub fn memory_source(&self, size: u64) -> u32 {
        let id = self.new_id();
        let source = Source::memory(id, size, self.events.clone());
        let pace = Arc::new(Pace::default());
        self.sources.insert(id, (source.clone(), pace.clone()));
        walk::memory(&source, &pace, &self.events);
        id
    }

    pub fn hold(&self, source: u32, entry: u32, first: u64, values: &[[u8; 32]]) -> Result<(), Refusal> {
        let (source, _) = self.sources.get(source)?;
        source.hold(entry, first, values).map_err(|_| Refusal::BadArguments)
    }

    pub fn seal(&self, source: u32, entry: u32) -> Result<(), Refusal> {
        let (source, _) = self.sources.get(source)?;
        self.background.run(move || source.seal(entry));
        Ok(())
    }

    pub fn sink(&self, args: &SinkArgs<'_>) -> Result<u32, i32> {
        let target = if args.discard {
            Target::discard()
        } else {
            let options = ultra_files::SinkOptions {
                overwrite: args.overwrite,
                hidden: args.hidden,
                rename: args.rename.map(str::to_owned),
                create: args.create,
            };
            let folder = ultra_files::Sink::open(std::path::Path::new(args.folder), options);
            Target::Folder(Box::new(
                folder.map_err(|error| -(1000 + Fault::from(error).class as i32))?,
            ))
        };
        let id = self.new_id();
        self.sinks.insert(id, Sink::new(id, target, self.events.clone()));
        Ok(id)
    }

    pub fn page(&self, sink: u32, first: u32, count: u16, entries: Vec<u8>) -> Result<(), Refusal> {
        let sink = self.sinks.get(sink)?;
        let events = self.events.clone();
        self.ordered.run(move || {
            let record = Record::event(EventKind::Checked, sink.id).entry(first);
            match sink.target.add_page(first, count, &entries) {
                Ok(statuses) => {
                    let record = record.first(u64::from(count)).count(sink.target.free_space());
                    events.push_with(record, statuses);
                }
                // Its sender's doing, also where only this side can know it: that ends the transfer, not the process.
                Err(fault) => {
                    let record = Record::event(EventKind::PageRefused, sink.id).first(u64::from(fault.class as u32));
                    events.push_text(record, fault.text);
                }
            }
        });
        Ok(())
    }

    pub fn expect(&self, sink: u32, entry: u32, first: u64, count: u64) -> Result<(), Refusal> {
        if self.sinks.get(sink)?.expect(entry, first, count) {
            Ok(())
        } else {
            Err(Refusal::BadArguments)
        }
    }

    pub fn commit(&self, sink: u32, entry: u32, size: u64, root: [u8; 32]) -> Result<(), Refusal> {
        let sink = self.sinks.get(sink)?;
        sink.queue_commit(entry, size, root);
        self.writers.run(move || sink.commit_queued());
        Ok(())
    }

    pub fn finish_folders(&self, sink: u32) -> Result<(), Refusal> {
        let sink = self.sinks.get(sink)?;
        let events = self.events.clone();
        self.ordered.run(move || {
            let record = Record::event(EventKind::FoldersFinished, sink.id);
            match sink.target.finish_folders() {
                Ok(kept) => events.push(record.count(lost_bits(kept))),
                Err(fault) => events.push_text(record.first(u64::from(fault.class as u32)), fault.text),
            }
        });
        Ok(())
    }

    pub fn abandon(&self, sink: u32, entry: u32) -> Result<(), Refusal> {
        let sink = self.sinks.get(sink)?;
        self.ordered.run(move || sink.abandon(entry));
        Ok(())
    }

    /// Frees a source or a sink; DISPOSED follows.
    pub fn dispose(&self, id: u32) -> Result<(), Refusal> {
        let events = self.events.clone();
        if let Some((_, pace)) = self.sources.remove(id) {
            pace.stop();
            events.push(Record::event(EventKind::Disposed, id));
            return Ok(());
        }
        let sink = self.sinks.remove(id).ok_or(Refusal::UnknownId)?;
        self.ordered.run(move || {
            sink.target.dispose();
            events.push(Record::event(EventKind::Disposed, id));
        });
        Ok(())
    }

    /// Closes a connection or a listener.
    pub fn close(&self, id: u32, code: u64) -> Result<(), Refusal> {
        if let Ok(link) = self.links.get(id) {
            link.close(u16::try_from(code).map_err(|_| Refusal::BadArguments)?);
            return Ok(());
        }
        self.listeners.remove(id).map(drop).ok_or(Refusal::UnknownId)
    }

    /// The transfer root, from one status per entry.
    pub fn transfer_root(&self, transfer: u32, statuses: &[u8]) -> Result<[u8; 32], Refusal> {
        /// The status of a committed file, the only one whose root counts.
        const COMMITTED: u8 = 1;
        let describe: Box<dyn Fn(u32) -> Option<Described>> = if let Ok((source, _)) = self.sources.get(transfer) {
            Box::new(move |id| Some((source.describe(id)?, source.root_of(id))))
        } else {
            let sink = self.sinks.get(transfer)?;
            Box::new(move |id| Some((sink.target.describe(id)?, sink.root_of(id))))
        };
        let mut all = ultra_files::TransferRoot::default();
        for (id, status) in (0..).zip(statuses) {
            let ((path, kind, size), root) = describe(id).ok_or(Refusal::BadArguments)?;
            let root = root.filter(|_| *status == COMMITTED).unwrap_or([0; 32]);
            let entry = ultra_files::RootEntry {
                path,
                kind: kind as u8,
                size,
                status: *status,
                root,
            };
            all.add(entry).map_err(|_| Refusal::TooMuch)?;
        }
        Ok(all.finish())
    }

    /// What an entry is called here: its path in the transfer, or below the folder that receives.
    pub fn name(&self, transfer: u32, entry: u32) -> Result<String, Refusal> {
        if let Ok((source, _)) = self.sources.get(transfer) {
            return source.describe(entry).map(|(path, ..)| path).ok_or(Refusal::UnknownId);
        }
        Ok(self.sinks.get(transfer)?.target.path(entry))
    }

    pub fn link(&self, id: u32) -> Option<Arc<Link>> {
        self.links.get(id).ok()
    }

    pub fn add_link(&self, link: &Arc<Link>) {
        self.links.insert(link.id, link.clone());
    }

    pub fn forget_link(&self, id: u32) {
        drop(self.links.remove(id));
    }

    pub fn forget_lane(&self, id: u32) {
        drop(self.lanes.remove(id));
    }

    pub fn new_id(&self) -> u32 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub fn next_lane_id(&self) -> u32 {
        self.next_lane.fetch_add(1, Ordering::Relaxed)
    }

    fn tell(&self, kind: EventKind, id: u32, fault: &Fault) {
        self.events.push_text(
            Record::event(kind, id).first(u64::from(fault.class as u32)),
            &fault.text,
        );
    }
}

type Described = ((String, EntryKind, u64), Option<[u8; 32]>);

/// A status of the library as a refusal.
fn refusal_of(status: Status) -> i32 {
    let refusal = match status {
        msquic_sys::status::ADDRESS_IN_USE => Refusal::AddressInUse,
        msquic_sys::status::INVALID_ADDRESS => Refusal::NoFamily,
        _ => Refusal::Internal,
    };
    -(refusal as i32)
}

fn refusal_of_io(error: &std::io::Error) -> i32 {
    let refusal = match error.kind() {
        std::io::ErrorKind::AddrInUse => Refusal::AddressInUse,
        std::io::ErrorKind::Unsupported => Refusal::NoFamily,
        // A port below 1024, or an address that is not this machine's.
        _ => Refusal::AddressUnusable,
    };
    -(refusal as i32)
}
