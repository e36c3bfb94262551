//! Limits how long connecting may take, by the time that the invocation has left.
//!
//! A connection that is not made in time fails here, where it is certain that nothing was sent. The HTTP client has one
//! pool for all invocations and one limit for all connections, in the operating system's time; an invocation may have
//! less, in the clock's time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tower::{BoxError, Layer, Service};

use crate::meter::budget::TimeBudget;
use jackfield_clock::{SharedClock, timeout};

/// How long making a connection may take, including TLS. An invocation that has less than twice that left allows less.
const MAX_CONNECT: Duration = Duration::from_secs(5);

tokio::task_local! {
    /// The budget of the invocation that is sending. The client's connector cannot be given arguments, but it starts to
    /// connect while the request that needs the connection is polled, which is within this scope.
    static BUDGET: TimeBudget;
}

/// Runs `work`, which sends a request of the invocation that has this budget.
pub async fn with_budget<T>(budget: &TimeBudget, work: impl Future<Output = T>) -> T {
    BUDGET.scope(budget.clone(), work).await
}

/// No connection was made in time.
#[derive(Debug, thiserror::Error)]
#[error("no connection was made within the time that the invocation has left for it")]
struct ConnectTimedOut;

/// Gives a connector a timeout.
#[derive(Debug, Clone)]
pub struct ConnectTimeoutLayer(pub SharedClock);

impl<S> Layer<S> for ConnectTimeoutLayer {
    type Service = ConnectTimeout<S>;

    fn layer(&self, inner: S) -> ConnectTimeout<S> {
        ConnectTimeout {
            inner,
            clock: self.0.clone(),
        }
    }
}

/// A connector with a timeout.
#[derive(Debug, Clone)]
pub struct ConnectTimeout<S> {
    inner: S,
    clock: SharedClock,
}

impl<S, R> Service<R> for ConnectTimeout<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let connecting = self.inner.call(destination);
        let clock = self.clock.clone();
        // Outside of an invocation, such as at a token endpoint, only the general limit applies.
        let left = BUDGET.try_with(TimeBudget::left_to_connect).unwrap_or(MAX_CONNECT);
        Box::pin(async move {
            let connected = timeout(&*clock, left.min(MAX_CONNECT), connecting).await;
            connected.unwrap_or_else(|| Err(ConnectTimedOut.into()))
        })
    }
}
