//! The contexts of each concept, as sentence beginnings in the pattern language of [`super::english`]: what follows
//! them is known exactly, so what each stands for is a fact of the world and not a matter of taste.

/// What one concept is tested with, beside its pairs.
pub struct Contexts {
    /// The concept.
    pub name: &'static str,
    /// Its relation.
    pub relation: Subjects,
    /// The two classes of a probe.
    pub labelled: Labelled,
    /// (base, changed): the changed context makes the concept's changed words likelier than its base words.
    pub steering: Turned<(&'static str, &'static str)>,
}

/// The subjects of a relation: every row of a table, in each pattern, with several fillings of the other slots. A
/// word answers more than one subject, so that a held-out answer has been seen with another.
pub struct Subjects {
    /// Around the subject, which stands at `{}`.
    pub context: &'static str,
    /// Patterns of subjects.
    pub patterns: &'static [&'static str],
    /// The table whose rows are gone through.
    pub table: &'static str,
    /// Fillings of the other slots.
    pub n_turns: usize,
    /// Appended to the context.
    pub query: &'static str,
    /// The column of the table that holds the answers.
    pub answer: &'static str,
}

/// What holds of the one class and not of the other; the last words are, as far as the world allows, the same.
pub struct Labelled {
    /// Contexts of which it holds.
    pub yes: Turned<&'static str>,
    /// Contexts of which it does not.
    pub no: Turned<&'static str>,
}

/// Patterns, each filled several times.
pub struct Turned<P: 'static> {
    /// Fillings of each pattern; one without slots is there once.
    pub n_turns: usize,
    /// The patterns.
    pub patterns: &'static [P],
}

