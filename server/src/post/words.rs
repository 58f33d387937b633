//! What mails say: a folder of templates for each, with subject, text and HTML.
//!
//! Templates are strict: what they name and is not given is an error, and a test renders all of them. What is given is
//! escaped in HTML.

use minijinja::{Environment, Error, UndefinedBehavior, context};
use std::sync::LazyLock;
use store::accounts::letters::Ready;

/// A mail's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub subject: String,
    pub text: String,
    pub html: String,
}

macro_rules! letters {
    ($($name:literal),+ $(,)?) => {
        [$(
            (concat!($name, "/subject.txt"), include_str!(concat!("letters/", $name, "/subject.txt"))),
            (concat!($name, "/body.txt"), include_str!(concat!("letters/", $name, "/body.txt"))),
            (concat!($name, "/body.html"), include_str!(concat!("letters/", $name, "/body.html"))),
        )+]
    };
}

static TEMPLATES: LazyLock<Result<Environment<'static>, String>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    let layouts =
        [("layout.html", include_str!("letters/layout.html")), ("layout.txt", include_str!("letters/layout.txt"))];
    let letters = letters!(
        "register",
        "known",
        "reset",
        "invitation",
        "new_address",
        "address_changed",
        "password_changed",
        "locked",
        "second_factor_changed",
        "recovery_code_used",
        "second_factor_removed",
        "passkey_changed",
        "rating_asked",
    );
    for (name, source) in layouts.into_iter().chain(letters) {
        templates.add_template(name, source).map_err(|error| format!("{error:#}"))?;
    }
    Ok(templates)
});

/// The words of a mail, with links to this server.
///
/// # Errors
/// When a template names what is not given.
pub fn words(ready: &Ready, public_url: &str) -> Result<Words, String> {
    let templates = TEMPLATES.as_ref().map_err(Clone::clone)?;
    let letter = ready.content.template();
    let render = |part: &str| -> Result<String, Error> {
        let values = context! { name => ready.name, email => ready.email, base => public_url, it => ready.content };
        templates.get_template(&format!("{letter}/{part}"))?.render(values)
    };
    let all = || Ok(Words { subject: render("subject.txt")?, text: render("body.txt")?, html: render("body.html")? });
    all().map_err(|error: Error| format!("the mail \"{letter}\" cannot be written: {error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::accounts::letters::Content;

    fn all() -> Vec<Content> {
        let link = || "/page/AbC_-9".to_owned();
        vec![
            Content::Register { link: link() },
            Content::Known { forgot: "/forgot", sign_in: "/sign-in" },
            Content::Reset { link: link(), first: false },
            Content::Reset { link: link(), first: true },
            Content::Invitation { link: link(), by: "Ada <b>&\"'".into(), role: "Manager <b>".into() },
            Content::NewAddress { link: link() },
            Content::AddressChanged { to: "new+<b>@acme.example".into() },
            Content::PasswordChanged { forgot: "/forgot", page: "/two-step", beside: Vec::new(), tokens: None },
            Content::PasswordChanged {
                forgot: "/forgot",
                page: "/two-step",
                beside: vec![
                    format!("The passkey “{}”", "<b> ".repeat(15)),
                    "9 recovery codes".into(),
                    "2 API tokens".into(),
                ],
                tokens: Some("/api-tokens"),
            },
            Content::Locked { from: "192.0.2.7".into(), forgot: "/forgot" },
            Content::SecondFactorChanged { on: true, forgot: "/forgot" },
            Content::SecondFactorChanged { on: false, forgot: "/forgot" },
            Content::SecondFactorRemoved { page: "/two-step" },
            Content::PasskeyChanged {
                name: "Jana's <b> laptop".into(),
                added: true,
                page: "/two-step",
                forgot: "/forgot",
            },
            Content::PasskeyChanged { name: "x".repeat(60), added: false, page: "/two-step", forgot: "/forgot" },
            Content::RatingAsked {
                ticket: 1_042,
                subject: "The <b>printer</b> of the third floor is offl…".into(),
                link: link(),
                scores: vec![(5, "Very good"), (1, "Very bad")],
                days: 30,
            },
            Content::RecoveryCodeUsed { left: 3, from: "192.0.2.7".into(), page: "/two-step", forgot: "/forgot" },
        ]
    }

    #[test]
    fn every_mail_has_its_words() {
        for name in ["", "Jana <script>alert(1)</script>"] {
            for content in all() {
                let ready = Ready { name: name.into(), email: "jana@acme.example".into(), content };
                let words = words(&ready, "https://help.acme.example").unwrap();
                let what = format!("{ready:?}\n{words:#?}");
                assert!(!words.subject.contains('\n') && (8..=78).contains(&words.subject.chars().count()), "{what}");
                assert!(
                    words.text.lines().all(|line| line.chars().count() <= 78 || line.starts_with("https://")),
                    "{what}"
                );
                assert!(!words.text.contains("\n\n\n") && !words.text.contains("{{"), "{what}");
                assert!(!words.html.contains("<b>") && !words.html.contains("<script"), "{what}");
                // The same links in both.
                let html = words.html.replace("&#x2f;", "/");
                for link in words.text.lines().filter(|line| line.starts_with("https://help.acme.example/")) {
                    assert!(html.contains(&format!("href=\"{link}\"")), "{link} in {what}");
                }
                // Nothing is fetched from anywhere, and both themes are known.
                assert!(!words.html.contains("src=") && words.html.contains("color-scheme"), "{what}");
            }
        }
    }

    #[test]
    fn what_is_missing_is_an_error() {
        let templates = TEMPLATES.as_ref().unwrap();
        for (name, _) in templates.templates() {
            let bare = templates.get_template(name).unwrap().render(context! {});
            assert!(bare.is_err() || name.ends_with("subject.txt") || name.starts_with("layout"), "{name}: {bare:?}");
        }
    }
}
