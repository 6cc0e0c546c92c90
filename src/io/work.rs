//! A fixed pool of threads for what takes the processor: decoding, matching, searching, rendering. The loop and the
//! sockets never wait behind it; one core is left for them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use crate::model::{Cause, Failure, Foreign};

type Job = Box<dyn FnOnce() + Send>;

/// The pool. Cloning it shares the threads; they end with the last clone, after the jobs that it left.
#[derive(Debug, Clone)]
pub struct Work {
    lane: Arc<Lane>,
}

/// What the pool's owners hold: its end is the threads' end.
#[derive(Debug)]
struct Lane(Arc<Queue>);

impl Drop for Lane {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.more.notify_all();
    }
}

/// Jobs that wait for a thread. A lock and a condition rather than a channel behind a lock: there, each job wakes two
/// threads, the one that takes it and the one that waits next.
#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    more: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    ended: bool,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("waiting", &self.lock().waiting.len()).finish_non_exhaustive()
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) {
        self.lock().waiting.push_back(job);
        self.more.notify_one();
    }

    /// Waits for the next job; `None` when there will be none.
    fn next(&self) -> Option<Job> {
        let mut jobs =
            self.more.wait_while(self.lock(), |jobs| jobs.waiting.is_empty() && !jobs.ended).unwrap_or_else(PoisonError::into_inner);
        jobs.waiting.pop_front()
    }
}

impl Work {
    /// Starts so many threads, at least one.
    pub fn start(threads: usize) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let lane = Arc::new(Lane(Arc::clone(&queue)));
        for n in 0..threads.max(1) {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name(format!("work-{n}")).spawn(move || {
                while let Some(job) = queue.next() {
                    // A panic ends the job, not the thread: whoever waits for it hears that no answer came.
                    drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)));
                }
            })?;
        }
        Ok(Self { lane })
    }

    /// Runs a closure on the pool without waiting for it: whoever wants to hear of its end is told by the closure itself.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) {
        self.lane.0.push(Box::new(job));
    }

    /// Runs a closure on the pool. A job whose waiter is gone before it starts is not run at all.
    pub async fn run<T: Send + 'static>(&self, what: &'static str, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let (done, answer) = oneshot::channel();
        let job = Box::new(move || {
            if !done.is_closed() {
                let _gone = done.send(job());
            }
        });
        let bug = || Failure::new(what, Cause::Bug(Foreign::new("the work ended without an answer; the log says more")));
        self.lane.0.push(job);
        answer.await.map_err(|_e| bug())
    }
}
