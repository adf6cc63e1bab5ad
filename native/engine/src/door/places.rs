//! Where fields lie in records and blocks, and what their bytes mean.

use crate::core::declare::{Declaration, Shape};

/// Where the next field lies.
#[derive(Clone, Copy)]
pub struct Place(pub usize);

impl Place {
    /// The offset of a field; `None` if it is in the payload.
    pub const fn next(self, shape: Shape) -> (Option<usize>, Self) {
        let len = match shape {
            Shape::Number | Shape::Truth | Shape::Word(_) | Shape::Flags(_) => 4,
            Shape::Large | Shape::Float => 8,
            Shape::Hash => 32,
            Shape::Words(_)
            | Shape::LeftOut(_)
            | Shape::Text
            | Shape::Texts
            | Shape::Bytes
            | Shape::Block(_)
            | Shape::LateBytes => {
                return (None, self);
            }
        };
        let at = if len == 8 { self.0.next_multiple_of(8) } else { self.0 };
        (Some(at), Self(at + len))
    }
}

/// Where a field lies in a block, and where the next one may begin.
pub fn place_in_block(place: Place, shape: Shape) -> (usize, Place) {
    match place.next(shape) {
        (Some(at), next) => (at, next),
        (None, _) => place_in_block(place, Shape::Number),
    }
}

/// Bytes of a block's fixed fields.
pub fn fixed_len(declaration: &Declaration) -> usize {
    let fields = declaration.fields.iter();
    fields
        .fold(Place(0), |place, field| place_in_block(place, field.shape).1)
        .0
}

/// Texts joined by NUL; nothing is no text.
pub fn texts_of(bytes: &[u8]) -> Option<Vec<String>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let texts = bytes.split(|byte| *byte == 0);
    texts.map(|text| String::from_utf8(text.to_vec()).ok()).collect()
}

/// A block number, count or size that came through the door: a whole number from 0 to 2^53.
pub fn whole(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    ((0.0..=EXACT).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}
