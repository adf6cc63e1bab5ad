//! What a source puts on a lane of the older format.

use super::source::FRAME_ROOM;
use super::source::tests::source;
use crate::blocks::blazing1::{Blazing1, PIECE_HEADER_LEN, decode_header};
use crate::testing::*;

#[test]
fn every_byte_travels_without_values_and_files_of_one_block_are_sealed_by_events() {
    let from = tempfile::tempdir().unwrap();
    let mut large = Dice(1).bytes(2 * BLOCK + 9);
    large[BLOCK..2 * BLOCK].fill(0);
    let files = [("a", large), ("b", vec![0; 77]), ("c", Dice(2).bytes(1))];
    for (name, bytes) in &files {
        std::fs::write(from.path().join(name), bytes).unwrap();
    }
    let (source, events) = source(from.path());
    for (entry, (name, bytes)) in (1..).zip(&files) {
        for (block, expected) in (0..).zip(bytes.chunks(BLOCK)) {
            let mut buffer = vec![0xa5; FRAME_ROOM];
            let place = source.read_frame(&Blazing1, entry, block, &mut buffer).unwrap();
            let (header, rest) = buffer[place.start..place.start + place.len].split_at(PIECE_HEADER_LEN);
            let header = decode_header(header.try_into().unwrap()).unwrap();
            assert_eq!((header.entry, header.block), (entry, block), "{name}");
            assert!(rest == expected, "block {block} of {name}");
        }
    }
    let expected: Vec<[u8; 32]> = files.iter().map(|(_, bytes)| root(bytes)).collect();
    assert_eq!(sealed(&told(&events)), expected, "of all files alike");
}
