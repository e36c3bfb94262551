//! The cost of an adapter by language: fresh and reused instances, and the same request sent natively.
//!
//! The host's sandbox runs in this process, without its HTTP servers, so that figures are the adapter's alone. Its CRM
//! is on loopback, in this process too.

mod table;

use std::fs;
use std::future::Future;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use futures_util::future::join_all;
use jackfield_clock::{Clock as _, SystemClock};
use jackfield_domain::call::disposition::Disposition;
use jackfield_domain::id::LeadId;
use jackfield_kit::build::build;
use jackfield_kit::progress::Progress;
use jackfield_kit::project::{MANIFEST, Project};
use jackfield_kit::tools::Tools;
use jackfield_sandbox::{LoadedRelease, RuntimeConfig};
use jackfield_tests::components;
use jackfield_tests::documents::minimal_disposition;
use reqwest::Client;

use self::table::{Figure, Row};
use crate::context::Context;
use crate::crms::{Crm, CrmSpec, ENTRIES, LEAD};
use crate::load::one_by_one;
use crate::machine;
use crate::recorded_request::{RecordedRequest, RequestRecorder};
use crate::repository::root;
use crate::sandbox::Sandbox;

/// Invocations that a reused instance serves.
const REUSE: u32 = 1000;

/// Numbers of measurements.
struct Sizes {
    rounds: usize,
    /// Invocations per round.
    invocations: usize,
    /// Concurrent instances while their memory is measured.
    weighed: usize,
    /// Whether each adapter is built from scratch.
    builds: bool,
}

/// Measures every adapter that was built and prints the table. `write` also writes it to adapters/README.md.
pub async fn run(context: &Context, write: bool) -> anyhow::Result<Vec<Row>> {
    let host = &context.host;
    let sizes = if context.quick {
        Sizes {
            rounds: 3,
            invocations: 30,
            weighed: 10,
            builds: false,
        }
    } else {
        Sizes {
            rounds: 7,
            invocations: 300,
            weighed: 50,
            builds: true,
        }
    };
    let before = machine::conditions();
    let mut rows = vec![];
    for entry in ENTRIES {
        if components::path(entry.adapter).exists() {
            context
                .progress
                .step(&format!("languages · {} ({})", entry.adapter, entry.language));
            let row = measure(host, entry, &sizes).await;
            rows.push(row.with_context(|| format!("cannot measure {}", entry.adapter))?);
        } else {
            context.skip(entry.adapter, "not built; run `cargo xtask adapters`");
        }
    }
    let (build, after) = (
        if cfg!(debug_assertions) { "debug" } else { "release" },
        machine::conditions(),
    );
    let conditions = format!(
        "{} rounds of {} invocations, reuse = {REUSE}, a {build} build. Machine: {before} at the beginning, {after} at \
         the end.",
        sizes.rounds, sizes.invocations
    );
    let table = table::markdown(&rows, &conditions);
    println!("{table}");
    if write {
        table::replace(&root().join("adapters/README.md"), &table)?;
    }
    Ok(rows)
}

/// An adapter ready to be loaded, and its CRM.
struct Subject {
    sandbox: Sandbox,
    crm: Crm,
}

async fn measure(host: &Path, entry: &CrmSpec, sizes: &Sizes) -> anyhow::Result<Row> {
    let built = sizes.builds.then(|| build_time(entry)).transpose()?;
    let bytes = fs::read(components::path(entry.adapter))?;
    let crm = (entry.crm)().await?;
    let cache = tempfile::tempdir()?;
    let begun = Instant::now();
    let subject = Subject::new(host, cache.path(), bytes.clone(), crm).await?;
    let compile = begun.elapsed().as_secs_f64();
    let (fresh, reused) = (subject.load(1, None).await?, subject.load(REUSE, None).await?);
    let native = Native::new(&subject).await?;
    let mut figures = [const { Vec::new() }; 6];
    for round in 0..sizes.rounds {
        let invocations = sizes.invocations;
        let figure = [
            p50(invocations, |_| probe(&fresh)).await?,
            p50(invocations, |_| status(&fresh)).await?,
            p50(invocations, |_| status(&reused)).await?,
            p50(invocations, |_| native.ask()).await?,
            p50(invocations, |n| write(&fresh, format!("C-F-{round}-{n}"))).await?,
            p50(invocations, |n| write(&reused, format!("C-R-{round}-{n}"))).await?,
        ];
        // The first round fills caches and pools.
        if round > 0 {
            figures.iter_mut().zip(figure).for_each(|(all, one)| all.push(one));
        }
    }
    let [
        instantiate,
        status_fresh,
        status_reused,
        native,
        write_fresh,
        write_reused,
    ] = figures.map(Figure::of);
    Ok(Row {
        adapter: entry.adapter.into(),
        language: entry.language.into(),
        size: subject.sandbox.size(),
        build: built,
        compile,
        instantiate,
        status_fresh,
        status_reused,
        native,
        write_fresh,
        write_reused,
        memory: memory(host, cache.path(), bytes, subject.crm, sizes.weighed).await?,
    })
}

