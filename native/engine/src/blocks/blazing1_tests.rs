use super::super::codec::HEADER_ROOM;
use super::*;

fn header(entry: u32, block: u64, length: u32) -> FrameHeader {
    FrameHeader {
        entry,
        length,
        block,
        encoding: Encoding::Raw,
        sealed: false,
    }
}

fn put(codec: &dyn LaneCodec, header: &FrameHeader) -> Vec<u8> {
    let mut before = [0; HEADER_ROOM];
    let len = codec.put_header(header, &mut before);
    assert_eq!(len, codec.header_len());
    before[HEADER_ROOM - len..].to_vec()
}

/// A lane with pieces of four and of two bytes.
fn lane() -> Vec<u8> {
    let preface = Preface { lane: 7, transfer: 300 };
    let mut bytes = Blazing1.preface(preface).into_vec();
    for (header, payload) in [(header(3, 0, 4), &b"abcd"[..]), (header(4, 40_001, 2), b"ef")] {
        bytes.extend(put(&Blazing1, &header));
        bytes.extend_from_slice(payload);
        assert_eq!(Blazing1.put_value(&[9; VALUE_LEN], &mut [0; VALUE_LEN]), 0);
    }
    bytes
}

/// The parts of a lane that comes in pieces of `size`; payloads are joined.
fn parts(bytes: &[u8], size: usize) -> Vec<String> {
    let mut decoder = Blazing1.decoder();
    let mut parts: Vec<String> = Vec::new();
    let mut payload = Vec::new();
    for mut piece in bytes.chunks(size) {
        while let Some(part) = decoder.next(&mut piece).unwrap() {
            match part {
                Part::Payload(now) => payload.extend_from_slice(now),
                other => {
                    let before = std::mem::take(&mut payload);
                    if !before.is_empty() {
                        parts.push(format!("{before:?}"));
                    }
                    parts.push(format!("{other:?}"));
                }
            }
        }
        assert!(piece.is_empty());
    }
    assert!(decoder.is_between_frames());
    parts
}

#[test]
fn what_was_put_is_taken_apart_again_in_pieces_of_any_size() {
    let bytes = lane();
    let whole = parts(&bytes, bytes.len());
    assert_eq!(whole.len(), 7, "preface, then twice header, payload, end: {whole:?}");
    assert!(whole[0].contains("lane: 7, transfer: 300"), "{whole:?}");
    assert_eq!([&whole[3], &whole[6]], ["End", "End"], "without another byte behind it");
    for size in 1..bytes.len() {
        assert_eq!(parts(&bytes, size), whole, "pieces of {size}");
    }
}

#[test]
fn a_lane_may_end_between_pieces_only() {
    let bytes = lane();
    let mut decoder = Blazing1.decoder();
    let ends: Vec<usize> = (0..bytes.len())
        .filter(|at| {
            let mut byte = &bytes[*at..=*at];
            while decoder.next(&mut byte).unwrap().is_some() {}
            decoder.is_between_frames()
        })
        .map(|at| at + 1)
        .collect();
    assert_eq!(ends, [PREFACE_LEN, PREFACE_LEN + PIECE_HEADER_LEN + 4, bytes.len()]);
}

#[test]
fn a_lane_of_ultra_is_told_as_that_and_anything_else_as_no_lane() {
    for (bytes, fault) in [
        (
            *b"ULTL\0\0\0\0\x01\0\0\0",
            "a lane of another format than its connection's",
        ),
        (*b"GET / HTTP/1", "a lane without its preface"),
        (*b"BLZ1\x10\0\0\0\x01\0\0\0", "a stream number over 15"),
    ] {
        assert_eq!(Blazing1.decoder().next(&mut &bytes[..]), Err(fault));
    }
}

/// Items of `tests/vectors/blazing.json`, which TypeScript reads as well.
fn vectors(what: &str) -> Vec<(String, Vec<u8>, serde_json::Value)> {
    let path = format!("{}/../../tests/vectors/blazing.json", env!("CARGO_MANIFEST_DIR"));
    let items: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let found: Vec<_> = items
        .into_iter()
        .filter(|item| item["what"] == what)
        .map(|item| {
            let hex = item["hex"].as_str().unwrap();
            let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            let bytes = (0..hex.len()).step_by(2).map(byte).collect();
            (item["name"].to_string(), bytes, item)
        })
        .collect();
    assert!(found.len() > 4);
    found
}

#[test]
fn headers_agree_with_the_shared_vectors() {
    for (name, bytes, item) in vectors("header") {
        let bytes: [u8; PIECE_HEADER_LEN] = bytes.try_into().unwrap();
        let decoded = decode_header(&bytes);
        if item["error"] == true {
            assert!(decoded.is_err(), "{name}");
            continue;
        }
        let number = |field: &str| item[field].as_u64().unwrap();
        let found = decoded.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let fields = [found.entry.into(), found.length.into(), found.block * BLOCK_LEN];
        assert_eq!(fields, ["entry", "length", "offset"].map(number), "{name}");
        assert_eq!(put(&Blazing1, &found), bytes, "{name}");
    }
}

#[test]
fn prefaces_agree_with_the_shared_vectors() {
    for (name, bytes, item) in vectors("preface") {
        let bytes: [u8; PREFACE_LEN] = bytes.try_into().unwrap();
        let decoded = decode_preface(&bytes);
        if item["error"] == true {
            assert!(decoded.is_err(), "{name}");
            continue;
        }
        let number = |field: &str| item[field].as_u64().unwrap();
        let preface = Preface {
            lane: number("stream") as u16,
            transfer: number("transfer") as u32,
        };
        assert_eq!(decoded, Ok(preface), "{name}");
        assert_eq!(*Blazing1.preface(preface), bytes, "{name}");
    }
}
