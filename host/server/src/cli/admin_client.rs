//! The command line's client of the admin API.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use reqwest::{Certificate, Method, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use jackfield_api::ProblemBody;
use jackfield_domain::custody::Sensitive;
use jackfield_domain::json::JsonDocument;

/// How long an answer may take: long enough for a replay of ten thousand deliveries, and for a small machine to compile
/// an adapter of 64 MiB.
const TIMEOUT: Duration = Duration::from_mins(10);
/// How long connecting may take. A host that is reachable accepts at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The heading in the help texts over the options that every command accepts.
pub(super) const GLOBAL_OPTIONS: &str = "Options of every command";

/// Which host to send requests to, and with which token.
#[derive(Debug, Args)]
#[command(next_help_heading = GLOBAL_OPTIONS)]
pub(super) struct ConnectionArgs {
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
    /// PEM file with the authority that signed the host's certificate, if this machine does not trust it already.
    #[arg(long, global = true, value_name = "FILE", env = "JACKFIELD_ADMIN_CA")]
    admin_ca: Option<PathBuf>,
    /// An operator token. Set it in the environment instead: others on this machine can see command lines.
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
    let (token, _) = Sensitive::new(text.to_owned()).trimmed();
    Ok(Sensitive::new(token.expose().trim().to_owned()))
}

/// A client of one host's admin API.
pub(super) struct AdminClient {
    http: reqwest::Client,
    base: Url,
    token: Option<Sensitive>,
}

/// An answer of the API.
pub(super) struct ApiAnswer<T> {
    /// As it came, for `--json`.
    pub raw: JsonDocument,
    /// As a type, to render tables and sentences.
    pub view: T,
}

/// An error answer of the API.
#[derive(Debug)]
pub(super) struct ApiError {
    problem: ProblemBody,
    /// Whether the request carried a token.
    had_token: bool,
    /// The file that the errors are in.
    file: Option<String>,
}

impl ApiError {
    /// Whether the answer has this status.
    pub fn is(&self, status: StatusCode) -> bool {
        self.problem.status == status.as_u16()
    }

    /// Names the file that the errors are in, if the content of the request was refused.
    pub fn in_file(mut self, name: String) -> Self {
        self.file = matches!(self.problem.status, 400 | 422).then_some(name);
        self
    }
}

impl std::error::Error for ApiError {}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = &self.problem;
        let file = self.file.as_ref().map(|file| format!("{file}: ")).unwrap_or_default();
        match (problem.status, problem.errors.as_slice()) {
            (401, _) if self.had_token => f.write_str("the host does not accept this operator token")?,
            (401, _) => f.write_str("the host requires an operator token and none was given")?,
            (_, [] | [_]) => write!(f, "{file}{}", problem.detail)?,
            (_, errors) => {
                for (n, error) in errors.iter().enumerate() {
                    let line = if n == 0 { "" } else { "\n" };
                    write!(f, "{line}{file}{}: {}", error.pointer, error.detail)?;
                }
            }
        }
        if problem.status == 401 {
            f.write_str(
                "\nSet JACKFIELD_TOKEN to one, or give --token. The first `jackfield serve` prints one; \
                 `jackfield token create --for operator` creates more.",
            )?;
        } else if problem.status >= 500 && !problem.request_id.is_empty() {
            write!(f, "\nThe host's log has more under request_id {}.", problem.request_id)?;
        }
        Ok(())
    }
}

impl AdminClient {
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn new(connection: ConnectionArgs) -> anyhow::Result<Self> {
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
            // The host is nearby, and a proxy from the environment would see the token.
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

    /// A request for the path with these segments, which are escaped here.
    pub fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        // Only a URL without a host has no path segments, and the command line refuses such a URL.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    /// Sends a GET request and reads the answer.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &impl serde::Serialize,
    ) -> anyhow::Result<ApiAnswer<T>> {
        self.send(self.request(Method::GET, path).query(query)).await
    }

