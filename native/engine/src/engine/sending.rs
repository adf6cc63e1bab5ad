//! Sources, their lanes and grants.

use std::path::PathBuf;
use std::sync::Arc;

use ultra_files::{Naming, Preserve, Requests, SentLinks, Walk, WalkOptions};

use super::{Done, Engine};
use crate::blocks::frame::Preface;
use crate::blocks::roots::Roots;
use crate::core::event::Event;
use crate::core::fault::Fault;
use crate::core::options::SourceOptions;
use crate::core::words::{FileFault, LinkChoice, OriginKind, Refusal};
use crate::send::lane::{Granted, SendLane};
use crate::send::origin::Origin;
use crate::send::origin::held::Held;
use crate::send::origin::memory::Memory;
use crate::send::origin::tree::{Cache, Tree};
use crate::send::source::Source;
use crate::send::walk::{self, Pace};

impl Engine {
    pub(super) fn open_lanes(
        &self,
        connection: u32,
        source: u32,
        first_lane: u32,
        first_number: u16,
        count: u16,
        transfer: u32,
    ) -> Done {
        let linked = self.connections.get(connection)?;
        let (source, _) = self.sources.get(source)?;
        if first_lane.checked_add(count.into()).is_none() || first_number.checked_add(count).is_none() {
            return Err(Refusal::BadArguments);
        }
        for step in 0..count {
            let (id, number) = (first_lane + u32::from(step), first_number + step);
            let preface = Preface { lane: number, transfer };
            let lane = SendLane::open(id, preface, &linked.connection, &source, self.pump.clone());
            let lane = lane.ok_or(Refusal::Closed)?;
            linked.connection.add_lane(id, lane.clone());
            self.lanes.insert(id, lane.clone());
            self.tell.tell(Event::LaneOpened {
                lane: id,
                connection,
                number,
            });
            lane.known();
        }
        Ok(())
    }

    pub(super) fn grant(&self, lane: u32, grant: u32, what: Granted, first: u64, count: u64) -> Done {
        let lane = self.lanes.get(lane)?;
        if lane.codec.is_plain() && what == Granted::Entries {
            return Err(Refusal::BadArguments); // their frames could not seal them
        }
        if self.pump.grant(&lane, grant, what, first, count) {
            Ok(())
        } else {
            Err(Refusal::BadArguments)
        }
    }

    /// Ends a grant before `end`, or where its read cursor already is. `None`: no such grant, or all of it is read.
    pub fn shrink(&self, grant: u32, end: u64) -> Option<u64> {
        self.pump.shrink(grant, end)
    }

    pub(super) fn finish_lane(&self, lane: u32) -> Done {
        self.lanes.get(lane)?.finish();
        Ok(())
    }