impl Subject {
    async fn new(host: &Path, cache: &Path, bytes: Vec<u8>, crm: Crm) -> anyhow::Result<Self> {
        let config = RuntimeConfig::new(cache.to_owned(), host.to_owned());
        let sandbox = Sandbox::new(config, bytes).await?;
        Ok(Self { sandbox, crm })
    }

    /// Loads a release on the CRM or on another origin.
    async fn load(&self, reuse: u32, origin: Option<&str>) -> anyhow::Result<Arc<LoadedRelease>> {
        let file = match origin {
            Some(other) => self.crm.file.replace(&self.crm.origin, other),
            None => self.crm.file.clone(),
        };
        self.sandbox.load(&file, reuse).await
    }
}

/// The status query's request, sent by reqwest.
struct Native {
    client: Client,
    request: RecordedRequest,
    origin: String,
}

impl Native {
    async fn new(subject: &Subject) -> anyhow::Result<Self> {
        let recorder = RequestRecorder::start().await?;
        let recorded = subject.load(1, Some(&recorder.origin()?)).await?;
        let lead: LeadId = LEAD.parse()?;
        let (request, _) = tokio::join!(recorder.record(), recorded.query_status(&lead));
        Ok(Self {
            client: Client::builder().no_proxy().build()?,
            request: request?,
            origin: subject.crm.origin.clone(),
        })
    }

    async fn ask(&self) -> anyhow::Result<()> {
        self.request.send(&self.client, &self.origin).await
    }
}

async fn probe(loaded: &LoadedRelease) -> anyhow::Result<()> {
    loaded.probe().await.outcome.map_err(anyhow::Error::msg)
}

async fn status(loaded: &LoadedRelease) -> anyhow::Result<()> {
    let answer = loaded.query_status(&LEAD.parse()?).await.outcome;
    answer.map(drop).map_err(anyhow::Error::msg)
}

async fn write(loaded: &LoadedRelease, call: String) -> anyhow::Result<()> {
    let disposition = Disposition::read(LEAD.parse()?, minimal_disposition(&call, "no_answer"));
    let disposition = disposition.map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    let written = loaded
        .write(&disposition, SystemClock.now(), &call.parse()?)
        .await
        .outcome;
    written.map(drop).map_err(anyhow::Error::msg)
}

/// The median of several invocations, one after the other, in milliseconds.
async fn p50<F: Future<Output = anyhow::Result<()>>>(count: usize, work: impl Fn(usize) -> F) -> anyhow::Result<f64> {
    Ok(one_by_one(count, work).await?.quantile(0.5))
}

/// The growth of this process in MiB for each of `count` instances that wait for the CRM, including connections. The
/// runtime is new, so that its pool has no memory of earlier instances.
async fn memory(host: &Path, cache: &Path, bytes: Vec<u8>, crm: Crm, count: usize) -> anyhow::Result<f64> {
    let subject = Subject::new(host, cache, bytes, crm).await?;
    let loaded = subject.load(1, None).await?;
    status(&loaded).await?;
    subject.crm.hang(true);
    let before = machine::resident()?;
    let invocations: Vec<_> = (0..count)
        .map(|_| {
            let loaded = Arc::clone(&loaded);
            tokio::spawn(async move { drop(status(&loaded).await) })
        })
        .collect();
    while (subject.crm.hanging() as usize) < count {
        anyhow::ensure!(
            !invocations.iter().all(tokio::task::JoinHandle::is_finished),
            "no invocation waits for the CRM"
        );
        tokio::task::yield_now().await;
    }
    let grown = machine::resident()?.saturating_sub(before);
    for invocation in &invocations {
        invocation.abort();
    }
    let _ = join_all(invocations).await;
    #[expect(clippy::cast_precision_loss, reason = "a size in memory")]
    let each = grown as f64 / count as f64;
    Ok(each / f64::from(1 << 20))
}

/// The seconds to build an adapter's component from its sources alone.
fn build_time(entry: &CrmSpec) -> anyhow::Result<f64> {
    let (folder, fresh) = (root().join("adapters").join(entry.adapter), tempfile::tempdir()?);
    let begun = Instant::now();
    if folder.join(MANIFEST).exists() {
        let quiet = Progress::new(|_| ());
        build(&Project::open(&folder)?, fresh.path(), &Tools::of_user()?, &quiet)?;
    } else {
        let mut cargo = Command::new("cargo");
        cargo.args([
            "build",
            "--quiet",
            "--locked",
            "--profile",
            "adapter",
            "--target",
            "wasm32-wasip2",
        ]);
        cargo
            .args(["-p", entry.adapter, "--target-dir"])
            .arg(fresh.path())
            .current_dir(root());
        anyhow::ensure!(cargo.status()?.success(), "{} does not build", entry.adapter);
    }
    Ok(begun.elapsed().as_secs_f64())
}
