//! Extism, in a process of its own that stays warm. Each line of input asks for a round and gets a line of output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use super::bare::Write;
use super::jackfield_guest::micros;
use super::memory::MemoryItem;
use crate::load::Latencies;
use crate::others;

/// Extism with the Rust guest.
pub struct Extism<'a> {
    built: &'a others::Extism,
    /// The input of `write`, and the cache of compiled code.
    write: PathBuf,
    cache: PathBuf,
    process: Mutex<Process>,
}

struct Process {
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl<'a> Extism<'a> {
    /// Starts the process. `folder` is for its input and its cache.
    pub fn start(built: &'a others::Extism, folder: &Path) -> anyhow::Result<Self> {
        let (write, cache) = (folder.join("write.json"), folder.join("extism"));
        fs::write(&write, serde_json::to_vec(&Write::new())?)?;
        Ok(Self {
            process: Mutex::new(Process::start(built, &write, &cache)?),
            built,
            write,
            cache,
        })
    }

    /// One round of invocations: the median in microseconds.
    pub async fn times(&self, order: &str, invocations: usize) -> anyhow::Result<f64> {
        let answer = self.process.lock().await.ask(order, invocations).await?;
        let took: Vec<f64> = serde_json::from_value(answer)?;
        let milliseconds = took.into_iter().map(|nanoseconds| nanoseconds / 1e6).collect();
        Ok(micros(&Latencies::new(milliseconds)))
    }

    /// The growth of a new process in KiB for each of `count` items.
    pub async fn weigh_afresh(&self, thing: MemoryItem, count: usize) -> anyhow::Result<f64> {
        let mut process = Process::start(self.built, &self.write, &self.cache)?;
        let order = match thing {
            MemoryItem::Instance => "instances",
            MemoryItem::Adapter => "loaded",
        };
        let bytes = process.ask(order, count).await?;
        Ok(bytes.as_f64().context("not a number")? / 1024.0)
    }
}

impl Process {
    fn start(built: &others::Extism, write: &Path, cache: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(&built.program);
        command.arg(&built.plugin).arg(write).arg(cache);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        Ok(Self {
            input: child.stdin.take().context("the process has no stdin")?,
            output: BufReader::new(child.stdout.take().context("the process has no stdout")?).lines(),
            _child: child,
        })
    }

    async fn ask(&mut self, order: &str, count: usize) -> anyhow::Result<Value> {
        self.input.write_all(format!("{order} {count}\n").as_bytes()).await?;
        let line = self.output.next_line().await?;
        Ok(serde_json::from_str(&line.context("Extism's process ended")?)?)
    }
}
