//! A transfer that begins while an earlier one of the same file ends.

use crate::common::{Place, add, file};
use ultra_files::{JOURNAL_BLOCK_LEN as BLOCK, Leaving, TakenUp};

const NAME: &str = "movie.mkv";
const SIZE: u64 = 3 * BLOCK;

#[test]
fn d30_b25_a_file_whose_transfer_ends_in_this_moment_is_taken_up() {
    let place = Place::new();
    let ending = place.sink();
    add(&ending, &[file(NAME, SIZE)]);
    let part = ending.part(0).expect("a part");
    let block = vec![7; BLOCK as usize];
    part.write_at(0, &block).expect("written");
    part.note(0, *blake3::hash(&block).as_bytes());
    drop(part);
    let next = place.sink();
    let (begun, begins) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            begins.recv().expect("the other one begins");
            ending.dispose(Leaving::Parts);
        });
        begun.send(()).expect("a thread");
        add(&next, &[file(NAME, SIZE)]);
    });
    let taken = next.taken_up();
    let [TakenUp::Part { blocks, is_clean, .. }] = &taken[..] else {
        panic!("{taken:?}");
    };
    assert_eq!((blocks.len(), *is_clean), (1, true));
}
