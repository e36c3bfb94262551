//! Long-running guests continue on low-priority threads, so that nobody waits behind them.
//!
//! An invocation starts on the thread that asks for it, which is fastest. One that has computed for a whole turn moves
//! here, and if that is usual for its release, the next ones start here: a hostile or slow adapter gets only processor
//! time that nobody else wants. The limits are the same everywhere.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// The niceness of these threads: they get about a tenth of a core that others want too, and all of it when nobody
/// does. With a higher value, one of them might hold a shared lock for too long.
const NICENESS: i32 = 10;

/// How many invocations of a release start here after a second long one in a short time. Each of them may run long too,
/// and would delay others for a turn before that is known.
const INVOCATIONS_APART: u32 = 100;

/// Whether the invocations of a release usually run long, judged by those that have ended. One long invocation in a
/// hundred does not count, because an interpreter collects garbage now and then; the second one does.
#[derive(Debug, Default)]
pub struct LongRunHistory {
    /// A long invocation adds [`INVOCATIONS_APART`], every other one subtracts one, and at most two long ones count.
    points: AtomicU32,
}

impl LongRunHistory {
    /// Whether the next invocation starts on a low-priority thread.
    pub fn runs_long(&self) -> bool {
        self.points.load(Ordering::Relaxed) > INVOCATIONS_APART
    }

    /// Records how an invocation ended.
    pub fn record(&self, ran_long: bool) {
        let points = |points: u32| {
            Some(if ran_long {
                points.saturating_add(INVOCATIONS_APART).min(2 * INVOCATIONS_APART)
            } else {
                points.saturating_sub(1)
            })
        };
        // The closure always returns a value, so the update always succeeds.
        let _ = self.points.fetch_update(Ordering::Relaxed, Ordering::Relaxed, points);
    }
}

/// An invocation in progress, on whichever thread it is polled.
pub type GuestFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The threads. They start when they are first needed, and end when this is dropped. There is one fewer than there are
/// cores, so that another thread that wakes up finds a core: even a low-priority thread keeps its core for some
/// milliseconds.
#[derive(Default)]
pub struct LowPriorityThreads {
    threads: OnceLock<Vec<mpsc::UnboundedSender<GuestFuture<()>>>>,
    next: AtomicUsize,
}

impl LowPriorityThreads {
    /// Runs an invocation to its end on one of the threads. If the returned future is dropped, the invocation ends at
    /// the guest's next turn. If the threads could not be started, it runs on the current thread.
    pub async fn run<T: Send + 'static>(&self, invocation: GuestFuture<T>) -> T {
        let threads = self.threads.get_or_init(start);
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(thread) = threads.get(turn.checked_rem(threads.len()).unwrap_or(0)) else {
            return invocation.await;
        };
        let (mut ended, end) = oneshot::channel();
        let invocation: GuestFuture<()> = Box::pin(async move {
            tokio::select! {
                biased;
                () = ended.closed() => {}
                outcome = invocation => drop(ended.send(outcome)),
            }
        });
        match thread.send(invocation) {
            // The threads end with the runtime that owns them; until then each invocation sends its outcome.
            Ok(()) => match end.await {
                Ok(outcome) => outcome,
                Err(_) => std::future::pending().await,
            },
            Err(mpsc::error::SendError(_)) => std::future::pending().await,
        }
    }
}

fn start() -> Vec<mpsc::UnboundedSender<GuestFuture<()>>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let started: Result<Vec<_>, _> = (0..(cores - 1).max(1))
        .map(|number| thread(number, Handle::current()))
        .collect();
    started.unwrap_or_else(|error| {
        tracing::warn!(%error, "long-running guests run on normal threads: the low-priority ones cannot be started");
        vec![]
    })
}

/// A thread that polls its invocations in turn. The runtime's other threads drive whatever they wait for.
fn thread(number: usize, handle: Handle) -> std::io::Result<mpsc::UnboundedSender<GuestFuture<()>>> {
    let (invocations, mut incoming) = mpsc::unbounded_channel();
    let work = async move {
        let mut running = FuturesUnordered::new();
        loop {
            tokio::select! {
                invocation = incoming.recv() => match invocation {
                    Some(invocation) => running.push(invocation),
                    None => return,
                },
                Some(()) = running.next() => {}
            }
        }
    };
    let builder = std::thread::Builder::new().name(format!("heavy-guests-{number}"));
    builder.spawn(move || {
        if let Err(error) = rustix::process::nice(NICENESS) {
            tracing::warn!(%error, "long-running guests have no lower priority");
        }
        handle.block_on(work);
    })?;
    Ok(invocations)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn one_long_invocation_does_not_count() {
        let history = LongRunHistory::default();
        for number in 0..1000 {
            assert!(!history.runs_long(), "{number}");
            history.record(number % 101 == 0);
        }
    }

    #[test]
    fn a_second_long_one_sets_a_release_apart() {
        let history = LongRunHistory::default();
        for ran_long in [false, true, false, true] {
            assert!(!history.runs_long());
            history.record(ran_long);
        }
        let mut apart = 0;
        while history.runs_long() {
            apart += 1;
            history.record(false);
        }
        assert_eq!(apart, 99);
        history.record(true);
        assert!(history.runs_long(), "it still runs long");
        for _ in 0..10 {
            history.record(true);
        }
        for _ in 0..100 {
            assert!(history.runs_long());
            history.record(false);
        }
        assert!(!history.runs_long(), "old invocations no longer count");
    }

    #[tokio::test]
    async fn invocations_continue_on_another_thread() {
        let threads = LowPriorityThreads::default();
        let here = std::thread::current().id();
        let (send, wait) = oneshot::channel::<u32>();
        let invocation = threads.run(Box::pin(async move {
            let number = wait.await.unwrap();
            (number, std::thread::current().id())
        }));
        let (answer, ()) = tokio::join!(invocation, async { send.send(7).unwrap() });
        assert_eq!(answer.0, 7);
        assert_ne!(answer.1, here);
    }

    #[tokio::test]
    async fn a_dropped_invocation_is_stopped() {
        let threads = LowPriorityThreads::default();
        let held = Arc::new(());
        let inside = Arc::clone(&held);
        {
            let mut invocation = Box::pin(threads.run(Box::pin(async move {
                std::future::pending::<()>().await;
                drop(inside);
            })));
            assert!(futures_util::poll!(&mut invocation).is_pending());
        }
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn invocations_of_one_thread_take_turns() {
        let threads = LowPriorityThreads::default();
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let invocations = (0..64).map(|_| {
            let stop = Arc::clone(&stop);
            let turns = async move {
                while !stop.load(Ordering::Relaxed) {
                    tokio::task::yield_now().await;
                }
            };
            threads.run(Box::pin(turns))
        });
        let stopping = Arc::clone(&stop);
        let stopper = threads.run(Box::pin(async move { stopping.store(true, Ordering::Relaxed) }));
        let _ = tokio::join!(futures_util::future::join_all(invocations), stopper);
    }
}
