//! `jackfield token …`

use clap::{Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::json;

use super::Session;
use super::ask::Paging;
use super::screen::{note, or_dash, time};
use jackfield_api::{Listing, NewTokenView, RevokedView, TokenHolder, TokenView};
use jackfield_domain::id::{TenantName, TokenId};

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token. It is shown once; the host keeps only its digest.
    #[command(
        after_help = "Example:\n  jackfield token create --tenant dwarka-homes --for agent\n  jackfield token create \
            --for operator --label on-call"
    )]
    Create {
        /// Who it is for.
        #[arg(long = "for", value_name = "WHO")]
        holder: Who,
        /// The tenant whose public API an agent's token opens.
        #[arg(long, value_name = "NAME", required_if_eq("holder", "agent"))]
        tenant: Option<TenantName>,
        /// A note for people, at most 200 characters.
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        label: String,
    },
    /// List tokens, newest first, revoked ones included; never the tokens themselves.
    #[command(after_help = "Example:\n  jackfield token list")]
    List {
        #[command(flatten)]
        page: Paging,
    },
    /// Revoke a token: nothing opens to it any more.
    #[command(after_help = "Example:\n  jackfield token revoke tok_4")]
    Revoke {
        /// The token's id, as `token list` shows it.
        #[arg(value_name = "ID")]
        id: TokenId,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Who {
    /// The calling platform, for the public API of one tenant.
    Agent,
    /// A member of the platform team, for the admin API.
    Operator,
}

impl From<Who> for TokenHolder {
    fn from(who: Who) -> Self {
        match who {
            Who::Agent => Self::Agent,
            Who::Operator => Self::Operator,
        }
    }
}

impl TokenCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Session { client, screen } = session;
        match self {
            Self::Create { holder, tenant, label } => {
                let request = json!({ "for": TokenHolder::from(holder), "tenant": tenant, "label": label });
                let answer = client.post::<NewTokenView>(&["tokens"], &request).await?;
                screen.show(&answer, |new| new.token.clone())?;
                note(&format!(
                    "{}: keep it now, it is not shown again.",
                    answer.view.record.id
                ));
                Ok(())
            }
            Self::List { page } => {
                let answer = client.get::<Listing<TokenView>>(&["tokens"], &page).await?;
                screen.list(&answer, &["ID", "FOR", "TENANT", "LABEL", "MADE", "REVOKED"], |token| {
                    let holder = match token.holder {
                        TokenHolder::Agent => "agent",
                        TokenHolder::Operator => "operator",
                    };
                    vec![
                        token.id.clone(),
                        holder.into(),
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
                screen.show(&answer, |view| format!("{}: revoked", view.id))
            }
        }
    }
}
