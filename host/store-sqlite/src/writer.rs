//! The writer: a thread that owns the only writing connection, and commits the work of many callers together.
//!
//! A commit waits for the disk; all jobs that arrive meanwhile go into the next one, up to [`BATCH`] of them.
//! The host's own work goes first: there is never more of it than there are workers, and a flood of accepts, which may
//! come from one tenant, must not prevent another's deliveries from being claimed and finished.
//! Callers get their results after the commit with their work. If one job of a batch fails, the batch is rolled back
//! and each job gets its own transaction, so that a bad job fails alone: this is why work can run twice.

mod ledger;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::sql::{closed, failed};
use jackfield_domain::intake::idempotency::KeyDigester;
use jackfield_store::StoreError;
pub(crate) use ledger::{LastIds, Transaction};

/// The most jobs in one commit: a larger batch gains little, and its first caller waits longer.
const BATCH: usize = 256;

/// The work of one caller.
pub(crate) trait Write: Send + 'static {
    /// What the caller gets after the commit.
    type Output: Send + 'static;

    /// Does the work inside a transaction that the writer began. It may run again after a rollback.
    fn run(&self, tx: &mut Transaction<'_>) -> Result<Self::Output, StoreError>;
}

/// What the writer has done since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteStats {
    /// Committed transactions.
    pub commits: u64,
    /// Jobs in them.
    pub jobs: u64,
    /// Jobs that are waiting now.
    pub waiting: usize,
}

#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    jobs: AtomicU64,
}

/// A handle to the writer.
#[derive(Debug)]
pub(crate) struct Writer {
    /// From outside callers.
    queue: mpsc::Sender<Message>,
    /// From the host's own workers.
    urgent: mpsc::Sender<Message>,
    counters: Arc<Counters>,
}

enum Message {
    Job(Box<dyn Job>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

impl Writer {
    /// Starts the writer on its connection. `guard` is dropped after the connection is closed. `queue` is the number of
    /// jobs that may wait.
    ///
    /// The writer has its own thread, on which its statements run one after the other, without a change of thread.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(crate) fn start(
        db: Connection,
        last: LastIds,
        digester: KeyDigester,
        queue: usize,
        guard: impl Send + 'static,
    ) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(queue);
        let (urgent, own) = mpsc::channel(queue);
        let counters = Arc::new(Counters::default());
        let worker = Worker {
            db,
            last,
            digester,
            counters: Arc::clone(&counters),
        };
        let runtime = Handle::current();
        std::thread::Builder::new().name("writer".into()).spawn(move || {
            let closing = worker.work(&runtime, own, receiver);
            drop(guard);
            if let Some((reply, result)) = closing {
                let _gone = reply.send(result);
            }
        })?;
        Ok(Self {
            queue: sender,
            urgent,
            counters,
        })
    }

