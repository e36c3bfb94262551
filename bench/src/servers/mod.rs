//! Servers that the benchmarks run as separate processes of this program, so that the measured and the measuring code
//! share neither memory nor threads.

mod crm;
mod proxy;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Subcommand;
use tokio::net::TcpListener;

pub use self::crm::CannedResponse;
use crate::call::memory::MemoryMeasurement;
use crate::process::LISTENING;

/// A server.
#[derive(Debug, Subcommand)]
pub enum Server {
    /// A CRM that gives the same response to every request.
    Crm {
        /// The response as a JSON file.
        #[arg(long)]
        answer: PathBuf,
        /// The delay before each response.
        #[arg(long, default_value_t = 0)]
        delay_ms: u64,
    },
    /// Not a server: measures by how much a process grows, and prints it.
    Weigh(MemoryMeasurement),
    /// What a team with one CRM would write: keystone's status query, hard-coded.
    Proxy {
        /// The origin of keystone.
        #[arg(long)]
        crm: String,
        /// The agent's token.
        #[arg(long)]
        agent_token: String,
        /// The CRM's token.
        #[arg(long)]
        crm_token: String,
    },
}

impl Server {
    /// Serves until the process is killed.
    pub async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Crm { answer, delay_ms } => crm::run(&answer, delay_ms).await,
            Self::Weigh(weighing) => weighing.run().await,
            Self::Proxy {
                crm,
                agent_token,
                crm_token,
            } => proxy::run(crm, agent_token, crm_token).await,
        }
    }
}

/// Listens on a free port and prints the address.
async fn listen() -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("{LISTENING}{}", listener.local_addr()?);
    Ok(listener)
}
