//! What the page and the command line need of a world beside its models: calibration sentences, concepts and preset
//! prompts.

use std::collections::HashSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::contexts::{CONTEXTS, Labelled, Subjects, Turned};
use super::english::{FAMILIES, TABLES};
use super::grammar::Grammar;
use super::pattern::{Part, expand};
use super::vocabulary::Vocabulary;

/// Number of bundled calibration sentences.
pub const N_CALIBRATION_TEXTS: usize = 160;
/// Their seed.
pub const CALIBRATION_SEED: u64 = 7;

/// A concept as pairs of single tokens, with the contexts that it is tested in: one entry of a concept file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConceptPairs {
    /// What the page calls it.
    pub name: String,
    /// (from, to).
    pub pairs: Vec<(String, String)>,
    /// For relational linearity.
    pub relation: Option<Relation>,
    /// For probing: (context, label).
    pub labelled: Vec<(String, bool)>,
    /// For steering: (base, changed) contexts.
    pub steering: Vec<(String, String)>,
    /// The subspace that relational linearity is asked on.
    pub gamma: String,
}

/// Subjects and one question about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// What is put for `{}`.
    pub subjects: Vec<String>,
    /// Text that ends with what is known of the subject.
    pub context: String,
    /// Text appended to it.
    pub query: String,
    /// The single tokens that may follow.
    pub answers: Vec<String>,
}

/// Prompts that the page offers together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptSet {
    /// What the page calls it.
    pub name: String,
    /// The prompts.
    pub prompts: Vec<String>,
}

/// Different sentences, as many of each family as of any other, without their closing mark.
pub fn calibration(grammar: &Grammar, n_texts: usize, seed: u64) -> Vec<String> {
    different_sentences(grammar.vocabulary(), n_texts, seed, 6, |text_idx, rng| {
        grammar.sample_family(text_idx % FAMILIES.len(), rng)
    })
}

/// Different sentences of at least some tokens, drawn by `draw(text_idx, rng)`, without their closing mark (after which
/// every sentence is in the same state: it ends).
pub(super) fn different_sentences(
    vocabulary: &Vocabulary,
    n_texts: usize,
    seed: u64,
    least_len: usize,
    draw: impl Fn(usize, &mut ChaCha8Rng) -> Vec<u32>,
) -> Vec<String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut seen = HashSet::new();
    let mut texts = Vec::with_capacity(n_texts);
    while texts.len() < n_texts {
        let mut sentence = draw(texts.len(), &mut rng);
        sentence.pop();
        if sentence.len() >= least_len && seen.insert(sentence.clone()) {
            texts.push(vocabulary.decode(&sentence));
        }
    }
    texts
}

/// The relations that the world's words stand in.
pub fn concepts() -> Vec<ConceptPairs> {
    let concept = |name: &str, sources: &[(&str, &str, &str)]| {
        let pairs = sources.iter().flat_map(|(table, from, to)| column_pairs(table, from, to));
        // Every word once on each side: several countries share a language, and opposites come both ways.
        let (mut bases, mut changed) = (HashSet::new(), HashSet::new());
        let pairs = pairs.filter(|(from, to)| {
            let is_new = !bases.contains(from) && !changed.contains(to);
            let is_turned = name == "opposites" && (changed.contains(from) || bases.contains(to));
            if is_new && !is_turned {
                bases.insert(from.clone());
                changed.insert(to.clone());
            }
            is_new && !is_turned
        });
        let contexts = CONTEXTS.iter().find(|contexts| contexts.name == name);
        ConceptPairs {
            name: name.to_owned(),
            pairs: pairs.collect(),
            relation: contexts.map(|contexts| relation(&contexts.relation)),
            labelled: contexts.map(|contexts| labelled(&contexts.labelled, word_of_turn)).unwrap_or_default(),
            steering: contexts.map(|contexts| steering(&contexts.steering, word_of_turn)).unwrap_or_default(),
            gamma: "answers".to_owned(),
        }
    };
    vec![
        concept(
            "superlatives",
            &[("trait", "base", "most"), ("quality", "base", "most"), ("difficulty", "base", "most")],
        ),
        concept(
            "comparatives",
            &[("trait", "base", "more"), ("quality", "base", "more"), ("difficulty", "base", "more")],
        ),
        concept(
            "plurals",
            &[
                ("animal", "one", "many"),
                ("worker", "one", "many"),
                ("thing", "one", "many"),
                ("task", "one", "many"),
            ],
        ),
        concept(
            "past tenses",
            &[("motion", "base", "past"), ("act", "base", "past"), ("deal", "base", "past")],
        ),
        concept("opposites", &[("opposite", "word", "other")]),
        concept("capitals", &[("country", "name", "capital")]),
        concept("languages", &[("country", "name", "language")]),
    ]
}

