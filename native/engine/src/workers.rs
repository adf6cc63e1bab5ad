//! Threads that run queued work. They start when work comes and none is free, up to a limit, and live as long as the process.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

type Job = Box<dyn FnOnce() + Send>;

/// A pool of at most `limit` threads; with one thread the work runs in order.
pub struct Workers {
    name: &'static str,
    limit: usize,
    state: Mutex<State>,
    ready: Condvar,
    on_panic: fn(String),
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

impl Workers {
    pub fn new(name: &'static str, limit: usize, on_panic: fn(String)) -> Arc<Self> {
        Arc::new(Self {
            name,
            limit,
            state: Mutex::default(),
            ready: Condvar::new(),
            on_panic,
        })
    }

    pub fn run(self: &Arc<Self>, job: impl FnOnce() + Send + 'static) {
        let mut state = self.lock();
        state.jobs.push_back(Box::new(job));
        if state.idle >= state.jobs.len() {
            drop(state);
            self.ready.notify_one();
            return;
        }
        let start = state.threads < self.limit;
        if start {
            state.threads += 1;
        }
        drop(state);
        if start {
            self.start_thread();
        }
    }

    fn start_thread(self: &Arc<Self>) {
        let workers = self.clone();
        let started = std::thread::Builder::new()
            .name(self.name.to_owned())
            .spawn(move || workers.work());
        if let Err(error) = started {
            let mut state = self.lock();
            state.threads -= 1;
            let none = state.threads == 0;
            drop(state);
            if none {
                (self.on_panic)(format!("cannot start a {} thread: {error}", self.name));
            }
        }
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            while let Some(job) = state.jobs.pop_front() {
                drop(state);
                if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
                    (self.on_panic)(crate::quic::panic_text(panic.as_ref()));
                }
                state = self.lock();
            }
            state.idle += 1;
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn one_thread_keeps_the_order_and_c11_a_panic_does_not_stop_it() {
        let (sender, receiver) = mpsc::channel();
        let workers = Workers::new("test", 1, |_| {});
        for number in 0..50 {
            let sender = sender.clone();
            workers.run(move || {
                if number == 10 {
                    panic!("on purpose");
                }
                let _ = sender.send(number);
            });
        }
        let seen: Vec<_> = receiver.iter().take(49).collect();
        assert_eq!(seen, (0..50).filter(|number| *number != 10).collect::<Vec<_>>());
    }
}
