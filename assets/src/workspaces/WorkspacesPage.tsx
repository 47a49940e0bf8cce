import { pages } from '../text';
import { Page } from '../ui/Page';

export function WorkspacesPage() {
  return <Page title={pages.workspaces}>{null}</Page>;
}
