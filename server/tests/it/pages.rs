//! Pages as a browser gets them, through the router.

use crate::support::{PASSWORD, World, person};
use axum::{Router, body::Body};
use domain::{Actor, TicketId};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use server::{
    app::{self, AppState},
    live::Live,
    site::Site,
};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt as _;

/// The application of a world, and somebody's cookie.
#[derive(Clone)]
struct Browser {
    router: Router,
    cookie: String,
    _stop: std::sync::Arc<DropGuard>,
}

impl Browser {
    /// Signs in by the form.
    async fn of(world: &World, who: &Actor) -> Self {
        let config = server::config::from_arguments(&["docket"]).unwrap().config;
        let stop = CancellationToken::new();
        let live = Live::start(world.desk.clone(), stop.clone());
        let router = app::router(AppState::new(config, Site::default(), world.desk.clone(), live));
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("email", &person(who).email)
            .append_pair("password", PASSWORD)
            .finish();
        let request = Request::post("/sign-in")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        let answer = router.clone().oneshot(request.body(Body::from(form)).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { router, cookie, _stop: std::sync::Arc::new(stop.drop_guard()) }
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).header(header::COOKIE, &self.cookie).body(Body::empty()).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}

/// Views are dropped by other threads than render them, so what a page does when it goes must not touch its values.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_that_many_open_at_once_all_arrive_whole() {
    let world = World::new().await;
    let (agent, jana) = (world.agent().await, world.customer().await);
    let TicketId(ticket) = world.ticket(&jana).await.id;
    world.reply(&agent, TicketId(ticket), "Please restart it.").await;
    let staff = Browser::of(&world, &agent).await;
    let customer = Browser::of(&world, &jana).await;
    let mut open = JoinSet::new();
    for _ in 0..25 {
        for (browser, path, wanted) in [
            (&staff, "/tickets".to_owned(), "is offline"),
            (&staff, format!("/tickets/{ticket}"), "Please restart it."),
            (&staff, "/board".to_owned(), "is offline"),
            (&staff, "/search?q=offline".to_owned(), "offline"),
            (&staff, "/new".to_owned(), "New ticket"),
            (&customer, "/portal".to_owned(), "is offline"),
            (&customer, format!("/portal/tickets/{ticket}"), "Please restart it."),
        ] {
            let browser = browser.clone();
            open.spawn(async move {
                let (status, page) = browser.get(&path).await;
                assert_eq!(status, StatusCode::OK, "{path}");
                assert!(page.contains(wanted) && page.ends_with("</html>"), "{path}: {page}");
            });
        }
    }
    while let Some(done) = open.join_next().await {
        done.unwrap();
    }
}
