use super::*;

const HEADER: Header = Header {
    size: 20 * JOURNAL_BLOCK_LEN - 5,
    fingerprint: [7; 16],
    inode: 42,
};

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

fn value_of(block: u64) -> [u8; 32] {
    *blake3::hash(&block.to_le_bytes()).as_bytes()
}

fn look() -> Look {
    Look {
        size: 7,
        mtime: Time { secs: -3, nanos: 5 },
        ctime: Time {
            secs: 9,
            nanos: 999_999_999,
        },
    }
}

fn encoded(records: &[Record]) -> Vec<u8> {
    records.iter().flat_map(|record| record.encode(&HEADER)).collect()
}

fn read(bytes: &[u8]) -> Said {
    let mut reading = Reading::new(HEADER);
    reading.take(bytes).expect("memory");
    reading.finish()
}

fn some_records(dice: &mut Dice) -> Vec<Record> {
    (0..dice.below(30))
        .map(|_| match dice.below(12) {
            0 => Record::Opened,
            1 => Record::Clean(look()),
            block => Record::Block(block as u64, value_of(block as u64)),
        })
        .collect()
}

fn blocks_of(records: &[Record]) -> Vec<(u64, [u8; 32])> {
    let mut blocks: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Block(block, value) => Some((*block, *value)),
            _ => None,
        })
        .collect();
    blocks.sort_unstable();
    blocks.dedup();
    blocks
}

#[test]
fn what_was_written_is_read() {
    assert_eq!(begin(&HEADER.encode()), Begin::Header(HEADER));
    for seed in 0..300 {
        let records = some_records(&mut Dice(seed));
        let said = read(&encoded(&records));
        assert_eq!(said.blocks, blocks_of(&records), "seed {seed}");
        let is_clean = matches!(records.last(), Some(Record::Clean(_)));
        assert_eq!(said.clean, is_clean.then(look), "seed {seed}");
    }
}

#[test]
fn d27_a_torn_tail_costs_its_records_alone_and_is_never_clean() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let records = some_records(&mut dice);
        let bytes = encoded(&records);
        let end = dice.below(bytes.len() + 1);
        let whole = end / RECORD_LEN;
        let said = read(&bytes[..end]);
        assert_eq!(said.blocks, blocks_of(&records[..whole]), "seed {seed}");
        if !end.is_multiple_of(RECORD_LEN) {
            assert_eq!(said.clean, None, "seed {seed}");
        }
    }
}

#[test]
fn d27_flipped_bits_cost_the_records_that_they_are_in() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut records = some_records(&mut dice);
        records.push(Record::Block(3, value_of(3)));
        let mut bytes = encoded(&records);
        let at = dice.below(bytes.len());
        bytes[at] ^= 1 << dice.below(8);
        records.remove(at / RECORD_LEN);
        assert_eq!(read(&bytes).blocks, blocks_of(&records), "seed {seed}");
    }
}

#[test]
fn d27_garbage_a_foreign_journal_another_version_and_a_future_block_size_are_of_no_use() {
    for len in 0..HEADER_LEN {
        assert_eq!(begin(&HEADER.encode()[..len]), Begin::Broken);
    }
    assert_eq!(begin(&[0xff; 200]), Begin::Broken);
    for bit in 0..8 * HEADER_LEN {
        let mut bytes = HEADER.encode();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(begin(&bytes), Begin::Broken, "bit {bit}");
    }
    for (at, number) in [(8, 2u32), (12, 1 << 22)] {
        let mut bytes = HEADER.encode();
        put_at(&mut bytes, at, &number.to_le_bytes());
        let stated = check(&[&bytes[..HEADER_LEN - 8]]);
        put_at(&mut bytes, HEADER_LEN - 8, &stated);
        assert_eq!(begin(&bytes), Begin::OtherVersion);
    }
    // Records of another file are none of this one.
    let other = Header { inode: 43, ..HEADER };
    assert_eq!(read(&Record::Block(1, value_of(1)).encode(&other)).blocks, []);
}

#[test]
fn blocks_beyond_the_file_are_none_and_the_last_record_of_a_block_counts() {
    let records = [
        Record::Block(1, value_of(7)),
        Record::Block(20, value_of(20)),
        Record::Block(1, value_of(1)),
        Record::Block(1 << 40, value_of(1)),
    ];
    assert_eq!(read(&encoded(&records)).blocks, [(1, value_of(1))]);
}

#[test]
fn a_mark_that_is_not_last_is_no_mark() {
    let records = [Record::Clean(look()), Record::Opened];
    assert_eq!(read(&encoded(&records)).clean, None);
}
