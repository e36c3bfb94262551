//! The description of the public API: what its operations share. Each endpoint's file describes its own.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Object, OpenApi, Ref, Required, ResponseBuilder, Type};
use utoipa::{Modify, OpenApi as _};

use jackfield_domain::intake::limits::MAX_BODY;
use jackfield_domain::json::MAX_DEPTH;

/// What a webhook's signature covers, and how it is written.
const SIGNATURE: &str = "`v1,` and the base64 of the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}` \
                         (Standard Webhooks). Several are separated by blanks; one valid signature is enough.";

/// Declares the problems that an operation may answer with, for its description. With `fail_closed`, every one says not
/// to call.
macro_rules! problems {
    ($name:ident, fail_closed: $fail_closed:literal, [$($kind:ident),+ $(,)?]) => {
        struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<String, utoipa::openapi::RefOr<utoipa::openapi::Response>> {
                jackfield_api::problem_responses(&[$($crate::problem::ProblemKind::$kind),+], $fail_closed)
            }
        }
    };
}
pub(super) use problems;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Jackfield public API"),
    components(schemas(jackfield_api::ProblemBody, jackfield_api::LeadDocument)),
    modifiers(&SharedParts),
    tags(
        (name = "agent", description = "What the calling platform (the agent) asks and reports."),
        (name = "crm", description = "What a tenant's CRM sends.")
    )
)]
struct PublicApiDescription;

/// The description without its operations.
pub fn description() -> OpenApi {
    PublicApiDescription::openapi()
}

/// Adds the introduction, how senders authenticate, and the webhook that the host sends.
struct SharedParts;

impl Modify for SharedParts {
    fn modify(&self, api: &mut OpenApi) {
        api.info.description = Some(introduction());
        let mut token = Http::new(HttpAuthScheme::Bearer);
        token.description = Some("The tenant's agent token, from `jackfield token create --for agent`.".to_owned());
        let signature = ApiKeyValue::with_description(
            "webhook-signature".to_owned(),
            format!(
                "{SIGNATURE} Public keys sign with `v1a,` and Ed25519. This is the profile `standard-webhooks`; a \
                 tenant's file may name another one, with other headers."
            ),
        );
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("agent", SecurityScheme::Http(token));
        components.add_security_scheme("crm", SecurityScheme::ApiKey(ApiKey::Header(signature)));
        api.webhooks = Some(PathsBuilder::new().path("lead", pushed_lead()).build());
    }
}

fn introduction() -> String {
    format!(
        "What a calling platform (the *agent*) and a tenant's CRM send to a Jackfield host, and what it sends to the \
         agent.\n\n\
         **Answers.** A 2xx is sent after the key and the work are durable. Errors are `application/problem+json` \
         with a stable `type`, a `detail` to act on, pointers to wrong fields in `errors`, and a `request_id`, which \
         is in the log and in the header `x-request-id` of every answer. After 408, 429, 500, 503 and 504, send the \
         same request again, not before `Retry-After`: a repeat is recognized. Any other error stays until the \
         request is changed or an operator acts.\n\n\
         **Documents** are JSON in UTF-8, not compressed, of at most {MAX_BODY} bytes, in at most {MAX_DEPTH} levels. \
         A member that is null or a blank text is absent. A member that appears twice is refused, at any depth. \
         Members that are not named here are extensions: there may be any number of them, and they are passed on as \
         they were sent, with the digits of their numbers. A disposition is refused if the name of an extension is, \
         but for its case, `_`, `-` and blanks, that of a field whose own place is empty: it is misspelled or in the \
         wrong object, and the error names the right place.\n\n\
         **Repeats.** A document is compared with the first one under its key: the order of members, blanks and \
         escapes do not count, the text of a number does (`1.10` is not `1.1`).\n\n\
         **Paths.** The parts of a path are percent-encoded, the `/` of an id as `%2F`."
    )
}

/// The lead that the host pushes to the agent.
fn pushed_lead() -> PathItem {
    let header = |name: &str, description: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(description))
            .schema(Some(Object::with_type(Type::String)))
    };
    let response = |description: &str| ResponseBuilder::new().description(description);
    let retry_after = HeaderBuilder::new()
        .schema(Some(Object::with_type(Type::String)))
        .description(Some("Seconds or a date until which the host sends nothing."));
    let body = Content::new(Some(Ref::from_schema_name("LeadDocument")));
    let operation = OperationBuilder::new()
        .operation_id(Some("pushedLead"))
        .tag("agent")
        .summary(Some(
            "A lead to be called, sent to the `push_url` of the tenant's file.",
        ))
        .description(Some(
            "A lead may be sent more than once, with the same `webhook-id`. Without a `push_url`, the agent pulls.",
        ))
        .parameter(header("webhook-id", "The delivery's id, the same for every attempt."))
        .parameter(header("webhook-timestamp", "When it was sent, in Unix seconds."))
        .parameter(header("webhook-signature", SIGNATURE))
        .request_body(Some(
            RequestBodyBuilder::new()
                .content("application/json", body)
                .required(Some(Required::True))
                .build(),
        ))
        .response("2XX", response("The agent has the lead."))
        .response("400", response("Refused, as are 410, 413 and 422: a person decides."))
        .response(
            "401",
            response("The signature was refused, as by 403: an alert, and another attempt."),
        )
        .response(
            "429",
            response("Too many: another attempt after `Retry-After`.").header("Retry-After", retry_after.build()),
        )
        .response("default", response("Another attempt, on the ladder of retries."));
    PathItem::new(HttpMethod::Post, operation)
}
