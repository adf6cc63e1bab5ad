//! Where the parts of the engine report what happened.

use super::event::Event;
use super::words::{BlockIndex, EntryId, SinkId};

/// Takes events, from every thread. Events of one thread keep their order.
pub trait Tell: Send + Sync {
    fn tell(&self, event: Event);

    /// A block is verified. `last`: no other block of its entry is missing, so the event must not wait for company.
    fn verified(&self, sink: SinkId, entry: EntryId, block: BlockIndex, last: bool);

    /// A run of files of one block has arrived. `urgent`: nothing more is expected, so the event must not wait for company.
    fn arrived(&self, sink: SinkId, first: EntryId, count: u32, urgent: bool);

    /// Nothing follows.
    fn close(&self);
}
