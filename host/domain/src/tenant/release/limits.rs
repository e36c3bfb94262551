//! `[limits]` of a tenant's file.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `[limits]`: the resources of one invocation of the adapter, and the number of concurrent status queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSpec {
    /// Linear memory, in MiB. 1 to 512.
    pub memory_mib: u32,
    /// Processor time, in milliseconds; waiting for the CRM does not count. 1 to 60,000.
    pub cpu_ms: u32,
    /// A status query as a whole, in milliseconds. 1 to 10,000.
    pub status_deadline_ms: u32,
    /// A write as a whole, in milliseconds. 1 to 60,000: well under the lease.
    pub write_deadline_ms: u32,
    /// Concurrent status queries; further ones are refused at once with 503. 1 to 1,000. With the default deadline of a
    /// second, 64 still allow 64 answers a second if the CRM hangs, and thousands if it does not.
    pub status_concurrency: u32,
}

impl Default for LimitsSpec {
    fn default() -> Self {
        Self {
            memory_mib: 64,
            cpu_ms: 200,
            status_deadline_ms: 1000,
            write_deadline_ms: 10_000,
            status_concurrency: 64,
        }
    }
}

impl LimitsSpec {
    /// The most that `memory_mib` may be.
    pub const MAX_MEMORY_MIB: u32 = 512;
    /// The most that `cpu_ms` may be.
    pub const MAX_CPU_MS: u32 = 60_000;

    /// The wall-clock deadline of a status query.
    #[must_use]
    pub const fn status_deadline(&self) -> Duration {
        Duration::from_millis(self.status_deadline_ms as u64)
    }

    /// The wall-clock deadline of a write, a look-up or the parsing of a webhook.
    #[must_use]
    pub const fn write_deadline(&self) -> Duration {
        Duration::from_millis(self.write_deadline_ms as u64)
    }

    /// The adapter's processor time.
    #[must_use]
    pub const fn cpu(&self) -> Duration {
        Duration::from_millis(self.cpu_ms as u64)
    }

    /// The memory cap in bytes.
    #[must_use]
    pub const fn memory(&self) -> usize {
        self.memory_mib as usize * 1024 * 1024
    }
}
