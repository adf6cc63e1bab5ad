//! Blocks of options: what the calls of the door are given that take more than a number.
//!
//! Fixed fields lie as in records, from the start of the block. A text, a list or bytes are their length (`u32`) there, and their
//! contents follow behind the fixed fields in the same order. A block must be used up exactly.

use super::places::{Place, fixed_len, place_in_block, texts_of, whole};
use crate::core::declare::{Declaration, FieldReader, FieldWriter, Options, Payload, Shape};
use crate::core::options::{
    ConnectOptions, ConnectionSettings, ListenOptions, SinkOptions, SourceOptions, StartOptions,
};

/// Refusals of `ultra_sink` for a folder: this much below zero, then the number of the fault.
pub const FOLDER_FAULTS: i32 = 1000;

/// All blocks.
pub const BLOCKS: &[Declaration] = &[
    StartOptions::DECLARATION,
    ConnectionSettings::DECLARATION,
    ListenOptions::DECLARATION,
    ConnectOptions::DECLARATION,
    SourceOptions::DECLARATION,
    SinkOptions::DECLARATION,
];

/// Reads a block. `None`: the two sides disagree about it, or a value makes no sense.
pub fn read<T: Options>(block: &[u8]) -> Option<T> {
    let (fixed, contents) = block.split_at_checked(fixed_len(&T::DECLARATION))?;
    let mut reader = BlockReader {
        fixed,
        place: Place(0),
        contents,
    };
    let options = T::read(&mut reader)?;
    reader.contents.is_empty().then_some(options)
}

/// Writes a block.
pub fn write<T: Options>(block: T) -> Vec<u8> {
    let mut writer = BlockWriter {
        fixed: vec![0; fixed_len(&T::DECLARATION)],
        place: Place(0),
        contents: Vec::new(),
    };
    block.write(&mut writer);
    [writer.fixed, writer.contents].concat()
}

struct BlockReader<'a> {
    fixed: &'a [u8],
    place: Place,
    contents: &'a [u8],
}

impl<'a> BlockReader<'a> {
    fn get<const N: usize>(&mut self, shape: Shape) -> Option<[u8; N]> {
        let (at, next) = place_in_block(self.place, shape);
        self.place = next;
        self.fixed.get(at..)?.first_chunk().copied()
    }

    fn content(&mut self) -> Option<&'a [u8]> {
        let len = self.number()? as usize;
        let (content, rest) = self.contents.split_at_checked(len)?;
        self.contents = rest;
        Some(content)
    }
}

impl FieldReader for BlockReader<'_> {
    fn number(&mut self) -> Option<u32> {
        self.get(Shape::Number).map(u32::from_le_bytes)
    }

    fn large(&mut self) -> Option<u64> {
        self.float().and_then(whole)
    }

    fn float(&mut self) -> Option<f64> {
        self.get(Shape::Float).map(f64::from_le_bytes)
    }

    fn hash(&mut self) -> Option<[u8; 32]> {
        self.get(Shape::Hash)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.content()?.to_vec()).ok()
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        texts_of(self.content()?)
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        self.content().map(<[u8]>::to_vec)
    }

    fn block<T: Options>(&mut self) -> Option<T> {
        read(self.content()?)
    }
}

struct BlockWriter {
    fixed: Vec<u8>,
    place: Place,
    contents: Vec<u8>,
}

impl BlockWriter {
    fn put(&mut self, shape: Shape, bytes: &[u8]) {
        let (at, next) = place_in_block(self.place, shape);
        self.place = next;
        // The room was taken from the same declaration.
        if let Some(place) = self.fixed.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    fn content(&mut self, content: &[u8]) {
        self.number(content.len() as u32);
        self.contents.extend_from_slice(content);
    }
}

impl FieldWriter for BlockWriter {
    fn number(&mut self, number: u32) {
        self.put(Shape::Number, &number.to_le_bytes());
    }

    fn large(&mut self, number: u64) {
        self.float(number as f64);
    }

    fn float(&mut self, number: f64) {
        self.put(Shape::Float, &number.to_le_bytes());
    }

    fn hash(&mut self, hash: [u8; 32]) {
        self.put(Shape::Hash, &hash);
    }

    fn text(&mut self, text: String) {
        self.content(text.as_bytes());
    }

    fn texts(&mut self, texts: Vec<String>) {
        self.content(texts.join("\0").as_bytes());
    }

    fn payload(&mut self, payload: Payload) {
        self.content(&payload.bytes);
    }

    fn block<T: Options>(&mut self, block: T) {
        self.content(&write(block));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::words::Existing;

    /// Discard, into `/tmp`, without another name.
    fn sink_block() -> Vec<u8> {
        let words = [0u32, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 0];
        let fixed = words.iter().flat_map(|word| word.to_le_bytes());
        fixed.chain(*b"/tmp").collect()
    }

    #[test]
    fn a_block_reads_back_and_must_be_used_up_exactly() {
        let good = sink_block();
        let options: SinkOptions = read(&good).unwrap();
        assert!(options.discard && !options.create && !options.hidden);
        assert_eq!(options.existing, Existing::Refuse);
        assert_eq!((options.folder.as_str(), options.rename.as_str()), ("/tmp", ""));
        for end in 0..good.len() {
            assert!(read::<SinkOptions>(&good[..end]).is_none(), "cut at {end}");
        }
        assert!(read::<SinkOptions>(&[&good[..], &[0]].concat()).is_none());
    }

    #[test]
    fn a_block_that_is_written_is_the_one_that_is_read() {
        let good = sink_block();
        assert_eq!(write(read::<SinkOptions>(&good).unwrap()), good);
        let words = [1u32, 0, 5];
        let numbers = words.iter().flat_map(|word| word.to_le_bytes());
        let block: Vec<u8> = numbers.chain([0; 4]).collect();
        // Neither is long enough for a block, nor a block inside of another.
        assert!(read::<ConnectionSettings>(&block).is_none());
        assert!(read::<ListenOptions>(&block).is_none());
    }

    #[test]
    fn lengths_beyond_the_block_and_truths_that_are_none_are_refused() {
        for (at, wrong) in [(40, u32::MAX), (44, 1), (0, 6), (4, 2), (8, u32::MAX), (24, 9)] {
            let mut block = sink_block();
            block[at..at + 4].copy_from_slice(&wrong.to_le_bytes());
            assert!(read::<SinkOptions>(&block).is_none(), "{wrong} at {at}");
        }
    }

    #[test]
    fn a_large_number_lies_at_a_multiple_of_eight() {
        let mut block = vec![1, 0, 0, 0, 9, 9, 9, 9];
        block.extend(5e15f64.to_le_bytes());
        block.extend([2, 1, 0, 1, 0, 1, 7, 2, 1, 5, 3].into_iter().flat_map(u32::to_le_bytes));
        block.extend(*b"a\0b");
        let options: SourceOptions = read(&block).unwrap();
        assert_eq!(options.size, 5_000_000_000_000_000);
        assert_eq!((options.within, options.literal, options.depth), (7, 2, 5));
        assert!(options.by_path);
        assert_eq!(options.paths, ["a", "b"]);
        block[8..16].copy_from_slice(&0.5f64.to_le_bytes());
        assert!(read::<SourceOptions>(&block).is_none());
    }
}
