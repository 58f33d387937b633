//! The frame around the settings: their list, and what a form has come to.

use crate::{
    erased::{Rows, Sometimes, dynamic, memo},
    fetched::resource,
    flash::flash,
    icons::{Ico, Icon},
    me,
    rpc::Rpc,
    shared::{EmptyState, ErrorNotice, Title, fetched},
};
use domain::{Error, policy::Action};
use leptos::prelude::*;
use leptos_router::{
    components::Outlet,
    hooks::{use_location, use_query_map},
};
use serde::{Serialize, de::DeserializeOwned};

/// A page of the settings.
struct Place {
    href: &'static str,
    name: &'static str,
    icon: Icon,
    /// Who may open it.
    action: Action,
    /// What can be set there, what it does, and how else it is called: for who searches.
    fields: &'static [(&'static str, &'static str, &'static str)],
}

const PAGES: &[Place] = &[
    Place {
        href: "/settings/users",
        name: "Users",
        icon: Icon::User,
        action: Action::ManageStaff,
        fields: &[
            ("Role of a user", "What somebody on staff may do.", "permissions rights"),
            ("Teams of a user", "Whose tickets they see and share.", "groups"),
            (
                "Block a user",
                "Signs them out everywhere at once and keeps them out.",
                "lock disable deactivate remove delete",
            ),
            ("Devices of a user", "Where they are signed in, and signing them out there.", "sessions log out"),
        ],
    },
    Place {
        href: "/settings/invitations",
        name: "Invitations",
        icon: Icon::UserPlus,
        action: Action::ManageStaff,
        fields: &[(
            "Invite staff",
            "Sends a mail with a link; who opens it chooses a name and a password.",
            "new add agent colleague user",
        )],
    },
    Place {
        href: "/settings/roles",
        name: "Roles",
        icon: Icon::Shield,
        action: Action::ManageStaff,
        fields: &[
            ("Built-in roles", "Superadmin, manager and agent, and who has them.", "permissions rights"),
            ("Custom roles", "Roles of your own, made of single permissions.", "permissions rights"),
            (
                "See all tickets",
                "Without this permission, people see only their own and their teams' tickets.",
                "visibility",
            ),
        ],
    },
    Place {
        href: "/settings/teams",
        name: "Teams",
        icon: Icon::Users,
        action: Action::ManageTeams,
        fields: &[
            ("Name and description of a team", "As it stands in menus and on tickets.", "groups"),
            ("Members of a team", "Who is in it sees its tickets.", "groups"),
        ],
    },
    Place {
        href: "/settings/two-step",
        name: "Two-step sign-in",
        icon: Icon::Device,
        action: Action::RequireSecondFactor,
        fields: &[
            (
                "Staff need two-step sign-in",
                "Who has no second factor sets one up before anything else.",
                "2fa mfa totp otp two-factor passkeys",
            ),
            ("Days until it is needed", "So long staff may put it off.", "2fa mfa grace"),
        ],
    },
    Place {
        href: "/settings/sign-in",
        name: "Sign-in from outside",
        icon: Icon::Key,
        action: Action::ManageProviders,
        fields: &[
            (
                "Google and Facebook",
                "Customers sign in with an account that they have there.",
                "sso oauth social login",
            ),
            (
                "OpenID Connect and SAML 2.0",
                "A company's users, or staff, sign in by their own provider.",
                "sso oidc saml ldap directory single sign-on entra okta scim",
            ),
            ("Roles by groups", "Which groups of a provider give which role on the desk.", "sso ldap directory scim"),
        ],
    },
    Place {
        href: "/settings/log",
        name: "Security log",
        icon: Icon::Lock,
        action: Action::SeeSecurityLog,
        fields: &[
            ("Sign-ins", "Who came in and who was refused, when and from which address.", "audit login"),
            ("Changes of rights and settings", "Who changed what about whom.", "audit history"),
            ("Export the log", "As a table for spreadsheets.", "audit csv download"),
        ],
    },
    Place {
        href: "/settings/priority",
        name: "Priority",
        icon: Icon::Sliders,
        action: Action::Administer,
        fields: &[("Priority table", "Which priority follows from urgency and importance.", "matrix")],
    },
    Place {
        href: "/settings/board",
        name: "Board",
        icon: Icon::Board,
        action: Action::Administer,
        fields: &[
            (
                "Most tickets in a column",
                "A limit on the work in progress: the column is marked when it is over it.",
                "wip kanban",
            ),
            ("Refuse more", "A full column takes no further tickets.", "wip kanban full"),
        ],
    },
    Place {
        href: "/settings/satisfaction",
        name: "Satisfaction",
        icon: Icon::Check,
        action: Action::Administer,
        fields: &[
            ("Ask in the portal", "How a ticket was solved, one of five.", "csat survey rating feedback stars"),
            ("Ask by mail", "With links that need no password.", "csat survey rating feedback"),
            ("Hours from solving to the mail", "When customers are asked.", "csat survey delay"),
        ],
    },
    Place {
        href: "/settings/fields",
        name: "Custom fields",
        icon: Icon::List,
        action: Action::Administer,
        fields: &[
            (
                "Fields of customers",
                "What staff fill in of a customer beyond names and addresses: text, numbers, dates, choices, people.",
                "attributes properties columns data",
            ),
            ("Fields of companies", "The same of companies.", "attributes properties columns data organisations"),
            ("What customers see of them", "Which fields customers read on their profile.", "visible portal privacy"),
        ],
    },
    Place {
        href: "/settings/retention",
        name: "Data retention",
        icon: Icon::Timer,
        action: Action::SetRetention,
        fields: &[
            (
                "Content of closed tickets",
                "After how many months what they say is erased.",
                "gdpr privacy delete period archive",
            ),
            ("Inactive customers", "After how many months they are erased.", "gdpr privacy delete period"),
        ],
    },
    Place {
        href: "/settings/https",
        name: "HTTPS",
        icon: Icon::Link,
        action: Action::Administer,
        fields: &[
            (
                "Certificate",
                "Where it comes from, until when it is valid, and why it could not be renewed.",
                "tls ssl acme let's encrypt encryption",
            ),
            ("Try now", "Has the authority asked at once, after it has refused.", "tls ssl acme renew retry"),
        ],
    },
    Place {
        href: "/settings/mails",
        name: "Mails",
        icon: Icon::Mail,
        action: Action::Administer,
        fields: &[
            (
                "Quarantine",
                "Unreadable mails that could not become messages: try them again, discard or download them.",
                "spam e-mail import eml",
            ),
            (
                "Unsent mails",
                "Mails of Docket's own that the mail server did not take, and why.",
                "smtp e-mail outgoing delivery bounce",
            ),
        ],
    },
];

