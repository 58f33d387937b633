//! From a request to an actor and a typed input. Whatever is wrong becomes a [`Problem`] that names the field.

use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::error::Problems;
use domain::ticket::check_key;
use domain::{Actor, Code, Error};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use std::fmt;
use std::marker::PhantomData;

use super::{Admitted, ApiState, Proof};
use crate::problem::{Details, Problem, Wrong};

/// Whoever calls, with or without a token.
pub struct Anyone(pub Actor);

/// A person, by a token: who they are now, not when the token was made. One statement.
pub struct Caller(pub Actor);

impl FromRequestParts<ApiState> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Problem> {
        let address = parts.extensions.get::<Admitted>().and_then(|a| a.address.clone());
        Ok(Self(Actor::visitor(address)))
    }
}

impl FromRequestParts<ApiState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let Some(Admitted { person: Some(person), address }) = parts.extensions.get::<Admitted>().cloned() else {
            return Err(Problem(Error::new(
                Code::SignedOut,
                "This call needs a token: Authorization: Bearer …. POST /api/v1/auth/login gives you one.",
            )));
        };
        let person = match person {
            Proof::LogIn(holder) => holder,
            Proof::Program(owner, _) => return Ok(Self(Actor::user(*owner, address))),
        };
        match store::accounts::find_by_token(&state.desk, person.person, person.epoch).await {
            Ok(Some(person)) => Ok(Self(Actor::user(person, address))),
            Ok(None) => {
                Err(Problem(Error::new(Code::SignedOut, "The token is not valid, or has ended. Please log in again.")))
            }
            Err(error) => Err(Problem(error)),
        }
    }
}

/// `None` without a token; a wrong one is refused.
impl OptionalFromRequestParts<ApiState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Option<Self>, Problem> {
        match parts.extensions.get::<Admitted>() {
            Some(Admitted { person: None, .. }) => Ok(None),
            _ => <Self as FromRequestParts<ApiState>>::from_request_parts(parts, state).await.map(Some),
        }
    }
}

/// The id in a path. What is not a number is not there.
pub struct Id(pub i64);

impl FromRequestParts<ApiState> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        match <Path<i64> as FromRequestParts<_>>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Problem(Error::new(
                Code::NotFound,
                "There is nothing here: the id in the path must be a whole number.",
            ))),
        }
    }
}

/// The parameters behind the `?`.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<ApiState> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Refusal> {
        parameters(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// The parameters of a query.
pub(crate) fn parameters<T: DeserializeOwned>(query: &str) -> Result<T, Refusal> {
    let parameters = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(parameters).map_err(|error| {
        let path = error.path().to_string();
        let mut refusal = Refusal::from(wrong(&path, &error.into_inner().to_string()));
        refusal.0.errors.iter_mut().for_each(Wrong::in_parameter);
        refusal
    })
}

/// The header `Idempotency-Key`: what is sent again under the same one is done once.
#[derive(Debug)]
pub struct Key(pub Option<String>);

impl FromRequestParts<ApiState> for Key {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, Refusal> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let mut problems = Problems::default();
        let key = value.to_str().unwrap_or_default();
        check_key(Some(key), &mut problems);
        match problems.check() {
            Ok(()) => Ok(Self(Some(key.to_owned()))),
            Err(_) => Err(Refusal::malformed("The header Idempotency-Key takes 1 to 200 letters, digits and signs.")),
        }
    }
}

/// A JSON object, and nothing else: serde would take the fields of a struct from an array too, in the order in which they
/// happen to be declared.
pub(crate) struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        input.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

/// For the fields of a body that are objects themselves, and may be left out: as a body is read.
///
/// # Errors
/// Whatever is wrong with it.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(input)?.map(|Object(value)| value))
}

/// A JSON body: an object.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<ApiState> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(Problem::unsupported("The body must be JSON: Content-Type: application/json.").into());
        }
        let body = read(request, state).await?;
        parse(&body).map(|Object(input)| Self(input))
    }
}

/// A JSON body that may be left out, which `null` says too.
pub struct MaybeBody<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<ApiState> for MaybeBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Refusal> {
        let json = is_json(request.headers());
        let body = read(request, state).await?;
        match (body.is_empty(), json) {
            (true, _) => Ok(Self(T::default())),
            (false, true) => {
                let input: Option<Object<T>> = parse(&body)?;
                Ok(Self(input.map_or_else(T::default, |Object(input)| input)))
            }
            (false, false) => {
                Err(Problem::unsupported("The body must be JSON: Content-Type: application/json.").into())
            }
        }
    }
}

/// Why an input was refused.
#[derive(Debug)]
pub struct Refusal(Box<Details>);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem.0.into()))
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(Box::new(error.into()))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl Refusal {
    /// Whether the input is to blame, and not the caller or the desk.
    pub(crate) fn is_about_input(&self) -> bool {
        matches!(self.0.status, 400 | 413 | 415 | 422)
    }

    /// Whether nobody knows what came of it.
    pub fn is_unconfirmed(&self) -> bool {
        self.0.status == Code::Unconfirmed.status()
    }

    /// A body that cannot be read at all.
    pub fn malformed(detail: &str) -> Self {
        Self(Box::new(Details::new(StatusCode::BAD_REQUEST, "malformed", "Cannot be read", detail)))
    }
}

