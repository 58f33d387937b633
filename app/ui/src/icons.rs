//! The icons of Docket: [Lucide](https://lucide.dev) (ISC licence, `public/icons-LICENSE.txt`), only those in use.
//!
//! The drawings live in one sprite, `public/icons.svg`, and a page only refers to them. So an icon costs
//! the wasm file one short string, and no page carries the same path forty times.
//! A new icon is one line in the list below and a run of `style/tools/icons.mjs`.

use crate::shared::Markup;
use leptos::prelude::*;

/// One list gives the enum and the addresses, so that neither can lack an icon.
macro_rules! icons {
    ($($variant:ident => $name:literal,)*) => {
        /// An icon by what it means here, not by what it shows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the name says all there is to say")]
        pub enum Icon { $($variant,)* }

        impl Icon {
            /// Where the drawing is: the sprite and the name of the symbol in it.
            #[must_use]
            pub const fn href(self) -> &'static str {
                match self { $(Self::$variant => concat!("/icons.svg#", $name),)* }
            }

            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant,)*];
        }
    };
}

icons! {
    Inbox => "inbox",
    User => "user",
    Users => "users",
    UserPlus => "user-plus",
    Unassigned => "circle-dashed",
    Board => "square-kanban",
    Calendar => "calendar",
    Chat => "message-circle",
    Query => "list-filter",
    Sliders => "sliders-horizontal",
    Book => "book-open",
    Building => "building-2",
    Chart => "chart-column",
    Settings => "settings",
    Search => "search",
    Mail => "mail",
    Phone => "phone",
    Device => "smartphone",
    Globe => "globe",
    Hash => "hash",
    At => "at-sign",
    Paperclip => "paperclip",
    Lock => "lock",
    Reply => "reply",
    Check => "check",
    CheckCheck => "check-check",
    Clock => "clock",
    Timer => "timer",
    Alert => "circle-alert",
    Warning => "triangle-alert",
    Info => "info",
    Help => "circle-question-mark",
    Ok => "circle-check",
    Failed => "circle-x",
    Zap => "zap",
    Image => "image",
    File => "file",
    FileText => "file-text",
    ChevronRight => "chevron-right",
    ChevronLeft => "chevron-left",
    ChevronDown => "chevron-down",
    ChevronUp => "chevron-up",
    ArrowUp => "arrow-up",
    ArrowDown => "arrow-down",
    ArrowLeft => "arrow-left",
    ArrowRight => "arrow-right",
    Sort => "arrow-up-down",
    More => "ellipsis",
    Plus => "plus",
    CirclePlus => "circle-plus",
    Close => "x",
    Bold => "bold",
    Italic => "italic",
    List => "list",
    ListOrdered => "list-ordered",
    Link => "link",
    Code => "code",
    Quote => "text-quote",
    Sparkles => "sparkles",
    Play => "play",
    Pause => "pause",
    Split => "split",
    Merge => "merge",
    Menu => "menu",
    LogOut => "log-out",
    Sun => "sun",
    Moon => "moon",
    Monitor => "monitor",
    Eye => "eye",
    EyeOff => "eye-off",
    Pencil => "pencil",
    Trash => "trash-2",
    Tag => "tag",
    Flag => "flag",
    Download => "download",
    Upload => "upload",
    Refresh => "refresh-cw",
    Offline => "wifi-off",
    Copy => "copy",
    External => "external-link",
    Star => "star",
    Bell => "bell",
    BellOff => "bell-off",
    Lanes => "rows-3",
    Shield => "shield",
    Key => "key-round",
    Panel => "panel-right",
    Rows => "rows-2",
    Enter => "corner-down-left",
    History => "history",
    Undo => "undo-2",
    Send => "send",
    Keyboard => "keyboard",
    Grip => "grip-vertical",
    Archive => "archive",
    Home => "house",
    StatusOpen => "status-open",
    StatusProgress => "status-progress",
    StatusWaiting => "status-waiting",
    StatusResolved => "status-resolved",
    StatusClosed => "status-closed",
}

/// Draws an icon. It is hidden from screen readers: the word beside it, or the `aria-label` of the
/// control around it, has to say what it means.
#[component]
pub fn Ico(
    /// Which one.
    icon: Icon,
) -> impl IntoView {
    self::icon(icon).element()
}

/// The same inside of other markup. How large it is the style sheet decides by place.
pub fn icon(icon: Icon) -> Markup {
    Markup::new("<svg class=\"icon\" aria-hidden=\"true\"><use href=\"").raw(icon.href()).raw("\"></use></svg>")
}

#[cfg(test)]
mod tests {
    use super::Icon;

    #[test]
    fn every_icon_is_in_the_sprite() {
        let sprite = include_str!("../../../public/icons.svg");
        for icon in Icon::ALL {
            let (_, name) = icon.href().split_once('#').expect("an address has a fragment");
            assert!(sprite.contains(&format!("<symbol id=\"{name}\"")), "{name} is missing: run style/tools/icons.mjs");
        }
    }
}
