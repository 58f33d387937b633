//! The forms of one's own page: devices, theme, profile, password, address.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use domain::profile::NewProfile;
use domain::{Actor, Error, SessionId};
use serde::Deserialize;
use store::accounts;
use ui::rpc::Signed;

use super::{answer, picture, read, theme_cookie};
use crate::app::AppState;
use crate::identify::Who;

pub(super) fn router() -> Router<AppState> {
    // A picture is refused on the page that it was sent from, as everything else is: the browser's half knows pages only.
    Router::new().route("/me", post(me)).route("/portal/me", post(me)).route("/me/theme", post(theme))
}

/// What the page sends. Each of its forms has fields of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    /// Which form it is: `profile`, `password`, `address`; nothing for devices.
    form: String,
    /// The number of a session, or `others` for all but this one.
    revoke: String,
    /// Given with `others`: tokens of the API are revoked, too.
    tokens: Option<String>,
    name: String,
    time_zone: String,
    language: String,
    signature: String,
    new_email: String,
    /// The password until now, in two forms.
    address_password: String,
    current_password: String,
    new_password: String,
}

/// Where one's own page is, for staff and for customers.
pub(crate) fn page_of(actor: &Actor) -> &'static str {
    if actor.is_staff() { "/me" } else { "/portal/me" }
}

async fn me(State(state): State<AppState>, headers: HeaderMap, who: Who, request: Request) -> Response {
    let page = page_of(&who.0.actor);
    if who.0.actor.principal().is_none() {
        return Redirect::to(&format!("/sign-in?next={page}")).into_response();
    }
    if picture::is_sent(&headers) {
        return picture::take(state, headers, who, request).await;
    }
    let mut kept = Vec::new();
    let done = async {
        let fields: Fields = read(request).await?;
        kept = fields.kept();
        perform(&state, &who.0, fields).await
    };
    let done = done.await.map(|said| if said.is_empty() { page.to_owned() } else { format!("{page}?{said}") });
    answer(state, &headers, who, page, kept, done).await
}

impl Fields {
    /// What is shown again when it is refused: everything but passwords.
    fn kept(&self) -> Vec<(String, String)> {
        let pairs = [
            ("form", &self.form),
            ("name", &self.name),
            ("time_zone", &self.time_zone),
            ("language", &self.language),
            ("signature", &self.signature),
            ("new_email", &self.new_email),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.clone())).to_vec()
    }
}

/// Does what a form asks for. Returns what the page is to say.
async fn perform(state: &AppState, who: &Signed, fields: Fields) -> Result<&'static str, Error> {
    let desk = &state.desk;
    match fields.form.as_str() {
        "profile" => {
            let Fields { name, time_zone, language, signature, .. } = fields;
            let mut tx = desk.begin().await?;
            let input = NewProfile { name, time_zone, language, signature };
            accounts::own::set_profile(&mut tx, &who.actor, input).await?;
            tx.commit().await?;
            Ok("saved")
        }
        "password" => {
            let (current, new) = (fields.current_password, fields.new_password);
            accounts::own::change_password(desk, &who.actor, who.session, current, new)
                .await
                .map_err(|error| renamed(error, &[("password", "current_password")]))?;
            Ok("password")
        }
        "address" => {
            accounts::own::ask_for_address(desk, &who.actor, who.session, &fields.new_email, fields.address_password)
                .await
                .map_err(|error| renamed(error, &[("password", "address_password"), ("email", "new_email")]))?;
            Ok("sent")
        }
        _ => {
            let mut tx = desk.begin().await?;
            if fields.revoke == "others" {
                accounts::revoke_others(&mut tx, &who.actor, who.session).await?;
                if fields.tokens.is_some() {
                    accounts::api_tokens::revoke_all(&mut tx, &who.actor).await?;
                }
            } else {
                let id = fields.revoke.parse().map_err(|_| Error::not_found("device"))?;
                accounts::revoke(&mut tx, &who.actor, SessionId(id)).await?;
            }
            tx.commit().await?;
            Ok("")
        }
    }
}

/// The error with the names that fields have on the page, where several forms have one of a kind.
pub(super) fn renamed(mut error: Error, names: &[(&str, &str)]) -> Error {
    for field in &mut error.fields {
        if let Some((_, name)) = names.iter().find(|(from, _)| *from == field.field) {
            field.field = (*name).to_owned();
        }
    }
    error
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Theme {
    theme: String,
}

async fn theme(State(state): State<AppState>, Who(signed): Who, request: Request) -> Response {
    // A theme that we do not know, also because the form is broken, is that of the system.
    let form: Theme = read(request).await.unwrap_or_default();
    let theme = Some(form.theme.as_str()).filter(|theme| matches!(*theme, "light" | "dark"));
    if signed.actor.principal().is_some() {
        let kept = async {
            let mut tx = state.desk.begin().await?;
            accounts::own::set_theme(&mut tx, &signed.actor, theme).await?;
            tx.commit().await
        };
        // On this device it holds all the same.
        if let Err(error) = kept.await {
            tracing::warn!(%error, "a theme could not be kept");
        }
    }
    let mut response = Redirect::to(page_of(&signed.actor)).into_response();
    response.headers_mut().insert(header::SET_COOKIE, theme_cookie(theme));
    response
}
