import { Component, type ReactNode } from 'react';
import { pages, shell } from '../text';
import { Button } from '../ui/Button';
import { Link } from '../ui/Link';
import { Page } from '../ui/Page';
import { Empty } from '../ui/States';

/** There is no such page, or no such thing. */
export function NotFound() {
  return (
    <Page title={pages.notFound}>
      <Empty title={shell.notFound} action={<Link to="/">{shell.toDashboard}</Link>} />
    </Page>
  );
}

/** The page exists, and isn't for this role. */
export function Forbidden() {
  return (
    <Page title={pages.forbidden}>
      <Empty title={shell.forbidden} action={<Link to="/">{shell.toDashboard}</Link>} />
    </Page>
  );
}

/** Where a page breaks, the shell and the other pages go on. */
export class CrashBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    return this.state.error === null ? this.props.children : <Crashed error={this.state.error} />;
  }
}

function Crashed({ error }: { error: unknown }) {
  // A page's file that is gone was replaced by an upgrade: the new pages name the new files.
  const isOutdated = error instanceof TypeError && /import|module/i.test(error.message);
  return (
    <Page title={shell.crashed}>
      <Empty
        title={isOutdated ? shell.outdated : error instanceof Error ? error.message : String(error)}
        action={
          <Button look="primary" onClick={() => location.reload()}>
            {shell.reload}
          </Button>
        }
      />
    </Page>
  );
}
