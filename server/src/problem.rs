//! Errors over HTTP in one form: RFC 9457, `application/problem+json`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Code, Error};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of an error (RFC 9457, section 3).
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was refused or failed, in the form of RFC 9457.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(title = "Problem")]
pub struct Details {
    /// What kind of problem it is: `urn:docket:error:` and the `code`.
    #[serde(rename = "type")]
    #[schema(example = "urn:docket:error:invalid")]
    pub kind: String,
    /// The kind in a few words for people. The same for every problem of the kind.
    #[schema(example = "Invalid input")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// The kind as one word for programs.
    #[schema(example = "invalid")]
    pub code: String,
    /// What happened and what to do, as a sentence that may be shown to people.
    #[schema(example = "subject: Please say in a few words what it is about. Nothing was changed.")]
    pub detail: String,
    /// The path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/api/v1/ticket")]
    pub instance: Option<String>,
    /// What is wrong with which field of the input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Wrong>,
    /// For failures of the server: what to quote when you report it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "3f9a1c07")]
    pub reference: Option<String>,
    /// Seconds until another try makes sense; also in the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// One field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(title = "FieldProblem")]
pub struct Wrong {
    /// The path of the field, as in `requester.email` or `attachments[0]`. Empty for the input as a whole.
    #[schema(example = "subject")]
    pub field: String,
    /// What is wrong, for people.
    #[schema(example = "Please say in a few words what it is about.")]
    pub message: String,
    /// Where it is in a JSON body: a JSON Pointer (RFC 6901) as the fragment of an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "#/subject")]
    pub pointer: Option<String>,
    /// Which parameter of the address it is, where it is none of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "limit")]
    pub parameter: Option<String>,
}

impl Wrong {
    /// Says that it is a parameter.
    pub fn in_parameter(&mut self) {
        self.parameter = Some(self.field.clone());
        self.pointer = None;
    }

    /// Says where it is in a body, unless it is a parameter.
    pub fn in_body(&mut self) {
        if self.parameter.is_none() {
            self.pointer = Some(pointer(&self.field));
        }
    }
}

/// `inner[1].number` as `#/inner/1/number`; nothing as the whole document.
fn pointer(path: &str) -> String {
    let mut pointer = "#".to_owned();
    for part in path.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
        pointer.push('/');
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

/// A title for programmers: those of [`Code`] stand above pages.
pub(crate) fn title(code: Code) -> &'static str {
    match code {
        Code::Invalid => "Invalid input",
        Code::SignedOut => "Not authenticated",
        Code::TooMany => "Too many requests",
        code => code.title(),
    }
}

/// What went wrong, for whoever has no form before them: which field is wrong, and why.
fn detail(error: &Error) -> String {
    if error.code != Code::Invalid || error.fields.is_empty() {
        return error.message.clone();
    }
    let fields: Vec<String> = error
        .fields
        .iter()
        .map(|f| format!("{}: {}", if f.field.is_empty() { "The input" } else { &f.field }, f.message))
        .collect();
    format!("{} Nothing was changed.", fields.join(" "))
}

impl Details {
    /// A problem that HTTP knows and the operations do not: no such method, a body that cannot be read.
    pub fn new(status: StatusCode, code: &str, title: &str, detail: &str) -> Self {
        Self {
            kind: format!("urn:docket:error:{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.to_owned(),
            instance: None,
            errors: Vec::new(),
            reference: None,
            retry_after: None,
        }
    }
}

impl From<Error> for Details {
    fn from(error: Error) -> Self {
        Self {
            kind: format!("urn:docket:error:{}", error.code.word()),
            title: title(error.code).to_owned(),
            status: error.code.status(),
            code: error.code.word().to_owned(),
            detail: detail(&error),
            instance: None,
            errors: error
                .fields
                .into_iter()
                .map(|f| Wrong { field: f.field, message: f.message, pointer: None, parameter: None })
                .collect(),
            reference: error.reference,
            retry_after: error.retry_after,
        }
    }
}

impl IntoResponse for Details {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // For whoever knows more about the request and wants to say so, as the API does with `instance`.
        response.extensions_mut().insert(self);
        response
    }
}

/// An error as an answer.
#[derive(Debug)]
pub struct Problem(pub Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl Problem {
    /// Not there, or not for this actor.
    pub fn not_found(what: &str) -> Self {
        Self(Error::not_found(what))
    }

    /// A kind of body or file that is not taken.
    pub fn unsupported(message: &str) -> Self {
        Self(Error::new(Code::Unsupported, message))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        Details::from(self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_those_of_rfc_6901() {
        for (path, expected) in [
            ("", "#"),
            ("subject", "#/subject"),
            ("requester.email", "#/requester/email"),
            ("inner[1].number", "#/inner/1/number"),
            ("a/b~c", "#/a~1b~0c"),
        ] {
            assert_eq!(pointer(path), expected);
        }
    }

    #[test]
    fn a_detail_names_the_fields() {
        let mut problems = domain::error::Problems::default();
        problems.add("name", "Please tell us your name.");
        problems.add("email", "This is not a complete e-mail address.");
        let details = Details::from(problems.into_error());
        assert_eq!(
            details.detail,
            "name: Please tell us your name. email: This is not a complete e-mail address. Nothing was changed."
        );
    }
}
