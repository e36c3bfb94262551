//! Bounds the making of a connection by the time of the call that asked for it.
//!
//! A connection that does not come about in time fails here, where it is certain that nothing was sent. The HTTP client
//! has one pool for all calls and knows one limit for all connections, in the operating system's time; a call may have
//! less, in the clock's.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tower::{BoxError, Layer, Service};

use super::budget::TimeBudget;
use jackfield_clock::{SharedClock, timeout};

/// How long a connection may take to come about at most, TLS included. A call that has less than twice that left gives
/// it less.
const MAX_CONNECT: Duration = Duration::from_secs(5);

tokio::task_local! {
    /// The budget of the call that is sending. The client's connector takes no arguments of ours; it begins to connect
    /// while the request that needs the connection is polled, and so within this scope.
    static SENDING: TimeBudget;
}

/// Runs `work`, which sends a request of the call that has this budget.
pub async fn sending<T>(budget: &TimeBudget, work: impl Future<Output = T>) -> T {
    SENDING.scope(budget.clone(), work).await
}

/// No connection came about in time.
#[derive(Debug, thiserror::Error)]
#[error("no connection came about within the time that the call has left for it")]
struct TooSlow;

/// Makes a connector give up.
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

/// A connector that gives up.
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
        // No call waits for a connection that something else asked for.
        let left = SENDING.try_with(TimeBudget::left_to_connect).unwrap_or(MAX_CONNECT);
        Box::pin(async move {
            let connected = timeout(&*clock, left.min(MAX_CONNECT), connecting).await;
            connected.unwrap_or_else(|| Err(TooSlow.into()))
        })
    }
}
