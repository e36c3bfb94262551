//! Sleeping in real time.

use std::time::Duration;

/// Sleeps.
pub async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