/// What a call has come to, unless its caller may not make it at all: they are told that first, whatever is wrong with
/// what they sent. Asked only when an input was refused; otherwise the operation asks.
pub async fn authority_first<T>(
    done: Result<T, Refusal>,
    ask: impl AsyncFnOnce() -> Result<(), Error>,
) -> Result<T, Refusal> {
    if done.as_ref().is_err_and(Refusal::is_about_input) {
        ask().await?;
    }
    done
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

async fn read(request: Request, state: &ApiState) -> Result<Bytes, Refusal> {
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Error::new(Code::TooLarge, "The body is larger than 2 MB. Send long texts as files.").into()
        }
        _ => Refusal::malformed("The body broke off."),
    })
}

/// Reads a body. Errors name the field.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        match cause.classify() {
            Category::Data => wrong(&path, &cause.to_string()).into(),
            _ => Refusal::malformed(&format!("The body is not JSON: {cause}.")),
        }
    })?;
    json.end().map_err(|cause| Refusal::malformed(&format!("The body is not JSON: {cause}.")))?;
    Ok(value)
}

/// A field error from what serde says: the field, if it is only named in the text, and the text without its place.
fn wrong(path: &str, cause: &str) -> Error {
    let text = cause.rsplit_once(" at line ").map_or(cause, |(text, _)| text);
    let path = if path == "." { "" } else { path };
    let named = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| text.strip_prefix(start)?.split_once('`').map(|(name, _)| name));
    // An unknown field is in the path already, a missing one is not.
    let field = match named {
        Some(name) if path.rsplit('.').next() != Some(name) => {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        }
        _ => path.to_owned(),
    };
    let text = in_plain_words(text);
    let mut characters = text.chars();
    let first: String = characters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    Error::field(&field, format!("{first}{}.", characters.as_str()))
}

/// The words of serde without those of Rust: an integrator knows objects and numbers, not structs and `i64`.
fn in_plain_words(text: &str) -> String {
    let text = match text.split_once(", expected struct ") {
        Some((found, _)) => format!("{found}, expected an object"),
        None => text.to_owned(),
    };
    let replaced = [
        ("invalid type: map", "an object was given"),
        ("invalid type: sequence", "an array was given"),
        ("invalid type: unit value", "nothing was given"),
        ("invalid type: null", "nothing was given"),
        ("invalid type: ", "this was given: "),
        ("expected a sequence", "expected an array"),
        ("invalid digit found in string", "expected a whole number"),
        ("cannot parse integer from empty string", "expected a whole number"),
        ("number too large to fit in target type", "this number is too large"),
        ("provided string was not `true` or `false`", "expected true or false"),
    ];
    let text = replaced.iter().fold(text, |text, (rust, plain)| text.replace(rust, plain));
    ["i64", "i32", "u32", "u64"]
        .iter()
        .fold(text, |text, kind| text.replace(&format!("expected {kind}"), "expected a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read into")]
    struct Outer {
        name: String,
        #[serde(default)]
        inner: Vec<Inner>,
        #[serde(default, deserialize_with = "object")]
        other: Option<Inner>,
    }

    fn read_outer(json: &str) -> Result<Object<Outer>, Refusal> {
        parse(json.as_bytes())
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read into")]
    struct Inner {
        number: i64,
    }

    #[test]
    fn problems_name_their_field() {
        for (json, field) in [
            (r#"{"name": 5}"#, "name"),
            (r#"{}"#, "name"),
            (r#"{"name": "a", "nmae": 1}"#, "nmae"),
            (r#"{"name": "a", "inner": [{"number": 1}, {"number": "x"}]}"#, "inner[1].number"),
            (r#"{"name": "a", "inner": [{}]}"#, "inner[0].number"),
            (r#"{"name": "a", "inner": [{"number": 1, "other": 1}]}"#, "inner[0].other"),
            (r#"["a", []]"#, ""),
            (r#"{"name": "a", "other": [1]}"#, "other"),
            (r#"{"name": "a", "other": {"number": "x"}}"#, "other.number"),
            ("null", ""),
            ("5", ""),
        ] {
            let details = read_outer(json).err().unwrap().0;
            assert_eq!(details.status, 422, "{json}");
            assert_eq!(details.errors[0].field, field, "{json}: {:?}", details.errors);
        }
        assert!(read_outer(r#"{"name": "a", "other": null}"#).is_ok());
        for json in ["", "{", "{\"name\": \"a\"} x", "\u{feff}{}"] {
            assert_eq!(read_outer(json).err().unwrap().0.status, 400, "{json}");
        }
    }

    #[test]
    fn complaints_know_no_rust() {
        for (json, said) in [
            (r#"{"name": 5}"#, "This was given: integer `5`, expected a string."),
            (r#"["a"]"#, "An array was given, expected an object."),
            ("null", "Nothing was given, expected an object."),
            (r#"{"name": "a", "inner": [{"number": "x"}]}"#, "This was given: string \"x\", expected a whole number."),
            (r#"{"name": "a", "inner": {}}"#, "An object was given, expected an array."),
            (r#"{"name": "a", "inner": [5]}"#, "This was given: integer `5`, expected an object."),
        ] {
            let details = read_outer(json).err().unwrap().0;
            assert_eq!(details.errors[0].message, said, "{json}");
        }
    }

    #[test]
    fn json_goes_by_several_names() {
        for (kind, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]);
            assert_eq!(is_json(&headers), json, "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
