//! Runs one fake as a separate process, for the demo and for manual tests.

use std::net::SocketAddr;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use jackfield_tests::fakes::{
    AgentConfig, AtriumConfig, AtriumCrm, FakeServer, FakeService, GroundworkConfig, GroundworkCrm, KeystoneConfig,
    KeystoneCrm, LeadReceiver, MortarConfig, MortarCrm, ParcelConfig, ParcelCrm, RidgelineConfig, RidgelineCrm,
};

/// Runs a fake CRM or a fake calling platform until it is killed.
///
/// Prints its origin on one line when it is ready. Control it over HTTP below `/_control/`.
#[derive(Parser)]
#[command(
    name = "fake",
    after_help = "Example:\n  fake keystone --listen 127.0.0.1:9101 --token secret\n  \
                  curl -d '{\"mode\":\"down\",\"times\":3}' http://127.0.0.1:9101/_control/behave"
)]
struct Args {
    #[command(subcommand)]
    fake: Fake,
}

#[derive(Subcommand)]
enum Fake {
    /// The tidy CRM: JSON, bearer token, upsert by call id.
    Keystone {
        /// The address to listen on.
        #[arg(long, default_value = "127.0.0.1:9101")]
        listen: SocketAddr,
        /// The only valid bearer token.
        #[arg(long)]
        token: String,
    },
    /// The twenty-year-old CRM: signed forms in, XML out.
    Groundwork {
        /// The address to listen on.
        #[arg(long, default_value = "127.0.0.1:9102")]
        listen: SocketAddr,
        /// The key that signs parameters.
        #[arg(long)]
        key: String,
        /// The maximum difference between `ts` and this machine's clock, in seconds.
        #[arg(long, default_value_t = 600)]
        ts_tolerance: u64,
    },
    /// The CRM that is one GraphQL endpoint: bearer token, picklists, errors inside HTTP 200.
    Atrium {
        /// The address to listen on.
        #[arg(long, default_value = "127.0.0.1:9103")]
        listen: SocketAddr,
        /// The only valid bearer token.
        #[arg(long)]
        token: String,
    },
    /// The SOAP service: namespaces, Basic auth, HTTP 500 for every fault.
    Parcel {
        /// The address to listen on.
        #[arg(long, default_value = "127.0.0.1:9104")]
        listen: SocketAddr,
        /// The name of the service user.
        #[arg(long)]
        user: String,
        /// The password of the service user.
        #[arg(long)]
        password: String,
    },
    /// The CRM with optimistic locking: JSON, API key, amounts in lakhs.
    Ridgeline {
        /// The address to listen on.
        #[arg(long, default_value = "127.0.0.1:9105")]
        listen: SocketAddr,
        /// The only valid API key.
        #[arg(long)]
        key: String,
    },
    /// The ERP system of the nineties: `KEY=value` lines, authenticated by an HMAC.
    Mortar {
        /// The address to listen on.
        #[arg(long, default_value = "127.0.0.1:9106")]
        listen: SocketAddr,
        /// The key that authenticates bodies.
        #[arg(long)]
        key: String,
    },
    /// The calling platform's receiver of pushed leads, at /leads.
    Agent {
        /// The address to listen on.
        #[arg(long, default_value = "127.0.0.1:9200")]
        listen: SocketAddr,
        /// The signing secret of pushes: `whsec_` and base64.
        #[arg(long)]
        secret: String,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Args::parse().fake {
        Fake::Keystone { listen, token } => run::<KeystoneCrm>(listen, KeystoneConfig::new(token)).await,
        Fake::Groundwork {
            listen,
            key,
            ts_tolerance,
        } => {
            let config = GroundworkConfig {
                ts_tolerance: Some(ts_tolerance),
                ..GroundworkConfig::new(key)
            };
            run::<GroundworkCrm>(listen, config).await
        }
        Fake::Atrium { listen, token } => run::<AtriumCrm>(listen, AtriumConfig::new(token)).await,
        Fake::Parcel { listen, user, password } => run::<ParcelCrm>(listen, ParcelConfig::new(user, password)).await,
        Fake::Ridgeline { listen, key } => run::<RidgelineCrm>(listen, RidgelineConfig::new(key)).await,
        Fake::Mortar { listen, key } => run::<MortarCrm>(listen, MortarConfig::new(key)).await,
        Fake::Agent { listen, secret } => run::<LeadReceiver>(listen, AgentConfig::new(secret)).await,
    }
}

async fn run<T: FakeService>(listen: SocketAddr, config: T::Config) -> anyhow::Result<()> {
    let server = FakeServer::<T>::start_on(listen, config).await.with_context(|| {
        format!("cannot listen on {listen}; if the address is in use, choose another with --listen")
    })?;
    println!("{}", server.origin());
    Ok(tokio::signal::ctrl_c().await?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn xtask_help_names_every_fake() {
        let xtask = concat!(env!("CARGO_MANIFEST_DIR"), "/../xtask/src/main.rs");
        let help = std::fs::read_to_string(xtask).unwrap();
        let (_, rest) = help.split_once("/// Runs one of the fake servers").unwrap();
        let (about, _) = rest.split_once("#[command(").unwrap();
        for fake in Args::command().get_subcommands() {
            let name = fake.get_name();
            assert!(about.contains(name), "`{name}` is missing in: {about}");
        }
    }
}
