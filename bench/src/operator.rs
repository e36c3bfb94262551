//! The admin API over a keep-alive connection, so that measured times do not include starting a command.

use std::net::SocketAddr;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::load::{Connection, Request};

/// An operator.
#[derive(Debug)]
pub struct Operator {
    connection: Connection,
    bearer: String,
}

impl Operator {
    /// Connects to the admin API.
    pub async fn connect(to: SocketAddr, token: &str) -> anyhow::Result<Self> {
        Ok(Self {
            connection: Connection::connect(to).await?,
            bearer: format!("Bearer {token}"),
        })
    }

    /// Pushes a component and returns its digest. Benchmarks push many under one version.
    pub async fn push(&mut self, component: &[u8]) -> anyhow::Result<String> {
        let pushed = self.post("/v1/adapters?replace=true", "application/wasm", component);
        let pushed = pushed.await?;
        let digest = pushed["adapter"]["digest"]
            .as_str()
            .context("the response has no digest")?;
        Ok(digest.to_owned())
    }

    /// Applies a tenant file.
    pub async fn apply(&mut self, toml: &str) -> anyhow::Result<()> {
        let applied = self.post("/v1/releases", "application/toml", toml.as_bytes()).await?;
        anyhow::ensure!(applied["unchanged"] == false, "the tenant file changes nothing");
        Ok(())
    }

    /// Creates a token for a tenant's agent.
    pub async fn token(&mut self, tenant: &str) -> anyhow::Result<String> {
        let wanted = json!({ "for": "agent", "tenant": tenant }).to_string();
        let made = self.post("/v1/tokens", "application/json", wanted.as_bytes()).await?;
        Ok(made["token"].as_str().context("the response has no token")?.to_owned())
    }

    async fn post(&mut self, path: &str, kind: &str, body: &[u8]) -> anyhow::Result<Value> {
        let headers = [("authorization", &*self.bearer), ("content-type", kind)];
        let request = Request::new("POST", path, &headers, body);
        let (status, answer) = self.connection.ask(&request).await?;
        anyhow::ensure!(
            matches!(status, 200 | 201),
            "POST {path} returned {status}: {}",
            String::from_utf8_lossy(answer)
        );
        Ok(serde_json::from_slice(answer)?)
    }
}
