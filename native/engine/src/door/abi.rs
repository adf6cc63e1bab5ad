//! The version of the door: a number that changes with every declaration, so that two sides that do not fit never talk.

use crate::core::command::{Command, Question};
use crate::core::declare::{Declaration, FieldDeclaration, Shape, WordList};
use crate::core::event::Event;
use crate::core::words::LISTS;
use crate::door::blocks::BLOCKS;

/// Raised by one when a function of the door changes, or how values lie in records and blocks.
const REVISION: u32 = 1;

/// What `src/engine/generated/` must have been made from.
pub const ABI_VERSION: u32 = {
    let mut hash = Hash(0x811c_9dc5).number(REVISION);
    hash = hash
        .declarations(Event::DECLARATIONS)
        .declarations(Command::DECLARATIONS);
    hash = hash.declarations(Question::DECLARATIONS).declarations(BLOCKS);
    hash = hash.names(crate::core::stats::NAMES).names(crate::os::LOAD);
    hash = hash.names(crate::os::ROLES).names(crate::net::path_stats::NAMES);
    let mut at = 0;
    while at < LISTS.len() {
        hash = hash.list(LISTS[at]);
        at += 1;
    }
    hash.0
};

/// FNV-1a, which can run while the program is compiled.
struct Hash(u32);

impl Hash {
    const fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u32).wrapping_mul(0x0100_0193))
    }

    const fn number(self, number: u32) -> Self {
        let [a, b, c, d] = number.to_le_bytes();
        self.byte(a).byte(b).byte(c).byte(d)
    }

    const fn text(mut self, text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            self = self.byte(bytes[at]);
            at += 1;
        }
        self.byte(0)
    }

    const fn names(mut self, names: &[&str]) -> Self {
        let mut at = 0;
        while at < names.len() {
            self = self.text(names[at]);
            at += 1;
        }
        self
    }

    const fn declarations(mut self, all: &[Declaration]) -> Self {
        let mut at = 0;
        while at < all.len() {
            self = self.text(all[at].name).number(all[at].number).fields(all[at].fields);
            at += 1;
        }
        self
    }

    const fn fields(mut self, all: &[FieldDeclaration]) -> Self {
        let mut at = 0;
        while at < all.len() {
            self = self
                .text(all[at].name)
                .text(all[at].type_name)
                .byte(shape_number(all[at].shape));
            at += 1;
        }
        self
    }

    const fn list(mut self, list: &WordList) -> Self {
        self = self.text(list.name);
        let mut at = 0;
        while at < list.words.len() {
            let (word, number) = list.words[at];
            self = self.text(word).number(number);
            at += 1;
        }
        self
    }
}

const fn shape_number(shape: Shape) -> u8 {
    match shape {
        Shape::Number => 0,
        Shape::Large => 1,
        Shape::Float => 2,
        Shape::Truth => 3,
        Shape::Hash => 4,
        Shape::Word(_) => 5,
        Shape::Words(_) => 6,
        Shape::Text => 7,
        Shape::Texts => 8,
        Shape::Bytes => 9,
        Shape::LateBytes => 10,
        Shape::Flags(_) => 11,
        Shape::LeftOut(_) => 12,
        Shape::Block(_) => 13,
    }
}
