//! The arguments of the calls that make something.

use std::net::SocketAddr;

use super::declare::options;
use super::words::*;

options! {
    /// The sizes of the data plane.
    pub struct StartOptions {
        /// Threads that read.
        readers: u32,
        /// Most concurrent writes.
        writers: u32,
        /// Buffers of one block that are read ahead.
        buffers: u32,
        execution_profile: ExecutionProfile,
        /// Threads of QUIC.
        network_threads: u32,
        /// Bytes of each connection that are sent and not acknowledged.
        outstanding_bytes: u32,
        /// Buffers that are kept for connections which have none, where peers that have nothing to do with each other share them; 0: they do not.
        kept_buffers: u32,
    }
}

options! {
    /// The settings of a QUIC connection, by name. They freeze when it starts, but for the number of the peer's streams.
    pub struct ConnectionSettings {
        handshake_idle_timeout_ms: u32,
        /// Silence that ends the connection.
        idle_timeout_ms: u32,
        /// Sending without any acknowledgement ends after this.
        disconnect_timeout_ms: u32,
        /// 0: off.
        keep_alive_interval_ms: u32,
        /// Bytes that the peer may send ahead on all streams: the bound of a connection's memory.
        connection_window_bytes: u32,
        /// The window that a lane starts with.
        stream_window_unidi_bytes: u32,
        /// The window that a control stream opened here starts with.
        stream_window_bidi_local_bytes: u32,
        /// The window that a control stream opened by the peer starts with.
        stream_window_bidi_remote_bytes: u32,
        /// Buffer that a stream starts with; at most any window.
        stream_receive_buffer_bytes: u32,
        /// Packets before the first acknowledgement.
        initial_window_packets: u32,
        initial_rtt_ms: u32,
        congestion_control: CongestionControl,
        peer_bidi_streams: u16,
        peer_unidi_streams: u16,
        /// Largest packet to look for, with its IP header.
        maximum_mtu: u16,
        send_buffering: bool,
        pacing: bool,
        migration: bool,
    }
}

options! {
    pub struct ListenOptions {
        settings: ConnectionSettings,
        /// Of dialers whose dialect has plain lanes.
        plain_settings: ConnectionSettings,
        /// Most dialers that have not shown that they receive at their address. From as many handshakes on, QUIC demands it with a Retry.
        max_unvalidated: u16,
        /// Most dialers at a time that have not proved themselves.
        max_unproved: u32,
        max_unproved_per_address: u32,
        /// Bytes that a dialer may send on its control stream before it is admitted.
        control_limit: u32,
        /// The certificate with its key.
        pkcs12: Bytes,
        alpns: Texts,
        /// `[::]:0` is all addresses of both families and a free port.
        address: SocketAddr,
    }
}

options! {
    pub struct ConnectOptions {
        settings: ConnectionSettings,
        /// The SHA-256 that the peer's certificate must have, or its first 16 bytes; none: any, reported in CONNECTED.
        pin: Bytes,
        /// Which of QUIC's partitions (cores) runs it.
        partition: u16,
        control_limit: u32,
        alpns: Texts,
        address: SocketAddr,
    }
}

options! {
    pub struct SourceOptions {
        origin: OriginKind,
        /// Of a source in memory.
        size: u64,
        links: LinkChoice,
        /// Other names of a file are sent as such.
        hardlinks: bool,
        /// Owners and groups are sent.
        owner: bool,
        /// Extended attributes are sent.
        xattrs: bool,
        /// POSIX ACLs are sent.
        acl: bool,
        /// Files that become longer are sent up to the size that the walk saw.
        allow_growing: bool,
        /// The source that was made of the folders in which a peer's paths are looked for, or that of the same things; 0: none.
        within: u32,
        /// How many of the first components of a peer's paths are names, whatever they look like, and no patterns.
        literal: u32,
        /// A peer's things are called by the paths that ask for them, in place of their last names.
        by_path: bool,
        /// How many levels of folders are entered.
        depth: u32,
        paths: Texts,
    }
}

options! {
    pub struct SinkOptions {
        /// What becomes of plain files and links in the way that differ.
        existing: Existing,
        /// Takes hidden names also into folders that were there before.
        hidden: bool,
        /// Verifies but writes nothing: for measurements.
        discard: bool,
        /// Creates the folder.
        create: bool,
        /// Takes nothing up that an earlier run left of a file.
        restart: bool,
        /// Commits without waiting for the disk.
        no_sync: bool,
        /// Which symbolic links are made, whatever the sender says.
        links: LinkChoice,
        /// Owners and groups are given, where the sender states them; likewise below.
        owner: bool,
        xattrs: bool,
        acl: bool,
        folder: Text,
        /// Another name for the one top-level entry; empty: none.
        rename: Text,
    }
}

impl StartOptions {
    /// Most threads or buffers that make sense; a larger number is a mistake of the caller.
    const MOST: u32 = 4096;
    const MOST_NETWORK_THREADS: u32 = 512;

    pub fn are_sane(&self) -> bool {
        let some = 1..=Self::MOST;
        [self.readers, self.writers, self.buffers]
            .iter()
            .all(|number| some.contains(number))
            && (1..=Self::MOST_NETWORK_THREADS).contains(&self.network_threads)
    }
}
