//! Servers of the benchmarks that run as processes of their own, from this program: so that what is measured shares
//! neither memory nor threads with what measures it.

mod crm;
mod proxy;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Subcommand;
use tokio::net::TcpListener;

pub use self::crm::Canned;
use crate::call::weigh::Weighing;
use crate::process::LISTENING;

/// A part.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// A CRM that gives everybody the same answer.
    Crm {
        /// The answer, as a JSON file.
        #[arg(long)]
        answer: PathBuf,
        /// How long it takes to answer.
        #[arg(long, default_value_t = 0)]
        delay_ms: u64,
    },
    /// Not a server: weighs what a process grows by, and prints it.
    Weigh(Weighing),
    /// What a team writes that has one CRM: keystone's status query, hard-coded.
    Proxy {
        /// Where keystone is.
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

impl Part {
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

/// Listens on a free port, and says so.
async fn listen() -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    println!("{LISTENING}{}", listener.local_addr()?);
    Ok(listener)
}
