//! Calibration sentences, concepts and preset prompts of the world of wugs.

use super::lexicon::Lemma;
use super::world::Wugs;
use crate::worlds::contexts::{Labelled, Turned};
use crate::worlds::materials::{
    ConceptPairs, PromptSet, Relation, different_sentences, fill, labelled, set, steering,
};
use crate::worlds::world::World;

/// Number of bundled calibration sentences.
pub const N_CALIBRATION_TEXTS: usize = 220;
/// Their seed.
pub const CALIBRATION_SEED: u64 = 11;

/// Pairs of a concept, from the most frequent lemma on.
const N_PAIRS: usize = 48;
/// Answers of a relation, from the most frequent lemma on.
const N_ANSWERS: usize = 40;
/// Texts of each label.
const N_LABELLED: usize = 40;
/// Pairs of contexts for steering.
const N_STEERING: usize = 16;

/// Different sentences, as many of each family as of any other, without their closing mark.
pub fn calibration(world: &Wugs, n_texts: usize, seed: u64) -> Vec<String> {
    different_sentences(world.vocabulary(), n_texts, seed, 4, |text_idx, rng| {
        world.sample_family(text_idx % world.n_families(), rng)
    })
}

/// A concept whose contexts differ by function words alone.
struct Marked {
    name: &'static str,
    /// (class, base form, changed form).
    pairs: (&'static str, &'static str, &'static str),
    /// Before the subject, and the query.
    relation: (&'static str, &'static str),
    labelled: Labelled,
    steering: &'static [(&'static str, &'static str)],
}

const fn turned(n_turns: usize, patterns: &'static [&'static str]) -> Turned<&'static str> {
    Turned { n_turns, patterns }
}

const MARKED: &[Marked] = &[
    Marked {
        name: "superlatives",
        pairs: ("adjective", "base", "most"),
        relation: ("{name.only} is very", ", but of all {name2.only} is"),
        labelled: Labelled {
            yes: turned(N_LABELLED, &["of all (people|friends|rivals) {name.only} is"]),
            no: turned(
                N_LABELLED / 2,
                &["beside {name.only} , {name2.only} is", "(plainly|indeed|surely) {name.only} is"],
            ),
        },
        steering: &[(
            "(plainly|indeed|surely) {name.only} is",
            "of all (people|friends|rivals) {name.only} is",
        )],
    },
    Marked {
        name: "comparatives",
        pairs: ("adjective", "base", "more"),
        relation: ("{name.only} is very", ", but {name2.only} is even"),
        labelled: Labelled {
            yes: turned(N_LABELLED, &["beside {name.only} , {name2.only} is"]),
            no: turned(
                N_LABELLED / 2,
                &["of all (people|friends|rivals) {name.only} is", "(plainly|indeed|surely) {name.only} is"],
            ),
        },
        steering: &[("(plainly|indeed|surely) {name.only} is", "beside {name2.only} , {name.only} is")],
    },
    Marked {
        name: "plurals",
        pairs: ("noun", "one", "many"),
        relation: ("{name.only} has one", ", but {name2.only} has two"),
        labelled: Labelled {
            yes: turned(N_LABELLED, &["{name.only} (has|saw|wants) (two|three|many) {adjective.base}"]),
            no: turned(N_LABELLED, &["{name.only} (has|saw|wants) (one|a|this) {adjective.base}"]),
        },
        steering: &[("{name.only} (has|saw|wants) one", "{name.only} (has|saw|wants) two")],
    },
    Marked {
        name: "past tenses",
        pairs: ("verb", "base", "past"),
        relation: ("often {name.only}", ", but yesterday {name2.only}"),
        labelled: Labelled {
            yes: turned(
                N_LABELLED / 2,
                &[
                    "(yesterday|once|formerly) {name.only}",
                    "(yesterday|once|formerly) {name.only} , with the {noun.one} ,",
                ],
            ),
            no: turned(
                N_LABELLED / 4,
                &[
                    "(often|usually|always) {name.only}",
                    "(presently|meanwhile|currently) {name.only}",
                    "(often|usually|always) {name.only} , with the {noun.one} ,",
                    "(presently|meanwhile|currently) {name.only} , with the {noun.one} ,",
                ],
            ),
        },
        steering: &[("(often|usually|always) {name.only}", "(yesterday|once|formerly) {name.only}")],
    },
    Marked {
        name: "progressives",
        pairs: ("verb", "base", "ing"),
        relation: ("often {name.only}", ", but presently {name2.only}"),
        labelled: Labelled {
            yes: turned(
                N_LABELLED / 2,
                &[
                    "(presently|meanwhile|currently) {name.only}",
                    "(presently|meanwhile|currently) {name.only} , with the {noun.one} ,",
                ],
            ),
            no: turned(
                N_LABELLED / 4,
                &[
                    "(often|usually|always) {name.only}",
                    "(yesterday|once|formerly) {name.only}",
                    "(often|usually|always) {name.only} , with the {noun.one} ,",
                    "(yesterday|once|formerly) {name.only} , with the {noun.one} ,",
                ],
            ),
        },
        steering: &[("(often|usually|always) {name.only}", "(presently|meanwhile|currently) {name.only}")],
    },
];

