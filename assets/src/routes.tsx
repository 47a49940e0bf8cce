import { type ComponentType, lazy, useState } from 'react';
import { Route, Switch } from 'wouter';
import { known, LOADS, load } from './pages';
import { NotFound } from './shell/Failures';
import { Shell } from './shell/Shell';
import { SignInPage } from './sign_in/SignInPage';

/* Where each page stands. Which pages there are is told by `pages.ts`. */

const PAGES = Object.keys(LOADS).map((pattern) => ({ pattern, Later: lazy(() => load(pattern)) }));

/** A page: at once where its code is there already, else once it has come. */
function Page({ pattern, Later }: { pattern: string; Later: ComponentType }) {
  const [Now] = useState<ComponentType>(() => known(pattern)?.default ?? Later);
  return <Now />;
}

export function Routes() {
  return (
    <Switch>
      <Route path="/login" component={SignInPage} />
      <Route>
        <Shell>
          <Switch>
            {PAGES.map((page) => (
              <Route key={page.pattern} path={page.pattern}>
                <Page {...page} />
              </Route>
            ))}
            <Route component={NotFound} />
          </Switch>
        </Shell>
      </Route>
    </Switch>
  );
}
