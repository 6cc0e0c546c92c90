//! A fixed pool of threads for what takes the processor: decoding, matching, searching, rendering. The loop and the
//! sockets never wait behind it; one core is left for them.

use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;

use crate::model::{Cause, Failure, Foreign};

type Job = Box<dyn FnOnce() + Send>;

/// The pool. Cloning it shares the threads; they end with the last clone.
#[derive(Debug, Clone)]
pub struct Work {
    lane: Arc<std::sync::mpsc::Sender<Job>>,
}

impl Work {
    /// Starts so many threads, at least one.
    pub fn start(threads: usize) -> std::io::Result<Self> {
        let (lane, jobs) = std::sync::mpsc::channel::<Job>();
        let jobs = Arc::new(std::sync::Mutex::new(jobs));
        for n in 0..threads.max(1) {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name(format!("work-{n}")).spawn(move || {
                loop {
                    let job = jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv();
                    match job {
                        // A panic ends the job, not the thread: whoever waits for it hears that no answer came.
                        Ok(job) => drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(job))),
                        Err(_) => return,
                    }
                }
            })?;
        }
        Ok(Self { lane: Arc::new(lane) })
    }

    /// Runs a closure on the pool without waiting for it: whoever wants to hear of its end is told by the closure itself.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) {
        // The threads live as long as this end of the lane.
        let _taken = self.lane.send(Box::new(job));
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
        self.lane.send(job).map_err(|_e| bug())?;
        answer.await.map_err(|_e| bug())
    }
}
