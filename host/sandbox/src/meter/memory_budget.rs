//! How much memory all guests may have together, and a tenant's share of it.
//!
//! A limit for each instance is no limit for a host: sixty-four queries that use what they may would take gigabytes. So
//! linear memory is counted for all instances together, in flight and idle. A tenant never has more than is left for
//! all others, as with status queries and deliveries: alone it gets half.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jackfield_clock::lock;

/// Idle instances are evicted from when less than this part of the budget is free.
const SCARCE_PART: usize = 8;

/// The memory of all guests.
#[derive(Debug)]
pub struct MemoryBudget {
    size: usize,
    used: Mutex<UsedMemory>,
}

#[derive(Debug, Default)]
struct UsedMemory {
    all: usize,
    /// By tenant. Tenants that use none are not in it.
    by_tenant: HashMap<String, usize>,
}

/// Which part of the budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetShortage {
    /// Nothing is left for anybody.
    All,
    /// The tenant has as much as is left for all others.
    Share,
}

impl MemoryBudget {
    /// A budget of `size` bytes.
    #[must_use]
    pub fn new(size: usize) -> Arc<Self> {
        Arc::new(Self {
            size,
            used: Mutex::default(),
        })
    }

    /// Its size, in bytes.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Whether so little is free that idle instances should go.
    pub fn is_scarce(&self) -> bool {
        self.size.saturating_sub(lock(&self.used).all) < self.size / SCARCE_PART
    }

    /// The memory of a new instance of a tenant.
    pub fn for_instance(self: &Arc<Self>, tenant: &str) -> InstanceMemory {
        InstanceMemory {
            budget: Arc::clone(self),
            tenant: tenant.to_owned(),
            held: 0,
        }
    }
}

/// The memory of one instance, which is given back when this is dropped.
#[derive(Debug)]
pub struct InstanceMemory {
    budget: Arc<MemoryBudget>,
    tenant: String,
    held: usize,
}

impl InstanceMemory {
    /// Reserves more memory.
    ///
    /// # Errors
    /// Nothing was reserved, because the budget or the tenant's share of it is used up.
    pub fn reserve(&mut self, bytes: usize) -> Result<(), BudgetShortage> {
        if bytes == 0 {
            return Ok(());
        }
        let mut used = lock(&self.budget.used);
        let all = used.all.saturating_add(bytes);
        if all > self.budget.size {
            return Err(BudgetShortage::All);
        }
        let own = used.by_tenant.get(&self.tenant).copied().unwrap_or_default() + bytes;
        if own > self.budget.size - all {
            return Err(BudgetShortage::Share);
        }
        used.all = all;
        used.by_tenant.insert(self.tenant.clone(), own);
        self.held += bytes;
        Ok(())
    }
}

impl Drop for InstanceMemory {
    fn drop(&mut self) {
        if self.held == 0 {
            return;
        }
        let mut used = lock(&self.budget.used);
        used.all = used.all.saturating_sub(self.held);
        let own = used.by_tenant.get(&self.tenant).copied().unwrap_or_default();
        match own.saturating_sub(self.held) {
            0 => drop(used.by_tenant.remove(&self.tenant)),
            rest => drop(used.by_tenant.insert(self.tenant.clone(), rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many units tenants get, one after the other, each as many as it can.
    fn fill(budget: &Arc<MemoryBudget>, tenant: &str) -> (Vec<InstanceMemory>, BudgetShortage) {
        let mut held = vec![];
        loop {
            let mut instance = budget.for_instance(tenant);
            match instance.reserve(1) {
                Ok(()) => held.push(instance),
                Err(shortage) => return (held, shortage),
            }
        }
    }

    #[test]
    fn a_tenant_leaves_as_much_as_it_has() {
        let budget = MemoryBudget::new(100);
        let (first, shortage) = fill(&budget, "a");
        assert_eq!((first.len(), shortage), (50, BudgetShortage::Share));
        let (second, _) = fill(&budget, "b");
        assert_eq!(second.len(), 25);
        assert!(!budget.is_scarce());
        let (third, _) = fill(&budget, "c");
        assert_eq!(third.len(), 12);
        let mut large = budget.for_instance("d");
        assert_eq!(large.reserve(14), Err(BudgetShortage::All));
        drop(first);
        assert_eq!(large.reserve(14), Ok(()), "what is dropped is free again");
        drop((second, third, large));
        assert_eq!(lock(&budget.used).all, 0);
        assert!(lock(&budget.used).by_tenant.is_empty());
    }

    #[test]
    fn an_instance_grows_within_the_share() {
        let budget = MemoryBudget::new(100);
        let mut instance = budget.for_instance("a");
        assert_eq!(instance.reserve(30), Ok(()));
        assert_eq!(instance.reserve(21), Err(BudgetShortage::Share));
        assert_eq!(instance.reserve(20), Ok(()));
        assert_eq!(instance.reserve(0), Ok(()));
        let others: Vec<_> = ["b", "c", "d", "e", "f"].map(|tenant| fill(&budget, tenant)).into();
        assert!(budget.is_scarce(), "{others:?}");
    }
}
