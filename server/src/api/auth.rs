//! Accounts: registering, logging in, and who one is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::account::Registration;
use domain::policy::{self, Action};
use domain::{Code, Error, Principal, Role};
use serde::{Deserialize, Serialize};
use store::accounts;
use utoipa::ToSchema;

use super::ApiState;
use super::input::{Anyone, Body, Caller, Refusal, authority_first};
use super::openapi::{ForAnyone, ForCallers, WithBody};
use super::token::LIFETIME;
use super::wire::User;
use crate::forms::demand_setup_key;

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Jana Novak", "email": "jana@acme.example", "password": "correct horse battery" }))]
pub struct Register {
    /// At most 100 characters.
    name: String,
    email: String,
    /// At least 8 characters, and none of the common ones.
    password: String,
}

/// The first superadmin, or somebody else on staff.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Jana Novak", "email": "jana@acme.example", "password": "correct horse battery", "role": "manager"
}))]
pub struct RegisterAdmin {
    /// At most 100 characters.
    name: String,
    email: String,
    /// At least 8 characters, and none of the common ones.
    password: String,
    /// What the server was started with as `DOCKET_SETUP_KEY`, if it was: for the first superadmin, without a token.
    setup_key: Option<String>,
    /// What they are to be. The first one is a superadmin; for everybody else it is needed.
    role: Option<StaffRole>,
}

/// A role on staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StaffRole {
    Agent,
    Manager,
    Superadmin,
}

impl From<StaffRole> for Role {
    fn from(role: StaffRole) -> Self {
        match role {
            StaffRole::Agent => Self::Agent,
            StaffRole::Manager => Self::Manager,
            StaffRole::Superadmin => Self::Superadmin,
        }
    }
}

/// Address and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "jana@acme.example", "password": "correct horse battery" }))]
pub struct Login {
    email: String,
    password: String,
    /// The code of the app, or a recovery code, for an account with two-step sign-in. Each is good once.
    code: Option<String>,
}

/// A token, and whose it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMiJ9.c2lnbmF0dXJl", "token_type": "Bearer", "expires_in": 86400,
    "expires_at": "2026-11-22T08:12:00Z",
    "user": { "id": 12, "name": "Jana Novak", "email": "jana@acme.example", "role": "customer", "company_id": null }
}))]
pub struct LoggedIn {
    /// Send it with every further call: `Authorization: Bearer …`.
    token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the token ends.
    expires_in: i64,
    #[schema(format = DateTime)]
    expires_at: String,
    user: User,
}

impl LoggedIn {
    fn new(state: &ApiState, person: &Principal, epoch: i32) -> Result<Self, Error> {
        let (token, ends) = state.tokens.issue(person.id, epoch)?;
        Ok(Self { token, token_type: "Bearer", expires_in: LIFETIME, expires_at: ends.rfc3339(), user: person.into() })
    }
}

/// A registration that waits for its address to be confirmed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "status": "confirmation_sent", "email": "jana@acme.example" }))]
pub struct Registered {
    /// Always `confirmation_sent`.
    status: &'static str,
    /// Where the mail goes.
    email: String,
}

/// Register as a customer
///
/// Sends a mail to the address. Its link, opened in a browser, asks for the password and makes the account; until then logging in
/// is refused. The answer is the same for an address that has an account already: its owner is told by mail. After 50
/// registrations from one network address within an hour the next one has to wait, for longer each time; the answer says for
/// how many seconds. Addresses in a domain whose people sign in with their company only are refused with 403.
#[utoipa::path(post, path = "/auth/register", tag = "Accounts", request_body = Register, responses(
    (status = 202, description = "A mail was sent to the address, to confirm it", body = Registered),
    (status = 401, description = "There is a token, which is not needed here, and it is not valid",
     body = crate::problem::Details, content_type = "application/problem+json"),
    (status = 403, description = "People with such an address sign in with their company only; `errors` names the way in",
     body = crate::problem::Details, content_type = "application/problem+json"),
    WithBody, ForAnyone
))]
pub async fn register(
    State(state): State<ApiState>,
    Anyone(actor): Anyone,
    Body(input): Body<Register>,
) -> Result<(StatusCode, Json<Registered>), Refusal> {
    let Register { name, email, password } = input;
    let input = Registration { name, email, password }.check()?;
    let email = input.email.clone();
    accounts::register(&state.desk, &actor, input).await?;
    Ok((StatusCode::ACCEPTED, Json(Registered { status: "confirmation_sent", email })))
}