/// Prompts under a name.
pub(super) fn set(name: &str, prompts: &[&str]) -> PromptSet {
    PromptSet { name: name.to_owned(), prompts: prompts.iter().map(|&prompt| prompt.to_owned()).collect() }
}

/// Prompts a visitor may start from.
pub fn prompt_sets() -> Vec<PromptSet> {
    vec![
        set(
            "degrees",
            &[
                "this is the",
                "tom is strong , but mary is",
                "the easiest of all",
                "who is the tallest",
                "she is much",
            ],
        ),
        set(
            "countries",
            &[
                "the capital of france is",
                "in japan people speak",
                "berlin is the capital of",
                "emma lives in rome , the capital of",
            ],
        ),
        set(
            "opposites",
            &["the opposite of hot is", "it is not big , it is", "what is the opposite of rich ?"],
        ),
        set(
            "past and present",
            &[
                "yesterday she",
                "every morning tom",
                "today they sing , and yesterday they",
                "did peter walk home ? yes , he",
            ],
        ),
        set(
            "one and many",
            &[
                "two dogs",
                "tom has one book , but mary has three",
                "there were seven",
                "one cat sleeps , two",
            ],
        ),
    ]
}

/// Every row of the relation's table with every filling of the other slots.
fn relation(subjects: &Subjects) -> Relation {
    let (mut texts, mut answers) = (Vec::new(), Vec::new());
    for (row, answer) in column(subjects.table, subjects.answer).into_iter().enumerate() {
        for turn in 0..subjects.n_turns {
            let word_of = |table: &str, form: &str, nth: usize| {
                word(table, form, if table == subjects.table { row } else { row_of_turn(turn, nth) })
            };
            let subjects = subjects.patterns.iter().filter_map(|pattern| fill(pattern, turn, word_of));
            push_new(&mut texts, subjects);
        }
        push_new(&mut answers, [answer.to_owned()]);
    }
    Relation {
        subjects: texts,
        context: subjects.context.to_owned(),
        query: subjects.query.to_owned(),
        answers,
    }
}

/// Each class's texts, the one that the label holds of last; `word(turn, table, form, nth)` fills a slot.
pub(super) fn labelled(
    classes: &Labelled,
    word: impl Fn(usize, &str, &str, usize) -> Option<String>,
) -> Vec<(String, bool)> {
    let mut all = Vec::new();
    for (label, class) in [(false, &classes.no), (true, &classes.yes)] {
        for pattern in class.patterns {
            let text = |turn| fill(pattern, turn, |table, form, nth| word(turn, table, form, nth));
            push_new(&mut all, (0..class.n_turns).filter_map(|turn| Some((text(turn)?, label))));
        }
    }
    all
}

/// Both contexts of each pair, filled with the same words.
pub(super) fn steering(
    contexts: &Turned<(&str, &str)>,
    word: impl Fn(usize, &str, &str, usize) -> Option<String>,
) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (base, changed) in contexts.patterns {
        let text = |pattern, turn| fill(pattern, turn, |table, form, nth| word(turn, table, form, nth));
        let turns = 0..contexts.n_turns;
        push_new(&mut all, turns.filter_map(|turn| Some((text(base, turn)?, text(changed, turn)?))));
    }
    all
}

