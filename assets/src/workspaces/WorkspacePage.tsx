import { pages } from '../text';
import { Page } from '../ui/Page';

export function WorkspacePage() {
  return <Page title={pages.workspaces}>{null}</Page>;
}
