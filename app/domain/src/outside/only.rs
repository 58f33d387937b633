//! Only this way in: a provider may be marked so that the people it is for come in by it and in no other way. One rule for
//! passwords, links of mails, passkeys and other providers; who is bound to what is asked of the database.
//!
//! A directory binds its people to their password there even without the mark, for there the password is known. The mark adds
//! what else would let them in.

use super::{Button, Kind};
use crate::{Code, Error, ProviderId, error::FieldError};
use std::collections::BTreeSet;

/// How the field of an error begins that names a way in. It is none of a form.
const FIELD: &str = "way.";

/// How somebody wants to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A password that is known here.
    Password,
    /// The link of a mail: a registration, an invitation, a new password.
    Mail,
    /// A passkey alone. As the second step it is always good.
    Passkey,
    /// A provider that vouches for them.
    Provider(ProviderId),
}

impl By {
    /// What the security log says.
    pub fn name(self) -> &'static str {
        match self {
            By::Password => "a password",
            By::Mail => "the link of a mail",
            By::Passkey => "a passkey",
            By::Provider(_) => "another way in",
        }
    }
}

/// A way in that somebody is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    pub provider: ProviderId,
    pub kind: Kind,
    pub name: String,
    /// Whether it is marked as the only one.
    pub only: bool,
    /// Whoever may everything is not bound: somebody has to be able to mend a provider that is broken.
    pub exempt: bool,
}

/// Which of the ways that somebody is bound to refuses that they come in so; nothing when they may.
pub fn refusing(bound: &[Bound], by: By) -> Option<&Bound> {
    let binds = |way: &&Bound| !way.exempt && (way.only || !way.kind.redirects());
    match by {
        By::Password | By::Mail | By::Passkey => bound.iter().find(binds),
        By::Provider(id) => {
            let mut only = bound.iter().filter(|way| !way.exempt && way.only);
            // Of several that are for them, each will do.
            if only.clone().any(|way| way.provider == id) { None } else { only.next() }
        }
    }
}

/// Whether somebody is signed out who was bound to these ways as the only ones, and is to those by now. They may have come by any of
/// those from before, or by whatever they liked where there was none: what they have is good as long as each of these still is.
pub fn ends(before: &BTreeSet<ProviderId>, after: &BTreeSet<ProviderId>) -> bool {
    !after.is_empty() && (before.is_empty() || !before.is_subset(after))
}

impl Bound {
    /// What is said to whom it refuses, with the way in that they are to take.
    pub fn refusal(&self) -> Error {
        let Self { name, .. } = self;
        if self.kind.redirects() {
            let said = format!(
                "You sign in here with {name} only. No password of this desk, no mail and no passkey lets you in."
            );
            let mut error = Error::new(Code::Forbidden, said);
            error.fields.push(FieldError { field: format!("{FIELD}{}", self.provider), message: name.clone() });
            return error;
        }
        Error::new(Code::Forbidden, "Sign in with the password that you have at your company: it decides who comes in.")
    }

    /// What is said to whom it refuses a password of their own.
    pub fn no_password(&self) -> Error {
        match self.kind.redirects() {
            true => self.refusal(),
            false => Error::new(
                Code::Forbidden,
                "You sign in here with the password that you have at your company. It is changed there.",
            ),
        }
    }

    /// What is said to whoever types an address in its domains, before anything is known of an account.
    pub fn refusal_of(&self, domain: &str) -> Error {
        let name = &self.name;
        let message = match self.kind.redirects() {
            true => format!("People at {domain} sign in here with {name} only, and keep no password here."),
            false => format!("People at {domain} sign in here with the password that they have at {name}."),
        };
        Error { message, ..self.refusal() }
    }
}

/// The way in that an error names: the button that leads there.
pub fn named(error: &Error) -> Option<Button> {
    let [one] = error.fields.as_slice() else { return None };
    let id = one.field.strip_prefix(FIELD)?.parse().ok()?;
    Some(Button { id, name: one.message.clone(), kind: Kind::Oidc })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(id: i64, kind: Kind, only: bool) -> Bound {
        Bound { provider: ProviderId(id), kind, name: format!("ID {id}"), only, exempt: false }
    }

    #[test]
    fn what_lets_people_in() {
        let (id, other, directory, strict) =
            (way(1, Kind::Oidc, true), way(2, Kind::Oidc, true), way(3, Kind::Ldap, false), way(4, Kind::Ldap, true));
        let boss = Bound { exempt: true, ..id.clone() };
        let (password, mail, passkey) = (By::Password, By::Mail, By::Passkey);
        let by = |id| By::Provider(ProviderId(id));
        for (bound, way, refused_by) in [
            (vec![], password, None),
            (vec![], by(1), None),
            (vec![&id], password, Some(1)),
            (vec![&id], mail, Some(1)),
            (vec![&id], passkey, Some(1)),
            (vec![&id], by(1), None),
            (vec![&id], by(9), Some(1)),
            // Of several, each will do.
            (vec![&id, &other], by(2), None),
            (vec![&id, &other], by(9), Some(1)),
            (vec![&id, &other], password, Some(1)),
            // A directory knows the password, and leaves other providers alone until it is marked.
            (vec![&directory], password, Some(3)),
            (vec![&directory], mail, Some(3)),
            (vec![&directory], passkey, Some(3)),
            (vec![&directory], by(3), None),
            (vec![&directory], by(9), None),
            (vec![&strict], by(9), Some(4)),
            (vec![&directory, &id], by(9), Some(1)),
            (vec![&directory, &id], by(3), Some(1)),
            // Whoever may everything comes in whichever way they have.
            (vec![&boss], password, None),
            (vec![&boss], mail, None),
            (vec![&boss], passkey, None),
            (vec![&boss], by(9), None),
        ] {
            let bound: Vec<Bound> = bound.into_iter().cloned().collect();
            assert_eq!(refusing(&bound, way).map(|by| by.provider.0), refused_by, "{bound:?} {way:?}");
        }
    }

    #[test]
    fn who_is_signed_out() {
        for (before, after, out) in [
            (&[][..], &[][..], false),
            (&[], &[1], true),
            (&[1], &[1], false),
            // Free to come as they like.
            (&[1], &[], false),
            // Each of them will do, so what came by the first is still good.
            (&[1], &[1, 2], false),
            (&[1], &[2], true),
            // By which of the two they have come is not known.
            (&[1, 2], &[2], true),
            (&[1, 2], &[2, 3], true),
            (&[1, 2], &[], false),
        ] {
            let ways = |ids: &[i64]| ids.iter().map(|id| ProviderId(*id)).collect();
            assert_eq!(ends(&ways(before), &ways(after)), out, "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_way_in() {
        let error = way(7, Kind::Oidc, true).refusal();
        assert!(error.message.contains("ID 7"), "{error:?}");
        let button = named(&error).expect("a way in");
        assert_eq!((button.id, button.name.as_str()), (ProviderId(7), "ID 7"));
        let error = way(7, Kind::Oidc, true).refusal_of("acme.example");
        assert!(error.message.contains("acme.example") && named(&error).is_some(), "{error:?}");
        // A directory's people type their password where they are.
        assert_eq!(named(&way(7, Kind::Ldap, true).refusal()), None);
        assert!(way(7, Kind::Ldap, true).refusal_of("acme.example").message.contains("ID 7"));
        assert_eq!(named(&Error::field("email", "x")), None);
    }
}
