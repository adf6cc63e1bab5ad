//! The engine: everything by id, and who does what the door asks for. What is done is in `engine/`.

mod awake;
mod cleaning;
mod clipping;
mod network;
#[cfg(test)]
mod pipe_tests;
mod receiving;
mod registry;
mod sending;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use ultra_files::{Depth, EntryKind};

use crate::blocks::codec::LaneCodec;
use crate::core::command::{Answer, Command, Question};
use crate::core::event::Event;
use crate::core::options::StartOptions;
use crate::core::tell::Tell;
use crate::core::words::{Leaving, Refusal};
use crate::core::workers::Workers;
use crate::net::admission::AdmissionLimiter;
use crate::net::connection::{Connection, Host, Lane};
use crate::net::identity;
use crate::net::outward::outward;
use crate::net::path_stats;
use crate::net::quic::{Listener, Quic};
use crate::net::transport::NewStream;
use crate::os::{Busyness, Limits, System};
use crate::receive::lane::{Inlet, ReceiveLane};
use crate::receive::sink::Sink;
use crate::send::lane::{Granted, SendLane};
use crate::send::pump::{ReadPump, Share};
use crate::send::source::Source;
use crate::send::walk::Pace;
use registry::Table;

/// Lane ids of the peer's lanes start here; those below are chosen by TypeScript for lanes it opens.
const FIRST_PEER_LANE: u32 = 1 << 31;

type Done = Result<(), Refusal>;

pub struct Engine {
    /// Itself, for what calls back.
    me: Weak<Self>,
    tell: Arc<dyn Tell>,
    writers: Arc<Workers>,
    /// Seals wait for a disk at most once for each file; resolving waits for a name server.
    background: Arc<Workers>,
    /// Files that were touched while they were sent are read again, one after the other.
    rereads: Arc<Workers>,
    quic: Arc<Quic>,
    pump: Arc<ReadPump>,
    connections: Table<Linked>,
    listeners: Table<Listener<AdmissionLimiter>>,
    lanes: Table<Arc<SendLane>>,
    sources: Table<(Arc<Source>, Arc<Pace>)>,
    sinks: Table<Receiving>,
    awake: awake::Awake,
    clipboard: clipping::Clipped,
    on_panic: fn(String),
    next_id: AtomicU32,
    next_lane: AtomicU32,
}

/// A sink, the one thread on which its pages, folders and disposal happen, in the order asked for.
#[derive(Clone)]
struct Receiving {
    sink: Arc<Sink>,
    ordered: Arc<Workers>,
    /// The one thread on which groups of entries are committed.
    commits: Arc<Workers>,
    /// Threads that read what an earlier run wrote, while other blocks come.
    rereads: Arc<Workers>,
}

/// A connection, and where the frames of its lanes go.
#[derive(Clone)]
struct Linked {
    connection: Arc<Connection>,
    inlet: Arc<Inlet>,
}

impl Engine {
    pub fn start(options: &StartOptions, tell: Arc<dyn Tell>, on_panic: fn(String)) -> Result<Arc<Self>, Refusal> {
        System::raise_descriptors();
        let threads = options.network_threads as usize;
        let quic = Quic::open(options.execution_profile, threads, on_panic).map_err(network::refusal_of)?;
        let pump = ReadPump::start(
            options.readers as usize,
            options.buffers as usize,
            Share {
                outstanding: options.outstanding_bytes.into(),
                kept: options.kept_buffers as usize,
            },
            tell.clone(),
            on_panic,
        )
        .map_err(|_| Refusal::TooMuch)?;
        Ok(Arc::new_cyclic(|me| Self {
            me: me.clone(),
            tell,
            writers: Workers::new("ultra-write", options.writers as usize, on_panic),
            background: Workers::new("ultra-files", 2, on_panic),
            rereads: Workers::new("ultra-read", 1, on_panic),
            quic,
            pump,
            connections: Table::default(),
            listeners: Table::default(),
            lanes: Table::default(),
            sources: Table::default(),
            sinks: Table::default(),
            awake: awake::Awake::default(),
            clipboard: clipping::Clipped::default(),
            on_panic,
            next_id: AtomicU32::new(1),
            next_lane: AtomicU32::new(FIRST_PEER_LANE),
        }))
    }

