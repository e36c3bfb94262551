//! Limits the memory and the tables of an instance.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use crate::code::engine::CORE_INSTANCES_PER_INSTANCE;
use crate::meter::memory_budget::{BudgetShortage, InstanceMemory};
use crate::meter::observations::{Observations, Shortage};

/// Elements that all tables of a guest may have together.
pub const MAX_TABLE_ELEMENTS: usize = 256 << 10;

/// Counts down the memory of an instance, all of its linear memories together.
pub struct MemoryLimiter {
    memory_left: usize,
    /// The part of the memory of all guests that this instance has.
    shared: InstanceMemory,
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
    /// A limit of `memory` bytes, which also count towards what all guests have.
    pub const fn new(memory: usize, shared: InstanceMemory, observations: Arc<Observations>) -> Self {
        Self {
            memory_left: memory,
            shared,
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
        let growth = desired.saturating_sub(current);
        let left_before = self.memory_left;
        let shortage = if reserve(&mut self.memory_left, current, desired, maximum) {
            let shared = self.shared.reserve(growth).err();
            shared.map(|shortage| match shortage {
                BudgetShortage::All => Shortage::Budget,
                BudgetShortage::Share => Shortage::Share,
            })
        } else {
            Some(Shortage::Memory)
        };
        if shortage.is_some() {
            self.memory_left = left_before;
        } else {
            self.observations.add_memory(growth);
        }
        self.refused |= shortage.is_some();
        self.observations.set_shortage(shortage);
        Ok(shortage.is_none())
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
