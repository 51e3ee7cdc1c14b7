//! Which passwords are accepted (R-AUTH-8; NIST SP 800-63B-4 §3.1.1.2): long ones that are hard to guess, and nothing else is asked of them.

use temps_model::{EmailAddress, Secret};

use super::{MAX_BYTES, Password};
use crate::{app::App, instance, problem::Problem};

/// Scores of zxcvbn go from 0 to 4; 3 are more than 10⁸ guesses.
const SCORE: u8 = 3;
/// The estimate grows with the square of the length; what is beyond this cannot make a password weaker.
const ESTIMATED: usize = 128;

/// How good a password is, and why it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strength {
    /// 0 to 4.
    pub score: u8,
    /// What is wrong with it, as the end of a sentence that begins with "The password"; `None` if it is accepted.
    pub refused: Option<String>,
}

/// Reads a new password, by the instance's settings.
pub async fn chosen(app: &App, text: &Secret<String>, email: &EmailAddress, name: &str) -> Result<Password, Problem> {
    let least = instance::store::read(app.database.read()).await?.settings.passwords.min_characters;
    let context = [app.settings.console_host.as_str(), email.as_str(), name];
    match judge(text.expose(), least as usize, &context).refused {
        Some(why) => Err(Problem::invalid("password", why)),
        None => Password::typed(text).ok_or_else(|| Problem::internal("a password was accepted and cannot be read")),
    }
}

/// Judges a password by its length, its strength, and whether it is built of words that everybody knows in its context.
pub fn judge(text: &str, least: usize, context: &[&str]) -> Strength {
    let refused = |score: u8, why: String| Strength { score, refused: Some(why) };
    if text.len() > MAX_BYTES {
        return refused(0, "is longer than 1,024 bytes".to_owned());
    }
    let words = words_of(context);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let head: String = text.chars().take(ESTIMATED).collect();
    let estimate = zxcvbn::zxcvbn(&head, &words);
    let score = u8::from(estimate.score());
    if text.chars().count() < least {
        let why = format!("needs at least {least} characters; a few words that do not belong together are easiest");
        return refused(score.min(SCORE - 1), why);
    }
    if is_built_of(&head, &words) {
        return refused(score.min(1), "is built of your name, your address or the name of this server".to_owned());
    }
    if score >= SCORE {
        return Strength { score, refused: None };
    }
    let warning = estimate.feedback().and_then(|feedback| feedback.warning()).map(|warning| warning.to_string());
    refused(
        score,
        warning.map_or_else(|| "is too easy to guess".to_owned(), |why| format!("is too easy to guess: {why}")),
    )
}

/// The words of names and addresses, in lower case, together and one by one.
fn words_of(context: &[&str]) -> Vec<String> {
    let mut words = vec!["temps".to_owned()];
    for text in context {
        let text = text.to_lowercase();
        words.extend(text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() >= 3).map(str::to_owned));
        words.push(text.split(|c: char| !c.is_alphanumeric()).collect());
        words.push(text);
    }
    words.retain(|word| word.len() >= 3);
    words
}

/// Whether less than half of it is left without these words, the digits, and what is no letter.
fn is_built_of(text: &str, words: &[&str]) -> bool {
    let lower = text.to_lowercase();
    let mut words: Vec<&str> = words.to_vec();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let stripped = words.iter().fold(lower.clone(), |text, word| text.replace(word, ""));
    if stripped == lower {
        return false;
    }
    let left = stripped.chars().filter(|c| c.is_alphabetic()).count();
    left * 2 < lower.chars().filter(|c| c.is_alphabetic()).count()
}
