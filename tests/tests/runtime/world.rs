//! What these tests stand on: a runtime with a manual clock, releases of one component, and a server on loopback.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jackfield::adapter::{CredentialSecrets, Inspected, LoadError, Loaded, Runtime, RuntimeConfig};
use jackfield::clock::{ManualClock, SharedClock};
use jackfield::domain::adapter::AdapterRecord;
use jackfield::domain::failure::{Failure, Fault};
use jackfield::domain::id::LeadId;
use jackfield::domain::release::{Release, TenantSpec};
use jackfield_tests::components::component;
use jackfield_tests::process::program;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A runtime by a clock that stands still.
pub struct World {
    pub clock: ManualClock,
    pub runtime: Runtime,
}

impl World {
    /// Over a cache that all tests share, so that each component is compiled once.
    pub fn new() -> Self {
        Self::over(Path::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/compiled")))
    }

    /// Over a cache of its own.
    pub fn over(cache: &Path) -> Self {
        Self::with(RuntimeConfig::new(cache.to_owned(), program()))
    }

    /// With limits of its own.
    pub fn with(config: RuntimeConfig) -> Self {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let shared: SharedClock = Arc::new(clock.clone());
        let runtime = Runtime::start(config, shared).unwrap();
        Self { clock, runtime }
    }

    /// Loads a release of a component.
    pub async fn load(&self, package: &str, spec: &str) -> Loaded {
        self.try_load(package, spec, HashMap::new()).await.unwrap()
    }

    pub async fn try_load(&self, package: &str, spec: &str, secrets: CredentialSecrets) -> Result<Loaded, LoadError> {
        self.try_load_bytes(component(package), spec, secrets).await
    }

    /// Loads a release of a component that is not built from a package.
    pub async fn load_bytes(&self, bytes: Vec<u8>, spec: &str) -> Loaded {
        self.try_load_bytes(bytes, spec, HashMap::new()).await.unwrap()
    }

    async fn try_load_bytes(
        &self,
        bytes: Vec<u8>,
        spec: &str,
        secrets: CredentialSecrets,
    ) -> Result<Loaded, LoadError> {
        let inspected = self.runtime.inspect(bytes.clone()).await.unwrap();
        let record = record(&inspected, &bytes);
        self.runtime
            .load(release(&inspected, spec), &record, bytes, secrets)
            .await
    }

    /// Moves the clock past every deadline.
    pub fn run_out_of_time(&self) {
        self.clock.advance(Duration::from_mins(1));
    }
}

/// A hostile guest with a server to talk to.
pub async fn hostile(world: &World, server: &Server, more: &str) -> Loaded {
    let origin = &server.origin;
    let spec = format!(
        "settings.base_url = \"{origin}\"\negress = {{ allow = [\"{origin}\"], private_addresses = true }}\n{more}"
    );
    world.load("hostile", &spec).await
}

/// What a hostile guest reports for a lead.
pub async fn report(loaded: &Loaded, lead: &str) -> Result<String, Failure> {
    loaded.query_status(&id(lead)).await.outcome.map(|status| status.status)
}

/// The fault that a hostile guest's call ends in.
pub async fn fault(loaded: &Loaded, lead: &str) -> Fault {
    match report(loaded, lead).await {
        Err(Failure::Fault(fault)) => fault,
        other => panic!("`{lead}` should have been a fault and was {other:?}"),
    }
}

pub fn id(lead: &str) -> LeadId {
    lead.parse().unwrap()
}

pub fn record(inspected: &Inspected, bytes: &[u8]) -> AdapterRecord {
    AdapterRecord {
        digest: inspected.digest,
        name: inspected.name.clone(),
        version: inspected.version.clone(),
        needs: inspected.needs.clone(),
        idempotent_writes: inspected.idempotent_writes,
        lookup: inspected.lookup,
        parses_leads: inspected.parses_leads,
        size: bytes.len() as u64,
        pushed_at: Timestamp::UNIX_EPOCH,
    }
}

pub fn release(inspected: &Inspected, spec: &str) -> Release {
    let head = format!("tenant = \"dwarka-homes\"\nadapter = \"{}\"\n", inspected.name);
    let spec: TenantSpec = toml::from_str(&(head + spec)).unwrap();
    Release {
        number: "r1".parse().unwrap(),
        adapter: inspected.digest,
        spec,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

/// What a server does with a request.
pub enum Reply {
    /// These bytes, an answer.
    Answer(Vec<u8>),
    /// These bytes, and the connection closes.
    Cut(Vec<u8>),
    /// Nothing, for ever.
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

/// An HTTP server that remembers what it was sent.
pub struct Server {
    pub origin: String,
    requests: Arc<Mutex<Vec<String>>>,
    arrived: Arc<tokio::sync::Notify>,
}

impl Server {
    pub async fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            requests: Arc::default(),
            arrived: Arc::default(),
        };
        let (requests, arrived, reply) = (server.requests.clone(), server.arrived.clone(), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
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

    /// Returns when a request has arrived since this was last called.
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
            // The client may have seen enough and gone.
            Reply::Answer(bytes) => drop(stream.write_all(&bytes).await),
            Reply::Cut(bytes) => return drop(stream.write_all(&bytes).await),
            Reply::Silence => std::future::pending().await,
            Reply::HangUp => return,
        }
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
