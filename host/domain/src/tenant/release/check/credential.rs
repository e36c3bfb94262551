//! Checks `[[credentials]]` and `[tls]`: each kind has the fields that it needs, and no two credentials conflict.

use url::Url;

use super::super::credential::{BasicEncoding, ClientAuth, CredentialKind, CredentialSpec, OAuth2Grant, OAuth2Spec};
use super::super::spec::TenantSpec;
use super::egress::host_url;
use super::secret::secret;
use crate::field::FieldError;
use crate::tenant::egress::{EgressSpec, is_host_header};
use crate::tenant::needs::AdapterNeeds;

pub(super) fn check(spec: &TenantSpec, needs: &AdapterNeeds, errors: &mut Vec<FieldError>) {
    for need in &needs.credentials {
        match spec.credentials.iter().find(|credential| credential.name == need.name) {
            None => errors.push(FieldError::new(
                "/credentials",
                format!(
                    "must have one named `{}` of kind {}: {}",
                    need.name, need.kind, need.doc
                ),
            )),
            // A customer's CRM may expect its key in another header than the adapter's author assumed, so the check
            // distinguishes only between signing and injecting.
            Some(given) if (given.kind == CredentialKind::Hmac) != (need.kind == "hmac") => {
                errors.push(FieldError::new(
                    "/credentials",
                    format!(
                        "`{}` must be of kind {}, not {}: {}",
                        need.name,
                        need.kind,
                        given.kind.word(),
                        need.doc
                    ),
                ));
            }
            Some(_) => {}
        }
    }
    for (index, credential) in spec.credentials.iter().enumerate() {
        let at = |member: &str| format!("/credentials/{index}/{member}");
        let earlier = &spec.credentials[..index];
        if earlier.iter().any(|earlier| earlier.name == credential.name) {
            errors.push(FieldError::new(at("name"), "is used twice"));
        }
        match &credential.secret {
            Some(given) if !credential.is_public_client() => secret(given, at("secret"), errors),
            Some(_) => errors.push(FieldError::new(
                at("secret"),
                "must be left out with client_auth = \"none\": a public client has no secret",
            )),
            None if !credential.is_public_client() => errors.push(FieldError::new(
                at("secret"),
                "is required; only a public OAuth2 client (client_auth = \"none\") has none",
            )),
            None => {}
        }
        origins(spec, earlier, credential, &at, errors);
        members(credential, &at, errors);
        if let Some(given) = credential
            .oauth2
            .as_ref()
            .filter(|_| credential.kind == CredentialKind::OAuth2)
        {
            oauth2(given, &spec.egress, &at, errors);
        }
    }
    if let Some(ca) = &spec.tls.ca {
        secret(ca, "/tls/ca".into(), errors);
    }
}

fn origins(
    spec: &TenantSpec,
    earlier: &[CredentialSpec],
    credential: &CredentialSpec,
    at: &impl Fn(&str) -> String,
    errors: &mut Vec<FieldError>,
) {
    let Some(set) = injected_part(credential) else {
        if !credential.origins.is_empty() {
            errors.push(FieldError::new(
                at("origins"),
                "must be left out: an hmac key is never sent anywhere",
            ));
        }
        return;
    };
    if credential.origins.is_empty() {
        errors.push(FieldError::new(
            at("origins"),
            "must name where the host adds it, for example [\"https://crm.example\"]",
        ));
    }
    for (n, origin) in credential.origins.iter().enumerate() {
        let at = at(&format!("origins/{n}"));
        if !spec.egress.grants(origin) {
            errors.push(FieldError::new(at.clone(), "must be among egress.allow"));
        }
        if credential.kind == CredentialKind::Mtls && !origin.is_https() {
            errors.push(FieldError::new(
                at.clone(),
                "must be https: without TLS there is no handshake to show a certificate in",
            ));
        }
        let conflict = earlier
            .iter()
            .find(|other| other.origins.contains(origin) && injected_part(other).as_ref() == Some(&set));
        if let Some(conflict) = conflict {
            errors.push(FieldError::new(
                at,
                format!("`{}` sets the {set} there already, and only one can", conflict.name),
            ));
        }
    }
}

/// The part of a request that the credential sets; `None` if it only signs.
fn injected_part(credential: &CredentialSpec) -> Option<String> {
    let header = |name: &str| Some(format!("header {}", name.to_ascii_lowercase()));
    match credential.kind {
        CredentialKind::Bearer | CredentialKind::Basic | CredentialKind::OAuth2 => header("authorization"),
        CredentialKind::Header => header(credential.header.as_deref().unwrap_or("authorization")),
        CredentialKind::Query => Some(format!(
            "parameter {}",
            credential.parameter.as_deref().unwrap_or_default()
        )),
        CredentialKind::Mtls => Some("client certificate".into()),
        CredentialKind::Hmac => None,
    }
}

