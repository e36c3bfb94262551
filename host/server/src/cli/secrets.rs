//! `jackfield secrets …`

use std::io::{IsTerminal as _, stdin};

use anyhow::Context as _;
use clap::Subcommand;
use reqwest::Method;
use serde_json::json;

use super::Session;
use super::arguments::PageArgs;
use super::output::{note, or_dash, time};
use jackfield_api::{Listing, RotatedView, SecretRemovedView, SecretSetView, SecretUseView, SecretView};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::id::{SecretName, TenantName};

#[derive(Debug, Subcommand)]
pub(super) enum SecretsCommand {
    /// Set a secret, which the host stores sealed, or change its value.
    #[command(after_help = "Example:
  jackfield secrets set dwarka-homes crm-password

The command asks for the value and does not show it, or reads it from standard input without a byte-order mark and line
ends around it: `jackfield secrets set dwarka-homes crm-password < FILE`. It is never an argument: others can see
command lines.

A tenant's file refers to it as `secret = { stored = \"crm-password\" }`. If the active release uses it, the release
serves with the new value at once. A value with which it would not load is refused.")]
    Set {
        /// The tenant.
        #[arg(value_name = "TENANT")]
        tenant: TenantName,
        /// The secret's name: 1 to 64 of a-z, 0-9 and `-`, a letter first.
        #[arg(value_name = "NAME")]
        name: SecretName,
    },
    /// List a tenant's secrets by name, and where they are used, but not their values.
    #[command(after_help = "Example:
  jackfield secrets list dwarka-homes

The host made up the names that begin with `sec_`, for values that a tenant's file contained.")]
    List {
        /// The tenant.
        #[arg(value_name = "TENANT")]
        tenant: TenantName,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Remove a secret that the active release does not use.
    #[command(after_help = "Example:\n  jackfield secrets remove dwarka-homes crm-password")]
    Remove {
        /// The tenant.
        #[arg(value_name = "TENANT")]
        tenant: TenantName,
        /// The secret's name, as `secrets list` shows it.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Replace the master key: seal every secret with a new one, while the host serves.
    #[command(after_help = "Example:
  jackfield secrets rotate-key

The host writes the new key to master_key_file beside the old one, seals every secret with it in one transaction, and
then removes the old one. If the rotation is interrupted, every secret can still be read, and the next start finishes
it. Earlier backups of the database need the old key: keep a copy of it for as long as you keep them.

If the key is in the environment, the host cannot replace it. Start it with a new key in JACKFIELD_MASTER_KEY and the
present one in JACKFIELD_MASTER_KEY_OLD: that start seals every secret with the new key. Omit the old one from then on.
`openssl rand -base64 32` generates a key.")]
    RotateKey,
}

impl SecretsCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Session { client, output } = session;
        match self {
            Self::Set { tenant, name } => {
                let value = read_value(&name)?;
                let path = ["tenants", tenant.as_str(), "secrets", name.as_str()];
                let request = client.request(Method::PUT, &path);
                let request = request
                    .header("content-type", "text/plain")
                    .body(value.expose().to_owned());
                let answer = client.send::<SecretSetView>(request).await?;
                output.show(&answer, render_set)?;
                if !answer.view.tenant_exists {
                    note(&format!(
                        "There is no tenant {tenant} yet: `jackfield tenant apply` creates it."
                    ));
                }
                Ok(())
            }
            Self::List { tenant, page } => {
                let path = ["tenants", tenant.as_str(), "secrets"];
                let answer = client.get::<Listing<SecretView>>(&path, &page.query()).await?;
                output.list(&answer, &["NAME", "SET", "KEY", "USED BY"], |secret| {
                    let key = if secret.opens { "" } else { " (not on this host)" };
                    vec![
                        secret.name.clone(),
                        or_dash(secret.set_at.map(time)),
                        format!("{}{key}", secret.key),
                        used_by(&secret.used_by),
                    ]
                })
            }
            Self::Remove { tenant, name } => {
                let path = ["tenants", tenant.as_str(), "secrets", &name];
                let answer = client
                    .send::<SecretRemovedView>(client.request(Method::DELETE, &path))
                    .await?;
                output.show(&answer, |view| format!("{}: {} is removed", view.tenant, view.name))?;
                if !answer.view.used_by.is_empty() {
                    note(&format!(
                        "These releases can no longer be activated: {}",
                        used_by(&answer.view.used_by)
                    ));
                }
                Ok(())
            }
            Self::RotateKey => {
                let answer = client
                    .post::<RotatedView>(&["secrets", "rotate-key"], &json!({}))
                    .await?;
                output.show(&answer, render_rotation)?;
                if let Some(reason) = &answer.view.old_key_kept {
                    note(&format!(
                        "The old key is still in the file: {reason}\nRemove it; nothing needs it."
                    ));
                }
                Ok(())
            }
        }
    }
}

/// Reads the value from the terminal, or from standard input.
fn read_value(name: &SecretName) -> anyhow::Result<Sensitive> {
    if stdin().is_terminal() {
        let typed = rpassword::prompt_password(format!("Value of {name} (not shown): "));
        return Ok(Sensitive::new(typed.context("cannot ask on this terminal")?));
    }
    let text = std::io::read_to_string(stdin()).context("cannot read standard input")?;
    Ok(trimmed(Sensitive::new(text)))
}

/// The secret as the host reads it from files too: without a byte-order mark and line ends.
fn trimmed(given: Sensitive) -> Sensitive {
    let (secret, is_trimmed) = given.trimmed();
    if is_trimmed {
        note("A byte-order mark or line ends around the secret are not part of it.");
    }
    secret
}

fn render_set(view: &SecretSetView) -> String {
    let set = format!("{}: {} is set", view.tenant, view.name);
    match (&view.reloaded, &view.trouble) {
        (Some(release), _) => format!("{set}, and {release} serves with it"),
        (None, Some(trouble)) => format!("{set}; the active release still does not load: {trouble}"),
        (None, None) => format!("{set}; the active release does not use it"),
    }
}

fn used_by(uses: &[SecretUseView]) -> String {
    let shown = uses.iter().map(|used| {
        let active = if used.active { " (active)" } else { "" };
        format!("{}{active} {}", used.release, used.at)
    });
    let shown: Vec<_> = shown.collect();
    if shown.is_empty() { "-".into() } else { shown.join(", ") }
}

fn render_rotation(view: &RotatedView) -> String {
    let left = match view.left {
        0 => String::new(),
        left => format!("; {left} were left unchanged, because this host does not have their key"),
    };
    format!(
        "{} is the master key now; {} secrets were sealed with it{left}",
        view.key, view.resealed
    )
}
