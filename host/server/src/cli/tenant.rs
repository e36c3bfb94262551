//! `jackfield tenant …`

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use super::Session;
use super::admin_client::ApiError;
use super::arguments::PageArgs;
use super::output::{Output, or_dash, or_empty, printable, short_digest, time};
use jackfield_api::{AppliedView, ApplyQuery, Listing, ReleaseView, RollbackRequest, TenantDetailView, TenantView};
use jackfield_domain::id::{ReleaseNumber, TenantName};
use jackfield_domain::tenant::release::ReleaseChange;

#[derive(Debug, Subcommand)]
pub(super) enum TenantCommand {
    /// Make a release of a tenant's file and activate it. If it does not load, the previous release keeps serving.
    #[command(
        after_help = "Example:\n  jackfield tenant apply dwarka-homes.toml --dry-run\n  jackfield tenant apply \
            dwarka-homes.toml"
    )]
    Apply {
        /// The tenant's file; `-` reads standard input.
        #[arg(value_name = "FILE.toml")]
        file: PathBuf,
        /// Only show how the file differs from the active release.
        #[arg(long)]
        dry_run: bool,
    },
    /// List tenants by name.
    #[command(after_help = "Example:\n  jackfield tenant list")]
    List {
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show a tenant and its active release.
    #[command(after_help = "Example:\n  jackfield tenant show dwarka-homes")]
    Show {
        /// The tenant.
        #[arg(value_name = "NAME")]
        tenant: TenantName,
    },
    /// List a tenant's releases, newest first.
    #[command(after_help = "Example:\n  jackfield tenant releases dwarka-homes")]
    Releases {
        /// The tenant.
        #[arg(value_name = "NAME")]
        tenant: TenantName,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Activate an earlier release again.
    #[command(
        after_help = "Example:\n  jackfield tenant rollback dwarka-homes\n  jackfield tenant rollback dwarka-homes \
            --to 3"
    )]
    Rollback {
        /// The tenant.
        #[arg(value_name = "NAME")]
        tenant: TenantName,
        /// The release's number; without it, the release before the active one.
        #[arg(long, value_name = "N", value_parser = parse_release)]
        to: Option<ReleaseNumber>,
    },
}

/// Parses a release's number: `3` and `r3` are the same.
fn parse_release(text: &str) -> Result<ReleaseNumber, String> {
    let digits = text.strip_prefix('r').unwrap_or(text);
    format!("r{digits}")
        .parse()
        .map_err(|_| "must be a release's number, such as 3 or r3".into())
}

impl TenantCommand {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Session { client, output } = session;
        match self {
            Self::Apply { file, dry_run } => apply(session, &file, dry_run).await,
            Self::List { page } => {
                let answer = client.get::<Listing<TenantView>>(&["tenants"], &page.query()).await?;
                let headers = ["TENANT", "ACTIVE", "SERVING", "NEWEST", "ACTIVATED", "TROUBLE"];
                output.list(&answer, &headers, |tenant| {
                    vec![
                        tenant.name.clone(),
                        tenant.active.clone(),
                        or_dash(tenant.serving.as_ref()),
                        tenant.newest.clone(),
                        time(tenant.activated_at),
                        or_dash(tenant.trouble.as_ref()),
                    ]
                })
            }
            Self::Show { tenant } => {
                let path = ["tenants", tenant.as_str()];
                let answer = client.get::<TenantDetailView>(&path, &()).await?;
                output.show(&answer, |detail| render_tenant(output, detail))
            }
            Self::Releases { tenant, page } => {
                let path = ["tenants", tenant.as_str(), "releases"];
                let answer = client.get::<Listing<ReleaseView>>(&path, &page.query()).await?;
                output.list(&answer, &["RELEASE", "ADAPTER", "DIGEST", "MADE"], |release| {
                    vec![
                        release.number.clone(),
                        or_empty(release.spec["adapter"].as_str()),
                        short_digest(&release.adapter),
                        time(release.created_at),
                    ]
                })
            }
            Self::Rollback { tenant, to } => {
                let path = ["tenants", tenant.as_str(), "rollback"];
                let answer = client.post::<ReleaseView>(&path, &RollbackRequest { to }).await?;
                output.show(&answer, |release| {
                    format!(
                        "{}: {} serves now ({})",
                        release.tenant,
                        release.number,
                        short_digest(&release.adapter)
                    )
                })
            }
        }
    }
}

async fn apply(session: &Session, file: &Path, dry_run: bool) -> anyhow::Result<()> {
    let (name, text) = read(file)?;
    let request = session.client.request(Method::POST, &["releases"]);
    let request = request
        .query(&ApplyQuery { dry_run })
        .header("content-type", "application/toml")
        .body(text);
    let answer = session.client.send::<AppliedView>(request).await;
    let answer = answer.map_err(|error| match error.downcast::<ApiError>() {
        Ok(error) => error.in_file(name).into(),
        Err(error) => error,
    })?;
    session.output.show(&answer, render_applied)
}

