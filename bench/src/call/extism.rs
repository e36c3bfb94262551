//! Extism, in a process of its own that stays warm: a line asks for a round, a line answers it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use super::bare::Write;
use super::ours::micros;
use super::weigh::Thing;
use crate::load::Latencies;
use crate::others;

/// Extism with the guest in Rust.
pub struct Extism<'a> {
    built: &'a others::Extism,
    /// What it takes to write, and where it keeps compiled code.
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
    /// Starts it. `folder` is for what it is handed and what it keeps.
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

    /// A round of calls: their median, in microseconds.
    pub async fn times(&self, order: &str, calls: usize) -> anyhow::Result<f64> {
        let answer = self.process.lock().await.ask(order, calls).await?;
        let took: Vec<f64> = serde_json::from_value(answer)?;
        let milliseconds = took.into_iter().map(|nanoseconds| nanoseconds / 1e6).collect();
        Ok(micros(&Latencies::new(milliseconds)))
    }

    /// KiB that a process of its own grows by for each of `count` things.
    pub async fn weigh_afresh(&self, thing: Thing, count: usize) -> anyhow::Result<f64> {
        let mut process = Process::start(self.built, &self.write, &self.cache)?;
        let order = match thing {
            Thing::Instance => "instances",
            Thing::Adapter => "loaded",
        };
        let bytes = process.ask(order, count).await?;
        Ok(bytes.as_f64().context("no number")? / 1024.0)
    }
}

impl Process {
    fn start(built: &others::Extism, write: &Path, cache: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(&built.program);
        command.arg(&built.plugin).arg(write).arg(cache);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        Ok(Self {
            input: child.stdin.take().context("a process without stdin")?,
            output: BufReader::new(child.stdout.take().context("a process without stdout")?).lines(),
            _child: child,
        })
    }

    async fn ask(&mut self, order: &str, count: usize) -> anyhow::Result<Value> {
        self.input.write_all(format!("{order} {count}\n").as_bytes()).await?;
        let line = self.output.next_line().await?;
        Ok(serde_json::from_str(&line.context("Extism's process ended")?)?)
    }
}
