//! `jackfield secrets …`

use std::io::{IsTerminal as _, stdin};

use anyhow::Context as _;
use clap::Subcommand;
use reqwest::Method;
use serde_json::json;

use super::Session;
use super::ask::Paging;
use super::screen::{note, or_dash, time};
use jackfield_api::{Listing, RotatedView, SecretRemovedView, SecretSetView, SecretUseView, SecretView};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::id::{SecretName, TenantName};

#[derive(Debug, Subcommand)]
pub(super) enum SecretsCommand {
    /// Give the host a secret to keep, sealed; or another value for one that it keeps.
    #[command(after_help = "Example:
  jackfield secrets set dwarka-homes crm-password

The value is asked for, and not shown; or read from standard input, where one line break at its end is left out:
`jackfield secrets set dwarka-homes crm-password < FILE`. It is never an argument: others can see command lines.

A tenant's file names it as `secret = { stored = \"crm-password\" }`. If the active release uses it, it serves with
the new value at once; a value with which it would not load is refused.")]
    Set {
        /// Whose.
        #[arg(value_name = "TENANT")]
        tenant: TenantName,
        /// Under which name: 1 to 64 of a-z, 0-9 and `-`, a letter first.
        #[arg(value_name = "NAME")]
        name: SecretName,
    },
    /// List a tenant's secrets by name, and where they are used; never their values.
    #[command(after_help = "Example:
  jackfield secrets list dwarka-homes

Names that begin with `sec_` were made up by the host for values written out in a tenant's file.")]
    List {
        /// Whose.
        #[arg(value_name = "TENANT")]
        tenant: TenantName,
        #[command(flatten)]
        page: Paging,
    },
    /// Remove a secret that the active release does not use.
    #[command(after_help = "Example:\n  jackfield secrets remove dwarka-homes crm-password")]
    Remove {
        /// Whose.
        #[arg(value_name = "TENANT")]
        tenant: TenantName,
        /// Its name, as `secrets list` shows it.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Change the master key: seal every secret with a new one, while the host serves.
    #[command(after_help = "Example:
  jackfield secrets rotate-key

The new key is written to master_key_file beside the old one, every secret is sealed with it in one transaction, and
then the old one is removed. If it is broken off in between, every secret can still be read, and the next start
finishes it. Backups of the database from before need the old key: keep a copy of it for as long as you keep them.

If the key is in the environment, the host cannot change it. Start it with a new key in JACKFIELD_MASTER_KEY and the
present one in JACKFIELD_MASTER_KEY_OLD: that start seals everything anew. Leave the old one out from then on.
`openssl rand -base64 32` makes a key.")]
    RotateKey,
}

impl SecretsCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Session { client, screen } = session;
        match self {
            Self::Set { tenant, name } => {
                let value = value(&name)?;
                let path = ["tenants", tenant.as_str(), "secrets", name.as_str()];
                let request = client.request(Method::PUT, &path);
                let request = request
                    .header("content-type", "text/plain")
                    .body(value.expose().to_owned());
                let answer = client.send::<SecretSetView>(request).await?;
                screen.show(&answer, set)?;
                if !answer.view.tenant_exists {
                    note(&format!(
                        "There is no tenant {tenant} yet: `jackfield tenant apply` makes it."
                    ));
                }
                Ok(())
            }
            Self::List { tenant, page } => {
                let path = ["tenants", tenant.as_str(), "secrets"];
                let answer = client.get::<Listing<SecretView>>(&path, &page).await?;
                screen.list(&answer, &["NAME", "SET", "KEY", "USED BY"], |secret| {
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
                screen.show(&answer, |view| format!("{}: {} is removed", view.tenant, view.name))?;
                if !answer.view.used_by.is_empty() {
                    note(&format!(
                        "Cannot be gone back to any more: {}",
                        used_by(&answer.view.used_by)
                    ));
                }
                Ok(())
            }
            Self::RotateKey => {
                let answer = client
                    .post::<RotatedView>(&["secrets", "rotate-key"], &json!({}))
                    .await?;
                screen.show(&answer, rotated)?;
                if let Some(why) = &answer.view.old_key_kept {
                    note(&format!(
                        "The old key is still in the file: {why}\nTake it out; nothing needs it."
                    ));
                }
                Ok(())
            }
        }
    }
}

/// The value, from whoever types or pipes it.
fn value(name: &SecretName) -> anyhow::Result<Sensitive> {
    if stdin().is_terminal() {
        let typed = rpassword::prompt_password(format!("Value of {name} (not shown): "));
        return Ok(Sensitive::new(typed.context("cannot ask on this terminal")?));
    }
    let text = Sensitive::new(std::io::read_to_string(stdin()).context("cannot read standard input")?);
    Ok(Sensitive::new(without_line_break(text.expose()).to_owned()))
}

/// The text without the one line break that `echo` and editors put at its end.
fn without_line_break(text: &str) -> &str {
    let line = text.strip_suffix('\n').unwrap_or(text);
    line.strip_suffix('\r')
        .filter(|_| line.len() < text.len())
        .unwrap_or(line)
}

fn set(view: &SecretSetView) -> String {
    let kept = format!("{}: {} is set", view.tenant, view.name);
    match (&view.reloaded, &view.trouble) {
        (Some(release), _) => format!("{kept}, and {release} serves with it"),
        (None, Some(trouble)) => format!("{kept}; the active release still does not load: {trouble}"),
        (None, None) => format!("{kept}; the active release does not use it"),
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

fn rotated(view: &RotatedView) -> String {
    let left = match view.left {
        0 => String::new(),
        left => format!("; {left} stay as they are, since this host does not have their key"),
    };
    format!(
        "master key {} seals now; {} secrets were sealed with it{left}",
        view.key, view.resealed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_break_at_the_end_is_left_out() {
        for (text, value) in [
            ("hunter2\n", "hunter2"),
            ("hunter2\r\n", "hunter2"),
            ("hunter2", "hunter2"),
            ("hunter2\r", "hunter2\r"),
            ("-----END-----\n\n", "-----END-----\n"),
            ("\n", ""),
        ] {
            assert_eq!(without_line_break(text), value, "{text:?}");
        }
    }
}
