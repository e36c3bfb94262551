//! Processes that the demo starts, and that never outlive it: they are killed when it ends, fails, panics or is told
//! to stop.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::clock;
use crate::workspace;

/// How long a process may take to stop by itself.
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// All that run. Clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct Processes(Arc<Mutex<Vec<(String, Child)>>>);

impl Processes {
    /// Starts one, named `name`, with all that it prints in the file `log`.
    pub fn start(&self, name: &str, command: &mut Command, log: &Path) -> anyhow::Result<()> {
        use std::os::unix::process::CommandExt as _;

        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        // In a group of its own a Ctrl-C at the terminal does not reach it before the demo has decided what to do.
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        self.list().push((name.to_owned(), child));
        Ok(())
    }

    /// Says so if a process that should run has ended, with the last lines that it printed.
    pub fn must_run(&self, name: &str, log: &Path) -> anyhow::Result<()> {
        let mut list = self.list();
        let child = list.iter_mut().find(|(running, _)| running == name);
        if let Some(status) = child.and_then(|(_, child)| child.try_wait().ok().flatten()) {
            let text = fs::read_to_string(log).unwrap_or_default();
            let ends = text.lines().count().saturating_sub(15);
            let tail = text.lines().skip(ends).collect::<Vec<_>>().join("\n  ");
            bail!("{name} ended with {status}; its last lines were:\n  {tail}");
        }
        Ok(())
    }

    /// Its number, as the system knows it.
    pub fn id(&self, name: &str) -> Option<u32> {
        self.list()
            .iter()
            .find(|(running, _)| running == name)
            .map(|(_, child)| child.id())
    }

    /// Asks a process to stop, with SIGTERM, and answers what it ended with.
    pub fn stop(&self, name: &str) -> anyhow::Result<ExitStatus> {
        let mut list = self.list();
        let at = list
            .iter()
            .position(|(running, _)| running == name)
            .with_context(|| format!("{name} does not run"))?;
        let (_, mut child) = list.remove(at);
        drop(list);
        let asked = workspace::terminate(child.id());
        let waited = asked
            .map_err(anyhow::Error::from)
            .and_then(|_| clock::until(&format!("{name} to stop"), STOP_LIMIT, || Ok(child.try_wait()?)));
        if waited.is_err() {
            kill(&mut child);
        }
        waited
    }

    /// Kills all at once.
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
    // It may be gone already, which is what was wanted.
    let _ = child.kill();
    let _ = child.wait();
}

/// Kills all when it goes out of scope, by whatever way.
#[derive(Debug)]
pub struct KillOnDrop(pub Processes);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        self.0.kill_all();
    }
}

/// A loopback port that nobody listens on.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free loopback port")?;
    Ok(listener.local_addr()?.port())
}
