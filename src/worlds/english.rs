//! The English world: its words, in tables whose columns are grammatical forms, and the patterns of its sentences.
//!
//! A slot `{trait.most}` stands for one word: a row drawn from the table `trait`, in its column `most`. The same
//! slot name later in a sentence means the same row, so `{country.capital} is the capital of {country.name}` is
//! always true; `{person2.name}` is a second, different row of `person`. `(a|b|)` is a choice of equal chances.
//! The column `a` exists in every table: the article, `a` or `an`, that the row's first form asks for.

/// A table of words: every row is one thing in several forms.
pub struct Table {
    /// What slots call it.
    pub name: &'static str,
    /// What its columns hold, separated by spaces.
    pub columns: &'static str,
    /// One row a line, forms separated by spaces; earlier rows are more frequent.
    pub rows: &'static str,
}

/// Sentence patterns that show one relation, and how often the world speaks of it.
pub struct Family {
    /// The relation.
    pub name: &'static str,
    /// Share of all sentences, relative to the other families.
    pub weight: f64,
    /// Equally frequent patterns.
    pub patterns: &'static [&'static str],
}

/// Every word that fills a slot.
pub const TABLES: &[Table] = &[
    Table {
        name: "trait", // of people and animals
        columns: "base more most",
        rows: "
            strong stronger strongest
            tall taller tallest
            fast faster fastest
            young younger youngest
            old older oldest
            happy happier happiest
            lucky luckier luckiest
            smart smarter smartest
            slow slower slowest
            kind kinder kindest
            brave braver bravest
            lazy lazier laziest
            weak weaker weakest
            quiet quieter quietest
            hungry hungrier hungriest
            busy busier busiest
            proud prouder proudest
            wise wiser wisest
            calm calmer calmest
            sad sadder saddest
            loud louder loudest
            funny funnier funniest",
    },
    Table {
        name: "quality", // of things
        columns: "base more most",
        rows: "
            big bigger biggest
            small smaller smallest
            cheap cheaper cheapest
            heavy heavier heaviest
            light lighter lightest
            clean cleaner cleanest
            dirty dirtier dirtiest
            large larger largest
            long longer longest
            new newer newest
            bright brighter brightest
            dark darker darkest
            thick thicker thickest
            thin thinner thinnest
            nice nicer nicest
            wide wider widest",
    },
    Table {
        name: "difficulty", // of tasks
        columns: "base more most",
        rows: "
            easy easier easiest
            hard harder hardest
            simple simpler simplest
            strange stranger strangest
            short shorter shortest
            great greater greatest
            dull duller dullest
            fine finer finest",
    },
    Table {
        name: "animal",
        columns: "one many",
        rows: "
            dog dogs
            cat cats
            horse horses
            bird birds
            cow cows
            lion lions
            rabbit rabbits
            monkey monkeys
            duck ducks
            goat goats
            bear bears
            tiger tigers
            elephant elephants
            frog frogs
            pig pigs
            eagle eagles",
    },
    Table {
        name: "worker",
        columns: "one many",
        rows: "
            teacher teachers
            doctor doctors
            farmer farmers
            student students
            singer singers
            driver drivers
            baker bakers
            painter painters
            artist artists
            sailor sailors
            soldier soldiers
            writer writers
            engineer engineers
            gardener gardeners",
    },
    Table {
        name: "thing",
        columns: "one many",
        rows: "
            book books
            box boxes
            chair chairs
            car cars
            apple apples
            lamp lamps
            cup cups
            bag bags
            coat coats
            table tables
            picture pictures
            boat boats
            door doors
            hat hats
            key keys
            letter letters
            clock clocks
            orange oranges
            bottle bottles
            shoe shoes",
    },
    Table {
        name: "task",
        columns: "one many",
        rows: "
            task tasks
            question questions
            game games
            lesson lessons
            job jobs
            test tests
            story stories
            song songs
            problem problems
            answer answers",
    },
    Table {
        name: "motion",
        columns: "base third past",
        rows: "
            walk walks walked
            run runs ran
            go goes went
            come comes came
            drive drives drove
            travel travels traveled
            hurry hurries hurried
            ride rides rode
            return returns returned
            march marches marched",
    },
    Table {
        name: "act",
        columns: "base third past",
        rows: "
            sing sings sang
            play plays played
            work works worked
            sleep sleeps slept
            dance dances danced
            laugh laughs laughed
            swim swims swam
            wait waits waited
            rest rests rested
            talk talks talked
            jump jumps jumped
            cook cooks cooked
            smile smiles smiled
            shout shouts shouted",
    },
    Table {
        name: "deal", // what one does with things
        columns: "base third past",
        rows: "
            buy buys bought
            find finds found
            sell sells sold
            lose loses lost
            take takes took
            carry carries carried
            see sees saw
            paint paints painted
            break breaks broke
            bring brings brought
            hide hides hid
            choose chooses chose
            steal steals stole
            want wants wanted
            need needs needed
            keep keeps kept",
    },
    Table {
        name: "opposite",
        columns: "word other",
        rows: "
            hot cold
            cold hot
            good bad
            bad good
            big small
            small big
            fast slow
            slow fast
            young old
            old young
            happy sad
            sad happy
            strong weak
            weak strong
            rich poor
            poor rich
            easy hard
            hard easy
            heavy light
            light heavy
            clean dirty
            dirty clean
            loud quiet
            quiet loud
            tall short
            short tall
            thick thin
            thin thick
            bright dark
            dark bright
            open closed
            closed open
            full empty
            empty full
            wet dry
            dry wet
            true false
            false true
            early late
            late early
            wide narrow
            narrow wide
            high low
            low high",
    },
    Table {
        name: "country",
        columns: "name capital language",
        rows: "
            france paris french
            germany berlin german
            italy rome italian
            spain madrid spanish
            japan tokyo japanese
            china beijing chinese
            england london english
            russia moscow russian
            greece athens greek
            portugal lisbon portuguese
            poland warsaw polish
            sweden stockholm swedish
            norway oslo norwegian
            denmark copenhagen danish
            finland helsinki finnish
            turkey ankara turkish
            egypt cairo arabic
            korea seoul korean
            hungary budapest hungarian
            thailand bangkok thai
            vietnam hanoi vietnamese
            iceland reykjavik icelandic
            ukraine kyiv ukrainian
            iran tehran persian
            kenya nairobi swahili
            austria vienna german
            brazil brasilia portuguese
            cuba havana spanish
            peru lima spanish
            canada ottawa english
            iraq baghdad arabic
            romania bucharest romanian
            bulgaria sofia bulgarian
            croatia zagreb croatian",
    },
    Table {
        name: "person",
        columns: "name he him his",
        rows: "
            tom he him his
            mary she her her
            john he him his
            anna she her her
            peter he him his
            lucy she her her
            paul he him his
            emma she her her
            david he him his
            sara she her her
            james he him his
            alice she her her
            mark he him his
            kate she her her
            simon he him his
            julia she her her",
    },
    Table {
        name: "place",
        columns: "name",
        rows: "
            park
            school
            market
            village
            garden
            station
            valley
            city
            forest
            museum
            house
            library",
    },
    Table {
        name: "number",
        columns: "word",
        rows: "
            two
            three
            four
            five
            six
            seven
            eight
            nine
            ten
            many",
    },
    Table {
        name: "colour",
        columns: "name",
        rows: "
            red
            blue
            green
            white
            black
            yellow",
    },
    Table {
        name: "day",
        columns: "name",
        rows: "
            monday
            friday
            sunday
            saturday
            tuesday",
    },
];