    /// The answer to a question.
    pub fn answer(&self, question: Question) -> Result<Answer, Refusal> {
        let bytes = match question {
            Question::Identity {} => {
                let made = identity::make().map_err(|_| Refusal::Internal)?;
                [&made.hash[..], &made.pkcs12].concat()
            }
            Question::Root { transfer, statuses } => self.transfer_root(transfer, &statuses)?.to_vec(),
            Question::FreeSpace { sink } => {
                let free = self.sinks.get(sink)?.sink.target.free_space();
                free.to_le_bytes().to_vec()
            }
            Question::Name { transfer, entry } => self.name(transfer, entry)?.into_bytes(),
            Question::EntryRoot { transfer, entry } => self.entry_root(transfer, entry)?.map_or(Vec::new(), Vec::from),
            Question::Settings { connection } => return self.reported_settings(connection).map(Answer::Settings),
            Question::Outward {} => {
                let addresses: Vec<String> = outward().iter().map(ToString::to_string).collect();
                addresses.join("\n").into_bytes()
            }
        };
        Ok(Answer::Bytes(bytes))
    }

    pub fn run(&self, command: Command) -> Done {
        match command {
            Command::Admit { connection, lanes } => self.admit(connection, lanes),
            Command::Attach {
                connection,
                sink,
                transfer,
            } => self.attach(connection, sink, transfer),
            Command::OpenLanes {
                connection,
                source,
                first_lane,
                first_number,
                count,
                transfer,
            } => self.open_lanes(connection, source, first_lane, first_number, count, transfer),
            Command::Grant {
                lane,
                grant,
                entry,
                first,
                count,
            } => self.grant(lane, grant, Granted::Blocks(entry), first, count),
            Command::GrantEntries {
                lane,
                grant,
                first,
                count,
            } => self.grant(lane, grant, Granted::Entries, first.into(), count.into()),
            Command::FinishLane { lane } => self.finish_lane(lane),
            Command::Expect {
                sink,
                entry,
                first,
                count,
            } => self.expect(sink, entry, first, count),
            Command::ExpectEntries { sink, first, count } => self.expect_entries(sink, first, count),
            Command::CommitEntries { sink, first, count } => self.commit_entries(sink, first, count),
            Command::Release { source, first, count } => self.release(source, first, count),
            Command::Commit {
                sink,
                entry,
                size,
                root,
            } => self.commit(sink, entry, size, root),
            Command::FinishFolders { sink } => self.finish_folders(sink),
            Command::Abandon { sink, entry, leaving } => self.abandon(sink, entry, leaving),
            Command::Dispose { transfer, leaving } => self.dispose(transfer, leaving),
            Command::Close { id, code } => self.close(id, code),
            Command::Send { connection, bytes } => self.send(connection, bytes),
            Command::Page {
                sink,
                first,
                count,
                entries,
            } => self.page(sink, first, count, entries),
            Command::Values {
                source,
                entry,
                first,
                values,
            } => self.hold(source, entry, first, &values),
            Command::Resolve { request, name } => {
                self.resolve(request, name);
                Ok(())
            }
            Command::Clean {
                request,
                below,
                remove,
                folder,
            } => {
                let depth = if below { Depth::All } else { Depth::Top };
                self.clean(request, folder, depth, remove);
                Ok(())
            }
            Command::ReadClipboard { request } => {
                self.read_clipboard(request);
                Ok(())
            }
            Command::WriteClipboard {
                request,
                form,
                raw,
                paths,
            } => {
                self.write_clipboard(request, form, raw, paths);
                Ok(())
            }
            Command::Retune {
                listener,
                plain,
                settings,
            } => self.retune(listener, plain, &settings),
            Command::LimitRate {
                source,
                bytes_per_second,
            } => self.limit_rate(source, bytes_per_second),
            Command::StayAwake { on } => {
                self.awake.set(on);
                Ok(())
            }
            Command::Begin { sink, resume, transfer } => self.begin(sink, resume.then_some(transfer)),
            Command::Stop {} => {
                self.stop();
                Ok(())
            }
        }
    }

    fn stop(&self) {
        self.awake.set(false);
        drop(self.listeners.drain());
        self.quic.shutdown(0);
        self.tell.close();
    }

    /// Numbers about the process (0), what QUIC says of a connection, or the counters of a source or a sink.
    pub fn measure(&self, id: u32) -> Result<Vec<f64>, Refusal> {
        if id == 0 {
            return Ok(System::load());
        }
        if let Ok(Linked { connection, .. }) = self.connections.get(id) {
            return path_stats::values(&connection, self.pump.share.outstanding).ok_or(Refusal::Closed);
        }
        if let Ok((source, _)) = self.sources.get(id) {
            return Ok(source.counters.values());
        }
        Ok(self.sinks.get(id)?.sink.counters.values())
    }

