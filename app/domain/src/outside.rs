//! Signing in with an account that somebody has elsewhere: who vouches for whom.

pub mod directory;
pub mod groups;
pub mod only;
mod pem;
pub mod saml;

pub use directory::Directory;
pub use groups::{GroupRules, RoleRule, TeamRule};
pub use saml::Saml;

use crate::{
    CompanyId, IdentityId, ProviderId, Result, Time,
    company::{CompanyName, domain_problem},
    error::Problems,
    scim::Token,
    text,
};
use serde::{Deserialize, Serialize};

pub const NAME_MAX: usize = 60;
/// The longest address, number or secret that a provider's settings take, in bytes.
pub const FIELD_MAX: usize = 1_000;
/// The most domains of the desk's own provider.
pub const DOMAINS_MAX: usize = 50;
/// The longest number of somebody that a provider may give, in bytes (OpenID Connect Core, 2).
pub const SUBJECT_MAX: usize = 255;

/// How a provider is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Google,
    Facebook,
    /// Any provider of OpenID Connect.
    Oidc,
    /// A directory: who signs in types their password here.
    Ldap,
    /// Any provider of SAML 2.0.
    Saml,
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Google, Kind::Facebook, Kind::Oidc, Kind::Saml, Kind::Ldap];

    /// The word used in the database and in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Google => "google",
            Kind::Facebook => "facebook",
            Kind::Oidc => "oidc",
            Kind::Ldap => "ldap",
            Kind::Saml => "saml",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What people read.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Google => "Google",
            Kind::Facebook => "Facebook",
            Kind::Oidc => "OpenID Connect",
            Kind::Ldap => "LDAP",
            Kind::Saml => "SAML 2.0",
        }
    }

    /// The issuer of a provider that is the same for everybody.
    pub fn issuer(self) -> Option<&'static str> {
        match self {
            Kind::Google => Some("https://accounts.google.com"),
            Kind::Facebook => Some("https://www.facebook.com"),
            Kind::Oidc | Kind::Ldap | Kind::Saml => None,
        }
    }

    /// Whether whoever signs in is sent there, and comes back.
    pub fn redirects(self) -> bool {
        self != Kind::Ldap
    }

    /// Whom a provider of this kind may vouch for. The error says why it may not.
    pub fn may_serve(self, audience: Audience) -> std::result::Result<(), &'static str> {
        match (self, audience) {
            (Kind::Ldap, Audience::Everybody) => Err("A directory belongs to a company or to the desk's own staff."),
            (Kind::Saml, Audience::Everybody) => {
                Err("A provider of SAML vouches for the users of one company or for the desk's own staff.")
            }
            (Kind::Google | Kind::Facebook, Audience::Staff) => {
                Err("Accounts there are private ones. Staff connect them in their profile.")
            }
            _ => Ok(()),
        }
    }
}

/// Whom a provider vouches for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Customers, whoever comes: a button on the page for signing in.
    #[default]
    Everybody,
    /// The users of one company, told by the domain of their address.
    Company,
    /// People on staff, told by the domain of their address.
    Staff,
}

impl Audience {
    pub const ALL: [Audience; 3] = [Audience::Everybody, Audience::Company, Audience::Staff];

    pub fn word(self) -> &'static str {
        match self {
            Audience::Everybody => "everybody",
            Audience::Company => "company",
            Audience::Staff => "staff",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.word() == word)
    }

    pub fn name(self) -> &'static str {
        match self {
            Audience::Everybody => "Customers, whoever comes",
            Audience::Company => "Users of one company",
            Audience::Staff => "People on staff",
        }
    }
}