/// The word of the nth thing of a table in a turn.
fn word_of_turn(turn: usize, table: &str, form: &str, nth: usize) -> Option<String> {
    word(table, form, row_of_turn(turn, nth))
}

/// The word of a row, counted round.
fn word(table: &str, form: &str, row: usize) -> Option<String> {
    let forms = column(table, form);
    forms.get(row % forms.len().max(1)).map(|&form| form.to_owned())
}

/// Every other row, so that neighbours stay free for a sentence's second thing of the same kind, and opposites stay
/// in the direction of the concept's pairs.
fn row_of_turn(turn: usize, nth: usize) -> usize {
    2 * turn + nth
}

/// A pattern as text: the `turn`-th of its choices, and for the slot of a table's nth thing (`person` is the 0th,
/// `person2` the first) `word(table, form, nth)`. `None` where the pattern or a slot is not of this world.
pub(super) fn fill(
    pattern: &str,
    turn: usize,
    word: impl Fn(&str, &str, usize) -> Option<String>,
) -> Option<String> {
    let sequences = expand(pattern).ok()?;
    let sequence = &sequences[turn % sequences.len()];
    let text = |part: &Part| match part {
        Part::Word(word) => Some(word.clone()),
        Part::Slot { table, variable, column } => {
            let number: usize = variable[table.len()..].parse().unwrap_or(1);
            word(table, column, number - 1)
        }
    };
    Some(sequence.parts.iter().map(text).collect::<Option<Vec<_>>>()?.join(" "))
}

/// Appends what is not yet there.
fn push_new<T: PartialEq>(all: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    for item in more {
        if !all.contains(&item) {
            all.push(item);
        }
    }
}

/// Two columns of a table, side by side.
fn column_pairs(table: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let pairs = column(table, from).into_iter().zip(column(table, to));
    pairs.map(|(from, to)| (from.to_owned(), to.to_owned())).collect()
}

/// A column of a table, from the first row on; empty where there is none.
fn column(table: &str, name: &str) -> Vec<&'static str> {
    let Some(table) = TABLES.iter().find(|candidate| candidate.name == table) else {
        return Vec::new();
    };
    let Some(column) = table.columns.split_whitespace().position(|column| column == name) else {
        return Vec::new();
    };
    table.rows.lines().filter_map(|row| row.split_whitespace().nth(column)).collect()
}

/// What the materials of every world are held to.
#[cfg(test)]
pub(super) mod checks {
    use std::collections::HashMap;

    use super::*;
    use crate::worlds::world::World;

    /// What the world says comes next; fails where no sentence begins so.
    pub fn next(world: &impl World, text: &str) -> Vec<f64> {
        let ids = world.vocabulary().encode(text).unwrap_or_else(|| panic!("unknown word in: {text}"));
        world.next_distribution(&ids).unwrap_or_else(|| panic!("no sentence begins so: {text}"))
    }

