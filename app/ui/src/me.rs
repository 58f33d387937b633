//! Who looks at the page, as far as pages need it. Rendered into the page, so that both halves agree.

use domain::{
    Principal, Role, Time,
    access::TeamName,
    language::Language,
    policy::{self, Action},
    tag::Tag,
    workflow::Workflow,
    zone::Zone,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What every page knows from the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    pub me: Option<Principal>,
    /// `light`, `dark`, or nothing: as the system says.
    pub theme: Option<String>,
    /// Staff only: the states and tags that lists and cards speak of.
    pub workflow: Workflow,
    pub tags: Vec<Tag>,
    /// Staff only.
    pub teams: Vec<TeamName>,
    /// The limit for one file, in bytes.
    pub max_file_bytes: i64,
    /// The moment of rendering, so that both halves say “3 m” of the same message; it moves on in the browser.
    pub now: Time,
}

impl Start {
    pub fn role(&self) -> Option<Role> {
        self.me.as_ref().map(|m| m.role)
    }

    /// Whether this person may do what is about no ticket.
    pub fn may(&self, action: Action) -> bool {
        self.me.as_ref().is_some_and(|me| policy::person_may(me, action, None))
    }

    pub fn is_staff(&self) -> bool {
        self.role().is_some_and(Role::is_staff)
    }
}

/// Renders [`Start`] into the page, or reads it from there, and provides it to all pages.
pub fn provide() {
    let start = crate::json::shared(|| {
        #[cfg(feature = "ssr")]
        {
            of_request()
        }
        #[cfg(not(feature = "ssr"))]
        {
            Start::default()
        }
    });
    #[cfg(not(feature = "ssr"))]
    crate::whose::page_is_of(start.me.as_ref());
    if start.me.is_none() {
        crate::whose::tell_of_nobody();
    }
    provide_context(Now(RwSignal::new(start.now)));
    provide_context(TakenOver(RwSignal::new(false)));
    provide_context(StoredValue::new(start));
}

/// The language of the page: that which this person has chosen.
pub fn language() -> Language {
    expect_context::<StoredValue<Start>>().with_value(|s| s.me.as_ref().map(|me| me.language).unwrap_or_default())
}

/// What the page knows from the start.
pub fn start() -> Start {
    expect_context::<StoredValue<Start>>().get_value()
}

/// Who looks at this page.
pub fn me() -> Option<Principal> {
    expect_context::<StoredValue<Start>>().with_value(|s| s.me.clone())
}

/// Whether this person may do something that is about no ticket at hand: what they may not is not offered.
pub fn may(action: Action) -> bool {
    expect_context::<StoredValue<Start>>().with_value(|s| s.may(action))
}

/// The states of the workflow.
pub fn workflow() -> Workflow {
    expect_context::<StoredValue<Start>>().with_value(|s| s.workflow.clone())
}

/// The limit for one file, in bytes.
pub fn max_file_bytes() -> i64 {
    expect_context::<StoredValue<Start>>().with_value(|s| s.max_file_bytes)
}

#[derive(Clone, Copy)]
struct Now(RwSignal<Time>);

/// The time for relative times: that of rendering until the page is hydrated, then ticking.
pub fn now() -> RwSignal<Time> {
    expect_context::<Now>().0
}

#[derive(Clone, Copy)]
struct TakenOver(RwSignal<bool>);

/// Whether the browser has taken over the whole page. Until then nothing may look otherwise than the server rendered it.
pub fn taken_over() -> RwSignal<bool> {
    expect_context::<TakenOver>().0
}

/// A moment moved so that its [`Time::civil`] parts are what a clock on the wall shows: that of the zone that this person has
/// chosen, or else UTC as the server renders it, and the browser's zone once the page has been taken over.
///
/// [`Time::civil`]: domain::Time::civil
pub fn wall(at: Time) -> Time {
    if let Some(wall) = in_zone(|zone| zone.wall(at)) {
        return wall;
    }
    if !taken_over().get() {
        return at;
    }
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at.0 as f64));
    at.plus_millis(-(date.get_timezone_offset() * 60_000.0) as i64)
}

/// Day and time in the zone that this person has chosen, or in UTC, which is said.
pub fn readable(at: Time) -> String {
    let language = language();
    in_zone(|zone| zone.readable(at, language)).unwrap_or_else(|| language.readable(at))
}

/// The day alone, likewise.
pub fn day(at: Time) -> String {
    language().day(in_zone(|zone| zone.wall(at)).unwrap_or(at))
}

/// How long ago this was; in the zone likewise, where it is so long that the day is told.
pub fn ago(at: Time, now: Time, in_words: bool) -> String {
    let (at, now) = on_the_wall(at, now);
    if in_words { language().ago_in_words(at, now) } else { language().ago(at, now) }
}

/// The same of a moment that is still to come, as a part of a sentence.
pub fn ahead(at: Time, now: Time) -> String {
    let (at, now) = on_the_wall(at, now);
    language().ahead_in_words(at, now)
}

/// Both moved into the zone that this person has chosen, by what is between it and UTC at the first.
fn on_the_wall(at: Time, now: Time) -> (Time, Time) {
    let between = in_zone(|zone| zone.wall(at).0 - at.0).unwrap_or_default();
    (at.plus_millis(between), now.plus_millis(between))
}

fn in_zone<T>(look: impl FnOnce(&Zone) -> T) -> Option<T> {
    expect_context::<StoredValue<Start>>().with_value(|start| start.me.as_ref()?.zone.as_ref().map(look))
}

#[cfg(feature = "ssr")]
fn of_request() -> Start {
    let signed = crate::rpc::signed();
    let me = signed.actor.principal().cloned();
    let theme = use_context::<http::request::Parts>().and_then(|parts| theme_cookie(&parts.headers));
    let desk = crate::rpc::desk();
    let catalog = desk.catalog();
    let staff = me.as_ref().is_some_and(|m| m.role.is_staff());
    Start {
        me,
        theme,
        workflow: if staff { catalog.workflow.clone() } else { catalog.workflow.for_customers() },
        tags: if staff { catalog.tags.clone() } else { Vec::new() },
        teams: if staff { catalog.teams.clone() } else { Vec::new() },
        max_file_bytes: desk.options().max_file_bytes,
        now: desk.now(),
    }
}

/// The theme that somebody has chosen on this device.
#[cfg(feature = "ssr")]
pub fn theme_cookie(headers: &http::HeaderMap) -> Option<String> {
    let value = headers
        .get_all(http::header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .find_map(|pair| pair.trim().strip_prefix("docket_theme="))?;
    matches!(value, "light" | "dark").then(|| value.to_owned())
}
