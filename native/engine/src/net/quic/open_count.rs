//! How many connections are open, so that a process can wait until their peers have been told that they end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

#[derive(Default)]
pub(super) struct OpenCount {
    count: Mutex<usize>,
    changed: Condvar,
}

/// One of those that are counted, until it is dropped.
pub(super) struct Counted(Arc<OpenCount>);

impl OpenCount {
    pub(super) fn enter(self: &Arc<Self>) -> Counted {
        *self.count.lock() += 1;
        Counted(self.clone())
    }

    /// Waits until there is none, for so long at most.
    pub(super) fn wait_for_none(&self, most: Duration) {
        let end = Instant::now() + most;
        let mut count = self.count.lock();
        while *count > 0 && !self.changed.wait_until(&mut count, end).timed_out() {}
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        *self.0.count.lock() -= 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_goes_on_with_the_last_one_that_ends_or_when_the_time_is_over() {
        let open = Arc::new(OpenCount::default());
        open.wait_for_none(Duration::from_secs(60));
        let both = [open.enter(), open.enter()];
        open.wait_for_none(Duration::from_millis(1));
        let ending = std::thread::spawn(move || drop(both));
        open.wait_for_none(Duration::from_secs(60));
        assert_eq!(*open.count.lock(), 0);
        ending.join().expect("it ends");
    }
}