/// Whether a label holds of a lemma.
type Fact = fn(&Lemma) -> bool;

/// A concept asked of places, where the label is a fact of the place's latent.
struct Asked {
    name: &'static str,
    pairs: (&'static str, &'static str, &'static str),
    query: &'static str,
    /// What the labelled texts end in.
    labelled: &'static [&'static str],
    fact: Fact,
    /// What people do in the base and in the changed context of steering.
    steering: (&'static str, &'static str),
}

const ASKED: &[Asked] = &[
    Asked {
        name: "languages",
        pairs: ("language", "tongue", "native"),
        query: "people speak",
        labelled: &["people speak", ", with the {noun.one} , people speak"],
        fact: |place| place.latent[0] > 0.0,
        steering: ("speak", "are"),
    },
    Asked {
        name: "foods",
        pairs: ("food", "plain", "little"),
        query: "people eat",
        labelled: &["people eat", ", with the {noun.one} , people eat"],
        fact: |place| place.latent[1] > 0.0,
        steering: ("eat", "nibble"),
    },
    Asked {
        name: "tunes",
        pairs: ("tune", "solemn", "merry"),
        query: "people sing",
        labelled: &["people speak", "people eat"],
        fact: |place| place.latent[0] * place.latent[1] > 0.0,
        steering: ("hum", "dance"),
    },
];

/// All concepts. In "superlatives" to "foods" the pairs are parallel and the relation is linear by construction; in
/// "tunes" neither; in "genders" the pairs are not; "strangers" stand in no relation.
pub fn concepts(world: &Wugs) -> Vec<ConceptPairs> {
    let marked = MARKED.iter().map(|plan| marked(world, plan));
    let asked = ASKED.iter().map(|plan| asked(world, plan));
    marked.chain(asked).chain([genders(world), strangers(world)]).collect()
}

fn marked(world: &Wugs, plan: &Marked) -> ConceptPairs {
    let (class, base, changed) = plan.pairs;
    let (before, query) = plan.relation;
    let of_turn = |turn, table: &str, form: &str, nth| word_of_turn(world, turn, table, form, nth);
    let text =
        |pattern| fill(pattern, 0, |table, form, nth| of_turn(0, table, form, nth)).unwrap_or_default();
    let contexts = Turned { n_turns: N_STEERING, patterns: plan.steering };
    ConceptPairs {
        name: plan.name.to_owned(),
        pairs: pairs(world, plan.pairs),
        relation: Some(Relation {
            subjects: words(world, class, base, 60),
            context: format!("{} {{}}", text(before)),
            query: format!(" {}", text(query)),
            answers: words(world, class, changed, N_ANSWERS),
        }),
        labelled: labelled(&plan.labelled, of_turn),
        steering: steering(&contexts, of_turn),
        gamma: "answers".to_owned(),
    }
}