/// A provider as its page shows it. Without its secrets: those are never shown again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    pub id: ProviderId,
    pub kind: Kind,
    pub name: String,
    pub audience: Audience,
    pub company: Option<CompanyName>,
    pub domains: Vec<String>,
    pub issuer: String,
    pub client_id: String,
    pub has_secret: bool,
    pub creates: bool,
    pub role_claim: String,
    /// As they are typed: a line for each.
    pub roles: String,
    /// In the same way.
    pub teams: String,
    pub trusts_mfa: bool,
    pub directory: Directory,
    pub saml: Saml,
    /// Whether the people it is for come in by it and in no other way.
    pub only: bool,
    pub enabled: bool,
    /// The token that it announces people with, if it has one.
    pub token: Option<Token>,
    /// How many accounts are connected.
    pub people: i64,
    pub version: i64,
}

/// A provider as somebody types it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderInput {
    pub name: String,
    pub audience: Audience,
    /// The name of a company.
    pub company: String,
    /// One to a line.
    pub domains: String,
    pub issuer: String,
    pub client_id: String,
    /// Empty: as before.
    pub secret: String,
    pub creates: bool,
    pub role_claim: String,
    /// Lines as `group = role`.
    pub roles: String,
    /// Lines as `group = team`.
    pub teams: String,
    pub trusts_mfa: bool,
    pub directory: Directory,
    pub saml: Saml,
    pub only: bool,
    pub enabled: bool,
}

impl ProviderInput {
    /// Tidied, or everything that is wrong with it. `had_secret`: it has one that stays when none is typed.
    pub fn check(self, kind: Kind, had_secret: bool) -> Result<Self> {
        let mut problems = Problems::default();
        let line = |text: &str| text::tidy_line(text);
        let domains: Vec<String> =
            self.domains.replace(['@', ','], " ").to_lowercase().split_whitespace().map(str::to_owned).collect();
        let issuer = kind.issuer().map_or_else(|| line(&self.issuer), str::to_owned);
        // A provider of SAML is not asked anything: people bring what it says, with its signature.
        let asks = kind != Kind::Saml;
        let input = Self {
            directory: match kind {
                Kind::Ldap => self.directory.tidied(&issuer),
                _ => Directory::default(),
            },
            saml: match kind {
                Kind::Saml => self.saml.tidied(),
                _ => Saml::default(),
            },
            name: line(&self.name),
            company: line(&self.company),
            domains: domains.join("\n"),
            issuer,
            client_id: if asks { line(&self.client_id) } else { String::new() },
            secret: if asks { self.secret.trim().to_owned() } else { String::new() },
            role_claim: line(&self.role_claim),
            ..self
        };
        problems.unless(!input.name.is_empty(), "name", "Say what stands on the button.");
        problems.unless(input.name.chars().count() <= NAME_MAX, "name", "Use at most 60 characters.");
        match input.audience {
            Audience::Company => {
                problems.unless(!input.company.is_empty(), "company", "Say which company it vouches for.");
            }
            Audience::Staff => {
                problems.unless(!domains.is_empty(), "domains", "Say in which domains the addresses of staff are.");
                problems.unless(domains.len() <= DOMAINS_MAX, "domains", "Use at most 50 domains.");
                if let Some(problem) = domains.iter().find_map(|domain| domain_problem(domain)) {
                    problems.add("domains", problem);
                }
            }
            Audience::Everybody => {}
        }
        if let Err(problem) = kind.may_serve(input.audience) {
            problems.add("audience", problem);
        }
        for (field, value) in [("issuer", &input.issuer), ("client_id", &input.client_id), ("secret", &input.secret)] {
            problems.unless(value.len() <= FIELD_MAX, field, "This is too long.");
        }
        match kind {
            Kind::Ldap => directory::check(&input, had_secret, &mut problems),
            Kind::Saml => saml::check(&input, &mut problems),
            Kind::Google | Kind::Facebook | Kind::Oidc => {
                problems.unless(
                    is_web_address(&input.issuer),
                    "issuer",
                    "Use an address like https://id.acme.example.",
                );
                problems.unless(!input.client_id.is_empty(), "client_id", "Say the number that the provider gave you.");
                problems.unless(had_secret || !input.secret.is_empty(), "secret", "Copy the secret from the provider.");
            }
        }
        input.check_rules(kind, &mut problems);
        problems.unless(
            !input.only || input.audience != Audience::Everybody,
            "only",
            "Customers who come by themselves need other ways in, too. Only people of one company or on staff can be bound to one.",
        );
        problems.check()?;
        Ok(input)
    }

