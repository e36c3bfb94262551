//! Limits the memory and the tables of an instance.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use crate::code::engine::CORE_INSTANCES_PER_INSTANCE;
use crate::meter::observations::{Observations, Shortage};

/// Elements that all tables of a guest may have together.
pub const MAX_TABLE_ELEMENTS: usize = 256 << 10;

/// Counts down the memory of an instance, all of its linear memories together.
pub struct MemoryLimiter {
    memory_left: usize,
    elements_left: usize,
    /// What was left when the current invocation started.
    left_before: usize,
    /// The most that one invocation has used.
    largest_invocation: usize,
    /// A request for memory was refused at some time, whether or not the guest recovered from it.
    refused: bool,
    observations: Arc<Observations>,
}

impl MemoryLimiter {
    /// A limit of `memory` bytes.
    pub const fn new(memory: usize, observations: Arc<Observations>) -> Self {
        Self {
            memory_left: memory,
            elements_left: MAX_TABLE_ELEMENTS,
            left_before: memory,
            largest_invocation: 0,
            refused: false,
            observations,
        }
    }

    /// Attributes whatever the instance uses from now on to its current invocation.
    pub const fn reset_usage(&mut self) {
        self.left_before = self.memory_left;
    }

    /// Starts another invocation.
    pub fn begin(&mut self, observations: &Arc<Observations>) {
        self.observations = Arc::clone(observations);
        self.reset_usage();
    }

    /// Ends an invocation. Returns whether the instance may serve another: whether it was refused nothing, and has
    /// memory left for an invocation that uses as much as the largest so far.
    pub fn end(&mut self) -> bool {
        let used = self.left_before.saturating_sub(self.memory_left);
        self.largest_invocation = self.largest_invocation.max(used);
        !self.refused && self.memory_left >= self.largest_invocation
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = reserve(&mut self.memory_left, current, desired, maximum);
        self.refused |= !granted;
        self.observations.set_shortage((!granted).then_some(Shortage::Memory));
        if granted {
            self.observations.add_memory(desired.saturating_sub(current));
        }
        Ok(granted)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = reserve(&mut self.elements_left, current, desired, maximum);
        self.refused |= !granted;
        self.observations.set_shortage((!granted).then_some(Shortage::Table));
        Ok(granted)
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES_PER_INSTANCE as usize
    }
}

/// Subtracts the growth from what is left, unless it is more, or exceeds `maximum`: the guest's own or the pool's.
fn reserve(left: &mut usize, current: usize, desired: usize, maximum: Option<usize>) -> bool {
    let exceeds = maximum.is_some_and(|maximum| desired > maximum);
    match left.checked_sub(desired.saturating_sub(current)) {
        Some(rest) if !exceeds => {
            *left = rest;
            true
        }
        _ => false,
    }
}
