//! The common alternative: a front that puts jobs into Redis, and workers that take them out. Their sources are in
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
use crate::context::Context;
use crate::process::Process;
use crate::rig::TOKEN;

/// Jobs that one Celery process does at once, which was fastest of what was tried, and all `BullMQ` workers together.
const CELERY_THREADS: usize = 8;
const BULLMQ_JOBS: usize = 64;

/// The programs of Celery.
const CELERY: [(&str, &str); 2] = [
    ("front.py", include_str!("../../others/celery/front.py")),
    ("tasks.py", include_str!("../../others/celery/tasks.py")),
];

/// What a queue is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Python: starlette in uvicorn, Celery, requests.
    Celery,
    /// JavaScript: node:http, `BullMQ`, undici.
    BullMq,
}

/// What Redis promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// What was acknowledged is on the disk, as with us.
    Always,
    /// What its package configures: a snapshot every minute or so, and nothing in between.
    AsShipped,
}

/// A kind whose packages are there.
pub struct Installed {
    kind: Kind,
    /// What runs its programs.
    program: PathBuf,
    /// Where they are; without it, in the folder of each queue.
    home: Option<PathBuf>,
}

/// A front, workers and a Redis of their own. They end in the order of these fields.
pub struct Queue {
    front: Process,
    workers: Mutex<Vec<Process>>,
    _redis: Process,
    orders: Orders,
}

/// How the programs of one queue are started.
struct Orders {
    kind: Kind,
    program: PathBuf,
    home: PathBuf,
    variables: Vec<(&'static str, String)>,
    folder: TempDir,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Celery, Self::BullMq];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Celery => "Celery",
            Self::BullMq => "BullMQ",
        }
    }

    /// How its workers are set.
    fn workers(self) -> String {
        match self {
            Self::Celery => format!("{} worker processes of {CELERY_THREADS} threads", processes()),
            Self::BullMq => format!("{} worker processes, {BULLMQ_JOBS} jobs at once", processes()),
        }
    }

    /// Fetches its packages.
    pub fn install(self, context: &Context) -> anyhow::Result<Installed> {
        let (tools, progress) = (Tools::of_user()?, Progress::new(|step| context.progress.step(step)));
        match self {
            Self::Celery => {
                let requirements = include_str!("../../others/celery/requirements.txt");
                Ok(Installed {
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
                Ok(Installed {
                    kind: self,
                    program: node()?.0,
                    home: Some(tools.node("bench-bullmq", &files, &progress)?),
                })
            }
        }
    }
}

impl Durability {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Always, Self::AsShipped];

    /// As the rows say it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Always => "appendfsync always",
            Self::AsShipped => "Redis as shipped",
        }
    }

    /// The settings beside the defaults, which are those of Debian's file. Snapshots add nothing to a log that is
    /// synced.
    const fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Always => &["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
            Self::AsShipped => &[],
        }
    }
}

impl Queue {
    /// Starts all of it.
    pub async fn start(installed: &Installed, durability: Durability, crm: &Crm) -> anyhow::Result<Self> {
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
        let orders = Orders {
            kind: installed.kind,
            program: installed.program.clone(),
            home: installed.home.clone().unwrap_or_else(|| folder.path().to_owned()),
            variables,
            folder,
        };
        let queue = Self {
            front: orders.front()?,
            workers: Mutex::default(),
            _redis: redis,
            orders,
        };
        queue.start_workers()?;
        Ok(queue)
    }

    /// Where reports go.
    pub fn front(&self) -> SocketAddr {
        self.front.address
    }

    /// How its workers are set.
    pub fn workers(&self) -> String {
        self.orders.kind.workers()
    }

    /// One on each core.
    pub fn start_workers(&self) -> anyhow::Result<()> {
        let started = (0..processes()).map(|number| self.orders.worker(number));
        let started = started.collect::<anyhow::Result<Vec<_>>>()?;
        *self.workers.lock().unwrap_or_else(PoisonError::into_inner) = started;
        Ok(())
    }

    /// Ends them. They have nothing to do when this is called.
    pub fn stop_workers(&self) {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Orders {
    fn front(&self) -> anyhow::Result<Process> {
        match self.kind {
            Kind::Celery => self.start("front", &["front.py"]),
            Kind::BullMq => self.start("front", &["front.js"]),
        }
    }

    fn worker(&self, number: usize) -> anyhow::Result<Process> {
        let name = format!("worker-{number}");
        let threads = CELERY_THREADS.to_string();
        match self.kind {
            Kind::Celery => {
                let pool = ["--pool", "threads", "--concurrency", &threads, "--hostname", &name];
                // What workers tell each other about themselves is of no use here.
                let silent = ["--without-gossip", "--without-mingle", "--without-heartbeat"];
                let worker = ["-m", "celery", "-A", "tasks", "worker", "--loglevel", "INFO"];
                self.start(&name, &[&worker[..], &pool, &silent].concat())
            }
            Kind::BullMq => self.start(&name, &["worker.js"]),
        }
    }

    /// Starts a program. It logs to a file, as it would where it is deployed.
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

/// As many workers as a competent user would start.
fn processes() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A Redis that keeps its files in a folder.
async fn redis(folder: &Path, durability: Durability) -> anyhow::Result<Process> {
    // Redis wants to be told a port; this one was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = Command::new("redis-server");
    command
        .args(["--bind", "127.0.0.1", "--port", &address.port().to_string(), "--dir"])
        .arg(folder)
        .args(durability.settings())
        .stderr(File::create(folder.join("redis.log"))?);
    Process::listening(command, address).await
}