    /// Makes a source; pages follow, or WALK_FAILED.
    pub fn source(&self, options: &SourceOptions) -> u32 {
        let id = self.new_id();
        let paths = || {
            let given = options.paths.iter().filter(|path| !path.is_empty());
            given.map(PathBuf::from).collect::<Vec<_>>()
        };
        let walked = WalkOptions {
            links: match options.links {
                LinkChoice::Inside => SentLinks::Inside,
                LinkChoice::All => SentLinks::All,
                LinkChoice::None => SentLinks::None,
                LinkChoice::Follow => SentLinks::Follow,
            },
            hardlinks: options.hardlinks,
            preserve: Preserve {
                owner: options.owner,
                xattrs: options.xattrs,
                acl: options.acl,
            },
            allow_growing: options.allow_growing,
            depth: options.depth as usize,
        };
        match options.origin {
            OriginKind::Files => self.walk(id, &paths(), Cache::Allowed, walked),
            OriginKind::UncachedFiles => self.walk(id, &paths(), Cache::Forgotten, walked),
            OriginKind::Requested | OriginKind::Same => {
                let other = self.sources.get(options.within).ok();
                let found = other.and_then(|(source, _)| Some((source.files()?, source)));
                let Some((files, other)) = found else {
                    self.walk_failed(id, Fault::new(FileFault::NotFound, "its folders are gone".to_owned()));
                    return id;
                };
                if options.origin == OriginKind::Same {
                    self.add_source_beside(other.roots_beside(), id, Box::new(Tree::of(files)));
                } else {
                    let naming = if options.by_path { Naming::Path } else { Naming::Last };
                    let requests = Requests::new(files, options.paths.clone())
                        .with_literal(options.literal as usize)
                        .with_naming(naming);
                    let (origin, walk) = Tree::requested(requests, walked);
                    self.run_walk(id, origin, walk);
                }
            }
            OriginKind::Memory => {
                let origin = Memory { size: options.size };
                let pace = self.add_source(id, Box::new(Memory { size: options.size }));
                walk::one(id, origin.page(), &pace, &*self.tell);
            }
            OriginKind::Clipboard => {
                let name = options.paths.first().cloned().unwrap_or_default();
                match Held::new(&name, self.clipboard.text()) {
                    Some(origin) => {
                        let page = origin.page();
                        let pace = self.add_source(id, Box::new(origin));
                        walk::one(id, page, &pace, &*self.tell);
                    }
                    None => self.tell.tell(Event::WalkFailed {
                        source: id,
                        fault: FileFault::NotFound,
                        text: "no text was taken from the clipboard".to_owned(),
                    }),
                }
            }
        }
        id
    }

    pub(super) fn walk(&self, id: u32, paths: &[PathBuf], cache: Cache, options: WalkOptions) {
        match Tree::open(paths, cache, options) {
            Ok((origin, walk)) => {
                self.tell.tell(Event::WalkBegun { source: id });
                self.run_walk(id, origin, walk);
            }
            Err(fault) => self.walk_failed(id, fault),
        }
    }

    fn walk_failed(&self, id: u32, fault: Fault) {
        self.tell.tell(Event::WalkFailed {
            source: id,
            fault: fault.class,
            text: fault.text,
        });
    }

    fn run_walk(&self, id: u32, origin: Tree, walk: Walk) {
        let pace = self.add_source(id, Box::new(origin));
        let tell = self.tell.clone();
        let run = move || walk::run(id, walk, &pace, &*tell);
        if let Err(error) = std::thread::Builder::new().name("ultra-walk".to_owned()).spawn(run) {
            self.walk_failed(id, Fault::new(FileFault::Io, error.to_string()));
        }
    }

    fn add_source(&self, id: u32, origin: Box<dyn Origin>) -> Arc<Pace> {
        self.add_source_beside(Roots::default(), id, origin)
    }

    fn add_source_beside(&self, roots: Roots, id: u32, origin: Box<dyn Origin>) -> Arc<Pace> {
        let pace = Arc::new(Pace::default());
        let source = Source::beside(roots, id, origin, self.tell.clone(), self.rereads.clone());
        self.sources.insert(id, (source, pace.clone()));
        pace
    }

    pub(super) fn limit_rate(&self, source: u32, bytes_per_second: f64) -> Done {
        /// Between these a limit makes sense: a block takes twelve days at the one, and no time at the other.
        const RATES: std::ops::RangeInclusive<f64> = 1.0..=1e15;
        let limited = bytes_per_second != 0.0;
        if limited && !RATES.contains(&bytes_per_second) {
            return Err(Refusal::BadArguments);
        }
        let (source, _) = self.sources.get(source)?;
        source.limit.set(limited.then_some(bytes_per_second));
        Ok(())
    }

    pub(super) fn hold(&self, source: u32, entry: u32, first: u64, values: &[u8]) -> Done {
        let (source, _) = self.sources.get(source)?;
        let (values, rest) = values.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(Refusal::BadArguments);
        }
        let completes = source.hold(entry, first, values).map_err(|_| Refusal::BadArguments)?;
        if completes {
            self.background.run(move || source.seal_held(entry));
        }
        Ok(())
    }

    pub(super) fn release(&self, source: u32, first: u32, count: u32) -> Done {
        let (source, _) = self.sources.get(source)?;
        source.release(first, count);
        Ok(())
    }
}
