//! Linked components: in memory as long as a release uses them, in the cache, or compiled.

use std::fmt;
use std::sync::{Arc, Weak};

use wasmtime::component::Component;

use super::{Inner, Runtime};
use crate::code::error::{PackageError, truncate};
use crate::code::package;
use crate::guest::engine::GuestEngine;
use crate::guest::linked::{LinkedComponent, PreparedComponent};
use jackfield_clock::lock;
use jackfield_domain::id::Digest;
use jackfield_domain::phone;

/// An adapter whose component is linked, ready for its releases.
pub struct LinkedAdapter {
    pub(super) digest: Digest,
    pub(super) component: Arc<LinkedComponent>,
}

impl fmt::Debug for LinkedAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedAdapter")
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl Runtime {
    /// An adapter that needs no compilation, because a release uses it or the cache holds its native code. None if it
    /// has to be compiled from its bytes.
    ///
    /// # Errors
    /// This host no longer runs it.
    pub async fn find_linked(&self, digest: Digest) -> Result<Option<LinkedAdapter>, PackageError> {
        let component = match self.in_memory(digest) {
            Some(component) => Some(component),
            None => self.load_or_compile(digest, None).await?,
        };
        Ok(component.map(|component| LinkedAdapter { digest, component }))
    }

    /// The linked component of these bytes: from memory, from the cache, or compiled.
    pub(crate) async fn linked(&self, digest: Digest, bytes: &[u8]) -> Result<Arc<LinkedComponent>, PackageError> {
        package::check_bytes(bytes)?;
        if let Some(component) = self.in_memory(digest) {
            return Ok(component);
        }
        let component = self.load_or_compile(digest, Some(bytes)).await?;
        component.ok_or_else(|| PackageError::Host("it was not compiled".into()))
    }

    /// A component that is not in memory: from the cache, or compiled; none without bytes to compile.
    async fn load_or_compile(
        &self,
        digest: Digest,
        bytes: Option<&[u8]>,
    ) -> Result<Option<Arc<LinkedComponent>>, PackageError> {
        // Nobody closes the semaphore. If it were closed, two components would compile at once.
        let _permit = self.0.compiling.acquire().await.ok();
        if let Some(component) = self.in_memory(digest) {
            return Ok(Some(component));
        }
        let cached = self
            .blocking(move |inner| {
                // Before any adapter can ask for a number: loading them is not charged to it.
                phone::load_tables();
                inner.cached(&inner.engine.load_full(), digest)
            })
            .await?;
        let component = match (cached, bytes) {
            (Some(component), _) => component?,
            (None, Some(bytes)) => {
                let native = self.0.compiler.compile(bytes).await?;
                self.blocking(move |inner| inner.link_and_cache(digest, &native))
                    .await??
            }
            (None, None) => return Ok(None),
        };
        let component = Arc::new(LinkedComponent::new(component));
        let mut components = lock(&self.0.components);
        components.retain(|_, component| component.strong_count() > 0);
        components.insert(digest, Arc::downgrade(&component));
        Ok(Some(component))
    }

    /// Runs work that takes long without waiting, on a thread for such work.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> T + Send + 'static,
    ) -> Result<T, PackageError> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.map_err(|error| PackageError::Host(error.to_string()))
    }

    fn in_memory(&self, digest: Digest) -> Option<Arc<LinkedComponent>> {
        lock(&self.0.components).get(&digest).and_then(Weak::upgrade)
    }
}

impl Inner {
    /// Links native code that this host's compiler has just produced, and caches it if it is an adapter's.
    fn link_and_cache(&self, digest: Digest, native: &[u8]) -> Result<PreparedComponent, PackageError> {
        let engine = self.engine.load_full();
        #[expect(unsafe_code, reason = "the compiler is this program, and its pipe ends here")]
        // SAFETY: the bytes are the output of `precompile_component` in a process of this program.
        let component = unsafe { Component::deserialize(engine.wasm(), native) };
        // The engine is the same, so it refuses only a component that is too large for a slot of the pool.
        let component = component.map_err(|error| PackageError::Oversized(truncate(&format!("{error:#}"))))?;
        let linked = PreparedComponent::link(&engine, &component)?;
        if let Err(error) = self.cache.write(digest, native) {
            tracing::warn!(
                adapter = %digest, %error,
                "a compiled adapter cannot be cached; it is compiled again at the next start"
            );
        }
        Ok(linked)
    }

    /// A component of the cache, linked for an engine.
    pub(super) fn cached(
        &self,
        engine: &Arc<GuestEngine>,
        digest: Digest,
    ) -> Option<Result<PreparedComponent, PackageError>> {
        let native = self.cache.read(digest)?;
        #[expect(
            unsafe_code,
            reason = "the cache returns only what this installation has compiled itself"
        )]
        // SAFETY: the bytes carry this installation's HMAC, so they are the unchanged output of its compiler.
        let component = unsafe { Component::deserialize(engine.wasm(), native) };
        let component = component
            .inspect_err(|error| {
                tracing::warn!(
                    adapter = %digest, error = format!("{error:#}"),
                    "the engine refuses a compiled adapter of the cache; it is compiled again"
                );
            })
            .ok()?;
        Some(PreparedComponent::link(engine, &component))
    }
}