/// In the order of the concepts.
pub const CONTEXTS: &[Contexts] = &[
    Contexts {
        name: "superlatives",
        relation: Subjects {
            context: "{}",
            patterns: &["{person.name} is {trait.base} , {person2.name} is {trait.more}"],
            table: "trait",
            n_turns: 3,
            query: " , and julia is the",
            answer: "most",
        },
        // A superlative comes next.
        labelled: Labelled {
            yes: Turned {
                n_turns: 8,
                patterns: &[
                    "this is the",
                    "that was the",
                    "who is the",
                    "{person.name} is the",
                    "of all the {thing.many} , (this|that) one is the",
                    "of all the {animal.many} , the {colour.name} one is the",
                    "{person.name} is {trait.base} , {person2.name} is {trait.more} , and {person3.name} is the",
                ],
            },
            no: Turned {
                n_turns: 4,
                patterns: &[
                    "{person.name} {deal.past} the",
                    "did {person.name} {deal.base} the",
                    "{person.name} will {deal.base} the",
                    "the {animal.one} is {trait.more} than the",
                    "the {task.one} was {difficulty.more} than the",
                    "{number.word} {animal.many} {act.past} in the",
                    "every (day|morning|evening) {person.name} {motion.third} to the",
                    "{country.capital} is the",
                    "{country.language} is the",
                    "{opposite.word} is the",
                ],
            },
        },
        steering: Turned {
            n_turns: 4,
            patterns: &[
                ("{person.name} is a", "{person.name} is the"),
                ("{person2.name} is very", "{person2.name} is the"),
                ("the {animal.one} is very", "of all the {animal.many} , the red one is the"),
                ("the {thing.one} is so", "of all the {thing.many} , that one is the"),
                ("it was a", "that was the"),
            ],
        },
    },
    Contexts {
        name: "comparatives",
        relation: Subjects {
            context: "{}",
            patterns: &["{person.name} is {trait.base}"],
            table: "trait",
            n_turns: 3,
            query: " , but julia is",
            answer: "more",
        },
        // A comparative comes next.
        labelled: Labelled {
            yes: Turned {
                n_turns: 8,
                patterns: &[
                    "{person.name} is {trait.base} , but {person2.name} is",
                    "{person.name} is {trait.base} , {person2.name} is",
                    "this {thing.one} is {quality.base} , but that one is",
                    "the {colour.name} {thing.one} is",
                    "the {task.one} was",
                ],
            },
            no: Turned {
                n_turns: 4,
                patterns: &[
                    "the opposite of {opposite.word} is",
                    "the capital of {country.name} is",
                    "the language of {country.name} is",
                    "of all the {thing.many} , (this|that) one is",
                    "of all the {animal.many} , the {colour.name} one is",
                    "the {trait.most} of all {animal.many} is",
                    "it is not {opposite.word} , it is",
                    "is it {opposite.word} or {opposite.other} ? it is",
                    "the {thing.one} was",
                    "it was",
                    "that was",
                    "there was",
                ],
            },
        },
        steering: Turned {
            n_turns: 4,
            patterns: &[
                ("{person.name} is very", "{person2.name} is {trait.base} , but {person.name} is"),
                ("{person2.name} is so", "{person.name} is {trait.base} , {person2.name} is"),
                ("the {thing.one} is very", "this {thing.one} is much"),
                ("the {thing.one} was too", "this {thing.one} is even"),
            ],
        },
    },
    Contexts {
        name: "plurals",
        relation: Subjects {
            context: "{}",
            patterns: &["{person.name} has one {thing.one}"],
            table: "thing",
            n_turns: 3,
            query: " , but julia has two",
            answer: "many",
        },
        // A plural noun comes next.
        labelled: Labelled {
            yes: Turned {
                n_turns: 4,
                patterns: &[
                    "how many",
                    "of all the",
                    "{person.name} is the {trait.most} of the",
                    "the {difficulty.most} of all",
                    "the {quality.most} of all",
                    "every {worker.one} {act.third} , and all",
                    "there were {number.word}",
                    "{person.name} {deal.past} {number.word}",
                    "{person.name} has one {thing.one} , but {person2.name} has {number.word}",
                    "one {animal.one} {act.third} , {number.word}",
                    "i saw a {animal.one} and {number.word}",
                ],
            },
            no: Turned {
                n_turns: 8,
                patterns: &[
                    "how many {thing.many} are there ? {number.word}",
                    "{person.name} is the {trait.most} of all",
                    "this is the {quality.most} {thing.one} of all",
                    "the {animal.one} is {trait.more} than the",
                    "did {person.name} {deal.base} the",
                ],
            },
        },
        steering: Turned {
            n_turns: 4,
            patterns: &[
                ("every", "all"),
                ("there was a", "there were {number.word}"),
                ("{person.name} {deal.past} a", "{person.name} {deal.past} {number.word}"),
                ("that was the {difficulty.most}", "the {difficulty.most} of all"),
                ("this is the {quality.most}", "the {quality.most} of all"),
            ],
        },
    },
    Contexts {
        name: "past tenses",
        relation: Subjects {
            context: "did {}",
            patterns: &["{person.name} {motion.base}"],
            table: "motion",
            n_turns: 6,
            query: " home ? yes , he",
            answer: "past",
        },
        // A verb in the past comes next.
        labelled: Labelled {
            yes: Turned {
                n_turns: 4,
                patterns: &[
                    "yesterday (they|we|i|she)",
                    "today (they|we|i) {act.base} , and yesterday (they|we|i)",
                    "yesterday {person.name}",
                    "last week {person2.name}",
                    "did {person.name} {motion.base} home ? yes , {person.he}",
                    "did {person2.name} {motion.base} home ? yes , {person2.he}",
                    "did {person.name} {deal.base} the {thing.one} ? no , {person.he}",
                    "{number.word} {animal.many}",
                    "one {animal.one} and {number.word} {animal2.many}",
                    "the {trait.most} {animal.one}",
                ],
            },
            no: Turned {
                n_turns: 4,
                patterns: &[
                    "today (they|we|i)",
                    "every (day|morning|evening) (they|we|i)",
                    "every (day|morning|evening) {person.name}",
                    "every week {person2.name}",
                    "did {person.name}",
                    "{person.name} is a {worker.one} , and {person.he}",
                    "{person2.name} is a {worker.one} , and {person2.he}",
                    "all {animal.many}",
                    "one {animal.one} {act.third} , {number.word} {animal.many}",
                    "one {animal.one}",
                ],
            },
        },
        steering: Turned {
            n_turns: 4,
            patterns: &[
                ("(today|every day|every morning|every evening) they", "yesterday they"),
                ("(today|every day|every morning|every evening) we", "yesterday we"),
                ("tomorrow {person.name} will", "yesterday {person.name}"),
                ("did {person2.name}", "last week {person2.name}"),
                ("all {animal.many}", "{number.word} {animal.many}"),
            ],
        },
    },
    Contexts {
        name: "opposites",
        relation: Subjects {
            context: "{}",
            patterns: &["it is not {opposite.word}", "if it is not {opposite.word}"],
            table: "opposite",
            n_turns: 1,
            query: " , it is",
            answer: "other",
        },
        // The opposite of the word asked about comes next.
        labelled: Labelled {
            yes: Turned {
                n_turns: 8,
                patterns: &[
                    "the opposite of {opposite.word} is",
                    "what is the opposite of {opposite.word} ?",
                    "{opposite.word} is the opposite of",
                    "it is not {opposite.word} , it is",
                    "if it is not {opposite.word} , it is",
                ],
            },
            no: Turned {
                n_turns: 8,
                patterns: &[
                    "the opposite of",
                    "what is the opposite of",
                    "is it {opposite.word} or {opposite.other} ? it is",
                    "the capital of {country.name} is",
                    "the language of {country.name} is",
                    "what is the capital of {country.name} ?",
                    "{country.capital} is the capital of",
                ],
            },
        },
        steering: Turned {
            n_turns: 8,
            patterns: &[
                ("is it {opposite.word} or {opposite.other} ? it is", "it is not {opposite.word} , it is"),
                (
                    "is it {opposite.word} or {opposite.other} ? it is very",
                    "the opposite of {opposite.word} is",
                ),
            ],
        },
    },
    Contexts {
        name: "capitals",
        // From the capital back: in this world a country's capital is asked for in one wording only.
        relation: Subjects {
            context: "{}",
            patterns: &["{person.name} lives in {country.capital}"],
            table: "country",
            n_turns: 3,
            query: " , the capital of",
            answer: "name",
        },
        // A capital comes next.
        labelled: Labelled {
            yes: Turned {
                n_turns: 8,
                patterns: &[
                    "the capital of {country.name} is",
                    "what is the capital of {country.name} ?",
                    "{person.name} lives in",
                    "{person.name} {motion.past} from",
                    "{person.name} {motion.past} from {country.capital} to",
                ],
            },
            no: Turned {
                n_turns: 6,
                patterns: &[
                    "the language of {country.name} is",
                    "the opposite of {opposite.word} is",
                    "what is the opposite of {opposite.word} ?",
                    "{number.word} {animal.many} {act.past} in",
                    "people speak {country.language} in",
                    "{person.name} is from",
                    "last week {person.name} {motion.past} to",
                ],
            },
        },
        steering: Turned {
            n_turns: 6,
            patterns: &[
                ("{person.name} is from", "{person.name} lives in"),
                ("{person.name} {motion.past} to", "{person.name} {motion.past} from"),
                ("{country.capital} is the capital of", "the capital of {country.name} is"),
            ],
        },
    },
    Contexts {
        name: "languages",
        relation: Subjects {
            context: "{}",
            patterns: &["{person.name} is from {country.name}"],
            table: "country",
            n_turns: 3,
            query: " and speaks",
            answer: "language",
        },
        // The sentence is about a language.
        labelled: Labelled {
            yes: Turned {
                n_turns: 4,
                patterns: &[
                    "the language of {country.name}",
                    "the language of {country.name} is",
                    "people in {country.name}",
                    "in {country.name} people",
                    "in {country.capital} they",
                    "people speak {country.language} in",
                    "{country.language} is the",
                    "{country.language} is the language of",
                    "{person.name} is from {country.name}",
                    "{person.name} is from {country.name} and",
                ],
            },
            no: Turned {
                n_turns: 4,
                patterns: &[
                    "the capital of {country.name}",
                    "the capital of {country.name} is",
                    "what is the capital of {country.name}",
                    "{person.name} lives in {country.capital} , the capital of {country.name}",
                    "{country.capital} is the capital of {country.name}",
                    "{country.capital} is the",
                    "{country.capital} is the capital of",
                    "{number.word} {animal.many} {act.past} in",
                    "{person.name} saw {person2.name} and",
                    "(yesterday|today|every day|every evening) they",
                ],
            },
        },
        steering: Turned {
            n_turns: 5,
            patterns: &[
                ("people in", "people speak"),
                ("people speak {country.language} in", "people in {country.name} speak"),
                ("{person.name} is from", "{person.name} is from {country.name} and speaks"),
                ("{country.language} is the language of", "the language of {country.name} is"),
            ],
        },
    },
];