    /// The probability of some words together.
    pub fn mass<'a>(world: &impl World, next: &[f64], words: impl IntoIterator<Item = &'a str>) -> f64 {
        let ids: HashSet<u32> = words.into_iter().filter_map(|word| world.vocabulary().id(word)).collect();
        ids.into_iter().map(|id| next[id as usize]).sum()
    }

    /// 30 to 50 different texts of each label, and fewer than three labels in four are told by the last word.
    pub fn labelled_texts_are_enough(concept: &ConceptPairs) {
        let name = &concept.name;
        let different: HashSet<&str> = concept.labelled.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(different.len(), concept.labelled.len(), "{name} has a text twice");
        let mut by_last_word: HashMap<&str, [usize; 2]> = HashMap::new();
        for (text, label) in &concept.labelled {
            let last = text.rsplit(' ').next().unwrap();
            by_last_word.entry(last).or_default()[usize::from(*label)] += 1;
        }
        for label in [0, 1] {
            let n: usize = by_last_word.values().map(|counts| counts[label]).sum();
            assert!((30..=50).contains(&n), "{name} has {n} texts of label {label}");
        }
        let n_guessed: usize = by_last_word.values().map(|[no, yes]| no.max(yes)).sum();
        let accuracy = n_guessed as f64 / concept.labelled.len() as f64;
        assert!(accuracy < 0.75, "{name}: the last word tells {accuracy} of the labels");
    }

    /// Number of different beginnings of some texts.
    pub fn different_contexts(world: &impl World, texts: &[String]) -> usize {
        let beginnings = |text: &String| {
            let ids = world.vocabulary().encode(text).unwrap();
            (1..=ids.len()).map(|n| ids[..n].to_vec()).collect::<Vec<_>>()
        };
        texts.iter().flat_map(beginnings).collect::<HashSet<_>>().len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::checks::{different_contexts, labelled_texts_are_enough, mass, next};
    use super::*;

    #[test]
    fn every_concept_has_enough_pairs_of_single_tokens() {
        let grammar = Grammar::english().unwrap();
        let enough = [
            ("superlatives", 24),
            ("comparatives", 24),
            ("plurals", 24),
            ("past tenses", 24),
            ("opposites", 16),
            ("capitals", 20),
            ("languages", 20),
        ];
        let concepts = concepts();
        assert_eq!(concepts.len(), enough.len());
        for (concept, (name, least)) in concepts.iter().zip(enough) {
            assert_eq!(concept.name, name);
            assert!(concept.pairs.len() >= least, "{name} has {} pairs", concept.pairs.len());
            for (from, to) in &concept.pairs {
                assert_ne!(from, to);
                assert!(grammar.vocabulary().id(from).is_some() && grammar.vocabulary().id(to).is_some());
            }
        }
        assert!(concepts[4].pairs.contains(&("hot".to_owned(), "cold".to_owned())));
        assert!(!concepts[4].pairs.contains(&("cold".to_owned(), "hot".to_owned())), "one direction only");
    }

    #[test]
    fn every_relation_is_answered_by_its_answers() {
        let grammar = Grammar::english().unwrap();
        for concept in concepts() {
            let name = &concept.name;
            let relation = concept.relation.unwrap();
            assert!(relation.subjects.len() >= 20, "{name} has {} subjects", relation.subjects.len());
            let mut answers_given: HashSet<&str> = HashSet::new();
            for subject in &relation.subjects {
                let context = relation.context.replace("{}", subject);
                next(&grammar, &context);
                let next = next(&grammar, &format!("{context}{}", relation.query));
                let mass = mass(&grammar, &next, relation.answers.iter().map(String::as_str));
                assert!(
                    mass > 1.0 - 1e-9,
                    "{name}: {mass} of the answers after: {context}{}",
                    relation.query
                );
                let likeliest = relation.answers.iter().max_by(|a, b| {
                    let p = |word: &str| next[grammar.vocabulary().id(word).unwrap() as usize];
                    p(a).total_cmp(&p(b))
                });
                answers_given.extend(likeliest.map(String::as_str));
            }
            let n_different = relation.subjects.iter().collect::<HashSet<_>>().len();
            assert_eq!(n_different, relation.subjects.len(), "{name} has a subject twice");
            assert_eq!(
                answers_given.len(),
                relation.answers.len(),
                "{name} has an answer that nothing asks for"
            );
        }
    }

    /// Six of the seven labels say what comes next, and the world knows what does.
    #[test]
    fn labels_are_what_the_world_says_comes_next() {
        let grammar = Grammar::english().unwrap();
        let opposites: HashMap<&str, &str> =
            column("opposite", "word").into_iter().zip(column("opposite", "other")).collect();
        let columns = |pairs: &[(&str, &str)]| {
            pairs.iter().flat_map(|(table, form)| column(table, form)).collect::<Vec<_>>()
        };
        for concept in concepts() {
            let due = match concept.name.as_str() {
                "superlatives" => columns(&[("trait", "most"), ("quality", "most"), ("difficulty", "most")]),
                "comparatives" => columns(&[("trait", "more"), ("quality", "more"), ("difficulty", "more")]),
                "plurals" => {
                    columns(&[("animal", "many"), ("worker", "many"), ("thing", "many"), ("task", "many")])
                }
                "past tenses" => columns(&[("motion", "past"), ("act", "past"), ("deal", "past")]),
                "capitals" => columns(&[("country", "capital")]),
                _ => Vec::new(),
            };
            for (text, label) in &concept.labelled {
                let next = next(&grammar, text);
                let mass = match concept.name.as_str() {
                    "languages" => continue,
                    "opposites" => {
                        let asked = text.split(' ').find_map(|word| opposites.get(word));
                        mass(&grammar, &next, asked.copied())
                    }
                    _ => mass(&grammar, &next, due.iter().copied()),
                };
                let holds = if *label { mass > 0.99 } else { mass < 0.01 };
                assert!(holds, "{}: {label}, but {mass} after: {text}", concept.name);
            }
        }
    }

    /// The seventh label is about the whole sentence, so its likeliest end is read.
    #[test]
    fn sentences_about_a_language_name_one_and_the_others_do_not() {
        let grammar = Grammar::english().unwrap();
        let languages = column("country", "language");
        let concept = concepts().into_iter().find(|concept| concept.name == "languages").unwrap();
        for (text, label) in &concept.labelled {
            let mut sentence = grammar.vocabulary().encode(text).unwrap();
            loop {
                let next = grammar.next_distribution(&sentence).unwrap();
                let likeliest = (0u32..).zip(&next).max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap().0;
                if likeliest == Vocabulary::END_ID {
                    break;
                }
                sentence.push(likeliest);
            }
            let sentence = grammar.vocabulary().decode(&sentence);
            let names_one = sentence.split(' ').any(|word| languages.contains(&word));
            assert_eq!(names_one, *label, "{sentence}");
        }
    }

    #[test]
    fn labelled_texts_are_enough_and_their_last_word_does_not_tell_the_label() {
        concepts().iter().for_each(labelled_texts_are_enough);
    }

    #[test]
    fn steering_contexts_raise_the_changed_words_over_the_base_words() {
        let grammar = Grammar::english().unwrap();
        for concept in concepts() {
            let name = &concept.name;
            assert!(concept.steering.len() >= 12, "{name} has {} pairs of contexts", concept.steering.len());
            let lead = |text: &str| {
                let next = next(&grammar, text);
                let side = |side: fn(&(String, String)) -> &String| {
                    mass(&grammar, &next, concept.pairs.iter().map(|pair| side(pair).as_str()))
                };
                side(|pair| &pair.1) - side(|pair| &pair.0)
            };
            for (base, changed) in &concept.steering {
                let rise = lead(changed) - lead(base);
                assert!(rise > 0.5, "{name}: the changed words gain {rise} from `{base}` to `{changed}`");
            }
        }
    }

    #[test]
    fn a_slot_takes_the_row_of_its_turn_and_a_second_thing_the_row_after() {
        let text =
            |pattern, turn| fill(pattern, turn, |table, form, nth| word_of_turn(turn, table, form, nth));
        assert_eq!(text("{person.name} is (very|so)", 1).as_deref(), Some("john is so"));
        let twice = "{person2.name} , {person.he} and {person.him}";
        assert_eq!(text(twice, 0).as_deref(), Some("mary , he and him"));
        assert_eq!(text("{person.name}", 8).as_deref(), Some("tom"), "sixteen people, counted round");
        assert_eq!(text("{nobody.name}", 0), None);
    }

    #[test]
    fn every_preset_prompt_begins_a_sentence() {
        let grammar = Grammar::english().unwrap();
        for prompt in prompt_sets().iter().flat_map(|set| &set.prompts) {
            next(&grammar, prompt);
        }
    }

    #[test]
    fn calibration_sentences_are_different_and_give_a_thousand_contexts() {
        let grammar = Grammar::english().unwrap();
        let texts = calibration(&grammar, N_CALIBRATION_TEXTS, CALIBRATION_SEED);
        assert_eq!(texts.len(), N_CALIBRATION_TEXTS);
        let n_contexts = different_contexts(&grammar, &texts);
        assert!(n_contexts >= 1000, "{n_contexts} different contexts");
    }
}
