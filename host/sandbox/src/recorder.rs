//! Which tenants' calls are recorded. What is recorded is in this host's memory only, within bounds, until an operator
//! takes it or its time is over.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::echo::SecretPatterns;
use super::tape::Tape;
use jackfield_clock::SharedClock;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::custody::recording::{Bounds, Call, Kept, LeftOut, Phase, Standing, Taken, fixture};
use jackfield_domain::id::TenantName;

/// How a recording is to be.
#[derive(Debug, Clone, Copy)]
pub struct RecordingOptions {
    /// How much.
    pub bounds: Bounds,
    /// Whether personal data stays as it is.
    pub unmasked: bool,
}

/// The recordings of this host, by tenant. Cheap to clone; all clones are the same.
#[derive(Debug, Clone)]
pub struct Recorder {
    sessions: Arc<ArcSwap<Sessions>>,
    writing: Arc<Mutex<()>>,
    clock: SharedClock,
}

type Sessions = HashMap<String, Arc<Session>>;

/// The recording of one tenant.
pub struct Session {
    order: RecordingOptions,
    salt: [u8; 32],
    clock: SharedClock,
    taken: Mutex<Taken>,
}

/// A tenant's calls are recorded already.
#[derive(Debug)]
pub struct AlreadyRecording(pub Standing);

/// A recording that an operator took.
#[derive(Debug)]
pub struct FinishedRecording {
    /// How it stood.
    pub standing: Standing,
    /// How it was ordered.
    pub order: RecordingOptions,
    /// What it held.
    pub kept: Vec<Kept>,
}

impl Recorder {
    /// No recording.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self {
            sessions: Arc::default(),
            writing: Arc::default(),
            clock,
        }
    }

    /// A tape for a call, if the tenant's calls are recorded: for all others, this reads a pointer.
    pub(super) fn tape(&self, tenant: &str) -> Option<Tape> {
        let session = Arc::clone(self.sessions.load().get(tenant)?);
        let phase = session.taken().phase(self.clock.now());
        (phase == Phase::Running).then(|| Tape::new(session))
    }

    /// Begins to record a tenant's calls. What is made up in the place of personal data comes out of `salt`.
    ///
    /// # Errors
    /// They are recorded already, or what was recorded waits to be taken.
    pub fn begin(
        &self,
        tenant: &TenantName,
        order: RecordingOptions,
        salt: [u8; 32],
    ) -> Result<Standing, AlreadyRecording> {
        let now = self.clock.now();
        self.change(|sessions| {
            if let Some(session) = sessions.get(tenant.as_str()) {
                let standing = session.taken().standing(now);
                if standing.phase != Phase::Gone {
                    return Err(AlreadyRecording(standing));
                }
            }
            let taken = Taken::begin(order.bounds, now);
            let standing = taken.standing(now);
            let session = Session {
                order,
                salt,
                clock: Arc::clone(&self.clock),
                taken: Mutex::new(taken),
            };
            sessions.insert(tenant.to_string(), Arc::new(session));
            Ok(standing)
        })
    }

    /// How a tenant's recording stands, and how it was ordered; none if there is none.
    #[must_use]
    pub fn standing(&self, tenant: &TenantName) -> Option<(Standing, RecordingOptions)> {
        let session = Arc::clone(self.sessions.load().get(tenant.as_str())?);
        let standing = session.taken().standing(self.clock.now());
        (standing.phase != Phase::Gone).then_some((standing, session.order))
    }

    /// Ends a tenant's recording and hands it over; the host forgets it.
    #[must_use]
    pub fn take(&self, tenant: &TenantName) -> Option<FinishedRecording> {
        let session = self.change(|sessions| sessions.remove(tenant.as_str()))?;
        let mut taken = session.taken();
        let standing = taken.standing(self.clock.now());
        (standing.phase != Phase::Gone).then(|| FinishedRecording {
            standing,
            order: session.order,
            kept: taken.hand_over(),
        })
    }

    /// Forgets what nobody took in time.
    pub fn sweep(&self) {
        let now = self.clock.now();
        let is_gone = |session: &Arc<Session>| session.taken().phase(now) == Phase::Gone;
        if self.sessions.load().values().any(is_gone) {
            self.change(|sessions| sessions.retain(|_, session| !is_gone(session)));
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Sessions) -> T) -> T {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sessions = Sessions::clone(&self.sessions.load());
        let result = change(&mut sessions);
        self.sessions.store(Arc::new(sessions));
        result
    }
}

impl Session {
    fn taken(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a call, unless `is_secret` finds something in it that must not be seen.
    pub(super) fn keep(&self, call: &Call, is_secret: impl FnOnce(&[u8]) -> bool) {
        let fixture = match fixture(call, &self.salt, !self.order.unmasked) {
            Ok(fixture) => fixture,
            Err(why) => return self.leave_out(why),
        };
        let text = fixture.to_string();
        if is_secret(text.as_bytes()) {
            return self.leave_out(LeftOut::Secret);
        }
        let kept = Kept {
            kind: call.kind,
            fixture,
        };
        self.taken().take(kept, text.len(), self.clock.now());
    }

    /// Counts a call that is not kept.
    pub(super) fn leave_out(&self, why: LeftOut) {
        self.taken().leave_out(why, self.clock.now());
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(…)")
    }
}

impl FinishedRecording {
    /// Takes out the calls that hold one of these secrets, in any form that secrets are looked for in.
    pub fn without(&mut self, secrets: &[Sensitive]) {
        let echoes: SecretPatterns = secrets.iter().collect();
        let before = self.kept.len();
        self.kept
            .retain(|call| !echoes.are_in(call.fixture.to_string().as_bytes()));
        let left_out = u32::try_from(before - self.kept.len()).unwrap_or(u32::MAX);
        if left_out > 0 {
            *self.standing.left_out.entry(LeftOut::Secret).or_default() += left_out;
            self.standing.kept.clear();
            for call in &self.kept {
                *self.standing.kept.entry(call.kind).or_default() += 1;
            }
        }
    }
}
