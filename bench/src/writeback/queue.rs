//! The common alternative: a front that enqueues jobs in Redis, and workers that write them. Their sources are in
//! `bench/others/`.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use jackfield_kit::progress::Progress;
use jackfield_kit::tools::{Tools, node};
use tempfile::TempDir;

use super::crm::Crm;
use crate::bench_host::TOKEN;
use crate::context::Context;
use crate::process::Process;

/// Concurrent jobs of one Celery process, the fastest of the tried settings, and of all `BullMQ` workers together.
const CELERY_THREADS: usize = 8;
const BULLMQ_JOBS: usize = 64;

/// Celery's programs.
const CELERY: [(&str, &str); 2] = [
    ("front.py", include_str!("../../others/celery/front.py")),
    ("tasks.py", include_str!("../../others/celery/tasks.py")),
];

/// The queue's implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueKind {
    /// Python: starlette in uvicorn, Celery, requests.
    Celery,
    /// JavaScript: node:http, `BullMQ`, undici.
    BullMq,
}

/// The durability of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Acknowledged jobs are on disk, as with the host.
    Always,
    /// The package's default: a snapshot about every minute.
    AsShipped,
}

/// An implementation whose packages are installed.
pub struct InstalledQueue {
    kind: QueueKind,
    /// The interpreter of its programs.
    program: PathBuf,
    /// The folder of its programs; if `None`, the folder of each queue.
    home: Option<PathBuf>,
}

/// A front, its workers and its Redis. They are dropped in the order of these fields.
pub struct RunningQueue {
    front: Process,
    workers: Mutex<Vec<Process>>,
    _redis: Process,
    commands: QueueCommands,
}

/// Starts the programs of one queue.
struct QueueCommands {
    kind: QueueKind,
    program: PathBuf,
    home: PathBuf,
    variables: Vec<(&'static str, String)>,
    folder: TempDir,
}

impl QueueKind {
    /// Both implementations.
    pub const ALL: [Self; 2] = [Self::Celery, Self::BullMq];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Celery => "Celery",
            Self::BullMq => "BullMQ",
        }
    }

    /// A description of the workers.
    fn workers(self) -> String {
        match self {
            Self::Celery => format!("{} worker processes of {CELERY_THREADS} threads", processes()),
            Self::BullMq => format!("{} worker processes, {BULLMQ_JOBS} jobs at once", processes()),
        }
    }

    /// Installs its packages.
    pub fn install(self, context: &Context) -> anyhow::Result<InstalledQueue> {
        let (tools, progress) = (Tools::of_user()?, Progress::new(|step| context.progress.step(step)));
        match self {
            Self::Celery => {
                let requirements = include_str!("../../others/celery/requirements.txt");
                Ok(InstalledQueue {
                    kind: self,
                    program: tools.python("bench-celery", requirements, &progress)?,
                    home: None,
                })
            }
            Self::BullMq => {
                let files = [
                    (".npmrc", include_str!("../../others/bullmq/npmrc")),
                    ("package.json", include_str!("../../others/bullmq/package.json")),
                    (
                        "package-lock.json",
                        include_str!("../../others/bullmq/package-lock.json"),
                    ),
                    ("queue.js", include_str!("../../others/bullmq/queue.js")),
                    ("front.js", include_str!("../../others/bullmq/front.js")),
                    ("worker.js", include_str!("../../others/bullmq/worker.js")),
                ];
                Ok(InstalledQueue {
                    kind: self,
                    program: node()?.0,
                    home: Some(tools.node("bench-bullmq", &files, &progress)?),
                })
            }
        }
    }
}

impl Durability {
    /// Both settings.
    pub const ALL: [Self; 2] = [Self::Always, Self::AsShipped];

    /// The name in the rows.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Always => "appendfsync always",
            Self::AsShipped => "Redis as shipped",
        }
    }

    /// The settings besides Debian's defaults. With a synced log, snapshots add nothing.
    const fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Always => &["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
            Self::AsShipped => &[],
        }
    }
}