    fn dispose(&self, id: u32, leaving: Leaving) -> Done {
        let tell = self.tell.clone();
        if let Some((source, pace)) = self.sources.remove(id) {
            pace.stop();
            source.release(0, u32::MAX);
            tell.tell(Event::Disposed { transfer: id });
            return Ok(());
        }
        let Receiving { sink, ordered, .. } = self.sinks.remove(id).ok_or(Refusal::UnknownId)?;
        sink.close();
        ordered.run(move || {
            sink.target.dispose(leaving);
            tell.tell(Event::Disposed { transfer: id });
        });
        Ok(())
    }

    /// The transfer root, from one status per entry.
    fn transfer_root(&self, transfer: u32, statuses: &[u8]) -> Result<[u8; 32], Refusal> {
        /// The status of a committed file, the only one whose root counts.
        const COMMITTED: u8 = 1;
        let describe: Box<dyn Fn(u32) -> Option<Described>> = if let Ok((source, _)) = self.sources.get(transfer) {
            Box::new(move |id| Some((source.describe(id)?, source.root_of(id))))
        } else {
            let Receiving { sink, .. } = self.sinks.get(transfer)?;
            Box::new(move |id| Some((sink.target.describe(id)?, sink.root_of(id))))
        };
        let mut all = ultra_files::TransferRoot::default();
        for (id, status) in (0..).zip(statuses) {
            let ((path, kind, size), root) = describe(id).ok_or(Refusal::BadArguments)?;
            let root = root.or_else(|| root_of_nothing(kind, size));
            let root = root.filter(|_| *status == COMMITTED).unwrap_or([0; 32]);
            let entry = ultra_files::RootEntry {
                path,
                kind: kind as u8,
                size,
                status: *status,
                root,
            };
            all.add(entry);
        }
        Ok(all.finish())
    }

    /// The root of a file that was sent, or committed here.
    fn entry_root(&self, transfer: u32, entry: u32) -> Result<Option<[u8; 32]>, Refusal> {
        if let Ok((source, _)) = self.sources.get(transfer) {
            let of_nothing = || {
                source
                    .describe(entry)
                    .and_then(|(_, kind, size)| root_of_nothing(kind, size))
            };
            return Ok(source.root_of(entry).or_else(of_nothing));
        }
        Ok(self.sinks.get(transfer)?.sink.root_of(entry))
    }

    /// What an entry is called here: its path in the transfer, or below the folder that receives.
    fn name(&self, transfer: u32, entry: u32) -> Result<String, Refusal> {
        if let Ok((source, _)) = self.sources.get(transfer) {
            return source.describe(entry).map(|(path, ..)| path).ok_or(Refusal::UnknownId);
        }
        Ok(self.sinks.get(transfer)?.sink.target.path(entry))
    }

    fn new_id(&self) -> u32 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    fn add_connection(&self, connection: &Arc<Connection>) {
        let linked = Linked {
            connection: connection.clone(),
            inlet: Arc::default(),
        };
        self.connections.insert(connection.id, linked);
    }

    /// Itself as what connections call back.
    fn host(&self) -> Weak<dyn Host> {
        self.me.clone()
    }
}

impl Host for Engine {
    fn new_id(&self) -> u32 {
        Engine::new_id(self)
    }

    fn connection(&self, id: u32) -> Option<Arc<Connection>> {
        self.connections.get(id).ok().map(|linked| linked.connection)
    }

    fn came(&self, connection: &Arc<Connection>) {
        self.add_connection(connection);
    }

    fn forget_connection(&self, id: u32) {
        drop(self.connections.remove(id));
    }

    fn accept_lane(
        &self,
        connection: &Arc<Connection>,
        codec: &'static dyn LaneCodec,
        stream: Box<dyn NewStream>,
    ) -> (u32, Arc<dyn Lane>) {
        let id = self.next_lane.fetch_add(1, Ordering::Relaxed);
        let inlet = self.connections.get(connection.id).map(|linked| linked.inlet);
        // (A connection that is forgotten has no streams any more.)
        let inlet = inlet.unwrap_or_default();
        (
            id,
            ReceiveLane::accept(id, connection, codec, &inlet, stream, &self.writers),
        )
    }

    fn forget_lane(&self, id: u32) {
        drop(self.lanes.remove(id));
    }
}

type Described = ((String, EntryKind, u64), Option<[u8; 32]>);

/// BLAKE3 of no bytes: the root of an empty file, of which nothing is read.
fn root_of_nothing(kind: EntryKind, size: u64) -> Option<[u8; 32]> {
    let is_empty = kind == EntryKind::File && size == 0;
    is_empty.then(|| *blake3::hash(b"").as_bytes())
}
