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

use crate::deployment::Deployment;
use crate::load::Request;
use crate::operator::Operator;

/// What the tenants' CRMs want to see.
pub const TOKEN: &str = "bench-token";

/// All load comes from one address, which is more than the front door lets one address do.
const SETTINGS: &[(&str, &str)] = &[
    ("JACKFIELD_LOG", "info"),
    ("JACKFIELD_ADDRESS_PER_SECOND", "1000000"),
    ("JACKFIELD_FAILURES_PER_SECOND", "1000000"),
    ("JACKFIELD_TENANT_PER_SECOND", "1000000"),
    ("JACKFIELD_MAX_CONNECTIONS_PER_ADDRESS", "4096"),
];

/// A running host.
pub struct Rig {
    host: Host,
    resting: Resting,
}

/// A host that does not run, with all that it keeps.
pub struct Resting {
    binary: String,
    settings: Vec<(String, String)>,
    operator: String,
    data: TempDir,
}

/// The agent of one tenant.
#[derive(Clone)]
pub struct Agent {
    client: Client,
    leads: String,
    path: String,
    token: String,
}

impl Rig {
    /// Starts a host of its own, deployed so, with further settings.
    pub fn start(binary: &Path, deployment: &Deployment, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Ok(Resting::new(binary, deployment, settings)?.start())
    }

    /// Stops the host, as an operator would.
    pub fn stop(self) -> Resting {
        let _ = self.host.stop("TERM");
        self.resting
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.host.id()
    }

    /// An operator with a connection of its own.
    pub async fn operator(&self) -> anyhow::Result<Operator> {
        let admin = self.host.admin.trim_start_matches("http://").parse()?;
        Operator::connect(admin, &self.resting.operator).await
    }

    /// Runs an operator's command.
    pub fn order(&self, arguments: &[&str]) -> Value {
        self.host.json(&self.resting.operator, arguments)
    }

    /// Pushes a component of the workspace.
    pub fn push(&self, component: &str) -> anyhow::Result<()> {
        self.push_file(&path(component))
    }

    /// Pushes a component.
    pub fn push_file(&self, file: &Path) -> anyhow::Result<()> {
        let _ = self.order(&["adapter", "push", file.to_str().context("a path that is no text")?]);
        Ok(())
    }

    /// Puts a tenant's file in service and returns its agent.
    pub fn tenant(&self, name: &str, toml: &str) -> anyhow::Result<Agent> {
        let file = self.resting.data.path().join(format!("{name}.toml"));
        std::fs::write(&file, toml)?;
        let _ = self.order(&["tenant", "apply", file.to_str().context("a path that is no text")?]);
        let made = self.order(&["token", "create", "--tenant", name, "--for", "agent"]);
        Ok(Agent {
            client: Client::builder().no_proxy().timeout(Duration::from_mins(1)).build()?,
            leads: format!("{}/v1/tenants/{name}/leads", self.host.public),
            path: format!("/v1/tenants/{name}/leads"),
            token: made["token"].as_str().context("no token")?.to_owned(),
        })
    }

    /// Where the public listener is.
    pub fn public(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.host.public.trim_start_matches("http://").parse()?)
    }
}

impl Resting {
    /// A host that nothing was ever asked of.
    pub fn new(binary: &Path, deployment: &Deployment, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut resting = Self {
            binary: binary.to_str().context("the host's path is no text")?.to_owned(),
            settings: SETTINGS
                .iter()
                .chain(deployment.settings)
                .chain(settings)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            operator: String::new(),
            data: tempfile::tempdir()?,
        };
        // The first start prints the operator token and stops again.
        let (_, printed, _) = Host::start(&resting.binary, resting.data.path(), &resting.variables()).stop("TERM");
        resting.operator = operator_token(&printed);
        Ok(resting)
    }

    /// Starts it; it serves when this returns.
    pub fn start(self) -> Rig {
        let host = Host::start_unread(&self.binary, self.data.path(), &self.variables());
        Rig { host, resting: self }
    }

    fn variables(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (&**name, &**value)).collect()
    }
}

impl Agent {
    /// A status query, as it goes over the wire.
    pub fn status_request(&self, lead: &str) -> Request {
        let (path, token) = (format!("{}/{lead}/status", self.path), self.bearer());
        Request::new("GET", &path, &[("authorization", &token)], b"")
    }

    /// The report of a call that led to nothing, as it goes over the wire.
    pub fn disposition_request(&self, lead: &str, call: &str) -> Request {
        self.report_request(lead, hung_up(call, "no_answer").to_string().as_bytes())
    }

    /// The report of a call, as it goes over the wire.
    pub fn report_request(&self, lead: &str, said: &[u8]) -> Request {
        let (path, token) = (format!("{}/{lead}/disposition", self.path), self.bearer());
        let headers = [("authorization", &*token), ("content-type", "application/json")];
        Request::new("POST", &path, &headers, said)
    }

    /// Where the tenant's CRM pushes leads to.
    pub fn leads_path(&self) -> &str {
        &self.path
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

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