/// Checks the members that belong to one kind only.
fn members(credential: &CredentialSpec, at: &impl Fn(&str) -> String, errors: &mut Vec<FieldError>) {
    let is = |kind| credential.kind == kind;
    let header_ok = credential
        .header
        .as_ref()
        .is_none_or(|name| http::HeaderName::from_bytes(name.as_bytes()).is_ok());
    if credential.header.is_some() != is(CredentialKind::Header) || !header_ok {
        errors.push(FieldError::new(
            at("header"),
            "must be a header's name with kind \"header\", and left out otherwise",
        ));
    }
    if credential.header.as_deref().is_some_and(is_host_header) {
        errors.push(FieldError::new(
            at("header"),
            "must not be a header of the connection or of the answer's encoding: the host sets those itself",
        ));
    }
    let parameter_ok = credential.parameter.as_ref().is_none_or(|name| !name.is_empty());
    if credential.parameter.is_some() != is(CredentialKind::Query) || !parameter_ok {
        errors.push(FieldError::new(
            at("parameter"),
            "must be the name of a URL's parameter with kind \"query\", and left out otherwise",
        ));
    }
    if credential.username.is_some() != is(CredentialKind::Basic) {
        errors.push(FieldError::new(
            at("username"),
            "must be given with kind \"basic\", and left out otherwise",
        ));
    }
    if credential.username.as_ref().is_some_and(|name| name.contains(':')) {
        errors.push(FieldError::new(
            at("username"),
            "must hold no colon: the server would take what follows for the password",
        ));
    }
    if credential.certificate.is_some() != is(CredentialKind::Mtls) {
        errors.push(FieldError::new(
            at("certificate"),
            "must be given with kind \"mtls\", the private key being its secret, and left out otherwise",
        ));
    }
    if let Some(certificate) = &credential.certificate {
        secret(certificate, at("certificate"), errors);
    }
    if credential.oauth2.is_some() != is(CredentialKind::OAuth2) {
        errors.push(FieldError::new(
            at("oauth2"),
            "must be a table with token_url and client_id with kind \"oauth2\", and left out otherwise",
        ));
    }
}

fn oauth2(given: &OAuth2Spec, egress: &EgressSpec, at: &impl Fn(&str) -> String, errors: &mut Vec<FieldError>) {
    let at = |member: &str| at(&format!("oauth2/{member}"));
    host_url(&given.token_url, egress, at("token_url"), errors);
    if given.client_id.is_empty() {
        errors.push(FieldError::new(at("client_id"), "must not be empty"));
    }
    if given.refresh_token.is_some() != (given.grant == OAuth2Grant::RefreshToken) {
        errors.push(FieldError::new(
            at("refresh_token"),
            "must be given with grant \"refresh-token\", and left out otherwise",
        ));
    }
    if let Some(token) = &given.refresh_token {
        secret(token, at("refresh_token"), errors);
    }
    let is_scope = |c: char| matches!(c, '\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
    let scope_ok = |scope: &String| {
        scope
            .split(' ')
            .all(|part| !part.is_empty() && part.chars().all(is_scope))
    };
    if !given.scope.as_ref().is_none_or(scope_ok) {
        errors.push(FieldError::new(
            at("scope"),
            "must be scopes separated by single spaces, such as \"leads.read calls.write\"",
        ));
    }
    if given.audience.as_ref().is_some_and(String::is_empty) {
        errors.push(FieldError::new(at("audience"), "must not be empty"));
    }
    let is_resource = |text: &String| {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        visible && Url::parse(text).is_ok_and(|uri| uri.fragment().is_none())
    };
    if !given.resource.iter().all(is_resource) {
        errors.push(FieldError::new(
            at("resource"),
            "must be absolute URIs without fragment, such as \"https://api.crm.example\"",
        ));
    }
    if given.basic_encoding == BasicEncoding::Plain {
        if given.client_auth != ClientAuth::Basic {
            errors.push(FieldError::new(
                at("basic_encoding"),
                "is used only with client_auth = \"basic\"; leave it out",
            ));
        } else if given.client_id.contains(':') {
            errors.push(FieldError::new(
                at("basic_encoding"),
                "must be \"form\" for a client_id with a colon: the server would take what follows for the secret",
            ));
        }
    }
}
