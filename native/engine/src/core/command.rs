//! What TypeScript wants of things that exist: commands, whose effects arrive as events, and questions, which are answered at once.

use super::declare::declare;
use super::options::ConnectionSettings;
use super::words::*;

declare! {
    /// What is to be done.
    pub enum Command {
        /// The peer has proved itself: it may open that many lanes, and its control stream is bounded by its window alone. It may
        /// come again, with more lanes.
        Admit = 1 { connection: ConnectionId, lanes: u16 },
        /// Frames of the connection's lanes go to this sink; lanes that were opened before wait for it.
        Attach = 2 {
            connection: ConnectionId,
            sink: SinkId,
            /// The number of the transfer on its link; a lane of another one breaks the protocol.
            transfer: u32,
        },
        /// Opens lanes with successive ids and numbers.
        OpenLanes = 3 {
            connection: ConnectionId,
            source: SourceId,
            first_lane: LaneId,
            first_number: u16,
            count: u16,
            /// The number of the transfer on its link.
            transfer: u32,
        },
        /// The lane is to send these blocks.
        Grant = 4 { lane: LaneId, grant: GrantId, entry: EntryId, first: BlockIndex, count: u64 },
        /// Ends a lane after what it has sent.
        FinishLane = 5 { lane: LaneId },
        /// These blocks are needed.
        Expect = 6 { sink: SinkId, entry: EntryId, first: BlockIndex, count: u64 },
        /// A file that was sealed by a message. COMMITTED or ENTRY_FAILED follows.
        Commit = 8 { sink: SinkId, entry: EntryId, size: u64, root: Hash },
        /// FOLDERS_FINISHED or FOLDERS_FAILED follows.
        FinishFolders = 9 { sink: SinkId },
        /// Gives an entry up.
        Abandon = 10 {
            sink: SinkId,
            entry: EntryId,
            /// What becomes of what has arrived of it.
            leaving: Leaving,
        },
        /// Frees a source or a sink. DISPOSED follows.
        Dispose = 11 {
            transfer: TransferId,
            /// What becomes of what a sink did not commit.
            leaving: Leaving,
        },
        /// Closes a connection, once its control stream is acknowledged, or a listener.
        Close = 12 {
            /// A connection or a listener.
            id: ConnectionId,
            /// An exit code.
            code: u16,
        },
        /// Queues bytes on the control stream.
        Send = 13 { connection: ConnectionId, bytes: Bytes },
        /// Says which transfer a sink receives, so that an interrupted run of the same one is taken up. Before its first page.
        Begin = 25 {
            sink: SinkId,
            /// Whether something may be taken up, and left for a later run.
            resume: bool,
            transfer: Text,
        },
        /// A checked page of the manifest; CHECKED follows.
        Page = 14 { sink: SinkId, first: EntryId, count: u16, entries: Bytes },
        /// Values of blocks that the receiver already holds, for the root.
        Values = 15 { source: SourceId, entry: EntryId, first: BlockIndex, values: Bytes },
        /// Looks a host name up; RESOLVED follows.
        Resolve = 16 { request: u32, name: Text },
        /// Dialers that come from now on get these settings; those that are there keep theirs.
        Retune = 17 {
            listener: ListenerId,
            /// Those whose dialect has plain lanes; otherwise all others.
            plain: bool,
            settings: ConnectionSettings,
        },
        /// Closes everything; the wait ends once all events are delivered.
        Stop = 18 {},
        /// What all lanes of a source send at most from now on, over all connections; 0: no limit.
        LimitRate = 19 { source: SourceId, bytes_per_second: f64 },
        /// The lane is to send the files of one block among these entries, whole and sealed; others are passed over.
        GrantEntries = 20 { lane: LaneId, grant: GrantId, first: EntryId, count: u32 },
        /// The files of one block among these entries are needed, whole; others are passed over.
        ExpectEntries = 21 { sink: SinkId, first: EntryId, count: u32 },
        /// Files that have arrived, empty files, folders and links get their final names. COMMITTED or ENTRY_FAILED follows for each.
        CommitEntries = 22 { sink: SinkId, first: EntryId, count: u32 },
        /// Looks for what transfers left in a folder. LEFTOVER follows for each, then CLEAN_END, or CLEAN_FAILED alone.
        Clean = 40 {
            request: u32,
            /// Also in all folders below it.
            below: bool,
            /// Removes what may be removed.
            remove: bool,
            folder: Text,
        },
        /// Looks what is on the user's clipboard. CLIPBOARD_READ or CLIPBOARD_FAILED follows; a text stays here, for a source.
        ReadClipboard = 50 { request: u32 },
        /// Puts files, or the text of the one file, on the user's clipboard; with NOTHING it is only looked whether that could be done.
        /// CLIPBOARD_WRITTEN or CLIPBOARD_FAILED follows.
        WriteClipboard = 51 {
            request: u32,
            form: ClipboardForm,
            /// Of a text: with all control characters, and its last newline.
            raw: bool,
            paths: Texts,
        },
        /// These entries are over: what was kept for reading them again goes.
        Release = 23 { source: SourceId, first: EntryId, count: u32 },
        /// Asks the system not to go to sleep, or no longer. Nothing happens where the system has no such thing.
        StayAwake = 24 { on: bool },
    }
}

declare! {
    /// What is answered at once.
    pub enum Question {
        /// A fresh P-256 key and certificate: 32 bytes SHA-256 of the DER, then the PKCS12 (AES, PBKDF2).
        Identity = 64 {},
        /// The transfer root of a source or sink, 32 bytes.
        Root = 65 {
            transfer: TransferId,
            /// One byte for each entry.
            statuses: Bytes,
        },
        /// What an entry is called, for messages: its path in the transfer, or below the folder that receives.
        Name = 66 { transfer: TransferId, entry: EntryId },
        /// The root of a file that was sent, or was committed here, 32 bytes; nothing if it is not known.
        EntryRoot = 70 { transfer: TransferId, entry: EntryId },
        /// Bytes free for the user in the sink's file system, as a `u64`.
        FreeSpace = 71 { sink: SinkId },
        /// The settings that QUIC itself reports of an open connection, as a block of ConnectionSettings. Waits for the connection's thread.
        Settings = 69 { connection: ConnectionId },
        /// The machine's addresses on the routes that lead out, one a line; nothing is sent.
        Outward = 67 {},
    }
}

/// What a question is answered with.
#[derive(Debug)]
pub enum Answer {
    Bytes(Vec<u8>),
    Settings(ConnectionSettings),
}
