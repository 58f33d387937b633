//! Why there is no certificate, in words that somebody can act on: they stand in the log, in the security log and in the settings.

use std::time::Instant;

use domain::Time;
use domain::certificate::Fault;
use domain::import::tickets::moment;
use http::StatusCode;
use instant_acme::{Error, Problem};

use super::Settings;
use super::client::Said;

/// The longest reason, in characters: it is kept, and shown.
const REASON_MAX: usize = 600;

/// Why there is no certificate.
#[derive(Debug)]
pub(super) struct Failed {
    /// For administrators.
    pub why: String,
    pub fault: Fault,
    /// The kind of problem, where the authority has named one.
    pub kind: Option<String>,
    /// When it wants to be asked again, where it says so.
    pub not_before: Option<Time>,
}

impl Failed {
    pub(super) fn new(fault: Fault, why: impl Into<String>) -> Self {
        Self { why: plain(&why.into()), fault, kind: None, not_before: None }
    }
}

impl From<domain::Error> for Failed {
    fn from(error: domain::Error) -> Self {
        Self::new(Fault::Unreachable, format!("Our own database did not go along: {error}"))
    }
}

/// A text of the authority as one line of ours.
pub(super) fn plain(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(REASON_MAX).collect()
}

/// What the authority was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To know us.
    Account,
    /// A certificate.
    Order,
}

/// What has gone wrong, `heard` being the refusal that the error comes of.
pub(super) fn of_error(error: &Error, step: Step, settings: &Settings, now: Time, heard: Option<&Said>) -> Failed {
    let authority = settings.authority();
    let said = match (error, heard.map(|said| said.status)) {
        (Error::Api(problem), _) => return of_problem(problem, step, settings, heard),
        (Error::Other(cause), _) => Failed::new(Fault::Unreachable, format!("{authority} cannot be asked: {cause}")),
        (Error::Timeout(until), _) => {
            let wait = until.map(|until| until.saturating_duration_since(Instant::now()).as_millis());
            let not_before = wait.map(|wait| now.plus_millis(i64::try_from(wait).unwrap_or(i64::MAX)));
            Failed { not_before, ..Failed::new(Fault::Unreachable, format!("{authority} took too long")) }
        }
        // In words of a machine in front of it, which knows nothing of ACME.
        (_, Some(status @ StatusCode::TOO_MANY_REQUESTS)) => {
            Failed::new(Fault::TooMany, format!("{authority} has had too many requests from here ({status})"))
        }
        (_, Some(status)) if status.is_server_error() => {
            Failed::new(Fault::Unreachable, format!("{authority} has trouble of its own ({status})"))
        }
        (Error::Json(_) | Error::Http(_) | Error::InvalidUri(_) | Error::Str(_), _) => Failed::new(
            Fault::Unreachable,
            format!("{authority} does not answer as an authority does ({error}). Is --acme-directory right?"),
        ),
        (other, _) => Failed::new(Fault::Refused, format!("{authority}: {other}")),
    };
    Failed { not_before: said.not_before.or(heard.and_then(|said| said.not_before)), ..said }
}

