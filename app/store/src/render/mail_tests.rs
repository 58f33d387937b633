use super::*;
use proptest::prelude::*;

fn show(html: &str) -> MailHtml {
    mail_html(html, &|id| (id == "pic@x").then(|| "/files/KEY/pic.png".to_owned())).expect("small enough")
}

/// Sanitising what was sanitised changes nothing that matters: no second reading finds another structure in it.
fn assert_harmless(html: &str) {
    let lower = html.to_lowercase();
    for (_, token) in tokens(&lower) {
        if let Token::Open(name, text) = token {
            for bad in [
                "script", "style", "iframe", "form", "input", "button", "svg", "math", "link", "meta", "base",
                "object", "embed", "textarea", "select", "template",
            ] {
                assert_ne!(name, bad, "{html}");
            }
            for (attribute, value) in attributes(text) {
                assert!(!attribute.starts_with("on"), "{html}");
                if matches!(attribute, "href" | "src") {
                    assert!(
                        is_link(value)
                            || name == "img" && (value.starts_with("/files/") || value.starts_with("data:image/")),
                        "{html}"
                    );
                }
                if attribute == "style" {
                    for bad in ["url", "expression", "position", "fixed", "@", "\\", "/*", "behavior", "binding"] {
                        assert!(!value.contains(bad), "{html}");
                    }
                }
            }
        }
    }
}

#[test]
fn attacks_come_to_nothing() {
    for attack in [
        "<script>alert(1)</script>x",
        "<img src=x onerror=alert(1)>",
        "<img src=\"cid:pic@x\" onload=alert(1)>",
        "<svg onload=alert(1)><a xlink:href=\"javascript:alert(1)\"><text>x</text></a></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<form action=\"https://evil.example\"><input name=password><button>Sign in</button></form>",
        "<iframe src=\"https://evil.example\"></iframe>",
        "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<a href=\"  jAvAsCrIpT:alert(1)\">x</a>",
        "<a href=\"data:text/html;base64,PHNjcmlwdD4=\">x</a>",
        "<a href=\"cid:pic@x\">x</a>",
        "<img src=\"data:image/svg+xml;base64,PHN2Zz4=\">",
        "<img src=\"data:text/html,<script>alert(1)</script>\">",
        "<img src=\"javascript:alert(1)\">",
        "<base href=\"https://evil.example/\"><a href=\"x\">x</a>",
        "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
        "<link rel=stylesheet href=https://evil.example/x.css>",
        "<style>body{display:none}</style>x",
        "<div style=\"position:fixed;top:0;left:0;width:100%;height:100%\">x</div>",
        "<div style=\"background-image:url(https://evil.example/x)\">x</div>",
        "<div style=\"background:u\\72l(https://evil.example/x)\">x</div>",
        "<div style=\"color:red;}body{display:none\">x</div>",
        "<div style=\"width:expression(alert(1))\">x</div>",
        "<div style=\"font-family:'x;position:fixed'\">x</div>",
        "<div style='font-family:\"&quot;><script>alert(1)</script>\"'>x</div>",
        "<div style=\"margin-left:-9999px;margin:0 -50px\">x</div>",
        "<table background=\"https://evil.example/x\"><td background=x>x</table>",
        "<object data=x><embed src=x></object>",
        "<template><script>alert(1)</script></template>",
        "<textarea><img src=x onerror=alert(1)></textarea>",
        "<xmp><img src=x onerror=alert(1)></xmp>",
        "<plaintext><script>alert(1)</script>",
        "<!--><script>alert(1)</script>-->",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<a title='\"><script>alert(1)</script>'>x</a>",
        "<p id=\"toasts\" class=\"btn btn-primary\" name=\"x\">x</p>",
        "<img alt='\"><script>alert(1)</script>' src=https://x.example/a.png>",
        "<img src='https://x.example/\"><script>alert(1)</script>'>",
    ] {
        let shown = show(attack);
        assert_harmless(&shown.visible);
        for bad in ["<script", "onerror", "class=\"btn", "id=\"toasts"] {
            let inert = shown.visible.replace("&lt;script", "").replace("onerror=alert(1)&gt;", "");
            assert!(!inert.contains(bad) || !inert.contains('<'), "{attack} gave {}", shown.visible);
        }
    }
}

#[test]
fn pictures() {
    assert_eq!(
        show("<img src=\"cid:pic@x\" alt=\"A\" width=20 style=\"border:1px solid red\">").visible,
        "<img src=\"/files/KEY/pic.png\" alt=\"A\" width=\"20\" style=\"border:1px solid red\">"
    );
    assert_eq!(
        show("<img src=\"https://x.example/a.png?b=1&c=2\" alt='Our \"logo\"'>").visible,
        "<span class=\"remote-image\" data-remote-src=\"https://x.example/a.png?b=1&amp;c=2\" data-remote-alt=\"Our &quot;logo&quot;\">Remote image hidden: Our &quot;logo&quot;</span>"
    );
    assert_eq!(
        show("<img src=\"https://x.example/t.gif\" width=1 height=1>").visible,
        "<span class=\"remote-image\"></span>"
    );
    assert_eq!(
        show("<img src=https://x.example/a.png width=20 height=10 style='border:0;position:fixed' onload=x>").visible,
        "<span class=\"remote-image\" data-remote-src=\"https://x.example/a.png\" data-remote-width=\"20\" \
         data-remote-height=\"10\" data-remote-style=\"border:0\">Remote image hidden</span>"
    );
    assert_eq!(show("<img src=\"cid:gone@x\">").visible, "<span class=\"remote-image\">Image missing</span>");
    assert!(
        show("<img src=\"data:image/png;base64,AAAA\">").visible.starts_with("<img src=\"data:image/png;base64,AAAA\"")
    );
}

