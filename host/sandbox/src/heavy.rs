//! Guests that compute long go on on threads of their own, of low priority, so that nobody waits behind them.
//!
//! A call begins on the thread that asked for it, which is quickest. One that has computed for a whole turn is moved
//! here; if that is its release's habit, the next ones begin here: a hostile adapter, or one that is merely slow, takes
//! processor time that nobody else wants. Its limits are the same as anywhere.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// How much nicer these threads are than the others: they get about a tenth of a core that others want too, and all of
/// it when nobody does. Nicer still, and one of them could be kept from giving back what it shares with the others.
const NICENESS: i32 = 10;

/// Calls of a release that begin among the heavy ones after a second one in short order was heavy. Each of them may be
/// heavy too, and would hold up others for a turn before that is known.
const HEAVY_CALLS: u32 = 100;

/// Whether the calls of a release compute long, told from those that ended. One heavy call in a hundred is no habit: an
/// interpreter tidies its memory now and then. The second is.
#[derive(Debug, Default)]
pub struct LongRunHistory {
    /// A heavy call adds [`HEAVY_CALLS`], every other one takes one away, and at most two heavy ones are remembered.
    points: AtomicU32,
}

impl LongRunHistory {
    /// Whether the next call begins among the heavy ones.
    pub fn is_heavy(&self) -> bool {
        self.points.load(Ordering::Relaxed) > HEAVY_CALLS
    }

    /// Takes note of how a call ended.
    pub fn note(&self, heavy: bool) {
        let points = |points: u32| {
            Some(if heavy {
                points.saturating_add(HEAVY_CALLS).min(2 * HEAVY_CALLS)
            } else {
                points.saturating_sub(1)
            })
        };
        // It always has an answer, so it always succeeds.
        let _ = self.points.fetch_update(Ordering::Relaxed, Ordering::Relaxed, points);
    }
}

/// A call under way, wherever it is polled.
pub type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The threads. They start when they are first needed, and end when this is dropped. There is one less than there are
/// cores, so that a thread that wakes up finds a core: even one of low priority keeps its core for some milliseconds.
#[derive(Default)]
pub struct LowPriorityThreads {
    threads: OnceLock<Vec<mpsc::UnboundedSender<Running<()>>>>,
    next: AtomicUsize,
}

impl LowPriorityThreads {
    /// Runs a call to its end on one of the threads. It ends early when what this returns is dropped, at the guest's
    /// next turn. On a machine that has no thread to give it runs where it was.
    pub async fn run<T: Send + 'static>(&self, call: Running<T>) -> T {
        let threads = self.threads.get_or_init(start);
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(thread) = threads.get(turn.checked_rem(threads.len()).unwrap_or(0)) else {
            return call.await;
        };
        let (mut ended, end) = oneshot::channel();
        let call: Running<()> = Box::pin(async move {
            tokio::select! {
                biased;
                () = ended.closed() => {}
                outcome = call => drop(ended.send(outcome)),
            }
        });
        match thread.send(call) {
            // Threads end with the runtime that this belongs to; until then each call sends how it ended.
            Ok(()) => match end.await {
                Ok(outcome) => outcome,
                Err(_) => std::future::pending().await,
            },
            Err(mpsc::error::SendError(_)) => std::future::pending().await,
        }
    }
}

fn start() -> Vec<mpsc::UnboundedSender<Running<()>>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let started: Result<Vec<_>, _> = (0..(cores - 1).max(1))
        .map(|number| thread(number, Handle::current()))
        .collect();
    started.unwrap_or_else(|error| {
        tracing::warn!(%error, "no threads for guests that compute long: they run among the others");
        vec![]
    })
}

/// A thread that takes turns among its calls. Whatever they wait for is the other threads' to watch.
fn thread(number: usize, handle: Handle) -> std::io::Result<mpsc::UnboundedSender<Running<()>>> {
    let (calls, mut coming) = mpsc::unbounded_channel();
    let work = async move {
        let mut running = FuturesUnordered::new();
        loop {
            tokio::select! {
                call = coming.recv() => match call {
                    Some(call) => running.push(call),
                    None => return,
                },
                Some(()) = running.next() => {}
            }
        }
    };
    let builder = std::thread::Builder::new().name(format!("heavy-guests-{number}"));
    builder.spawn(move || {
        if let Err(error) = rustix::process::nice(NICENESS) {
            tracing::warn!(%error, "guests that compute long have no lower priority");
        }
        handle.block_on(work);
    })?;
    Ok(calls)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_heavy_call_now_and_then_is_no_habit() {
        let habit = LongRunHistory::default();
        for call in 0..1000 {
            assert!(!habit.is_heavy(), "{call}");
            habit.note(call % 101 == 0);
        }
    }

    #[test]
    fn a_second_heavy_call_keeps_a_release_apart_for_a_hundred() {
        let habit = LongRunHistory::default();
        for heavy in [false, true, false, true] {
            assert!(!habit.is_heavy());
            habit.note(heavy);
        }
        let mut apart = 0;
        while habit.is_heavy() {
            apart += 1;
            habit.note(false);
        }
        assert_eq!(apart, 99);
        habit.note(true);
        assert!(habit.is_heavy(), "it has not changed its ways");
        for _ in 0..10 {
            habit.note(true);
        }
        for _ in 0..100 {
            assert!(habit.is_heavy());
            habit.note(false);
        }
        assert!(!habit.is_heavy(), "what is long ago is forgotten");
    }

    #[tokio::test]
    async fn a_call_goes_on_elsewhere_and_what_it_waits_for_still_comes() {
        let lane = LowPriorityThreads::default();
        let here = std::thread::current().id();
        let (send, wait) = oneshot::channel::<u32>();
        let call = lane.run(Box::pin(async move {
            let number = wait.await.unwrap();
            (number, std::thread::current().id())
        }));
        let (answer, ()) = tokio::join!(call, async { send.send(7).unwrap() });
        assert_eq!(answer.0, 7);
        assert_ne!(answer.1, here);
    }

    #[tokio::test]
    async fn a_call_whose_answer_nobody_wants_any_more_is_ended() {
        let lane = LowPriorityThreads::default();
        let held = Arc::new(());
        let inside = Arc::clone(&held);
        {
            let mut call = Box::pin(lane.run(Box::pin(async move {
                std::future::pending::<()>().await;
                drop(inside);
            })));
            assert!(futures_util::poll!(&mut call).is_pending());
        }
        while Arc::strong_count(&held) > 1 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn calls_of_one_thread_take_turns() {
        let lane = LowPriorityThreads::default();
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let calls = (0..64).map(|_| {
            let stop = Arc::clone(&stop);
            let turns = async move {
                while !stop.load(Ordering::Relaxed) {
                    tokio::task::yield_now().await;
                }
            };
            lane.run(Box::pin(turns))
        });
        let stopping = Arc::clone(&stop);
        let stopper = lane.run(Box::pin(async move { stopping.store(true, Ordering::Relaxed) }));
        let _ = tokio::join!(futures_util::future::join_all(calls), stopper);
    }
}