/// Set the desk up, or make an account for staff
///
/// Without a token it makes the first superadmin, as the page `/set-up` does: once, as long as nobody is on staff. Where the server
/// was started with a setup key, it is asked for. Logging in then gives a token.
///
/// With the token of a superadmin it makes an account for somebody on staff, with the role and the password given; tell them to
/// change it. Who is to choose their own password is invited, in the browser. An address that somebody has already is refused.
#[utoipa::path(post, path = "/auth/admin/register", tag = "Accounts", security((), ("bearer" = [])), request_body = RegisterAdmin,
    responses(
        (status = 201, description = "The account", body = User),
        (status = 401, description = "There is a token, and it is not valid",
         body = crate::problem::Details, content_type = "application/problem+json"),
        (status = 403, description = "The desk is set up already, and there is no token of somebody who may do it; or people with \
         such an address sign in with their company only",
         body = crate::problem::Details, content_type = "application/problem+json"),
        WithBody, ForAnyone
    )
)]
pub async fn register_admin(
    State(state): State<ApiState>,
    caller: Option<Caller>,
    Anyone(visitor): Anyone,
    input: Result<Body<RegisterAdmin>, Refusal>,
) -> Result<(StatusCode, Json<User>), Refusal> {
    let done = async {
        let Body(RegisterAdmin { name, email, password, setup_key, role }) = input?;
        let input = Registration { name, email, password };
        let person = if let Some(Caller(actor)) = &caller {
            let role =
                role.ok_or_else(|| Error::field("role", "Say what they are to be: agent, manager or superadmin."))?;
            accounts::hire(&state.desk, actor, input, role.into()).await?
        } else {
            demand_setup_key(&state.app.config, setup_key.as_deref())?;
            if role.is_some_and(|role| role != StaffRole::Superadmin) {
                return Err(Error::field("role", "The first one is a superadmin.").into());
            }
            accounts::set_up(&state.desk, &visitor, input).await?
        };
        Ok((StatusCode::CREATED, Json((&person).into())))
    };
    authority_first(done.await, async || match &caller {
        Some(Caller(actor)) => policy::demand(actor, Action::ManageStaff, None),
        // Of a desk that is set up, nobody learns whether they know its key.
        None => accounts::may_set_up(&state.desk).await,
    })
    .await
}

/// Log in
///
/// Gives a token (JWT) for 24 hours; it ends sooner when the password is changed, or when its person is signed
/// out everywhere. An account whose address is not confirmed yet is refused with 403, and so is one whose people sign in with their company only: they make an API token on their profile. An account with two-step sign-in needs a `code`, too: without it the answer is 401 with the type
/// `urn:docket:error:second_factor_required`. After some wrong passwords an account and an address have to wait, for longer each
/// time; the answer says for how many seconds.
#[utoipa::path(post, path = "/auth/login", tag = "Accounts", request_body = Login, responses(
    (status = 200, description = "A token", body = LoggedIn),
    (status = 401, description = "The address, the password or the code is not right, or a code is needed", body = crate::problem::Details,
     content_type = "application/problem+json"),
    (status = 403, description = "The address is not confirmed yet, or people with it sign in with their company only", body = crate::problem::Details,
     content_type = "application/problem+json"),
    WithBody, ForAnyone
))]
pub async fn login(
    State(state): State<ApiState>,
    Anyone(actor): Anyone,
    Body(input): Body<Login>,
) -> Result<Json<LoggedIn>, Refusal> {
    let person =
        accounts::sign_in_for_token(&state.desk, &actor, &input.email, input.password, input.code.as_deref()).await;
    let (person, epoch) = person.map_err(|mut error| {
        // A form says what is wrong in it; a client of an API expects the status for “not you”.
        if error.code == Code::Invalid {
            error.code = Code::SignedOut;
        }
        error
    })?;
    Ok(Json(LoggedIn::new(&state, &person, epoch)?))
}

/// Who the token belongs to
#[utoipa::path(get, path = "/auth/me", tag = "Accounts", security(("bearer" = [])), responses(
    (status = 200, description = "The person as they are now", body = User), ForCallers
))]
pub async fn me(Caller(actor): Caller) -> Result<Json<User>, Refusal> {
    Ok(Json(actor.signed_in()?.into()))
}