#[test]
fn looks_are_kept() {
    let html = "<table bgcolor=\"#eeeeee\" cellpadding=4><tr><td style=\"padding:4px;color:rgb(1,2,3);mso-x:1\">\
                <font color=red face=Arial>a</font> <b>b</b></td></tr></table>";
    let shown = show(html).visible;
    for kept in
        ["bgcolor=\"#eeeeee\"", "cellpadding=\"4\"", "padding:4px", "rgb(1, 2, 3)", "<font color=\"red\"", "<b>b</b>"]
    {
        assert!(shown.contains(kept) || shown.contains(&kept.replace(", ", ",")), "{kept}: {shown}");
    }
    assert!(!shown.contains("mso-"));
}

#[test]
fn history_is_folded_and_nothing_lost() {
    for (html, visible, quoted) in [
        (
            "<div dir=ltr>Yes.</div><br><div class=gmail_quote><div>On Mon, 3 Mar 2025 at 10:12, Ada &lt;<a href=\"mailto:a@x.example\">a@x.example</a>&gt; wrote:<br></div><blockquote>Is it?</blockquote></div>",
            "Yes.",
            "On Mon, 3 Mar 2025",
        ),
        (
            "<p>Ok.</p><div><hr><p><b>From:</b> Ada<br><b>Sent:</b> Monday<br><b>To:</b> Help<br><b>Subject:</b> It</p><p>Is it?</p></div>",
            "Ok.",
            "----------",
        ),
        ("<p>Text</p><p>-- <br>Ada<br>Acme</p>", "Text", "--"),
        ("<p>Text<br>Sent from my iPhone</p>", "Text", "Sent from"),
        ("<blockquote>Is it?</blockquote><p>Yes.</p>", "> Is it?\n\nYes.", ""),
        (
            "<p>See below</p><blockquote>a?</blockquote><p>Yes.</p><blockquote>b?</blockquote><p>No.</p>",
            "See below",
            "",
        ),
        ("<blockquote>only</blockquote>", "> only", ""),
    ] {
        let shown = show(html);
        assert!(text_of(&shown.visible).starts_with(visible), "{html}: {shown:?}");
        let folded = shown.quoted.as_deref().map(text_of).unwrap_or_default();
        assert!(folded.starts_with(quoted) && folded.is_empty() == quoted.is_empty(), "{html}: {shown:?}");
        let words = |t: &str| t.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut both = words(&text_of(&shown.visible));
        both.extend(words(&folded));
        assert_eq!(both, words(&mail_text(html)), "{html}");
    }
}

#[test]
fn a_picture_before_the_history_stays() {
    let shown = show("<p>Look</p><div><img src=\"cid:pic@x\"><blockquote>It</blockquote></div>");
    assert!(shown.visible.contains("<img ") && shown.quoted.is_some_and(|q| q.contains("It") && !q.contains("<img ")));
}

#[test]
fn texts() {
    for (html, text) in [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<ul><li>a<li>b</ul>", "• a\n• b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("a &lt;b&gt; &amp;amp; &nbsp; c", "a <b> &amp; c"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<style>x</style><title>t</title><script>s</script>a", "a"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n>> b\n>"),
    ] {
        assert_eq!(mail_text(html), text, "{html}");
    }
}

#[test]
fn too_much_is_not_tried() {
    assert_eq!(mail_html(&"<div>".repeat(20_000), &|_| None), None);
    assert_eq!(mail_html(&"a".repeat(HTML_MAX + 1), &|_| None), None);
    assert!(mail_html(&"<p>a".repeat(20_000), &|_| None).is_some());
}

proptest! {
    #[test]
    fn anything_stays_harmless(parts in prop::collection::vec(
        prop_oneof![
            Just("<div>".to_owned()), Just("</div>".to_owned()), Just("<blockquote>".to_owned()), Just("<table><tr><td>".to_owned()),
            Just("<svg>".to_owned()), Just("<style>".to_owned()), Just("<script>".to_owned()), Just("\" onerror=\"x".to_owned()),
            Just("<img src=\"cid:pic@x\">".to_owned()), Just("<a href=\"https://x.example\" style=\"color:red\">".to_owned()),
            Just("<p style='x:\"'>".to_owned()), Just("On 3 Mar 2025, Ada <a@x.example> wrote:<br>".to_owned()),
            Just("<!--".to_owned()), Just("]]>".to_owned()), "[a-z<>\"'=&;/ ]{0,12}", "\\PC{0,8}",
        ], 0..25)
    ) {
        let html = parts.concat();
        let shown = show(&html);
        assert_harmless(&shown.visible);
        let quoted = shown.quoted.unwrap_or_default();
        assert_harmless(&quoted);
        // Reading it once more gives the same: a browser will not see anything else in it.
        for part in [shown.visible, quoted] {
            let twice = ammonia::Builder::default().add_generic_attributes(["style"]).add_tags(["font"]).clean(&part).to_string();
            prop_assert_eq!(text_of(&twice), text_of(&part));
        }
    }
}
