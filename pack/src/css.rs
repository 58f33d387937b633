//! The style sheet: `style/main.css` and everything it imports, as one small file.
//!
//! What was written is what is sent, but for comments and for spaces that mean nothing. Colours and numbers stay as they are:
//! compressed they are hardly longer, and a library that understands all of CSS takes as long to compile as the rest of this
//! program.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Error, Result, anyhow};
use cssparser::{BasicParseError, Delimiter, ParseError, ParseErrorKind, Parser, Token};

type Parsed<T> = Result<T, ParseError<Error>>;

/// Bundles and minifies a style sheet.
///
/// # Errors
/// Syntax errors and missing imports, with file and line.
pub fn bundle(file: &Path) -> Result<String> {
    let css = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    minified(&css, file.parent().unwrap_or(Path::new(""))).with_context(|| file.display().to_string())
}

/// A style sheet whose imports are in `folder`.
fn minified(css: &str, folder: &Path) -> Result<String> {
    let mut out = Out { css: String::new(), space: false, comment: false, folder };
    match out.sheet(&mut Parser::new(css)) {
        Ok(()) => Ok(out.css),
        Err(ParseError { kind: ParseErrorKind::Custom(error) }) => Err(error),
        Err(ParseError { kind: ParseErrorKind::Basic(problem) }) => Err(anyhow!("{problem:?}")),
    }
}

/// What is wrong, and in which line.
fn wrong(input: &Parser<'_>, error: Error) -> ParseError<Error> {
    ParseError::custom(error.context(format!("line {}", input.current_source_location().line + 1)))
}

/// The file and the layer of an import.
fn named(input: &mut Parser<'_>) -> Result<(String, Option<String>), BasicParseError> {
    let file = input.expect_string()?.to_string();
    if input.is_exhausted() {
        return Ok((file, None));
    }
    input.expect_function_matching("layer")?;
    let layer = input.parse_nested_block(|input| Ok::<_, ParseError<()>>(input.expect_ident()?.to_string()));
    Ok((file, Some(layer.map_err(|_| BasicParseError::unexpected_token())?)))
}

struct Out<'a> {
    css: String,
    /// Whether there was a space before what comes next.
    space: bool,
    /// Whether there was a comment.
    comment: bool,
    folder: &'a Path,
}

impl Out<'_> {
    fn sheet(&mut self, input: &mut Parser<'_>) -> Parsed<()> {
        self.tokens(input, |out, input| {
            let style = input.parse_until_after(Delimiter::Semicolon, |input| {
                let (file, layer) =
                    named(input).map_err(|_| wrong(input, anyhow!("imports are of files and layers")))?;
                let css = bundle(&out.folder.join(file)).map_err(|error| wrong(input, error))?;
                Ok(match layer {
                    Some(layer) => format!("@layer {layer}{{{css}}}"),
                    None => css,
                })
            })?;
            out.css.push_str(&style);
            Ok(())
        })
    }

    /// Writes what comes up to the end of a block. `import` reads the rest of an `@import`.
    fn tokens(&mut self, input: &mut Parser<'_>, import: fn(&mut Self, &mut Parser<'_>) -> Parsed<()>) -> Parsed<()> {
        loop {
            let start = input.position();
            let Ok(token) = input.next_including_whitespace_and_comments().cloned() else {
                self.space = false;
                return Ok(());
            };
            if token.is_parse_error() {
                return Err(wrong(input, anyhow!("{token:?} belongs to nothing")));
            }
            let close = match token {
                Token::WhiteSpace(_) => {
                    self.space = true;
                    continue;
                }
                Token::Comment(_) => {
                    self.comment = true;
                    continue;
                }
                Token::AtKeyword(name) if &*name == "import" => {
                    self.space = false;
                    import(self, input)?;
                    continue;
                }
                Token::CurlyBracketBlock => Some("}"),
                Token::SquareBracketBlock => Some("]"),
                Token::ParenthesisBlock | Token::Function(_) => Some(")"),
                _ => None,
            };
            let text = input.slice_from(start);
            self.write(text).map_err(|error| wrong(input, error))?;
            if let Some(close) = close {
                input.parse_nested_block(|input| {
                    self.tokens(input, |_, input| Err(wrong(input, anyhow!("an @import within a block"))))
                })?;
                self.write(close).map_err(|error| wrong(input, error))?;
            }
        }
    }

    /// Writes what means something, and the space before it if that does, too.
    fn write(&mut self, text: &str) -> Result<()> {
        let touches = |c: char| matches!(c, '{' | '}' | '(' | '[' | ';' | ',' | ':');
        let after = self.css.chars().next_back();
        let (space, comment) = (std::mem::take(&mut self.space), std::mem::take(&mut self.comment));
        if text == "}" && after == Some(';') {
            self.css.pop();
        }
        let apart = after.is_none_or(touches) || matches!(text, "{" | "}" | ")" | "]" | ";" | "," | "!");
        if !apart {
            anyhow::ensure!(space || !comment, "nothing but a comment parts {text:?} from what is before it");
            if space {
                self.css.push(' ');
            }
        }
        self.css.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_comments_go_where_they_mean_nothing() {
        for (css, small) in [
            ("/* why */\na { color : red ; }\n", "a{color :red}"),
            ("a , b > c :hover{margin:0 auto!important;--x: 1px}", "a,b > c :hover{margin:0 auto!important;--x:1px}"),
            ("a { width: calc( 1px + (2rem - 3%) ) }", "a{width:calc(1px + (2rem - 3%))}"),
            ("@media (width > 40rem) and (hover) { a { b: c } }", "@media (width > 40rem) and (hover){a{b:c}}"),
            ("a { &:is( b , c ) .d , & > e { f: g } }", "a{&:is(b,c) .d,& > e{f:g}}"),
            (r#"a::before { content: " /* \" */ " }"#, r#"a::before{content:" /* \" */ "}"#),
            ("a { background: url(data:x;y) 0 0 }", "a{background:url(data:x;y) 0 0}"),
            ("[a = \"b\" i] { c: #fff }", "[a = \"b\" i]{c:#fff}"),
        ] {
            assert_eq!(minified(css, Path::new("")).unwrap(), small);
        }
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (css, said) in [
            ("a { b: c }\n}", "line 2"),
            ("a { b: \"c\n }", "line 1"),
            ("@import \"gone.css\" layer(x);", "gone.css"),
            ("a { @import \"b.css\"; }", "within a block"),
            ("a/**/b { c: d }", "nothing but a comment"),
        ] {
            let error = format!("{:#}", minified(css, Path::new("nowhere")).unwrap_err());
            assert!(error.contains(said), "{css}: {error}");
        }
    }
}
