//! The words by which texts are found.

/// The longest word; more of it is cut off.
const LONGEST: usize = 64;

/// The distinct words of a text in lower case, in the order they come: runs of letters and digits, and the parts of
/// those that are written `LikeThis`.
pub fn words(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for run in text.split(|letter: char| !letter.is_alphanumeric()) {
        if run.is_empty() {
            continue;
        }
        push(&mut found, run);
        let parts = humps(run);
        if parts.len() > 1 {
            for part in parts {
                push(&mut found, part);
            }
        }
    }
    found
}

fn push(found: &mut Vec<String>, word: &str) {
    let lower = word.to_lowercase();
    // What lower case adds beside letters, such as combining dots, is no part of a word.
    let word: String = lower
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .take(LONGEST)
        .collect();
    if !word.is_empty() && !found.contains(&word) {
        found.push(word);
    }
}

/// The parts of a word that begin with a capital after a small letter or digit, or end a run of capitals.
fn humps(run: &str) -> Vec<&str> {
    let letters: Vec<(usize, char)> = run.char_indices().collect();
    let mut parts = Vec::new();
    let mut from = 0;
    for at in 1..letters.len() {
        let (place, letter) = letters[at];
        let before = letters[at - 1].1;
        let next_small = letters
            .get(at + 1)
            .is_some_and(|(_, next)| next.is_lowercase());
        if letter.is_uppercase() && (!before.is_uppercase() || next_small) {
            parts.push(&run[from..place]);
            from = place;
        }
    }
    parts.push(&run[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_and_humps() {
        assert_eq!(
            words("NodeDiskFull on db-1.example.org: 93%"),
            [
                "nodediskfull",
                "node",
                "disk",
                "full",
                "on",
                "db",
                "1",
                "example",
                "org",
                "93"
            ]
        );
        assert_eq!(
            words("HTTPServer down DOWN"),
            ["httpserver", "http", "server", "down"]
        );
        assert_eq!(
            words("Größe ÄrgerLich"),
            ["größe", "ärgerlich", "ärger", "lich"]
        );
        assert!(words(" -- ").is_empty());
        assert_eq!(words(&"x".repeat(100))[0].len(), LONGEST);
    }
}
