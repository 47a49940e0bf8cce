//! What a browser fetches to show the list of drifts for the first time.

use std::collections::BTreeSet;

use crate::harness::Outcome;
use crate::processes::Server;

/// The page that most people open.
const PAGE: &str = "DriftsPage-";

/// Bytes of the document, its scripts and its styles, as gzip.
pub(crate) fn bytes(server: &Server) -> Outcome<usize> {
    let text = |path: &str| -> Outcome<String> {
        let (status, body) = server.get(path, None)?;
        if status != 200 {
            return Err(format!("{path} answers {status}").into());
        }
        Ok(String::from_utf8(body)?)
    };
    let document = text("/")?;
    let mut paths: BTreeSet<String> = [
        r#"src=""#,
        r#"rel="stylesheet" crossorigin href=""#,
        r#"rel="modulepreload" crossorigin href=""#,
    ]
    .iter()
    .flat_map(|before| document.split(before).skip(1))
    .filter_map(|after| after.split('"').next())
    .map(str::to_owned)
    .collect();
    let mut of_list = None;
    for script in paths.iter().filter(|path| path.ends_with(".js")) {
        of_list = of_list.or(needed(&text(script)?));
    }
    paths.extend(of_list.ok_or("none of the UI's scripts says what the list needs")?);
    paths.insert("/".to_owned());
    let mut sum = 0;
    for path in paths {
        sum += server.get_as(&path, "gzip")?.1.len();
    }
    Ok(sum)
}

/// The files that the bundler loads beside the page: it lists all files once, and then numbers of them.
fn needed(entry: &str) -> Option<Vec<String>> {
    let all = entry.split_once("m.f=[")?.1.split_once(']')?.0;
    let all: Vec<&str> = all.split(',').map(|name| name.trim_matches('"')).collect();
    let import = entry.split(&format!("import(`./{PAGE}")).nth(1)?;
    let numbers = import.split_once("__vite__mapDeps([")?.1.split_once(']')?.0;
    let name = |number: &str| Some(format!("/{}", all.get(number.parse::<usize>().ok()?)?));
    numbers.split(',').map(name).collect()
}
