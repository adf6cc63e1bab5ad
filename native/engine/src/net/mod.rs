//! Connections: the QUIC library behind safe handles, the control stream, who may come in, and lanes as far as they are streams.

pub mod admission;
pub mod connection;
pub mod control;
pub mod identity;
pub mod outward;
pub mod path_stats;
pub mod quic;
pub mod settings;
