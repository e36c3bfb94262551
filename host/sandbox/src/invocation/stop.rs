//! Names what stopped a guest.

use std::time::Duration;

use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use crate::guest::environment::Environment;
use crate::guest::state::MAX_PASSED;
use crate::meter::cpu::CpuLimitReached;
use crate::meter::memory_budget::MemoryBudget;
use crate::meter::observations::{Observations, Shortage};
use jackfield_domain::delivery::failure::{Failure, Fault, FaultCause};

/// The engine's message when a guest passes more than [`MAX_PASSED`]. The error has no type of its own.
const TOO_MUCH_PASSED: &str = "fuel allocated for hostcalls has been exhausted";

/// Wraps a fault as a failure.
pub fn fault(cause: FaultCause, detail: impl Into<String>) -> Failure {
    Failure::Fault(Fault {
        cause,
        detail: detail.into(),
    })
}

/// The failure of an invocation that has exceeded its deadline, with or without having `started` on an instance.
pub fn deadline_exceeded(deadline: Duration, started: bool) -> Failure {
    let limit = deadline.as_millis();
    if started {
        let detail = format!("the invocation took longer than its deadline of {limit} ms");
        fault(FaultCause::WallClock, detail)
    } else {
        let detail = format!("no instance became free within {limit} ms: too many invocations are in flight");
        fault(FaultCause::Host, detail)
    }
}

/// Names what stopped a guest. A guest that reached its memory limit traps like any other panic, so the limiter's
/// observation takes precedence over the trap.
pub fn stopped(
    error: &wasmtime::Error,
    environment: &Environment,
    observations: &Observations,
    budget: &MemoryBudget,
) -> Failure {
    let last_words = observations.stderr.last_line();
    if error.is::<CpuLimitReached>() || error.downcast_ref() == Some(&Trap::Interrupt) {
        let limit = environment.cpu.as_millis();
        return fault(FaultCause::CpuDeadline, format!("it computed longer than {limit} ms"));
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return fault(FaultCause::Host, format!("the pool of instances is used up: {error}"));
    }
    let trap = error.downcast_ref::<Trap>();
    if let Some(shortage) = observations.shortage().filter(|_| may_be_for_lack_of_memory(trap)) {
        let detail = match shortage {
            Shortage::Memory => format!("it wanted more than {} MiB of memory", environment.memory >> 20),
            Shortage::Table => "it wanted more elements in its tables than an instance may have".into(),
            Shortage::Budget => format!(
                "the adapters of all tenants together have the {} MiB that they may have (guest_memory_mib)",
                budget.size() >> 20
            ),
            Shortage::Share => format!(
                "the tenant's adapters have as much memory as is left for all others, of the {} MiB for all \
                 (guest_memory_mib)",
                budget.size() >> 20
            ),
        };
        let cause = match shortage {
            Shortage::Memory | Shortage::Table => FaultCause::MemoryCap,
            Shortage::Budget | Shortage::Share => FaultCause::MemoryBudget,
        };
        return fault(cause, detail);
    }
    if let Some(trap) = trap {
        let cause = match trap {
            Trap::StackOverflow => FaultCause::Stack,
            _ => FaultCause::Trap,
        };
        let detail = match trap {
            _ if !last_words.is_empty() => last_words,
            // Most toolchains put the guest's own stack at the start of its memory, where it ends at address zero. The
            // engine cannot distinguish an overflow of it from a wild pointer, so the message claims neither.
            Trap::MemoryOutOfBounds => format!("{trap}: a wild pointer, or too deep a recursion"),
            _ => trap.to_string(),
        };
        return fault(cause, detail);
    }
    if let Some(I32Exit(code)) = error.downcast_ref() {
        let detail = format!("it ended with exit code {code}: {last_words}");
        return fault(FaultCause::Trap, detail.trim_end_matches(": "));
    }
    // What remains: a result that does not have the contract's types, or one that is too large.
    let message = format!("{error:#}");
    let detail = if message.contains(TOO_MUCH_PASSED) {
        format!("it passed more than {} MiB to the host at once", MAX_PASSED >> 20)
    } else {
        message.chars().take(500).collect()
    };
    fault(FaultCause::BadOutput, detail)
}

/// Whether a guest that was refused memory may have stopped in this way because of it: languages give up with
/// `unreachable`, write to the address that they did not get, or do not start at all. A division by zero has other
/// causes, and so has a recursion that is too deep.
const fn may_be_for_lack_of_memory(trap: Option<&Trap>) -> bool {
    matches!(
        trap,
        None | Some(Trap::UnreachableCodeReached | Trap::MemoryOutOfBounds | Trap::TableOutOfBounds)
    )
}
