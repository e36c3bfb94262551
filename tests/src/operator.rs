//! An operator: a user with a token for the admin API.

use axum::body::Body;
use http::{Method, Request};
use jackfield_domain::id::TokenId;
use jackfield_store::TokenPurpose;
use serde_json::Value;

use crate::node::TestNode;
use crate::response::TestResponse;

/// An operator of a [`TestNode`].
pub struct Operator {
    /// The token's id.
    pub id: TokenId,
    token: String,
}

impl Operator {
    /// Creates an operator with a token of its own.
    pub async fn create(test: &TestNode) -> Self {
        let tokens = &test.node.tokens;
        let (token, record) = tokens.create(TokenPurpose::Operator, "test".into()).await.unwrap();
        Self {
            id: record.id,
            token: token.expose().to_owned(),
        }
    }

    /// A request with the operator's token.
    pub fn request(&self, method: Method, path: &str, body: Body) -> Request<Body> {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {}", self.token));
        request.header("content-type", "application/json").body(body).unwrap()
    }

    /// Sends a request to the admin API.
    pub async fn ask(&self, test: &TestNode, method: Method, path: &str, body: Option<&Value>) -> TestResponse {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        test.admin(self.request(method, path, body)).await
    }

    /// Gets a resource, which must exist.
    pub async fn get(&self, test: &TestNode, path: &str) -> Value {
        self.ask(test, Method::GET, path, None).await.expect(200).json()
    }

    /// Sets a tenant's stored secret.
    pub async fn set_secret(&self, test: &TestNode, tenant: &str, name: &str, value: &str) -> TestResponse {
        let path = format!("/v1/tenants/{tenant}/secrets/{name}");
        test.admin(self.request(Method::PUT, &path, Body::from(value.to_owned())))
            .await
    }
}