fn asked(world: &Wugs, plan: &Asked) -> ConceptPairs {
    let (class, base, _) = plan.pairs;
    let (from, to) = plan.steering;
    let places = words(world, "place", "only", N_STEERING);
    let steer = |place: &String| (format!("in {place} people {from}"), format!("in {place} people {to}"));
    ConceptPairs {
        name: plan.name.to_owned(),
        pairs: pairs(world, plan.pairs),
        relation: Some(Relation {
            subjects: words(world, "place", "only", usize::MAX),
            context: "in {}".to_owned(),
            query: format!(" {}", plan.query),
            answers: words(world, class, base, N_ANSWERS),
        }),
        labelled: facts(world, "place", plan.fact, |place, turn| {
            Some(format!("in {place} {}", ending(world, plan.labelled, turn)?))
        }),
        steering: places.iter().map(steer).collect(),
        gamma: "answers".to_owned(),
    }
}

/// Each role wants its own form in its own contexts, beside the person's gender.
fn genders(world: &Wugs) -> ConceptPairs {
    let class = ("role", "man", "woman");
    let names = words(world, "name", "only", usize::MAX);
    let lemmas = world.class("name").map(|class| class.lemmas.as_slice()).unwrap_or_default();
    let of = |gender: f64| {
        let own = names.iter().zip(lemmas).filter(move |(_, lemma)| lemma.gender == gender);
        own.map(|(name, _)| format!("{name} is a"))
    };
    ConceptPairs {
        name: "genders".to_owned(),
        pairs: pairs(world, class),
        relation: Some(Relation {
            subjects: names.clone(),
            context: "{}".to_owned(),
            query: " is a".to_owned(),
            answers: words(world, "role", "woman", N_ANSWERS),
        }),
        labelled: facts(
            world,
            "name",
            |name| name.gender > 0.0,
            |name, turn| Some(format!("{name} {}", ending(world, &["(says|thinks|knows) that"], turn)?)),
        ),
        steering: of(-1.0).zip(of(1.0)).take(N_STEERING).collect(),
        gamma: "answers".to_owned(),
    }
}

/// Pairs of nouns that have nothing to do with each other, and a label that never matters: whether the noun in an
/// aside is of an even rank.
fn strangers(world: &Wugs) -> ConceptPairs {
    let nouns = words(world, "noun", "one", 2 * N_PAIRS);
    let pairs = nouns.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    let text = |rank: usize| {
        let name = word(world, "name", "only", rank / 2)?;
        Some(format!("{name} , with the {} , has", nouns.get(rank)?))
    };
    let labelled = (0..2 * N_LABELLED).filter_map(|rank| Some((text(rank)?, rank % 2 == 0))).collect();
    let (name, gamma) = ("strangers".to_owned(), "answers".to_owned());
    ConceptPairs { name, pairs, relation: None, labelled, steering: Vec::new(), gamma }
}

/// As many texts of lemmas that a fact holds of as of those that it does not; `text(word, turn)`.
fn facts(
    world: &Wugs,
    class: &str,
    fact: Fact,
    text: impl Fn(&str, usize) -> Option<String>,
) -> Vec<(String, bool)> {
    let lemmas = world.class(class).map(|class| class.lemmas.as_slice()).unwrap_or_default();
    let of_label = |label: bool| {
        let own = lemmas.iter().filter(move |lemma| fact(lemma) == label).take(N_LABELLED).enumerate();
        own.filter_map(|(turn, lemma)| Some((text(lemma.words.first()?, turn)?, label))).collect::<Vec<_>>()
    };
    [of_label(false), of_label(true)].concat()
}

/// The turn's ending.
fn ending(world: &Wugs, endings: &[&str], turn: usize) -> Option<String> {
    fill(endings[turn % endings.len()], turn, |table, form, nth| word_of_turn(world, turn, table, form, nth))
}

