//! Asking the admin API.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use reqwest::{Certificate, Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use jackfield_domain::custody::Sensitive;
use jackfield_domain::field::FieldError;

/// Long enough for a replay of ten thousand, and for an adapter of 64 MiB to be compiled on a small machine.
const TIMEOUT: Duration = Duration::from_mins(10);
/// A host that is there answers at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where help shows the options that every command takes.
pub(super) const EVERYWHERE: &str = "Options of every command";

/// Which host to ask, and as whom.
#[derive(Debug, Args)]
#[command(next_help_heading = EVERYWHERE)]
pub(super) struct Connection {
    /// The admin listener of the host.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "JACKFIELD_ADMIN_URL",
        default_value = "http://127.0.0.1:8081",
        value_parser = admin_url
    )]
    admin_url: Url,
    /// PEM file with the authority that signed the host's certificate, if the machine does not know it.
    #[arg(long, global = true, value_name = "FILE", env = "JACKFIELD_ADMIN_CA")]
    admin_ca: Option<PathBuf>,
    /// An operator token. Better in the environment: others on this machine can see command lines.
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        env = "JACKFIELD_TOKEN",
        hide_env_values = true,
        value_parser = token
    )]
    token: Option<Sensitive>,
}

fn admin_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err("must be like http://127.0.0.1:8081".into()),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of a value parser")]
fn token(text: &str) -> Result<Sensitive, String> {
    Ok(Sensitive::new(text.trim().to_owned()))
}

/// The admin API of one host.
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<Sensitive>,
}

/// What the API answered: as a program wants it, and as the table needs it.
pub(super) struct Answer<T> {
    pub raw: Value,
    pub view: T,
}

/// The API refused.
#[derive(Debug, Deserialize)]
pub(super) struct Refused {
    status: u16,
    detail: String,
    #[serde(default)]
    errors: Vec<FieldError>,
    #[serde(default)]
    request_id: String,
    /// Whether a token had been given.
    #[serde(skip)]
    had_token: bool,
    /// The file that the errors are in.
    #[serde(skip)]
    file: Option<String>,
}

impl Refused {
    /// Says in which file the errors are, if it is the file that was refused.
    pub fn in_file(mut self, name: String) -> Self {
        self.file = matches!(self.status, 400 | 422).then_some(name);
        self
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_ref().map(|file| format!("{file}: ")).unwrap_or_default();
        match (self.status, self.errors.as_slice()) {
            (401, _) if self.had_token => f.write_str("the host does not accept this operator token")?,
            (401, _) => f.write_str("the host wants an operator token and none was given")?,
            (_, [] | [_]) => write!(f, "{file}{}", self.detail)?,
            (_, errors) => {
                for (n, error) in errors.iter().enumerate() {
                    let line = if n == 0 { "" } else { "\n" };
                    write!(f, "{line}{file}{}: {}", error.pointer, error.detail)?;
                }
            }
        }
        if self.status == 401 {
            f.write_str(
                "\nSet JACKFIELD_TOKEN to one, or give --token. The first `jackfield serve` prints one; \
                 `jackfield token create --for operator` makes more.",
            )?;
        } else if self.status >= 500 && !self.request_id.is_empty() {
            write!(f, "\nThe host's log has more under request_id {}.", self.request_id)?;
        }
        Ok(())
    }
}

impl Client {
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn new(connection: Connection) -> anyhow::Result<Self> {
        let mut authorities = vec![];
        if let Some(file) = &connection.admin_ca {
            let shown = file.display();
            let pem = std::fs::read(file).with_context(|| format!("{shown}: cannot be read"))?;
            authorities = Certificate::from_pem_bundle(&pem)
                .ok()
                .filter(|found| !found.is_empty())
                .with_context(|| format!("{shown}: holds no certificate in PEM"))?;
        }
        let http = reqwest::Client::builder()
            .tls_certs_merge(authorities)
            // The host is nearby; a proxy of the environment would only see its token.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .build()
            .context("cannot set up the HTTP client")?;
        let token = connection.token.filter(|token| !token.expose().is_empty());
        Ok(Self {
            http,
            base: connection.admin_url,
            token,
        })
    }

    /// A request for a path, whose parts are escaped here.
    pub fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        // Only a URL without a host has no path, and such a one is refused on the command line.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    /// Reads something.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &impl serde::Serialize,
    ) -> anyhow::Result<Answer<T>> {
        self.send(self.request(Method::GET, path).query(query)).await
    }

    /// Orders something.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl serde::Serialize,
    ) -> anyhow::Result<Answer<T>> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Sends a request and reads the answer.
    pub async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<Answer<T>> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        if status.is_success() {
            let raw: Value = serde_json::from_slice(&bytes).map_err(|_| self.stranger(status))?;
            let view = serde_json::from_value(raw.clone()).map_err(|_| self.stranger(status))?;
            return Ok(Answer { raw, view });
        }
        match serde_json::from_slice::<Refused>(&bytes) {
            Ok(refused) => Err(Refused {
                had_token: self.token.is_some(),
                ..refused
            }
            .into()),
            Err(_) => Err(self.stranger(status)),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        let base = &self.base;
        if error.is_timeout() && !error.is_connect() {
            return anyhow::anyhow!("the host at {base} did not answer in time\nLook at its log; then send it again.");
        }
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            why = error.to_string();
            cause = error.source();
        }
        anyhow::anyhow!(
            "cannot reach the host at {base} ({why})\nStart it with `jackfield serve`, or point --admin-url or \
             JACKFIELD_ADMIN_URL at its admin listener."
        )
    }

    fn stranger(&self, status: StatusCode) -> anyhow::Error {
        anyhow::anyhow!(
            "{} answered {status}, but not as this version's admin API does\nPoint --admin-url or JACKFIELD_ADMIN_URL \
             at the host's admin listener, and use the `jackfield` of the host's version.",
            self.base
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(base: &str) -> Client {
        Client::new(Connection {
            admin_ca: None,
            admin_url: base.parse().unwrap(),
            token: None,
        })
        .unwrap()
    }

    #[test]
    fn parts_of_a_path_are_escaped() {
        for base in ["http://127.0.0.1:8081", "http://127.0.0.1:8081/"] {
            let request = client(base).request(Method::GET, &["tenants", "a", "leads", "L/1?ü"]);
            let url = request.build().unwrap().url().to_string();
            assert_eq!(url, "http://127.0.0.1:8081/v1/tenants/a/leads/L%2F1%3F%C3%BC");
        }
    }

    #[test]
    fn a_refusal_names_the_file_and_every_field() {
        let body = r#"{"type":"urn:jackfield:problem:invalid","title":"t","status":422,"detail":"2 fields are wrong",
            "errors":[{"pointer":"/settings/base_url","detail":"is required"},
                {"pointer":"/limits/cpu_ms","detail":"must be 1 to 60000"}],
            "request_id":"req_1"}"#;
        let refused: Refused = serde_json::from_str(body).unwrap();
        let refused = refused.in_file("a.toml".into());
        insta::assert_snapshot!(refused, @r"
        a.toml: /settings/base_url: is required
        a.toml: /limits/cpu_ms: must be 1 to 60000
        ");
    }

    #[tokio::test]
    async fn an_absent_host_is_said_to_be_absent() {
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let asked = client(&format!("http://{free}")).get::<Value>(&["tenants"], &()).await;
        let message = asked.err().unwrap().to_string();
        assert!(
            message.starts_with(&format!("cannot reach the host at http://{free}/ (")),
            "{message}"
        );
        assert!(message.contains("jackfield serve"), "{message}");
    }
}