/// What the authority says (RFC 8555, section 6.7), and what can be done about it.
pub(super) fn of_problem(problem: &Problem, step: Step, settings: &Settings, heard: Option<&Said>) -> Failed {
    // What is wrong with all of it may stand with one of its parts.
    let part = problem.subproblems.first();
    let kind = part.and_then(|part| part.r#type.as_deref()).or(problem.r#type.as_deref());
    let kind = plain(kind.and_then(|kind| kind.rsplit(':').next()).unwrap_or_default());
    let detail = part.and_then(|part| part.detail.as_deref()).or(problem.detail.as_deref()).unwrap_or_default();
    let status = heard.map(|said| said.status);
    let fault = match kind.as_str() {
        "rateLimited" => Fault::TooMany,
        "serverInternal" => Fault::Unreachable,
        _ if status == Some(StatusCode::TOO_MANY_REQUESTS) => Fault::TooMany,
        _ if status.is_some_and(|status| status.is_server_error()) => Fault::Unreachable,
        _ => Fault::Refused,
    };
    let mut words = vec![format!("{} refused.", settings.authority())];
    words.extend(Some(todo(&kind, step, settings)).filter(|todo| !todo.is_empty()));
    words.extend(heard.and_then(|said| said.instance.as_ref()).map(|address| format!("See {address}.")));
    words.extend(Some(format!("It says: {detail}")).filter(|_| !detail.is_empty()));
    words.extend(Some(format!("({kind})")).filter(|_| !kind.is_empty()));
    let told = || Some(told(detail)?).filter(|_| fault == Fault::TooMany);
    let not_before = heard.and_then(|said| said.not_before).or_else(told);
    Failed { why: plain(&words.join(" ")), fault, kind: Some(kind), not_before }
}

/// When to come back, as Let's Encrypt writes it into its words, too.
fn told(detail: &str) -> Option<Time> {
    let (_, after) = detail.split_once("retry after ")?;
    let end = after.find("UTC").or_else(|| after.find('Z'))?;
    moment(&format!("{}Z", after.get(..end)?.trim()))
}

/// What can be done.
fn todo(kind: &str, step: Step, settings: &Settings) -> String {
    let name = &settings.wanted.name;
    match (kind, step) {
        ("externalAccountRequired", _) if settings.bound.is_none() => {
            "It wants an account that you have with it already. Get a key id and a key there, and set --acme-eab-id and \
             --acme-eab-key."
                .to_owned()
        }
        ("unauthorized" | "malformed" | "externalAccountRequired" | "incorrectResponse", Step::Account)
            if settings.bound.is_some() =>
        {
            "It does not know the account of --acme-eab-id, or not with this --acme-eab-key. Are both copied whole? Some \
             authorities take them once only: get new ones there."
                .to_owned()
        }
        ("unauthorized", Step::Account) => "It makes no account for us.".to_owned(),
        ("accountDoesNotExist", _) => "It does not know our account.".to_owned(),
        ("badNonce", _) => {
            "It took none of the numbers that it had given out itself. As a rule that is over by the next try.".to_owned()
        }
        ("dns", _) => format!(
            "It could not look {name} up. Is the name entered in the DNS, with this server's address, and do its name servers \
             answer?"
        ),
        ("connection" | "unauthorized" | "tls" | "incorrectResponse", _) => format!(
            "It did not get this server's answer. Does {name} lead here, and to no other machine or proxy, and does a firewall let \
             the authority through?"
        ),
        ("caa", _) => format!(
            "A CAA record in the DNS of {name} allows other authorities only. Add one for {}, or take them away.",
            settings.authority()
        ),
        ("rejectedIdentifier" | "unsupportedIdentifier", _) => format!("It gives no certificates for {name}."),
        ("rateLimited", _) => "It has had too many requests for this name or from here.".to_owned(),
        ("invalidContact" | "unsupportedContact", _) => "It does not take the address of --acme.".to_owned(),
        ("userActionRequired", _) => {
            "Somebody has to do something there first, as a rule to agree to new terms of service.".to_owned()
        }
        ("serverInternal", _) => "It has trouble of its own.".to_owned(),
        ("orderNotReady", _) => "It lost track of the order. As a rule that is over by the next try.".to_owned(),
        ("badCSR" | "badPublicKey" | "badSignatureAlgorithm" | "malformed", _) => {
            "It does not take what Docket sends. Is --acme-directory an authority (ACME, RFC 8555), and this release the latest?"
                .to_owned()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outgoing::Outgoing;
    use crate::tls::acme::Bound;
    use store::certificates::Wanted;

    fn settings(bound: bool) -> Settings {
        let wanted = Wanted { directory: "https://ca.example/directory".into(), name: "help.docket.example".into() };
        let bound = bound.then(|| Bound { id: "kid-1".into(), key: b"hidden".to_vec() });
        Settings { wanted, contact: "a@x.example".into(), bound, plain_too: false, outgoing: Outgoing::default() }
    }

    fn problem(kind: &str, detail: &str) -> Problem {
        let said = serde_json::json!({ "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail });
        serde_json::from_value(said).unwrap()
    }

    const KNOWS_NOT: &str = "It does not know the account of --acme-eab-id, or not with this --acme-eab-key.";

    #[test]
    fn every_refusal_says_what_can_be_done() {
        use Fault::{Refused, TooMany, Unreachable};
        use Step::{Account, Order};
        for (kind, step, bound, fault, words) in [
            ("dns", Order, false, Refused, "It could not look help.docket.example up."),
            (
                "caa",
                Order,
                false,
                Refused,
                "A CAA record in the DNS of help.docket.example allows other authorities only. Add one for ca.example",
            ),
            ("connection", Order, false, Refused, "Does help.docket.example lead here"),
            ("unauthorized", Order, true, Refused, "It did not get this server's answer."),
            ("tls", Order, false, Refused, "does a firewall let the authority through?"),
            ("incorrectResponse", Order, false, Refused, "It did not get this server's answer."),
            ("rateLimited", Order, false, TooMany, "It has had too many requests for this name or from here."),
            ("rateLimited", Account, true, TooMany, "It has had too many requests"),
            ("accountDoesNotExist", Order, false, Refused, "It does not know our account."),
            ("badNonce", Order, false, Refused, "As a rule that is over by the next try."),
            (
                "externalAccountRequired",
                Account,
                false,
                Refused,
                "Get a key id and a key there, and set --acme-eab-id and --acme-eab-key.",
            ),
            ("externalAccountRequired", Account, true, Refused, KNOWS_NOT),
            ("unauthorized", Account, true, Refused, KNOWS_NOT),
            ("malformed", Account, true, Refused, KNOWS_NOT),
            ("unauthorized", Account, false, Refused, "It makes no account for us."),
            ("malformed", Account, false, Refused, "It does not take what Docket sends."),
            ("userActionRequired", Order, false, Refused, "agree to new terms of service"),
            ("serverInternal", Order, false, Unreachable, "It has trouble of its own."),
            ("rejectedIdentifier", Order, false, Refused, "It gives no certificates for help.docket.example."),
            ("unsupportedIdentifier", Order, false, Refused, "It gives no certificates for help.docket.example."),
            ("invalidContact", Account, false, Refused, "It does not take the address of --acme."),
            ("unsupportedContact", Account, true, Refused, "It does not take the address of --acme."),
            ("orderNotReady", Order, false, Refused, "It lost track of the order."),
            ("badCSR", Order, false, Refused, "It does not take what Docket sends."),
            ("badSignatureAlgorithm", Order, false, Refused, "this release the latest?"),
            ("somethingNew", Order, false, Refused, "ca.example refused. It says: Why not (somethingNew)"),
        ] {
            let failed = of_problem(&problem(kind, "Why not"), step, &settings(bound), None);
            assert!(
                failed.why.starts_with("ca.example refused. ") && failed.why.contains(words),
                "{kind}: {}",
                failed.why
            );
            assert!(failed.why.ends_with(&format!("It says: Why not ({kind})")), "{}", failed.why);
            assert_eq!((failed.fault, failed.kind.as_deref()), (fault, Some(kind)), "{kind}");
        }
        assert!(
            !format!("{:?}", settings(true)).contains("hidden") && !format!("{:?}", settings(true)).contains("104")
        );
    }

    #[test]
    fn what_is_left_out_or_of_another_kind_is_said_too() {
        let nothing: Problem = serde_json::from_value(serde_json::json!({})).unwrap();
        assert_eq!(of_problem(&nothing, Step::Order, &settings(false), None).why, "ca.example refused.");
        let parts: Problem = serde_json::from_value(serde_json::json!({
            "type": "urn:ietf:params:acme:error:compound", "detail": "Several",
            "subproblems": [{ "type": "urn:ietf:params:acme:error:caa", "detail": "CAA forbids" }],
        }))
        .unwrap();
        let why = of_problem(&parts, Step::Order, &settings(false), None).why;
        assert!(why.contains("A CAA record") && why.ends_with("It says: CAA forbids (caa)"), "{why}");
        let now = Time(1_795_248_720_000);
        let heard = |status| Said { status, not_before: Some(now.plus_millis(5_000)), instance: None };
        for (error, status, fault, words) in [
            (Error::Str("x"), None, Fault::Unreachable, "Is --acme-directory right?"),
            (Error::Str("x"), Some(404), Fault::Unreachable, "Is --acme-directory right?"),
            (Error::Str("x"), Some(502), Fault::Unreachable, "ca.example has trouble of its own (502 Bad Gateway)"),
            (Error::Str("x"), Some(429), Fault::TooMany, "ca.example has had too many requests from here (429"),
            (Error::Timeout(None), None, Fault::Unreachable, "ca.example took too long"),
            (Error::Crypto, None, Fault::Refused, "ca.example: cryptographic operation failed"),
        ] {
            let heard = status.map(|status| heard(StatusCode::from_u16(status).unwrap()));
            let failed = of_error(&error, Step::Order, &settings(false), now, heard.as_ref());
            assert!(failed.why.contains(words), "{}", failed.why);
            assert_eq!((failed.fault, failed.not_before), (fault, heard.and_then(|said| said.not_before)), "{words}");
        }
    }

    #[test]
    fn when_to_come_back_is_read_from_words() {
        let at = |text: &str| moment(text);
        for (detail, found) in [
            (
                "too many certificates, retry after 2026-11-22 10:00:00 UTC: see https://ca.example",
                at("2026-11-22 10:00"),
            ),
            ("paused, retry after 2026-11-22T10:00:00Z", at("2026-11-22 10:00")),
            ("retry after a while", None),
            ("retry after the rain, in UTC", None),
            ("No", None),
        ] {
            assert_eq!(told(detail), found, "{detail}");
            let failed = of_problem(&problem("rateLimited", detail), Step::Order, &settings(false), None);
            assert_eq!(failed.not_before, found, "{detail}");
            assert_eq!(of_problem(&problem("caa", detail), Step::Order, &settings(false), None).not_before, None);
        }
    }
}
