//! Errors as SCIM writes them (RFC 7644, 3.12).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Code, Error};
use serde_json::{Value, json};

use super::answer;

/// Why something was refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub status: StatusCode,
    /// What kind of mistake it is, for those that have a word.
    pub kind: Option<&'static str>,
    pub detail: String,
    pub retry_after: Option<u32>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, kind: Option<&'static str>, detail: &str) -> Self {
        Self { status, kind, detail: detail.to_owned(), retry_after: None }
    }

    fn bad(kind: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some(kind), detail)
    }

    /// A body that cannot be read, or is not of this kind.
    pub(crate) fn of_syntax(detail: &str) -> Self {
        Self::bad("invalidSyntax", detail)
    }

    pub(crate) fn of_filter(detail: &str) -> Self {
        Self::bad("invalidFilter", detail)
    }

    pub(crate) fn of_path(detail: &str) -> Self {
        Self::bad("invalidPath", detail)
    }

    pub(crate) fn of_value(detail: &str) -> Self {
        Self::bad("invalidValue", detail)
    }

    /// What nobody changes from outside.
    pub(crate) fn of_mutability(name: &str) -> Self {
        Self::bad("mutability", &format!("{name} cannot be changed."))
    }

    /// A removal that does not say of what.
    pub(crate) fn without_target() -> Self {
        Self::bad("noTarget", "To remove something, say by its path what.")
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.as_str(),
            "detail": self.detail,
        });
        if let Some(kind) = self.kind {
            body["scimType"] = kind.into();
        }
        body
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let fields: Vec<String> = error.fields.iter().map(|f| format!("{}: {}", f.field, f.message)).collect();
        let detail = if fields.is_empty() { error.message } else { fields.join(" ") };
        let (status, kind) = match error.code {
            Code::Taken => (StatusCode::CONFLICT, Some("uniqueness")),
            // The database says so where somebody has come in between.
            Code::Invalid if error.fields.iter().any(|f| f.field == "email") => {
                (StatusCode::CONFLICT, Some("uniqueness"))
            }
            Code::Invalid => (StatusCode::BAD_REQUEST, Some("invalidValue")),
            _ => (status, None),
        };
        Self { status, kind, detail, retry_after: error.retry_after }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = answer(self.status, &self.body());
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"scim\""));
        }
        response
    }
}