/// The pages that this person may open.
fn pages(start: &me::Start) -> impl Iterator<Item = &'static Place> {
    PAGES.iter().filter(|place| start.may(place.action))
}

/// Whether there is any for this person.
pub fn may_any(start: &me::Start) -> bool {
    pages(start).next().is_some()
}

/// The parent of all settings. Whoever may open none of them is told that they are not theirs.
#[component]
pub fn SettingsFrame() -> impl IntoView {
    let start = me::start();
    if !may_any(&start) {
        return view! {
            <Title text="Settings" />
            <div class="page page--narrow">
                <div class="page__body">
                    <h1 class="page__title">"Settings"</h1>
                    <ErrorNotice error=Error::forbidden() />
                </div>
            </div>
        }
        .into_any();
    }
    let location = use_location();
    let current = move |href: &'static str| {
        move || {
            location
                .pathname
                .with(|path| path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
                .then_some("page")
        }
    };
    view! {
        <div class="settings">
            <nav class="settings__nav" aria-label="Settings">
                <h2 class="rail__title">
                    <a href="/settings">"Settings"</a>
                </h2>
                {pages(&start)
                    .map(|place| {
                        view! {
                            <a class="rail__item" href=place.href aria-current=current(place.href)>
                                <Ico icon=place.icon />
                                <span>{place.name}</span>
                            </a>
                        }
                    })
                    .rows()}
            </nav>
            <div class="page">
                <Outlet />
            </div>
        </div>
    }
    .into_any()
}

