//! Threads that run queued work. They start when work comes and none is free, up to a limit, and end when their queue can get no more work.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

type Job = Box<dyn FnOnce() + Send>;

/// A pool of at most `limit` threads; with one thread the work runs in order. What is queued when it is dropped is still done.
pub struct Workers(Arc<Pool>);

struct Pool {
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
    /// No more work comes.
    closed: bool,
}

impl Workers {
    pub fn new(name: &'static str, limit: usize, on_panic: fn(String)) -> Arc<Self> {
        Arc::new(Self(Arc::new(Pool {
            name,
            limit,
            state: Mutex::default(),
            ready: Condvar::new(),
            on_panic,
        })))
    }

    /// Other threads, whose panics are told as these are.
    pub fn like(&self, name: &'static str, limit: usize) -> Arc<Self> {
        Self::new(name, limit, self.0.on_panic)
    }

    pub fn run(&self, job: impl FnOnce() + Send + 'static) {
        let pool = &self.0;
        let mut state = pool.state.lock();
        state.jobs.push_back(Box::new(job));
        if state.idle >= state.jobs.len() {
            drop(state);
            pool.ready.notify_one();
            return;
        }
        let start = state.threads < pool.limit;
        if start {
            state.threads += 1;
        }
        drop(state);
        if start {
            pool.start_thread();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.0.state.lock().closed = true;
        self.0.ready.notify_all();
    }
}

impl Pool {
    fn start_thread(self: &Arc<Self>) {
        let pool = self.clone();
        let started = std::thread::Builder::new()
            .name(self.name.to_owned())
            .spawn(move || pool.work());
        if let Err(error) = started {
            let mut state = self.state.lock();
            state.threads -= 1;
            let none = state.threads == 0;
            drop(state);
            if none {
                (self.on_panic)(format!("cannot start a {} thread: {error}", self.name));
            }
        }
    }

    fn work(&self) {
        let mut state = self.state.lock();
        loop {
            while let Some(job) = state.jobs.pop_front() {
                drop(state);
                if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
                    (self.on_panic)(panic_text(panic.as_ref()));
                }
                state = self.state.lock();
            }
            if state.closed {
                state.threads -= 1;
                return;
            }
            state.idle += 1;
            self.ready.wait(&mut state);
            state.idle -= 1;
        }
    }
}

/// What a panic says.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a text".to_owned())
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

    #[test]
    fn what_is_queued_is_still_done_after_the_last_handle_is_gone_and_then_the_thread_ends() {
        let (sender, receiver) = mpsc::channel();
        let workers = Workers::new("test", 1, |_| {});
        for number in 0..50 {
            let sender = sender.clone();
            workers.run(move || {
                let _ = sender.send(number);
            });
        }
        let pool = Arc::downgrade(&workers.0);
        drop((workers, sender));
        assert_eq!(receiver.iter().collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
        while pool.upgrade().is_some() {
            std::thread::yield_now();
        }
    }
}
