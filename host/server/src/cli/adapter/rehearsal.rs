//! What the commands have in common that invoke a component without a host: the component, its fixtures and its limits.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use jackfield_kit::tools::user_cache;

use jackfield_clock::SystemClock;
use jackfield_conformance::ConformanceOptions;
use jackfield_domain::tenant::release::LimitsSpec;
use jackfield_sandbox::{Runtime, RuntimeConfig};

/// The folder of fixtures in a project.
const FIXTURES: &str = "fixtures";

#[derive(Debug, clap::Args)]
pub struct RehearsalArgs {
    /// The component.
    #[arg(value_name = "FILE.wasm")]
    pub file: PathBuf,
    /// The folder of fixtures.
    #[arg(long, value_name = "FOLDER")]
    cassette: Option<PathBuf>,
    /// Play this fixture only: its file's name without `.json`. The option may be repeated.
    #[arg(long, value_name = "NAME")]
    fixture: Vec<String>,
    /// Memory that an invocation may use, in MiB, like `limits.memory_mib` of a tenant's file.
    #[arg(
        long,
        value_name = "MIB",
        default_value_t = LimitsSpec::default().memory_mib,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(LimitsSpec::MAX_MEMORY_MIB))
    )]
    memory_mib: u32,
    /// Processor time that an invocation may use, in milliseconds, like `limits.cpu_ms` of a tenant's file.
    #[arg(
        long,
        value_name = "MS",
        default_value_t = LimitsSpec::default().cpu_ms,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(LimitsSpec::MAX_CPU_MS))
    )]
    cpu_ms: u32,
}

impl RehearsalArgs {
    /// The component's bytes.
    pub fn component(&self) -> anyhow::Result<Vec<u8>> {
        std::fs::read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))
    }

    /// The folder of fixtures, if one is named or found.
    pub fn cassette(&self) -> Option<PathBuf> {
        self.cassette.clone().or_else(|| default_cassette(&self.file))
    }

    /// A runtime for one invocation at a time.
    pub fn runtime() -> anyhow::Result<Runtime> {
        let program = env::current_exe().context("cannot find the path of this program")?;
        let config = RuntimeConfig {
            max_instances: 4,
            warm_instances: 1,
            allow_pooling: false,
            ..RuntimeConfig::new(cache()?, program)
        };
        Ok(Runtime::start(config, Arc::new(SystemClock))?)
    }

    /// The limits of the invocations.
    pub fn options(&self) -> ConformanceOptions {
        let limits = LimitsSpec {
            memory_mib: self.memory_mib,
            cpu_ms: self.cpu_ms,
            ..LimitsSpec::default()
        };
        ConformanceOptions {
            memory: limits.memory(),
            cpu: limits.cpu(),
            // For every invocation: the fake CRM does not wait.
            deadline: limits.write_deadline(),
            fresh_key: format!("chk-{:016x}", rand::random::<u64>()),
            only: self.fixture.clone(),
        }
    }
}

/// The fixtures of the project that the component belongs to, or those in the current folder.
fn default_cassette(file: &Path) -> Option<PathBuf> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let project = folder.map(|folder| folder.join("..").join(FIXTURES));
    let candidates = project.into_iter().chain([PathBuf::from(FIXTURES)]);
    candidates.into_iter().find(|folder| folder.is_dir())
}

/// The folder for this user's compiled adapters, so that the next check of a component need not compile it.
fn cache() -> anyhow::Result<PathBuf> {
    let cache = user_cache().context("there is no folder for compiled adapters: set HOME or XDG_CACHE_HOME")?;
    Ok(cache.join("compiled"))
}
