//! Sinks.

use std::sync::Arc;

use super::{Done, Engine, Linked, Receiving};
use crate::core::event::Event;
use crate::core::fault::Fault;
use crate::core::options::SinkOptions;
use crate::core::words::{Leaving, Refusal};
use crate::core::workers::Workers;
use crate::receive::sink::Sink;
use crate::receive::target::Target;
use crate::receive::target::discard::Discard;
use crate::receive::target::folder::Folder;

/// Threads that hash what an earlier run wrote: each has the speed of BLAKE3 on a core, and what comes meanwhile needs cores as well.
const REREADERS: usize = 2;

impl Engine {
    pub(super) fn attach(&self, connection: u32, sink: u32, transfer: u32) -> Done {
        let Linked { connection, inlet } = self.connections.get(connection)?;
        let sink = self.sinks.get(sink)?.sink;
        sink.attach(transfer);
        inlet.attach(sink);
        for lane in connection.lanes() {
            lane.wake();
        }
        Ok(())
    }

    /// Opens a sink; a folder that cannot be used is a fault.
    pub fn sink(&self, options: &SinkOptions) -> Result<u32, Fault> {
        let target: Arc<dyn Target> = if options.discard {
            Arc::new(Discard::default())
        } else {
            Arc::new(Folder::open(options)?)
        };
        let id = self.new_id();
        let receiving = Receiving {
            sink: Sink::new(id, target, self.tell.clone()),
            ordered: Workers::new("ultra-order", 1, self.on_panic),
            commits: Workers::new("ultra-commit", 1, self.on_panic),
            rereads: Workers::new("ultra-reread", REREADERS, self.on_panic),
        };
        self.sinks.insert(id, receiving);
        Ok(id)
    }

    pub(super) fn begin(&self, sink: u32, transfer: Option<String>) -> Done {
        let Receiving { sink, ordered, .. } = self.sinks.get(sink)?;
        ordered.run(move || sink.target.begin(transfer.as_deref()));
        Ok(())
    }

    pub(super) fn page(&self, sink: u32, first: u32, count: u16, entries: Vec<u8>) -> Done {
        let Receiving {
            sink, ordered, rereads, ..
        } = self.sinks.get(sink)?;
        let tell = self.tell.clone();
        ordered.run(move || {
            let statuses = match sink.target.add_page(first, count, &entries) {
                Ok(statuses) => statuses,
                // Its sender's doing, also where only this side can know it: that ends the transfer, not the process.
                Err(fault) => {
                    return tell.tell(Event::PageRefused {
                        sink: sink.id,
                        fault: fault.class,
                        text: fault.text,
                    });
                }
            };
            let uncertain = sink.take_up();
            tell.tell(Event::Checked {
                sink: sink.id,
                first,
                statuses,
                free_space: sink.target.free_space(),
            });
            sink.begin_rereads(uncertain, &rereads);
        });
        Ok(())
    }

    pub(super) fn expect(&self, sink: u32, entry: u32, first: u64, count: u64) -> Done {
        if self.sinks.get(sink)?.sink.expect(entry, first, count) {
            Ok(())
        } else {
            Err(Refusal::BadArguments)
        }
    }

    pub(super) fn commit(&self, sink: u32, entry: u32, size: u64, root: [u8; 32]) -> Done {
        let Receiving { sink, .. } = self.sinks.get(sink)?;
        // What is kept of an entry has its place by the entry's number: one that is no file would take room for all before it.
        if sink.target.file_size(entry).is_none() {
            return Err(Refusal::BadArguments);
        }
        sink.queue_commit(entry, size, root);
        self.writers.run(move || sink.commit_queued());
        Ok(())
    }

    pub(super) fn expect_entries(&self, sink: u32, first: u32, count: u32) -> Done {
        if self.sinks.get(sink)?.sink.expect_entries(first, count) {
            Ok(())
        } else {
            Err(Refusal::BadArguments)
        }
    }

    pub(super) fn commit_entries(&self, sink: u32, first: u32, count: u32) -> Done {
        let Receiving { sink, commits, .. } = self.sinks.get(sink)?;
        if !sink.queue_entries(first, count) {
            return Err(Refusal::BadArguments);
        }
        commits.run(move || sink.commit_group());
        Ok(())
    }

    pub(super) fn finish_folders(&self, sink: u32) -> Done {
        let Receiving { sink, ordered, .. } = self.sinks.get(sink)?;
        let tell = self.tell.clone();
        ordered.run(move || {
            let finished = sink.target.finish_folders();
            let left = sink.target.left_over();
            if left.parts > 0 {
                tell.tell(Event::LeftOver {
                    sink: sink.id,
                    parts: left.parts,
                    occupied: left.occupied,
                });
            }
            // Everything is committed; what tells the other side of it follows.
            ultra_files::os::fault_points::at("end");
            tell.tell(match finished {
                Ok(unkept) => Event::FoldersFinished { sink: sink.id, unkept },
                Err(fault) => Event::FoldersFailed {
                    sink: sink.id,
                    fault: fault.class,
                    text: fault.text,
                },
            });
        });
        Ok(())
    }

    pub(super) fn abandon(&self, sink: u32, entry: u32, leaving: Leaving) -> Done {
        let Receiving { sink, ordered, .. } = self.sinks.get(sink)?;
        ordered.run(move || sink.abandon(entry, leaving));
        Ok(())
    }
}
