//! `jackfield token …`

use clap::Subcommand;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use reqwest::Method;

use super::Session;
use super::arguments::PageArgs;
use super::output::{note, or_dash, time};
use jackfield_api::{Listing, NewTokenView, RevokedView, TokenHolder, TokenRequest, TokenView};
use jackfield_domain::id::{TenantName, TokenId};

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
    /// Revoke a token: the host no longer accepts it.
    #[command(after_help = "Example:\n  jackfield token revoke tok_4")]
    Revoke {
        /// The token's id, as `token list` shows it.
        #[arg(value_name = "ID")]
        id: TokenId,
    },
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
