//! Shared by these tests: a runtime on a manual clock, releases of one component, and a server on loopback.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
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
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A runtime on a clock that stands still.
pub struct World {
    pub clock: ManualClock,
    pub runtime: Runtime,
}

impl World {
    /// With a cache that all tests share, so that each component is compiled once.
    pub fn new() -> Self {
        Self::over(&compile_cache())
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

    async fn try_load_bytes(
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
pub async fn hostile(world: &World, server: &Server, more: &str) -> LoadedRelease {
    let origin = &server.origin;
    let spec = format!(
        "settings.base_url = \"{origin}\"\negress = {{ allow = [\"{origin}\"], private_addresses = true }}\n{more}"
    );
    world.load("hostile", &spec).await
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
pub async fn keystone(world: &World, origin: &str) -> LoadedRelease {
    let spec = format!(
        "settings.base_url = \"{origin}/\"\negress = {{ allow = [\"{origin}\"], private_addresses = true }}\n\
         [[credentials]]\nname = \"crm\"\nkind = \"bearer\"\nsecret = {{ env = \"X\" }}\norigins = [\"{origin}\"]\n"
    );
    let secrets = [("crm".to_owned(), Sensitive::new("canary-token".into()))];
    world.try_load("keystone", &spec, secrets.into()).await.unwrap()
}

/// Writes a disposition of a lead.
pub async fn write_to(loaded: &LoadedRelease, lead: &str) -> Invocation<String> {
    let key = "C-1".parse().unwrap();
    loaded.write(&disposition(lead), Timestamp::UNIX_EPOCH, &key).await
}

fn disposition(lead: &str) -> Disposition {
    let document = serde_json::json!({
        "call_metadata": {"call_id": "C-1", "duration_seconds": 306},
        "qualification": {"outcome": "qualified_visit_booked", "budget_min": 8_500_000},
        "site_visit": {"booked": true, "date": "2026-07-05", "time_slot": "11:00", "timezone": "Asia/Kolkata"},
    });
    Disposition::read(id(lead), &document).unwrap()
}

/// What the hostile guest sees when it requests `target`. Asserts that a denied request did not reach `server`.
pub async fn try_egress(server: &Server, target: &str, private: bool, allow: &[&str]) -> String {
    let world = World::new();
    let spec = format!(
        "settings = {{ base_url = \"http://127.0.0.1:1\", target = \"{target}\" }}\n\
         egress = {{ allow = {allow:?}, private_addresses = {private} }}"
    );
    let loaded = world.load("hostile", &spec).await;
    // A reference may be longer than a status.
    let seen = write_to(&loaded, "egress").await.outcome.unwrap();
    if seen.starts_with("denied") {
        assert_eq!(server.requests(), Vec::<String>::new(), "{target}");
    }
    seen
}

/// What a server does with a request.
pub enum Reply {
    /// These bytes, an answer.
    Answer(Vec<u8>),
    /// These bytes, and the connection closes.
    Cut(Vec<u8>),
    /// These bytes, and then those repeatedly until the client disconnects.
    Endless(&'static [u8], Vec<u8>),
    /// Never answers.
    Silence,
    /// The connection closes without an answer.
    HangUp,
}

impl Reply {
    pub fn json(body: &str) -> Self {
        Self::Answer(
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes(),
        )
    }
}

/// An HTTP server that records its requests.
pub struct Server {
    pub origin: String,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    arrived: Arc<tokio::sync::Notify>,
}

impl Server {
    pub async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            requests: Arc::default(),
            connections: Arc::default(),
            arrived: Arc::default(),
        };
        let (requests, arrived, reply) = (server.requests.clone(), server.arrived.clone(), Arc::new(reply));
        let connections = server.connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, requests.clone(), arrived.clone(), reply.clone()));
            }
        });
        server
    }

    /// Answers every request with `{}`.
    pub async fn friendly() -> Self {
        Self::start(|_| Reply::json("{}")).await
    }

    /// Heads and bodies of the requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The port it listens on.
    pub fn port(&self) -> &str {
        self.origin.rsplit(':').next().unwrap()
    }

    /// Waits for a request that arrived since the last wait.
    pub async fn arrival(&self) {
        self.arrived.notified().await;
    }
}

async fn serve(
    mut stream: TcpStream,
    requests: Arc<Mutex<Vec<String>>>,
    arrived: Arc<tokio::sync::Notify>,
    reply: Arc<impl Fn(&str) -> Reply + Send + Sync + 'static>,
) {
    while let Some(request) = read(&mut stream).await {
        requests.lock().unwrap().push(request.clone());
        arrived.notify_one();
        match reply(&request) {
            // The client may have disconnected.
            Reply::Answer(bytes) => drop(stream.write_all(&bytes).await),
            Reply::Cut(bytes) => return drop(stream.write_all(&bytes).await),
            Reply::Endless(head, piece) => return drop(endless(&mut stream, head, &piece).await),
            Reply::Silence => std::future::pending().await,
            Reply::HangUp => return,
        }
    }
}

/// Writes until that fails; yields after each piece.
async fn endless(stream: &mut TcpStream, head: &[u8], piece: &[u8]) -> std::io::Result<()> {
    stream.write_all(head).await?;
    loop {
        stream.write_all(piece).await?;
        tokio::task::yield_now().await;
    }
}

/// One request, head and body.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = vec![];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
