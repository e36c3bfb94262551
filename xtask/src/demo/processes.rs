//! The processes that the demo starts. They never outlive it: they are killed when the demo ends, fails, panics or is
//! interrupted.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::clock;
use crate::workspace;

/// How long a process may take to stop after SIGTERM.
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// The running processes. Clones share one list.
#[derive(Debug, Clone, Default)]
pub struct Processes(Arc<Mutex<Vec<(String, Child)>>>);

impl Processes {
    /// Starts a process called `name` that prints to the file `log`.
    pub fn start(&self, name: &str, command: &mut Command, log: &Path) -> anyhow::Result<()> {
        use std::os::unix::process::CommandExt as _;

        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        // Its own process group: Ctrl-C at the terminal reaches only the demo, which then decides what to stop.
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        self.list().push((name.to_owned(), child));
        Ok(())
    }

    /// Fails with the last lines of the log if the process has ended.
    pub fn ensure_running(&self, name: &str, log: &Path) -> anyhow::Result<()> {
        let mut list = self.list();
        let child = list.iter_mut().find(|(running, _)| running == name);
        if let Some(status) = child.and_then(|(_, child)| child.try_wait().ok().flatten()) {
            let text = fs::read_to_string(log).unwrap_or_default();
            let skipped = text.lines().count().saturating_sub(15);
            let tail = text.lines().skip(skipped).collect::<Vec<_>>().join("\n  ");
            bail!("{name} ended with {status}; its last lines were:\n  {tail}");
        }
        Ok(())
    }

    /// The process id.
    pub fn id(&self, name: &str) -> Option<u32> {
        self.list()
            .iter()
            .find(|(running, _)| running == name)
            .map(|(_, child)| child.id())
    }

    /// Sends SIGTERM to a process and returns its exit status. Kills it if it does not stop in time.
    pub fn stop(&self, name: &str) -> anyhow::Result<ExitStatus> {
        let mut list = self.list();
        let index = list
            .iter()
            .position(|(running, _)| running == name)
            .with_context(|| format!("{name} is not running"))?;
        let (_, mut child) = list.remove(index);
        drop(list);
        let signalled = workspace::terminate(child.id());
        let waited = signalled
            .map_err(anyhow::Error::from)
            .and_then(|_| clock::wait_until(&format!("{name} to stop"), STOP_LIMIT, || Ok(child.try_wait()?)));
        if waited.is_err() {
            kill(&mut child);
        }
        waited
    }

    /// Kills every process.
    pub fn kill_all(&self) {
        for (_, mut child) in self.list().drain(..) {
            kill(&mut child);
        }
    }

    fn list(&self) -> MutexGuard<'_, Vec<(String, Child)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kill(child: &mut Child) {
    // It may have exited already.
    let _ = child.kill();
    let _ = child.wait();
}

/// Kills every process when dropped.
#[derive(Debug)]
pub struct KillOnDrop(pub Processes);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        self.0.kill_all();
    }
}

/// An unused loopback port.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free loopback port")?;
    Ok(listener.local_addr()?.port())
}
