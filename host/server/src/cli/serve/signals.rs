//! The signals of the host's process, and what each asks for. The default action of most would end the process without
//! a drain, so every signal that can be received is.

use std::io;

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// The first and the last real-time signal of Linux that programs may use.
const REAL_TIME: std::ops::RangeInclusive<i32> = 34..=64;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignalAction {
    /// Leave the service of load balancers, then drain.
    LeaveService,
    /// Drain at once: somebody at a terminal waits.
    Interrupt,
    /// Reload the certificates.
    Reload,
    /// Nothing. The signal's name is for the log.
    Ignore(&'static str),
}

/// What each signal asks for. Those that report a crash are absent: the process cannot go on after them. So are those
/// that end no process by default.
const ACTIONS: [(Signal, SignalAction); 14] = [
    (Signal::TERM, SignalAction::LeaveService),
    (Signal::QUIT, SignalAction::LeaveService),
    (Signal::POWER, SignalAction::LeaveService),
    // Repeated each second until the hard limit on processor time kills the process.
    (Signal::XCPU, SignalAction::LeaveService),
    (Signal::INT, SignalAction::Interrupt),
    (Signal::HUP, SignalAction::Reload),
    // The write fails too, as on a full disk.
    (Signal::XFSZ, SignalAction::Ignore("SIGXFSZ")),
    (Signal::USR1, SignalAction::Ignore("SIGUSR1")),
    (Signal::USR2, SignalAction::Ignore("SIGUSR2")),
    (Signal::ALARM, SignalAction::Ignore("SIGALRM")),
    (Signal::VTALARM, SignalAction::Ignore("SIGVTALRM")),
    (Signal::PROF, SignalAction::Ignore("SIGPROF")),
    (Signal::IO, SignalAction::Ignore("SIGIO")),
    (Signal::STKFLT, SignalAction::Ignore("SIGSTKFLT")),
];

/// The signals that the process has received since [`Signals::receive`].
pub(super) struct Signals(mpsc::UnboundedReceiver<SignalAction>);

impl Signals {
    /// Receives the signals of this process from now on.
    pub fn receive() -> io::Result<Self> {
        let (sender, receiver) = mpsc::unbounded_channel();
        for (number, action) in ACTIONS {
            forward(number.as_raw(), action, &sender)?;
        }
        for number in REAL_TIME {
            // The C library may keep the first ones for itself; then nobody else can receive them.
            let _kept = forward(number, SignalAction::Ignore("a real-time signal"), &sender);
        }
        Ok(Self(receiver))
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) -> SignalAction {
        // The tasks that send end only with the process.
        self.0.recv().await.unwrap_or(SignalAction::Interrupt)
    }

    /// Waits for a SIGINT. Others do not count after the first signal, because an orchestrator may repeat them; a
    /// person who presses ctrl-c wants the host to hurry.
    pub async fn interrupted(&mut self) {
        while self.next().await != SignalAction::Interrupt {}
    }
}

fn forward(number: i32, action: SignalAction, to: &mpsc::UnboundedSender<SignalAction>) -> io::Result<()> {
    let mut received = signal(SignalKind::from_raw(number))?;
    let to = to.clone();
    tokio::spawn(async move { while received.recv().await.is_some() && to.send(action).is_ok() {} });
    Ok(())
}
