//! The linked code of components: in memory as long as a release uses it, in the cache, or compiled.

use std::fmt;
use std::sync::{Arc, PoisonError, Weak};

use wasmtime::component::Component;

use super::{Inner, Runtime};
use crate::package::{self, LinkedComponent, PackageError};
use jackfield_domain::id::Digest;

/// The code of a component, ready for releases of it.
pub struct LinkedAdapter {
    pub(super) digest: Digest,
    pub(super) code: Arc<LinkedComponent>,
}

impl fmt::Debug for LinkedAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedAdapter")
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl Runtime {
    /// The code of a component that is at hand: in memory, because a release uses it, or compiled in the cache. None
    /// if it has to be compiled from its bytes.
    ///
    /// # Errors
    /// It is none that this host still runs.
    pub async fn at_hand(&self, digest: Digest) -> Result<Option<LinkedAdapter>, PackageError> {
        let code = match self.known(digest) {
            Some(code) => Some(code),
            None => self.found_or_made(digest, None).await?,
        };
        Ok(code.map(|code| LinkedAdapter { digest, code }))
    }

    /// The linked code of a component: from memory, from the cache, or compiled.
    pub(crate) async fn compiled(&self, digest: Digest, bytes: &[u8]) -> Result<Arc<LinkedComponent>, PackageError> {
        package::check_bytes(bytes)?;
        if let Some(code) = self.known(digest) {
            return Ok(code);
        }
        let code = self.found_or_made(digest, Some(bytes)).await?;
        code.ok_or_else(|| PackageError::Host("it was not compiled".into()))
    }

    /// Code that is not in memory: from the cache, or compiled; none without bytes to compile.
    async fn found_or_made(
        &self,
        digest: Digest,
        bytes: Option<&[u8]>,
    ) -> Result<Option<Arc<LinkedComponent>>, PackageError> {
        // Nobody closes the semaphore; without its permit this would only be one more at a time.
        let _turn = self.0.compiling.acquire().await.ok();
        if let Some(code) = self.known(digest) {
            return Ok(Some(code));
        }
        let cached = self.blocking(move |inner| inner.cached(digest)).await?;
        let code = match (cached, bytes) {
            (Some(component), _) => {
                self.blocking(move |inner| package::link(&inner.linker, &component))
                    .await??
            }
            (None, Some(bytes)) => {
                let native = self.0.compiler.compile(bytes).await?;
                self.blocking(move |inner| inner.adopt(digest, &native)).await??
            }
            (None, None) => return Ok(None),
        };
        let code = Arc::new(code);
        let mut codes = self.0.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, code| code.strong_count() > 0);
        codes.insert(digest, Arc::downgrade(&code));
        Ok(Some(code))
    }

    /// Runs what neither waits nor is short on a thread for that.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> T + Send + 'static,
    ) -> Result<T, PackageError> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.map_err(|error| PackageError::Host(error.to_string()))
    }

    fn known(&self, digest: Digest) -> Option<Arc<LinkedComponent>> {
        let codes = self.0.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.get(&digest).and_then(Weak::upgrade)
    }
}

impl Inner {
    /// Links native code that this host's compiler has just made, and keeps it if it is an adapter's.
    fn adopt(&self, digest: Digest, native: &[u8]) -> Result<LinkedComponent, PackageError> {
        #[expect(unsafe_code, reason = "the compiler is this program, and its pipe ends here")]
        // SAFETY: the bytes are what `precompile_component` made of a component in a process of this program.
        let component = unsafe { Component::deserialize(self.engine.wasm(), native) };
        // The engine is the same, so what it does not take is too large for the places of the pool.
        let component = component.map_err(|error| PackageError::Oversized(package::cut(&format!("{error:#}"))))?;
        let code = package::link(&self.linker, &component)?;
        if let Err(error) = self.cache.write(digest, native) {
            tracing::warn!(adapter = %digest, %error, "a compiled adapter cannot be kept; it is compiled again at the \
                next start");
        }
        Ok(code)
    }

    fn cached(&self, digest: Digest) -> Option<Component> {
        let native = self.cache.read(digest)?;
        #[expect(
            unsafe_code,
            reason = "the cache hands out only what this installation compiled itself"
        )]
        // SAFETY: the bytes carry this installation's HMAC, so they are what the compiler made of a component,
        // unchanged.
        let component = unsafe { Component::deserialize(self.engine.wasm(), native) };
        component
            .inspect_err(|error| tracing::warn!(adapter = %digest, error = format!("{error:#}"), "compiled again"))
            .ok()
    }
}
