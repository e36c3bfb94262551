//! A host as a process, with tenants on fake CRMs, and a client that asks it as an agent would.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use jackfield_tests::components::path;
use jackfield_tests::documents::hung_up;
use jackfield_tests::process::{Host, operator_token};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

/// What the tenants' CRMs want to see.
pub const TOKEN: &str = "bench-token";

/// A running host.
pub struct Rig {
    host: Host,
    operator: String,
    data: TempDir,
}

/// The agent of one tenant.
#[derive(Clone)]
pub struct Agent {
    client: Client,
    leads: String,
    token: String,
}

impl Rig {
    /// Starts a host of its own.
    pub fn start(binary: &Path) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let binary = binary.to_str().context("the host's path is no text")?;
        // The first start prints the operator token and stops again.
        // All load comes from one address, which is more than the front door lets one address do.
        let settings = [
            ("JACKFIELD_LOG", "info"),
            ("JACKFIELD_ADDRESS_PER_SECOND", "100000"),
            ("JACKFIELD_FAILURES_PER_SECOND", "100000"),
            ("JACKFIELD_TENANT_PER_SECOND", "100000"),
        ];
        let (_, printed, _) = Host::start(binary, data.path(), &settings).stop("TERM");
        let operator = operator_token(&printed);
        let host = Host::start(binary, data.path(), &settings);
        Ok(Self { host, operator, data })
    }

    /// Runs an operator's command.
    pub fn order(&self, arguments: &[&str]) -> Value {
        self.host.json(&self.operator, arguments)
    }

    /// Pushes a component of the workspace.
    pub fn push(&self, component: &str) -> anyhow::Result<()> {
        let file = path(component);
        let _ = self.order(&["adapter", "push", file.to_str().context("a path that is no text")?]);
        Ok(())
    }

    /// Puts a tenant's file in service and returns its agent.
    pub fn tenant(&self, name: &str, toml: &str) -> anyhow::Result<Agent> {
        let file = self.data.path().join(format!("{name}.toml"));
        std::fs::write(&file, toml)?;
        let _ = self.order(&["tenant", "apply", file.to_str().context("a path that is no text")?]);
        let made = self.order(&["token", "create", "--tenant", name, "--for", "agent"]);
        Ok(Agent {
            client: Client::builder().no_proxy().timeout(Duration::from_mins(1)).build()?,
            leads: format!("{}/v1/tenants/{name}/leads", self.host.public),
            token: made["token"].as_str().context("no token")?.to_owned(),
        })
    }

    /// Where the public listener is.
    pub fn public(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.host.public.trim_start_matches("http://").parse()?)
    }
}

impl Agent {
    /// Asks whether a lead may be called, whatever the answer.
    pub async fn ask(&self, lead: &str) -> reqwest::Result<Response> {
        let url = format!("{}/{lead}/status", self.leads);
        self.client.get(url).bearer_auth(&self.token).send().await
    }

    /// Asks whether a lead may be called; the answer must be a 200.
    pub async fn status(&self, lead: &str) -> anyhow::Result<()> {
        let answer = self.ask(lead).await?;
        let status = answer.status();
        let body = answer.text().await?;
        anyhow::ensure!(status == StatusCode::OK, "a status query got {status}: {body}");
        Ok(())
    }

    /// Reports a call; the answer must be a 202.
    pub async fn dispose(&self, lead: &str, call: &str) -> anyhow::Result<()> {
        let url = format!("{}/{lead}/disposition", self.leads);
        let said = hung_up(call, "no_answer");
        let answer = self
            .client
            .post(url)
            .bearer_auth(&self.token)
            .json(&said)
            .send()
            .await?;
        let status = answer.status();
        anyhow::ensure!(
            status == StatusCode::ACCEPTED,
            "a disposition got {status}: {}",
            answer.text().await?
        );
        Ok(())
    }
}
