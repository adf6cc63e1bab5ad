//! Which blocks of a file are needed.

use std::collections::TryReserveError;

/// The needed blocks of a file. Most files are needed whole.
#[derive(Debug, PartialEq, Eq)]
pub enum Wanted {
    All,
    /// First blocks and ends, ascending; neighbours never touch.
    Runs(Vec<(u64, u64)>),
}

impl Wanted {
    pub fn none() -> Self {
        Self::Runs(Vec::new())
    }

    /// Adds the blocks `first` to `end` of a file of `blocks`.
    pub fn add(&mut self, first: u64, end: u64, blocks: u64) -> Result<(), TryReserveError> {
        if first == 0 && end == blocks {
            *self = Self::All;
        }
        let Self::Runs(runs) = self else { return Ok(()) };
        if first >= end {
            return Ok(());
        }
        let from = runs.partition_point(|run| run.1 < first);
        let to = runs.partition_point(|run| run.0 <= end);
        if from == to {
            runs.try_reserve(1)?;
            runs.insert(from, (first, end));
            return Ok(());
        }
        let united = runs
            .drain(from..to)
            .reduce(|a, b| (a.0, b.1))
            .map_or((first, end), |run| (run.0.min(first), run.1.max(end)));
        // In the place of at least one that was taken out.
        runs.insert(from, united);
        Ok(())
    }

    pub fn has(&self, block: u64) -> bool {
        match self {
            Self::All => true,
            Self::Runs(runs) => {
                let next = runs.partition_point(|run| run.0 <= block);
                next.checked_sub(1)
                    .and_then(|at| runs.get(at))
                    .is_some_and(|run| block < run.1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Dice;

    #[test]
    fn runs_in_any_order_are_what_a_plain_set_of_blocks_is() {
        for seed in 0..200 {
            let mut dice = Dice(seed);
            let mut wanted = Wanted::none();
            let mut plain = [false; 60];
            for _ in 0..12 {
                let first = dice.below(50);
                let end = first + dice.below(10);
                assert_eq!(wanted.add(first as u64, end as u64, 60), Ok(()));
                plain[first..end].fill(true);
            }
            for (block, is_wanted) in plain.iter().enumerate() {
                assert_eq!(wanted.has(block as u64), *is_wanted, "seed {seed}, block {block}");
            }
            let Wanted::Runs(runs) = &wanted else { panic!("not all") };
            assert!(
                runs.windows(2).all(|pair| pair[0].1 < pair[1].0),
                "seed {seed}: {runs:?}"
            );
        }
    }

    #[test]
    fn a_whole_file_is_no_list() {
        let mut wanted = Wanted::none();
        assert_eq!(wanted.add(3, 5, 1 << 33), Ok(()));
        assert!(!wanted.has(0) && wanted.has(4));
        assert_eq!(wanted.add(0, 1 << 33, 1 << 33), Ok(()));
        assert_eq!(wanted.add(3, 5, 1 << 33), Ok(()));
        assert_eq!(wanted, Wanted::All);
        assert!(wanted.has(0));
    }
}
