//! Every route by the pattern that the router matches: its template for logs and metrics, its methods.

use std::collections::HashMap;

use poem_openapi::OpenApi;

/// One route.
#[derive(Debug)]
pub(crate) struct KnownRoute {
    /// Its path as the contract writes it, such as `/api/v1/drifts/{id}`.
    pub(crate) template: &'static str,
    /// Its methods, as `Allow` lists them.
    pub(crate) allow: String,
}

impl KnownRoute {
    /// The name of the nth parameter in its path.
    pub(crate) fn parameter(&self, n: usize) -> Option<String> {
        let names = self.template.split('/').filter_map(|part| {
            let name = part.strip_prefix('{')?;
            name.strip_suffix('}')
        });
        names.into_iter().nth(n).map(str::to_owned)
    }
}

/// All routes of the contract.
#[derive(Debug, Default)]
pub(crate) struct RouteTable(HashMap<String, KnownRoute>);

impl RouteTable {
    /// The routes of these features. Their templates live as long as the program: there is one table.
    pub(crate) fn of<T: OpenApi>() -> Self {
        let mut methods: HashMap<String, Vec<String>> = HashMap::new();
        for path in T::meta().into_iter().flat_map(|api| api.paths) {
            let known = methods.entry(path.path).or_default();
            known.extend(path.operations.iter().map(|each| each.method.to_string()));
        }
        let routes = methods.into_iter().map(|(template, mut methods)| {
            if methods.iter().any(|method| method == "GET") {
                methods.push("HEAD".to_owned());
            }
            methods.push("OPTIONS".to_owned());
            methods.sort();
            let route = KnownRoute {
                allow: methods.join(", "),
                template: Box::leak(template.clone().into_boxed_str()),
            };
            (pattern_of(&template), route)
        });
        Self(routes.collect())
    }

    /// The route that the router matched.
    pub(crate) fn get(&self, pattern: &str) -> Option<&KnownRoute> {
        self.0.get(pattern)
    }

    /// The template of a raw path, found without the router: for requests that it could not answer.
    pub(crate) fn find(&self, path: &str) -> Option<&'static str> {
        let fits = |template: &str| {
            let mut parts = path.split('/');
            let fit = template.split('/').all(|part| {
                let given = parts.next();
                given == Some(part) || (part.starts_with('{') && given.is_some())
            });
            fit && parts.next().is_none()
        };
        let templates = self.0.values().map(|route| route.template);
        // A literal part wins over a parameter, as in the router.
        let fitting = templates.filter(|template| fits(template));
        fitting.min_by_key(|template| template.matches('{').count())
    }
}

/// The router's pattern for a template: poem-openapi numbers the parameters.
fn pattern_of(template: &str) -> String {
    let mut n = 0;
    let parts = template.split('/').map(|part| {
        if part.starts_with('{') {
            n += 1;
            format!(":param{}", n - 1)
        } else {
            part.to_owned()
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_and_patterns_agree() {
        assert_eq!(pattern_of("/a/{id}/b/{name}"), "/a/:param0/b/:param1");
        let route = KnownRoute {
            template: "/a/{id}/b/{name}",
            allow: String::new(),
        };
        assert_eq!(route.parameter(1).as_deref(), Some("name"));
        assert_eq!(route.parameter(2), None);
        let templates = ["/a/{id}", "/a/all", "/a/{id}/b"];
        let table = RouteTable(
            templates
                .map(|template| {
                    let allow = String::new();
                    (pattern_of(template), KnownRoute { template, allow })
                })
                .into(),
        );
        assert_eq!(table.find("/a/7"), Some("/a/{id}"));
        assert_eq!(table.find("/a/all"), Some("/a/all"));
        assert_eq!(table.find("/a/7/b"), Some("/a/{id}/b"));
        assert_eq!(table.find("/a"), None);
    }
}