    /// What groups give is for staff alone, and where they are told has to be known.
    fn check_rules(&self, kind: Kind, problems: &mut Problems) {
        let staff = self.audience == Audience::Staff;
        let mut some = false;
        for (field, rules, others) in [
            ("roles", self.rules(), "Only people on staff have roles."),
            ("teams", self.team_rules(), "Only people on staff are in teams."),
        ] {
            match rules {
                Err(problem) => problems.add(field, problem),
                Ok(rules) => {
                    problems.unless(rules.len() <= groups::RULES_MAX, field, "Use at most 50 rules.");
                    problems.unless(rules.is_empty() || staff, field, others);
                    some |= !rules.is_empty();
                }
            }
        }
        problems.unless(
            !some || !self.role_claim.is_empty() || !self.directory.group_filter.is_empty(),
            "role_claim",
            match kind {
                Kind::Ldap => "Say which attribute names the groups, or how they are found.",
                Kind::Saml => "Say which attribute names the groups.",
                _ => "Say which claim names the groups.",
            },
        );
        problems.unless(
            !(staff && self.creates && self.rules().is_ok_and(|rules| rules.is_empty())),
            "roles",
            "Say which groups get which role: nobody else on staff gets an account.",
        );
    }

    /// The rules about roles, each as a group and the name of a role. The error says which line is none.
    pub fn rules(&self) -> std::result::Result<Vec<(String, String)>, String> {
        groups::lines(&self.roles, "support-team = Agent")
    }

    /// The rules about teams, each as a group and the name of a team. The error says which line is none.
    pub fn team_rules(&self) -> std::result::Result<Vec<(String, String)>, String> {
        groups::lines(&self.teams, "support-team = Support")
    }
}

/// Whether a provider can be asked there, as far as its form goes. Plain `http` is for networks of one's own, which the
/// server asks about when it connects.
fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && rest.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '@' | '#' | '?' | '\\' | '"' | '<' | '>'))
    })
}

/// A button on the page for signing in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    pub id: ProviderId,
    pub name: String,
    pub kind: Kind,
}

/// The ways in beside address and password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaysIn {
    pub buttons: Vec<Button>,
    /// Whether some are only shown to who types an address: those of companies and of staff.
    pub by_address: bool,
}

/// An account elsewhere that one's own is connected with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    pub id: IdentityId,
    pub provider: String,
    pub email: String,
    pub linked_at: Time,
    pub last_used_at: Option<Time>,
}

/// One's connected accounts, and those that one could connect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    pub connected: Vec<Connected>,
    pub more: Vec<Button>,
}

/// What a provider says of somebody, once it is known to come from there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vouched {
    /// What it calls them, for ever.
    pub subject: String,
    pub name: String,
    pub email: String,
    /// Whether it says that the address is theirs; nothing when it does not say.
    pub email_verified: Option<bool>,
    /// The values of the claim that names roles.
    pub groups: Vec<String>,
    /// Whether they have shown two factors there.
    pub mfa: bool,
}

/// What came of trying a provider, in sentences; which of them are bad.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    pub good: Vec<String>,
    pub bad: Vec<String>,
}

/// Which company an address belongs to by its domain is asked of the database; this is the domain.
pub fn domain_of(email: &str) -> Option<String> {
    text::is_email(email).then(|| email.rsplit_once('@').map(|(_, domain)| domain.to_lowercase())).flatten()
}