fn pairs(world: &Wugs, (class, base, changed): (&str, &str, &str)) -> Vec<(String, String)> {
    words(world, class, base, N_PAIRS).into_iter().zip(words(world, class, changed, N_PAIRS)).collect()
}

/// One form of the most frequent lemmas of a class.
fn words(world: &Wugs, class: &str, form: &str, n_most: usize) -> Vec<String> {
    let n_lemmas = world.class(class).map_or(0, |class| class.lemmas.len());
    (0..n_lemmas.min(n_most)).filter_map(|rank| word(world, class, form, rank)).collect()
}

/// Different words for different turns, and other ones for a sentence's second thing of a kind.
fn word_of_turn(world: &Wugs, turn: usize, class: &str, form: &str, nth: usize) -> Option<String> {
    word(world, class, form, 3 * turn + 37 * nth)
}

/// A form of the lemma of a rank, counted round; `None` where the world has no such class or form.
fn word(world: &Wugs, class: &str, form: &str, rank: usize) -> Option<String> {
    let class = world.class(class)?;
    let form = class.spec.forms.iter().position(|name| *name == form)?;
    class.lemmas.get(rank % class.lemmas.len().max(1))?.words.get(form).cloned()
}

/// Prompts a visitor may start from; made-up words stand in slots.
pub fn prompt_sets(world: &Wugs) -> Vec<PromptSet> {
    let filled = |name: &str, patterns: &[&str]| {
        let prompts =
            patterns.iter().enumerate().filter_map(|(turn, pattern)| ending(world, &[pattern], turn));
        let prompts: Vec<String> = prompts.collect();
        set(name, &prompts.iter().map(String::as_str).collect::<Vec<_>>())
    };
    vec![
        filled(
            "one and many",
            &[
                "{name.only} has one",
                "{name.only} has two",
                "{name.only} wants many {adjective.base}",
                "{name.only} saw this {adjective.base}",
                "{name.only} has one {noun.one} , but {name2.only} has three",
                "the",
            ],
        ),
        filled(
            "once, often, now",
            &[
                "yesterday {name.only}",
                "often {name.only}",
                "presently {name.only}",
                "once {name.only} , with the {noun.one} ,",
                "usually {name.only} {verb.base} , but formerly {name2.only}",
                "always {name.only} {verb.base} , but meanwhile {name2.only}",
                "{name.only}",
            ],
        ),
        filled(
            "more and most",
            &[
                "of all people {name.only} is",
                "beside {name.only} , {name2.only} is",
                "plainly {name.only} is",
                "{name.only} is very",
                "{name.only} is very {adjective.base} , but {name2.only} is even",
                "{name.only} is very {adjective.base} , but of all {name2.only} is",
            ],
        ),
        filled(
            "places and their ways",
            &[
                "in {place.only}",
                "in {place.only} people speak",
                "in {place.only} people eat",
                "in {place.only} people sing",
                "in {place.only} , with the {noun.one} , people speak",
                "in {place.only} people are",
                "in {place.only} people eat {food.plain} and sing",
            ],
        ),
        filled(
            "he and she",
            &[
                "{name.only} says that",
                "{name.only} thinks that",
                "{name.only} is a",
                "{name.only} is a",
                "{name.only} knows that she is a",
                "in {place.only} {name.only} is a",
            ],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::worlds::materials::checks::{different_contexts, labelled_texts_are_enough, mass, next};

    fn wugs() -> Wugs {
        Wugs::new().unwrap()
    }

    #[test]
    fn every_part_of_every_concept_has_enough_and_different_words() {
        let world = wugs();
        let concepts = concepts(&world);
        assert_eq!(concepts.len(), 10);
        for concept in &concepts {
            let name = &concept.name;
            assert_eq!(concept.pairs.len(), N_PAIRS, "{name}");
            let sides: HashSet<&String> = concept.pairs.iter().flat_map(|(a, b)| [a, b]).collect();
            assert_eq!(sides.len(), 2 * N_PAIRS, "{name} has a word twice");
            assert!(sides.iter().all(|word| world.vocabulary().id(word).is_some()), "{name}");
            let is_strange = name == "strangers";
            assert_eq!(concept.relation.is_none(), is_strange, "{name}");
            assert!(concept.steering.len() >= 12 || is_strange, "{name}");
            labelled_texts_are_enough(concept);
        }
    }

    #[test]
    fn every_answer_may_follow_every_question() {
        let world = wugs();
        for concept in concepts(&world) {
            let Some(relation) = concept.relation else { continue };
            let n_different = relation.subjects.iter().collect::<HashSet<_>>().len();
            assert!(n_different >= 24 && n_different == relation.subjects.len(), "{}", concept.name);
            assert!(relation.answers.len() >= 24, "{}", concept.name);
            for subject in &relation.subjects {
                let context = relation.context.replace("{}", subject);
                next(&world, &context);
                let next = next(&world, &format!("{context}{}", relation.query));
                for answer in &relation.answers {
                    assert!(mass(&world, &next, [answer.as_str()]) > 0.0, "{}: {answer}", concept.name);
                }
            }
        }
    }

    /// Of the class's forms that may come next, the changed one has the most, or not.
    #[test]
    fn labels_of_form_are_what_the_world_says_comes_next() {
        let world = wugs();
        for (concept, plan) in concepts(&world).iter().zip(MARKED) {
            let (class, _, changed) = plan.pairs;
            let forms = world.class(class).unwrap().spec.forms;
            for (text, label) in &concept.labelled {
                let next = next(&world, text);
                let of_form = |form: &str| {
                    let words = words(&world, class, form, usize::MAX);
                    mass(&world, &next, words.iter().map(String::as_str))
                };
                let share = of_form(changed) / forms.iter().map(|form| of_form(form)).sum::<f64>();
                assert!(
                    if *label { share > 0.6 } else { share < 0.4 },
                    "{}: {share} after: {text}",
                    plan.name
                );
            }
        }
    }

    #[test]
    fn the_gender_decides_the_pronoun() {
        let world = wugs();
        let concept = concepts(&world).into_iter().find(|concept| concept.name == "genders").unwrap();
        for (text, label) in &concept.labelled {
            let next = next(&world, text);
            assert_eq!(mass(&world, &next, ["she"]) > mass(&world, &next, ["he"]), *label, "{text}");
        }
    }

    #[test]
    fn steering_contexts_raise_the_changed_words_over_the_base_words() {
        let world = wugs();
        for concept in concepts(&world) {
            let share = |text: &str| {
                let next = next(&world, text);
                let base = mass(&world, &next, concept.pairs.iter().map(|pair| pair.0.as_str()));
                let changed = mass(&world, &next, concept.pairs.iter().map(|pair| pair.1.as_str()));
                changed / (base + changed)
            };
            for (base, changed) in &concept.steering {
                let rise = share(changed) - share(base);
                assert!(rise > 0.2, "{}: {rise} from `{base}` to `{changed}`", concept.name);
            }
        }
    }

    #[test]
    fn every_preset_prompt_begins_a_sentence() {
        let world = wugs();
        for set in prompt_sets(&world) {
            assert!((6..=10).contains(&set.prompts.len()), "{}", set.name);
            set.prompts.iter().for_each(|prompt| {
                next(&world, prompt);
            });
        }
    }

    #[test]
    fn calibration_sentences_are_different_and_give_a_thousand_contexts() {
        let world = wugs();
        let texts = calibration(&world, N_CALIBRATION_TEXTS, CALIBRATION_SEED);
        assert_eq!(texts.iter().collect::<HashSet<_>>().len(), N_CALIBRATION_TEXTS);
        let n_contexts = different_contexts(&world, &texts);
        assert!(n_contexts >= 1000, "{n_contexts} different contexts");
    }
}
