//! What the invocations of one release have in common, and what limits a single one.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::contract::bindings::log::Field;
use crate::meter::budget::TimeBudget;
use crate::meter::cpu::CpuMeter;
use crate::meter::memory_budget::MemoryBudget;
use crate::meter::observations::Observations;
use crate::outbound::network::Network;
use jackfield_domain::phone::Country;

/// What the invocations of one release have in common.
#[derive(Debug)]
pub struct Environment {
    /// For log lines; empty while an adapter is inspected.
    pub tenant: String,
    /// For log lines.
    pub release: String,
    /// Values as text, by name.
    pub settings: HashMap<String, String>,
    /// The country of telephone numbers without a country code.
    pub country: Option<Country>,
    /// None while an adapter is inspected or probed.
    pub network: Option<Network>,
    /// Bytes of linear memory.
    pub memory: usize,
    /// Processor time of one invocation.
    pub cpu: Duration,
    /// Watches the invocations of a rehearsal; none in service.
    pub observer: Option<Arc<dyn GuestObserver>>,
}

/// Watches an invocation from outside of the sandbox, and sets the guest's clock.
pub trait GuestObserver: fmt::Debug + Send + Sync {
    /// An invocation starts, which is measured by these.
    fn started(&self, observations: &Arc<Observations>, cpu: &Arc<CpuMeter>);

    /// The time that the guest's clock shows, throughout.
    fn now(&self) -> Timestamp;

    /// The host made a signature for the guest.
    fn signed(&self, signature: &[u8]);

    /// The guest writes a log line.
    fn logged(&self, message: &str, fields: &[Field]);
}

/// The limits and the measurements of one invocation, even where its instance has served others.
#[derive(Debug, Clone)]
pub struct InvocationLimits {
    /// What the host observes.
    pub observations: Arc<Observations>,
    /// Its time.
    pub budget: TimeBudget,
    /// Its processor time.
    pub cpu: Arc<CpuMeter>,
    /// The memory of all guests.
    pub memory: Arc<MemoryBudget>,
}
