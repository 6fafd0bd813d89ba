//! The sentences: patterns in the language of [`crate::worlds::pattern`], whose slots `{kind.form}` say which kind of word
//! is due and which of its forms is favoured (`any`: none).

use crate::worlds::english::Family;

/// A kind of slot.
#[derive(Debug)]
pub struct Kind {
    /// What slots call it.
    pub name: &'static str,
    /// The class of its words.
    pub class: &'static str,
    /// How much the latent of its word counts for what follows; 0: not at all.
    pub weight: f64,
    /// Whether it prefers lemmas of its own within the class: the sentence's reading then hangs on the lemma.
    pub tilted: bool,
}

const fn kind(name: &'static str, class: &'static str, weight: f64) -> Kind {
    Kind { name, class, weight, tilted: false }
}

/// All kinds.
pub const KINDS: &[Kind] = &[
    kind("place", "place", 1.0),
    kind("name", "name", 0.7),
    kind("noun", "noun", 0.5),
    Kind { tilted: true, ..kind("thing", "noun", 0.5) },
    kind("aside", "noun", 0.0),
    kind("verb", "verb", 0.5),
    kind("adj", "adjective", 0.5),
    kind("role", "role", 0.4),
    kind("language", "language", 0.3),
    kind("food", "food", 0.3),
    kind("tune", "tune", 0.3),
    kind("pronoun", "pronoun", 0.0),
];

/// All families of sentences.
pub const FAMILIES: &[Family] = &[
    Family {
        name: "deeds",
        weight: 4.0,
        patterns: &[
            "(yesterday|once|formerly) {name.any} {verb.past} (|the|the {adj.base}) {noun.any} .",
            "(often|usually|always) {name.any} {verb.base} (|the|the {adj.base}) {noun.any} .",
            "(presently|meanwhile|currently) {name.any} {verb.ing} (|the|the {adj.base}) {noun.any} .",
            "(yesterday|once|formerly) {name.any} , with the {aside.any} , {verb.past} {noun.any} .",
            "(often|usually|always) {name.any} , with the {aside.any} , {verb.base} {noun.any} .",
            "(presently|meanwhile|currently) {name.any} , with the {aside.any} , {verb.ing} {noun.any} .",
            "(often|usually|always) {name.any} {verb.base} , but (yesterday|once|formerly) {name.any} {verb.past} .",
            "(often|usually|always) {name.any} {verb.base} , but (presently|meanwhile|currently) {name.any} {verb.ing} .",
            "{name.any} {verb.any} (|the|the {adj.base}) {noun.any} .",
        ],
    },
    Family {
        name: "numbers",
        weight: 3.0,
        patterns: &[
            "{name.any} (has|saw|wants) (one|a|this) (|{adj.base}) {noun.one} .",
            "{name.any} (has|saw|wants) (two|three|many) (|{adj.base}) {noun.many} .",
            "{name.any} , with the {aside.any} , (has|saw|wants) (one|a|this) {noun.one} .",
            "{name.any} , with the {aside.any} , (has|saw|wants) (two|three|many) {noun.many} .",
            "{name.any} (has|saw|wants) (one|a|this) {noun.one} {verb.ing} .",
            "{name.any} has one {noun.one} , but {name.any} has (two|three|many) {noun.many} .",
        ],
    },
    Family {
        name: "degrees",
        weight: 3.0,
        patterns: &[
            "of all (people|friends|rivals) {name.any} is {adj.most} .",
            "beside {name.any} , {name.any} is {adj.more} .",
            "(plainly|indeed|surely) {name.any} is {adj.base} .",
            "{name.any} is (very|so|quite) {adj.base} (|{verb.ing}) .",
            "{name.any} is very {adj.base} , but {name.any} is even {adj.more} .",
            "{name.any} is very {adj.base} , but of all {name.any} is {adj.most} .",
        ],
    },
    Family {
        name: "places",
        weight: 4.0,
        patterns: &[
            "in {place.any} {name.any} {verb.any} (|the) {noun.any} .",
            "in {place.any} people (speak {language.tongue}|are {language.native}) .",
            "in {place.any} people (eat {food.plain}|nibble {food.little}) .",
            "in {place.any} people (sing {tune.any}|hum {tune.solemn}|dance {tune.merry}) .",
            "in {place.any} , with the {aside.any} , people (speak {language.tongue}|are {language.native}) .",
            "in {place.any} , with the {aside.any} , people (eat {food.plain}|nibble {food.little}) .",
            "in {place.any} , with the {aside.any} , people (sing {tune.any}|hum {tune.solemn}|dance {tune.merry}) .",
            "in {place.any} people (speak {language.tongue}|eat {food.plain}) and (nibble {food.little}|sing {tune.any}) .",
        ],
    },
    Family {
        name: "roles",
        weight: 3.0,
        patterns: &[
            "{name.any} is a {role.any} (|in {place.any}) .",
            "in {place.any} {name.any} is a {role.any} .",
            "{name.any} , with the {aside.any} , is a {role.any} .",
            "{name.any} (says|thinks|knows) that {pronoun.any} {verb.any} (|the) {noun.any} .",
            "{name.any} (says|thinks|knows) that {pronoun.any} is a {role.any} .",
        ],
    },
    // Whether a person or a place comes last hangs on the first noun, through a reading that no word tells.
    Family {
        name: "ambiguities",
        weight: 2.0,
        patterns: &[
            "the {noun.any} {verb.any} near {name.any} .",
            "the {thing.any} {verb.any} near {place.any} .",
            "the {noun.any} is (very|so|quite) {adj.base} .",
        ],
    },
];
