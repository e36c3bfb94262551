//! Invokes an Extism plug-in and prints how long it took.
//!
//! It runs until its standard input is closed, so that it stays warm between the rounds of a benchmark. Each line of
//! input is a round, such as `empty 300`; each line of output is its result in JSON. The rounds `instantiate`, `empty`,
//! `kilobyte`, `load` (from the cache of compiled code) and `compile` have a number of invocations and return the
//! nanoseconds of each. The rounds `instances` and `loaded` return the bytes by which the process grew for each item.

use std::fs;
use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use extism::convert::Json;
use extism::{CompiledPlugin, Manifest, Plugin, PluginBuilder, Wasm};
use extism_contract::{LeadStatus, Receipt, Write};
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

/// The default limits of the host's adapters: 32 MiB of memory, in pages, and a second.
const PAGES: u32 = 512;
const DEADLINE: Duration = Duration::from_secs(1);

fn main() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, plugin, write, cache] = &arguments[..] else {
        bail!("usage: extism-calls PLUGIN WRITE.json CACHE-DIRECTORY");
    };
    let calls = Calls::new(Path::new(plugin), Path::new(write), Path::new(cache))?;
    for line in stdin().lock().lines() {
        let line = line?;
        let (what, count) = line.split_once(' ').context("a line is a word and a number")?;
        let answer = calls.round(what, count.parse()?)?;
        println!("{answer}");
        stdout().flush()?;
    }
    Ok(())
}

struct Calls {
    plugin: PathBuf,
    /// For [`PluginBuilder::with_cache_config`].
    cache: String,
    compiled: CompiledPlugin,
    write: Write,
}

impl Calls {
    fn new(plugin: &Path, write: &Path, cache: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(cache)?;
        let config = cache.join("cache.toml");
        let folder = cache.join("code");
        fs::write(&config, format!("[cache]\ndirectory = {folder:?}\n"))?;
        let calls = Self {
            compiled: builder(plugin)
                .with_cache_disabled()
                .with_wasmtime_config(pooling())
                .compile()?,
            cache: config.to_string_lossy().into_owned(),
            plugin: plugin.into(),
            write: serde_json::from_slice(&fs::read(write)?)?,
        };
        // Warm up everything, so that no round includes first-time costs and errors show before measuring.
        calls.empty()?;
        calls.kilobyte()?;
        calls.load()?;
        Ok(calls)
    }

    fn round(&self, what: &str, count: usize) -> anyhow::Result<serde_json::Value> {
        Ok(match what {
            "instantiate" => timed(count, || self.instantiate().map(drop))?,
            "empty" => timed(count, || self.empty().map(drop))?,
            "kilobyte" => timed(count, || self.kilobyte())?,
            "load" => timed(count, || self.load().map(drop))?,
            "compile" => timed(count, || {
                Ok(drop(builder(&self.plugin).with_cache_disabled().compile()?))
            })?,
            "instances" => weighed(count, || self.empty())?,
            "loaded" => weighed(count, || self.load())?,
            _ => bail!("nothing is known of `{what}`"),
        })
    }

    /// Creates an instance.
    fn instantiate(&self) -> anyhow::Result<Plugin> {
        Plugin::new_from_compiled(&self.compiled)
    }

    /// A fresh instance and an invocation without requests.
    fn empty(&self) -> anyhow::Result<Plugin> {
        let mut plugin = self.instantiate()?;
        let Json(status): Json<LeadStatus> = plugin.call("status", "L-1001")?;
        ensure!(status.callable && status.lead_id == "L-1001", "another answer");
        Ok(plugin)
    }

    /// A fresh instance and an invocation with a kilobyte of text.
    fn kilobyte(&self) -> anyhow::Result<()> {
        let mut plugin = self.instantiate()?;
        let Json(receipt): Json<Receipt> = plugin.call("write", Json(&self.write))?;
        ensure!(!receipt.reference.is_empty(), "no receipt");
        Ok(())
    }

    /// Ready for invocations, from the cache of compiled code.
    fn load(&self) -> anyhow::Result<CompiledPlugin> {
        builder(&self.plugin).with_cache_config(&self.cache).compile()
    }
}

/// A plug-in with the limits of the host's adapters.
fn builder(plugin: &Path) -> PluginBuilder<'static> {
    let manifest = Manifest::new([Wasm::file(plugin)])
        .with_memory_max(PAGES)
        .with_timeout(DEADLINE);
    PluginBuilder::new(manifest).with_wasi(false)
}

/// A pool of instances whose memory is reset and kept, as in the host: without it an invocation takes longer.
fn pooling() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(2048)
        .total_memories(2048)
        .total_tables(2048)
        .max_memory_size(512 << 20)
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// The nanoseconds of each of `count` invocations.
fn timed(count: usize, mut call: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<serde_json::Value> {
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        call()?;
        took.push(u64::try_from(began.elapsed().as_nanos())?);
    }
    Ok(took.into())
}

/// The bytes by which this process grows for each of `count` concurrent items.
fn weighed<T>(count: usize, make: impl Fn() -> anyhow::Result<T>) -> anyhow::Result<serde_json::Value> {
    let first = make()?;
    let before = resident()?;
    let all: Vec<_> = (0..count).map(|_| make()).collect::<Result<_, _>>()?;
    let grown = resident()?.saturating_sub(before);
    drop((first, all));
    Ok((grown / u64::try_from(count)?.max(1)).into())
}

/// The resident memory of this process in bytes.
fn resident() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kibibytes.context("/proc/self/status has no VmRSS")?.parse::<u64>()? << 10)
}
