//! Real time, waited for.

use std::time::Duration;

/// Waits.
pub async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
