//! Requests to the public listener: each of them, and its answer, is held against the description of the API.

use axum::body::{Body, HttpBody as _};
use http::Request;
use http_body_util::BodyExt as _;

use super::TestNode;
use crate::api_description::{ApiDescription, DescribedRequest};
use crate::response::{TestResponse, send_request};

impl TestNode {
    /// Sends a request to the public listener.
    pub async fn public(&self, request: Request<Body>) -> TestResponse {
        let (parts, body) = request.into_parts();
        let mut described = DescribedRequest {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            body: None,
        };
        let mut body = body;
        // A body of no known length is one that a test lets break off or come slowly.
        if body.size_hint().exact().is_some() && !self.reads_own_format(&described.path) {
            let bytes = body.collect().await.unwrap().to_bytes();
            described.body = Some(bytes.to_vec());
            body = bytes.into();
        }
        let answer = send_request(self.node.public.clone(), Request::from_parts(parts, body)).await;
        ApiDescription::get().check(&described, &answer);
        answer
    }

    /// Whether a webhook to this path is in the CRM's own format, which the tenant's adapter reads.
    fn reads_own_format(&self, path: &str) -> bool {
        let tenant = path.split('/').nth(3).and_then(|name| name.parse().ok());
        let tenant = tenant.and_then(|name| self.node.tenants.get(&name));
        path.ends_with("/leads") && tenant.is_some_and(|tenant| tenant.loaded.record().parses_leads)
    }
}
