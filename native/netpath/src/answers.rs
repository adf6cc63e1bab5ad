//! How long the receiving end lets the sending end wait: gaps in what it answers, seen from the path.
//!
//! A gap lasts from the first data that reaches the receiver after its last packet to its next packet, so neither the path's delay nor a
//! sender that has nothing to send is in it. msquic holds an acknowledgement back for 25 ms at most, so only longer gaps count.

use crate::path::{MILLISECOND, Nanos};

/// Longer than any acknowledgement is held back on purpose.
const GAP: Nanos = 30 * MILLISECOND;
/// Smaller packets may be acknowledgements themselves, which are not answered.
const DATA_BYTES: u32 = 1000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// When the receiver got the first data that it has not answered.
    waiting_since: Option<Nanos>,
    /// Gaps of more than 30 ms.
    pub gaps: u64,
    /// How long they were together.
    pub gap_time: Nanos,
}

impl Answers {
    /// A packet of `size` bytes has reached the receiver.
    pub fn delivered(&mut self, now: Nanos, size: u32) {
        if size >= DATA_BYTES {
            self.waiting_since.get_or_insert(now);
        }
    }

    /// The receiver has sent a packet.
    pub fn answered(&mut self, now: Nanos) {
        let Some(since) = self.waiting_since.take() else { return };
        let waited = now.saturating_sub(since);
        if waited > GAP {
            self.gaps += 1;
            self.gap_time += waited;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_lasts_from_the_first_unanswered_data_to_the_answer() {
        let mut answers = Answers::default();
        answers.delivered(100 * MILLISECOND, 1500);
        answers.delivered(140 * MILLISECOND, 1500);
        answers.answered(150 * MILLISECOND);
        assert_eq!((answers.gaps, answers.gap_time), (1, 50 * MILLISECOND));
    }

    #[test]
    fn a_sender_without_data_and_an_acknowledgement_held_back_on_purpose_make_no_gap() {
        let mut answers = Answers::default();
        answers.delivered(0, 1500);
        answers.answered(25 * MILLISECOND);
        answers.delivered(1000 * MILLISECOND, 1500);
        answers.answered(1030 * MILLISECOND);
        assert_eq!((answers.gaps, answers.gap_time), (0, 0));
    }

    #[test]
    fn small_packets_need_no_answer() {
        let mut answers = Answers::default();
        answers.delivered(0, 60);
        answers.answered(200 * MILLISECOND);
        answers.answered(400 * MILLISECOND);
        assert_eq!(answers.gaps, 0);
    }
}