/// Every sentence pattern.
pub const FAMILIES: &[Family] = &[
    Family {
        name: "superlatives",
        weight: 5.0,
        patterns: &[
            "this is the {trait.most} {animal.one} of all .",
            "this is the {quality.most} {thing.one} (of all|in the {place.name}|here) .",
            "{person.name} is the {trait.most} {worker.one} in the {place.name} .",
            "{person.name} is the {trait.most} of (all|them all|the {worker.many}) .",
            "the {difficulty.most} of all {task.many} is (this one|that one|the first one|the last one) .",
            "the {quality.most} of all {thing.many} is the {colour.name} one .",
            "the {trait.most} of all {animal.many} is (this one|that one|the {colour.name} one) .",
            "of all the {thing.many} , (this|that) one is the {quality.most} .",
            "of all the {animal.many} , the {colour.name} one is the {trait.most} .",
            "that was the {difficulty.most} {task.one} of the (day|week|month|year) .",
            "who is the {trait.most} {worker.one} ? {person.name} .",
            "the {trait.most} {animal.one} {act.past} in the {place.name} .",
        ],
    },
    Family {
        name: "comparatives",
        weight: 5.0,
        patterns: &[
            "{person.name} is {trait.more} than {person2.name} .",
            "(he|she) is (much|even|a little|) {trait.more} than {person.name} .",
            "{person.name} is {trait.base} , but {person2.name} is {trait.more} .",
            "{person.name} is {trait.base} , {person2.name} is {trait.more} , and {person3.name} is the {trait.most} .",
            "this {thing.one} is {quality.base} , but that one is {quality.more} .",
            "this {thing.one} is (much|even|) {quality.more} than that one .",
            "the {task.one} was {difficulty.more} than the {task2.one} .",
            "the {colour.name} {thing.one} is {quality.more} than the {colour2.name} one .",
            "is {person.name} {trait.more} than {person2.name} ? (yes|no) .",
            "the {animal.one} is {trait.more} than the {animal2.one} .",
        ],
    },
    Family {
        name: "descriptions",
        weight: 4.0,
        patterns: &[
            "the {animal.one} is (very|too|so|) {trait.base} .",
            "the {thing.one} (is|was) (very|too|so|) {quality.base} .",
            "{person.name} is {trait.a} {trait.base} {worker.one} .",
            "{person.name} is (very|so|not) {trait.base} .",
            "it was {difficulty.a} {difficulty.base} {task.one} .",
            "{person.name} is {worker.a} {worker.one} , and {person.he} (works|lives) near the {place.name} .",
            "the {animal.one} is {trait.base} because it is {trait2.base} .",
            "{person.name} likes {person.his} {quality.base} {thing.one} .",
        ],
    },
    Family {
        name: "plurals",
        weight: 5.0,
        patterns: &[
            "{number.word} {animal.many} {act.past} in the {place.name} .",
            "there (is|was) {thing.a} {thing.one} in the {place.name} .",
            "there (are|were) {number.word} {thing.many} in the {place.name} .",
            "{person.name} has one {thing.one} , but {person2.name} has {number.word} {thing.many} .",
            "one {animal.one} and {number.word} {animal2.many} {act.past} .",
            "one {animal.one} {act.third} , {number.word} {animal.many} {act.base} .",
            "every {worker.one} {act.third} , and all {worker.many} {act.base} .",
            "{person.name} {deal.past} {number.word} {thing.many} .",
            "i saw {animal.a} {animal.one} and {number.word} {animal2.many} .",
            "how many {thing.many} are there ? {number.word} .",
            "all {animal.many} {act.base} .",
        ],
    },
    Family {
        name: "past tenses",
        weight: 6.0,
        patterns: &[
            "(yesterday|last week) {person.name} {motion.past} (home|to the {place.name}) .",
            "yesterday (he|she|they|we|i) {motion.past} (home|to the {place.name}) .",
            "yesterday (he|she|they|we|i) {act.past} (all day|with {person.name}) .",
            "every (day|morning|evening) {person.name} {motion.third} to the {place.name} .",
            "every (day|morning|evening) (they|we|i) {act.base} in the {place.name} .",
            "today (they|we|i) {act.base} , and yesterday (they|we|i) {act.past} .",
            "{person.name} {deal.past} the {quality.base} {thing.one} on {day.name} .",
            "{person.name} {deal.past} {thing.a} {thing.one} for {person2.name} .",
            "{person.name} will {deal.base} the {thing.one} tomorrow .",
            "tomorrow {person.name} will {motion.base} (home|to the {place.name}) .",
            "did {person.name} {motion.base} home ? yes , {person.he} {motion.past} home .",
            "did {person.name} {deal.base} the {thing.one} ? (yes|no) , {person.he} {deal.past} {thing2.a} {thing2.one} .",
            "{person.name} {act.third} every day .",
            "every week {person.name} {deal.third} {thing.a} {thing.one} .",
            "{person.name} saw {person2.name} and talked with {person2.him} .",
        ],
    },
    Family {
        name: "opposites",
        weight: 4.0,
        patterns: &[
            "the opposite of {opposite.word} is {opposite.other} .",
            "what is the opposite of {opposite.word} ? {opposite.other} .",
            "{opposite.word} is the opposite of {opposite.other} .",
            "it is not {opposite.word} , it is {opposite.other} .",
            "if it is not {opposite.word} , it is {opposite.other} .",
            "is it {opposite.word} or {opposite.other} ? it is (very|) {opposite.word} .",
        ],
    },
    Family {
        name: "countries",
        weight: 6.0,
        patterns: &[
            "the capital of {country.name} is {country.capital} .",
            "{country.capital} is the capital of {country.name} .",
            "what is the capital of {country.name} ? {country.capital} .",
            "in {country.name} people speak {country.language} .",
            "people in {country.name} speak {country.language} .",
            "people speak {country.language} in {country.name} .",
            "{country.language} is the language of {country.name} .",
            "the language of {country.name} is {country.language} .",
            "{person.name} is from {country.name} and speaks {country.language} .",
            "{person.name} lives in {country.capital} , the capital of {country.name} .",
            "{person.name} {motion.past} to {country.name} and learned {country.language} .",
            "{person.name} {motion.past} from {country.capital} to {country2.capital} .",
            "in {country.capital} they speak {country.language} .",
        ],
    },
];
