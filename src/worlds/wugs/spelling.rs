//! How the words of the world are made up: pronounceable stems from syllables, after Berko's test (1958), and English
//! endings on them.

use std::collections::HashSet;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

const ONSETS: &[&str] = &[
    "b", "bl", "br", "d", "dr", "f", "fl", "g", "gl", "gr", "j", "k", "kl", "kr", "l", "m", "n", "p", "pl",
    "pr", "r", "sk", "skr", "sm", "sn", "spl", "str", "t", "thr", "tr", "v", "vl", "w", "y", "z", "zl", "zw",
];
const VOWELS: &[&str] = &["a", "e", "i", "o", "u", "oo", "ee"];
const CODAS: &[&str] =
    &["b", "d", "lb", "lf", "lm", "lv", "m", "mb", "n", "nd", "p", "rb", "rf", "rp", "rv", "ft", "zz", "x"];
const MIDDLES: &[&str] =
    &["b", "d", "f", "g", "l", "m", "n", "p", "r", "v", "z", "mb", "nd", "rg", "lv", "rm", "nz"];

/// Stems of one syllable begin unusually: most others are English words.
const ODD_ONSETS: &[&str] =
    &["bl", "fl", "gl", "kl", "kr", "skr", "sm", "sn", "spl", "thr", "vl", "y", "z", "zl", "zw"];

/// Words that the syllables would make and that are not made up.
const REAL: &[&str] = &[
    "blade", "blame", "blaze", "blip", "blob", "blond", "flame", "flan", "flap", "flax", "flex", "flip",
    "flop", "flub", "gland", "glade", "glaze", "glib", "glide", "glob", "globe", "glove", "krone", "kraft",
    "mormon", "smelt", "smile", "smooth", "snap", "snide", "snip", "throne", "yam", "yap", "yule", "zen",
    "zip", "zone", "zoom",
];

/// A stem of one or two syllables that begins and ends with a consonant, or ends with a silent e.
pub fn stem(rng: &mut ChaCha8Rng) -> String {
    let shape = rng.random_range(0..4);
    let mut stem = one_of(if shape < 2 { ODD_ONSETS } else { ONSETS }, rng).to_owned();
    match shape {
        0 => {
            stem += one_of(VOWELS, rng);
            stem += one_of(CODAS, rng);
        }
        1 => {
            stem += one_of(&VOWELS[..5], rng);
            stem += one_of(&["b", "d", "l", "m", "n", "v", "z"], rng);
            stem += "e";
        }
        _ => {
            stem += one_of(&VOWELS[..5], rng);
            stem += one_of(MIDDLES, rng);
            stem += one_of(&VOWELS[..5], rng);
            stem += one_of(CODAS, rng);
        }
    }
    stem
}

/// The forms of a new lemma, none of them used before; they are used from now on.
pub fn coin(spell: fn(&str) -> Vec<String>, used: &mut HashSet<String>, rng: &mut ChaCha8Rng) -> Vec<String> {
    loop {
        let stem = stem(rng);
        let forms = spell(&stem);
        let is_new = |form: &String| !used.contains(form) && !REAL.contains(&form.as_str());
        if !REAL.contains(&stem.as_str()) && forms.iter().all(is_new) {
            used.extend(forms.iter().cloned());
            return forms;
        }
    }
}

/// blorp, blorps.
pub fn noun(stem: &str) -> Vec<String> {
    let hisses = ["x", "z", "s"].iter().any(|end| stem.ends_with(end));
    vec![stem.to_owned(), format!("{stem}{}", if hisses { "es" } else { "s" })]
}

/// zade, zaded, zading.
pub fn verb(stem: &str) -> Vec<String> {
    vec![stem.to_owned(), joined(stem, "ed"), joined(stem, "ing")]
}

/// flim, flimmer, flimmest.
pub fn adjective(stem: &str) -> Vec<String> {
    vec![stem.to_owned(), joined(stem, "er"), joined(stem, "est")]
}

/// A place: glorvia.
pub fn place(stem: &str) -> Vec<String> {
    vec![joined(stem, "ia")]
}

/// A language and who speaks it: glorvish, glorvan.
pub fn language(stem: &str) -> Vec<String> {
    vec![joined(stem, "ish"), joined(stem, "an")]
}

/// A dish and a small one: glorvo, glorvolet.
pub fn food(stem: &str) -> Vec<String> {
    vec![joined(stem, "o"), joined(stem, "olet")]
}

/// A tune in its solemn and its merry kind: glorvade, glorvetta.
pub fn tune(stem: &str) -> Vec<String> {
    vec![joined(stem, "ade"), joined(stem, "etta")]
}

/// What a man and what a woman is called: glorvor, glorvess.
pub fn role(stem: &str) -> Vec<String> {
    vec![joined(stem, "or"), joined(stem, "ess")]
}

/// A person: glorva.
pub fn name(stem: &str) -> Vec<String> {
    vec![joined(stem, "a")]
}

/// The two pronouns; they have no stem.
pub fn pronoun(_: &str) -> Vec<String> {
    vec!["he".to_owned(), "she".to_owned()]
}

/// A stem and an ending that begins with a vowel: the silent e falls, a single consonant after a single vowel doubles.
fn joined(stem: &str, ending: &str) -> String {
    let is_vowel = |c: char| "aeiou".contains(c);
    let mut backwards = stem.chars().rev();
    let last = [backwards.next(), backwards.next(), backwards.next()].map(|c| c.unwrap_or(' '));
    let doubles = !is_vowel(last[0]) && last[0] != 'x' && is_vowel(last[1]) && !is_vowel(last[2]);
    match stem.strip_suffix('e') {
        Some(short) if !short.ends_with('e') => format!("{short}{ending}"),
        _ if doubles => format!("{stem}{}{ending}", last[0]),
        _ => format!("{stem}{ending}"),
    }
}

fn one_of<'a>(options: &[&'a str], rng: &mut ChaCha8Rng) -> &'a str {
    options[rng.random_range(0..options.len())]
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn endings_are_those_of_english() {
        assert_eq!(noun("blorp"), ["blorp", "blorps"]);
        assert_eq!(noun("vlax"), ["vlax", "vlaxes"]);
        assert_eq!(verb("zade"), ["zade", "zaded", "zading"]);
        assert_eq!(verb("bloob"), ["bloob", "bloobed", "bloobing"]);
        assert_eq!(adjective("flim"), ["flim", "flimmer", "flimmest"]);
        assert_eq!(language("vlax"), ["vlaxish", "vlaxan"]);
    }

    #[test]
    fn coined_words_are_new() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut used: HashSet<String> = HashSet::new();
        let n_forms: usize = (0..500).map(|_| coin(verb, &mut used, &mut rng).len()).sum();
        assert_eq!(used.len(), n_forms);
    }
}