/// What a provider is used with.
#[derive(Clone, Debug)]
pub struct Usable {
    pub id: ProviderId,
    pub kind: Kind,
    pub name: String,
    pub audience: Audience,
    pub company: Option<CompanyId>,
    pub domains: Vec<String>,
    pub issuer: String,
    pub client_id: String,
    pub secret: String,
    pub creates: bool,
    pub role_claim: String,
    pub rules: GroupRules,
    pub trusts_mfa: bool,
    pub directory: Directory,
    pub saml: Saml,
    pub only: bool,
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> ProviderInput {
        ProviderInput {
            name: " Acme  ID ".into(),
            issuer: "https://id.acme.example".into(),
            client_id: "docket".into(),
            secret: "s".into(),
            ..ProviderInput::default()
        }
    }

    #[test]
    fn a_provider_is_tidied() {
        let good = input().check(Kind::Oidc, false).expect("good");
        assert_eq!((good.name.as_str(), good.issuer.as_str()), ("Acme ID", "https://id.acme.example"));
        let google = ProviderInput { issuer: "https://elsewhere.example".into(), ..input() };
        assert_eq!(google.check(Kind::Google, false).expect("good").issuer, "https://accounts.google.com");
        let staff = ProviderInput {
            audience: Audience::Staff,
            domains: "@Acme.example, desk.example".into(),
            role_claim: "groups".into(),
            roles: "support = Agent\n\na=b = Team agent".into(),
            ..input()
        };
        let staff = staff.check(Kind::Oidc, false).expect("good");
        assert_eq!(staff.domains, "acme.example\ndesk.example");
        let rules = staff.rules().expect("rules");
        assert_eq!(rules[1], ("a=b".to_owned(), "Team agent".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field() {
        let staff = ProviderInput { audience: Audience::Staff, domains: "acme.example".into(), ..input() };
        for (kind, input, field) in [
            (Kind::Oidc, ProviderInput { name: " ".into(), ..input() }, "name"),
            (Kind::Oidc, ProviderInput { issuer: "ftp://a.example".into(), ..input() }, "issuer"),
            (Kind::Oidc, ProviderInput { issuer: "https://u:p@a.example".into(), ..input() }, "issuer"),
            (Kind::Oidc, ProviderInput { issuer: "https://a.example/?x".into(), ..input() }, "issuer"),
            (Kind::Oidc, ProviderInput { client_id: "".into(), ..input() }, "client_id"),
            (Kind::Oidc, ProviderInput { secret: " ".into(), ..input() }, "secret"),
            (Kind::Oidc, ProviderInput { audience: Audience::Company, ..input() }, "company"),
            (Kind::Oidc, ProviderInput { domains: "".into(), ..staff.clone() }, "domains"),
            (Kind::Oidc, ProviderInput { domains: "gmail.com".into(), ..staff.clone() }, "domains"),
            (Kind::Oidc, ProviderInput { roles: "support".into(), ..staff.clone() }, "roles"),
            (Kind::Oidc, ProviderInput { roles: "support = Agent".into(), ..staff.clone() }, "role_claim"),
            (Kind::Oidc, ProviderInput { roles: "a = Agent".into(), role_claim: "g".into(), ..input() }, "roles"),
            (Kind::Oidc, ProviderInput { teams: "support".into(), ..staff.clone() }, "teams"),
            (Kind::Oidc, ProviderInput { teams: "support = Printers".into(), ..staff.clone() }, "role_claim"),
            (Kind::Oidc, ProviderInput { teams: "a = Printers".into(), role_claim: "g".into(), ..input() }, "teams"),
            (
                Kind::Oidc,
                ProviderInput { teams: "a = b\n".repeat(51), role_claim: "g".into(), ..staff.clone() },
                "teams",
            ),
            (
                Kind::Oidc,
                ProviderInput { creates: true, teams: "a = b".into(), role_claim: "g".into(), ..staff.clone() },
                "roles",
            ),
            (Kind::Oidc, ProviderInput { only: true, ..input() }, "only"),
            (Kind::Google, staff.clone(), "audience"),
        ] {
            let error = input.check(kind, false).expect_err(field);
            assert!(error.of_field(field).is_some(), "{field}: {error:?}");
        }
        input().check(Kind::Oidc, true).expect("a secret stays");
    }
}
