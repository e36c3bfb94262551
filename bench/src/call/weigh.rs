//! What a process grows by for each instance in flight, and for each adapter that is loaded. Every weighing has a
//! process of its own, so that no memory is in it that something else has used before. What it loads is compiled
//! already.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};
use jackfield_domain::id::LeadId;
use jackfield_sandbox::{Addresses, Resolver, RuntimeConfig};
use tokio::process::Command;
use tokio::task::JoinSet;

use super::bare::BareEngine;
use super::ours;
use crate::clock::pause;
use crate::load::until;
use crate::machine::resident;
use crate::sandbox::Sandbox;
use crate::variants::variant;

/// In the folder of a benchmark: the host's compiled adapters, and what bare wasmtime compiled.
pub const CACHE: &str = "cache";
pub const NATIVE: &str = "native.cwasm";

/// The lead for which a guest sends a request.
const WAITS: &str = "waits";
/// How long all instances take to start, with room. After a little more than twice that the host gives their requests
/// up.
const START: Duration = Duration::from_secs(2);

/// What is weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Thing {
    /// An instance that waits for an answer.
    Instance,
    /// An adapter that is loaded, and runs nothing.
    Adapter,
}

/// Who has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Who {
    /// The host's sandbox.
    Ours,
    /// Bare wasmtime.
    Bare,
}

/// One weighing.
#[derive(Debug, Args)]
pub struct Weighing {
    /// Who has it.
    #[arg(long)]
    who: Who,
    /// What is weighed.
    #[arg(long)]
    thing: Thing,
    /// The guest.
    #[arg(long)]
    component: PathBuf,
    /// Where it is as compiled code.
    #[arg(long)]
    folder: PathBuf,
    /// The host's binary.
    #[arg(long)]
    compiler: PathBuf,
    /// How many at once.
    #[arg(long)]
    count: usize,
}

impl Thing {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Instance, Self::Adapter];

    /// In the table.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Instance => "memory per instance",
            Self::Adapter => "memory per adapter",
        }
    }

    /// What there is to know of the figure.
    pub const fn note(self) -> &'static str {
        match self {
            Self::Instance => "resident; all but Extism's wait in a host function, ours with a request under way",
            Self::Adapter => "resident; ours holds an HTTP client, bare wasmtime maps its code from a file",
        }
    }
}

/// KiB for each of `count` things, weighed by a process of its own.
pub async fn apart(
    who: Who,
    thing: Thing,
    component: &Path,
    folder: &Path,
    compiler: &Path,
    count: usize,
) -> anyhow::Result<f64> {
    let word = |value: &dyn Fn() -> Option<clap::builder::PossibleValue>| {
        value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["part", "weigh"]);
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

impl Weighing {
    /// Weighs, and prints the bytes for each.
    pub async fn run(self) -> anyhow::Result<()> {
        let bytes = fs::read(&self.component)?;
        let grown = match (self.who, self.thing) {
            (Who::Ours, Thing::Instance) => self.our_instances(bytes).await?,
            (Who::Ours, Thing::Adapter) => self.our_adapters(&bytes).await?,
            (Who::Bare, Thing::Instance) => self.bare_instances().await?,
            (Who::Bare, Thing::Adapter) => self.bare_adapters().await?,
        };
        println!("{}", grown / u64::try_from(self.count)?.max(1));
        Ok(())
    }

    async fn our_instances(&self, bytes: Vec<u8>) -> anyhow::Result<u64> {
        let crm = Arc::new(Silent::default());
        let mut config = self.config();
        config.resolver = Arc::clone(&crm) as _;
        let loaded = ours::load(&Sandbox::new(config, bytes).await?).await?;
        let called = loaded.query_status(&super::LEAD.parse()?).await;
        called.outcome.map_err(anyhow::Error::msg)?;
        let lead: LeadId = WAITS.parse()?;
        let before = resident()?;
        let mut calls = JoinSet::new();
        for _ in 0..self.count {
            let (loaded, lead) = (Arc::clone(&loaded), lead.clone());
            calls.spawn(async move { drop(loaded.query_status(&lead).await) });
        }
        // Only some of them look the name up at once; the others wait for their turn, which is in flight too.
        pause(START).await;
        let asked = crm.0.load(Ordering::Relaxed);
        anyhow::ensure!(asked > 0 && calls.try_join_next().is_none(), "no call waits");
        Ok(resident()?.saturating_sub(before))
    }

    async fn our_adapters(&self, bytes: &[u8]) -> anyhow::Result<u64> {
        let sandbox = Sandbox::new(self.config(), bytes.to_vec()).await?;
        let first = ours::load(&sandbox).await?;
        let before = resident()?;
        let mut all = Vec::with_capacity(self.count);
        for number in 1..=self.count {
            let next = sandbox.with(variant(bytes, number)).await?;
            all.push(ours::load(&next).await?);
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
        let mut calls = JoinSet::new();
        for _ in 0..self.count {
            let bare = Arc::clone(&bare);
            calls.spawn(async move { drop(bare.query(WAITS).await) });
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

/// Never knows where a host is: whoever asks waits.
#[derive(Debug, Default)]
struct Silent(AtomicUsize);

impl Resolver for Silent {
    fn resolve(&self, _: &str) -> Addresses {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::pending::<io::Result<Vec<std::net::IpAddr>>>())
    }
}