    /// Sends a POST request with a JSON body and reads the answer.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl serde::Serialize,
    ) -> anyhow::Result<ApiAnswer<T>> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Sends a request and reads the answer.
    pub async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<ApiAnswer<T>> {
        let response = request.send().await.map_err(|error| self.connection_error(&error))?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(|error| self.connection_error(&error))?;
        if status.is_success() {
            let raw = JsonDocument::parse(&bytes).map_err(|_| self.unexpected_answer(status))?;
            let view = serde_json::from_slice(&bytes).map_err(|_| self.unexpected_answer(status))?;
            return Ok(ApiAnswer { raw, view });
        }
        match serde_json::from_slice::<ProblemBody>(&bytes) {
            Ok(problem) => Err(ApiError {
                problem,
                had_token: self.token.is_some(),
                file: None,
            }
            .into()),
            Err(_) => Err(self.unexpected_answer(status)),
        }
    }

    /// The host's URL for messages, without a user name or a password.
    fn shown_base(&self) -> String {
        let mut url = self.base.clone();
        // These fail only for URLs without a host, which the command line refuses.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.to_string()
    }

    fn connection_error(&self, error: &reqwest::Error) -> anyhow::Error {
        let base = self.shown_base();
        if error.is_timeout() && !error.is_connect() {
            return anyhow::anyhow!(
                "the host at {base} did not answer in time\nCheck its log, then repeat the command."
            );
        }
        // The last cause says why; those above it only that a request failed.
        let mut reason = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            reason = error.to_string();
            cause = error.source();
        }
        anyhow::anyhow!(
            "cannot reach the host at {base} ({reason})\nStart it with `jackfield serve`, or point --admin-url or \
             JACKFIELD_ADMIN_URL at its admin listener."
        )
    }

    fn unexpected_answer(&self, status: StatusCode) -> anyhow::Error {
        anyhow::anyhow!(
            "{} answered {status}, but not in the form of this version's admin API\nPoint --admin-url or \
             JACKFIELD_ADMIN_URL at the host's admin listener, and use the `jackfield` of the host's version.",
            self.shown_base()
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn client(base: &str) -> AdminClient {
        AdminClient::new(ConnectionArgs {
            admin_ca: None,
            admin_url: base.parse().unwrap(),
            token: None,
        })
        .unwrap()
    }

    #[test]
    fn path_segments_are_escaped() {
        for base in ["http://127.0.0.1:8081", "http://127.0.0.1:8081/"] {
            let request = client(base).request(Method::GET, &["tenants", "a", "leads", "L/1?ü"]);
            let url = request.build().unwrap().url().to_string();
            assert_eq!(url, "http://127.0.0.1:8081/v1/tenants/a/leads/L%2F1%3F%C3%BC");
        }
    }

    #[test]
    fn errors_name_the_file_and_every_field() {
        let body = r#"{"type":"urn:jackfield:problem:invalid","title":"t","status":422,"detail":"2 fields are wrong",
            "errors":[{"pointer":"/settings/base_url","detail":"is required"},
                {"pointer":"/limits/cpu_ms","detail":"must be 1 to 60000"}],
            "request_id":"req_1"}"#;
        let error = ApiError {
            problem: serde_json::from_str(body).unwrap(),
            had_token: true,
            file: None,
        };
        insta::assert_snapshot!(error.in_file("a.toml".into()), @r"
        a.toml: /settings/base_url: is required
        a.toml: /limits/cpu_ms: must be 1 to 60000
        ");
    }

    #[test]
    fn passwords_in_the_url_are_not_shown() {
        let shown = client("http://operator:hunter2@127.0.0.1:8081/?token=hunter2").shown_base();
        assert_eq!(shown, "http://127.0.0.1:8081/");
    }

    #[tokio::test]
    async fn unreachable_host_is_named() {
        let unused = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let answer = client(&format!("http://{unused}"))
            .get::<Value>(&["tenants"], &())
            .await;
        let message = answer.err().unwrap().to_string();
        assert!(
            message.starts_with(&format!("cannot reach the host at http://{unused}/ (")),
            "{message}"
        );
        assert!(message.contains("jackfield serve"), "{message}");
    }
}