/// `/settings`: all that can be set, and a search through it.
#[component]
pub fn SettingsStart() -> impl IntoView {
    let query = use_query_map();
    let asked = memo(move || query.with(|q| q.get("q")).unwrap_or_default());
    view! {
        <SettingsPage title="Settings" lead="What holds for the whole desk.">
            <form class="actions filter-bar" role="search" action="/settings">
                <input
                    class="input grow"
                    type="search"
                    name="q"
                    value=asked.get_untracked()
                    maxlength="100"
                    aria-label="Search in the settings"
                    placeholder="Search in the settings"
                />
                <button class="button" type="submit">
                    "Search"
                </button>
            </form>
            {dynamic(move || found(&asked.get()))}
        </SettingsPage>
    }
    .into_any()
}

/// What can be set whose name, help or other names hold all of the words.
fn found(asked: &str) -> AnyView {
    let words: Vec<String> = asked.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let start = me::start();
    let sections: Vec<AnyView> = pages(&start)
        .filter_map(|place| {
            let fits = |(name, help, also): &&(&str, &str, &str)| {
                let text = format!("{} {name} {help} {also}", place.name).to_lowercase();
                words.iter().all(|word| text.contains(word))
            };
            let fields: Vec<_> = place.fields.iter().filter(fits).collect();
            (!fields.is_empty()).shown(|| {
                view! {
                    <section class="section">
                        <div class="section__head">
                            <h2 class="section__title">
                                <a class="link" href=place.href>
                                    {place.name}
                                </a>
                            </h2>
                        </div>
                        <dl class="box">
                            {fields
                                .into_iter()
                                .map(|(name, help, _)| {
                                    view! {
                                        <div class="box__row settings__found">
                                            <dt>
                                                <a class="link" href=place.href>
                                                    {*name}
                                                </a>
                                            </dt>
                                            <dd class="field__hint">{*help}</dd>
                                        </div>
                                    }
                                })
                                .rows()}
                        </dl>
                    </section>
                }
                .into_any()
            })
        })
        .collect();
    if sections.is_empty() {
        return view! { <EmptyState icon=Icon::Search title="Nothing found" text="No setting has these words." /> }
            .into_any();
    }
    sections.rows().into_any()
}

/// One page of the settings: its head, what became of its form, and what is to be set.
#[component]
pub fn SettingsPage(title: &'static str, lead: &'static str, children: Children) -> impl IntoView {
    view! {
        <Title text=title />
        <div class="page__body">
            <header class="page__head">
                <div>
                    <h1 class="page__title">{title}</h1>
                    <p class="page__lead">{lead}</p>
                </div>
            </header>
            <Sent />
            {children()}
        </div>
    }
    .into_any()
}

/// A [`SettingsPage`] about one thing: what `fetch` brings, as `shown` shows it.
pub fn page_of<T, Answer>(
    title: &'static str,
    lead: &'static str,
    fetch: impl Fn() -> Answer + Send + Sync + 'static,
    shown: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    Answer: Future<Output = Rpc<T>> + Send + 'static,
{
    let found = resource(|| (), move |()| fetch());
    view! { <SettingsPage title lead>{fetched(loading, found, shown)}</SettingsPage> }.into_any()
}

/// While a page's data are fetched.
pub fn loading() -> AnyView {
    view! { <i class="skeleton skeleton--block" data-tall="240"></i> }.into_any()
}

/// What became of the form that was sent last: an error, or that it was saved.
#[component]
fn Sent() -> impl IntoView {
    let error = flash().error;
    let saved = use_query_map().with_untracked(|query| query.get("saved").is_some());
    match error {
        // What is wrong with a field stands beside it.
        Some(error) => view! { <ErrorNotice error=Error { fields: Vec::new(), ..error } /> }.into_any(),
        None if saved => view! {
            <p class="notice" data-kind="ok" role="status">
                <Ico icon=Icon::Check />
                "Saved."
            </p>
        }
        .into_any(),
        None => ().into_any(),
    }
}