/// Reads the tenant's file; returns its name for messages, and its text.
fn read(file: &Path) -> anyhow::Result<(String, String)> {
    if file == Path::new("-") {
        let text = std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?;
        return Ok(("standard input".into(), text));
    }
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    Ok((name, text))
}

fn render_applied(view: &AppliedView) -> String {
    let AppliedView { tenant, release, .. } = view;
    let headline = match (view.dry_run, view.changes.is_empty()) {
        (_, true) => format!("{tenant}: nothing differs, {release} keeps serving"),
        (true, false) => format!("{tenant}: would become {release}; nothing was changed"),
        (false, false) => format!("{tenant}: {release} serves now"),
    };
    let lines = view.changes.iter().map(|change| format!("\n{}", change_line(change)));
    let notes = view.notes.iter().map(|note| format!("\n  note: {}", printable(note)));
    headline + &lines.chain(notes).collect::<String>()
}

fn change_line(change: &ReleaseChange) -> String {
    let pointer = printable(&change.pointer);
    match (&change.from, &change.to) {
        (None, Some(to)) => format!("  + {pointer} {}", printable(to)),
        (Some(from), None) => format!("  - {pointer} {}", printable(from)),
        (from, to) => {
            let [from, to] = [from, to].map(|value| printable(value.as_deref().unwrap_or_default()));
            format!("  ~ {pointer} {from} → {to}")
        }
    }
}

fn render_tenant(output: &Output, detail: &TenantDetailView) -> String {
    let TenantDetailView { tenant, release } = detail;
    let fields = output.fields(&[
        ("tenant", tenant.name.clone()),
        ("active", tenant.active.clone()),
        ("serving", or_dash(tenant.serving.as_ref())),
        ("trouble", or_empty(tenant.trouble.as_ref())),
        ("newest", tenant.newest.clone()),
        ("first applied", time(tenant.created_at)),
        ("activated", time(tenant.activated_at)),
        (
            "adapter",
            or_empty(release.as_ref().map(|release| release.adapter.clone())),
        ),
    ]);
    match release {
        Some(release) => format!("{fields}\n\n{}", render_spec(&release.spec)),
        None => fields,
    }
}

/// The spec as a tenant's file, with references in place of secrets.
fn render_spec(spec: &Value) -> String {
    let text = toml::to_string(&without_nulls(spec)).unwrap_or_else(|_| format!("{spec:#}"));
    text.trim_end().lines().map(printable).collect::<Vec<_>>().join("\n")
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name.clone(), without_nulls(member)))
            .collect(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        leaf => leaf.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn release_numbers_may_omit_the_letter() {
        assert_eq!(parse_release("3"), Ok(ReleaseNumber(3)));
        assert_eq!(parse_release("r3"), Ok(ReleaseNumber(3)));
        assert!(parse_release("three").is_err());
    }

    #[test]
    fn dry_run_shows_the_changes() {
        let change = |pointer: &str, from: Option<&str>, to: Option<&str>| ReleaseChange {
            pointer: pointer.into(),
            from: from.map(Into::into),
            to: to.map(Into::into),
        };
        let view = AppliedView {
            tenant: "dwarka-homes".into(),
            release: "r4".into(),
            adapter: "sha256:00".into(),
            changes: vec![
                change("/delivery/concurrency", Some("8"), Some("16")),
                change("/delivery/per_day", None, Some("50000")),
                change("/settings/region", Some("\"north\""), None),
            ],
            unchanged: true,
            notes: vec!["/settings/base_url: the blanks around the URL were dropped".into()],
            dry_run: true,
        };
        insta::assert_snapshot!(render_applied(&view), @r#"
        dwarka-homes: would become r4; nothing was changed
          ~ /delivery/concurrency 8 → 16
          + /delivery/per_day 50000
          - /settings/region "north"
          note: /settings/base_url: the blanks around the URL were dropped
        "#);
    }

    #[test]
    fn releases_are_shown_as_files() {
        let spec = json!({"tenant": "a", "adapter": "keystone", "webhook": null, "settings": {"base_url": "http://x"},
            "credentials": [{"name": "crm", "kind": "bearer", "secret": {"env": "TOKEN"}}]});
        insta::assert_snapshot!(render_spec(&spec), @r#"
        adapter = "keystone"
        tenant = "a"

        [[credentials]]
        kind = "bearer"
        name = "crm"

        [credentials.secret]
        env = "TOKEN"

        [settings]
        base_url = "http://x"
        "#);
    }
}
