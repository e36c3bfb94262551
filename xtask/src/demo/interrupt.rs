//! Ctrl-C, SIGTERM and SIGHUP end every process of the demo. With `--keep`, the first one starts an orderly shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;

use super::processes::Processes;
use crate::workspace;

/// The exit code that shells expect from an interrupted program.
const INTERRUPTED: i32 = 130;

/// Whether the user interrupted the demo. Clones share their state.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    awaited: Arc<AtomicBool>,
    received: Arc<AtomicBool>,
}

impl Interrupt {
    /// Installs the signal handler.
    pub fn handle(processes: Processes) -> anyhow::Result<Self> {
        let interrupt = Self::default();
        let state = interrupt.clone();
        let handler = move || {
            let first = !state.received.swap(true, Ordering::SeqCst);
            if first && state.awaited.load(Ordering::SeqCst) {
                return;
            }
            workspace::interrupt();
            processes.kill_all();
            eprintln!("\ninterrupted: every process of the demo has been killed");
            std::process::exit(INTERRUPTED);
        };
        ctrlc::set_handler(handler).context("cannot install a signal handler")?;
        Ok(interrupt)
    }

    /// Whether an interrupt was received. After the first call, the caller handles the first interrupt.
    pub fn received(&self) -> bool {
        self.awaited.store(true, Ordering::SeqCst);
        self.received.load(Ordering::SeqCst)
    }
}
