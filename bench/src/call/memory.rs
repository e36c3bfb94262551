//! The growth of a process for each instance in flight and for each loaded adapter. Each measurement has its own
//! process, whose memory nothing else has used before. The code was compiled before.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};
use jackfield_domain::id::LeadId;
use jackfield_sandbox::{AddressLookup, Resolver, RuntimeConfig};
use tokio::process::Command;
use tokio::task::JoinSet;

use super::bare::BareEngine;
use super::jackfield_guest;
use crate::clock::pause;
use crate::load::until;
use crate::machine::resident;
use crate::sandbox::Sandbox;
use crate::variants::variant;

/// Files in the benchmark's folder: the host's compiled adapters, and the code that bare wasmtime compiled.
pub const CACHE: &str = "cache";
pub const NATIVE: &str = "native.cwasm";

/// The lead for which a guest sends a request.
const WAITS: &str = "waits";
/// An upper bound on the time that all instances take to start. The host times their requests out after a little more
/// than twice that.
const START: Duration = Duration::from_secs(2);

/// The measured item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MemoryItem {
    /// An instance that waits for a response.
    Instance,
    /// A loaded adapter without instances.
    Adapter,
}

/// The runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RuntimeKind {
    /// The host's sandbox.
    Jackfield,
    /// Bare wasmtime.
    BareWasmtime,
}

/// One measurement.
#[derive(Debug, Args)]
pub struct MemoryMeasurement {
    /// The runtime.
    #[arg(long)]
    who: RuntimeKind,
    /// The measured item.
    #[arg(long)]
    thing: MemoryItem,
    /// The guest.
    #[arg(long)]
    component: PathBuf,
    /// The folder of compiled code.
    #[arg(long)]
    folder: PathBuf,
    /// The host's binary.
    #[arg(long)]
    compiler: PathBuf,
    /// The number of items.
    #[arg(long)]
    count: usize,
}

impl MemoryItem {
    /// Both items.
    pub const ALL: [Self; 2] = [Self::Instance, Self::Adapter];

    /// The name in the table.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Instance => "memory per instance",
            Self::Adapter => "memory per adapter",
        }
    }

    /// A remark on the figure.
    pub const fn note(self) -> &'static str {
        match self {
            Self::Instance => "resident; all but Extism's wait in a host function, ours with a request under way",
            Self::Adapter => "resident; ours holds an HTTP client, bare wasmtime maps its code from a file",
        }
    }
}

/// The KiB for each of `count` items, measured by a new process.
pub async fn apart(
    who: RuntimeKind,
    thing: MemoryItem,
    component: &Path,
    folder: &Path,
    compiler: &Path,
    count: usize,
) -> anyhow::Result<f64> {
    let word = |value: &dyn Fn() -> Option<clap::builder::PossibleValue>| {
        value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["server", "weigh"]);
    command.args(["--who", &word(&|| who.to_possible_value())]);
    command.args(["--thing", &word(&|| thing.to_possible_value())]);
    command.arg("--component").arg(component).arg("--folder").arg(folder);
    command
        .arg("--compiler")
        .arg(compiler)
        .args(["--count", &count.to_string()]);
    let said = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().await?;
    anyhow::ensure!(said.status.success(), "{command:?} ended with {}", said.status);
    let bytes: f64 = String::from_utf8(said.stdout)?.trim().parse()?;
    Ok(bytes / 1024.0)
}

impl MemoryMeasurement {
    /// Measures, and prints the bytes for each item.
    pub async fn run(self) -> anyhow::Result<()> {
        let bytes = fs::read(&self.component)?;
        let grown = match (self.who, self.thing) {
            (RuntimeKind::Jackfield, MemoryItem::Instance) => self.our_instances(bytes).await?,
            (RuntimeKind::Jackfield, MemoryItem::Adapter) => self.our_adapters(&bytes).await?,
            (RuntimeKind::BareWasmtime, MemoryItem::Instance) => self.bare_instances().await?,
            (RuntimeKind::BareWasmtime, MemoryItem::Adapter) => self.bare_adapters().await?,
        };
        println!("{}", grown / u64::try_from(self.count)?.max(1));
        Ok(())
    }

    async fn our_instances(&self, bytes: Vec<u8>) -> anyhow::Result<u64> {
        let crm = Arc::new(Silent::default());
        let mut config = self.config();
        config.resolver = Arc::clone(&crm) as _;
        let loaded = jackfield_guest::load(&Sandbox::new(config, bytes).await?).await?;
        let called = loaded.query_status(&super::LEAD.parse()?).await;
        called.outcome.map_err(anyhow::Error::msg)?;
        let lead: LeadId = WAITS.parse()?;
        let before = resident()?;
        let mut invocations = JoinSet::new();
        for _ in 0..self.count {
            let (loaded, lead) = (Arc::clone(&loaded), lead.clone());
            invocations.spawn(async move { drop(loaded.query_status(&lead).await) });
        }
        // Only some of them resolve the name at once; the others wait for their turn, and are in flight too.
        pause(START).await;
        let asked = crm.0.load(Ordering::Relaxed);
        anyhow::ensure!(
            asked > 0 && invocations.try_join_next().is_none(),
            "no invocation waits"
        );
        Ok(resident()?.saturating_sub(before))
    }

    async fn our_adapters(&self, bytes: &[u8]) -> anyhow::Result<u64> {
        let sandbox = Sandbox::new(self.config(), bytes.to_vec()).await?;
        let first = jackfield_guest::load(&sandbox).await?;
        let before = resident()?;
        let mut all = Vec::with_capacity(self.count);
        for number in 1..=self.count {
            let next = sandbox.with(variant(bytes, number)).await?;
            all.push(jackfield_guest::load(&next).await?);
        }
        let grown = resident()?.saturating_sub(before);
        drop((first, all));
        Ok(grown)
    }

    async fn bare_instances(&self) -> anyhow::Result<u64> {
        let engine = BareEngine::start()?;
        let bare = Arc::new(engine.load(&self.folder.join(NATIVE))?);
        bare.query(super::LEAD).await?;
        let before = resident()?;
        let mut invocations = JoinSet::new();
        for _ in 0..self.count {
            let bare = Arc::clone(&bare);
            invocations.spawn(async move { drop(bare.query(WAITS).await) });
        }
        until(START * 5, || bare.waiting() == self.count).await?;
        Ok(resident()?.saturating_sub(before))
    }

    async fn bare_adapters(&self) -> anyhow::Result<u64> {
        let (engine, native) = (BareEngine::start()?, self.folder.join(NATIVE));
        let first = engine.load(&native)?;
        first.query(super::LEAD).await?;
        let before = resident()?;
        let mut all = Vec::with_capacity(self.count);
        for _ in 0..self.count {
            let next = engine.load(&native)?;
            next.describe().await?;
            all.push(next);
        }
        let grown = resident()?.saturating_sub(before);
        drop((first, all));
        Ok(grown)
    }

    fn config(&self) -> RuntimeConfig {
        RuntimeConfig::new(self.folder.join(CACHE), self.compiler.clone())
    }
}

/// A resolver that never answers.
#[derive(Debug, Default)]
struct Silent(AtomicUsize);

impl Resolver for Silent {
    fn resolve(&self, _: &str) -> AddressLookup {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::pending::<io::Result<Vec<std::net::IpAddr>>>())
    }
}
