//! What earlier transfers left.

use std::path::Path;

use ultra_files::{Depth, Leftover, LeftoverKind as Kind, LeftoverState as State};

use super::Engine;
use crate::core::event::Event;
use crate::core::fault::Fault;
use crate::core::words::{LeftoverKind, LeftoverState};

impl Engine {
    pub(super) fn clean(&self, request: u32, folder: String, depth: Depth, remove: bool) {
        let tell = self.tell.clone();
        self.background
            .run(move || match ultra_files::clean(Path::new(&folder), depth, remove) {
                Ok(cleaned) => {
                    for leftover in cleaned.leftovers {
                        tell.tell(event_of(request, leftover));
                    }
                    let unread = cleaned.unread.iter().map(ToString::to_string).collect();
                    tell.tell(Event::CleanEnd { request, unread });
                }
                Err(error) => {
                    let Fault { class: fault, text } = error.into();
                    tell.tell(Event::CleanFailed { request, fault, text });
                }
            });
    }
}

fn event_of(request: u32, leftover: Leftover) -> Event {
    Event::Leftover {
        request,
        kind: match leftover.kind {
            Kind::Part => LeftoverKind::Part,
            Kind::SmallParts => LeftoverKind::SmallParts,
            Kind::Journal => LeftoverKind::Journal,
            Kind::PreviousVersion => LeftoverKind::PreviousVersion,
            Kind::Run => LeftoverKind::Run,
            Kind::Trials => LeftoverKind::Trials,
        },
        state: match leftover.state {
            State::Idle => LeftoverState::Idle,
            State::InUse => LeftoverState::InUse,
            State::OnlyCopy => LeftoverState::OnlyCopy,
            State::Removed => LeftoverState::Removed,
            State::Failed => LeftoverState::Failed,
        },
        count: leftover.count,
        bytes: leftover.bytes,
        modified: leftover.modified as f64,
        path: leftover.path,
        name: leftover.name.unwrap_or_default(),
        why: leftover.why.unwrap_or_default(),
    }
}
