//! Servers that are measured, each a process of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::net::TcpStream;

use crate::clock::pause;

/// What a part prints before its address, when it is ready.
pub const LISTENING: &str = "listening ";

/// Bytes that are kept of what a server says on stderr, in case it does not start.
const COMPLAINT: u64 = 4096;
/// How long a server may take to start.
const START: Duration = Duration::from_mins(1);

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Process {
    /// One of this program's own parts: see [`crate::parts`].
    pub fn part(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("part").args(arguments);
        Self::announced(command)
    }

    /// A server that prints `listening` and its address, on a line of stdout, when it is ready. What it prints after
    /// that is read and thrown away, as the host's log is.
    pub fn announced(mut command: Command) -> anyhow::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().context("a server without stdout")?;
        let mut stderr = child.stderr.take().context("a server without stderr")?;
        let complaint = std::thread::spawn(move || {
            let mut first = vec![];
            // Whatever ends this ends with the process.
            let _ = (&mut stderr).take(COMPLAINT).read_to_end(&mut first);
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
            first
        });
        let mut stdout = BufReader::new(stdout);
        let announced = (&mut stdout).lines().map_while(Result::ok);
        let announced = announced.filter_map(|line| line.strip_prefix(LISTENING).map(str::to_owned));
        let Some(address) = announced.into_iter().next() else {
            let ended = child.wait()?;
            let complaint = complaint.join().unwrap_or_default();
            bail!(
                "{command:?} did not start: {ended}: {}",
                String::from_utf8_lossy(&complaint)
            );
        };
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        Ok(Self {
            child,
            address: address.parse()?,
        })
    }

    /// A server that is told where to listen, and is ready when it accepts a connection there.
    pub async fn listening(mut command: Command, address: SocketAddr) -> anyhow::Result<Self> {
        let mut process = Self {
            child: command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?,
            address,
        };
        let began = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            if let Some(ended) = process.child.try_wait()? {
                bail!("{command:?} did not start: {ended}");
            }
            anyhow::ensure!(began.elapsed() < START, "{command:?} does not listen on {address}");
            pause(Duration::from_millis(20)).await;
        }
        Ok(process)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
