//! Returns the memory that ended instances have left to the system: all components move to a fresh engine, whose pool
//! is empty. The former one goes with its last instance.

use std::sync::{Arc, Weak};

use super::{Inner, Runtime, start_engine};
use crate::guest::linked::LinkedComponent;
use jackfield_clock::lock;

impl Runtime {
    /// Bytes of memory that ended instances have left in the pool, ready for the next ones.
    #[must_use]
    pub fn kept_memory(&self) -> usize {
        self.0.engine.load().kept_memory()
    }

    /// Returns memory to the system, if much is kept that has not been needed for a minute. To be called regularly.
    pub async fn return_kept_memory(&self) {
        let kept = self.kept_memory();
        let (now, peak) = (self.0.invoker.clock.now(), self.0.invoker.instances.peak());
        if !lock(&self.0.kept_memory).observe(now, peak, kept) {
            return;
        }
        // No component is linked meanwhile. Nobody closes the semaphore.
        let _permit = self.0.compiling.acquire().await.ok();
        let moved = self.blocking(Inner::move_to_fresh_engine).await;
        match moved.map_err(|error| error.to_string()).flatten() {
            Ok(()) => tracing::info!(
                mib = kept >> 20,
                "memory that adapters no longer use was returned to the system"
            ),
            Err(error) => tracing::warn!(
                mib = kept >> 20,
                error,
                "memory that adapters no longer use could not be returned; the host goes on with it"
            ),
        }
    }
}

impl Inner {
    /// Links every component in use for a fresh engine, from the cache, and only then lets new instances have it.
    fn move_to_fresh_engine(&self) -> Result<(), String> {
        let engine = start_engine(&self.config).map_err(|error| format!("{error:#}"))?;
        if !engine.pooled() {
            return Err("there is no address space for a second pool".into());
        }
        let engine = Arc::new(engine);
        let components: Vec<_> = lock(&self.components)
            .iter()
            .filter_map(|(digest, component)| Some((*digest, Weak::upgrade(component)?)))
            .collect();
        let prepared = components
            .into_iter()
            .map(|(digest, component)| match self.cached(&engine, digest) {
                Some(linked) => Ok((component, linked.map_err(|error| error.to_string())?)),
                None => Err(format!("adapter {digest} is not in the cache")),
            })
            .collect::<Result<Vec<(Arc<LinkedComponent>, _)>, String>>()?;
        for (component, prepared) in prepared {
            component.replace(prepared);
        }
        self.engine.store(engine);
        Ok(())
    }
}
