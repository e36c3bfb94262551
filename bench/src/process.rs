//! Server processes that are measured.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::net::TcpStream;

use crate::clock::pause;

/// The word that a server prints before its address when it is ready.
pub const LISTENING: &str = "listening ";

/// How many bytes of a server's stderr are stored, for the error message if it does not start.
const STDERR_BYTES: u64 = 4096;
/// How long a server may take to start.
const START: Duration = Duration::from_mins(1);

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Its address.
    pub address: SocketAddr,
}

impl Process {
    /// Starts one of this program's own servers: see [`crate::servers`].
    pub fn own_server(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("server").args(arguments);
        Self::announced(command)
    }

    /// Starts a server that prints `listening` and its address to stdout when it is ready. Later output is read and
    /// discarded, like the host's log.
    pub fn announced(mut command: Command) -> anyhow::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().context("the server has no stdout")?;
        let mut stderr = child.stderr.take().context("the server has no stderr")?;
        let first_stderr = std::thread::spawn(move || {
            let mut first = vec![];
            // An error here means that the process ended.
            let _ = (&mut stderr).take(STDERR_BYTES).read_to_end(&mut first);
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
            first
        });
        let mut stdout = BufReader::new(stdout);
        let announced = (&mut stdout).lines().map_while(Result::ok);
        let announced = announced.filter_map(|line| line.strip_prefix(LISTENING).map(str::to_owned));
        let Some(address) = announced.into_iter().next() else {
            let ended = child.wait()?;
            let first_stderr = first_stderr.join().unwrap_or_default();
            bail!(
                "{command:?} did not start: {ended}: {}",
                String::from_utf8_lossy(&first_stderr)
            );
        };
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        Ok(Self {
            child,
            address: address.parse()?,
        })
    }

    /// Starts a server that gets its address from its command line. It is ready when it accepts a connection.
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
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
