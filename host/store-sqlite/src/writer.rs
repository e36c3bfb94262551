//! The writer: a thread that owns the only writing connection, and commits the work of many callers together.
//!
//! A commit waits for the disk; all jobs that arrive meanwhile go into the next one, up to [`BATCH`] of them.
//! The host's own work goes first: there is never more of it than there are workers, and a flood of accepts, which may
//! come from one tenant, must not prevent another's deliveries from being claimed and finished.
//! Callers get their results after the commit with their work. Callers with the same kind of work share one job,
//! because every statement costs two thread switches. If one job of a batch fails, the batch is rolled back and each
//! caller gets its own transaction, so that a bad job fails alone: this is why work can run twice.

mod job;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{Connection, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use jackfield_store::StoreError;
use job::{Job, answer, callers, job, merged};

/// The most jobs in one commit: a larger batch gains little, and its first caller waits longer.
const BATCH: usize = 256;

/// The work of one transaction.
pub(super) trait Write: Send + Sync + 'static {
    /// What the caller gets after the commit.
    type Output: Send + 'static;

    /// Does the work inside a transaction that the writer began. It may run again after a rollback.
    fn run(&self, db: &mut SqliteConnection) -> impl Future<Output = Result<Self::Output, StoreError>> + Send;
}

/// The work of several callers in one transaction. Frequent work implements this itself, with few statements for all
/// callers; any other [`Write`] runs for one caller after the other.
pub(super) trait WriteTogether: Send + Sync + 'static {
    /// What each caller gets after the commit.
    type Output: Send + 'static;

    /// Does the works as if one after the other, and returns one output for each, in the same order. It may run again
    /// after a rollback.
    fn run_together(
        works: &[&Self],
        db: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Vec<Self::Output>, StoreError>> + Send;
}

impl<W: Write> WriteTogether for W {
    type Output = W::Output;

    async fn run_together(works: &[&Self], db: &mut SqliteConnection) -> Result<Vec<W::Output>, StoreError> {
        let mut outputs = Vec::with_capacity(works.len());
        for work in works {
            outputs.push(work.run(db).await?);
        }
        Ok(outputs)
    }
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
pub(super) struct Writer {
    /// From outside callers.
    queue: mpsc::Sender<Message>,
    /// From the host's own workers.
    urgent: mpsc::Sender<Message>,
    counters: Arc<Counters>,
}

enum Message {
    Job(Box<dyn Job>),
    Vacuum(Reply),
    Close(Reply),
}

impl Writer {
    /// Starts the writer on its connection. `guard` is dropped after the connection is closed. `queue` is the number of
    /// jobs that may wait.
    ///
    /// The writer has its own thread: a task would wait after each statement for all earlier tasks in the executor's
    /// queue, and every caller that waits for the commit would wait with it.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(super) fn start(db: SqliteConnection, queue: usize, guard: impl Send + 'static) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(queue);
        let (urgent, own) = mpsc::channel(queue);
        let counters = Arc::new(Counters::default());
        let task = Task {
            db,
            counters: Arc::clone(&counters),
        };
        let runtime = Handle::current();
        std::thread::Builder::new().name("writer".into()).spawn(move || {
            let closing = runtime.block_on(task.work(own, receiver));
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
    pub(super) async fn submit<W: WriteTogether>(&self, work: W) -> Result<W::Output, StoreError> {
        let (job, answer) = job(work);
        self.queue.try_send(Message::Job(job)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        answer.await.map_err(|_| closed())?
    }

    /// Commits some work ahead of outside callers, and waits for space in the queue. For the host's own work: there is
    /// never more of it than there are workers, and losing it would cost more than waiting.
    pub(super) async fn submit_urgent<W: WriteTogether>(&self, work: W) -> Result<W::Output, StoreError> {
        let (job, answer) = job(work);
        self.urgent.send(Message::Job(job)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Commits the waiting jobs, moves the log into the database file and closes the connection.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Message::Close(reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Rewrites the database file, so that it contains no overwritten or deleted data, and empties the log. Jobs wait
    /// meanwhile.
    pub(super) async fn vacuum(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Message::Vacuum(reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    pub(super) fn stats(&self) -> WriteStats {
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

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}

type Reply = oneshot::Sender<Result<(), StoreError>>;

struct Task {
    db: SqliteConnection,
    counters: Arc<Counters>,
}

impl Task {
    /// Runs until it receives a request to close, or until every handle is dropped.
    async fn work(
        mut self,
        mut urgent: mpsc::Receiver<Message>,
        mut queue: mpsc::Receiver<Message>,
    ) -> Option<(Reply, Result<(), StoreError>)> {
        let mut closing = None;
        let mut messages = Vec::with_capacity(BATCH);
        loop {
            receive(&mut urgent, &mut queue, &mut messages).await;
            if messages.is_empty() {
                break;
            }
            let mut jobs = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Job(job) => jobs.push(job),
                    Message::Vacuum(reply) => {
                        self.commit(std::mem::take(&mut jobs)).await;
                        let _gone = reply.send(self.vacuum().await);
                    }
                    Message::Close(reply) => {
                        queue.close();
                        urgent.close();
                        closing = Some(reply);
                    }
                }
            }
            self.commit(jobs).await;
        }
        let result = self.end().await;
        closing.map(|reply| (reply, result))
    }

    /// Commits the jobs together or, if that fails, caller by caller, and answers them.
    async fn commit(&mut self, jobs: Vec<Box<dyn Job>>) {
        let mut jobs = merged(jobs);
        match self.attempt(&mut jobs).await {
            Ok(()) => answer(jobs, &Ok(())),
            Err(TransactionError::Work(_)) if callers(&jobs) > 1 => {
                for mut job in jobs.into_iter().flat_map(Job::split) {
                    let result = self.attempt(std::slice::from_mut(&mut job)).await;
                    job.answer(result.map_err(TransactionError::into_error));
                }
            }
            Err(failed) => answer(jobs, &Err(failed.into_error())),
        }
    }

    async fn attempt(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), TransactionError> {
        if jobs.is_empty() {
            return Ok(());
        }
        self.execute("begin immediate")
            .await
            .map_err(|error| TransactionError::Begin(error.into()))?;
        let worked = self.run(jobs).await;
        if worked.is_err() {
            // SQLite may have rolled back by itself; then this rollback fails, which does not matter.
            let _nothing_left = self.execute("rollback").await;
        } else {
            self.counters.commits.fetch_add(1, Ordering::Relaxed);
            self.counters.jobs.fetch_add(callers(jobs) as u64, Ordering::Relaxed);
        }
        worked.map_err(TransactionError::Work)
    }

    async fn run(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        for job in jobs {
            job.run(&mut self.db).await?;
        }
        Ok(self.execute("commit").await?)
    }

    async fn vacuum(&mut self) -> Result<(), StoreError> {
        self.execute("vacuum").await?;
        Ok(self.execute("pragma wal_checkpoint(truncate)").await?)
    }

    async fn end(mut self) -> Result<(), StoreError> {
        self.execute("pragma wal_checkpoint(truncate)").await?;
        Ok(self.db.close().await?)
    }

    async fn execute(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        sqlx::query(sql).execute(&mut self.db).await.map(drop)
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
