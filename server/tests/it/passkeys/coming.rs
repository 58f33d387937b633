//! Signing in with a passkey: alone, and as the second step.

use super::*;

#[tokio::test]
async fn a_passkey_opens_the_door_alone() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut device = with_device(&world, &agent).await;
    let session = come(&world, &mut device).await.unwrap();
    assert_eq!(accounts::find(&world.desk, &session).await.unwrap().unwrap().person.id, id_of(&agent));
    assert_eq!(all(&world, &agent).await[0].last_used_at, Some(world.now()));
    // Nothing is asked for by whom: the device says it.
    let (question, _) = ask(&world).await;
    let options: serde_json::Value = serde_json::from_str(&question.options).unwrap();
    assert_eq!(options["publicKey"]["userVerification"], "required");
    assert!(options["publicKey"]["allowCredentials"].as_array().is_none_or(Vec::is_empty));
    door::ask(&world.desk, &visitor(), Err(Nowhere::Number), None, false).await.refused(Code::Impossible);
    // A device that does not count is good, too.
    let session = world.session(&world.customer().await).await;
    let jana = world.customer().await;
    let mut plain = Device::new();
    plain.counter = 0;
    let theirs = world.session(&jana).await;
    assert_ne!(theirs, session);
    add(&world, &jana, theirs, &mut plain).await;
    for _ in 0..2 {
        come(&world, &mut plain).await.unwrap();
    }
}

#[tokio::test]
async fn the_door_stays_shut() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut device = with_device(&world, &agent).await;
    let wrong: [Wrong; 6] = [
        (|d| d.origin = "https://evil.example".into(), "another address"),
        (|d| d.host = "evil.example".into(), "another address"),
        (|d| d.verifies = false, "that it is you"),
        (|d| d.challenge = Some("AAAA".into()), "something else"),
        (|d| d.synced = true, "other things of itself"),
        (|d| d.handle = vec![7; 16], "opens no account here"),
    ];
    for (spoil, words) in wrong {
        let (origin, host, handle) = (device.origin.clone(), device.host.clone(), device.handle.clone());
        spoil(&mut device);
        says(come(&world, &mut device).await, words);
        (device.origin, device.host, device.handle) = (origin, host, handle);
        (device.verifies, device.synced, device.challenge) = (true, false, None);
    }
    // A key that nobody has, and one that signs for the other.
    says(come(&world, &mut Device::new()).await, "opens no account here");
    // Another browser; the same answer again; both at once; too late.
    let (question, browser) = ask(&world).await;
    let answer = device.answer(&question);
    enter(&world, &ask(&world).await.1, &answer).await.refused(Code::Over);
    enter(&world, "", &answer).await.refused(Code::Over);
    let (one, two) = tokio::join!(enter(&world, &browser, &answer), enter(&world, &browser, &answer));
    assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
    enter(&world, &browser, &answer).await.refused(Code::Over);
    let (question, browser) = ask(&world).await;
    world.advance_seconds(5 * 60);
    enter(&world, &browser, &device.answer(&question)).await.refused(Code::Over);
    // An answer to another question.
    let ((one, browser), (two, _)) = (ask(&world).await, ask(&world).await);
    let answer = Answer { token: one.token, ..device.answer(&two) };
    says(enter(&world, &browser, &answer).await, "something else");
    come(&world, &mut device).await.unwrap();
    // Nobody who is blocked, and no passkey that was removed.
    let id = all(&world, &agent).await[0].id;
    own::remove(&world.desk, &agent, None, id, PASSWORD.into()).await.unwrap();
    says(come(&world, &mut device).await, "opens no account here");
    let other = world.agent().await;
    let mut theirs = with_device(&world, &other).await;
    world.block(&other).await;
    says(come(&world, &mut theirs).await, "opens no account here");
    let refused = "select count(*) from events where kind = 'account.passkey_refused' and address = '192.0.2.7'";
    assert_eq!(world.count(refused).await, 10);
}

#[tokio::test]
async fn a_counter_does_not_go_back() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut device = with_device(&world, &agent).await;
    come(&world, &mut device).await.unwrap();
    // A copy was used meanwhile: of two that were asked before, too, and at both doors.
    let ((one, browser), (two, other)) = (ask(&world).await, ask(&world).await);
    let first = device.answer(&one);
    device.counter -= 1;
    let copy = device.answer(&two);
    enter(&world, &browser, &first).await.unwrap();
    says(enter(&world, &other, &copy).await, "as if somebody had copied it");
    let token = first_step(&world, &agent).await;
    device.counter -= 2;
    says(second_step(&world, &token, &mut device).await, "as if somebody had copied it");
    let log = logged(&world).await;
    assert!(log.iter().any(|line| line.contains("its counter went back")), "{log:?}");
    device.counter += 2;
    second_step(&world, &token, &mut device).await.unwrap();
}

#[tokio::test]
async fn two_tabs_ask_at_once() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut device = with_device(&world, &agent).await;
    let (one, browser) = ask(&world).await;
    let (two, same) = door::ask(&world.desk, &visitor(), Ok(here()), Some(browser.clone()), true).await.unwrap();
    assert_eq!(browser, same);
    enter(&world, &browser, &device.answer(&one)).await.unwrap();
    enter(&world, &browser, &device.answer(&two)).await.unwrap();
    // What is no cookie of ours becomes none.
    let (_, fresh) = door::ask(&world.desk, &visitor(), Ok(here()), Some("x".into()), false).await.unwrap();
    assert_eq!(fresh.len(), 43);
}

