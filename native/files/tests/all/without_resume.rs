//! Transfers of the older format: nothing is taken up and nothing is left, and writes to a file go one after the other.

use std::fs;

use crate::common::{Place, add, file};
use ultra_files::{FileId, JOURNAL_BLOCK_LEN as BLOCK, Leaving, Reserved, TakenUp};

const SIZE: u64 = 3 * BLOCK;
const NAME: &str = "movie.mkv";

#[test]
fn what_an_earlier_run_left_stays_for_a_later_one_and_nothing_of_this_one_does() {
    let place = Place::new();
    let earlier = place.sink();
    add(&earlier, &[file(NAME, SIZE)]);
    let part = earlier.part(0).expect("a part");
    part.write_at(0, &vec![1; BLOCK as usize]).expect("room");
    part.note(0, [7; 32]);
    earlier.dispose(Leaving::Parts);
    drop((part, earlier));
    let left = place.names();
    assert_eq!(left.len(), 2, "{left:?}");

    let sink = place.sink();
    sink.begin_without_resume();
    add(&sink, &[file(NAME, SIZE)]);
    assert_eq!(sink.taken_up(), []);
    let part = sink.part(0).expect("a part");
    assert_ne!(part.name(), Reserved::Part(FileId::of(NAME)).to_string());
    part.write_in_turn(0, &vec![2; BLOCK as usize]).expect("room");
    part.note(0, [8; 32]);
    assert_eq!(place.names().len(), 3, "no journal");
    sink.dispose(Leaving::Parts);
    drop((part, sink));
    assert_eq!(place.names(), left);

    let later = place.sink();
    add(&later, &[file(NAME, SIZE)]);
    match later.taken_up().as_slice() {
        [TakenUp::Part { blocks, .. }] => assert_eq!(*blocks, [(0, [7; 32])]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn writes_that_wait_for_each_other_land_at_their_places() {
    let place = Place::new();
    let sink = place.sink();
    sink.begin_without_resume();
    add(&sink, &[file(NAME, SIZE)]);
    let part = sink.part(0).expect("a part");
    const PIECE: usize = 10_007;
    let expected: Vec<u8> = (0..SIZE as usize).map(|at| (at / PIECE) as u8).collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (part, expected) = (&part, &expected);
            scope.spawn(move || {
                for (number, piece) in expected
                    .chunks(PIECE)
                    .enumerate()
                    .filter(|(number, _)| number % 4 == thread)
                {
                    part.write_in_turn((number * PIECE) as u64, piece).expect("room");
                }
            });
        }
    });
    let refused = part.write_in_turn(SIZE - 1, b"xy").expect_err("one byte too many");
    assert!(refused.to_string().contains("longer than announced"), "{refused}");
    assert!(part.write_in_turn(u64::MAX, b"x").is_err());
    sink.commit(0).expect("a commit");
    assert!(fs::read(place.at(NAME)).expect("the file") == expected);
}
