//! Adding passkeys, and looking after one's own.

use super::*;

#[tokio::test]
async fn a_passkey_is_added_by_the_password_and_the_device() {
    let world = World::new().await;
    let agent = world.agent().await;
    let session = world.session(&agent).await;
    let begun = async |name: &str, password: &str, place| {
        own::begin(&world.desk, &agent, Some(session), place, name, password.into()).await
    };
    begun("", PASSWORD, Ok(here())).await.wrong("name");
    begun(&"x".repeat(61), PASSWORD, Ok(here())).await.wrong("name");
    begun("Laptop", "not this one", Ok(here())).await.wrong("password");
    begun("Laptop", PASSWORD, Err(Nowhere::Insecure)).await.refused(Code::Impossible);
    own::begin(&world.desk, &agent, None, Ok(here()), "Laptop", PASSWORD.into()).await.refused(Code::Impossible);
    let mut device = Device::new();
    device.synced = true;
    let question = begun("  My  laptop ", PASSWORD, Ok(here())).await.unwrap();
    let options: serde_json::Value = serde_json::from_str(&question.options).unwrap();
    let options = &options["publicKey"];
    assert_eq!((&options["rp"]["id"], &options["rp"]["name"]), (&"help.acme.example".into(), &"Docket".into()));
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "preferred");
    assert!(!question.options.contains(&format!("\"{}\"", id_of(&agent))), "nothing says who they are here");
    world.mails().await;
    let codes = own::finish(&world.desk, &agent, Some(session), &device.make(&question)).await.unwrap();
    assert_eq!(codes.len(), 10);
    let mine = all(&world, &agent).await;
    assert_eq!((mine.len(), mine[0].name.as_str(), mine[0].synced, mine[0].last_used_at), (1, "My laptop", true, None));
    assert!(mine[0].elsewhere.is_none());
    assert!(all(&world, &world.agent().await).await.is_empty());
    let mails = world.mails().await;
    assert!(mails.iter().any(|mail| mail.text.contains("“My laptop”")), "{mails:?}");
    // It is a second factor.
    first_step(&world, &agent).await;
    // Another gets no other recovery codes, and what there is already is named to the device.
    let question = begin(&world, &agent, session, "Phone").await;
    let options: serde_json::Value = serde_json::from_str(&question.options).unwrap();
    assert_eq!(options["publicKey"]["excludeCredentials"].as_array().unwrap().len(), 1);
    assert!(own::finish(&world.desk, &agent, Some(session), &Device::new().make(&question)).await.unwrap().is_empty());
    // The same key again is not taken, whosever it is to be.
    let other = world.customer().await;
    let theirs = world.session(&other).await;
    let question = begin(&world, &other, theirs, "Mine now").await;
    own::finish(&world.desk, &other, Some(theirs), &device.make(&question)).await.refused(Code::Taken);
    let log = logged(&world).await;
    assert!(log.iter().any(|line| line == "Added the passkey My laptop"), "{log:?}");
}

#[tokio::test]
async fn what_was_not_asked_adds_nothing() {
    let world = World::new().await;
    let (agent, other) = (world.agent().await, world.agent().await);
    let (here, elsewhere, theirs) =
        (world.session(&agent).await, world.session(&agent).await, world.session(&other).await);
    let finish =
        async |who: &Actor, session, answer: &Answer| own::finish(&world.desk, who, Some(session), answer).await;
    let mut device = Device::new();
    let answer = device.make(&begin(&world, &agent, here, "Laptop").await);
    // On another device, by somebody else, without the question, and for another purpose.
    finish(&agent, elsewhere, &answer).await.refused(Code::Over);
    finish(&other, theirs, &answer).await.refused(Code::Over);
    finish(&other, here, &answer).await.refused(Code::Over);
    // Who came from the wrong account has used it up.
    finish(&agent, here, &answer).await.refused(Code::Over);
    finish(&agent, here, &Answer { token: String::new(), ..answer.clone() }).await.refused(Code::Over);
    let (question, _) = ask(&world).await;
    finish(&agent, here, &Answer { token: question.token, ..answer.clone() }).await.refused(Code::Over);
    // An old one, and one that was answered.
    let old = device.make(&begin(&world, &agent, here, "Laptop").await);
    world.advance_seconds(5 * 60);
    finish(&agent, here, &old).await.refused(Code::Over);
    let answer = device.make(&begin(&world, &agent, here, "Laptop").await);
    let (one, two) = tokio::join!(finish(&agent, here, &answer), finish(&agent, here, &answer));
    assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
    // What is no answer.
    for credential in ["", "{}", "null", "[]", &"x".repeat(40_000)] {
        let token = begin(&world, &agent, here, "Laptop").await.token;
        let refused = finish(&agent, here, &Answer { token, credential: credential.into() }).await;
        refused.refused(Code::Invalid);
    }
    // A device that does something else than it was asked.
    let wrong: [Wrong; 4] = [
        (|d| d.origin = "https://evil.example".into(), "another address"),
        (|d| d.host = "evil.example".into(), "another address"),
        (|d| d.verifies = false, "that it is you"),
        (|d| d.challenge = Some("AAAA".into()), "something else"),
    ];
    for (spoil, words) in wrong {
        let mut device = Device::new();
        spoil(&mut device);
        let answer = device.make(&begin(&world, &agent, here, "Laptop").await);
        says(finish(&agent, here, &answer).await, words);
    }
    assert_eq!(all(&world, &agent).await.len(), 1);
    world.advance_seconds(301);
    store::sweep::sweep(&world.desk).await.unwrap();
    assert_eq!(world.count("select count(*) from passkey_questions").await, 0);
}