impl RunningQueue {
    /// Starts Redis and the front.
    pub async fn start(installed: &InstalledQueue, durability: Durability, crm: &Crm) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let redis = redis(folder.path(), durability).await?;
        let variables = vec![
            ("REDIS_URL", format!("redis://{}", redis.address)),
            ("CRM_URL", crm.origin.clone()),
            ("CRM_TOKEN", TOKEN.to_owned()),
            ("AGENT_TOKEN", TOKEN.to_owned()),
            ("CONCURRENCY", (BULLMQ_JOBS / processes()).max(1).to_string()),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ];
        for (name, text) in CELERY {
            fs::write(folder.path().join(name), text)?;
        }
        let commands = QueueCommands {
            kind: installed.kind,
            program: installed.program.clone(),
            home: installed.home.clone().unwrap_or_else(|| folder.path().to_owned()),
            variables,
            folder,
        };
        let queue = Self {
            front: commands.front()?,
            workers: Mutex::default(),
            _redis: redis,
            commands,
        };
        queue.start_workers()?;
        Ok(queue)
    }

    /// The address for reports.
    pub fn front(&self) -> SocketAddr {
        self.front.address
    }

    /// A description of the workers.
    pub fn workers(&self) -> String {
        self.commands.kind.workers()
    }

    /// Starts one worker process per core.
    pub fn start_workers(&self) -> anyhow::Result<()> {
        let started = (0..processes()).map(|number| self.commands.worker(number));
        let started = started.collect::<anyhow::Result<Vec<_>>>()?;
        *self.workers.lock().unwrap_or_else(PoisonError::into_inner) = started;
        Ok(())
    }

    /// Stops the workers, which must be idle.
    pub fn stop_workers(&self) {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl QueueCommands {
    fn front(&self) -> anyhow::Result<Process> {
        match self.kind {
            QueueKind::Celery => self.start("front", &["front.py"]),
            QueueKind::BullMq => self.start("front", &["front.js"]),
        }
    }

    fn worker(&self, number: usize) -> anyhow::Result<Process> {
        let name = format!("worker-{number}");
        let threads = CELERY_THREADS.to_string();
        match self.kind {
            QueueKind::Celery => {
                let pool = ["--pool", "threads", "--concurrency", &threads, "--hostname", &name];
                // The workers need no information about each other.
                let silent = ["--without-gossip", "--without-mingle", "--without-heartbeat"];
                let worker = ["-m", "celery", "-A", "tasks", "worker", "--loglevel", "INFO"];
                self.start(&name, &[&worker[..], &pool, &silent].concat())
            }
            QueueKind::BullMq => self.start(&name, &["worker.js"]),
        }
    }

    /// Starts a program that logs to a file, as in production.
    fn start(&self, name: &str, arguments: &[&str]) -> anyhow::Result<Process> {
        let path = self.folder.path().join(format!("{name}.log"));
        let log = File::options().create(true).append(true).open(&path)?;
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(&self.home)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stderr(log);
        Process::announced(command).with_context(|| {
            let said = fs::read_to_string(&path).unwrap_or_default();
            let last = said.lines().next_back().unwrap_or_default();
            format!("{} has no {name}, which said last: {last}", self.kind.name())
        })
    }
}

/// The usual number of worker processes: one per core.
fn processes() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Starts a Redis that stores its files in a folder.
async fn redis(folder: &Path, durability: Durability) -> anyhow::Result<Process> {
    // Redis needs a fixed port; this one was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = Command::new("redis-server");
    command
        .args(["--bind", "127.0.0.1", "--port", &address.port().to_string(), "--dir"])
        .arg(folder)
        .args(durability.settings())
        .stderr(File::create(folder.join("redis.log"))?);
    Process::listening(command, address).await
}
