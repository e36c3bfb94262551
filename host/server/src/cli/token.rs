//! `jackfield token …`

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use reqwest::Method;
use serde::Serialize;

use super::Session;
use super::arguments::PageArgs;
use super::output::{Output, note, or_dash, time};
use crate::app::TokenRecovery;
use crate::config::Config;
use jackfield_api::{Listing, NewTokenView, RevokedView, TokenHolder, TokenRequest, TokenView};
use jackfield_clock::{Clock as _, SystemClock, after};
use jackfield_domain::id::{TenantName, TokenId};

/// How long a running host may take to accept a recovered token: it looks each second.
const HOST_LIMIT: Duration = Duration::from_secs(5);
/// How often the command looks whether it has.
const POLL: Duration = Duration::from_millis(50);

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Create a token. It is shown once; the host stores only its digest.
    #[command(
        after_help = "Example:\n  jackfield token create --tenant dwarka-homes --for agent\n  jackfield token create \
            --for operator --label on-call"
    )]
    Create {
        /// Who it is for.
        #[arg(long = "for", value_name = "WHO", value_parser = holder())]
        holder: TokenHolder,
        /// The tenant whose public API an agent's token opens.
        #[arg(long, value_name = "NAME", required_if_eq("holder", "agent"))]
        tenant: Option<TenantName>,
        /// A note for people, at most 200 characters.
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        label: String,
    },
    /// List tokens, newest first, including revoked ones, but not the tokens themselves.
    #[command(after_help = "Example:\n  jackfield token list")]
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// Make an operator token on the host's own machine, when none is at hand.
    #[command(after_help = "Example:
  jackfield token recover
  jackfield token recover --config /etc/jackfield.toml

It needs no token and no admin API, but the right to write in data_dir: run it on the host's machine, as the user that
the host runs as, or as root. The host accepts the token within a second; if it does not run, with its next start. The
audit trail shows it.")]
    Recover(RecoverArgs),
    /// Revoke a token: the host no longer accepts it.
    #[command(after_help = "Example:\n  jackfield token revoke tok_4")]
    Revoke {
        /// The token's id, as `token list` shows it.
        #[arg(value_name = "ID")]
        id: TokenId,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct RecoverArgs {
    /// The host's settings, which name its data directory; JACKFIELD_* variables override them
    #[arg(long, value_name = "FILE", env = "JACKFIELD_CONFIG")]
    config: Option<PathBuf>,
}

/// A recovered token, as `--json` prints it.
#[derive(Debug, Serialize)]
struct RecoveredToken {
    token: String,
    /// Whether a running host has accepted it already.
    accepted: bool,
}

impl RecoverArgs {
    pub async fn run(self, output: &Output) -> anyhow::Result<()> {
        let config = Config::load(self.config.as_deref(), std::env::vars_os())?;
        let data_dir = config.data_dir.display();
        anyhow::ensure!(
            config.data_dir.is_dir(),
            "there is no data directory {data_dir}: give the host's settings with --config, or JACKFIELD_DATA_DIR"
        );
        let recovery = TokenRecovery::new(&config.data_dir);
        let token = recovery.request().with_context(|| {
            format!("a file cannot be written in {data_dir}: run this as the user that the host runs as")
        })?;
        let clock = SystemClock;
        let until = after(clock.now(), HOST_LIMIT);
        while recovery.is_pending() && clock.now() < until {
            clock.sleep_until(after(clock.now(), POLL)).await;
        }
        let accepted = !recovery.is_pending();
        let token = token.expose().to_owned();
        let made = RecoveredToken { token, accepted };
        output.print_result(&made, || made.token.clone())?;
        note(if accepted {
            "The host accepts it from now on. Store it; it is not shown again."
        } else {
            "No host runs over this directory, so the next start accepts it. Store it; it is not shown again."
        });
        Ok(())
    }
}

/// Parses the word of a [`TokenHolder`].
fn holder() -> impl TypedValueParser<Value = TokenHolder> {
    let words = [
        PossibleValue::new(TokenHolder::Agent.word()).help("The calling platform, for the public API of one tenant"),
        PossibleValue::new(TokenHolder::Operator.word()).help("A member of the platform team, for the admin API"),
    ];
    PossibleValuesParser::new(words).try_map(|word| TokenHolder::from_word(&word).ok_or("unknown word"))
}

impl TokenCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Session { client, output } = session;
        match self {
            // It needs no session, and was run before one was made.
            Self::Recover(_) => Ok(()),
            Self::Create { holder, tenant, label } => {
                let request = TokenRequest { holder, tenant, label };
                let answer = client.post::<NewTokenView>(&["tokens"], &request).await?;
                output.show(&answer, |new| new.token.clone())?;
                note(&format!(
                    "{}: store the token now; it is not shown again.",
                    answer.view.record.id
                ));
                Ok(())
            }
            Self::List { page } => {
                let answer = client.get::<Listing<TokenView>>(&["tokens"], &page.query()).await?;
                output.list(&answer, &["ID", "FOR", "TENANT", "LABEL", "MADE", "REVOKED"], |token| {
                    vec![
                        token.id.clone(),
                        token.holder.word().into(),
                        or_dash(token.tenant.as_ref()),
                        token.label.clone(),
                        time(token.created_at),
                        or_dash(token.revoked_at.map(time)),
                    ]
                })
            }
            Self::Revoke { id } => {
                let request = client.request(Method::DELETE, &["tokens", &id.to_string()]);
                let answer = client.send::<RevokedView>(request).await?;
                output.show(&answer, |view| format!("{}: revoked", view.id))
            }
        }
    }
}
