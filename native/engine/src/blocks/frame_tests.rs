//! Frame headers and prefaces alone; how they are read from a lane is in `lane_reader_tests.rs`.

use super::*;
use crate::blocks::ultra2::MAGIC;

#[test]
fn blocks_cover_a_file_exactly() {
    for size in [
        0,
        1,
        BLOCK_LEN - 1,
        BLOCK_LEN,
        BLOCK_LEN + 1,
        5 * BLOCK_LEN,
        (1 << 53) - 1,
    ] {
        let last = block_count(size).saturating_sub(1);
        assert_eq!(last * BLOCK_LEN + u64::from(block_len(size, last)), size);
        assert_eq!(block_len(size, block_count(size)), 0);
    }
}

#[test]
fn a_header_reads_back_and_g2_wrong_fields_are_refused() {
    let header = FrameHeader {
        entry: 7,
        length: 9,
        block: 1 << 31,
        encoding: Encoding::Hole,
        sealed: false,
    };
    let good = header.encode();
    assert_eq!(FrameHeader::decode(&good), Ok(header));
    for (at, value) in [(7, 0xff), (15, 0xff), (16, 2), (17, 1), (17, 2), (18, 1), (23, 1)] {
        let mut bad = good;
        bad[at] = value;
        assert!(FrameHeader::decode(&bad).is_err(), "byte {at}");
    }
    let empty = FrameHeader { length: 0, ..header };
    assert!(FrameHeader::decode(&empty.encode()).is_err());
}

#[test]
fn g2_a_frame_of_holes_covers_many_blocks_and_not_more_than_a_file_can_have() {
    let holes = |block, length| FrameHeader {
        entry: 7,
        length,
        block,
        encoding: Encoding::Hole,
        sealed: false,
    };
    assert_eq!((holes(3, 9).blocks(), holes(3, 9).payload_len()), (9, 0));
    let one = FrameHeader {
        encoding: Encoding::Raw,
        ..holes(3, 9)
    };
    assert_eq!((one.blocks(), one.payload_len()), (1, 9));
    for (block, length) in [(0, MAX_HOLE_BLOCKS), (MAX_BLOCK - 9, 9), (MAX_BLOCK - 1, 1)] {
        let good = holes(block, length);
        assert_eq!(FrameHeader::decode(&good.encode()), Ok(good));
    }
    for (block, length) in [(0, MAX_HOLE_BLOCKS + 1), (MAX_BLOCK - 9, 10), (MAX_BLOCK - 1, 2)] {
        assert!(FrameHeader::decode(&holes(block, length).encode()).is_err());
    }
}

#[test]
fn g2_only_a_whole_file_is_sealed_by_its_frame() {
    for encoding in [Encoding::Raw, Encoding::Hole] {
        for block in 0..3 {
            for length in 1..4 {
                let header = FrameHeader {
                    entry: 7,
                    length,
                    block,
                    encoding,
                    sealed: true,
                };
                let is_whole = block == 0 && (encoding == Encoding::Raw || length == 1);
                assert_eq!(FrameHeader::decode(&header.encode()).is_ok(), is_whole, "{header:?}");
            }
        }
    }
}

#[test]
fn a_preface_reads_back_and_anything_else_is_refused() {
    let last = Preface {
        lane: 255,
        transfer: u32::MAX,
    };
    assert_eq!(decode_preface(MAGIC, &encode_preface(MAGIC, last)), Ok(last));
    assert!(decode_preface(MAGIC, &encode_preface(MAGIC, Preface { lane: 256, ..last })).is_err());
    assert!(decode_preface(MAGIC, &encode_preface(MAGIC, Preface { transfer: 0, ..last })).is_err());
    assert!(decode_preface(MAGIC, b"ULTX\0\0\0\0\x01\0\0\0").is_err());
    assert!(decode_preface(MAGIC, b"ULTL\0\0\0\x01\x01\0\0\0").is_err());
    let other = decode_preface(MAGIC, &encode_preface(*b"BLZ1", last));
    assert_eq!(other, Err("a lane of another format than its connection's"));
}

/// Items of a file of vectors, see `tests/vectors/README.md`.
fn vectors(file: &str) -> Vec<serde_json::Value> {
    let path = format!("{}/../../tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let items: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(items.len() > 5);
    items
}

fn bytes_of<const N: usize>(item: &serde_json::Value) -> [u8; N] {
    let hex = item["hex"].as_str().unwrap();
    let bytes: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    bytes.try_into().unwrap()
}

#[test]
fn frame_headers_agree_with_the_shared_vectors() {
    for item in vectors("frames.json") {
        let (name, bytes) = (&item["name"], bytes_of::<HEADER_LEN>(&item));
        let decoded = FrameHeader::decode(&bytes);
        if item["error"] == true {
            assert!(decoded.is_err(), "{name}");
            continue;
        }
        let number = |field: &str| item["header"][field].as_u64().unwrap();
        let header = decoded.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let fields = [
            header.entry.into(),
            header.length.into(),
            header.block,
            header.encoding as u64,
        ];
        assert_eq!(fields, ["entry", "length", "block", "encoding"].map(number), "{name}");
        assert_eq!(header.sealed, item["header"]["isSealed"], "{name}");
        assert_eq!(header.encode(), bytes, "{name}");
    }
}

#[test]
fn prefaces_agree_with_the_shared_vectors() {
    for item in vectors("prefaces.json") {
        let (name, bytes) = (&item["name"], bytes_of::<PREFACE_LEN>(&item));
        let decoded = decode_preface(MAGIC, &bytes);
        if item["error"] == true {
            assert!(decoded.is_err(), "{name}");
            continue;
        }
        let number = |field: &str| u32::try_from(item[field].as_u64().unwrap()).unwrap();
        let preface = Preface {
            lane: u16::try_from(number("lane")).unwrap(),
            transfer: number("transfer"),
        };
        assert_eq!(
            (decoded, encode_preface(MAGIC, preface)),
            (Ok(preface), bytes),
            "{name}"
        );
    }
}
