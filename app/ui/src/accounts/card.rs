use crate::erased::effect;
use crate::{
    flash::Flash,
    icons::{Ico, Icon},
    shared::Title,
};
use domain::{
    attachment::url_name,
    outside::{Button, only::named},
};
use js_sys::{Array, Intl::DateTimeFormat, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

/// The card that every page for visitors is.
#[component]
pub fn Card(
    title: &'static str,
    #[prop(into)] lead: String,
    flash: Flash,
    /// Why somebody is here who did not ask for it.
    #[prop(default = None)]
    why: Option<&'static str>,
    /// The form has a password in it, which is not kept when it is refused.
    #[prop(default = true)]
    asks_for_password: bool,
    children: Children,
) -> impl IntoView {
    // Field errors stand beside their fields; what is not about one field stands on top.
    let general = flash.error.as_ref().map(|error| match error.fields.as_slice() {
        [] => error.message.clone(),
        // The whole error is about it, and not about what was typed.
        [one] if one.field == "confirm" => error.message.clone(),
        _ if named(error).is_some() => error.message.clone(),
        [one] if one.field == "password" => "Please choose another password.".to_owned(),
        [one] if one.field != "password" && !asks_for_password => "Please look at the marked field.".to_owned(),
        _ => "Please look at the marked fields, and type your password again: it is not kept.".to_owned(),
    });
    let way = flash.error.as_ref().and_then(named);
    let next = flash.value("next");
    effect(tell_zone);
    view! {
        <Title text=title />
        <div class="auth">
            <main class="auth__card" id="main">
                <div class="auth__brand">
                    <span class="rail__logo">"D"</span>
                    <span>"Docket"</span>
                </div>
                <div>
                    <h1 class="auth__title">{title}</h1>
                    <p class="auth__lead">{lead}</p>
                </div>
                {why.filter(|_| general.is_none())
                    .map(|why| {
                        view! {
                            <div class="notice" data-kind="info" role="status">
                                <Ico icon=Icon::Info />
                                <p>{why}</p>
                            </div>
                        }
                    })}
                {general
                    .map(|message| {
                        view! {
                            <div class="notice" data-kind="error" role="alert">
                                <Ico icon=Icon::Alert />
                                <p>{message}</p>
                            </div>
                        }
                    })}
                {way.map(|way| view! { <WayIn way next /> })}
                {children()}
            </main>
        </div>
    }
    .into_any()
}

/// The button that leads to the only way in of whoever was refused another.
#[component]
fn WayIn(way: Button, next: String) -> impl IntoView {
    let query = if next.is_empty() { String::new() } else { format!("?next={}", url_name(&next)) };
    view! {
        <a class="button button--primary button--block" href=format!("/sign-in/with/{}{query}", way.id) rel="external">
            {format!("Continue with {}", way.name)}
        </a>
    }
    .into_any()
}

/// Tells the server the browser's time zone, by a cookie for an hour: whoever signs in and has chosen none gets this one.
fn tell_zone() {
    let options = DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
    let zone = Reflect::get(&options, &JsValue::from_str("timeZone")).ok().and_then(|zone| zone.as_string());
    let zone = zone.filter(|zone| domain::profile::is_zone(zone));
    if let (Some(zone), Ok(document)) = (zone, document().dyn_into::<web_sys::HtmlDocument>()) {
        let _ = document.set_cookie(&format!("docket_zone={zone}; Path=/; SameSite=Lax; Max-Age=3600"));
    }
}
