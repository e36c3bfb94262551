//! Runs one fake as a process of its own: for the demo, and for trying things by hand.

use std::net::SocketAddr;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use jackfield_tests::fakes::{
    AgentConfig, AtriumConfig, AtriumCrm, FakeServer, FakeService, GroundworkConfig, GroundworkCrm, KeystoneConfig,
    KeystoneCrm, LeadReceiver, MortarConfig, MortarCrm, ParcelConfig, ParcelCrm, RidgelineConfig, RidgelineCrm,
};

/// Runs a fake CRM or a fake calling platform until it is killed.
///
/// Prints its origin on one line when it is ready, and is given orders below `/_control/`.
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
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:9101")]
        listen: SocketAddr,
        /// The only bearer token it takes.
        #[arg(long)]
        token: String,
    },
    /// The twenty-year-old CRM: signed forms in, XML out.
    Groundwork {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:9102")]
        listen: SocketAddr,
        /// The key that parameters are signed with.
        #[arg(long)]
        key: String,
        /// How far `ts` may be from this machine's clock, in seconds.
        #[arg(long, default_value_t = 600)]
        ts_tolerance: u64,
    },
    /// The CRM that is one GraphQL endpoint: bearer token, picklists, errors inside HTTP 200.
    Atrium {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:9103")]
        listen: SocketAddr,
        /// The only bearer token it takes.
        #[arg(long)]
        token: String,
    },
    /// The SOAP service: namespaces, Basic auth, HTTP 500 for every fault.
    Parcel {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:9104")]
        listen: SocketAddr,
        /// The service user's name.
        #[arg(long)]
        user: String,
        /// Its password.
        #[arg(long)]
        password: String,
    },
    /// The CRM with optimistic versions: JSON, API key, money in lakhs.
    Ridgeline {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:9105")]
        listen: SocketAddr,
        /// The only API key it takes.
        #[arg(long)]
        key: String,
    },
    /// The ERP of the nineties: `KEY=value` lines, authenticated by an HMAC.
    Mortar {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:9106")]
        listen: SocketAddr,
        /// The key that bodies are authenticated with.
        #[arg(long)]
        key: String,
    },
    /// The calling platform's receiver of pushed leads, at /leads.
    Agent {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:9200")]
        listen: SocketAddr,
        /// The secret that pushes are signed with: `whsec_` and base64.
        #[arg(long)]
        secret: String,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Args::parse().fake {
        Fake::Keystone { listen, token } => {
            run::<KeystoneCrm>(
                listen,
                KeystoneConfig {
                    addr: listen,
                    ..KeystoneConfig::new(token)
                },
            )
            .await
        }
        Fake::Groundwork {
            listen,
            key,
            ts_tolerance,
        } => {
            let ts_tolerance = Some(ts_tolerance);
            run::<GroundworkCrm>(
                listen,
                GroundworkConfig {
                    addr: listen,
                    ts_tolerance,
                    ..GroundworkConfig::new(key)
                },
            )
            .await
        }
        Fake::Parcel { listen, user, password } => {
            run::<ParcelCrm>(
                listen,
                ParcelConfig {
                    addr: listen,
                    ..ParcelConfig::new(user, password)
                },
            )
            .await
        }
        Fake::Atrium { listen, token } => run::<AtriumCrm>(listen, AtriumConfig { addr: listen, token }).await,
        Fake::Ridgeline { listen, key } => {
            run::<RidgelineCrm>(
                listen,
                RidgelineConfig {
                    addr: listen,
                    ..RidgelineConfig::new(key)
                },
            )
            .await
        }
        Fake::Mortar { listen, key } => {
            run::<MortarCrm>(
                listen,
                MortarConfig {
                    addr: listen,
                    ..MortarConfig::new(key)
                },
            )
            .await
        }
        Fake::Agent { listen, secret } => {
            run::<LeadReceiver>(
                listen,
                AgentConfig {
                    addr: listen,
                    ..AgentConfig::new(secret)
                },
            )
            .await
        }
    }
}

async fn run<T: FakeService>(listen: SocketAddr, config: T::Config) -> anyhow::Result<()> {
    let server = FakeServer::<T>::start(config)
        .await
        .with_context(|| format!("cannot listen on {listen}; if it is taken, name another with --listen"))?;
    println!("{}", server.origin());
    Ok(tokio::signal::ctrl_c().await?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_help_of_xtask_names_every_fake() {
        let xtask = concat!(env!("CARGO_MANIFEST_DIR"), "/../xtask/src/main.rs");
        let help = std::fs::read_to_string(xtask).unwrap();
        let (_, rest) = help.split_once("/// Runs one of the fake servers").unwrap();
        let (about, _) = rest.split_once("#[command(").unwrap();
        for fake in Args::command().get_subcommands() {
            let name = fake.get_name();
            assert!(about.contains(name), "`{name}` is not named in: {about}");
        }
    }
}