    /// Commits some work; refuses it if too much is waiting.
    pub(crate) async fn submit<W: Write>(&self, work: W) -> Result<W::Output, StoreError> {
        let (job, answer) = pending(work);
        self.queue.try_send(Message::Job(job)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        answer.await.map_err(|_| closed())?
    }

    /// Commits some work ahead of outside callers, and waits for space in the queue. For the host's own work: there is
    /// never more of it than there are workers, and losing it would cost more than waiting.
    pub(crate) async fn submit_urgent<W: Write>(&self, work: W) -> Result<W::Output, StoreError> {
        let (job, answer) = pending(work);
        self.urgent.send(Message::Job(job)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Commits the waiting jobs, moves the log into the database file and closes the connection.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Message::Close(reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    pub(crate) fn stats(&self) -> WriteStats {
        WriteStats {
            commits: self.counters.commits.load(Ordering::Relaxed),
            jobs: self.counters.jobs.load(Ordering::Relaxed),
            waiting: [&self.queue, &self.urgent]
                .map(|queue| queue.max_capacity() - queue.capacity())
                .iter()
                .sum(),
        }
    }
}

/// Work with its caller, whatever its type.
trait Job: Send {
    fn run(&mut self, tx: &mut Transaction<'_>) -> Result<(), StoreError>;

    /// Sends the result of the commit to the caller.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Pending<W: Write> {
    work: W,
    output: Option<W::Output>,
    reply: oneshot::Sender<Result<W::Output, StoreError>>,
}

/// Receives a caller's result.
type Answer<T> = oneshot::Receiver<Result<T, StoreError>>;

/// A job, and the receiver of its caller's result.
fn pending<W: Write>(work: W) -> (Box<dyn Job>, Answer<W::Output>) {
    let (reply, answer) = oneshot::channel();
    let output = None;
    (Box::new(Pending { work, output, reply }), answer)
}

impl<W: Write> Job for Pending<W> {
    fn run(&mut self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        self.output = Some(self.work.run(tx)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { output, reply, .. } = *self;
        // An error means that the caller has gone.
        let _gone = reply.send(committed.and_then(|()| output.ok_or_else(closed)));
    }
}

struct Worker {
    db: Connection,
    last: LastIds,
    digester: KeyDigester,
    counters: Arc<Counters>,
}

/// Whoever asked to close, and the result.
type Closing = (oneshot::Sender<Result<(), StoreError>>, Result<(), StoreError>);

impl Worker {
    /// Works until it receives a request to close, or until every handle is dropped.
    fn work(
        mut self,
        runtime: &Handle,
        mut urgent: mpsc::Receiver<Message>,
        mut queue: mpsc::Receiver<Message>,
    ) -> Option<Closing> {
        let mut closing = None;
        let mut messages = Vec::with_capacity(BATCH);
        loop {
            runtime.block_on(receive(&mut urgent, &mut queue, &mut messages));
            if messages.is_empty() {
                break;
            }
            let mut jobs = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Job(job) => jobs.push(job),
                    Message::Close(reply) => {
                        queue.close();
                        urgent.close();
                        closing = Some(reply);
                    }
                }
            }
            self.commit(jobs);
        }
        let result = self.end();
        closing.map(|reply| (reply, result))
    }

    /// Commits the jobs together or, if that fails, one by one, and answers them.
    fn commit(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        match self.attempt(&mut jobs) {
            Err(TransactionError::Work(_)) if jobs.len() > 1 => {
                for mut job in jobs {
                    let result = self.attempt(std::slice::from_mut(&mut job));
                    job.answer(result.map_err(TransactionError::into_error));
                }
            }
            result => {
                let result = result.map_err(TransactionError::into_error);
                for job in jobs {
                    job.answer(result.clone());
                }
            }
        }
    }

    fn attempt(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), TransactionError> {
        if jobs.is_empty() {
            return Ok(());
        }
        self.execute("begin immediate").map_err(TransactionError::Begin)?;
        match self.run(jobs) {
            Ok(last) => {
                self.last = last;
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                self.counters.jobs.fetch_add(jobs.len() as u64, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                // SQLite may have rolled back by itself; then this rollback fails, which does not matter.
                let _nothing_left = self.execute("rollback");
                Err(TransactionError::Work(error))
            }
        }
    }

    fn run(&self, jobs: &mut [Box<dyn Job>]) -> Result<LastIds, StoreError> {
        let mut tx = Transaction::new(&self.db, &self.digester, self.last);
        for job in jobs {
            job.run(&mut tx)?;
        }
        let last = tx.finish()?;
        self.execute("commit")?;
        Ok(last)
    }

    fn end(self) -> Result<(), StoreError> {
        self.db
            .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
            .map_err(failed)?;
        self.db.close().map_err(|(_, error)| failed(error))
    }

    fn execute(&self, sql: &str) -> Result<(), StoreError> {
        crate::sql::execute(&self.db, sql, []).map(drop)
    }
}

/// Waits for messages and collects those of one commit, the urgent ones first. Collects none if both queues are closed
/// and empty.
async fn receive(
    urgent: &mut mpsc::Receiver<Message>,
    queue: &mut mpsc::Receiver<Message>,
    messages: &mut Vec<Message>,
) {
    let first = tokio::select! {
        biased;
        Some(message) = urgent.recv() => message,
        Some(message) = queue.recv() => message,
        else => return,
    };
    messages.push(first);
    for waiting in [urgent, queue] {
        while messages.len() < BATCH {
            let Ok(message) = waiting.try_recv() else { break };
            messages.push(message);
        }
    }
}

/// Why a transaction did not happen.
enum TransactionError {
    /// It could not begin: another program holds the database, so trying the jobs one by one would not help.
    Begin(StoreError),
    /// A job or the commit failed.
    Work(StoreError),
}

impl TransactionError {
    fn into_error(self) -> StoreError {
        match self {
            Self::Begin(error) | Self::Work(error) => error,
        }
    }
}
