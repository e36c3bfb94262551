//! A runtime on a manual clock, and releases of one component.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jackfield_clock::{ManualClock, SharedClock};
use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::delivery::failure::{Failure, Fault};
use jackfield_domain::id::LeadId;
use jackfield_domain::tenant::adapter::AdapterRecord;
use jackfield_domain::tenant::release::{Release, TenantSpec};
use jackfield_sandbox::{
    CredentialSecrets, Invocation, LoadError, LoadedRelease, Runtime, RuntimeConfig, SharedResolver,
};
use jackfield_tests::components::{compile_cache, component};
use jackfield_tests::process::jackfield_binary;
use jiff::Timestamp;

use super::server::Server;

/// A runtime on a clock that stands still.
pub struct TestRuntime {
    pub clock: ManualClock,
    pub runtime: Runtime,
}

impl TestRuntime {
    /// With a cache that all tests share, so that each component is compiled once.
    pub fn new() -> Self {
        Self::over(&compile_cache())
    }

    /// With a pool of one instance.
    pub fn with_one_instance() -> Self {
        let test = Self::with(RuntimeConfig {
            max_instances: 1,
            max_instances_per_release: 1,
            ..RuntimeConfig::new(compile_cache(), jackfield_binary())
        });
        assert!(test.runtime.pooled());
        test
    }

    /// With its own cache.
    pub fn over(cache: &Path) -> Self {
        Self::with(RuntimeConfig::new(cache.to_owned(), jackfield_binary()))
    }

    /// With its own resolver.
    pub fn resolving(resolver: SharedResolver) -> Self {
        Self::with(RuntimeConfig {
            resolver,
            ..RuntimeConfig::new(compile_cache(), jackfield_binary())
        })
    }

    /// With its own configuration.
    pub fn with(config: RuntimeConfig) -> Self {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let shared: SharedClock = Arc::new(clock.clone());
        let runtime = Runtime::start(config, shared).unwrap();
        Self { clock, runtime }
    }

    /// Loads a release of a component.
    pub async fn load(&self, package: &str, spec: &str) -> LoadedRelease {
        self.try_load(package, spec, CredentialSecrets::default())
            .await
            .unwrap()
    }

    pub async fn try_load(
        &self,
        package: &str,
        spec: &str,
        secrets: CredentialSecrets,
    ) -> Result<LoadedRelease, LoadError> {
        self.try_load_bytes(component(package), spec, secrets).await
    }

    /// Loads a release of a component that is not built from a package.
    pub async fn load_bytes(&self, bytes: Vec<u8>, spec: &str) -> LoadedRelease {
        self.try_load_bytes(bytes, spec, CredentialSecrets::default())
            .await
            .unwrap()
    }

    pub async fn try_load_bytes(
        &self,
        bytes: Vec<u8>,
        spec: &str,
        secrets: CredentialSecrets,
    ) -> Result<LoadedRelease, LoadError> {
        let record = self.runtime.inspect(&bytes).await.unwrap();
        self.runtime.load(release(&record, spec), &record, bytes, secrets).await
    }

    /// Moves the clock past the time that this deadline leaves for requests, but not past the deadline itself.
    pub fn run_out_of_time(&self, deadline: Duration) {
        self.clock.advance(deadline.mul_f64(0.98));
    }
}

/// A hostile guest with a server that it may reach.
pub async fn hostile(test: &TestRuntime, server: &Server, more: &str) -> LoadedRelease {
    let origin = &server.origin;
    let spec = format!(
        "settings.base_url = \"{origin}\"\negress = {{ allow = [\"{origin}\"], private_addresses = true }}\n{more}"
    );
    test.load("hostile", &spec).await
}

/// What a hostile guest reports for a lead.
pub async fn report(loaded: &LoadedRelease, lead: &str) -> Result<String, Failure> {
    loaded.query_status(&id(lead)).await.outcome.map(|status| status.status)
}

/// The fault in which a hostile guest's invocation ends.
pub async fn fault(loaded: &LoadedRelease, lead: &str) -> Fault {
    match report(loaded, lead).await {
        Err(Failure::Fault(fault)) => fault,
        other => panic!("`{lead}` should have been a fault and was {other:?}"),
    }
}

/// An outcome without the reason that the adapter gave, which is text for people.
pub fn without_reason<T>(outcome: Result<T, Failure>) -> Result<T, Failure> {
    outcome.map_err(|failure| match failure {
        Failure::Unavailable(_) => Failure::Unavailable(None),
        Failure::Unknown(_) => Failure::Unknown(None),
        Failure::Unauthorized(_) => Failure::Unauthorized(None),
        Failure::Conflict(_) => Failure::Conflict(None),
        other => other,
    })
}

pub fn id(lead: &str) -> LeadId {
    lead.parse().unwrap()
}

pub fn release(adapter: &AdapterRecord, spec: &str) -> Release {
    let head = format!("tenant = \"dwarka-homes\"\nadapter = \"{}\"\n", adapter.name);
    let spec: TenantSpec = toml::from_str(&(head + spec)).unwrap();
    Release {
        number: "r1".parse().unwrap(),
        adapter: adapter.digest,
        spec,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

/// A release of keystone with a token.
pub async fn keystone(test: &TestRuntime, origin: &str) -> LoadedRelease {
    let spec = format!(
        "settings.base_url = \"{origin}/\"\negress = {{ allow = [\"{origin}\"], private_addresses = true }}\n\
         [[credentials]]\nname = \"crm\"\nkind = \"bearer\"\nsecret = {{ env = \"X\" }}\norigins = [\"{origin}\"]\n"
    );
    let secrets = [("crm".to_owned(), Sensitive::new("canary-token".into()))];
    test.try_load("keystone", &spec, secrets.into()).await.unwrap()
}

/// Writes a disposition of a lead.
pub async fn write_to(loaded: &LoadedRelease, lead: &str) -> Invocation<String> {
    let key = "C-1".parse().unwrap();
    loaded.write(&disposition(lead), Timestamp::UNIX_EPOCH, &key).await
}

pub fn disposition(lead: &str) -> Disposition {
    let document = serde_json::json!({
        "call_metadata": {"call_id": "C-1", "duration_seconds": 306},
        "qualification": {"outcome": "qualified_visit_booked", "budget_min": 8_500_000},
        "site_visit": {"booked": true, "date": "2026-07-05", "time_slot": "11:00", "timezone": "Asia/Kolkata"},
    });
    Disposition::read(id(lead), &document).unwrap()
}

/// What the hostile guest sees when it requests `target`. Asserts that a denied request did not reach `server`.
pub async fn try_egress(server: &Server, target: &str, private: bool, allow: &[&str]) -> String {
    let test = TestRuntime::new();
    let spec = format!(
        "settings = {{ base_url = \"http://127.0.0.1:1\", target = \"{target}\" }}\n\
         egress = {{ allow = {allow:?}, private_addresses = {private} }}"
    );
    let loaded = test.load("hostile", &spec).await;
    // A reference may be longer than a status.
    let seen = write_to(&loaded, "egress").await.outcome.unwrap();
    if seen.starts_with("denied") {
        assert_eq!(server.requests(), Vec::<String>::new(), "{target}");
    }
    seen
}
