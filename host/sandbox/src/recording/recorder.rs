//! Which tenants are recorded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

use super::session::{RecordingOptions, RecordingSession};
use super::tape::Tape;
use crate::secrets::patterns::SecretPatterns;
use jackfield_clock::{SharedClock, lock};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::custody::recording::{OmissionReason, RecordedFixture, RecordingPhase, RecordingStatus};
use jackfield_domain::id::TenantName;

/// The recordings of this host, by tenant. Cheap to clone; all clones are the same.
#[derive(Debug, Clone)]
pub struct Recorder {
    sessions: Arc<ArcSwap<Sessions>>,
    writing: Arc<Mutex<()>>,
    clock: SharedClock,
}

type Sessions = HashMap<String, Arc<RecordingSession>>;

/// The tenant is being recorded already.
#[derive(Debug)]
pub struct AlreadyRecording(pub RecordingStatus);

/// A recording that an operator has collected.
#[derive(Debug)]
pub struct FinishedRecording {
    /// Its state when it was collected.
    pub status: RecordingStatus,
    /// What the operator had asked for.
    pub options: RecordingOptions,
    /// The recorded invocations.
    pub kept: Vec<RecordedFixture>,
}

impl Recorder {
    /// A recorder without a recording.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self {
            sessions: Arc::default(),
            writing: Arc::default(),
            clock,
        }
    }

    /// A tape for an invocation, if the tenant is recorded. For all other tenants this only reads a pointer.
    pub(crate) fn tape(&self, tenant: &str) -> Option<Tape> {
        let session = Arc::clone(self.sessions.load().get(tenant)?);
        let phase = session.recorded().phase(self.clock.now());
        (phase == RecordingPhase::Running).then(|| Tape::new(session))
    }

    /// Starts to record a tenant. The values that replace personal data are derived from `salt`.
    ///
    /// # Errors
    /// The tenant is being recorded already, or its last recording has not been collected.
    pub fn start(
        &self,
        tenant: &TenantName,
        options: RecordingOptions,
        salt: [u8; 32],
    ) -> Result<RecordingStatus, AlreadyRecording> {
        let now = self.clock.now();
        self.change(|sessions| {
            if let Some(session) = sessions.get(tenant.as_str()) {
                let status = session.recorded().status(now);
                if status.phase != RecordingPhase::Gone {
                    return Err(AlreadyRecording(status));
                }
            }
            let session = RecordingSession::new(options, salt, Arc::clone(&self.clock));
            let status = session.recorded().status(now);
            sessions.insert(tenant.to_string(), Arc::new(session));
            Ok(status)
        })
    }

    /// The state of a tenant's recording, and what the operator asked for; none if there is no recording.
    #[must_use]
    pub fn status(&self, tenant: &TenantName) -> Option<(RecordingStatus, RecordingOptions)> {
        let session = Arc::clone(self.sessions.load().get(tenant.as_str())?);
        let status = session.recorded().status(self.clock.now());
        (status.phase != RecordingPhase::Gone).then_some((status, session.options))
    }

    /// Stops a tenant's recording and returns it; the host forgets it.
    #[must_use]
    pub fn collect(&self, tenant: &TenantName) -> Option<FinishedRecording> {
        let session = self.change(|sessions| sessions.remove(tenant.as_str()))?;
        let mut recorded = session.recorded();
        let status = recorded.status(self.clock.now());
        (status.phase != RecordingPhase::Gone).then(|| FinishedRecording {
            status,
            options: session.options,
            kept: recorded.take_fixtures(),
        })
    }

    /// Removes recordings that nobody collected in time.
    pub fn remove_expired(&self) {
        let now = self.clock.now();
        let is_expired = |session: &Arc<RecordingSession>| session.recorded().phase(now) == RecordingPhase::Gone;
        if self.sessions.load().values().any(is_expired) {
            self.change(|sessions| sessions.retain(|_, session| !is_expired(session)));
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Sessions) -> T) -> T {
        let _one_at_a_time = lock(&self.writing);
        let mut sessions = Sessions::clone(&self.sessions.load());
        let result = change(&mut sessions);
        self.sessions.store(Arc::new(sessions));
        result
    }
}

impl FinishedRecording {
    /// Removes the invocations that hold one of these secrets, in any of the forms that secrets are searched for in.
    pub fn remove_secrets(&mut self, secrets: &[Sensitive]) {
        let patterns: SecretPatterns = secrets.iter().collect();
        let before = self.kept.len();
        self.kept
            .retain(|kept| !patterns.are_in(kept.fixture.to_string().as_bytes()));
        let left_out = u32::try_from(before - self.kept.len()).unwrap_or(u32::MAX);
        if left_out > 0 {
            *self.status.omitted.entry(OmissionReason::Secret).or_default() += left_out;
            self.status.recorded.clear();
            for kept in &self.kept {
                *self.status.recorded.entry(kept.kind).or_default() += 1;
            }
        }
    }
}
