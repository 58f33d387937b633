//! Passkeys: adding them, signing in with them alone and as a second step, and what is refused.

mod adding;
mod coming;
mod forms;

use crate::support::{
    PASSWORD, Refused as _, World,
    authenticator::{Device, ORIGIN, here},
    browser::Browser,
    id_of, person, session_of,
};
use domain::{
    Actor, Code, PasskeyId, Result, SessionId,
    passkey::{Answer, Nowhere, PASSKEYS_MAX, Place, Question},
    second_factor::Removal,
};
use http::{StatusCode, header};
use store::{
    access::users,
    accounts::{
        self, Proved,
        passkeys::{door, own, second},
        second_factor::step,
    },
    customers::erase,
};

/// What a device does wrong, and what is said of it.
type Wrong = (fn(&mut Device), &'static str);

fn visitor() -> Actor {
    Actor::visitor(Some("192.0.2.7".into()))
}

async fn begin(world: &World, who: &Actor, session: SessionId, name: &str) -> Question {
    own::begin(&world.desk, who, Some(session), Ok(here()), name, PASSWORD.into()).await.unwrap()
}

/// Adds a device of somebody. Returns recovery codes, if any were made.
async fn add(world: &World, who: &Actor, session: SessionId, device: &mut Device) -> Vec<String> {
    let question = begin(world, who, session, "Laptop").await;
    own::finish(&world.desk, who, Some(session), &device.make(&question)).await.unwrap()
}

/// Somebody who has a passkey, and its device.
async fn with_device(world: &World, who: &Actor) -> Device {
    let session = world.session(who).await;
    let mut device = Device::new();
    add(world, who, session, &mut device).await;
    device
}

/// A question at the door, and the cookie of the browser.
async fn ask(world: &World) -> (Question, String) {
    door::ask(&world.desk, &visitor(), Ok(here()), None, false).await.unwrap()
}

async fn enter(world: &World, browser: &str, answer: &Answer) -> Result<String> {
    let (_, proved) = door::prove(&world.desk, &visitor(), browser, answer, "").await?;
    Ok(session_of(proved))
}

/// Comes to the door with a device, and is let in.
async fn come(world: &World, device: &mut Device) -> Result<String> {
    let (question, browser) = ask(world).await;
    enter(world, &browser, &device.answer(&question)).await
}

async fn first_step(world: &World, who: &Actor) -> String {
    let signed_in = accounts::sign_in(&world.desk, &visitor(), &person(who).email, PASSWORD.into(), "").await;
    match signed_in.unwrap().1 {
        Proved::SecondFactor(token) => token,
        Proved::Opened(_) => panic!("no second factor is asked for"),
    }
}

async fn second_step(world: &World, token: &str, device: &mut Device) -> Result<String> {
    let question = second::ask(&world.desk, &visitor(), token, Ok(here())).await?;
    second::prove(&world.desk, &visitor(), token, &device.answer(&question), "").await.map(|(_, session)| session)
}

async fn all(world: &World, who: &Actor) -> Vec<domain::passkey::Passkey> {
    own::list(&world.desk, who, Ok(here())).await.unwrap().all
}

/// What the security log says.
async fn logged(world: &World) -> Vec<String> {
    let admin = world.superadmin().await;
    let log = store::access::log::list(&world.desk, &admin, &Default::default()).await.unwrap();
    log.rows.into_iter().map(|line| line.what).collect()
}

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T>, words: &str) {
    let error = result.unwrap_err();
    assert!(error.message.contains(words), "{error:?}");
}
