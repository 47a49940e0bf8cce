//! What a client would rather have: the coding of a file, and whether it asks for a page.

use poem::http::HeaderMap;
use poem::http::header::{ACCEPT, ACCEPT_ENCODING, HeaderName};

/// How a file's bytes are coded on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Brotli,
    Gzip,
    Identity,
}

/// A wish between 0, never, and 1,000, gladly.
type Weight = u16;

/// The coding that the client likes best of those on offer; at equal weight brotli, then gzip.
///
/// Plain bytes are always on offer, and are what a client gets that refuses all.
pub(crate) fn coding(asked: &HeaderMap, on_offer: impl Fn(Coding) -> bool) -> Coding {
    let wishes = Wishes::of(asked);
    let offered = [Coding::Brotli, Coding::Gzip, Coding::Identity]
        .into_iter()
        .filter(|coding| on_offer(*coding) && wishes.weight(*coding) > 0);
    // The first of the heaviest: `max_by_key` would take the last.
    offered
        .rev()
        .max_by_key(|coding| wishes.weight(*coding))
        .unwrap_or(Coding::Identity)
}

/// What `Accept-Encoding` says of the codings that matter here.
#[derive(Default)]
struct Wishes {
    brotli: Option<Weight>,
    gzip: Option<Weight>,
    identity: Option<Weight>,
    any: Option<Weight>,
}

impl Wishes {
    fn of(asked: &HeaderMap) -> Self {
        let mut wishes = Self::default();
        for (name, weight) in weighted(asked, ACCEPT_ENCODING) {
            let wish = match name.to_ascii_lowercase().as_str() {
                "br" => &mut wishes.brotli,
                "gzip" | "x-gzip" => &mut wishes.gzip,
                "identity" => &mut wishes.identity,
                "*" => &mut wishes.any,
                _ => continue,
            };
            *wish = Some(weight);
        }
        wishes
    }

    fn weight(&self, coding: Coding) -> Weight {
        match coding {
            Coding::Brotli => self.brotli.or(self.any).unwrap_or(0),
            Coding::Gzip => self.gzip.or(self.any).unwrap_or(0),
            // RFC 9110, 12.5.3: welcome unless refused, and after all that is named.
            Coding::Identity => self.identity.or(self.any).unwrap_or(1),
        }
    }
}

/// Whether `Accept` names HTML itself, as a browser that goes to a page does.
pub(crate) fn asks_for_html(asked: &HeaderMap) -> bool {
    weighted(asked, ACCEPT)
        .any(|(range, weight)| range.eq_ignore_ascii_case("text/html") && weight > 0)
}

/// Whether HTML is an answer at all: it is named, or a range that holds it, or nothing is.
pub(crate) fn takes_html(asked: &HeaderMap) -> bool {
    const RANGES: [&str; 3] = ["text/html", "text/*", "*/*"];
    // The narrowest range that holds it speaks for it.
    let said = RANGES.into_iter().find_map(|holds| {
        weighted(asked, ACCEPT).find(|(range, _)| range.eq_ignore_ascii_case(holds))
    });
    said.map_or(!asked.contains_key(ACCEPT), |(_, weight)| weight > 0)
}

/// The elements of a list with their weights; of other parameters nothing is known.
fn weighted(asked: &HeaderMap, name: HeaderName) -> impl Iterator<Item = (&str, Weight)> {
    let lines = asked.get_all(name).into_iter();
    let elements = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    elements.filter_map(|element| {
        let mut parts = element.split(';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let said = parts.find_map(|part| part.strip_prefix(['q', 'Q'])?.strip_prefix('='));
        // What is no weight is no wish.
        Some((name, said.map_or(1_000, |said| weight(said).unwrap_or(0))))
    })
}

/// RFC 9110, 12.4.2: `0` to `1`, with three digits after the point at most.
fn weight(text: &str) -> Option<Weight> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    if digits.len() > 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: Weight = format!("{digits:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    fn headers(name: HeaderName, lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, HeaderValue::from_static(line));
        }
        headers
    }

    #[test]
    fn the_coding_is_the_one_that_the_client_likes_best() {
        for (lines, best) in [
            (&[][..], Coding::Identity),
            (&[""], Coding::Identity),
            (&["gzip, deflate, br, zstd"], Coding::Brotli),
            (&["gzip, deflate"], Coding::Gzip),
            (&["gzip", "br"], Coding::Brotli),
            (&["GZIP;Q=1.0, BR;q=0.9"], Coding::Gzip),
            (&["br;q=0.001, gzip ; q=0.002"], Coding::Gzip),
            (&["br;q=0, gzip;q=0.0"], Coding::Identity),
            (&["x-gzip"], Coding::Gzip),
            (&["*"], Coding::Brotli),
            (&["*, br;q=0"], Coding::Gzip),
            (&["gzip;q=0.5, identity"], Coding::Identity),
            (&["gzip;q=0.5, *;q=0"], Coding::Gzip),
            (&["*;q=0"], Coding::Identity),
            (&["identity;q=0"], Coding::Identity),
            (&["br;q=nan, gzip;q=2"], Coding::Identity),
            (&["br;q=0.1234"], Coding::Identity),
            (&["deflate, zstd"], Coding::Identity),
        ] {
            let asked = headers(ACCEPT_ENCODING, lines);
            assert_eq!(coding(&asked, |_| true), best, "{lines:?}");
        }
        let both = headers(ACCEPT_ENCODING, &["gzip, br"]);
        let gzip = coding(&both, |coding| coding != Coding::Brotli);
        assert_eq!(gzip, Coding::Gzip);
        let plain = coding(&both, |coding| coding == Coding::Identity);
        assert_eq!(plain, Coding::Identity);
    }

    #[test]
    fn html_is_asked_for_by_name_and_taken_by_its_ranges() {
        for (line, asks, takes) in [
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                true,
                true,
            ),
            ("TEXT/HTML; level=1; q=0.1", true, true),
            ("*/*", false, true),
            ("text/*;q=0.2", false, true),
            ("application/json", false, false),
            ("application/json, */*;q=0", false, false),
            ("text/html;q=0, */*", false, false),
        ] {
            let asked = headers(ACCEPT, &[line]);
            assert_eq!(asks_for_html(&asked), asks, "{line}");
            assert_eq!(takes_html(&asked), takes, "{line}");
        }
        assert!(takes_html(&HeaderMap::new()) && !asks_for_html(&HeaderMap::new()));
    }
}
