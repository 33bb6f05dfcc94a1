use super::*;
use proptest::test_runner::{Config, RngSeed};
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Kernel {
    Leapfrog {
        step: f64,
        #[serde(default)]
        count: Option<u32>,
    },
    Cycle {
        kernels: Vec<Kernel>,
    },
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Colour {
    #[default]
    Red,
    Green,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Plain {
    seed: u64,
    colour: Colour,
    name: String,
    weights: Vec<f64>,
}

fn kernel_error(text: &str) -> String {
    parse::<Kernel>("chain", text).unwrap_err().to_string()
}

fn plain_error(text: &str) -> String {
    parse::<Plain>("context", text).unwrap_err().to_string()
}

#[test]
fn good_specs_are_read() {
    assert_eq!(parse::<Plain>("context", " \n").unwrap(), Plain::default());
    let plain: Plain =
        parse("context", "{seed: 18446744073709551615, colour: 'green', weights: [1, -2, .5, 1e2,]}").unwrap();
    assert_eq!((plain.seed, plain.colour, plain.weights), (u64::MAX, Colour::Green, vec![1.0, -2.0, 0.5, 100.0]));
    let whole: Plain = parse("context", "{seed: 1e4, weights: [-2.0, -0.0, 3.0, 9007199254740994.0]}").unwrap();
    assert_eq!((whole.seed, whole.weights[1].is_sign_negative()), (10_000, true));
    assert_eq!(whole.weights, [-2.0, -0.0, 3.0, 9007199254740994.0]);
    let step = Kernel::Leapfrog { step: 1.0, count: None };
    assert_eq!(parse::<Kernel>("chain", "{step: 1, /* late tag */ type: 'leapfrog'}").unwrap(), step);
    let cycle: Kernel = parse("chain", "{type: 'cycle', kernels: [{type: 'leapfrog', step: 1, count: null}]}").unwrap();
    assert_eq!(cycle, Kernel::Cycle { kernels: vec![step] });
}

#[test]
fn faults_name_the_key_and_list_the_known_ones() {
    let cases = [
        ("{type: 'leapfrog', step: 1, cuont: 3}", "chain: unknown key 'cuont'; known keys: type, step, count"),
        ("{type: 'leapfrog'}", "chain: missing key 'step'; known keys: type, step, count"),
        ("{step: 1}", "chain: missing key 'type' (one of 'leapfrog' or 'cycle'); known keys: type"),
        ("", "chain: missing key 'type' (one of 'leapfrog' or 'cycle'); known keys: type"),
        ("{type: 'frog', step: 1}", "chain: type: expected 'leapfrog' or 'cycle', got 'frog'; known keys: type"),
        ("{type: 0, step: 1}", "chain: type: expected 'leapfrog' or 'cycle', got '0'; known keys: type"),
        ("{type: 1.5, step: 1}", "chain: type: expected 'leapfrog' or 'cycle', got '1.5'; known keys: type"),
        ("{type: 'leapfrog', step: 'x'}", "chain: step: expected a number, got 'x'; known keys: type, step, count"),
        (
            "{count: -3, type: 'leapfrog', step: 1}",
            "chain: count: expected a whole number of at least 0, got -3; known keys: type, step, count",
        ),
        ("{type: 'leapfrog', step 1}", "chain: expected colon at line 1 column 25; known keys: type"),
        ("{type:\n 'leapfrog'", "chain: EOF parsing object at line 2 column 12; known keys: type"),
        ("{type: 'leapfrog'} x", "chain: trailing characters at line 1 column 20; known keys: type"),
        (
            "{type: 'cycle', kernels: [{type: 'leapfrog', step: 1}, {type: 'leapfrog', count: 1}]}",
            "chain: kernels[1]: missing key 'step'; known keys: type, step, count",
        ),
        (
            "{type: 'cycle', kernels: [{type: 'cycle', kernels: [{type: 'leapfrog', step: null}]}]}",
            "chain: kernels[0].kernels[0].step: expected a number, got null; known keys: type, step, count",
        ),
        ("{type: 'cycle', kernels: {}}", "chain: kernels: expected a list, got an object; known keys: type, kernels"),
    ];
    for (text, message) in cases {
        assert_eq!(kernel_error(text), message, "{text}");
    }
}

#[test]
fn faults_of_plain_structs_read_alike() {
    let known = "; known keys: seed, colour, name, weights";
    let cases = [
        ("{sed: 1}", "context: unknown key 'sed'"),
        ("{name: 'x', seed: 'x'}", "context: seed: expected a whole number of at least 0, got 'x'"),
        ("{seed: 1.5}", "context: seed: expected a whole number of at least 0, got 1.5"),
        ("{seed: 1e18}", "context: seed: expected a whole number of at most 9007199254740992, got 1000000000000000000"),
        ("{name: 'blue', colour: 'blue'}", "context: colour: expected 'red' or 'green', got 'blue'"),
        ("{name: 'blue', colour: 1}", "context: colour: expected 'red' or 'green', got 1"),
        ("{colour: null}", "context: colour: expected 'red' or 'green', got null"),
        ("{weights: [1, 2, 'x']}", "context: weights[2]: expected a number, got 'x'"),
        ("{seed: 1, seed: 2}", "context: expected each key once, got 'seed' again at line 1 column 1"),
        (
            "{seed: 1,\n colour: green}",
            "context: expected a number, 'text' in quotes, true, false, null, [...] or {...} at line 2 column 10",
        ),
        (
            "{colour: f32}",
            "context: expected a number, 'text' in quotes, true, false, null, [...] or {...} at line 1 column 10",
        ),
        ("threads: 4", "context: expected an object {key: value}, got text without braces"),
        ("phi4", "context: expected an object {key: value}, got text without braces"),
        ("[1]", "context: expected an object {key: value}, got a list"),
        ("3", "context: expected an object {key: value}, got 3"),
    ];
    for (text, message) in cases {
        let got = plain_error(text);
        assert!(got.starts_with(message), "{text}: {got}");
        assert!(got.ends_with(known), "{text}: {got}");
    }
}

/// Also of words that begin like true, false, null, Infinity or NaN, on any line.
#[test]
fn a_word_without_quotes_is_reported_where_it_begins() {
    for word in ["green", "t", "trie", "f32", "falls", "none", "Inf", "Nope"] {
        for (before, place) in [
            ("{colour: ", "line 1 column 10"),
            ("{\r\n\tseed: 1, // é\r\n  colour:", "line 3 column 10"),
            ("{name: 'é', weights: [1, -", "line 1 column 27"),
        ] {
            let text = format!("{before}{word}, x: 1}}");
            let message = plain_error(&text);
            assert!(message.contains(&format!(" at {place};")), "{text}: {message}");
        }
    }
}

#[test]
fn hostile_text_is_an_error_and_not_a_crash() {
    for open in ["[", "{a:", "[{a:"] {
        let message = plain_error(&open.repeat(1_000_000));
        assert!(message.contains("at most 64 levels of nesting"), "{message}");
    }
    let keys: Vec<String> = (0..1000).map(|i| format!("k{i}: 0")).collect();
    assert!(plain_error(&format!("{{{}}}", keys.join(","))).contains("at most 256 keys"));
    assert!(plain_error(&" ".repeat(LONGEST + 1)).starts_with("context: expected at most 67108864 bytes of text"));
    let long = plain_error(&format!("{{colour: '{}'}}", "x".repeat(1_000_000)));
    assert!(long.len() < 300, "{long}");
    let strings = plain_error(&format!("{{weights: [{}'x']}}", "1,".repeat(100_000)));
    assert!(strings.starts_with("context: weights[100000]: expected a number, got 'x'"), "{strings}");
}

#[test]
fn ranges_are_checked_with_the_same_words() {
    assert_eq!(expect_finite("lambda", f64::NAN).unwrap_err().to_string(), "lambda: expected a finite number, got NaN");
    let steps = expect(false, "steps", "at least 1", 0);
    assert_eq!(steps.unwrap_err(), Error::BadSpec("steps: expected at least 1, got 0".to_string()));
}

proptest::proptest! {
    #![proptest_config(Config { rng_seed: RngSeed::Fixed(9), failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_text_is_read_or_refused_with_the_known_keys(text in "[\\[\\]{}:,'\"a-z0-9 .+\\-\\\\/*\n]{0,40}") {
        if let Err(error) = parse::<Plain>("context", &text) {
            let message = error.to_string();
            proptest::prop_assert!(message.starts_with("context: "));
            proptest::prop_assert!(message.contains("known keys: seed"), "{}", message);
        }
    }
}
