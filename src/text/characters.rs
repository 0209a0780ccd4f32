//! Which characters are shown as they are; this module must not change a text.
//!
//! Unsafe is what a reader can't see, or what changes how other characters are read: the categories Cc, Cf, Zl, Zp, Cs, Co
//! and Cn of Unicode, and those characters of other categories that fonts show as nothing.

#![deny(clippy::disallowed_methods)]

/// Whether a character is replaced wherever it stands alone. Line feeds and tabs are not.
///
/// Joiners and variation selectors are unsafe by themselves, but [`is_joined`] tells where writing needs them.
pub(crate) fn is_unsafe(c: char) -> bool {
    match c {
        '\n' | '\t' | ' '..='~' => false,
        _ if c.is_ascii() => true,
        _ => is_invisible(c) || !(is_blank(c) || is_printable(c)),
    }
}

/// Whether a character that is unsafe alone is a part of ordinary writing between these two.
///
/// That is so for joiners between letters of scripts other than Latin, and inside emoji; for the selectors of text and
/// emoji form behind a symbol or in a keycap; for Mongolian variants behind a Mongolian letter.
pub(super) fn is_joined(before: Option<char>, c: char, after: Option<char>) -> bool {
    let (Some(before), after) = (before, after.unwrap_or(' ')) else {
        return false;
    };
    match c {
        '\u{200c}' => is_letter(before) && is_letter(after),
        '\u{200d}' => (is_letter(before) || is_emoji(before)) && (is_letter(after) || is_emoji(after)),
        '\u{fe0e}' | '\u{fe0f}' => {
            is_emoji(before) || after == '\u{20e3}' && (before.is_ascii_digit() || "#*".contains(before))
        }
        '\u{180b}'..='\u{180d}' | '\u{180f}' => matches!(before, '\u{1820}'..='\u{18aa}'),
        _ => false,
    }
}

/// A letter or a mark of a script that joins its letters: Arabic, Syriac, those of India and their neighbours.
fn is_letter(c: char) -> bool {
    matches!(c, '\u{0600}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{1a20}'..='\u{1aaf}' | '\u{a840}'..='\u{aaff}'
        | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{11000}'..='\u{11fff}')
        && !is_unsafe(c)
}

/// A symbol that has an emoji form, a selector behind one, or a skin tone.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{23ff}' | '\u{24c2}' | '\u{25a0}'..='\u{27bf}' | '\u{2934}'..='\u{2935}'
        | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{fe0f}'
        | '\u{1f000}'..='\u{1faff}')
}

/// The blanks of other scripts and of typography, which take their place on the line.
fn is_blank(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Characters of printable categories that nothing is seen of: fillers, joiners and selectors.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}'
        | '\u{3164}' | '\u{ffa0}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether Unicode has assigned the character to something that is printed. The standard library knows, and says it by
/// not escaping; a combining mark it escapes at the beginning of a text alone.
fn is_printable(c: char) -> bool {
    let mut buffer = [b'a'; 5];
    let length = 1 + c.encode_utf8(&mut buffer[1..]).len();
    let text = std::str::from_utf8(&buffer[..length]).unwrap_or_default();
    text.escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_categories_are_unsafe() {
        let unsafe_ones = [
            0x00..=0x08,
            0x0b..=0x1f,
            0x7f..=0x9f,
            0xad..=0xad,
            0x34f..=0x34f,
            0x600..=0x605,
            0x61c..=0x61c,
            0x115f..=0x1160,
            0x180b..=0x180f,
            0x200b..=0x200f,
            0x2028..=0x202e,
            0x2060..=0x206f,
            0x3164..=0x3164,
            0xe000..=0xf8ff,
            0xfdd0..=0xfdef,
            0xfe00..=0xfe0f,
            0xfeff..=0xfeff,
            0xfff0..=0xfffb,
            0xfffe..=0xffff,
            0x1bca0..=0x1bca3,
            0x1d173..=0x1d17a,
            0x33480..=0x3ffff,
            0xe0000..=0xe0fff,
            0xf0000..=0x0010_ffff,
        ];
        for c in unsafe_ones.into_iter().flatten().filter_map(char::from_u32) {
            assert!(is_unsafe(c), "{:x}", c as u32);
        }
    }

    #[test]
    fn writing_is_safe() {
        let texts = "A~é ß Ł ñ Ελλάδα Жук עברית العربية हिन्दी বাংলা தமிழ் ไทย ខ្មែរ 中文 日本語 カタカナ 한국어 ქართული አማርኛ e\u{301} \
                     « espace\u{a0}fine\u{202f}» \u{3000} “…” → ✓ 🚀 👍🏽 €";
        for c in texts.chars().chain(['\n', '\t', '\u{fffd}']) {
            assert!(!is_unsafe(c), "{c} {:x}", c as u32);
        }
    }
}
