//! What browsers are told that each page may load and run (Content Security Policy), read as browsers read it.

use crate::support::{World, browser::Browser};
use domain::Role;
use http::{StatusCode, header};
use std::collections::{BTreeMap, BTreeSet};

/// The directives of a policy with their sources.
fn directives(policy: &str) -> BTreeMap<&str, Vec<&str>> {
    policy
        .split(';')
        .filter_map(|directive| {
            let mut words = directive.split_whitespace();
            Some((words.next()?, words.collect()))
        })
        .collect()
}

#[tokio::test]
async fn no_page_runs_what_is_not_ours() {
    let world = World::new().await;
    let customer = world.customer().await;
    let ticket = world.ticket(&customer).await.id;
    let boss = world.person(Role::Superadmin, None).await;
    let (of_staff, of_customers) = (format!("/tickets/{ticket}"), format!("/portal/tickets/{ticket}"));
    let mut nonces = BTreeSet::new();
    for (browser, paths) in [
        (Browser::of_visitor(&world), vec!["/sign-in", "/sign-up", "/forgot", "/confirm", "/reset/x", "/nothing-here"]),
        (Browser::of(&world, &customer).await, vec!["/portal", "/portal/new", "/portal/me", of_customers.as_str()]),
        (
            Browser::of(&world, &boss).await,
            vec![
                "/tickets",
                &of_staff,
                "/new",
                "/board",
                "/search?q=a",
                "/me",
                "/two-step",
                "/api-tokens",
                "/customers",
                "/companies",
                "/settings/users",
                "/settings/roles",
                "/settings/teams",
                "/settings/log",
                "/settings/priority",
                "/settings/board",
                "/settings/https",
                "/settings/mails",
                "/settings/invitations",
                "/nothing-here",
            ],
        ),
    ] {
        for path in paths {
            let page = browser.get(path).await;
            assert!(!page.status.is_redirection() && page.status != StatusCode::INTERNAL_SERVER_ERROR, "{path}");
            assert_eq!(page.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            let directives = directives(policy);
            for (directive, sources) in &directives {
                for source in sources {
                    let inline = *source == "'unsafe-inline'";
                    let far = source.contains('*') || source.contains("://") || ["http:", "https:"].contains(source);
                    assert!(!inline && !far && *source != "'unsafe-eval'", "{path}: {directive} {source}");
                }
            }
            for directive in ["object-src", "base-uri", "frame-ancestors"] {
                assert_eq!(directives[directive], ["'none'"], "{path}: {directive}");
            }
            assert_eq!(directives["default-src"], ["'self'"], "{path}");
            // Attributes have no nonce: a page that carries one is broken.
            assert!(!page.text.contains(" style=\""), "{path}: a style attribute");
            assert!(directives.contains_key("form-action"), "{path}");
            let script = &directives["script-src"];
            assert!(!script.contains(&"data:") && !script.contains(&"blob:"), "{path}: {script:?}");
            let nonce = script.iter().find_map(|it| it.strip_prefix("'nonce-")?.strip_suffix('\'')).unwrap();
            assert_eq!(directives["style-src"], ["'self'", &format!("'nonce-{nonce}'")], "{path}");
            assert!(nonce.len() >= 16 && nonces.insert(nonce.to_owned()), "{path}: {nonce} is not new");
            for tag in page.text.split("<script").skip(1) {
                let tag = tag.split('>').next().unwrap();
                assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{path}: <script{tag}>");
            }
        }
    }
}
