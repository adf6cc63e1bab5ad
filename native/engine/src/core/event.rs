//! What the engine reports.

use super::declare::{LatePayload, declare};
use super::words::*;

declare! {
    /// What happened.
    pub enum Event {
        /// A listener is ready.
        Listening = 1 { listener: ListenerId, port: u16, address: Text },
        /// A dialer finished its handshake with a listener; it has proved nothing yet.
        Incoming = 2 { listener: ListenerId, connection: ConnectionId, alpn: Text, remote: Text },
        /// A dialed connection is open, and its peer has the certificate that was asked for.
        Connected = 3 {
            connection: ConnectionId,
            alpn: Text,
            remote: Text,
            /// SHA-256 of the peer's certificate, 32 bytes.
            certificate: Hash,
        },
        /// Bytes of the control stream. The peer may send more once they are taken.
        Control = 4 { connection: ConnectionId, bytes: Taken },
        /// The last event of a connection.
        Closed = 5 {
            connection: ConnectionId,
            cause: CloseCause,
            /// The close code, or QUIC's status.
            code: u64,
            text: Text,
        },
        LaneOpened = 6 {
            lane: LaneId,
            connection: ConnectionId,
            /// The number that this side gave it; 0 for a lane from the peer.
            number: u16,
        },
        /// A lane is gone, and so are its claims on blocks.
        LaneClosed = 7 {
            lane: LaneId,
            connection: ConnectionId,
            /// It ended in good order and was not reset.
            finished: bool,
        },
        /// All blocks of a grant were read.
        GrantRead = 8 { lane: LaneId, grant: GrantId, entry: EntryId, end: BlockIndex },
        /// An entry cannot be read; told once.
        ReadFailed = 9 { source: SourceId, entry: EntryId, fault: FileFault, text: Text },
        /// A page of the manifest.
        Page = 10 {
            source: SourceId,
            first: EntryId,
            count: u32,
            /// Bytes of the page's files.
            size: u64,
            /// Moves the encoded entries out, at most once. The walk pauses while 64 pages are not taken.
            take: LatePayload,
        },
        /// The walk is over.
        WalkEnd = 11 {
            source: SourceId,
            entries: u32,
            files: u64,
            size: u64,
            /// What of owners, attributes and ACLs could not be read, or is too much for an entry, of anything.
            unkept: Unkept,
            left_out: LeftOut,
        },
        /// What is to be sent is there and can be opened; its walk begins. WALK_FAILED otherwise.
        WalkBegun = 34 { source: SourceId },
        WalkFailed = 12 { source: SourceId, fault: FileFault, text: Text },
        /// All blocks of a file were read, or the receiver holds them, and the file is what was read, if need be after it was read again; its BLAKE3
        /// hash. Files of one block are sealed in their frames.
        Sealed = 13 {
            source: SourceId,
            entry: EntryId,
            size: u64,
            root: Hash,
            /// It has no name any more, and was read from the open file.
            unlinked: bool,
        },
        SealFailed = 14 { source: SourceId, entry: EntryId, fault: FileFault, text: Text },
        /// A page's entries were looked for on the disk.
        Checked = 15 {
            sink: SinkId,
            first: EntryId,
            statuses: Statuses,
            /// Bytes free for the user in the sink's file system.
            free_space: u64,
        },
        /// Values of blocks of a file that an earlier run received. TAKEN_UP follows the last of them, CHECKED that.
        Held = 28 { sink: SinkId, entry: EntryId, first: BlockIndex, values: Bytes },
        /// The part of an earlier run is gone on with.
        TakenUp = 29 {
            sink: SinkId,
            entry: EntryId,
            /// Bytes that it occupies on the disk.
            occupied: u64,
            /// The held blocks are in it. Otherwise they are read again: VERIFIED or STALE follows for each, behind CHECKED.
            is_clean: bool,
        },
        /// A file begins anew although something was left of it. Comes before CHECKED.
        Anew = 30 {
            sink: SinkId,
            entry: EntryId,
            why: RestartReason,
            /// Bytes of the old part, which become free.
            occupied: u64,
        },
        /// A held block is not what its value says: it has to come again.
        Stale = 31 { sink: SinkId, entry: EntryId, block: BlockIndex },
        /// Parts of other transfers lie in the folders that got files. Comes before FOLDERS_FINISHED.
        LeftOver = 32 { sink: SinkId, parts: u32, occupied: u64 },
        /// A page names more than a manifest may, or there is no memory for it; the transfer cannot go on.
        PageRefused = 25 { sink: SinkId, fault: FileFault, text: Text },
        /// Blocks are written and their values were right. Runs merge while they wait.
        Verified = 16 { sink: SinkId, entry: EntryId, first: BlockIndex, count: u64 },
        /// Files of one block are written, and their roots are what their sealed frames say. Runs merge while they wait.
        Arrived = 27 { sink: SinkId, first: EntryId, count: u32 },
        /// A block's value was wrong.
        Mismatch = 17 { sink: SinkId, entry: EntryId, block: BlockIndex },
        /// A run of entries has its final names.
        Committed = 18 {
            sink: SinkId,
            first: EntryId,
            count: u32,
            /// The names survive a power cut.
            durable: bool,
            unkept: Unkept,
        },
        EntryFailed = 19 { sink: SinkId, entry: EntryId, fault: FileFault, text: Text },
        /// All folders have their final modes and times.
        FoldersFinished = 20 {
            sink: SinkId,
            /// Of any folder.
            unkept: Unkept,
        },
        FoldersFailed = 26 { sink: SinkId, fault: FileFault, text: Text },
        /// The peer broke the format of a lane; the connection should be closed.
        LaneBroke = 21 { connection: ConnectionId, lane: LaneId, text: Text },
        /// A name was looked up; no addresses: it was not found.
        Resolved = 22 { request: u32, addresses: Texts },
        Disposed = 23 { transfer: TransferId },
        /// What an earlier transfer left.
        Leftover = 40 {
            request: u32,
            kind: LeftoverKind,
            state: LeftoverState,
            count: u32,
            /// What it occupies on the disk.
            bytes: u64,
            /// When it was last written, in seconds since 1970.
            modified: f64,
            /// Below the folder that was searched; of several the first.
            path: Text,
            /// The file that it belongs to, if it is there.
            name: Text,
            /// Why it could not be removed.
            why: Text,
        },
        /// All leftovers were told.
        CleanEnd = 41 {
            request: u32,
            /// Why folders could not be searched.
            unread: Texts,
        },
        /// The folder itself cannot be searched.
        CleanFailed = 42 { request: u32, fault: FileFault, text: Text },
        /// What is on the user's clipboard.
        ClipboardRead = 50 {
            request: u32,
            form: ClipboardForm,
            /// Bytes of a text.
            size: u64,
            /// Of files.
            paths: Texts,
        },
        ClipboardWritten = 51 { request: u32 },
        ClipboardFailed = 52 { request: u32, why: ClipboardFault, text: Text },
        /// A bug of the data plane; nothing that a peer says leads to it.
        Fault = 24 { text: Text },
    }
}
