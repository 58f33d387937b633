//! Asking the browser for a passkey (WebAuthn): `navigator.credentials`.
//!
//! Browsers read and write its JSON themselves by now; for those that do not, [`by_hand`] does.

use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use leptos::prelude::window;
use std::cell::RefCell;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A new passkey.
    Make,
    /// The answer of one that there is.
    Use,
    /// The same, offered in the list of the field for the address: it is answered when somebody chooses one there, or never.
    Offered,
}

fn part(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

fn call(of: &JsValue, name: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    part(of, name).dyn_into::<Function>()?.apply(of, arguments)
}

/// Whether this browser knows passkeys, at this address. In browsers only.
pub fn known() -> bool {
    part(&window(), "PublicKeyCredential").is_function()
}

/// Whether this browser can offer passkeys where an address is typed. In browsers only.
pub async fn can_offer() -> bool {
    let asked = call(&part(&window(), "PublicKeyCredential"), "isConditionalMediationAvailable", &Array::new());
    let Ok(promise) = asked.and_then(|asked| asked.dyn_into::<Promise>()) else { return false };
    JsFuture::from(promise).await.is_ok_and(|can| can.is_truthy())
}

thread_local! {
    /// What ends the offer that stands.
    static OFFER: RefCell<Option<JsValue>> = const { RefCell::new(None) };
}

/// Takes back what is offered, if anything is. In browsers only.
pub fn withdraw() {
    if let Some(controller) = OFFER.take() {
        // It can fail only where there is nothing to end.
        let _ = call(&controller, "abort", &Array::new());
    }
}

/// Asks, as `options` say, which is JSON. Returns JSON. In browsers only.
///
/// # Errors
/// What to say to whoever was asked.
pub async fn ask(wish: Wish, options: &str) -> Result<String, &'static str> {
    asked(wish, options).await.map_err(|error| words(wish, &part(&error, "name").as_string().unwrap_or_default()))
}

async fn asked(wish: Wish, options: &str) -> Result<String, JsValue> {
    let (read, what) = match wish {
        Wish::Make => ("parseCreationOptionsFromJSON", "create"),
        Wish::Use | Wish::Offered => ("parseRequestOptionsFromJSON", "get"),
    };
    let options = part(&JSON::parse(options)?, "publicKey");
    let class = part(&window(), "PublicKeyCredential");
    let options = match part(&class, read).is_function() {
        true => call(&class, read, &Array::of1(&options))?,
        false => by_hand::read(options)?,
    };
    let argument = Object::new();
    Reflect::set(&argument, &JsValue::from_str("publicKey"), &options)?;
    // A browser asks one thing at a time.
    withdraw();
    if wish == Wish::Offered {
        let controller: JsValue =
            Reflect::construct(&part(&window(), "AbortController").dyn_into::<Function>()?, &Array::new())?;
        Reflect::set(&argument, &JsValue::from_str("signal"), &part(&controller, "signal"))?;
        Reflect::set(&argument, &JsValue::from_str("mediation"), &JsValue::from_str("conditional"))?;
        OFFER.set(Some(controller));
    }
    let credentials = part(&part(&window(), "navigator"), "credentials");
    let promise: Promise = call(&credentials, what, &Array::of1(&argument))?.dyn_into()?;
    let answer = JsFuture::from(promise).await?;
    let answer = match part(&answer, "toJSON").is_function() {
        true => call(&answer, "toJSON", &Array::new())?,
        false => by_hand::write(&answer)?,
    };
    Ok(JSON::stringify(&answer)?.into())
}

/// What the names of failures come to (WebAuthn, 5.1.3 and 5.1.4).
fn words(wish: Wish, failure: &str) -> &'static str {
    match (failure, wish) {
        ("NotAllowedError", Wish::Make) => "Nothing was made: it was cancelled, or took too long.",
        ("NotAllowedError", Wish::Use | Wish::Offered) => {
            "No passkey came: it was cancelled, took too long, or there is none on this device."
        }
        ("InvalidStateError", Wish::Make) => "This device has a passkey of yours already.",
        ("NotSupportedError" | "ConstraintError", _) => "This device has no passkeys that are safe enough.",
        ("SecurityError", _) => {
            "Your browser allows no passkeys at this address. Open Docket at the address that it is known by."
        }
        _ => "Your browser could not do this. Please try again.",
    }
}

/// For browsers that do not know the JSON of WebAuthn.
mod by_hand {
    use super::{Array, JsValue, Object, Reflect, call, part, window};
    use js_sys::Uint8Array;
    use wasm_bindgen::JsCast as _;

    fn bytes(text: &JsValue) -> Result<JsValue, JsValue> {
        let text = text.as_string().unwrap_or_default().replace('-', "+").replace('_', "/");
        let plain: Vec<u8> = window().atob(&text)?.chars().map(|c| c as u8).collect();
        Ok(Uint8Array::from(plain.as_slice()).into())
    }

    fn text(bytes: &JsValue) -> Result<JsValue, JsValue> {
        let plain: String = Uint8Array::new(bytes).to_vec().into_iter().map(char::from).collect();
        let text = window().btoa(&plain)?.replace('+', "-").replace('/', "_");
        Ok(JsValue::from_str(text.trim_end_matches('=')))
    }

    /// Bytes in the place of their text.
    fn replace(of: &JsValue, name: &str) -> Result<(), JsValue> {
        if !part(of, name).is_undefined() {
            Reflect::set(of, &JsValue::from_str(name), &bytes(&part(of, name))?)?;
        }
        Ok(())
    }

    pub(super) fn read(options: JsValue) -> Result<JsValue, JsValue> {
        replace(&options, "challenge")?;
        if part(&options, "user").is_object() {
            replace(&part(&options, "user"), "id")?;
        }
        for list in ["excludeCredentials", "allowCredentials"] {
            if let Ok(list) = part(&options, list).dyn_into::<Array>() {
                for one in list.iter() {
                    replace(&one, "id")?;
                }
            }
        }
        Ok(options)
    }

    pub(super) fn write(answer: &JsValue) -> Result<JsValue, JsValue> {
        let response = part(answer, "response");
        let said = Object::new();
        for name in ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"] {
            let value = part(&response, name);
            if value.is_object() {
                Reflect::set(&said, &JsValue::from_str(name), &text(&value)?)?;
            }
        }
        let whole = Object::new();
        let extensions = call(answer, "getClientExtensionResults", &Array::new())?;
        for (name, value) in [
            ("id", part(answer, "id")),
            ("rawId", text(&part(answer, "rawId"))?),
            ("type", part(answer, "type")),
            ("clientExtensionResults", extensions),
            ("response", said.into()),
        ] {
            Reflect::set(&whole, &JsValue::from_str(name), &value)?;
        }
        Ok(whole.into())
    }
}
