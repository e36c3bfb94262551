//! The writer's jobs in the queue: one job for all callers with the same kind of work.

use std::any::Any;

use async_trait::async_trait;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use super::{WriteTogether, closed};
use jackfield_store::StoreError;

/// Receives a caller's result.
pub type Answer<T> = oneshot::Receiver<Result<T, StoreError>>;

/// A job with one caller, and the receiver of that caller's result.
pub fn job<W: WriteTogether>(work: W) -> (Box<dyn Job>, Answer<W::Output>) {
    let (reply, answer) = oneshot::channel();
    let caller = Caller {
        work,
        output: None,
        reply,
    };
    (Box::new(Pending(vec![caller])), answer)
}

/// Sends the result of the commit to the callers of all jobs.
pub fn answer(jobs: Vec<Box<dyn Job>>, result: &Result<(), StoreError>) {
    for job in jobs {
        job.answer(result.clone());
    }
}

/// How many callers the jobs have.
pub fn callers(jobs: &[Box<dyn Job>]) -> usize {
    jobs.iter().map(|job| job.callers()).sum()
}

/// Merges jobs of the same kind, in the order in which each kind first appeared.
pub fn merged(jobs: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut merged: Vec<Box<dyn Job>> = vec![];
    for job in jobs {
        let mut left = Some(job);
        for other in &mut merged {
            left = left.and_then(|job| other.merge(job));
        }
        merged.extend(left);
    }
    merged
}

/// One kind of work with its callers, whatever their type.
#[async_trait]
pub trait Job: Any + Send {
    /// Does the work inside a transaction that the writer began.
    async fn run(&mut self, db: &mut SqliteConnection) -> Result<(), StoreError>;

    /// Sends the result of the commit to its callers.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);

    /// The number of its callers.
    fn callers(&self) -> usize;

    /// Adds the callers of another job of the same kind; returns a job of another kind unchanged.
    fn merge(&mut self, other: Box<dyn Job>) -> Option<Box<dyn Job>>;

    /// A job for each caller.
    fn split(self: Box<Self>) -> Vec<Box<dyn Job>>;
}

struct Pending<W: WriteTogether>(Vec<Caller<W>>);

struct Caller<W: WriteTogether> {
    work: W,
    output: Option<W::Output>,
    reply: oneshot::Sender<Result<W::Output, StoreError>>,
}

#[async_trait]
impl<W: WriteTogether> Job for Pending<W> {
    async fn run(&mut self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        let works: Vec<_> = self.0.iter().map(|caller| &caller.work).collect();
        let outputs = W::run_together(&works, db).await?;
        for (caller, output) in self.0.iter_mut().zip(outputs) {
            caller.output = Some(output);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        for caller in self.0 {
            // An error from `send` means that the caller has gone.
            let _gone = match (committed.clone(), caller.output) {
                (Ok(()), Some(output)) => caller.reply.send(Ok(output)),
                (Ok(()), None) => caller.reply.send(Err(closed())),
                (Err(error), _) => caller.reply.send(Err(error)),
            };
        }
    }

    fn callers(&self) -> usize {
        self.0.len()
    }

    fn merge(&mut self, other: Box<dyn Job>) -> Option<Box<dyn Job>> {
        let any: &dyn Any = &*other;
        if !any.is::<Self>() {
            return Some(other);
        }
        let any: Box<dyn Any> = other;
        if let Ok(same) = any.downcast::<Self>() {
            self.0.extend(same.0);
        }
        None
    }

    fn split(self: Box<Self>) -> Vec<Box<dyn Job>> {
        let alone = |caller| Box::new(Self(vec![caller])) as Box<dyn Job>;
        self.0.into_iter().map(alone).collect()
    }
}
