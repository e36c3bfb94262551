//! Why a host could not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::host_id::HostIdError;
use super::storage::StorageError;
use crate::listener::TlsError;
use crate::vault;
use jackfield_sandbox::RuntimeError;
use jackfield_store::StoreError;

/// A host could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be created.
    #[error("the data directory {} cannot be used: {source}; set data_dir to one that can be written \
        to", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] StorageError),
    /// The host has no usable id.
    #[error(transparent)]
    HostId(#[from] HostIdError),
    /// The master key cannot be read, or secrets cannot be sealed with it.
    #[error(transparent)]
    Vault(#[from] vault::VaultOpenError),
    /// The sandbox cannot be set up.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A listener's certificate cannot be served.
    #[error("the {listener} listener's certificate: {source}")]
    Certificate {
        /// Which listener.
        listener: &'static str,
        /// Why.
        source: TlsError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An address cannot be listened on.
    #[error("{name} = \"{address}\" cannot be listened on: {source}; is another host running, or is the port taken?")]
    Listen {
        /// The setting.
        name: &'static str,
        /// Its value.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}
