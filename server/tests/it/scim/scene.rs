//! A desk that is announced people, and the client that announces them.

use crate::support::{World, browser::Browser};
use axum::body::Body;
use domain::{
    Actor, CompanyId, ProviderId,
    outside::{Audience, Kind, ProviderInput},
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use store::{outside::providers, scim::token};

/// A desk with a provider of Acme and one of staff, and the token of the one that is asked with.
pub(super) struct Scene {
    pub(super) world: World,
    pub(super) admin: Actor,
    pub(super) acme: CompanyId,
    pub(super) browser: Browser,
    pub(super) provider: ProviderId,
    pub(super) token: String,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    /// The body, of an answer that was expected.
    #[track_caller]
    pub(super) fn is(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    /// An error of this kind.
    #[track_caller]
    pub(super) fn refused(self, status: u16, kind: Option<&str>) -> String {
        let said = self.body["detail"].as_str().unwrap_or_default().to_owned();
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/scim+json");
        assert_eq!(self.body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{}", self.body);
        assert_eq!(self.body["status"], status.to_string(), "{}", self.body);
        assert_eq!(self.body["scimType"].as_str(), kind, "{}", self.body);
        self.is(status);
        assert!(!said.is_empty());
        said
    }
}

impl Scene {
    pub(super) async fn of(audience: Audience) -> Self {
        let world = World::new().await;
        let admin = world.superadmin().await;
        let acme = world.company("Acme", false).await;
        world.domain(acme, "acme.example").await;
        let input = ProviderInput {
            name: "Acme ID".into(),
            audience,
            issuer: "https://id.acme.example".into(),
            client_id: "docket".into(),
            secret: "secret".into(),
            ..ProviderInput::default()
        };
        let input = match audience {
            Audience::Company => ProviderInput { company: "Acme".into(), ..input },
            _ => ProviderInput {
                domains: "desk.example".into(),
                role_claim: "groups".into(),
                roles: "leads = Manager\nsupport = Agent".into(),
                ..input
            },
        };
        let provider = world.run(async |tx| providers::create(tx, &admin, Kind::Oidc, input).await).await.unwrap();
        let token = world.run(async |tx| token::make(tx, &admin, provider).await).await.unwrap();
        let browser = Browser::of_visitor(&world);
        Self { world, admin, acme, browser, provider, token }
    }

    pub(super) async fn company() -> Self {
        Self::of(Audience::Company).await
    }

    pub(super) async fn staff() -> Self {
        Self::of(Audience::Staff).await
    }

    pub(super) async fn send_as(
        &self,
        token: Option<&str>,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/scim/v2{path}"));
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/scim+json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let page = self.browser.send(request.body(body).unwrap()).await;
        let body = serde_json::from_str(&page.text).unwrap_or(Value::String(page.text));
        Answer { status: page.status, headers: page.headers, body }
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send_as(Some(&self.token), method, path, Some(body)).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send_as(Some(&self.token), Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(super) async fn patch(&self, path: &str, operations: Value) -> Answer {
        self.send(Method::PATCH, path, &patch(operations)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.send_as(Some(&self.token), Method::DELETE, path, None).await
    }

    /// Announces somebody. Their id.
    pub(super) async fn announce(&self, address: &str) -> String {
        let made = self.post("/Users", &whom(address)).await.is(201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// The ids of those who are found.
    pub(super) async fn found(&self, filter: &str) -> Vec<String> {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("filter", filter).finish();
        let list = self.get(&format!("/Users?{query}")).await.is(200);
        list["Resources"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }

    pub(super) async fn one<T>(&self, sql: &'static str, id: &str) -> T
    where
        T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        sqlx::query_scalar(sql).bind(id.parse::<i64>().unwrap()).fetch_one(self.world.desk.pool()).await.unwrap()
    }

    pub(super) async fn blocked(&self, id: &str) -> bool {
        self.one("select blocked_at is not null from users where id = $1", id).await
    }

    pub(super) async fn role(&self, id: &str) -> String {
        self.one(
            "select coalesce(r.name, u.role) from users u left join roles r on r.id = u.role_id where u.id = $1",
            id,
        )
        .await
    }

    /// What the security log has, by whom.
    pub(super) async fn log(&self) -> Vec<(String, String)> {
        sqlx::query_as("select actor_name, kind from events order by id")
            .fetch_all(self.world.desk.pool())
            .await
            .unwrap()
    }
}

pub(super) fn patch(operations: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

/// Somebody as they are announced.
pub(super) fn whom(address: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": address,
        "externalId": format!("there-{address}"),
        "name": { "givenName": "Jana", "familyName": "Weiß" },
        "emails": [{ "value": address, "type": "work", "primary": true }],
        "active": true,
    })
}

pub(super) fn active(on: bool) -> Value {
    json!([{ "op": "replace", "path": "active", "value": on }])
}
