//! The admin API, asked over a connection that stays open: what is timed is the host, and not the start of a command.

use std::net::SocketAddr;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::load::{Request, Wire};

/// An operator.
#[derive(Debug)]
pub struct Operator {
    wire: Wire,
    bearer: String,
}

impl Operator {
    /// Connects.
    pub async fn connect(to: SocketAddr, token: &str) -> anyhow::Result<Self> {
        Ok(Self {
            wire: Wire::connect(to).await?,
            bearer: format!("Bearer {token}"),
        })
    }

    /// Pushes a component and returns its digest.
    pub async fn push(&mut self, component: &[u8]) -> anyhow::Result<String> {
        let pushed = self.post("/v1/adapters", "application/wasm", component).await?;
        let digest = pushed["adapter"]["digest"].as_str().context("no digest")?;
        Ok(digest.to_owned())
    }

    /// Puts a tenant's file in service.
    pub async fn apply(&mut self, toml: &str) -> anyhow::Result<()> {
        let applied = self.post("/v1/releases", "application/toml", toml.as_bytes()).await?;
        anyhow::ensure!(applied["unchanged"] == false, "the file changes nothing");
        Ok(())
    }

    /// Makes a token for a tenant's agent.
    pub async fn token(&mut self, tenant: &str) -> anyhow::Result<String> {
        let wanted = json!({ "for": "agent", "tenant": tenant }).to_string();
        let made = self.post("/v1/tokens", "application/json", wanted.as_bytes()).await?;
        Ok(made["token"].as_str().context("no token")?.to_owned())
    }

    async fn post(&mut self, path: &str, kind: &str, body: &[u8]) -> anyhow::Result<Value> {
        let headers = [("authorization", &*self.bearer), ("content-type", kind)];
        let request = Request::new("POST", path, &headers, body);
        let (status, answer) = self.wire.ask(&request).await?;
        anyhow::ensure!(
            matches!(status, 200 | 201),
            "POST {path} got {status}: {}",
            String::from_utf8_lossy(answer)
        );
        Ok(serde_json::from_slice(answer)?)
    }
}