#[tokio::test]
async fn pages_offer_passkeys_only_so_many_times() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut device = with_device(&world, &agent).await;
    let offer = async |world: &World| door::ask(&world.desk, &visitor(), Ok(here()), None, true).await;
    let (question, browser) = offer(&world).await.unwrap();
    // As many as there may be, none of them answered.
    let full =
        "with filled as (insert into passkey_questions (token_hash, browser_hash, purpose, origin, state, expires_at)
             select sha256(n::text::bytea), 'x', 'door', 'https://help.acme.example', '{}', now() + interval '1 day'
             from generate_series(2, 10000) n returning 1)
            select count(*) from filled";
    assert_eq!(world.count(full).await, 9_999);
    let refused = offer(&world).await.unwrap_err();
    assert_eq!((refused.code, refused.retry_after), (Code::TooMany, Some(60)));
    assert_eq!(world.count("select count(*) from passkey_questions").await, 10_000, "nothing is written then");
    // Whoever asks for one gets it, and what was offered before is still good, once.
    come(&world, &mut device).await.unwrap();
    let answer = device.answer(&question);
    enter(&world, &browser, &answer).await.unwrap();
    enter(&world, &browser, &answer).await.refused(Code::Over);
    offer(&world).await.unwrap();
    // Too late.
    let (question, browser) = door::ask(&world.desk, &visitor(), Ok(here()), None, false).await.unwrap();
    world.advance_seconds(301);
    enter(&world, &browser, &device.answer(&question)).await.refused(Code::Over);
}

#[tokio::test]
async fn a_passkey_is_a_second_step() {
    let world = World::new().await;
    let (agent, other) = (world.agent().await, world.agent().await);
    let mut device = with_device(&world, &agent).await;
    let mut theirs = with_device(&world, &other).await;
    let token = first_step(&world, &agent).await;
    let asked = step::asked(&world.desk, &visitor(), &token, Some(&here())).await.unwrap();
    assert_eq!((asked.app, asked.passkey, asked.recovery), (false, true, true));
    // It is for its own address only.
    let elsewhere = Place::of("https://other.example").unwrap();
    assert!(!step::asked(&world.desk, &visitor(), &token, Some(&elsewhere)).await.unwrap().passkey);
    second::ask(&world.desk, &visitor(), &token, Ok(elsewhere)).await.refused(Code::Impossible);
    second::ask(&world.desk, &visitor(), "nonsense", Ok(here())).await.refused(Code::SignedOut);
    says(second_step(&world, &token, &mut theirs).await, "not one of this account");
    // A question of the door is none of the second step, nor is one that somebody else was asked.
    let prove = async |token: &str, answer: Answer| second::prove(&world.desk, &visitor(), token, &answer, "").await;
    let (question, browser) = ask(&world).await;
    prove(&token, device.answer(&question)).await.refused(Code::Over);
    let question = second::ask(&world.desk, &visitor(), &token, Ok(here())).await.unwrap();
    enter(&world, &browser, &device.answer(&question)).await.refused(Code::Over);
    let others = first_step(&world, &other).await;
    prove(&others, theirs.answer(&question)).await.refused(Code::Over);
    let options: serde_json::Value = serde_json::from_str(&question.options).unwrap();
    let answer = device.answer(&question);
    let said: serde_json::Value = serde_json::from_str(&answer.credential).unwrap();
    assert_eq!(options["publicKey"]["allowCredentials"][0]["id"], said["id"], "as browsers read it");
    assert_eq!(prove(&token, answer.clone()).await.unwrap().0.id, id_of(&agent));
    prove(&token, answer).await.refused(Code::SignedOut);
    // Too late, blocked, or with another password by now.
    let token = first_step(&world, &agent).await;
    world.advance_seconds(5 * 60);
    second_step(&world, &token, &mut device).await.refused(Code::SignedOut);
    let token = first_step(&world, &agent).await;
    let question = second::ask(&world.desk, &visitor(), &token, Ok(here())).await.unwrap();
    world.block(&agent).await;
    prove(&token, device.answer(&question)).await.refused(Code::SignedOut);
}

#[tokio::test]
async fn programs_have_no_passkeys() {
    let world = World::new().await;
    let agent = world.agent().await;
    with_device(&world, &agent).await;
    let email = &person(&agent).email;
    let token = accounts::sign_in_for_token(&world.desk, &visitor(), email, PASSWORD.into(), None).await;
    assert!(token.as_ref().unwrap_err().message.contains("API token"), "{token:?}");
    token.map(drop).refused(Code::SecondFactor);
}

#[tokio::test]
async fn many_that_are_not_taken_have_to_wait() {
    let world = World::new().await;
    let agent = world.agent().await;
    let mut device = with_device(&world, &agent).await;
    let mut tries = 0;
    loop {
        device.verifies = false;
        match come(&world, &mut device).await.unwrap_err() {
            error if error.code == Code::TooMany => break,
            _ => tries += 1,
        }
        assert!(tries < 40);
    }
    assert_eq!(tries, 21);
    assert!(world.mails().await.iter().any(|mail| mail.subject.contains("tries to sign in")));
    // The password is counted apart, and the owner gets in again.
    let token = first_step(&world, &agent).await;
    device.verifies = true;
    second_step(&world, &token, &mut device).await.unwrap();
    world.advance_seconds(1);
    come(&world, &mut device).await.unwrap();
    // Whoever guesses at the password does not keep them from their passkey.
    let email = &person(&agent).email;
    while accounts::sign_in(&world.desk, &visitor(), email, "wrong".into(), "").await.unwrap_err().code != Code::TooMany
    {
    }
    come(&world, &mut device).await.unwrap();
    // Keys that nobody has count for the address.
    let mut tries = 0;
    while come(&world, &mut Device::new()).await.unwrap_err().code != Code::TooMany {
        tries += 1;
        assert!(tries < 60);
    }
}
