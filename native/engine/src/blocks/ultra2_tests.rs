use super::super::codec::HEADER_ROOM;
use super::super::frame::Encoding;
use super::*;

fn header(block: u64, length: u32, encoding: Encoding) -> FrameHeader {
    FrameHeader {
        entry: 3,
        length,
        block,
        encoding,
        sealed: false,
    }
}

/// A lane with a frame of four bytes, a run of holes and a frame of two bytes.
fn lane() -> Vec<u8> {
    let preface = Preface { lane: 7, transfer: 300 };
    let mut bytes = Ultra2.preface(preface).into_vec();
    for (header, payload) in [
        (header(0, 4, Encoding::Raw), &b"abcd"[..]),
        (header(1, 40_000, Encoding::Hole), b""),
        (header(40_001, 2, Encoding::Raw), b"ef"),
    ] {
        let mut before = [0; HEADER_ROOM];
        let len = Ultra2.put_header(&header, &mut before);
        bytes.extend_from_slice(&before[HEADER_ROOM - len..]);
        if header.encoding == Encoding::Hole {
            continue;
        }
        bytes.extend_from_slice(payload);
        let mut after = [0; VALUE_LEN];
        assert_eq!(
            Ultra2.put_value(&[header.block as u8; VALUE_LEN], &mut after),
            VALUE_LEN
        );
        bytes.extend_from_slice(&after);
    }
    bytes
}

/// The parts of a lane that comes in pieces of `size`; payloads are joined.
fn parts(bytes: &[u8], size: usize) -> Vec<String> {
    let mut decoder = Ultra2.decoder();
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
    assert_eq!(
        whole.len(),
        8,
        "preface, header, payload, value, header of holes, header, payload, value: {whole:?}"
    );
    assert!(whole[0].contains("lane: 7, transfer: 300"), "{whole:?}");
    for size in 1..bytes.len() {
        assert_eq!(parts(&bytes, size), whole, "pieces of {size}");
    }
}

#[test]
fn a_lane_may_end_between_frames_only() {
    let bytes = lane();
    let mut decoder = Ultra2.decoder();
    let ends: Vec<usize> = (0..bytes.len())
        .filter(|at| {
            let mut byte = &bytes[*at..=*at];
            decoder.next(&mut byte).unwrap();
            decoder.is_between_frames()
        })
        .map(|at| at + 1)
        .collect();
    let first = PREFACE_LEN + HEADER_LEN + 4 + VALUE_LEN;
    assert_eq!(ends, [PREFACE_LEN, first, first + HEADER_LEN, bytes.len()]);
}
