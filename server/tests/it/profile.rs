//! What people set about themselves.

use crate::support::{PASSWORD, Refused as _, World, browser::Browser, id_of, person};
use domain::profile::NewProfile;
use http::{StatusCode, header};
use store::{Tx, accounts::own};

const OTHER: &str = "another horse battery";

#[tokio::test]
async fn a_profile_is_kept() {
    let world = World::new().await;
    let agent = world.agent().await;
    let wanted = NewProfile {
        name: "Mia Berger".into(),
        language: "en".into(),
        time_zone: "Europe/Berlin".into(),
        signature: "Mia\n</textarea><b>".into(),
    };
    let set = async |input: NewProfile| world.run(async |tx: &mut Tx| own::set_profile(tx, &agent, input).await).await;
    set(NewProfile { time_zone: "Mars/Phobos".into(), ..wanted.clone() }).await.wrong("time_zone");
    set(wanted.clone()).await.unwrap();
    set(wanted.clone()).await.unwrap();
    assert_eq!(world.count("select count(*) from events where kind = 'account.profile_changed'").await, 1);
    let mia = Browser::of(&world, &world.actor(id_of(&agent)).await).await;
    let page = mia.get("/me").await.text;
    assert!(page.contains("Mia Berger") && page.contains("Europe/Berlin") && page.contains("&lt;/textarea>"), "{page}");
    // By the form: what is refused is kept, what is taken is there.
    let form = [("form", "profile"), ("name", ""), ("time_zone", "Nowhere"), ("signature", "Hello <i>")];
    let refused = mia.post("/me", &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["Please tell us your name", "no such time zone", "Hello &lt;i>", "value=\"Nowhere\""] {
        assert!(refused.text.contains(part), "{part}: {}", refused.text);
    }
    let form = [("form", "password"), ("current_password", "wrong"), ("new_password", OTHER)];
    let refused = mia.post("/me", &form).await;
    assert!(refused.text.contains("not your password") && !refused.text.contains(OTHER), "{}", refused.text);
    // A theme follows to the next device.
    mia.post("/me/theme", &[("theme", "dark")]).await;
    let form = [("email", person(&agent).email.as_str()), ("password", PASSWORD)];
    let welcome = Browser::of_visitor(&world).post("/sign-in", &form).await;
    let cookies: Vec<_> = welcome.headers.get_all(header::SET_COOKIE).iter().map(|c| c.to_str().unwrap()).collect();
    assert!(cookies.iter().any(|c| c.starts_with("docket_theme=dark")), "{cookies:?}");
}
