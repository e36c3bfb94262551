//! What Ctrl-C, SIGTERM and SIGHUP do: end every process of the demo. While everything is left running on purpose, the
//! first one ends that in good order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;

use super::processes::Processes;
use crate::workspace;

/// What a shell expects of a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// Tells of interrupts. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    awaited: Arc<AtomicBool>,
    came: Arc<AtomicBool>,
}

impl Interrupt {
    /// Handles signals from now on.
    pub fn handle(processes: Processes) -> anyhow::Result<Self> {
        let interrupt = Self::default();
        let told = interrupt.clone();
        let handler = move || {
            let first = !told.came.swap(true, Ordering::SeqCst);
            if first && told.awaited.load(Ordering::SeqCst) {
                return;
            }
            workspace::interrupt();
            processes.kill_all();
            eprintln!("\nstopped: every process of the demo has been ended");
            std::process::exit(INTERRUPTED);
        };
        ctrlc::set_handler(handler).context("signals cannot be handled")?;
        Ok(interrupt)
    }

    /// Whether an interrupt came. From the first time that this is asked, the next one is left to whoever asks.
    pub fn came(&self) -> bool {
        self.awaited.store(true, Ordering::SeqCst);
        self.came.load(Ordering::SeqCst)
    }
}