#[tokio::test]
async fn one_looks_after_ones_own() {
    let world = World::new().await;
    let (agent, other) = (world.agent().await, world.agent().await);
    let session = world.session(&agent).await;
    let mut device = Device::new();
    add(&world, &agent, session, &mut device).await;
    let id = all(&world, &agent).await[0].id;
    let rename = async |who: &Actor, id, name: &str| world.run(async |tx| own::rename(tx, who, id, name).await).await;
    rename(&agent, id, " ").await.wrong("name");
    rename(&other, id, "Mine").await.refused(Code::NotFound);
    rename(&agent, id, "Work laptop").await.unwrap();
    rename(&agent, id, "Work laptop").await.unwrap();
    assert_eq!(all(&world, &agent).await[0].name, "Work laptop");
    assert_eq!(world.count("select count(*) from events where kind = 'account.passkey_renamed'").await, 1);
    let remove = async |who: &Actor, id, password: &str| own::remove(&world.desk, who, None, id, password.into()).await;
    remove(&agent, id, "wrong").await.wrong("password");
    remove(&other, id, PASSWORD).await.refused(Code::NotFound);
    // As many as there may be, also of two at once.
    for _ in 2..PASSKEYS_MAX {
        add(&world, &agent, session, &mut Device::new()).await;
    }
    let (one, two) = (begin(&world, &agent, session, "One").await, begin(&world, &agent, session, "Two").await);
    let (one, two) = (Device::new().make(&one), Device::new().make(&two));
    let finish = async |answer: &Answer| own::finish(&world.desk, &agent, Some(session), answer).await;
    let (one, two) = tokio::join!(finish(&one), finish(&two));
    assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
    let more = own::begin(&world.desk, &agent, Some(session), Ok(here()), "More", PASSWORD.into()).await;
    more.refused(Code::Impossible);
    assert_eq!(all(&world, &agent).await.len() as i64, PASSKEYS_MAX);
    world.mails().await;
    for passkey in all(&world, &agent).await {
        remove(&agent, passkey.id, PASSWORD).await.unwrap();
    }
    assert!(world.mails().await.iter().any(|mail| mail.subject == "A passkey was removed from your account"));
    remove(&agent, PasskeyId(1), PASSWORD).await.refused(Code::NotFound);
    // Nothing is asked for any more, and nothing is left to recover.
    assert_eq!(world.count("select count(*) from recovery_codes").await, 0);
    session_of(accounts::sign_in(&world.desk, &visitor(), &person(&agent).email, PASSWORD.into(), "").await.unwrap().1);
}

#[tokio::test]
async fn an_app_and_a_passkey_are_each_enough() {
    let world = World::new().await;
    let agent = world.agent().await;
    let session = world.session(&agent).await;
    let (app, codes) = world.app(&agent).await;
    let mut device = Device::new();
    assert!(add(&world, &agent, session, &mut device).await.is_empty(), "there are recovery codes");
    let token = first_step(&world, &agent).await;
    let session = step::prove(&world.desk, &visitor(), &token, &app.code(&world, 0), "").await.unwrap().1;
    let session = Some(accounts::find(&world.desk, &session).await.unwrap().unwrap().id);
    let id = all(&world, &agent).await[0].id;
    own::remove(&world.desk, &agent, session, id, PASSWORD.into()).await.unwrap();
    assert_eq!(world.count("select count(*) from recovery_codes").await, 10);
    let token = first_step(&world, &agent).await;
    step::prove(&world.desk, &visitor(), &token, &codes[0], "").await.unwrap();
}

#[tokio::test]
async fn staff_who_must_have_a_second_factor_may_have_a_passkey() {
    let world = World::new().await;
    let (admin, agent) = (world.superadmin().await, world.agent().await);
    let session = world.session(&agent).await;
    world.run(async |tx| store::settings::second_factor::set(tx, &admin, Some(0)).await).await.unwrap();
    let mut device = Device::new();
    let token = accounts::sign_in(&world.desk, &visitor(), &person(&agent).email, PASSWORD.into(), "").await.unwrap();
    let token = session_of(token.1);
    assert!(accounts::find(&world.desk, &token).await.unwrap().unwrap().held);
    add(&world, &agent, session, &mut device).await;
    assert!(!accounts::find(&world.desk, &token).await.unwrap().unwrap().held);
    let session = come(&world, &mut device).await.unwrap();
    assert!(!accounts::find(&world.desk, &session).await.unwrap().unwrap().held);
}

#[tokio::test]
async fn who_has_lost_the_device_is_helped_and_who_is_erased_has_none() {
    let world = World::new().await;
    let (admin, agent, jana) = (world.superadmin().await, world.agent().await, world.customer().await);
    let mut device = with_device(&world, &agent).await;
    let removal = Removal { name: person(&agent).name.clone(), reason: "Lost the laptop, called back".into() };
    world.run(async |tx| users::remove_second_factor(tx, &admin, id_of(&agent), &removal).await).await.unwrap();
    assert!(all(&world, &agent).await.is_empty());
    says(come(&world, &mut device).await, "opens no account here");
    with_device(&world, &jana).await;
    let how = world.erasure(id_of(&jana), false).await;
    world.run(async |tx| erase::erase(tx, &admin, id_of(&jana), &how).await).await.unwrap();
    assert_eq!(world.count("select count(*) from passkeys").await, 0);
    assert_eq!(world.count("select count(*) from users where passkey_handle is not null").await, 0);
    let said = "select count(*) from events where kind = 'account.passkey_added' and data->>'name' = 'erased'";
    assert_eq!(world.count(said).await, 1);
}
